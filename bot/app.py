"""Wires one process together: the database, the conversation, its channels, and what runs beside them."""

import asyncio
import contextlib
import errno
import logging
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvicorn
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from telegram import Update
from telegram.error import InvalidToken, TelegramError

from bot.channels import telegram
from bot.channels.web import create_app
from bot.dispatch import Dispatcher
from bot.migrations import NewerDatabase, migrate
from bot.runner import Runner
from bot.settings import Settings
from catalogue.database import open_database, reading, writing
from catalogue.exchange.shipped import LoadReport, Progress, load_shipped
from catalogue.gazetteer import read_places
from catalogue.places import PlaceIndex
from scheduler import outbox, retention
from scheduler.clock import every, make_clock
from scheduler.delivery import Delivery
from scheduler.limits import Limiter

logger = logging.getLogger(__name__)

THREADS = 8
TURNS_AT_ONCE = 4
PATIENCE_S = 3.0  # for each of the two waits of a clean stop
LARGEST_UPDATE = 1_000_000  # bytes


class CannotStart(Exception):
    """Why the product does not start, in one line for the person at the keyboard."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database ready to answer."""

    engine: Engine
    runner: Runner
    report: LoadReport


def prepare(settings: Settings, progress: Progress | None = None) -> Prepared:
    """Opens the database, migrates it, loads the shipped catalogue and builds the index of places.

    Raises CannotStart when the data folder cannot be written or the database does not answer.
    """
    try:
        engine = open_database(settings.DATABASE_URL)
        migrate(engine)
        report = load_shipped(engine, progress)
        with reading(engine) as connection:
            index = PlaceIndex(read_places(connection))
    except NewerDatabase as error:
        raise CannotStart("La base de données vient d'une version plus récente : mettez le produit à jour.") from error
    except OSError as error:
        raise CannotStart(f"Le dossier des données ne peut pas être écrit ({error.strerror}).") from error
    except SQLAlchemyError as error:
        raise CannotStart(_database_trouble(settings, error)) from error
    return Prepared(engine, Runner(engine, index, {telegram.CHANNEL: telegram.compose}), report)


def _database_trouble(settings: Settings, error: SQLAlchemyError) -> str:
    url = make_url(settings.DATABASE_URL)
    if url.get_backend_name() == "sqlite":
        folder = Path(url.database or "").parent
        return f"La base de données ne peut pas être ouverte : vérifiez que {folder} est inscriptible."
    shown = url.render_as_string(hide_password=True)
    return f"La base de données ne répond pas ({type(error).__name__}) : vérifiez DATABASE_URL, {shown}."


def listen(settings: Settings) -> socket.socket:
    """The web chat's socket. Raises CannotStart when the address is taken or is not this machine's."""
    family = socket.AF_INET6 if ":" in settings.WEB_HOST else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.WEB_HOST, settings.WEB_PORT))
        # At once: who opens the page while the catalogue loads waits a little, instead of being refused.
        listening.listen(2048)
    except OSError as error:
        listening.close()
        why = "elle est déjà prise" if error.errno == errno.EADDRINUSE else str(error.strerror)
        trouble = f"L'adresse {settings.web_address} ne peut pas être ouverte ({why})"
        raise CannotStart(f"{trouble} : changez WEB_PORT ou WEB_HOST.") from error
    return listening


class _Server(uvicorn.Server):
    """uvicorn, without its own way of catching signals: one place stops the whole process."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


async def serve(settings: Settings, prepared: Prepared, listening: socket.socket) -> None:
    """Runs every channel until SIGINT or SIGTERM. Raises CannotStart if Telegram refuses the token."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    with ThreadPoolExecutor(THREADS, "turn") as pool:
        channel = TelegramChannel(settings, prepared.runner, pool) if settings.TELEGRAM_TOKEN else None
        server = _server(settings, prepared.runner, channel)
        clock = make_clock()
        every(clock, 3600, partial(_forget, prepared.engine, pool))
        async with contextlib.AsyncExitStack() as stack:
            web = asyncio.create_task(server.serve(sockets=[listening]))
            stack.push_async_callback(_stop_web, server, web)
            failed: list[BaseException] = []
            if channel:
                await stack.enter_async_context(channel.running(failed, stop))
                every(clock, 5, channel.sweep)
            clock.start()
            stack.callback(clock.shutdown, wait=False)
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait({waiting, web}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        if failed:
            raise failed[0]


def _server(settings: Settings, runner: Runner, channel: "TelegramChannel | None") -> _Server:
    by_webhook = channel is not None and settings.TELEGRAM_MODE == "webhook"
    app = create_app(runner, settings, channel.webhook if channel and by_webhook else None)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=int(PATIENCE_S),
        server_header=False,
    )
    return _Server(config)


async def _stop_web(server: _Server, web: asyncio.Task[None]) -> None:
    server.should_exit = True
    await asyncio.wait({web}, timeout=PATIENCE_S + 1)


async def _forget(engine: Engine, pool: ThreadPoolExecutor) -> None:
    def whole() -> None:
        now = datetime.now(UTC)
        with writing(engine) as connection:
            retention.forget_the_silent(connection, now)
            outbox.expire(connection, now)

    await asyncio.get_running_loop().run_in_executor(pool, whole)


class TelegramChannel:
    """Telegram in this process: updates to the inbox, turns, the outbox to Telegram."""

    def __init__(self, settings: Settings, runner: Runner, pool: ThreadPoolExecutor) -> None:
        self._settings, self._runner, self._pool = settings, runner, pool
        try:
            self._bot = telegram.make_bot(settings)
        except InvalidToken:
            raise CannotStart(REFUSED) from None
        self._delivery = Delivery(runner.engine, telegram.CHANNEL, self._send, Limiter(), telegram.pace_of, pool)
        self._known = asyncio.Event()  # Telegram has answered: the token is right, the client is ready
        self._dispatcher = Dispatcher(runner, telegram.CHANNEL, pool, TURNS_AT_ONCE, self._delivery.wake)

    async def sweep(self) -> None:
        """Takes up what was left unhandled."""
        await self._dispatcher.sweep()

    @contextlib.asynccontextmanager
    async def running(self, failed: list[BaseException], stop: asyncio.Event) -> AsyncIterator[None]:
        """Everything this channel runs; what ends it too early is put in `failed`, and `stop` is set."""

        def watch(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and task.exception():
                failed.append(task.exception() or RuntimeError())
                stop.set()

        sending = asyncio.create_task(self._deliver())
        receiving = asyncio.create_task(self._receive_updates())
        for task in (sending, receiving):
            task.add_done_callback(watch)
        try:
            yield
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
            await self._dispatcher.stop(PATIENCE_S)
            await self._delivery.stop(PATIENCE_S)
            if not self._known.is_set():
                sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            with contextlib.suppress(TelegramError):
                await self._bot.shutdown()

    async def webhook(self, request: Request) -> Response:
        """One update brought by Telegram: refused without the secret, acknowledged once it is stored."""
        secret = self._settings.TELEGRAM_WEBHOOK_SECRET
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        expected = secret.get_secret_value() if secret else ""
        if not expected or not secrets.compare_digest(given.encode(), expected.encode()):
            return PlainTextResponse("refusé", 403)
        if int(request.headers.get("Content-Length", "0")) > LARGEST_UPDATE:
            return PlainTextResponse("trop grand", 413)
        try:
            updates = telegram.updates_from(self._bot, await request.json())
        except ValueError:
            return PlainTextResponse("illisible", 400)
        await self.receive(updates)
        return Response(status_code=200)

    async def receive(self, updates: Sequence[Update]) -> None:
        """Stores a batch of updates, then has them handled."""
        arrivals = [arrival for update in updates if (arrival := telegram.arrival_of(update))]
        loop = asyncio.get_running_loop()
        if arrivals:
            if await loop.run_in_executor(self._pool, self._runner.receive, arrivals):
                self._delivery.wake()
            else:
                self._dispatcher.note(dict.fromkeys(arrival.person for arrival in arrivals))
        for person in filter(None, map(telegram.left_by, updates)):
            await loop.run_in_executor(self._pool, self._runner.forget, telegram.CHANNEL, person)

    async def _send(self, person: str, message: dict[str, object]) -> None:
        await telegram.send(self._bot, person, message)

    async def _deliver(self) -> None:
        await self._known.wait()
        await self._delivery.run()

    async def _receive_updates(self) -> None:
        await self._introduce()
        self._known.set()
        if self._settings.TELEGRAM_MODE == "webhook":
            try:
                await telegram.set_webhook(self._bot, self._settings)
            except TelegramError as error:
                raise CannotStart(f"Telegram refuse TELEGRAM_WEBHOOK_URL ({error.message}).") from None
        else:
            try:
                await telegram.poll(self._bot, self.receive)
            except InvalidToken:
                raise CannotStart(REFUSED) from None

    async def _introduce(self) -> None:
        """Until Telegram answers: a network that comes late must not keep the web chat from starting."""
        wait = 1.0
        while True:
            try:
                await self._bot.initialize()
                await telegram.introduce(self._bot)
                return
            except InvalidToken:
                raise CannotStart(REFUSED) from None
            except TelegramError as error:
                logger.warning("Telegram ne répond pas (%s) ; nouvel essai.", type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(30.0, wait * 2)


REFUSED = "Telegram refuse TELEGRAM_TOKEN : vérifiez le jeton donné par @BotFather."
