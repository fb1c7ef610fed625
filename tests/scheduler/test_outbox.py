"""A message is written once, claimed by one sender, and settled once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from catalogue.database import reading, writing
from catalogue.tables import outbox as rows
from scheduler import outbox
from scheduler.holds import hold
from scheduler.outbox import AT_ONCE, IN_DOUBT, IN_ITS_TIME, LEASE, Claimed, State
from scheduler.outgoing import Copies, Outgoing, put, put_copies

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def written(engine: Engine, *people: str, due: datetime = NOW, expires: datetime | None = None) -> None:
    messages = [Outgoing("telegram", who, {"text": who}, f"{who}:{n}", due, expires) for n, who in enumerate(people)]
    with writing(engine) as connection:
        put(connection, messages)


def written_after(engine: Engine, person: str) -> None:
    with writing(engine) as connection:
        put(connection, [Outgoing("telegram", person, {"text": "after"}, f"{person}:after", NOW)])


def claimed(engine: Engine, now: datetime = NOW, most: int = 10) -> list[Claimed]:
    with writing(engine) as connection:
        return outbox.claim(connection, "telegram", now, most, lambda person, message: False)


def states(engine: Engine) -> list[tuple[str, bool]]:
    with reading(engine) as connection:
        return [(row.state, row.resent) for row in connection.execute(select(rows).order_by(rows.c.id))]


def test_a_message_is_claimed_by_one_sender_only(engine: Engine) -> None:
    written(engine, "a", "b", "c")
    assert [c.person for c in claimed(engine, most=2)] == ["a", "b"]
    assert [c.person for c in claimed(engine)] == ["c"]
    assert claimed(engine) == []


def test_nothing_leaves_before_it_is_due_nor_after_it_expired(engine: Engine) -> None:
    written(engine, "a", due=NOW + timedelta(seconds=1), expires=NOW + timedelta(seconds=5))
    assert claimed(engine) == []
    assert claimed(engine, NOW + timedelta(seconds=5)) == []
    with writing(engine) as connection:
        assert outbox.expire(connection, NOW + timedelta(seconds=5)) == 1
    assert states(engine) == [("expired", False)]


def test_the_same_message_cannot_be_written_twice(engine: Engine) -> None:
    written(engine, "a")
    with pytest.raises(IntegrityError):
        written(engine, "a")


def begun(engine: Engine, sending: Claimed, now: datetime = NOW) -> bool:
    with writing(engine) as connection:
        return outbox.begin(connection, sending, now)


def test_what_was_on_the_wire_when_its_sender_died_is_sent_again_once_and_marked(engine: Engine) -> None:
    written(engine, "a")
    (sending,) = claimed(engine)
    assert begun(engine, sending)
    later = NOW + LEASE
    assert claimed(engine, later) == [], "not by a process that has just started"
    later += IN_DOUBT
    (again,) = claimed(engine, later)
    assert again.resent
    assert begun(engine, again, later)
    assert claimed(engine, later + LEASE + timedelta(seconds=1)) == []
    assert states(engine) == [("uncertain", True)]


def test_what_waits_for_its_turn_until_it_is_too_late_does_not_leave(engine: Engine) -> None:
    written(engine, "a", expires=NOW + timedelta(seconds=5))
    (sending,) = claimed(engine)
    assert not begun(engine, sending, NOW + timedelta(seconds=5))
    with writing(engine) as connection:
        assert outbox.expire(connection, NOW + timedelta(seconds=5)) == 1
    assert states(engine) == [("expired", False)]


def test_what_was_claimed_but_had_not_left_is_simply_claimed_again(engine: Engine) -> None:
    written(engine, "a")
    (sending,) = claimed(engine)
    (again,) = claimed(engine, NOW + LEASE)
    assert not again.resent
    assert not begun(engine, sending, NOW + LEASE + LEASE), "its lease is lost"


def test_a_settled_message_never_goes_back_and_is_emptied(engine: Engine) -> None:
    written(engine, "a")
    (sending,) = claimed(engine)
    with writing(engine) as connection:
        outbox.settle(connection, sending.id, State.SENT, NOW)
        outbox.settle(connection, sending.id, State.FAILED, NOW, "late")
        outbox.retry(connection, sending, NOW, "late")
    with reading(engine) as connection:
        row = connection.execute(select(rows)).one()
    assert (row.state, row.message, row.error) == ("sent", None, None)


def test_a_person_reads_in_order_whatever_is_put_back(engine: Engine) -> None:
    written(engine, "a", "a", "b")
    first, other = claimed(engine)
    assert [first.person, other.person] == ["a", "b"]
    at = NOW + timedelta(seconds=7)
    with writing(engine) as connection:
        outbox.retry(connection, first, at, "RetryAfter")
    written_after(engine, "a")
    assert claimed(engine) == []
    for expected in (first.id, first.id + 1, first.id + 3):
        (sending,) = claimed(engine, at)
        assert sending.id == expected
        with writing(engine) as connection:
            outbox.settle(connection, sending.id, State.SENT, at)


def test_what_can_leave_at_once_is_begun_when_it_is_claimed(engine: Engine) -> None:
    written(engine, "a", "b")
    with writing(engine) as connection:
        found = outbox.claim(connection, "telegram", NOW, 9, lambda person, message: person == "a")
    assert [c.begun for c in found] == [True, False]
    assert [state for state, _ in states(engine)] == ["sending", "created"]


def test_the_only_process_of_a_database_takes_over_at_once_what_its_dead_self_had_claimed(engine: Engine) -> None:
    written(engine, "a", "b")
    first, _second = claimed(engine)
    begun(engine, first)
    with writing(engine) as connection:
        outbox.take_over(connection, "telegram")
    assert [(c.person, c.resent) for c in claimed(engine)] == [("b", False)]
    assert [(c.person, c.resent) for c in claimed(engine, NOW + IN_DOUBT)] == [("a", True)]


def held(engine: Engine, seconds: int, channel: str = "telegram") -> None:
    with writing(engine) as connection:
        hold(connection, channel, NOW + timedelta(seconds=seconds))


def test_nothing_of_a_held_channel_is_claimed_before_the_hold_ends(engine: Engine) -> None:
    written(engine, "a", "b")
    held(engine, 5)
    held(engine, 60, channel="courriel")
    assert claimed(engine, NOW + timedelta(seconds=4.999)) == []
    assert [c.person for c in claimed(engine, NOW + timedelta(seconds=5))] == ["a", "b"]


def test_a_hold_only_grows(engine: Engine) -> None:
    written(engine, "a")
    for seconds in (5, 9, 2):
        held(engine, seconds)
    assert claimed(engine, NOW + timedelta(seconds=8)) == []
    assert len(claimed(engine, NOW + timedelta(seconds=9))) == 1


def test_what_was_claimed_before_a_hold_does_not_leave_and_is_given_back(engine: Engine) -> None:
    written(engine, "a", "b")
    first, second = claimed(engine)
    assert begun(engine, first)
    held(engine, 5)
    assert not begun(engine, second)
    assert not begun(engine, first), "and what is on the wire stays so"
    assert [state for state, _ in states(engine)] == ["sending", "created"]
    (again,) = claimed(engine, NOW + timedelta(seconds=5))
    assert (again.id, again.resent) == (second.id, False)
    assert begun(engine, again, NOW + timedelta(seconds=5))


def test_a_message_that_many_people_read_is_written_once_for_each(engine: Engine) -> None:
    people = {f"clé « {n} »": f'l\'un "{n}"' for n in range(600)}
    expires = NOW + timedelta(hours=1)
    with writing(engine) as connection:
        put_copies(connection, [Copies("telegram", {"text": "Été"}, IN_ITS_TIME, NOW, expires, people)])
    found = claimed(engine, most=1000)
    assert [(c.person, c.message) for c in found] == [(who, {"text": "Été"}) for who in people.values()]
    with reading(engine) as connection:
        for row in connection.execute(select(rows).order_by(rows.c.id)):
            assert people[row.dedupe_key] == row.person
            assert (row.channel, row.due_at, row.expires_at) == ("telegram", NOW, expires)


def test_a_copy_of_a_message_cannot_be_written_twice(engine: Engine) -> None:
    written(engine, "a")
    with pytest.raises(IntegrityError), writing(engine) as connection:
        put_copies(connection, [Copies("telegram", {"text": "b"}, IN_ITS_TIME, NOW, None, {"b:0": "b", "a:0": "a"})])
    assert len(states(engine)) == 1


def test_whoever_writes_is_answered_before_those_who_are_reminded_of_something(engine: Engine) -> None:
    with writing(engine) as connection:
        for urgency, said, ago in ((IN_ITS_TIME, "rappel", 9), (AT_ONCE, "changement", 1)):
            people = {f"{said}:{n}": f"{said} {n}" for n in range(50)}
            at = NOW - timedelta(minutes=ago)
            put_copies(connection, [Copies("telegram", {"text": said}, urgency, at, NOW + LEASE, people)])
    written(engine, "a", "b")
    found = [c.person.split()[0] for c in claimed(engine, most=60)]
    assert found == ["a", "b", *["changement"] * 50, *["rappel"] * 8]


def test_what_is_in_doubt_waits_for_the_process_that_takes_over_to_be_calm(engine: Engine) -> None:
    written(engine, "a")
    (sending,) = claimed(engine)
    begun(engine, sending)
    for _ in range(2):
        with writing(engine) as connection:
            outbox.take_over(connection, "telegram")
        assert claimed(engine) == []
    assert [c.resent for c in claimed(engine, NOW + IN_DOUBT)] == [True]
