"""Two schedulers and three senders on one PostgreSQL, which is restarted meanwhile: everybody is reminded, once."""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select

from bot.channels.telegram_messages import CHANNEL, compose, pace_of
from bot.works import Worker, works
from catalogue.database import open_database, reading
from catalogue.places import PlaceIndex
from catalogue.tables import outbox, reminders
from scheduler.clock import every, make_clock
from scheduler.delivery import Delivery
from scheduler.heartbeat import PERIODS
from scheduler.limits import Limiter
from scheduler.reminders import TOLD
from tests.postgres import Server
from tests.telegram import ROOT
from tests.trials.fanout import ask_to_be_reminded

SCHEDULERS, SENDERS = 2, 3
THREADS = 6
PATIENCE_S = 240
QUICKER = 10  # times as often as in the product does everything tick
QUICKEST, SLOWEST = 0.02, 0.3  # seconds, to send a message


@dataclass(frozen=True)
class Outcome:
    """What the trial counted."""

    people: int
    restarts: int
    reached: int  # people who got their reminder
    copies: int  # reminders received once more
    most: int  # the most anyone received
    resent: int  # rows marked as perhaps sent twice: on the wire when PostgreSQL stopped
    untold: int  # reminders that are not noted as told
    unsettled: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.people} reminders due at once, {SCHEDULERS} schedulers, {SENDERS} senders, "
            f"{self.restarts} restarts of PostgreSQL, {self.seconds:.0f} s: {self.reached} people reached, "
            f"{self.copies} second copies ({self.resent} may have been sent twice), at most {self.most} of one, "
            f"{self.untold} not noted as told, {self.unsettled} unsettled"
        )


# ---- the trial -------------------------------------------------------------------------------------


def trial(folder: Path, server: Server, database: str, people: int, restarts: int) -> Outcome:
    """Reminds everybody, restarts PostgreSQL meanwhile, and counts."""
    engine, start = open_database(server.url(database)), time.monotonic()
    ask_to_be_reminded(engine, people, datetime.now(UTC))
    with _processes(folder, server.url(database)):
        for number in range(restarts):
            _wait_until(lambda reached=people * number // restarts: len(_received(folder)) > reached)
            server.restart()
        _wait_until(lambda: _told(engine) == people, every_s=1)
    outcome = _count(engine, folder, people, restarts, time.monotonic() - start)
    engine.dispose()
    return outcome


@contextmanager
def _processes(folder: Path, url: str) -> Iterator[None]:
    roles = ["schedule"] * SCHEDULERS + ["send"] * SENDERS
    started = []
    with (folder / "several.txt").open("ab") as log:
        for number, role in enumerate(roles):
            command = [sys.executable, "-m", __name__, role, url, str(folder / f"{number}.received")]
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT))
    try:
        yield
        if any(process.poll() is not None for process in started):
            raise RuntimeError("A process ended:\n" + (folder / "several.txt").read_text()[-4000:])
    finally:
        for process in started:
            process.kill()
            process.wait()


def _wait_until(reached: Callable[[], bool], every_s: float = 0.05) -> None:
    """Until it is so, or until it is too late: what is missing is then counted."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and not reached():
        time.sleep(every_s)


def _received(folder: Path) -> list[str]:
    return [line for path in folder.glob("*.received") for line in path.read_text().splitlines()]


def _told(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).where(reminders.c.state == TOLD)).scalar_one()


def _count(engine: Engine, folder: Path, people: int, restarts: int, seconds: float) -> Outcome:
    received = Counter(_received(folder))
    with reading(engine) as connection:
        rows = connection.execute(select(outbox.c.resent, outbox.c.settled_at)).all()
    return Outcome(
        people=people,
        restarts=restarts,
        reached=len(received),
        copies=sum(received.values()) - len(received),
        most=max(received.values(), default=0),
        resent=sum(row.resent for row in rows),
        untold=people - _told(engine),
        unsettled=sum(row.settled_at is None for row in rows),
        seconds=seconds,
    )


# ---- a process -------------------------------------------------------------------------------------


async def schedule(engine: Engine, pool: ThreadPoolExecutor, _received: Path) -> None:
    """All the periodic works of the product, as its clock runs them, until it is killed."""
    worker, clock = Worker(engine, PlaceIndex(()), pool, lambda: None), make_clock()
    for work in works({CHANNEL: compose}):
        every(clock, PERIODS[work.name] / QUICKER, partial(worker.do, work))
    clock.start()
    await asyncio.Event().wait()


async def send(engine: Engine, pool: ThreadPoolExecutor, received: Path) -> None:
    """The product's sender, with no limit. Whom it writes to is noted as a person would receive: for good, at once."""
    luck = random.Random()
    with received.open("ab", buffering=0) as file:

        async def send_(person: str, _message: dict[str, Any]) -> None:
            await asyncio.sleep(luck.uniform(QUICKEST, SLOWEST))
            file.write(f"{person}\n".encode())
            await asyncio.sleep(luck.uniform(QUICKEST, SLOWEST))

        await Delivery(engine, CHANNEL, send_, Limiter(per_second=0), pace_of, pool).run()


def main(role: str, url: str, received: str) -> None:
    engine = open_database(url)
    with ThreadPoolExecutor(THREADS) as pool:
        asyncio.run({"schedule": schedule, "send": send}[role](engine, pool, Path(received)))


if __name__ == "__main__":
    main(*sys.argv[1:])
