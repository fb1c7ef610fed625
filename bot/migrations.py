"""Bringing a database to the schema this version was written for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from catalogue.database import reading

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).resolve().parent
ONE_AT_A_TIME = 0x626F6E6E65  # "bonne": the number of PostgreSQL's lock between processes that start together


class NewerDatabase(RuntimeError):
    """The database was brought further than this version knows: it must not be touched."""


def migrate(engine: Engine) -> None:
    """Bring the database to the last revision, all of it or nothing. Costs two queries when it is there already.

    Raises NewerDatabase if a later version of the product has already changed it.
    """
    found = current_revision(engine)
    if found == head():
        return
    if found not in (None, *_known()):
        raise NewerDatabase(f"The database is at revision {found}; this version knows none after {head()}.")
    from alembic import command  # slow to load, and nearly every start has nothing to migrate

    with changing(engine) as connection:
        command.upgrade(configuration(connection), "head")


def downgrade(engine: Engine, to: str) -> None:
    """Take the database back to an earlier revision, or to "base" (no table at all)."""
    from alembic import command

    with changing(engine) as connection:
        command.downgrade(configuration(connection), to)


def current_revision(engine: Engine) -> str | None:
    """The revision a database is at, None before the first."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def head() -> str | None:
    """The last revision. Files are numbered by revision, so none needs to be loaded to know it."""
    return max(_known(), default=None)


def _known() -> list[str]:
    return [path.stem.partition("_")[0] for path in (_scripts() / "versions").glob("[0-9]*.py")]


def _scripts() -> Path:
    """Inside the package once installed, beside it in a checkout."""
    installed = HERE / "alembic"
    return installed if installed.is_dir() else HERE.parent / "alembic"


def configuration(connection: Connection) -> "Config":
    """What alembic is told, to work through a connection that is already open."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """A connection to change the schema through: alone, and in one transaction on both engines."""
    with engine.connect() as connection:
        work = _changing_sqlite if engine.dialect.name == "sqlite" else _changing_postgresql
        with work(connection):
            yield connection


@contextmanager
def _changing_postgresql(connection: Connection) -> Iterator[None]:
    with connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        yield


@contextmanager
def _changing_sqlite(connection: Connection) -> Iterator[None]:
    # SQLite changes a table by copying it and dropping the old one, which would delete every row that refers to it.
    _enforce_foreign_keys(connection, False)
    try:
        with connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
            if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
                raise RuntimeError(f"The migration leaves {len(orphans)} rows that refer to nothing.")
    finally:
        _enforce_foreign_keys(connection, True)


def _enforce_foreign_keys(connection: Connection, enforced: bool) -> None:
    connection.exec_driver_sql(f"PRAGMA foreign_keys={'ON' if enforced else 'OFF'}")
    connection.commit()  # the pragma does nothing inside a transaction
