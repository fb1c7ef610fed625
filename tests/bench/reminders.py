"""Thousands are to be reminded at the same moment: how soon it is planned, what it stalls, what sending costs."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

from apscheduler.events import EVENT_JOB_EXECUTED
from apscheduler.jobstores.base import BaseJobStore
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
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
from scheduler.outgoing import put
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
    with _databases(folder) as new_urls:
        for name, new_url in new_urls.items():
            seconds = median(claimed(_migrated(new_url(number))) for number in range(ROUNDS))
            report.at_most(f"all claimed, {name}", seconds, 1.0, " s")
    report.title(f"{AT_ONCE} reminders due at the same second, beside an event loop")
    stalls(report, folder)
    report.title("Sending, to a stand-in Bot API")
    sending(report, folder, 400 if quick else 2_000)
    if not quick:
        held(report, folder)


# ---- planning --------------------------------------------------------------------------------------


@contextmanager
def _databases(folder: Path) -> Iterator[dict[str, Callable[[int], str]]]:
    """What gives the address of a new database, by engine."""
    new_urls: dict[str, Callable[[int], str]] = {"SQLite": lambda n: f"sqlite:///{folder / f'reminders{n}.db'}"}
    programs = postgres_programs()
    if programs is None:
        yield new_urls
        return
    with private_postgres(programs) as server:
        yield new_urls | {"PostgreSQL": lambda _: server.url(server.create())}


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
    """Adds the longest stall of an event loop, with our rows and with a job for each reminder.

    A reminder outlives the process: so does a job, on SQLite as ours. Jobs in memory are only told of.
    """
    spent: dict[str, list[float]] = defaultdict(list)
    for number in range(ROUNDS):
        engine = _migrated(f"sqlite:///{folder / f'stall{number}.db'}")
        ask_to_be_reminded(engine, AT_ONCE, datetime.now(UTC))
        kept = SQLAlchemyJobStore(f"sqlite:///{folder / f'jobs{number}.db'}")
        spent["rows told in a thread"].append(asyncio.run(_told_in_a_thread(engine)))
        spent["APScheduler, a kept job each"].append(asyncio.run(_told_by_a_job_each(kept)))
        spent["APScheduler, a job each in memory"].append(asyncio.run(_told_by_a_job_each(MemoryJobStore())))
        engine.dispose()
    late = {name: median(seconds) for name, seconds in spent.items()}
    for name, seconds in late.items():
        report.fact(f"longest stall, {name}", f"{seconds * 1e3:.1f} ms")
    ratio = late["rows told in a thread"] / late["APScheduler, a kept job each"]
    report.at_most("longest stall, against APScheduler with a kept job each", ratio, 1 / 20)


class Ticker:
    """Wakes every millisecond, and notes by how many seconds it was late at worst."""

    def __init__(self) -> None:
        self.late = 0.0

    async def run(self) -> None:
        """For ever."""
        while True:
            start = time.perf_counter()
            await asyncio.sleep(TICK_S)
            self.late = max(self.late, time.perf_counter() - start - TICK_S)


@asynccontextmanager
async def _ticking() -> AsyncIterator[Ticker]:
    ticker = Ticker()
    running = asyncio.create_task(ticker.run())
    await asyncio.sleep(10 * TICK_S)
    yield ticker
    await asyncio.sleep(10 * TICK_S)
    running.cancel()


async def _told_in_a_thread(engine: Engine) -> float:
    with ThreadPoolExecutor(THREADS) as pool:
        async with _ticking() as ticker:
            await asyncio.get_running_loop().run_in_executor(pool, _tell, engine)
    return ticker.late


async def _told_by_a_job_each(store: BaseJobStore) -> float:
    told, left = asyncio.Event(), set(range(AT_ONCE))

    def note(_event: object) -> None:
        left.pop()
        if not left:
            told.set()

    clock = AsyncIOScheduler(jobstores={"default": store}, timezone=UTC, job_defaults={"misfire_grace_time": None})
    clock.add_listener(note, EVENT_JOB_EXECUTED)
    clock.start(paused=True)
    now = datetime.now(UTC)
    for _ in range(AT_ONCE):
        clock.add_job(tell_nobody, "date", run_date=now)
    async with _ticking() as ticker:
        clock.resume()
        await told.wait()
    clock.shutdown()
    return ticker.late


async def tell_nobody() -> None:
    """A job that costs nothing."""


# ---- sending ---------------------------------------------------------------------------------------


def sending(report: Report, folder: Path, people: int) -> None:
    """Adds what the sender does with no limit, and what a message costs in CPU on each transport."""
    with _telegram(folder, people, "--no-rate") as telegram:
        engine = _migrated(f"sqlite:///{folder / 'sending.db'}")
        ask_to_be_reminded(engine, people, datetime.now(UTC))
        _tell(engine)
        seconds, cpu = asyncio.run(_deliver(engine, telegram, Limiter(per_second=0), people))
        report.fact("whole sender, limit lifted, SQLite", f"{people / seconds:.0f} messages/s")
        report.fact("whole sender, CPU of a message", micro(cpu / people))
        engine.dispose()
        spent = asyncio.run(_transports(telegram, people))
    for name, seconds in spent.items():
        report.fact(f"CPU of a message, {name}", micro(seconds / people))
    ratio = spent["ours"] / spent["python-telegram-bot's default transport"]
    report.at_most("CPU of a message against python-telegram-bot's default transport", ratio, 0.5)


@contextmanager
def _telegram(folder: Path, people: int, *arguments: str) -> Iterator[Telegram]:
    """A stand-in that so many people have already started."""
    with Telegram(args=arguments, log=folder / "telegram.jsonl") as telegram:
        urlopen(f"{telegram.url}/bot{TOKEN}/getMe").close()
        for who in range(FIRST_PERSON, FIRST_PERSON + people):
            telegram.do("member", user=who, status="member")
        yield telegram


def _bot(telegram: Telegram) -> Bot:
    return make_bot(Settings(TELEGRAM_TOKEN=SecretStr(TOKEN), TELEGRAM_API_URL=telegram.url))


async def _deliver(engine: Engine, telegram: Telegram, limiter: Limiter, messages: int) -> tuple[float, float]:
    """Seconds until so many messages are sent, and seconds of CPU."""
    left, done = set(range(messages)), asyncio.Event()
    with ThreadPoolExecutor(THREADS) as pool:
        async with _bot(telegram) as bot:

            async def send_(person: str, message: dict[str, Any]) -> None:
                await send(bot, person, message)
                left.pop()
                if not left:
                    done.set()

            delivery = Delivery(engine, CHANNEL, send_, limiter, pace_of, pool)
            start, cpu = time.perf_counter(), time.process_time()
            delivering = asyncio.create_task(delivery.run())
            await done.wait()
            spent = time.perf_counter() - start, time.process_time() - cpu
            await delivery.stop(patience=5)
            await delivering
    return spent


async def _transports(telegram: Telegram, messages: int) -> dict[str, float]:
    """Seconds of CPU for so many messages on each transport: the same calls, one at a time, by turns of a few."""
    default = Bot(TOKEN, base_url=f"{telegram.url}/bot", request=HTTPXRequest(), get_updates_request=HTTPXRequest())
    spent: dict[str, float] = defaultdict(float)
    async with _bot(telegram) as ours, default:
        bots = {"ours": ours, "python-telegram-bot's default transport": default}
        for start in range(FIRST_PERSON, FIRST_PERSON + messages, BLOCK):
            for name, bot in bots.items():
                begun = time.process_time()
                for who in range(start, min(start + BLOCK, FIRST_PERSON + messages)):
                    await send(bot, str(who), MESSAGE)
                spent[name] += time.process_time() - begun
    return spent


# ---- at the pace Telegram allows ---------------------------------------------------------------------


def held(report: Report, folder: Path) -> None:
    """Adds the rate that the sender holds, and how soon it writes again to one person, as the stand-in saw it."""
    people = int(PER_SECOND * HELD_S) - TALKATIVE * MORE
    with _telegram(folder, people) as telegram:
        engine = _migrated(f"sqlite:///{folder / 'held.db'}")
        now = datetime.now(UTC)
        with writing(engine) as connection:
            for who in range(FIRST_PERSON, FIRST_PERSON + TALKATIVE):
                for number in range(MORE):
                    put(connection, compose([Reply("Un message de plus.")], str(who), f"bench:{number}:{who}", {}, now))
        ask_to_be_reminded(engine, people, now)
        _tell(engine)
        asyncio.run(_deliver(engine, telegram, Limiter(), people + TALKATIVE * MORE))
        calls = telegram.get("events", kind="call")["events"]
        engine.dispose()
    sent = sorted((call["t"], call["chat"]) for call in calls if call["method"].lower() == "sendmessage")
    rate = (len(sent) - 1) / (sent[-1][0] - sent[0][0])
    report.at_least(f"{len(sent)} messages, messages a second against {PER_SECOND:g}", rate / PER_SECOND, 0.97)
    report.at_least("shortest time between two messages to one person", _shortest_gap(sent), 1.0, " s")
    report.right("accepted by the stand-in", len(sent), sum(call["status"] != 200 for call in calls))


def _shortest_gap(sent: list[tuple[float, int]]) -> float:
    moments: dict[int, list[float]] = defaultdict(list)
    for moment, chat in sent:
        moments[chat].append(moment)
    return min(after - before for theirs in moments.values() for before, after in pairwise(theirs))
