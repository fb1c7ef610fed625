"""Opening the database, and the two ways to use it: reading, and writing in one transaction."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5

# SQLite has one writer. Queueing for it here is fair and immediate; its own busy handler sleeps and polls.
_turns_to_write: dict[str, threading.RLock] = {}


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`, set up as the design asks.

    Raises sqlalchemy.exc.ArgumentError if the address cannot be read.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        patience = {"connect_timeout": CONNECT_TIMEOUT_S}
        return create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=8, connect_args=patience)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"check_same_thread": False}, pool_size=8, max_overflow=8)
    event.listen(engine, "connect", _prepare_sqlite)
    _turns_to_write.setdefault(str(engine.url), threading.RLock())
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # Transactions are begun by hand below: the driver would only begin at the first write, too late to be alone.
    connection.isolation_level = None
    _to_wal(connection)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-32000",
        "mmap_size=268435456",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _to_wal(connection: sqlite3.Connection) -> None:
    """Several processes may open a new file together, and SQLite does not wait before changing its journal."""
    end = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read from; nothing done through it is kept."""
    with engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection inside one transaction: committed at the end, rolled back if anything is raised."""
    alone = _turns_to_write.get(str(engine.url), nullcontext())
    with alone, engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
