"""Whole stories of several people, through the wire of the Bot API, as transcripts to be read in review like prose.

    @ 2026-11-24 10:00            the product is started again, at that moment (Europe/Paris)
    $ invite --role correspondent --territory 92073       a command of the product; {lien} is the link it wrote
    > Correspondante : /start {lien}                      what somebody writes
    > Correspondante : [J'accepte]                        or taps
    # a note

Everything else is what the product says. The entries are those of ENTRIES, in a commune the shipped catalogue does not
know.
"""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from click.testing import CliRunner
from sqlalchemy import func, select

from bot.__main__ import main
from catalogue.database import open_database, reading, writing
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.tables import outbox, ticks
from scheduler.heartbeat import PERIODS
from tests.botapi.drive import Answer, Telegram
from tests.telegram import running

FOLDER = Path(__file__).parent
MODULE = [sys.executable, "-m", "tests.stories.at"]
PARIS = ZoneInfo("Europe/Paris")
SETTLES_WITHIN = 30  # seconds
A_SECOND = 1.0
SURESNES = {"commune": "Suresnes", "code_postal": "92150", "code_insee": "92073", "departement": "92"}
ENTRIES = (
    {"nom": "Épicerie du Pont", "kind": "epicerie-solidaire", "needs": ["alimentation"], "adresse": "3 rue du Pont"},
    {"nom": "Atelier des Rouages", "kind": "repair-cafe", "needs": ["equipement"], "adresse": "8 rue des Moulins"},
)


def stories() -> list[Path]:
    """Every story of the folder."""
    return sorted(FOLDER.glob("*.txt"))


def play(story: str, database_url: str, folder: Path) -> str:
    """The same story as the product tells it today, on a database that holds the shipped catalogue."""
    _know_the_entries(database_url)
    told: list[str] = []
    with _Stage(database_url, folder).open() as stage:
        for line in filter(None, story.splitlines()):
            if line.startswith(("# ", "@ ", "$ ", "> ")):
                told += [line, *stage.act(line)]
        assert not stage.telegram.problems(), stage.telegram.problems()
    return "\n".join(told) + "\n"


def _know_the_entries(database_url: str) -> None:
    engine = open_database(database_url)
    known = UNKNOWN | SURESNES | {"source": "histoire", "latitude": 48.8697, "longitude": 2.2267, "exact": True}
    rows = [
        known | entry | {"source_id": str(number), "description": "Ouvert à tous.", "verified_method": "import"}
        for number, entry in enumerate(ENTRIES)
    ]
    with writing(engine) as connection:
        save_initiatives(connection, rows)
    engine.dispose()


class _Stage:
    """The product and the people of one story."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.database_url, self.folder = database_url, folder
        self.people: dict[str, int] = {}
        self.links: list[str] = []
        self.moment = ""
        self.telegram: Telegram
        self.told_until = 0
        self.last_done = ""

    @contextmanager
    def open(self) -> Iterator["_Stage"]:
        with running("polling", self.folder, {"DATABASE_URL": self.database_url}, product=None) as self.telegram:
            self.telegram.quiet = 0  # nothing more comes once what was due has left: see _settles
            yield self

    def act(self, line: str) -> list[str]:
        """What is said back to a line."""
        sign, what = line[0], line[2:]
        if sign == "@":
            return self._starts_again(what)
        if sign == "$":
            return self._commands(what)
        if sign == ">":
            name, _colon, done = what.partition(" : ")
            return self._does(name, done)
        return []

    def _starts_again(self, moment: str) -> list[str]:
        telegram = self.telegram
        if len(telegram.procs) > 1:
            telegram.stop(telegram.procs.pop())
        self.moment = datetime.strptime(moment, "%Y-%m-%d %H:%M").replace(tzinfo=PARIS).isoformat()
        telegram.bot = [*MODULE, self.moment, "run"]
        telegram.start_bot()
        self._settles()
        return self._written()

    def _settles(self) -> None:
        """Waits until all that is periodic was done since the start, and what was due has left."""
        engine = open_database(self.database_url)
        started = datetime.fromisoformat(self.moment)
        end = time.monotonic() + SETTLES_WITHIN
        done = select(func.count()).select_from(ticks).where(ticks.c.at >= started)
        due = outbox.c.due_at <= started + timedelta(minutes=5)  # written since the start, to leave at once
        left = select(func.count()).select_from(outbox).where(outbox.c.settled_at.is_(None), due)
        while True:
            with reading(engine) as connection:
                if connection.scalar(done) == len(PERIODS) and not connection.scalar(left):
                    break
            assert time.monotonic() < end, "the product does not settle"
            time.sleep(0.03)
        engine.dispose()

    def _commands(self, command: str) -> list[str]:
        """Runs a command of the product, at the story's moment."""
        env = {"DATABASE_URL": self.database_url, "TELEGRAM_TOKEN": None}
        with time_machine.travel(self.moment):
            ran = CliRunner().invoke(main, _words(command), env=env)
        self.links += re.findall(r"start=(\w+)", ran.stdout)
        return _masked((ran.stdout if ran.exit_code == 0 else ran.stderr).splitlines())

    def _does(self, name: str, done: str) -> list[str]:
        number = self.people.setdefault(name, 2001 + len(self.people))
        person = self.telegram.user(number, first_name=name)
        link = self.links[-1] if self.links else ""
        if done == self.last_done:
            time.sleep(A_SECOND)  # nobody taps the same button faster, and Telegram would complain
        self.last_done = done
        if done.startswith("/start"):
            payload = done.removeprefix("/start").strip().format(lien=link)
            person.start(payload) if payload else person.say("/start")
        elif done.startswith("["):
            person.tap(done.strip("[]"))
        else:
            person.say(done)
        self._settles()  # of several messages, the second leaves a second later
        return self._written()

    def _written(self) -> list[str]:
        """What was written to each since the last time, by person."""
        calls = self.telegram.get("events", since=self.told_until, kind="call")["events"]
        self.told_until = max((call["seq"] for call in calls), default=self.told_until)
        said: dict[int, list[str]] = {}
        for call in calls:
            if call["method"] in ("sendMessage", "editMessageText") and call["status"] == 200:
                answer = Answer(call)
                self.links += re.findall(r"start=(i\w+)", answer.text)
                said.setdefault(call["chat"], []).extend(_shown(answer, self._name(call["chat"])))
        return _masked([line for number in sorted(said) for line in said[number]])

    def _name(self, number: int) -> str:
        return next((name for name, known in self.people.items() if known == number), "?")


def _words(command: str) -> list[str]:
    return [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', command)]


def _masked(lines: list[str]) -> list[str]:
    """Without what is drawn at random: the secrets of links."""
    return [re.sub(r"start=i[0-9a-f]{32}", "start=i…", line) for line in lines]


def _shown(answer: Answer, name: str) -> list[str]:
    first, *rest = answer.text.splitlines() or [""]
    rows: list[list[dict[str, Any]]] = (answer.reply.get("reply_markup") or {}).get("inline_keyboard", [])
    buttons = ["    " + " ".join(f"[{button['text']}]" for button in row) for row in rows]
    keys = ["    " + " ".join(f"[{key}]" for key in answer.keys)] if answer.keys else []
    return [f"Guide à {name} : {first}", *(f"    {line}" if line else "" for line in rest), *buttons, *keys]
