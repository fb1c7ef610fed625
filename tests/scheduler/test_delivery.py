"""The sender: in order for each person, patient where it must be, and never wrong about what was sent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from catalogue.database import open_database, reading, writing
from catalogue.tables import holds
from catalogue.tables import outbox as rows
from scheduler import delivery, outbox, outgoing
from scheduler.delivery import Delivery, NotSent, Refused, Unsure
from scheduler.limits import Limiter, Pace
from scheduler.outgoing import Outgoing
from tests import outage

Act = Callable[[str, dict[str, Any]], None]


class Wire:
    """What went out, in order; `faults` are raised first, one a call."""

    def __init__(self, *faults: Exception) -> None:
        self.sent: list[tuple[str, str]] = []
        self.called: list[datetime] = []
        self.faults = list(faults)

    async def send(self, person: str, message: dict[str, Any]) -> None:
        self.called.append(datetime.now(UTC))
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append((person, message["text"]))


@contextlib.asynccontextmanager
async def delivering(engine: Engine, wire: Wire, per_second: float = 0) -> AsyncIterator[Delivery]:
    delivery = Delivery(engine, "telegram", wire.send, Limiter(per_second), lambda _: Pace.MESSAGE)
    running = asyncio.create_task(delivery.run())
    try:
        yield delivery
    finally:
        await delivery.stop(5)
        await running


def put(engine: Engine, *messages: tuple[str, str]) -> None:
    now = datetime.now(UTC)
    with writing(engine) as connection:
        outgoing.put(connection, [Outgoing("telegram", who, {"text": t}, f"{who}:{t}", now) for who, t in messages])


async def settled(engine: Engine) -> list[tuple[str, bool, str | None]]:
    for _ in range(200):
        with reading(engine) as connection:
            found = connection.execute(select(rows).order_by(rows.c.id)).all()
        if all(row.settled_at for row in found):
            return [(row.state, row.resent, row.error) for row in found]
        await asyncio.sleep(0.05)
    raise AssertionError([row.state for row in found])


async def test_each_person_gets_their_messages_in_order(engine: Engine) -> None:
    wire = Wire()
    put(engine, *((who, str(n)) for n in range(5) for who in "ab"))
    async with delivering(engine, wire):
        assert {state for state, _, _ in await settled(engine)} == {"sent"}
    for who in "ab":
        assert [text for person, text in wire.sent if person == who] == list("01234")


async def test_a_sender_that_starts_without_a_database_sends_once_it_answers(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire()
    put(engine, ("a", "enfin"))
    with contextlib.ExitStack() as until_it_answers:
        until_it_answers.enter_context(outage.out_of_reach(engine))
        async with delivering(engine, wire):
            for _ in range(100):
                if "the outbox could not be read" in caplog.text:
                    break
                await asyncio.sleep(0.05)
            until_it_answers.close()
            assert [state for state, _, _ in await settled(engine)] == ["sent"]
    assert wire.sent == [("a", "enfin")]


async def test_a_429_is_waited_for_and_order_is_kept(engine: Engine) -> None:
    wire = Wire(NotSent("RetryAfter", retry_after=0.3, everyone=True))
    put(engine, ("a", "0"), ("a", "1"))
    async with delivering(engine, wire):
        await settled(engine)
    assert [text for _, text in wire.sent] == ["0", "1"]


async def held_until(engine: Engine) -> datetime:
    """When the hold ends, once there is one."""
    for _ in range(200):
        with reading(engine) as connection:
            until: datetime | None = connection.scalar(select(holds.c.until))
        if until:
            return until
        await asyncio.sleep(0.02)
    raise AssertionError("nothing is held")


async def test_a_429_holds_every_process_even_for_what_waits_for_its_turn(engine: Engine, monkeypatch: Any) -> None:
    monkeypatch.setattr(delivery, "AT_ONCE", 4)  # so that each of the two has its part
    asked = timedelta(seconds=2)
    wires = Wire(), Wire(NotSent("RetryAfter", retry_after=asked.total_seconds(), everyone=True))
    async with delivering(engine, wires[0], per_second=4), delivering(engine, wires[1], per_second=4):
        await asyncio.sleep(0.5)  # both have taken over, and found nothing
        put(engine, *((f"{n}", "0") for n in range(12)))
        until = await held_until(engine)
        assert {state for state, _, _ in await settled(engine)} == {"sent"}
    called = [at for wire in wires for at in wire.called]
    assert len(called) == 12 + 1
    assert all(wire.sent for wire in wires)
    on_the_wire = timedelta(seconds=0.2)
    assert [at for at in called if until - asked + on_the_wire < at < until] == []


async def test_a_process_that_starts_during_a_hold_makes_no_call_before_its_end(engine: Engine) -> None:
    put(engine, ("a", "0"), ("b", "0"))
    async with delivering(engine, Wire(NotSent("RetryAfter", retry_after=1.5, everyone=True)), per_second=1):
        until = await held_until(engine)
    wire = Wire()
    async with delivering(engine, wire):
        assert {state for state, _, _ in await settled(engine)} == {"sent"}
    assert sorted(wire.sent) == [("a", "0"), ("b", "0")]
    assert min(wire.called) >= until


async def test_what_was_about_to_leave_when_the_429_came_is_given_back(engine: Engine) -> None:
    wire = Wire(NotSent("RetryAfter", retry_after=0.5, everyone=True))
    now = datetime.now(UTC)
    with writing(engine) as connection:
        for key in "01":  # what expires is claimed together, and said to leave at once
            message = Outgoing("telegram", "a", {"text": key}, key, now, now + timedelta(minutes=1))
            outgoing.put(connection, [message])
    async with delivering(engine, wire):
        until = await held_until(engine)
        assert await settled(engine) == [("sent", False, None)] * 2
    assert len(wire.called) == 3
    assert min(wire.called[1:]) >= until


async def test_what_may_have_been_sent_is_sent_again_once_and_marked(engine: Engine) -> None:
    wire = Wire(Unsure("ReadTimeout"))
    put(engine, ("a", "0"))
    async with delivering(engine, wire):
        assert await settled(engine) == [("sent", True, None)]
    assert wire.sent == [("a", "0")]


async def test_a_second_doubt_is_left_uncertain(engine: Engine) -> None:
    wire = Wire(Unsure("ReadTimeout"), Unsure("ReadTimeout"))
    put(engine, ("a", "0"))
    async with delivering(engine, wire):
        assert await settled(engine) == [("uncertain", True, "Unsure")]
    assert wire.sent == []


async def test_nothing_more_is_sent_to_who_has_blocked_the_bot(engine: Engine) -> None:
    wire = Wire(Refused("Forbidden", gone=True))
    put(engine, ("a", "0"))
    async with delivering(engine, wire):
        assert await settled(engine) == [("failed", False, "Forbidden")]


async def test_a_failing_server_is_tried_again_but_not_for_ever(engine: Engine, monkeypatch: Any) -> None:
    monkeypatch.setattr(outbox, "MOST_ATTEMPTS", 2)
    wire = Wire(NotSent("502"), NotSent("502"))
    put(engine, ("a", "0"))
    async with delivering(engine, wire):
        assert await settled(engine) == [("failed", False, "502")]


async def test_a_message_that_cannot_be_made_holds_nobody_elses(engine: Engine, monkeypatch: Any) -> None:
    monkeypatch.setattr(outbox, "MOST_ATTEMPTS", 1)
    wire = Wire(KeyError("text"))
    put(engine, ("a", "0"), ("b", "0"))
    async with delivering(engine, wire):
        assert sorted(state for state, _, _ in await settled(engine)) == ["failed", "sent"]


async def test_a_database_that_restarts_costs_no_place_and_makes_no_second_copy(postgres_url: str) -> None:
    engine, wire = open_database(postgres_url), Wire()
    put(engine, *((f"{n}", "un") for n in range(delivery.AT_ONCE)))
    cut = iter([True])

    async def send(person: str, message: dict[str, Any]) -> None:
        await wire.send(person, message)
        if next(cut, False):
            await asyncio.to_thread(_cut_everybody, engine)

    sender = Delivery(engine, "telegram", send, Limiter(per_second=0), lambda _: Pace.MESSAGE)
    running = asyncio.create_task(sender.run())
    try:
        for found in await settled(engine):
            assert found[0] == "sent"
        # All its places are free again: as many more leave at once.
        put(engine, *((f"{n}", "deux") for n in range(delivery.AT_ONCE)))
        sender.wake()
        assert {state for state, _resent, _error in await settled(engine)} == {"sent"}
    finally:
        await sender.stop(5)
        await running
        engine.dispose()
    assert len(wire.sent) == len(set(wire.sent)) == 2 * delivery.AT_ONCE


def _cut_everybody(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
            )
        )
