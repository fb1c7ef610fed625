"""People talk while the product is killed again and again: nothing they said is lost, nothing is handled twice."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from catalogue.database import open_database, reading
from catalogue.tables import conversations, inbox, outbox
from tests.botapi.drive import Telegram
from tests.telegram import running

FIRST_PERSON = 5000
# What each person says, and so where their conversation must be at the end.
SCRIPT = ("/start", "manger", "{first}", "réparer", "{then}")
TOWNS = {"Nanterre": "92050", "Sceaux": "92071", "Bourges": "18033", "La Rochelle": "17300", "Gennevilliers": "92036"}


@dataclass(frozen=True)
class Outcome:
    """What the trial counted."""

    people: int
    kills: int
    updates: int
    handled: int
    reached: int  # distinct answers that reached somebody, as the wire saw it
    copies: int  # messages that reached somebody twice
    resent: int  # rows marked as perhaps sent twice: on the wire at a kill
    unsettled: int
    astray: int  # conversations that are not where they should be
    problems: list[str]
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.people} people, {self.kills} kills, {self.updates} updates in {self.seconds:.0f} s: "
            f"{self.handled} handled, {self.reached} answers reached their person, {self.copies} received twice "
            f"({self.resent} were on the wire at a kill), {self.unsettled} left unsettled, "
            f"{self.astray} conversations astray, problems: {self.problems or 'none'}"
        )


def trial(folder: Path, database_url: str, people: int, kills: int, seed: int) -> Outcome:
    """Plays the whole trial in polling mode and counts."""
    luck, start = random.Random(seed), time.monotonic()
    with running("polling", folder, {"DATABASE_URL": database_url}) as telegram:
        towns = {who: luck.sample(sorted(TOWNS), 2) for who in range(FIRST_PERSON, FIRST_PERSON + people)}
        asyncio.run(_talk_and_kill(telegram, towns, kills, luck))
        _wait_until_settled(telegram, people * len(SCRIPT), database_url)
        calls = telegram.get("events", kind="call")["events"]
        problems = telegram.problems()
    return _count(database_url, towns, kills, calls, problems, time.monotonic() - start)


async def _talk_and_kill(telegram: Telegram, towns: dict[int, list[str]], kills: int, luck: random.Random) -> None:
    lines = list(_lines(towns, luck))
    async with aiohttp.ClientSession() as session:
        talk = asyncio.create_task(_talk(telegram, session, lines, kills * 1.2))
        for _ in range(kills):
            await asyncio.sleep(luck.uniform(0.3, 1.6))
            await asyncio.to_thread(_kill_and_restart, telegram)
        await talk


def _lines(towns: dict[int, list[str]], luck: random.Random) -> Iterator[tuple[int, str]]:
    """Everybody's lines, each person's in order, all mixed."""
    queues = {who: [line.format(first=a, then=b) for line in SCRIPT] for who, (a, b) in towns.items()}
    while queues:
        who = luck.choice(list(queues))
        yield who, queues[who].pop(0)
        if not queues[who]:
            del queues[who]


async def _talk(telegram: Telegram, session: aiohttp.ClientSession, lines: list[Any], seconds: float) -> None:
    for who, line in lines:
        body = {"user": who, "text": line, "first_name": f"P{who}"}
        async with session.post(f"{telegram.url}/control/message", json=body) as response:
            response.raise_for_status()
        await asyncio.sleep(seconds / len(lines))


def _kill_and_restart(telegram: Telegram) -> None:
    process = telegram.procs.pop()
    process.send_signal(signal.SIGKILL)
    process.wait()
    telegram.start_bot()


def _wait_until_settled(telegram: Telegram, updates: int, database_url: str) -> None:
    """Until everything is handled and sent; the pace is Telegram's, 25 a second."""
    engine = open_database(database_url)
    end = time.monotonic() + 90 + updates / 15
    while time.monotonic() < end:
        time.sleep(1)
        with reading(engine) as connection:
            stored = connection.execute(select(inbox.c.handled_at)).scalars().all()
            moving = connection.execute(select(outbox.c.id).where(outbox.c.settled_at.is_(None))).scalars().all()
        if len(stored) >= updates and None not in stored and not moving:
            break
    engine.dispose()
    telegram.stop(telegram.procs[-1])


def _count(
    database_url: str, towns: dict[int, list[str]], kills: int, calls: list[Any], problems: list[str], seconds: float
) -> Outcome:
    messages = [call for call in calls if call["method"] == "sendMessage" and call["status"] == 200]
    sent = Counter((call["chat"], call["params"]["text"]) for call in messages)
    engine = open_database(database_url)
    with reading(engine) as connection:
        updates = connection.execute(select(inbox.c.handled_at)).scalars().all()
        rows = connection.execute(select(outbox.c.state, outbox.c.resent, outbox.c.dedupe_key)).all()
        states = {int(row.person): row.state for row in connection.execute(select(conversations))}
    engine.dispose()
    expected = {
        who: {"besoin": "equipement", "lieu": {"insee": TOWNS[then], "shared": False}}
        for who, (_first, then) in towns.items()
    }
    return Outcome(
        people=len(towns),
        kills=kills,
        updates=len(towns) * len(SCRIPT),
        handled=sum(moment is not None for moment in updates),
        reached=len(sent),
        copies=sum(sent.values()) - len(sent),
        resent=sum(row.resent for row in rows),
        unsettled=sum(row.state not in ("sent", "uncertain") for row in rows),
        astray=sum(states.get(who, {"answers": None})["answers"] != answers for who, answers in expected.items()),
        problems=problems,
        seconds=seconds,
    )
