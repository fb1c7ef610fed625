"""Wires one process together: the database, the conversation, its channels, and what runs beside them."""

import asyncio
import contextlib
import errno
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvicorn
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.telegram import PATIENCE_S, TelegramChannel
from bot.channels.telegram_messages import CHANNEL, compose
from bot.channels.web import create_app
from bot.migrations import NewerDatabase, migrate
from bot.runner import Runner
from bot.settings import CannotStart, Settings
from catalogue.database import open_database, reading, writing
from catalogue.exchange.shipped import LoadReport, load_shipped
from catalogue.exchange.taking_in import Progress
from catalogue.gazetteer import read_places, read_usual_names
from catalogue.places import PlaceIndex
from catalogue.understanding import read_understander
from scheduler import outbox, retention
from scheduler.clock import every, make_clock

THREADS = 8


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
            index = PlaceIndex(read_places(connection), read_usual_names())
    except NewerDatabase as error:
        raise CannotStart("La base de données vient d'une version plus récente : mettez le produit à jour.") from error
    except OSError as error:
        raise CannotStart(f"Le dossier des données ne peut pas être écrit ({error.strerror}).") from error
    except SQLAlchemyError as error:
        raise CannotStart(_database_trouble(settings, error)) from error
    return Prepared(engine, Runner(engine, index, read_understander(), {CHANNEL: compose}), report)


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
