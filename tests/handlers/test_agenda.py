"""What happens near a place: asked with a button or with words, told by week, by month, by need."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.needs import EventStatus, Need
from handlers.agenda import bounds
from handlers.dates import key_of
from handlers.dialogue import Event, Gesture, State
from tests.handlers.memory import TUESDAY, MemoryDesk, happening, initiative
from tests.handlers.test_engine import Talk, labels, names

PARIS = ZoneInfo("Europe/Paris")
SATURDAY = datetime(2026, 11, 28, 14, tzinfo=PARIS)
WEEK = timedelta(days=7)
NANTERRE = {"insee": "92050", "shared": False}

COFFEE = happening(1, TUESDAY + timedelta(days=1))
SOUP = happening(2, SATURDAY, event_needs=(Need.ALIMENTATION, Need.LIEN_SOCIAL))
REPAIR = [happening(3, SATURDAY + WEEK * n, event_needs=(Need.EQUIPEMENT,)) for n in range(4)]
LATER = happening(4, SATURDAY + 2 * WEEK)
DATES = [COFFEE, SOUP, *REPAIR, LATER]


@pytest.fixture
def talk() -> Talk:
    return Talk(MemoryDesk([initiative(1, code_insee="92050")], dates=DATES, told_later=True))


def agenda(talk: Talk) -> list[str]:
    talk.say("agenda")
    return names(talk.say("Nanterre"))


def test_the_first_question_leads_to_the_dates_of_the_week(talk: Talk) -> None:
    talk.start()
    assert "Où cherchez-vous" in talk.tap("agenda:").text
    reply = talk.say("Nanterre")
    assert reply.text == "3 rendez-vous près de Nanterre d'ici lundi 30 novembre."
    assert names(reply) == ["Fête 1", "Fête 2", "Fête 3"]


def test_the_results_of_orientation_lead_to_the_dates_of_the_same_place(talk: Talk) -> None:
    assert "Ce qui se passe près d'ici" in labels(talk.results())
    assert names(talk.tap("agenda:")) == ["Fête 1", "Fête 2", "Fête 3"]
    assert talk.state == State("agenda", {"lieu": NANTERRE}, {"shown": 0})


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("agenda", None),
        ("/agenda", None),
        ("Les rendez-vous", None),
        ("Que se passe-t-il près de chez moi ?", None),
        ("qu'est-ce qui se passe ici", None),
        ("événements", None),
        ("quest ce qui se passe pres d'ici", None),
        ("Tous les rendez-vous", None),
        ("revenir aux rendez-vous", None),
        ("les prochains rendez-vous", None),
        ("quand est le prochain rendez-vous ?", None),
        ("sortir ce week-end", "week-end"),
        ("Qu'est-ce qu'il y a ce week-end ?", "week-end"),
        ("quoi faire demain", "semaine"),
        ("des activités ce mois-ci", "mois"),
    ],
)
def test_it_is_asked_for_with_words(talk: Talk, said: str, moment: str | None) -> None:
    assert "Où cherchez-vous" in talk.say(said).text
    assert talk.state == State("agenda", {"quand": moment} if moment else {})


def test_its_place_may_be_said_with_it(talk: Talk) -> None:
    assert names(talk.say("Que se passe-t-il à Nanterre ce mois-ci ?")) == ["Fête 1", "Fête 2", "Fête 3"]
    assert talk.state is not None
    assert talk.state.answers == {"lieu": NANTERRE, "quand": "mois"}


@pytest.mark.parametrize(
    "said", ["sortir", "rendez-vous à la mairie de Nanterre", "rendez-vous chez le médecin", "que faire", "activités"]
)
def test_words_that_ask_for_something_else_are_left_to_the_guide(talk: Talk, said: str) -> None:
    talk.say(said)
    assert talk.state is None or talk.state.flow == "orientation"


def test_a_poster_may_open_the_agenda_of_a_place(talk: Talk) -> None:
    assert "Où cherchez-vous" in talk.start("agenda").text
    assert names(talk.start("agenda_92050")) == ["Fête 1", "Fête 2", "Fête 3"]
    assert talk.turn.replies[-1].text.startswith("Bonjour")


def test_an_event_that_repeats_is_shown_once_with_its_next_dates(talk: Talk) -> None:
    agenda(talk)
    reply = talk.tap("quand:mois")
    assert reply.edits
    assert names(reply) == ["Fête 1", "Fête 2", "Fête 3"]
    assert "Puis samedi 5 décembre à 14 h." in reply.cards[2].lines
    assert names(talk.tap("suite:3")) == ["Fête 4"]


def test_the_week_end_is_only_the_week_end(talk: Talk) -> None:
    agenda(talk)
    reply = talk.tap("quand:week-end")
    assert reply.text == "2 rendez-vous près de Nanterre ce week-end."
    assert names(reply) == ["Fête 2", "Fête 3"]


@pytest.mark.parametrize(
    ("now", "moment", "first", "last"),
    [
        (TUESDAY, "semaine", TUESDAY, datetime(2026, 12, 1, tzinfo=PARIS)),
        (TUESDAY, "week-end", datetime(2026, 11, 28, tzinfo=PARIS), datetime(2026, 11, 30, tzinfo=PARIS)),
        (SATURDAY, "week-end", SATURDAY, datetime(2026, 11, 30, tzinfo=PARIS)),
        (SATURDAY + timedelta(days=1), "week-end", SATURDAY + timedelta(days=1), datetime(2026, 11, 30, tzinfo=PARIS)),
    ],
)
def test_a_moment_is_made_of_whole_days(now: datetime, moment: str, first: datetime, last: datetime) -> None:
    assert bounds(moment, now) == (first, last)


def test_one_need_may_be_chosen_among_those_that_have_dates(talk: Talk) -> None:
    talk.say("agenda")
    reply = talk.say("Nanterre")
    assert labels(reply)[:3] == ["Manger", "Voir du monde", "M'équiper, réparer"]
    reply = talk.tap("pour:alimentation")
    assert reply.text == "Manger : 1 rendez-vous près de Nanterre d'ici lundi 30 novembre."
    assert names(reply) == ["Fête 2"]
    assert names(talk.tap("pour:")) == ["Fête 1", "Fête 2", "Fête 3"]


def test_words_choose_a_need_or_another_place(talk: Talk) -> None:
    agenda(talk)
    assert names(talk.say("réparer")) == ["Fête 3"]
    assert "près de Sceaux" in talk.say("Sceaux").text


def test_the_places_for_a_need_stay_one_tap_away(talk: Talk) -> None:
    agenda(talk)
    talk.tap("pour:alimentation")
    assert "Manger, à Nanterre" in talk.tap("besoins:alimentation").text
    assert "De quoi avez-vous besoin, à Nanterre ?" in talk.tap("besoins:").text


def test_when_nothing_is_known_what_else_is_possible_is_said() -> None:
    talk = Talk(MemoryDesk(told_later=True))
    talk.say("agenda")
    reply = talk.say("Nanterre")
    assert reply.text == "Je ne connais aucun rendez-vous près de Nanterre d'ici lundi 30 novembre."
    assert "01 47 29 50 50" in reply.after
    offered = ["Ce week-end", "Ce mois-ci", "Prévenez-moi des prochains", "Un autre lieu", "Chercher un lieu, une aide"]
    assert labels(reply) == offered


def test_what_is_cancelled_is_not_counted_and_comes_last() -> None:
    cancelled = replace(COFFEE, status=EventStatus.CANCELLED)
    talk = Talk(MemoryDesk(dates=[cancelled, SOUP], told_later=True))
    talk.say("agenda")
    reply = talk.say("Nanterre")
    assert reply.text.startswith("1 rendez-vous")
    assert names(reply) == ["Fête 2", "Annulé : Fête 1"]
    assert [choice.label for choice in reply.cards[1].choices] == ["Détails"]


def test_a_repeating_event_whose_next_date_is_cancelled_shows_the_one_after() -> None:
    dates = [replace(REPAIR[0], status=EventStatus.CANCELLED), *REPAIR[1:]]
    talk = Talk(MemoryDesk(dates=dates, told_later=True))
    agenda(talk)
    (card,) = talk.tap("quand:mois").cards
    assert "Samedi 5 décembre de 14 h à 17 h, dans 11 jours" in card.lines


def test_distances_are_from_who_shared_where_they_are_for_that_turn_only(talk: Talk) -> None:
    talk.say("agenda")
    reply = talk.do(Event(Gesture.SHARED, "", 48.8922, 2.2169))
    assert any("de vous" in line for line in reply.cards[0].lines)
    again = talk.tap("quand:mois")
    assert any("du centre de Nanterre" in line for line in again.cards[0].lines)
    assert talk.state is not None
    assert "48.8922" not in str(talk.state.to_json())


def test_overseas_the_week_is_that_of_the_place() -> None:
    _now, until = bounds("semaine", datetime(2026, 11, 24, 2, tzinfo=PARIS).astimezone(ZoneInfo("America/Guadeloupe")))
    assert until == datetime(2026, 11, 30, tzinfo=ZoneInfo("America/Guadeloupe"))


def test_on_the_web_the_calendar_is_offered_instead_of_messages(talk: Talk) -> None:
    talk.desk = replace(talk.desk, told_later=False)
    talk.say("agenda")
    talk.say("Nanterre")
    reply = talk.tap("pour:alimentation")
    urls = {choice.label: choice.url for row in reply.choices for choice in row}
    assert urls["S'abonner à cet agenda"] == "/agenda/92050.ics?besoin=alimentation"
    seconds = int(SOUP.original_at.timestamp())
    assert reply.cards[0].choices[1].url == f"/rendez-vous/2.ics?date={seconds}"


def test_going_back_from_the_agenda_asks_the_place_then_the_need(talk: Talk) -> None:
    agenda(talk)
    assert "Où cherchez-vous" in talk.say("retour").text
    assert labels(talk.tap("retour:"))[0] == "Manger"


def test_what_the_agenda_holds_is_shown_in_words(talk: Talk) -> None:
    agenda(talk)
    talk.tap("pour:alimentation")
    held = talk.say("mes données").text
    assert "votre commune : Nanterre" in held
    assert "votre besoin : Manger" in held


def test_an_entry_gives_its_next_dates_each_with_its_button() -> None:
    dates = [
        happening(5, SATURDAY, event_initiative_id=1, status=EventStatus.CANCELLED),
        happening(5, SATURDAY + WEEK, event_initiative_id=1),
    ]
    talk = Talk(MemoryDesk([initiative(1)], dates=dates, told_later=True))
    talk.results()
    reply = talk.tap("fiche:1")
    assert reply.after == "Annulé : Fête 5, samedi 28 novembre à 14 h.\nProchains rendez-vous :"
    assert labels(reply) == [
        "Fête 5, samedi 5 décembre à 14 h",
        "Me prévenir si ça ferme ou déménage",
        "Signaler une erreur",
        "Revenir à la liste",
        "Ce n'est pas ça",
    ]
    assert names(talk.tap(reply.choices[0][0].data)) == ["Fête 5"]


def test_an_entry_asked_for_by_its_name_leads_to_its_dates() -> None:
    dates = [happening(5, SATURDAY, event_initiative_id=1)]
    talk = Talk(MemoryDesk([initiative(1, nom="L'Agrocité Zorglub")], dates=dates))
    (card,) = talk.say("agrocité zorglub").cards
    assert [(one.label, one.data) for one in card.choices[-2:]] == [
        ("Ses rendez-vous", "fiche:1"),
        ("Signaler une erreur", "signaler:1"),
    ]
    assert labels(talk.tap("fiche:1"))[0] == "Fête 5, samedi 28 novembre à 14 h"


def test_one_date_leads_to_its_place_and_back(talk: Talk) -> None:
    talk.desk = replace(talk.desk, dates=[replace(SOUP, event=replace(SOUP.event, initiative_id=1))])
    agenda(talk)
    reply = talk.tap(f"rdv:{key_of(SOUP)}")
    assert "Le lieu qui l'organise" in labels(reply)
    assert labels(talk.tap("fiche:1"))[-1] == "Revenir à la liste"
    assert names(talk.tap("suite:0")) == ["Fête 2"]
    assert names(talk.tap("reprendre:")) == ["Fête 2"]


@given(st.text(max_size=80) | st.from_regex(r"(agenda|besoin|pour|quand|suite|changer|lieu|autre|contact|rdv):.{0,50}"))
def test_forged_button_data_never_breaks_the_agenda(data: str) -> None:
    for said in ((), ("agenda",), ("agenda", "Nanterre")):
        talk = Talk(MemoryDesk(dates=DATES))
        for words in said:
            talk.say(words)
        reply = talk.tap(data)
        assert reply.text or reply.cards


def test_dates_stored_in_universal_time_are_shown_by_the_clock_of_the_place(talk: Talk) -> None:
    assert SOUP.starts_at.tzinfo is UTC
    agenda(talk)
    assert "Samedi 28 novembre de 14 h à 17 h, dans 4 jours" in talk.turn.replies[-1].cards[1].lines
