"""A whole durable turn of orientation on Telegram, against python-telegram-bot echoing a message and keeping nothing.

Both start from the update's JSON and end with the answer to `sendMessage`; only the network is left out: the request
of each bot is one that answers at once. Ours runs in one thread, as a worker and the sender would, on SQLite set up as
in production.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from statistics import fmean
from typing import Any

from sqlalchemy import Engine
from telegram import Bot, Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters
from telegram.request import BaseRequest, RequestData

from bot.channels import telegram
from bot.channels.telegram_messages import CHANNEL, compose
from bot.runner import Runner
from catalogue.database import reading, writing
from catalogue.gazetteer import read_places, read_usual_names
from catalogue.needs import Need
from catalogue.places import PlaceIndex
from scheduler import outbox
from tests.bench.clockwork import p50
from tests.bench.report import Report, entries, micro
from tests.bench.synthetic import People, inhabited
from tests.handlers.memory import shipped_understander

TOKEN = "1:bench"
DATE = 1_717_236_000
PHASES = ("parse", "handle", "claim", "send", "settle")
KINDS = ("start", "need", "results")
WARM_UP = 20


_RESULTS = {
    "getMe": {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"},
    "sendMessage": {
        "message_id": 7,
        "date": DATE,
        "chat": {"id": 7, "type": "private", "first_name": "A"},
        "text": "ok",
    },
    "answerCallbackQuery": True,
}
_PAYLOADS = {name.lower(): json.dumps({"ok": True, "result": result}).encode() for name, result in _RESULTS.items()}


class NoNetwork(BaseRequest):
    """The Bot API as it answers when all goes well, without the wire."""

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, **timeouts: Any
    ) -> tuple[int, bytes]:
        # What any transport does before it writes to the wire.
        assert request_data is None or request_data.json_parameters is not None
        return 200, _PAYLOADS[url.rpartition("/")[2].lower()]


# ---- what people do ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """Three updates of one person, as Telegram writes them."""

    updates: dict[str, str]  # by kind of turn


def people(number: int, index: PlaceIndex, seed: int) -> Iterator[Person]:
    """People who tap any need, and write where they live, where that name is enough to know."""
    drawn, numbers = People(seed), count(seed * 1_000_000)
    needs = list(Need)
    made = 0
    while made < number:
        town = inhabited()[int(drawn.towns(1)[0])]
        if not index.find(town.nom).sure:
            continue
        made += 1
        need = needs[int(drawn.random.integers(len(needs)))]
        yield _person(next(numbers), need, town.nom, numbers)


def _person(id_: int, need: Need, town: str, numbers: Iterator[int]) -> Person:
    user = {"id": id_, "is_bot": False, "first_name": "A", "language_code": "fr"}
    chat = {"id": id_, "type": "private", "first_name": "A"}

    def said(text: str, **more: Any) -> str:
        message = {"message_id": next(numbers), "date": DATE, "chat": chat, "from": user, "text": text, **more}
        return json.dumps({"update_id": next(numbers), "message": message})

    question = {"message_id": next(numbers), "date": DATE, "chat": chat, "text": "De quoi avez-vous besoin ?"}
    tap = {"id": str(id_), "from": user, "chat_instance": "1", "message": question, "data": f"besoin:{need.value}"}
    command = [{"type": "bot_command", "offset": 0, "length": 6}]
    return Person(
        {
            "start": said("/start", entities=command),
            "need": json.dumps({"update_id": next(numbers), "callback_query": tap}),
            "results": said(town),
        }
    )


# ---- both sides --------------------------------------------------------------------------------


async def _echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    if update.message:
        await update.message.reply_text(update.message.text or "")


class Echo:
    """python-telegram-bot, saying what it hears."""

    async def open(self) -> "Echo":
        self._application = Application.builder().token(TOKEN).request(NoNetwork()).updater(None).build()
        self._application.add_handler(MessageHandler(filters.TEXT, _echo))
        await self._application.initialize()
        return self

    async def turn(self, text: str) -> float:
        """One turn; returns the seconds spent."""
        start = time.perf_counter()
        await self._application.process_update(Update.de_json(json.loads(text), self._application.bot))
        return time.perf_counter() - start

    async def close(self) -> None:
        await self._application.shutdown()


class Watch:
    """Seconds spent in each phase of one turn."""

    def __init__(self) -> None:
        self.phases = dict.fromkeys(PHASES, 0.0)
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        """What was spent since the last lap goes to `phase`."""
        now = time.perf_counter()
        self.phases[phase] += now - self._since
        self._since = now


class Ours:
    """The product, on one database."""

    def __init__(self, engine: Engine, index: PlaceIndex) -> None:
        self._engine, self._index = engine, index
        self._runner = Runner(engine, index, shipped_understander(), {CHANNEL: compose})
        self._bot = Bot(TOKEN, request=NoNetwork(), get_updates_request=NoNetwork())
        self.spent: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
        self.sent = 0

    async def open(self) -> "Ours":
        await self._bot.initialize()
        return self

    async def close(self) -> None:
        await self._bot.shutdown()

    async def turn(self, kind: str, text: str) -> None:
        """One turn, from the update's bytes to what it sent being settled, as bot.app wires it."""
        watch = Watch()
        arrival = telegram.arrival_of(Update.de_json(json.loads(text), self._bot))
        assert arrival
        watch.lap("parse")
        assert self._runner.receive([arrival])
        watch.lap("handle")
        await self._deliver(watch)
        self.spent[kind].append(watch.phases)

    async def _deliver(self, watch: Watch) -> None:
        """What scheduler.delivery does for each message, one after the other."""
        with writing(self._engine) as connection:
            claimed = outbox.claim(connection, CHANNEL, datetime.now(UTC), 64, lambda *_: True)
        watch.lap("claim")
        for sending in claimed:
            assert sending.begun
            await telegram.send(self._bot, sending.person, sending.message)
            watch.lap("send")
            with writing(self._engine) as connection:
                outbox.settle(connection, sending.id, outbox.State.SENT, datetime.now(UTC))
            watch.lap("settle")
        self.sent += len(claimed)

    def whole(self, kind: str) -> float:
        """The median of a whole turn of one kind."""
        return p50([sum(phases.values()) for phases in self.spent[kind]])

    def phase(self, kind: str, phase: str) -> float:
        """The median of one phase of it."""
        return p50([phases[phase] for phases in self.spent[kind]])


def index_of(engine: Engine) -> PlaceIndex:
    """The places a database knows."""
    with reading(engine) as connection:
        return PlaceIndex(read_places(connection), read_usual_names())


async def play(ours: Sequence[Ours], echo: Echo, everybody: Sequence[Person]) -> list[float]:
    """Has everybody served by every side in turn; returns the seconds of each echo."""
    echoed, order = [], list(ours)
    for person in everybody:
        for kind, text in person.updates.items():
            for side in order:
                await side.turn(kind, text)
            echoed.append(await echo.turn(person.updates["results"]))
        order.append(order.pop(0))
    return echoed


async def _measure(engines: dict[int, Engine], turns: int) -> tuple[dict[int, Ours], float]:
    index = index_of(next(iter(engines.values())))
    echo = await Echo().open()
    ours = {size: await Ours(engine, index).open() for size, engine in engines.items()}
    everybody = list(people(turns + WARM_UP, index, seed=5))
    await play(list(ours.values()), echo, everybody[:WARM_UP])
    for side in ours.values():
        side.spent = {kind: [] for kind in KINDS}
    echoed = await play(list(ours.values()), echo, everybody[WARM_UP:])
    for opened in (echo, *ours.values()):
        await opened.close()
    return ours, p50(echoed)


def measure(report: Report, engines: dict[int, Engine], turns: int) -> None:
    """Adds what turns cost on databases by size; `turns` of each kind are played on each."""
    ours, echo = asyncio.run(_measure(engines, turns))
    report.title(f"A whole durable turn of orientation on Telegram, SQLite ({turns} of each kind, median)")
    report.fact("python-telegram-bot, bare echo", micro(echo))
    mean = {size: fmean(side.whole(kind) for kind in KINDS) for size, side in ours.items()}
    for size, side in ours.items():
        kinds = ", ".join(f"{kind} {micro(side.whole(kind))}" for kind in KINDS)
        report.fact(f"{entries(size)}: mean of the three kinds", f"{micro(mean[size])} ({kinds})")
        for kind in KINDS:
            phases = ", ".join(f"{phase} {micro(side.phase(kind, phase))}" for phase in PHASES)
            report.fact(f"{entries(size)}: where the time of {kind} goes", phases)
    results = {size: side.whole("results") for size, side in ours.items()}
    report.at_most("turn against a bare echo, 100 k entries, mean of the kinds", mean[100_000] / echo, 2.5)
    report.at_most("turn against a bare echo, 100 k entries, results alone", results[100_000] / echo, 2.5)
    if 1_000_000 in mean:
        report.at_most("turn, 1 M entries against 10 k, mean of the kinds", mean[1_000_000] / mean[10_000], 1.2)
        report.at_most("turn, 1 M entries against 10 k, results alone", results[1_000_000] / results[10_000], 1.2)
