"""Asking to be told later: noted once, undone by a tap, listed."""

from datetime import timedelta

from sqlalchemy import Engine, select

from bot.channels.telegram_messages import CHANNEL
from catalogue.database import reading, writing
from catalogue.needs import Ahead, EventKind, Rhythm
from catalogue.tables import reminders, subscriptions
from scheduler.reminders import asked, subscribe, unremind, unsubscribe
from tests.scheduler.telling import BOTH, NOON, SATURDAY, a_date, ask, change, letters, paris, planned, tick

AMINA, BRUNO = (CHANNEL, "1001"), (CHANNEL, "1002")


def test_a_reminder_asked_twice_is_noted_once(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001", ahead=BOTH)
    ask(engine, event, "1001", ahead=BOTH)
    assert planned(engine) == [("1001", "11-27 18:00", "waiting"), ("1001", "11-28 12:00", "waiting")]


def test_what_is_unknown_or_cancelled_or_over_is_left_out(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event + 1, "1001")
    ask(engine, event, "1001", starts_at=SATURDAY + timedelta(days=7))
    ask(engine, event, "1001", now=SATURDAY, ahead=BOTH)
    change(engine, event, status="cancelled")
    ask(engine, event, "1001")
    assert planned(engine) == []


def test_a_moment_already_past_is_dropped_and_not_the_other(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001", ahead=BOTH, now=paris(11, 27, 19))
    assert planned(engine) == [("1001", "11-28 12:00", "waiting")]


def test_the_moment_is_by_the_clock_of_the_place(engine: Engine) -> None:
    ask(engine, a_date(engine, departement="974"), "1001")
    assert planned(engine) == [("1001", "11-27 15:00", "waiting")]


def test_stopping_a_date_takes_back_what_has_not_left_and_nothing_of_anybody_else(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001", "1002", ahead=BOTH)
    tick(engine, paris(11, 27, 18))
    with writing(engine) as connection:
        unremind(connection, AMINA, event, SATURDAY)
    assert {person for person, _, _ in planned(engine)} == {"1002"}
    assert [(row.person, row.state) for row in letters(engine)] == [("1001", "expired"), ("1002", "created")]


def test_stopping_one_date_of_a_message_of_two_leaves_the_other(engine: Engine) -> None:
    troc = a_date(engine, nom="Fête du troc")
    repair = a_date(engine)
    for event in (troc, repair):
        ask(engine, event, "1001")
    tick(engine, paris(11, 27, 18))
    with writing(engine) as connection:
        unremind(connection, AMINA, troc, SATURDAY)
    tick(engine, paris(11, 27, 18, 1))
    told = [row for row in letters(engine) if row.message]
    assert len(told) == 1
    assert "Repair café" in told[0].message["text"]
    assert "troc" not in told[0].message["text"]


def test_what_was_asked_is_listed_the_soonest_first(engine: Engine) -> None:
    later = a_date(engine, SATURDAY + timedelta(days=7), "Fête du troc")
    sooner, over = a_date(engine), a_date(engine, NOON + timedelta(hours=30), "Café")
    ask(engine, later, "1001", starts_at=SATURDAY + timedelta(days=7))
    ask(engine, sooner, "1001", ahead=BOTH)
    ask(engine, over, "1001", starts_at=NOON + timedelta(hours=30))
    ask(engine, sooner, "1002")
    with writing(engine) as connection:
        subscribe(connection, AMINA, "92050", None, Rhythm.DIMANCHE, NOON)
        subscribe(connection, AMINA, "92071", EventKind.ATELIER, Rhythm.AU_FIL, NOON)
        found = asked(connection, AMINA, paris(11, 25, 12))
        assert asked(connection, (CHANNEL, "1003"), NOON).reminders == ()
    assert [one.occurrence.event.id for one in found.reminders] == [sooner, later]
    assert [one.ahead for one in found.reminders] == [BOTH, (Ahead.VEILLE,)]
    assert [(one.code_insee, one.kind, one.rhythm) for one in found.subscriptions] == [
        ("92050", None, Rhythm.DIMANCHE),
        ("92071", EventKind.ATELIER, Rhythm.AU_FIL),
    ]


def test_a_subscription_asked_again_only_changes_how_often_and_is_ended_by_its_own(engine: Engine) -> None:
    with writing(engine) as connection:
        for rhythm in (Rhythm.DIMANCHE, Rhythm.AU_FIL):
            subscribe(connection, AMINA, "92050", None, rhythm, NOON)
        (found,) = asked(connection, AMINA, NOON).subscriptions
        assert found.rhythm is Rhythm.AU_FIL
        unsubscribe(connection, BRUNO, found.id)
        assert connection.scalar(select(subscriptions.c.id)) == found.id
        unsubscribe(connection, AMINA, found.id)
        assert asked(connection, AMINA, NOON).subscriptions == ()


def test_a_reminder_of_an_event_that_is_removed_goes_with_it(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    with writing(engine) as connection:
        connection.exec_driver_sql("DELETE FROM events")
    with reading(engine) as connection:
        assert connection.execute(select(reminders)).all() == []
