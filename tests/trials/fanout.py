"""Thousands are to be reminded at the same moment, and the product is killed again and again: nobody is forgotten."""

import asyncio
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Engine, func, insert, select

from catalogue.database import open_database, reading, writing
from catalogue.hours import zone_of
from catalogue.needs import Ahead, EventKind, EventStatus, Need
from catalogue.tables import events, occurrences, outbox, reminders
from scheduler.outbox import State
from tests.botapi.drive import Telegram
from tests.telegram import running

FIRST_PERSON = 20_000
REGISTERED_A_SECOND = 400
PER_SECOND = 25
# Nobody is written to at night: the meeting is where it is day, whatever the hour at which the trial is run.
SOMEWHERE = {"92": "Nanterre", "971": "Basse-Terre", "987": "Papeete", "988": "Nouméa"}
MORNING, EVENING = 8, 18
ICAL = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:epreuve@exemple.invalid
SUMMARY:Café solidaire
DTSTART:{start:%Y%m%dT%H%M%SZ}
DTEND:{end:%Y%m%dT%H%M%SZ}
END:VEVENT
END:VCALENDAR
"""


@dataclass(frozen=True)
class Outcome:
    """What the trial counted."""

    people: int
    kills: int
    reached: int  # people who got their reminder
    copies: int  # reminders received once more
    most: int  # the most anyone received
    resent: int  # rows marked as perhaps sent twice: on the wire at a kill or a cut
    unsettled: int
    early: int  # calls made before the moment a 429 asked to wait for
    problems: list[str]
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.people} reminders due at once, {self.kills} kills, {self.seconds:.0f} s: {self.reached} people "
            f"reached, {self.copies} second copies ({self.resent} may have been sent twice), at most {self.most} of "
            f"one, {self.unsettled} unsettled, {self.early} calls before the moment asked, "
            f"problems: {self.problems or 'none'}"
        )


def trial(
    folder: Path, database_url: str, people: int, kills: int, seed: int, faults: tuple[dict[str, Any], ...] = ()
) -> Outcome:
    """Reminds everybody, kills the product meanwhile, injects the faults between kills, and counts."""
    luck, start = random.Random(seed), time.monotonic()
    engine = open_database(database_url)
    due = datetime.now(UTC) + timedelta(seconds=10 + people / REGISTERED_A_SECOND)
    with running("polling", folder, {"DATABASE_URL": database_url}) as telegram:
        ask_to_be_reminded(engine, people, due)
        asyncio.run(_register(telegram, people))
        time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
        for _ in range(kills):
            if faults:
                telegram.fault(**luck.choice(faults))
            time.sleep(luck.uniform(0.2, 2.0 * people / PER_SECOND / max(kills, 1)))
            _kill_and_restart(telegram)
        _wait_until_settled(engine, people)
        calls = telegram.get("events", kind="call")["events"]
        problems = [] if faults else telegram.problems()
    outcome = _count(engine, people, kills, calls, problems, time.monotonic() - start)
    engine.dispose()
    return outcome


def ask_to_be_reminded(engine: Engine, people: int, due: datetime) -> None:
    """So many people, each with one reminder of the same meeting, due at the same moment (UTC)."""
    starts = due.replace(microsecond=0) + timedelta(hours=2)
    by_day = next(code for code in SOMEWHERE if MORNING <= due.astimezone(zone_of(code)).hour < EVENING)
    event = {
        "source": "épreuve",
        "source_id": "epreuve@exemple.invalid",
        "nom": "Café solidaire",
        "kind": EventKind.CAFE_SOLIDAIRE,
        "needs": [Need.LIEN_SOCIAL],
        "description": "On se retrouve autour d'un café.",
        "commune": SOMEWHERE[by_day],
        "departement": by_day,
        "exact": False,
        "status": EventStatus.PLANNED,
        "ical": ICAL.format(start=starts, end=starts + timedelta(hours=2)),
        "known_until": starts + timedelta(days=92),
        "learnt_at": starts - timedelta(days=7),
    }
    with writing(engine) as connection:
        id_ = connection.execute(insert(events).values(event).returning(events.c.id)).scalar_one()
        date = {"event_id": id_, "original_at": starts, "starts_at": starts, "all_day": False, "z": -1}
        connection.execute(insert(occurrences).values(date | {"status": EventStatus.PLANNED}))
        asked = {"channel": "telegram", "event_id": id_, "original_at": starts, "ahead": Ahead.HEURES, "due_at": due}
        asked |= {"state": "waiting", "told_status": EventStatus.PLANNED, "told_at": starts, "told_sure": True}
        connection.execute(insert(reminders), [asked | {"person": str(who)} for who in _everybody(people)])


def _everybody(people: int) -> range:
    return range(FIRST_PERSON, FIRST_PERSON + people)


async def _register(telegram: Telegram, people: int) -> None:
    """Telegram only lets a bot write to those who have started it."""
    async with aiohttp.ClientSession() as session:
        for who in _everybody(people):
            body = {"user": who, "status": "member"}
            async with session.post(f"{telegram.url}/control/member", json=body) as response:
                response.raise_for_status()


def _kill_and_restart(telegram: Telegram) -> None:
    process = telegram.procs.pop()
    process.send_signal(signal.SIGKILL)
    process.wait()
    telegram.start_bot()


def _wait_until_settled(engine: Engine, people: int) -> None:
    """Until everybody's message has ended its way; the pace is Telegram's."""
    end = time.monotonic() + 120 + people / 15
    while time.monotonic() < end and _settled(engine) < people:
        time.sleep(1)


def _settled(engine: Engine) -> int:
    with reading(engine) as connection:
        found = select(func.count()).select_from(outbox).where(outbox.c.settled_at.is_not(None))
        return connection.execute(found).scalar_one()


def _count(engine: Engine, people: int, kills: int, calls: list[Any], problems: list[str], seconds: float) -> Outcome:
    messages = [call for call in calls if call["method"] == "sendMessage"]
    received = Counter(call["chat"] for call in messages if call["status"] == 200)
    with reading(engine) as connection:
        rows = connection.execute(select(outbox.c.state, outbox.c.resent)).all()
    return Outcome(
        people=people,
        kills=kills,
        reached=sum(who in received for who in _everybody(people)),
        copies=sum(received.values()) - len(received),
        most=max(received.values(), default=0),
        resent=sum(row.resent for row in rows),
        unsettled=sum(row.state not in (State.SENT, State.UNCERTAIN) for row in rows),
        early=_too_early(messages),
        problems=problems,
        seconds=seconds,
    )


def _too_early(messages: list[Any]) -> int:
    """Calls that came before the moment the last 429 had asked to wait for."""
    early, free_at = 0, 0.0
    for call in sorted(messages, key=lambda call: call["t"]):
        early += call["t"] < free_at
        if call["status"] == 429:
            free_at = call["t"] + call["reply"]["parameters"]["retry_after"]
    return early
