"""What is done beside the conversations: done until nothing is left, noted, and never in the way."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event as Signal

import pytest
from sqlalchemy import Connection, Engine, select

from bot.works import Work, Worker, works
from catalogue.database import reading
from catalogue.places import PlaceIndex
from catalogue.tables import ticks
from scheduler.heartbeat import PERIODS


def counting(*found: int) -> Callable[[Connection, datetime], int]:
    left = list(found)
    return lambda connection, now: left.pop(0)


def failing(connection: Connection, now: datetime) -> int:
    raise ValueError("ce que quelqu'un a écrit")


def run(engine: Engine, *done: Work) -> list[int]:
    """Does works as the clock would; returns a mark for each time the sender was woken."""
    woken: list[int] = []
    with ThreadPoolExecutor(2) as pool:
        worker = Worker(engine, PlaceIndex([], {}), pool, lambda: woken.append(1))

        async def all_of_them() -> None:
            for work in done:
                await worker.do(work)

        asyncio.run(all_of_them())
    return woken


def noted(engine: Engine) -> dict[str, str | None]:
    with reading(engine) as connection:
        return {row.name: row.error for row in connection.execute(select(ticks))}


def test_a_step_is_repeated_until_it_finds_nothing_and_what_is_done_once_follows(engine: Engine) -> None:
    left = [1000, 3, 0, 7]
    order: list[str] = []

    def repeated(connection: Connection, now: datetime) -> int:
        order.append("repeated")
        return left.pop(0)

    def after(connection: Connection, now: datetime) -> int:
        order.append("once")
        return 12

    assert run(engine, Work("tell", (repeated,), (after,))) == [1]
    assert order == ["repeated", "repeated", "repeated", "once"]
    assert noted(engine) == {"tell": None}


def test_a_failure_is_noted_without_what_it_said_and_forgotten_at_the_next_success(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    run(engine, Work("watch", (failing,)))
    assert noted(engine) == {"watch": "ValueError"}
    assert "ValueError" in caplog.text
    assert "écrit" not in caplog.text
    run(engine, Work("watch", (counting(0),)))
    assert noted(engine) == {"watch": None}


def test_every_work_has_a_period_and_runs_on_an_empty_database(engine: Engine) -> None:
    all_of_them = works({})
    run(engine, *all_of_them)
    assert noted(engine) == {work.name: None for work in all_of_them}
    assert {work.name for work in all_of_them} | {"feeds"} == set(PERIODS)


def test_stopping_waits_for_what_is_being_done_and_begins_nothing_more(engine: Engine) -> None:
    begun, may_end, ended = Signal(), Signal(), []

    def slow(connection: Connection, now: datetime) -> int:
        begun.set()
        may_end.wait(10)
        ended.append(1)
        return 0

    async def stopped(pool: ThreadPoolExecutor) -> None:
        worker = Worker(engine, PlaceIndex([], {}), pool, lambda: None)
        doing = asyncio.create_task(worker.do(Work("tell", (slow,))))
        await asyncio.to_thread(begun.wait, 10)
        asyncio.get_running_loop().call_later(0.05, may_end.set)
        await worker.stop(10)
        assert ended == [1]
        await worker.do(Work("watch", (counting(0),)))
        await doing

    with ThreadPoolExecutor(2) as pool:
        asyncio.run(stopped(pool))
    assert noted(engine) == {"tell": None}
