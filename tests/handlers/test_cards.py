"""A card tells the truth about an entry, in plain words."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from catalogue.entries import Initiative, Notice, Service
from catalogue.needs import Frais, Kind, Method, NoticeKind, Public, Reach
from handlers.cards import opening, provenance, short_card, whole_card
from handlers.dialogue import Card
from tests.handlers.memory import TUESDAY, initiative

TODAY = TUESDAY.date()


def verified(method: Method, days: int, **known: object) -> str:
    entry = initiative(1, verified_method=method, verified_at=TODAY - timedelta(days=days), **known)
    return provenance(entry, TODAY)


def card(**known: object) -> Card:
    return short_card(initiative(1, **known), "Ici", TUESDAY)


@pytest.mark.parametrize(
    ("method", "days", "said"),
    [
        (Method.TELEPHONE, 12, "Confirmé par téléphone il y a 12 jours."),
        (Method.VISITE, 0, "Confirmé sur place aujourd'hui."),
        (Method.BOT, 300, "Confirmé par message il y a 10 mois."),
        (Method.VISITE, 800, "Pas confirmé depuis septembre 2024 : vérifiez avant d'y aller."),
        (Method.IMPORT, 20, "D'après une liste de novembre 2026."),
        (Method.IMPORT, 300, "Pas confirmé depuis janvier 2026 : vérifiez avant d'y aller."),
    ],
)
def test_how_true_it_is_is_said_in_words(method: Method, days: int, said: str) -> None:
    assert verified(method, days) == said


def test_only_the_year_is_said_when_only_the_year_is_known() -> None:
    entry = initiative(1, verified_at=date(2019, 1, 1), verified_by_year=True, telephone="01 47 29 50 50")
    assert provenance(entry, TODAY) == "Pas confirmé depuis 2019 : appelez avant d'y aller."


def test_what_was_never_confirmed_is_said_so() -> None:
    assert provenance(initiative(1, verified_at=None), TODAY) == "Pas encore confirmé : vérifiez avant d'y aller."


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"horaires_osm": "Tu 09:00-12:30"}, "Ouvert maintenant, jusqu'à 12 h 30."),
        ({"horaires_osm": "Tu 14:00-17:00"}, "Fermé, ouvre à 14 h."),
        ({"horaires_osm": "We 09:00-12:00"}, "Fermé, ouvre demain à 9 h."),
        ({"horaires": "4e samedi du mois"}, "Horaires annoncés : 4e samedi du mois"),
        ({}, "Horaires non connus."),
        ({"horaires_osm": "Tu 12:00-16:00", "departement": "974"}, "Ouvert maintenant, jusqu'à 16 h."),
    ],
)
def test_whether_it_is_open_is_said(known: dict[str, object], said: str) -> None:
    assert said in card(**known).lines


def test_it_is_closed_on_a_french_public_holiday() -> None:
    """The 11th of November 2026 is a Wednesday."""
    armistice = TUESDAY.replace(day=11)
    entry = initiative(1, horaires_osm="Mo-Fr 09:00-12:00; PH off")
    assert "Fermé, ouvre demain à 9 h." in short_card(entry, "Ici", armistice).lines


def test_for_whom_and_at_what_cost_are_said_or_said_not_known() -> None:
    known = card(publics=(Public.FAMILLES,), frais=Frais.GRATUIT)
    assert "Pour : familles. Prix : gratuit." in known.lines
    assert "Public et prix non précisés." in card().lines


def test_the_way_to_a_true_point_and_to_an_address_only() -> None:
    exact = card(exact=True).choices[1]
    vague = card(exact=False, adresse="rue du Bois").choices[1]
    assert "mlat=48.89220" in exact.url
    assert vague.url.endswith("search?query=rue%20du%20Bois%2C%2092000%20Nanterre")
    assert [choice.label for choice in card(reach=Reach.NATIONAL).choices] == ["Détails"]


def test_a_sites_address_that_is_not_one_is_no_button() -> None:
    def urls(entry: Initiative) -> list[str]:
        return [choice.url for choice in whole_card(entry, TUESDAY).choices]

    assert "https://exemple.fr" in urls(initiative(1, site_web="https://exemple.fr"))
    assert not any("javascript" in url for url in urls(initiative(1, site_web="javascript:alert(1)")))


def test_a_long_description_is_cut_in_a_list_and_whole_on_demand() -> None:
    long = "Un mot après l'autre. " * 30
    entry = initiative(1, description=long, kind=Kind.SEL)
    assert len(short_card(entry, "Ici", TUESDAY).lines[0]) <= 200
    assert whole_card(entry, TUESDAY).lines[0].startswith("Échange de services. Un mot")


CLOSED = Notice(NoticeKind.FERMETURE, date(2026, 11, 20), date(2026, 11, 30), "Travaux.")


def opening_line(**known: object) -> str:
    return opening(initiative(1, **known), TUESDAY)


def test_a_closure_is_said_and_counts() -> None:
    lines = card(horaires_osm="Tu 09:00-12:30", notices=(CLOSED,)).lines
    assert "Fermé du 20 au 30 novembre. Travaux." in lines
    assert "Fermé, ouvre le 1er décembre à 9 h." in lines


def test_a_closure_says_nothing_of_hours_that_are_not_known() -> None:
    assert opening_line(notices=(CLOSED,)) == "Fermé en ce moment."


@pytest.mark.parametrize(
    ("starts", "ends", "shown"),
    [
        (date(2026, 12, 9), date(2026, 12, 9), True),  # in 15 days
        (date(2026, 12, 10), date(2026, 12, 12), False),
        (date(2026, 11, 1), date(2026, 11, 24), True),  # its last day
        (date(2026, 11, 1), date(2026, 11, 23), False),
    ],
)
def test_a_notice_is_shown_from_15_days_before_until_its_last_day(starts: date, ends: date, shown: bool) -> None:
    lines = card(notices=(Notice(NoticeKind.MESSAGE, starts, ends, "Apportez un sac."),)).lines
    assert ("À savoir : Apportez un sac." in lines) == shown


def test_other_hours_for_a_time_replace_the_usual_ones() -> None:
    christmas = Notice(NoticeKind.HORAIRES, date(2026, 11, 23), date(2027, 1, 3), "", "Tu 14:00-17:00")
    lines = card(horaires_osm="Tu 09:00-12:30", notices=(christmas,)).lines
    assert "Horaires du 23 novembre au 3 janvier 2027 : mardi 14 h-17 h." in lines
    assert "Fermé, ouvre à 14 h." in lines


def test_out_of_its_season_a_place_is_closed_until_the_next() -> None:
    assert opening_line(horaires_osm="We 09:00-12:00", season="04-15/10-31") == "Fermé, ouvre le 21 avril à 9 h."
    season = whole_card(initiative(1, season="04-15/10-31"), TUESDAY).lines
    assert "Ouvert chaque année du 15 avril au 31 octobre." in season


def test_what_its_list_no_longer_has_is_said_so() -> None:
    entry = initiative(1, vanished_at=date(2026, 10, 2), telephone="01 47 29 50 50")
    assert provenance(entry, TODAY) == "Absent de sa liste d'origine depuis octobre 2026 : appelez avant d'y aller."
    seen = replace(entry, verified_at=date(2026, 11, 12), verified_method=Method.TELEPHONE)
    assert provenance(seen, TODAY) == "Confirmé par téléphone il y a 12 jours.", "by a person, since then"


def test_what_is_offered_is_told_with_whom_it_is_for() -> None:
    services = (
        Service("Repas du jeudi", (Public.TOUS_PUBLICS,)),
        Service("Accueil de jour", (Public.FEMMES, Public.FAMILLES)),
        Service("Vestiaire", ()),
    )
    lines = whole_card(initiative(1, services=services), TUESDAY).lines
    assert "On y propose : Repas du jeudi ; Accueil de jour (pour : femmes, familles) ; Vestiaire" in lines
    assert not any("propose" in line for line in whole_card(initiative(1, services=services[:1]), TUESDAY).lines)
