"""Wires one process together: the database, the conversation, its channels, and what runs beside them."""

import asyncio
import contextlib
import errno
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.channels.telegram_messages import CHANNEL, compose
from bot.channels.web import create_app
from bot.dispatch import PATIENCE_S
from bot.migrations import NewerDatabase, migrate
from bot.runner import Runner
from bot.settings import CannotStart, Settings
from bot.works import Worker, works
from catalogue.database import open_database, reading
from catalogue.exchange.shipped import LoadReport, load_shipped
from catalogue.exchange.taking_in import Progress
from catalogue.gazetteer import read_places, read_usual_names
from catalogue.places import PlaceIndex
from catalogue.understanding import read_understander
from scheduler.clock import every, make_clock
from scheduler.heartbeat import PERIODS

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel

THREADS = 8


@dataclass(frozen=True)
class Opened:
    """A database with the catalogue in it."""

    engine: Engine
    report: LoadReport

    @cached_property
    def index(self) -> PlaceIndex:
        """Its places: a second to build, for those who need it."""
        with reading(self.engine) as connection:
            places = read_places(connection)
        self.engine.dispose()  # lets go of the pages of the database that nothing else reads
        return PlaceIndex(places, read_usual_names())


def open_catalogue(settings: Settings, progress: Progress | None = None) -> Opened:
    """Opens the database, migrates it and loads the shipped catalogue.

    Raises CannotStart when the data folder cannot be written or the database does not answer.
    """
    engine = migrated(settings.DATABASE_URL)
    try:
        report = load_shipped(engine, progress)
    except SQLAlchemyError as error:
        raise CannotStart(_database_trouble(settings.DATABASE_URL, error)) from error
    return Opened(engine, report)


def migrated(database_url: str) -> Engine:
    """The database of an address, brought to the schema of this version.

    Raises CannotStart when it cannot be used, sqlalchemy.exc.ArgumentError for what is not an address.
    """
    try:
        engine = open_database(database_url)
        migrate(engine)
    except NewerDatabase as error:
        raise CannotStart("La base de données vient d'une version plus récente : mettez le produit à jour.") from error
    except OSError as error:
        raise CannotStart(f"Le dossier des données ne peut pas être écrit ({error.strerror}).") from error
    except ArgumentError:
        raise
    except SQLAlchemyError as error:
        raise CannotStart(_database_trouble(database_url, error)) from error
    return engine


def conversation(opened: Opened) -> Runner:
    """What answers people, from an open catalogue."""
    return Runner(opened.engine, opened.index, read_understander(), {CHANNEL: compose})


def _database_trouble(database_url: str, error: SQLAlchemyError) -> str:
    url = make_url(database_url)
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


async def serve(settings: Settings, runner: Runner, listening: socket.socket) -> None:
    """Runs every channel until SIGINT or SIGTERM. Raises CannotStart if Telegram refuses the token."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    with ThreadPoolExecutor(THREADS, "turn") as pool:
        channel = _telegram(settings, runner, pool)
        server = _server(settings, runner, channel)
        clock = make_clock()
        worker = Worker(runner.engine, runner.index, pool, channel.wake if channel else _nobody_to_tell)
        for work in works(runner.composers if channel else {}):
            every(clock, PERIODS[work.name], partial(worker.do, work))
        every(clock, PERIODS["feeds"], worker.read_feeds)
        async with contextlib.AsyncExitStack() as stack:
            web = asyncio.create_task(server.serve(sockets=[listening]))
            stack.push_async_callback(_stop_web, server, web)
            failed: list[BaseException] = []
            if channel:
                await stack.enter_async_context(channel.running(failed, stop))
                every(clock, 5, channel.sweep)
            clock.start()
            stack.callback(clock.shutdown, wait=False)
            stack.push_async_callback(worker.stop, PATIENCE_S)
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait({waiting, web}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        if failed:
            raise failed[0]


def _telegram(settings: Settings, runner: Runner, pool: ThreadPoolExecutor) -> "TelegramChannel | None":
    if not settings.TELEGRAM_TOKEN:
        return None
    from bot.channels.telegram import TelegramChannel  # a quarter of what starting costs, for who has a bot

    return TelegramChannel(settings, runner, pool)


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


def _nobody_to_tell() -> None:
    """On the web alone, nothing is told later."""
