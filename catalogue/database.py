"""Opening the database, and the two ways to use it: reading, and writing in one transaction."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry

if TYPE_CHECKING:
    import psycopg

BUSY_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 5

# SQLite has one writer. Queueing for it here is fair and immediate; its own busy handler sleeps and polls.
_turns_to_write: dict[str, threading.RLock] = {}


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`, set up as the design asks; its errors hold no values.

    Raises sqlalchemy.exc.ArgumentError if the address cannot be read.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        patience = {"connect_timeout": CONNECT_TIMEOUT_S}
        engine = create_engine(
            parsed, pool_pre_ping=True, pool_size=8, max_overflow=8, connect_args=patience, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    threads = {"check_same_thread": False}
    engine = create_engine(parsed, connect_args=threads, pool_size=8, max_overflow=8, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    _turns_to_write.setdefault(str(engine.url), threading.RLock())
    return engine


def _prepare_postgresql(connection: "psycopg.Connection", _: ConnectionPoolEntry) -> None:
    from psycopg.types.numeric import Int8Dumper  # only where PostgreSQL is used: it takes 9 MB

    # Each statement is written so that one plan serves every value. Planning again at each costs more than running it,
    # and so would starting processes or a compiler for a few rows.
    for setting, value in (
        ("plan_cache_mode", "force_generic_plan"),
        ("max_parallel_workers_per_gather", "0"),
        ("jit", "off"),
    ):
        connection.execute("SELECT set_config(%s, %s, false)", (setting, value))
    connection.commit()
    # The driver would send each whole number as the smallest type that holds it, and a statement with other types is
    # another statement: one that reads forty ids would hardly ever be the same again, and be planned at each reading.
    connection.adapters.register_dumper(int, Int8Dumper)


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # Transactions are begun by hand below: the driver would only begin at the first write, too late to be alone.
    connection.isolation_level = None
    _to_wal(connection)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-32000",
        "mmap_size=1073741824",  # a million entries; only what is read takes memory
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


_AS_BYTES = {"binary": True}  # how psycopg is told that PostgreSQL need not write numbers as text, to be read again


def read_rows(connection: Connection, statement: str, values: Sequence[object]) -> Sequence[tuple[Any, ...]]:
    """The rows of a statement written with "?", whatever the engine writes instead.

    For what is read several times in every turn: text handed to the driver, building, compiling and converting nothing,
    is three times cheaper, and both engines read the same words. Raises sqlalchemy.exc.DBAPIError.
    """
    how = {}
    if connection.dialect.paramstyle != "qmark":
        statement, how = _with_percents(statement), _AS_BYTES
    driver: Any = connection.connection.driver_connection
    try:
        rows: Sequence[tuple[Any, ...]] = driver.execute(statement, values, **how).fetchall()
    except connection.dialect.loaded_dbapi.Error:
        # Asked again through SQLAlchemy, which knows what a failure means for the connection.
        return [tuple(row) for row in connection.exec_driver_sql(statement, tuple(values))]
    return rows


@cache
def _with_percents(statement: str) -> str:
    return statement.replace("?", "%s")


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
        to_do = _to_do[connection] = {}
        try:
            yield connection
            for work, about in to_do.items():
                work(connection, about)
        finally:
            del _to_do[connection]


Work = Callable[[Connection, set[str]], None]
_to_do: WeakKeyDictionary[Connection, dict[Work, set[str]]] = WeakKeyDictionary()


def before_commit(connection: Connection, work: Work, about: Iterable[str]) -> None:
    """Have something done once, at the end of the transaction, about all that it was asked for in the meantime.

    For what must be in the transaction, and that others wait for. Raises RuntimeError outside `writing`.
    """
    if connection not in _to_do:
        raise RuntimeError("this is written in a transaction begun by catalogue.database.writing")
    _to_do[connection].setdefault(work, set()).update(about)


@contextmanager
def taken_back(connection: Connection) -> Iterator[None]:
    """A trial, inside `writing`: what is written is taken back at the end, with what it asked for before the commit."""
    to_do = _to_do[connection]
    before = {work: set(about) for work, about in to_do.items()}
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        to_do.clear()
        to_do.update(before)


def to_be_done(connection: Connection, work: Work) -> Set[str]:
    """What something will be done about before the commit; nothing when nothing is being written."""
    return _to_do.get(connection, {}).get(work, frozenset())


_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_into(connection: Connection, table: Table) -> Any:
    """An insertion that may say what to do with a row that is already there."""
    return _INSERTS[connection.dialect.name](table)
