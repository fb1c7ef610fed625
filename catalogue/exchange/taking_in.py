"""Writing what a list says into the catalogue: a transaction for each source, and nothing corrected here undone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Engine, func, select, text

from catalogue.database import taken_back, writing
from catalogue.duplicates import find_duplicates, propose
from catalogue.exchange.reading import EntryRow, Reading
from catalogue.initiatives import Saved, learn_sizes, mark_vanished, save_initiatives, touched_by_people
from catalogue.tables import initiatives, revisions

_BATCH = 1_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What became of one source.

    `kept` were corrected here, and are left as they are; `vanished` are no longer in the list; `doubted` are not in it
    either, but so many that it may be a part of its source; `merged` lines told of an entry that another line told of;
    `duplicates` pairs may be one place. `changes` are said only by a dry run: the name of an entry, and its columns
    that would change (none: it would be created).
    """

    source: str
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0
    vanished: int = 0
    doubted: int = 0
    merged: int = 0
    duplicates: int = 0
    skipped: bool = False  # loaded before, word for word: not even read
    changes: tuple[tuple[str, tuple[str, ...]], ...] = ()


def take_in(
    engine: Engine,
    read: Reading,
    today: date,
    tell: Progress,
    *,
    dry_run: bool = False,
    force: bool = False,
    whole: bool = False,
) -> list[SourceReport]:
    """Write the entries of a document, a transaction for each of its sources; `tell(source, done, total)` meanwhile.

    What people corrected here is kept, unless `force`. What a source no longer has is marked; not when the document
    looks like a part of it, unless it is said to be the `whole` of it. A dry run writes nothing.
    """
    reports = []
    for source in sorted({source for source, _ in read.seen | set(read.rows)}):
        with writing(engine) as connection:
            wait_for_our_turn(connection)
            write = _rehearsed if dry_run else _written
            reports.append(write(connection, source, read, today, tell, force=force, whole=whole))
    return reports


def _rehearsed(
    connection: Connection, source: str, read: Reading, today: date, tell: Progress, *, force: bool, whole: bool
) -> SourceReport:
    """What writing would do, taken back at once."""
    last = _last_revision(connection)
    with taken_back(connection):
        report = _written(connection, source, read, today, tell, force=force, whole=whole)
        return replace(report, changes=_changes(connection, last))


def _written(
    connection: Connection, source: str, read: Reading, today: date, tell: Progress, *, force: bool, whole: bool
) -> SourceReport:
    """Writes a source, and proposes what of it may be the same place as another entry."""
    last = _last_revision(connection)
    report = write_source(connection, source, read, today, tell, force=force, whole=whole)
    touched = connection.scalars(select(revisions.c.initiative_id).where(revisions.c.id > last)).all()
    pairs = find_duplicates(connection, frozenset(touched))
    propose(connection, pairs, datetime.now(UTC))
    return replace(report, duplicates=len(pairs))


def _last_revision(connection: Connection) -> int:
    return connection.scalar(select(func.max(revisions.c.id))) or 0


def write_source(
    connection: Connection,
    source: str,
    read: Reading,
    today: date,
    tell: Progress,
    *,
    force: bool = False,
    whole: bool = False,
) -> SourceReport:
    """Write the entries of one source of a document, inside the transaction of whoever asks.

    Nothing is said to have disappeared when a line could not be read at all, for it may be there; nor where the
    document tells of nothing: a list of one department says nothing of the others.
    """
    rows = [row for (of, _), row in read.rows.items() if of == source]
    touched = frozenset() if force else touched_by_people(connection, source)
    ours = [row for row in rows if row["source_id"] not in touched]
    saved = _save(connection, source, ours, len(rows), tell)
    seen = frozenset(source_id for of, source_id in read.seen | set(read.rows) if of == source)
    departements = frozenset(row["departement"] for row in rows)
    where = frozenset[str | None]() if read.lost else departements
    vanished, doubted = mark_vanished(connection, source, seen, where, today, whole=whole)
    kept = len(rows) - len(ours)
    counts = (saved.created, saved.changed, saved.unchanged, kept, vanished, doubted)
    return SourceReport(source, *counts, merged=read.merged)


def _save(connection: Connection, source: str, rows: Sequence[EntryRow], total: int, tell: Progress) -> Saved:
    saved = Saved(0, 0, 0)
    tell(source, 0, total)
    for start in range(0, len(rows), _BATCH):
        saved += save_initiatives(connection, rows[start : start + _BATCH])
        if start == 0 and len(rows) > _BATCH:
            learn_sizes(connection)
        tell(source, start, total)
    tell(source, total, total)
    return saved


def _changes(connection: Connection, after: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    written = (
        select(initiatives.c.nom, revisions.c.before)
        .join(initiatives, initiatives.c.id == revisions.c.initiative_id)
        .where(revisions.c.id > after)
        .order_by(revisions.c.id)
    )
    return tuple((nom, tuple(sorted(before or ()))) for nom, before in connection.execute(written))


def wait_for_our_turn(connection: Connection) -> None:
    """Two processes that load together load one after the other: the second then finds nothing to change."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE loads IN SHARE ROW EXCLUSIVE MODE"))
