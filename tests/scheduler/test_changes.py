"""What becomes of a date is told until it is known to have left; what is no longer announced is told as a doubt."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update

from bot.channels.telegram_messages import CHANNEL
from catalogue.database import reading, writing
from catalogue.needs import Ahead
from catalogue.tables import events, reminders
from scheduler.changes import known_before, letter_key
from scheduler.outbox import State
from scheduler.reminders import remind
from scheduler.retention import forget_the_silent
from tests.scheduler.telling import (
    BOTH,
    NOON,
    SATURDAY,
    a_date,
    ask,
    change,
    in_paris,
    letters,
    lose,
    paris,
    planned,
    put_back,
    send,
    texts,
    tick,
)

SOON = NOON + timedelta(minutes=1)
SUNDAY = SATURDAY + timedelta(days=1)
EVE = paris(11, 27, 18)


def keys(engine: Engine) -> set[str | None]:
    """The messages that are waited for."""
    with reading(engine) as connection:
        return set(connection.scalars(select(reminders.c.change_key)))


def announced(engine: Engine, event_id: int, *, still: bool) -> None:
    with writing(engine) as connection:
        vanished_at = None if still else date(2026, 11, 22)
        connection.execute(update(events).where(events.c.id == event_id).values(vanished_at=vanished_at))


@pytest.mark.parametrize(
    "values",
    [
        {"status": "cancelled"},
        {"starts_at": SUNDAY, "ends_at": SUNDAY, "status": "moved"},
        {"status": "moved"},
    ],
)
def test_a_change_that_is_lost_is_told_again_in_the_same_words_and_once(engine: Engine, values: dict[str, Any]) -> None:
    event = a_date(engine)
    ask(engine, event, "1001", "1002", ahead=BOTH)
    change(engine, event, **values)
    tick(engine, NOON)
    said = letters(engine)[0]
    lose(engine, said.dedupe_key)
    assert put_back(engine, SOON) == 1
    tick(engine, SOON)
    assert [row.person for row in letters(engine)] == ["1002", "1001"]
    assert letters(engine)[-1].message == said.message
    assert letters(engine)[-1].dedupe_key != said.dedupe_key
    assert sorted(send(engine, SOON)) == ["1001", "1002"]
    assert put_back(engine, SOON) == 0
    assert keys(engine) == {None}
    tick(engine, SOON)
    assert len(letters(engine)) == 2


def test_what_is_on_its_way_is_waited_for(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001", ahead=BOTH)
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    (key,) = keys(engine)
    assert letters(engine)[0].dedupe_key == f"{key}:0"
    assert put_back(engine, SOON) == 0
    assert keys(engine) == {key}


@pytest.mark.parametrize("state", [State.SENT, State.UNCERTAIN, State.FAILED, State.EXPIRED])
def test_what_ended_its_way_is_not_told_again(engine: Engine, state: State) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    send(engine, NOON, state)
    put_back(engine, SOON)
    lose(engine)
    assert put_back(engine, SOON) == 0
    tick(engine, SOON)
    assert letters(engine) == []


def test_what_was_sent_and_then_forgotten_is_not_told_again(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    send(engine, NOON)
    later = NOON + timedelta(days=2)
    put_back(engine, later)
    with writing(engine) as connection:
        forget_the_silent(connection, later)
    assert put_back(engine, later) == 0


def test_what_is_lost_and_no_longer_true_is_not_told_again(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    change(engine, event, status="planned")
    lose(engine)
    put_back(engine, SOON)
    tick(engine, SOON)
    assert letters(engine) == []
    assert planned(engine) == [("1001", "11-27 18:00", "told")]


def test_what_is_lost_of_a_date_that_is_over_is_not_told_again(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    lose(engine)
    after = SATURDAY + timedelta(hours=3)
    put_back(engine, after)
    tick(engine, after)
    assert letters(engine) == []
    assert keys(engine) == {None}


def test_a_change_after_another_one_that_waits_is_told_too(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    change(engine, event, status="planned")
    tick(engine, SOON)
    lose(engine, letters(engine)[-1].dedupe_key)
    put_back(engine, SOON)
    tick(engine, SOON + timedelta(minutes=1))
    assert [text.split(" :")[0] for text in texts(engine)] == ["Annulé", "Finalement, cela a bien lieu"]


def test_who_counts_on_a_date_that_is_no_longer_announced_is_told_so_once_and_still_reminded(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001", ahead=BOTH)
    announced(engine, event, still=False)
    tick(engine, NOON)
    assert texts(engine) == [
        "Changement : Repair café, samedi 28 novembre à 14 h. "
        "Son organisateur ne l'annonce plus : demandez avant à la mairie de Nanterre."
    ]
    assert [state for _, _, state in planned(engine)] == ["waiting", "waiting"]
    send(engine, NOON)
    put_back(engine, SOON)
    for still in (True, False):
        announced(engine, event, still=still)
        tick(engine, SOON)
    assert texts(engine) == []
    tick(engine, EVE)
    assert texts(engine)[0].startswith("Rappel : Repair café")


def test_a_doubt_that_is_lost_is_told_again(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    announced(engine, event, still=False)
    tick(engine, NOON)
    (said,) = texts(engine)
    lose(engine)
    assert put_back(engine, SOON) == 1
    tick(engine, SOON)
    assert texts(engine) == [said]


def test_a_doubt_waits_for_the_morning_and_is_not_told_once_its_date_has_begun(engine: Engine) -> None:
    for nom, starts_at in {"Ce soir": paris(11, 27, 23), "Demain": SATURDAY}.items():
        event = a_date(engine, starts_at, nom)
        ask(engine, event, nom, starts_at=starts_at, ahead=(Ahead.HEURES,))
        announced(engine, event, still=False)
    tick(engine, paris(11, 27, 22))
    assert {in_paris(row.due_at) for row in letters(engine)} == {"11-28 08:00"}
    assert send(engine, paris(11, 27, 22)) == []
    assert send(engine, paris(11, 28, 8)) == ["Demain"]


def test_a_reminder_about_to_leave_is_not_taken_back_by_a_doubt(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    tick(engine, EVE)
    announced(engine, event, still=False)
    tick(engine, EVE + timedelta(seconds=5))
    assert [text.split(" :")[0] for text in texts(engine)] == ["Rappel", "Changement"]
    assert planned(engine) == [("1001", "11-27 18:00", "queued")]


def test_who_asks_once_it_is_no_longer_announced_is_told_nothing_more(engine: Engine) -> None:
    event = a_date(engine)
    announced(engine, event, still=False)
    with writing(engine) as connection:
        remind(connection, (CHANNEL, "1001"), event, SATURDAY, (Ahead.VEILLE,), NOON)
    tick(engine, NOON)
    assert letters(engine) == []


def test_what_is_cancelled_is_told_as_such_although_it_is_no_longer_announced(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    announced(engine, event, still=False)
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    tick(engine, SOON)
    assert [text.split(" :")[0] for text in texts(engine)] == ["Annulé"]


instants = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(st.sampled_from(["planned", "moved", "full", "cancelled"]), instants, st.booleans())
def test_the_key_of_a_letter_keeps_what_was_known_before(status: str, at: datetime, sure: bool) -> None:
    known = {"told_status": status, "told_at": at, "told_sure": sure}
    assert known_before(letter_key({"id": 12, **known}, NOON)) == known
