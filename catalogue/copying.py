"""Moving a whole installation to another database, of the same engine or not, and checking it row by row."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg
from sqlalchemy import (
    Connection,
    Engine,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    collate,
    exists,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from catalogue.database import writing
from catalogue.tables import metadata

PAGE = 1_000  # rows in memory at a time, on each side
PAGE_OF_BYTES = 20  # of what is heavy: a photo may weigh a megabyte

Tell = Callable[[str, int, int], None]
Rows = Sequence[Row[Any]]


class CannotCopy(ValueError):
    """Why nothing was copied, in French for the person who moves the installation."""


@dataclass(frozen=True, slots=True)
class TableCopy:
    """A table, and how many rows of it were copied and found again."""

    table: str
    rows: int


def copy_database(source: Engine, target: Engine, tell: Tell) -> list[TableCopy]:
    """Copy every table into an empty database of the same revision, then read both again and compare row by row.

    One moment of the source, one transaction on the target: all of it or nothing. `tell(what, done, total)` is called
    after each page of rows. Raises CannotCopy; whatever is raised, by `tell` too, the target is left empty.
    """
    with _one_moment_of(source) as ours, writing(target) as theirs:
        _refuse_the_same_database(ours, theirs)
        _refuse_another_revision(ours, theirs)
        _keep_others_from_writing(theirs)
        _refuse_what_is_not_empty(theirs)
        return [_moved(ours, theirs, table, tell) for table in metadata.sorted_tables]


@contextmanager
def _one_moment_of(source: Engine) -> Iterator[Connection]:
    """A connection that sees nothing of what is written after its first reading."""
    with source.connect() as connection:
        if source.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


_IDENTITY = {
    "sqlite": text("SELECT file FROM pragma_database_list WHERE name = 'main'"),
    # The same server answers by a socket, by its name or by its number: its start tells it from any other.
    "postgresql": text("SELECT current_database(), pg_postmaster_start_time()"),
}


def _refuse_the_same_database(ours: Connection, theirs: Connection) -> None:
    one, other = (connection.execute(_IDENTITY[connection.dialect.name]).one() for connection in (ours, theirs))
    if one == other:
        raise CannotCopy("Les deux adresses sont celles de la même base : donnez l'adresse d'une base neuve.")


def _refuse_another_revision(ours: Connection, theirs: Connection) -> None:
    one, other = _revision(ours), _revision(theirs)
    if one is None:
        raise CannotCopy("La base à copier n'est pas celle d'une Bonne Porte : vérifiez son adresse.")
    if one != other:
        raise CannotCopy(
            f"La base à copier est à la version {one}, l'autre à la version {other or 'zéro'} : "
            "mettez-les d'abord à jour avec la même Bonne Porte."
        )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _keep_others_from_writing(theirs: Connection) -> None:
    """Until the end of the transaction. SQLite has only one writer."""
    if theirs.dialect.name == "postgresql":
        names = ", ".join(table.name for table in metadata.sorted_tables)
        theirs.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def _refuse_what_is_not_empty(theirs: Connection) -> None:
    for table in metadata.sorted_tables:
        if theirs.scalar(select(exists(select(1).select_from(table)))):
            raise CannotCopy(f"La base d'arrivée a déjà des lignes (table « {table.name} ») : donnez une base neuve.")


def _moved(ours: Connection, theirs: Connection, table: Table, tell: Tell) -> TableCopy:
    total = ours.scalar(select(func.count()).select_from(table)) or 0
    done = 0
    tell(table.name, done, total)
    for page in _pages(ours, table):
        _write(theirs, table, page)
        done += len(page)
        tell(table.name, done, total)
    _verify(ours, theirs, table, total, tell)
    _go_on_counting(ours, theirs, table)
    return TableCopy(table.name, total)


def _pages(connection: Connection, table: Table) -> Iterator[Rows]:
    heavy = any(isinstance(column.type, LargeBinary) for column in table.columns)
    options = {"yield_per": PAGE_OF_BYTES if heavy else PAGE}
    yield from connection.execute(_in_order(connection, table), execution_options=options).partitions()


def _in_order(connection: Connection, table: Table) -> Select[Any]:
    """Every row, in the order of its key that both engines can give: that of the bytes for words."""
    collation = "C" if connection.dialect.name == "postgresql" else "BINARY"
    keys = (collate(key, collation) if isinstance(key.type, String) else key for key in table.primary_key)
    return select(table).order_by(*keys)


def _write(theirs: Connection, table: Table, page: Rows) -> None:
    try:
        if theirs.dialect.name == "postgresql":
            _stream(theirs, table, page)
        else:
            theirs.execute(insert(table), [dict(row._mapping) for row in page])
    except (DBAPIError, psycopg.Error) as error:
        raise CannotCopy(_refusal(table, page, error)) from None  # the error itself holds what was written


def _stream(theirs: Connection, table: Table, page: Rows) -> None:
    """Write rows by COPY: two to four times faster than one INSERT a row."""
    dialect, columns = theirs.dialect, list(table.columns)
    as_stored = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    names = ", ".join(dialect.identifier_preparer.format_column(column) for column in columns)
    driver: Any = theirs.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as stream:
        for row in page:
            stream.write_row([to(value) if to else value for to, value in zip(as_stored, row, strict=True)])


def _refusal(table: Table, page: Rows, error: Exception) -> str:
    if any("\0" in value for row in page for value in row if isinstance(value, str)):
        return f"Un texte de la table « {table.name} » contient le caractère nul, que PostgreSQL ne sait pas garder."
    return f"La base d'arrivée n'accepte pas les lignes de la table « {table.name} » ({type(error).__name__})."


def _verify(ours: Connection, theirs: Connection, table: Table, total: int, tell: Tell) -> None:
    """Raises CannotCopy if a row is missing, is one too many, or has a value that is not the same."""
    key = itemgetter(*(list(table.columns).index(column) for column in table.primary_key))
    both = merge(_rows(ours, table), _rows(theirs, table), key=key)
    wrong = 0
    for done, (_, found) in enumerate(groupby(both, key), 1):
        wrong += not _alike(*found)
        if done % PAGE == 0 or done == total:
            tell(f"{table.name} (vérification)", done, total)
    if wrong:
        changed = f"Lignes de la table « {table.name} » qui ne sont plus les mêmes une fois copiées : {wrong}."
        raise CannotCopy(f"{changed} Rien n'a été gardé.")


def _rows(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    for page in _pages(connection, table):
        yield from page


def _alike(row: Row[Any], other: Row[Any] | None = None) -> bool:
    return row == other


_LAST_GIVEN = {
    "sqlite": text("SELECT seq FROM sqlite_sequence WHERE name = :name"),
    "postgresql": text("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:name, 'id') AS regclass))"),
}
_COUNT_FROM = {
    "sqlite": ("DELETE FROM sqlite_sequence WHERE name = :name", "INSERT INTO sqlite_sequence VALUES (:name, :last)"),
    "postgresql": ("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)",),
}


def _go_on_counting(ours: Connection, theirs: Connection, table: Table) -> None:
    """The next id follows all that were given, even to a row that is gone if its engine remembers it."""
    if table.autoincrement_column is None:
        return
    given = ours.scalar(_LAST_GIVEN[ours.dialect.name], {"name": table.name})
    last = max(given or 0, ours.scalar(select(func.max(table.c.id))) or 0)
    remembers = theirs.dialect.name == "postgresql" or table.dialect_options["sqlite"]["autoincrement"]
    for statement in _COUNT_FROM[theirs.dialect.name] if last and remembers else ():
        theirs.execute(text(statement), {"name": table.name, "last": last})
