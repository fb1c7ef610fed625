"""The fields of a card: what is typed or tapped becomes columns, or is refused in plain French."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.entries import Initiative
from catalogue.hours import openness
from catalogue.needs import Frais, Kind, Need, NoticeKind, Public, Status
from catalogue.notices import season_days
from handlers.dialogue import Event, Gesture
from handlers.field_answers import Again, Field, Refused, applied, clean
from handlers.field_days import days_of, season, span_of
from handlers.field_hours import hours, hours_in_words
from handlers.fields import email, every_field, phone, site
from tests.handlers.memory import TUESDAY, MemoryDesk, initiative

DESK = MemoryDesk()
TODAY = TUESDAY.date()
FIELDS = every_field()
PLACE = initiative(7, code_insee="92050", departement="92", adresse="1 rue de la Gare", telephone="01 47 29 50 50")


def said(name: str, words: str, entry: Initiative = PLACE, **draft: Any) -> Any:
    return FIELDS[name].read(entry, draft, Event(Gesture.SAID, words), DESK)


def tapped(name: str, value: str, entry: Initiative = PLACE, **draft: Any) -> Any:
    return FIELDS[name].read(entry, draft, Event(Gesture.TAPPED, f"valeur:{value}"), DESK)


def shared(latitude: float | None, longitude: float | None, entry: Initiative = PLACE) -> Any:
    return FIELDS["adresse"].read(entry, {}, Event(Gesture.SHARED, "", latitude, longitude), DESK)


# Contacts.


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0123456789", "01 23 45 67 89"),
        ("06.12.34.56.78", "06 12 34 56 78"),
        ("+33 1 23 45 67 89", "01 23 45 67 89"),
        ("+32 2 123 45 67", "+32 2 123 45 67"),
        ("3114", "3114"),
        ("115", "115"),
    ],
)
def test_a_phone_number_is_kept_as_it_is_read_aloud(written: str, kept: str) -> None:
    assert phone(written) == {"telephone": kept}


@pytest.mark.parametrize("written", ["abc", "01 23 45 67", "0", "=CMD()", "12345678901234567890", "١٢٣٤٥٦٧٨٩٠"])
def test_what_cannot_be_called_is_refused(written: str) -> None:
    with pytest.raises(Refused):
        phone(written)


def test_an_email_is_found_among_the_words_around_it() -> None:
    assert email("c'est contact@exemple.fr.") == {"courriel": "contact@exemple.fr"}
    with pytest.raises(Refused):
        email("contact arobase exemple")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("www.exemple.fr", "https://www.exemple.fr"),
        ("exemple.fr:8080/a", "https://exemple.fr:8080/a"),
        ("HTTP://exemple.fr/A?b=c", "http://exemple.fr/A?b=c"),
        ("https://été.fr", "https://été.fr"),
    ],
)
def test_a_site_begins_with_https_when_it_was_left_out(written: str, kept: str) -> None:
    assert site(written) == {"site_web": kept}


@pytest.mark.parametrize(
    "written",
    [
        "javascript:alert(1)",
        "javascript://exemple.fr/%0aalert(1)",
        "JaVaScRiPt:x.y",
        "data:text/html,<b>",
        "ftp://exemple.fr",
        "https://nom@exemple.fr",
        "https://[::1",
        "exemple",
        "un site",
    ],
)
def test_what_is_no_site_is_refused(written: str) -> None:
    with pytest.raises(Refused):
        site(written)


# Words.


def test_what_is_too_long_or_no_text_is_refused_and_said_why() -> None:
    assert "trop long" in said("nom", "a" * 10_000).text
    assert "illisibles" in said("nom", "Café\0noir").text
    assert "rien lu" in said("nom", " \n\t ").text


def test_hostile_words_are_kept_as_they_are_written_less_what_cannot_be_seen() -> None:
    assert said("nom", " <b>Café</b>  =CMD() ") == {"nom": "<b>Café</b> =CMD()"}
    assert clean("Ca\u200bfé \u202edu coin") == "Café du coin"


@pytest.mark.parametrize("name", ["telephone", "horaires", "publics_precisions", "conditions_acces", "season"])
def test_what_may_be_unknown_is_removed_by_a_tap(name: str) -> None:
    known = initiative(1, telephone="3114", publics_precisions="Tous", conditions_acces="Libre")
    known = applied(known, {"horaires": "?", "season": "04-15/10-31"})
    assert FIELDS[name].pose(known, TODAY).choices
    after = applied(known, tapped(name, "enlever", known))
    assert FIELDS[name].shown(after, TODAY) == ("Toute l'année" if name == "season" else "")
    assert FIELDS[name].pose(after, TODAY).choices == ()


def test_a_name_and_a_description_cannot_be_removed() -> None:
    assert FIELDS["nom"].pose(PLACE, TODAY).choices == ()
    assert isinstance(tapped("nom", "enlever"), Again)


# Hours and days.


def test_hours_in_plain_french_are_written_in_the_syntax_of_openstreetmap_and_read_back() -> None:
    read = hours("lundi et jeudi 9h-12h, 4e samedi 14h-17h30")
    assert read["horaires"] == "lundi et jeudi 9h-12h, 4e samedi 14h-17h30"
    assert read["horaires_osm"] == "Mo,Th 09:00-12:00; Sa[4] 14:00-17:30; PH off"
    assert read["moments"] == ["semaine", "week-end"]
    shown = FIELDS["horaires"].shown(applied(PLACE, read), TODAY)
    assert "lundi, jeudi 9 h-12 h ; 4e samedi du mois 14 h-17 h 30 ; fermé les jours fériés" in shown
    assert "Sa[4] 14:00-17:30" in shown


@pytest.mark.parametrize(
    ("osm", "words"),
    [
        ("Mo-Fr 09:00-12:00", "lundi à vendredi 9 h-12 h"),
        (
            "Apr-Oct Sa 14:00-18:00; Dec 24-Jan 02 off",
            "avril à octobre samedi 14 h-18 h ; 24 décembre à 2 janvier fermé",
        ),
        ("We[1,3] 14:00-16:00", "1er et 3e mercredi du mois 14 h-16 h"),
        ("Fr[-1] 18:00-24:00", "dernier vendredi du mois 18 h-minuit"),
        ("Mo 18:00+", "lundi à partir de 18 h"),
        ("Mo 09:00-12:00; Dec 24-28 off", "lundi 9 h-12 h ; 24-28 décembre fermé"),
        ("Mo sunrise-sunset", "Mo sunrise-sunset"),
    ],
)
def test_hours_are_read_back_in_words_or_left_as_they_are(osm: str, words: str) -> None:
    assert hours_in_words(osm) == words


def test_hours_typed_in_the_syntax_of_openstreetmap_are_accepted() -> None:
    assert hours("Mo-Fr 09:00-12:00; PH off")["horaires_osm"] == "Mo-Fr 09:00-12:00; PH off"


def test_hours_on_several_lines_are_read() -> None:
    assert hours("lundi 9h-12h\nmardi 14h-16h")["horaires_osm"] == "Mo 09:00-12:00; Tu 14:00-16:00; PH off"


def test_hours_that_are_not_understood_are_asked_again_with_an_example() -> None:
    again = said("horaires", "quand il fait beau")
    assert "pas sûr" in again.text
    assert "Par exemple : lundi et jeudi 9h-12h" in again.text


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("du 15 avril au 31 octobre", "04-15/10-31"),
        ("d'avril à octobre", "04-01/10-31"),
        ("15/04 - 31/10", "04-15/10-31"),
        ("du 1er au 31 août", "08-01/08-31"),
        ("toute l'année", None),
    ],
)
def test_a_season_is_said_in_plain_french(written: str, kept: str | None) -> None:
    assert season(written) == {"season": kept}


@pytest.mark.parametrize("written", ["l'été", "du 31 avril au 3 mai", "du 15 avril", "de 8h à 9h", "du 1 au 5"])
def test_a_season_that_is_not_understood_is_refused(written: str) -> None:
    with pytest.raises(Refused):
        season(written)


@pytest.mark.parametrize(
    ("written", "starts", "ends"),
    [
        ("du 24 décembre au 2 janvier", date(2026, 12, 24), date(2027, 1, 2)),
        ("du 1er au 15 août", date(2027, 8, 1), date(2027, 8, 15)),
        ("le 3 janvier", date(2027, 1, 3), date(2027, 1, 3)),
        ("du 20 décembre 2026 au 3 janvier", date(2026, 12, 20), date(2027, 1, 3)),
        ("du 1er au 30 novembre", date(2026, 11, 1), date(2026, 11, 30)),
        ("du 31/12 au 02/01", date(2026, 12, 31), date(2027, 1, 2)),
    ],
)
def test_the_days_of_an_announcement_are_the_next_ones(written: str, starts: date, ends: date) -> None:
    assert span_of(written, TODAY) == (starts, ends)


def test_days_that_are_over_are_refused() -> None:
    with pytest.raises(Refused, match="passés"):
        span_of("du 1er au 5 août 2024", TODAY)


def test_a_closure_a_message_and_other_hours_are_announced() -> None:
    assert tapped("annonces", "fermeture").draft == {"kind": "fermeture"}
    closure = said("annonces", "du 24 décembre au 2 janvier : congés", kind="fermeture")
    message = said("annonces", "du 1er au 5 décembre : on cherche des bénévoles", kind="message")
    other = said("annonces", "du 1er au 5 décembre : mardi 9h-12h", kind="horaires")
    kinds = [applied(PLACE, values).notices[0].kind for values in (closure, message, other)]
    assert kinds == [NoticeKind.FERMETURE, NoticeKind.MESSAGE, NoticeKind.HORAIRES]
    after = applied(PLACE, other)
    assert "mardi 9 h-12 h" in FIELDS["annonces"].shown(after, TODAY)
    assert tapped("annonces", "enlever=0", after) == {"notices": []}


@pytest.mark.parametrize(
    "written", ["du 1er au 5 décembre", "demain : fête", "fermé", "", "du 1er au 5 décembre : " + "a" * 400]
)
def test_an_announcement_that_is_not_whole_is_asked_again_with_an_example(written: str) -> None:
    assert "Par exemple" in said("annonces", written, kind="message").text


# What is tapped.


def test_each_kind_can_be_reached_from_page_to_page() -> None:
    seen, page = set[str](), FIELDS["kind"].pose(PLACE, TODAY).choices
    for _ in range(3):
        found = [choice.data.partition(":")[2] for row in page for choice in row]
        seen.update(found)
        page = tapped("kind", found[-1]).choices
    assert {kind.value for kind in Kind} <= seen


def test_one_answer_is_tapped_or_written() -> None:
    assert tapped("status", "closed") == {"status": "closed"}
    assert said("frais", "GRATUIT") == {"frais": "gratuit"}
    assert tapped("accessible", "non") == {"accessible": False}
    assert tapped("accessible", "inconnu") == {"accessible": None}
    assert isinstance(tapped("status", "merged"), Again)


def test_several_needs_are_tapped_then_done_and_one_at_least_is_kept() -> None:
    first = tapped("needs", "lien-social")
    assert first.draft == {"chosen": ["alimentation", "lien-social"]}
    assert any(choice.label == "✓ Voir du monde" for row in first.choices for choice in row)
    assert tapped("needs", "fini", chosen=["lien-social"]) == {"needs": ["lien-social"]}
    none = tapped("needs", "alimentation")
    assert none.draft == {"chosen": []}
    assert isinstance(tapped("needs", "fini", chosen=[]), Again)
    assert tapped("publics", "fini", chosen=[]) == {"publics": []}


def test_every_button_is_short_enough_for_a_channel_and_is_an_answer() -> None:
    known = applied(PLACE, {"season": "04-15/10-31", "publics": [one.value for one in Public]})
    for field in FIELDS.values():
        for choice in (choice for row in field.pose(known, TODAY).choices for choice in row):
            assert len(choice.data.encode()) <= 64
            assert choice.data.startswith("valeur:")


def test_an_entry_with_other_columns_is_an_entry() -> None:
    values = {"kind": "amap", "status": "suspended", "frais": "payant", "needs": ["emploi"], "publics": ["jeunes"]}
    after = applied(PLACE, values | {"moments": ["soir"]})
    assert (after.kind, after.status, after.frais) == (Kind.AMAP, Status.SUSPENDED, Frais.PAYANT)
    assert (after.needs, after.publics) == ((Need.EMPLOI,), (Public.JEUNES,))


# Where it is.


def test_a_street_alone_stays_in_its_commune_at_its_town_hall() -> None:
    found = said("adresse", "12 rue de Sceaux")
    assert (found["adresse"], found["commune"], found["code_insee"]) == ("12 rue de Sceaux", "Nanterre", "92050")
    assert (found["latitude"], found["longitude"], found["exact"]) == (48.8922, 2.2069, False)


@pytest.mark.parametrize(
    "written", ["12 rue des Fleurs, Sceaux", "12 rue des Fleurs 92330 Sceaux", "12 rue des Fleurs, 92330"]
)
def test_a_street_and_a_commune_are_told_apart(written: str) -> None:
    found = said("adresse", written)
    assert (found["adresse"], found["commune"]) == ("12 rue des Fleurs", "Sceaux")
    assert (found["code_postal"], found["code_insee"], found["departement"]) == ("92330", "92071", "92")


def test_a_commune_alone_has_no_street() -> None:
    found = said("adresse", "Sceaux")
    assert (found["adresse"], found["commune"], found["latitude"]) == (None, "Sceaux", 48.7789)


def test_a_commune_nobody_knows_is_asked_again() -> None:
    assert "Je ne connais pas cette commune" in said("adresse", "1 rue X, 99999 Nulle-Part").text


def test_a_position_that_is_shared_is_the_very_point_and_keeps_the_address() -> None:
    found = shared(48.893, 2.21)
    assert found == {"latitude": 48.893, "longitude": 2.21, "exact": True}
    assert "point exact" in FIELDS["adresse"].shown(applied(PLACE, found), TODAY)
    assert isinstance(shared(43.3, 5.4), Again)
    assert isinstance(shared(None, None), Again)


# Never a traceback.

FIELD = st.sampled_from(list(FIELDS.values()))
WORDS = st.one_of(
    st.text(max_size=400),
    st.from_regex(r"(du )?[0-9]{1,4}(er)?[ /]?(avril|mai|décembre)?( 20[0-9]{2})? ?(au|-|:)? ?[0-9h:]{0,9}"),
    st.from_regex(r"(https?://|javascript:|www\.)?[^\s]{0,30}"),
    st.from_regex(r"[0-9]{0,4} rue [a-zé]{1,9}[, ]{0,2}([0-9]{5})? ?(Sceaux|Nanterre|x)?"),
)
DRAFTS = st.sampled_from([{}, {"kind": "message"}, {"kind": "horaires"}, {"kind": "fermeture"}, {"chosen": []}])


def is_writable(values: Any) -> bool:
    return all(isinstance(value, str | int | float | bool | list | None) for value in values.values())


@given(field=FIELD, words=WORDS, draft=DRAFTS)
def test_whatever_is_typed_is_read_or_asked_again(field: Field, words: str, draft: dict[str, Any]) -> None:
    found = field.read(PLACE, draft, Event(Gesture.SAID, words), DESK)
    if isinstance(found, Again):
        assert found.text
        return
    assert is_writable(found)
    after = applied(PLACE, found)
    assert len(field.shown(after, TODAY)) < 3000
    openness(after.horaires_osm, TUESDAY)
    season_days(after.season)


@given(
    field=FIELD,
    data=st.one_of(st.text(max_size=60), st.from_regex(r"(enlever|page|ici|fini)=?[0-9]{0,5}")),
    draft=DRAFTS,
)
def test_whatever_is_tapped_is_read_or_asked_again(field: Field, data: str, draft: dict[str, Any]) -> None:
    found = field.read(PLACE, draft, Event(Gesture.TAPPED, f"valeur:{data}"), DESK)
    assert found.text if isinstance(found, Again) else is_writable(found)


@given(latitude=st.floats() | st.none(), longitude=st.floats() | st.none())
def test_whatever_is_shared_is_read_or_asked_again(latitude: float | None, longitude: float | None) -> None:
    found = shared(latitude, longitude)
    assert found.text if isinstance(found, Again) else is_writable(found)


@given(words=st.text(max_size=100))
def test_days_are_read_or_refused(words: str) -> None:
    try:
        found = days_of(words)
    except Refused:
        return
    assert all(1 <= month <= 12 for _day, month, _year in found)
