"""Thousands are to be reminded at the same moment: how soon it is planned, what stalls meanwhile, what sending costs."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.channels.telegram import make_bot, send
from bot.channels.telegram_messages import CHANNEL, compose, pace_of
from bot.migrations import migrate
from bot.settings import Settings
from catalogue.database import open_database, reading, writing
from catalogue.tables import outbox, reminders
from handlers.dialogue import Reply
from scheduler.delivery import Delivery
from scheduler.limits import PER_SECOND, Limiter
from scheduler.outbox import put
from scheduler.reminders import QUEUED
from scheduler.telling import tell_due
from tests.bench.clockwork import BLOCK
from tests.bench.report import Report, micro
from tests.botapi.drive import TOKEN, Telegram
from tests.postgres import postgres_programs, private_postgres
from tests.trials.fanout import FIRST_PERSON, ask_to_be_reminded

PEOPLE = 10_000
AT_ONCE = 1_500
TICK_S = 0.001
ROUNDS = 3
THREADS = 8
HELD_S = 60
# Beside the reminders, for the first of them: each has several messages due.
TALKATIVE, MORE = 30, 3
MESSAGE = {"call": "send", "text": "Café solidaire, <b>samedi 24 octobre à 14 h</b>, à Nanterre. " * 3}
MESSAGE |= {"keyboard": {"inline": [[{"label": "Mes rappels", "data": "mesrappels:"}]]}}


def measure(report: Report, folder: Path, quick: bool) -> None:
    """Adds what reminders cost."""
    report.title(f"{PEOPLE} reminders due at the same second")
    with _databases(folder) as urls:
        for name, url in urls.items():
            report.at_most(f"{name}, all claimed", claimed(_migrated(url)), 1.0, " s")
    report.title(f"{AT_ONCE} reminders due at the same second, beside an event loop")
    stalls(report, folder)
    report.title("Sending, to a stand-in Bot API")
    sending(report, folder, 400 if quick else 2_000)
    if not quick:
        held(report, folder)


# ---- planning --------------------------------------------------------------------------------------


@contextmanager
def _databases(folder: Path) -> Iterator[dict[str, str]]:
    urls = {"SQLite": f"sqlite:///{folder / 'reminders.db'}"}
    programs = postgres_programs()
    if programs is None:
        yield urls
        return
    with private_postgres(programs) as server:
        yield urls | {"PostgreSQL": server.url(server.create())}


def _migrated(url: str) -> Engine:
    engine = open_database(url)
    migrate(engine)
    return engine


def claimed(engine: Engine, people: int = PEOPLE) -> float:
    """Seconds until everybody's reminder, due now, is in the outbox."""
    ask_to_be_reminded(engine, people, datetime.now(UTC))
    start = time.perf_counter()
    _tell(engine)
    seconds = time.perf_counter() - start
    with reading(engine) as connection:
        queued = connection.scalar(select(func.count()).where(reminders.c.state == QUEUED))
        written = connection.scalar(select(func.count()).select_from(outbox))
    if not people == queued == written:
        raise RuntimeError(f"{queued} reminders queued, {written} messages, of {people}")
    engine.dispose()
    return seconds


def _tell(engine: Engine) -> None:
    """What bot.works does at each tick: a transaction for each thousand."""
    while True:
        with writing(engine) as connection:
            if not tell_due(connection, datetime.now(UTC), {CHANNEL: compose}):
                return


# ---- the event loop ----------------------------------------------------------------------------------


def stalls(report: Report, folder: Path) -> None:
    """Adds the longest stall of an event loop, with our rows and with a job for each reminder."""
    ours, theirs = [], []
    for round_ in range(ROUNDS):
        engine = _migrated(f"sqlite:///{folder / f'stall{round_}.db'}")
        ask_to_be_reminded(engine, AT_ONCE, datetime.now(UTC))
        ours.append(asyncio.run(_stall(lambda engine=engine: _tell_in_a_thread(engine))))
        theirs.append(asyncio.run(_stall(_a_job_each)))
        engine.dispose()
    report.fact("longest stall, rows told in a thread", micro(median(ours)))
    report.fact("longest stall, APScheduler with a job each", micro(median(theirs)))
    report.at_most("longest stall, against APScheduler with a job each", median(ours) / median(theirs), 1 / 20)


async def _stall(work: Callable[[], Awaitable[None]]) -> float:
    """Seconds by which a task that wakes every millisecond is late at worst, while something is done."""
    late = 0.0

    async def ticker() -> None:
        nonlocal late
        while True:
            start = time.perf_counter()
            await asyncio.sleep(TICK_S)
            late = max(late, time.perf_counter() - start - TICK_S)

    ticking = asyncio.create_task(ticker())
    await asyncio.sleep(0.1)
    await work()
    ticking.cancel()
    return late


async def _tell_in_a_thread(engine: Engine) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, _tell, engine)


async def _a_job_each() -> None:
    told: list[None] = []

    async def tell() -> None:
        told.append(None)

    scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None})
    due = datetime.now(UTC) + timedelta(seconds=0.5)
    for _ in range(AT_ONCE):
        scheduler.add_job(tell, "date", run_date=due)
    scheduler.start()
    while len(told) < AT_ONCE:
        await asyncio.sleep(TICK_S)
    scheduler.shutdown()
