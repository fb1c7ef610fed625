"""What a person asks to be told later: asked in two taps, listed, stopped at any moment."""

import re
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.entries import Asked, Occurrence, Reminded, Subscription
from catalogue.hours import zone_of
from catalogue.needs import Ahead, EventKind, EventStatus, Rhythm
from handlers import planning
from handlers.dates import key_of
from handlers.dialogue import Event, Gesture
from handlers.effects import Drop, Remind, StopAll, Subscribe, Unremind, Unsubscribe, Unwatch, Watch
from handlers.engine import advance
from handlers.later import possible
from tests.handlers.memory import TUESDAY, MemoryDesk, happening, initiative
from tests.handlers.test_engine import Talk, labels, names

SATURDAY = datetime(2026, 11, 28, 14, tzinfo=ZoneInfo("Europe/Paris"))
SOUP = happening(7, SATURDAY, event_nom="Disco soupe", event_kind=EventKind.DISCO_SOUPE)
KEY = key_of(SOUP)
ASKED = Asked(
    (Reminded(SOUP, (Ahead.VEILLE, Ahead.HEURES)),),
    (Subscription(3, "92050", None, Rhythm.DIMANCHE),),
    (initiative(5),),
)


@pytest.fixture
def talk() -> Talk:
    return Talk(MemoryDesk([initiative(5)], dates=[SOUP], told_later=True))


@pytest.fixture
def asker(talk: Talk) -> Talk:
    """Somebody who asked for one thing of each."""
    talk.desk = replace(talk.desk, asked_for=ASKED)
    return talk


def test_a_reminder_is_asked_for_in_two_taps(talk: Talk) -> None:
    reply = talk.tap(f"rappeler:{KEY}")
    assert "Quand vous le rappeler ?" in reply.text
    assert labels(reply) == ["La veille à 18 h", "Deux heures avant", "Les deux", "Continuer"]
    reply = talk.tap(f"rappeler:{KEY}=veille")
    assert reply.text.startswith("C'est noté. Je vous rappelle Disco soupe la veille à 18 h.")
    assert labels(reply) == ["Mes rappels", "Continuer"]
    assert talk.turn.effects == (Remind(7, SOUP.original_at, (Ahead.VEILLE,)),)


def test_both_reminders_are_asked_for_in_one_tap(talk: Talk) -> None:
    assert "la veille à 18 h et deux heures avant" in talk.tap(f"rappeler:{KEY}=les-deux").text
    assert talk.turn.effects == (Remind(7, SOUP.original_at, (Ahead.VEILLE, Ahead.HEURES)),)


@pytest.mark.parametrize(
    ("before", "known", "kept"),
    [
        (timedelta(days=3), {}, (Ahead.VEILLE, Ahead.HEURES)),
        (timedelta(hours=20), {}, (Ahead.HEURES,)),
        (timedelta(hours=20, minutes=1), {}, (Ahead.VEILLE, Ahead.HEURES)),
        (timedelta(hours=2), {}, ()),
        (timedelta(days=3), {"all_day": True}, (Ahead.VEILLE,)),
        (timedelta(days=3), {"status": EventStatus.CANCELLED}, ()),
    ],
)
def test_only_the_reminders_that_can_still_be_are_offered(
    before: timedelta, known: dict[str, object], kept: tuple[Ahead, ...]
) -> None:
    assert tuple(possible(happening(1, SATURDAY, **known), SATURDAY - before)) == kept


@pytest.mark.parametrize(
    ("begins", "offered"),
    [
        (time(14), ["La veille à 18 h", "Deux heures avant", "Les deux"]),
        (time(9, 30), ["La veille à 18 h", "Le matin même à 8 h", "Les deux"]),
        (time(8, 30), ["La veille à 18 h"]),  # two hours before is night, and so would be an hour
        (time(23, 30), ["La veille à 18 h", "Le soir même à 20 h 30", "Les deux"]),
    ],
)
def test_nobody_is_reminded_at_night_of_what_begins_early_or_late(begins: time, offered: list[str]) -> None:
    date = happening(1, SATURDAY.replace(hour=begins.hour, minute=begins.minute))
    talk = Talk(MemoryDesk(dates=[date], told_later=True, now=TUESDAY))
    assert labels(talk.tap(f"rappeler:{key_of(date)}"))[:-1] == offered


def test_the_evening_before_is_offered_while_it_is_still_to_come() -> None:
    date = happening(1, SATURDAY.replace(hour=8, minute=30))
    talk = Talk(MemoryDesk(dates=[date], told_later=True, now=SATURDAY.replace(day=27, hour=19)))
    assert labels(talk.tap(f"rappeler:{key_of(date)}"))[:-1] == ["La veille à 20 h 30"]
    assert "la veille à 20 h 30" in talk.tap(f"rappeler:{key_of(date)}=heures").text


def test_on_the_web_a_date_leads_to_where_one_can_be_reminded_of_it() -> None:
    web = Talk(MemoryDesk(dates=[SOUP], telegram="LaBonnePorteBot"))
    link = next(c.url for row in web.tap(f"rdv:{key_of(SOUP)}").choices for c in row if "Telegram" in c.label)
    payload = link.removeprefix("https://t.me/LaBonnePorteBot?start=")
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
    there = Talk(MemoryDesk(dates=[SOUP], told_later=True))
    assert "Me le rappeler" in labels(there.start(payload))


def test_overseas_the_eve_is_that_of_the_place() -> None:
    island = happening(1, SATURDAY, event_departement="971")  # 9 h there; the eve at 18 h is 23 h in Paris
    friday = datetime(2026, 11, 27, 22, tzinfo=SATURDAY.tzinfo)
    assert Ahead.VEILLE in possible(island, friday)
    assert Ahead.VEILLE not in possible(island, friday + timedelta(hours=1))


@given(
    st.datetimes(datetime(2026, 10, 1), datetime(2027, 4, 15), timezones=st.just(SATURDAY.tzinfo)),  # noqa: DTZ001
    st.timedeltas(timedelta(minutes=-30), timedelta(days=3)),
    st.booleans(),
    st.sampled_from(["92", "971", "974", "988"]),
)
def test_no_reminder_is_promised_that_would_not_be_sent(
    starts_at: datetime, before: timedelta, all_day: bool, departement: str
) -> None:
    if all_day:
        starts_at = starts_at.replace(hour=0, minute=0, second=0, microsecond=0)
    date = happening(1, starts_at, all_day=all_day, event_departement=departement)
    now = date.starts_at - before
    for ahead in possible(date, now):
        due = planning.due_at(date.starts_at, all_day, ahead, zone_of(departement))
        assert due is not None
        assert due > now


def told(occurrence: Occurrence, now: datetime = TUESDAY) -> str:
    talk = Talk(MemoryDesk(dates=[occurrence], told_later=True, now=now))
    reply = talk.tap(f"rappeler:{key_of(occurrence)}=les-deux")
    assert talk.turn.effects == ()
    return reply.text


def test_what_cannot_be_reminded_of_is_said_so() -> None:
    assert "C'est annulé : Disco soupe. N'y allez pas." in told(replace(SOUP, status=EventStatus.CANCELLED))
    assert "trop tard pour un rappel" in told(SOUP, SATURDAY - timedelta(hours=1))


def test_where_nothing_can_be_written_later_the_agenda_is_offered(talk: Talk) -> None:
    talk.desk = replace(talk.desk, told_later=False)
    reply = talk.tap(f"rappeler:{KEY}=veille")
    assert talk.turn.effects == ()
    assert reply.choices[0][0].url.startswith("/rendez-vous/7.ics")
    assert "Ici, je ne peux pas vous écrire plus tard." in talk.say("mes rappels").text


def test_the_next_dates_are_asked_for_by_commune_kind_and_rhythm(talk: Talk) -> None:
    reply = talk.tap("prevenir:92050")
    assert labels(reply)[:2] == ["Tous les rendez-vous", "Café solidaire"]
    assert labels(talk.tap("prevenir:92050=disco-soupe")) == ["Le dimanche à 18 h", "Dès qu'il y en a", "Continuer"]
    reply = talk.tap("prevenir:92050=disco-soupe=dimanche")
    assert "Disco soupe près de Nanterre : je vous écris le dimanche à 18 h." in reply.text
    assert talk.turn.effects == (Subscribe("92050", EventKind.DISCO_SOUPE, Rhythm.DIMANCHE),)
    talk.tap("prevenir:92050=tous=au-fil")
    assert talk.turn.effects == (Subscribe("92050", None, Rhythm.AU_FIL),)


def test_one_may_hear_of_what_becomes_of_an_entry(talk: Talk) -> None:
    assert "Si Lieu 5 ferme ou déménage, je vous l'écris." in talk.tap("suivre:5").text
    assert talk.turn.effects == (Watch(5),)
    assert "plus dans le guide" in talk.tap("suivre:6").text
    assert talk.turn.effects == ()


def test_what_was_asked_is_listed_each_with_its_button(asker: Talk) -> None:
    reply = asker.say("mes rappels")
    assert names(reply) == ["Disco soupe", "Tous les rendez-vous près de Nanterre", "Lieu 5"]
    assert "Rappel : la veille à 18 h et deux heures avant." in reply.cards[0].lines
    stops = [card.choices[0].data for card in reply.cards]
    assert stops == [f"rappel-stop:{KEY}", "avis-stop:3", "suivi-stop:5"]
    assert labels(reply) == ["Tout arrêter", "Continuer"]


def test_each_can_be_stopped_days_later_with_no_conversation(asker: Talk) -> None:
    assert "plus de rappel pour Disco soupe" in asker.tap(f"rappel-stop:{KEY}").text
    assert asker.turn.effects == (Unremind(7, SOUP.original_at),)
    asker.tap("avis-stop:3")
    assert asker.turn.effects == (Unsubscribe(3),)
    asker.tap("suivi-stop:5")
    assert asker.turn.effects == (Unwatch(5),)
    assert asker.state is None


def test_a_button_of_a_reminder_leaves_the_conversation_where_it_was(asker: Talk) -> None:
    asker.results()
    state = asker.state
    for data in (f"rappel-stop:{KEY}", "mesrappels:", "tout-arreter:", f"rdv:{KEY}", f"rappeler:{KEY}"):
        asker.tap(data)
        assert asker.state == state


def test_a_subscription_that_is_not_ones_own_cannot_be_stopped(asker: Talk) -> None:
    asker.tap("avis-stop:4")
    assert asker.turn.effects == ()


def test_everything_is_stopped_after_one_confirmation(asker: Talk) -> None:
    assert labels(asker.tap("tout-arreter:")) == ["Oui, tout arrêter", "Non, les garder"]
    assert asker.turn.effects == ()
    assert "Tout est arrêté" in asker.tap("tout-arreter:oui").text
    assert asker.turn.effects == (StopAll(),)


def test_stop_ends_the_conversation_and_says_that_reminders_go_on(asker: Talk) -> None:
    reply = asker.say("stop")
    assert "Vos rappels, eux, continuent." in reply.text
    assert labels(reply)[0] == "Tout arrêter"
    assert asker.turn.effects == (Drop(),)


def test_stop_says_nothing_of_reminders_to_who_has_none(talk: Talk) -> None:
    assert "rappels" not in talk.say("stop").text


def test_my_data_shows_what_was_asked_and_how_long_it_stays(asker: Talk) -> None:
    said = asker.say("mes données").text
    assert "votre rappel : Disco soupe, samedi 28 novembre" in said
    assert "ce que je vous annonce : Tous les rendez-vous près de Nanterre" in said
    assert "le lieu que vous suivez : Lieu 5" in said
    assert "Vos rappels restent jusqu'à leur date" in said


def test_nothing_asked_is_said_with_how_to_ask(talk: Talk) -> None:
    assert "Vous n'avez aucun rappel." in talk.say("mes rappels").text


_ORDERS = "rdv|rappeler|prevenir|suivre|mesrappels|rappel-stop|avis-stop|suivi-stop|tout-arreter|fiche|agenda|besoins"


@given(
    st.from_regex(rf"({_ORDERS}):.{{0,50}}", fullmatch=True)
    | st.from_regex(rf"({_ORDERS}):(\d{{1,17}}-\d{{1,13}}|92050|7)(=[a-z-]{{0,12}}){{0,2}}", fullmatch=True),
    st.booleans(),
)
def test_forged_orders_are_answered_and_never_do_more_than_they_say(data: str, told_later: bool) -> None:
    desk = MemoryDesk([initiative(5)], dates=[SOUP], told_later=told_later, asked_for=ASKED)
    turn = advance(None, Event(Gesture.TAPPED, data), desk)
    assert turn.replies[-1].text or turn.replies[-1].cards
    assert told_later or not any(isinstance(effect, Remind | Subscribe | Watch) for effect in turn.effects)
    choices = [c for r in turn.replies for row in r.choices for c in row]
    assert choices
    assert all(len(choice.data.encode()) <= 64 for choice in choices)


@pytest.mark.parametrize("said", ["Mes rappels ?", "voir mes rappels", "rappels", "/mesrappels"])
def test_the_list_of_reminders_is_asked_for_with_words(asker: Talk, said: str) -> None:
    assert asker.say(said).text == "Voici vos rappels."


@pytest.mark.parametrize("said", ["Tout arrêter", "stop les rappels", "Je ne veux plus de rappels."])
def test_stopping_everything_is_asked_for_with_words_and_made_sure_of(asker: Talk, said: str) -> None:
    assert asker.say(said).text == "Arrêter tous vos rappels ?"
    assert asker.turn.effects == ()
