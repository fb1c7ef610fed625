"""Reading initiatives by id, and writing them with what they are found by and what they were."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from catalogue import zorder
from catalogue.database import read_rows
from catalogue.entries import Candidate, Initiative, Service
from catalogue.exchange import rows
from catalogue.name_words import save_words
from catalogue.needs import Frais, Kind, Method, Moment, Need, Public, Reach, Reason, Status
from catalogue.notices import read_notices
from catalogue.positions import positions_changed
from catalogue.tables import initiatives, need_areas, need_positions, revisions, warnings

# What a search reads of each entry it found, forty in every turn: from the driver itself. Lists and days are read as
# text, which both engines write alike: there are few different ones, so each is understood once.
_LIGHT = """
    SELECT id, kind, CAST(publics AS TEXT), frais, CAST(moments AS TEXT), accessible, CAST(verified_at AS TEXT)
    FROM initiatives WHERE status = 'active' AND merged_into IS NULL AND id IN ({})"""
NOWHERE_NEAR: Mapping[int, float] = {}
_BY_SIXTEEN = 16  # ids: few different statements, which an engine prepares once
# Of a source, in the departments a list speaks of: what lacks more is rather an extract of it than its next edition.
MOST_GONE = 0.2
FEW = 5

_WARNING = select(warnings.c.reason).where(warnings.c.initiative_id == initiatives.c.id).scalar_subquery()
_WHOLE = tuple(
    _WARNING.label(name) if name == "warning" else initiatives.c[name] for name in Initiative.__dataclass_fields__
)
_open_among = (
    initiatives.c.id.in_(bindparam("ids", expanding=True)),
    initiatives.c.status == Status.ACTIVE.value,
    initiatives.c.merged_into.is_(None),
)
_SELECT_WHOLE = select(*_WHOLE).where(*_open_among)
_SELECT_ANY = select(*_WHOLE).where(_open_among[0])


def candidates_by_id(
    connection: Connection, ids: Sequence[int], away: Mapping[int, float] = NOWHERE_NEAR
) -> list[Candidate]:
    """The open entries among `ids`, in that order, with the distances (km) that are known by id."""
    if not ids:
        return []
    asked = [*ids, *[ids[0]] * (-len(ids) % _BY_SIXTEEN)]
    rows = {row[0]: row for row in read_rows(connection, _light(len(asked)), asked)}
    return [_as_candidate(*rows[id_], km=away.get(id_)) for id_ in ids if id_ in rows]


@cache
def _light(count: int) -> str:
    return _LIGHT.format(", ".join("?" * count))


def initiatives_by_id(connection: Connection, ids: Sequence[int]) -> list[Initiative]:
    """The open entries among `ids`, whole, in that order."""
    return _whole(connection, _SELECT_WHOLE, ids)


def even_closed_by_id(connection: Connection, ids: Sequence[int]) -> list[Initiative]:
    """The entries among `ids`, whole, in that order, whatever became of them: for who already knows of them."""
    return _whole(connection, _SELECT_ANY, ids)


def _whole(connection: Connection, statement: Select[Any], ids: Sequence[int]) -> list[Initiative]:
    rows = {row["id"]: row for row in connection.execute(statement, {"ids": list(ids)}).mappings().all()}
    return [_as_initiative(rows[id_]) for id_ in ids if id_ in rows]


def _as_candidate(
    id_: int,
    kind: str,
    publics: str,
    frais: str | None,
    moments: str,
    accessible: int | None,
    verified: str | None,
    *,
    km: float | None,
) -> Candidate:
    cost = Frais(frais) if frais else None
    wheelchair = None if accessible is None else bool(accessible)
    day = _day(verified) if verified else None
    return Candidate(id_, Kind(kind), _publics(publics), cost, _moments(moments), wheelchair, day, km)


_day = lru_cache(4096)(date.fromisoformat)


@lru_cache(4096)
def _publics(stored: str) -> frozenset[Public]:
    return frozenset(Public(public) for public in json.loads(stored))


@lru_cache(64)
def _moments(stored: str) -> frozenset[Moment]:
    return frozenset(Moment(moment) for moment in json.loads(stored))


def _as_initiative(row: RowMapping) -> Initiative:
    values: dict[str, Any] = dict(row)
    values |= {
        "kind": Kind(row["kind"]),
        "needs": tuple(Need(need) for need in row["needs"]),
        "reach": Reach(row["reach"]),
        "status": Status(row["status"]),
        "publics": tuple(Public(public) for public in row["publics"]),
        "frais": Frais(row["frais"]) if row["frais"] else None,
        "verified_method": Method(row["verified_method"]) if row["verified_method"] else None,
        "warning": Reason.of(row["warning"] or ""),
        "notices": read_notices(row["notices"]),
        "services": tuple(map(_as_service, row["services"])),
    }
    return Initiative(**values)


def _as_service(record: Mapping[str, Any]) -> Service:
    """A service of data·inclusion. It is kept as it was given, and read without what it hides."""
    return Service(rows.text(record["nom"]) or "", tuple(filter(None, map(Public.of, record.get("publics", ())))))


Entry = Mapping[str, Any]
Value = TypeVar("Value")

# What a row says of what its list does not tell.
UNKNOWN: Entry = {column.name: None for column in initiatives.c if column.nullable} | {
    "reach": Reach.LOCAL.value,
    "status": Status.ACTIVE.value,
    "description": "",
    "exact": False,
    "moments": [],
    "publics": [],
    "zones": [],
    "services": [],
    "notices": [],
    "verified_by_year": False,
}

_COLUMNS = tuple(column.name for column in initiatives.c if column.name != "id")
_UPDATE = (
    update(initiatives)
    .where(initiatives.c.id == bindparam("id_"))
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS})
)
_of_source = (
    initiatives.c.source == bindparam("source"),
    initiatives.c.source_id.in_(bindparam("source_ids", expanding=True)),
)
_SELECT_SAVED = select(initiatives).where(*_of_source)
_SELECT_IDS = select(initiatives.c.id, initiatives.c.source_id).where(*_of_source)
# A photo of its poster, added or removed, says nothing of the entry (catalogue.photos).
_OF_PHOTOS = func.coalesce(cast(revisions.c.after, Text), "").startswith('{"affiches"')
_EDITED = select(revisions.c.initiative_id).where(revisions.c.role.is_not(None), ~_OF_PHOTOS)
_SELECT_TOUCHED = select(initiatives.c.source_id).where(
    initiatives.c.source == bindparam("source"),
    or_(
        initiatives.c.status != Status.ACTIVE.value,
        initiatives.c.verified_role.is_not(None),
        initiatives.c.verified_method != Method.IMPORT.value,
        initiatives.c.merged_into.is_not(None),
        initiatives.c.id.in_(_EDITED),
    ),
)
_SELECT_SOURCE = select(
    initiatives.c.id, initiatives.c.source_id, initiatives.c.departement, initiatives.c.vanished_at
).where(initiatives.c.source == bindparam("source"))
_BATCH = 500  # SQLite takes a limited number of values in one statement


@dataclass(frozen=True, slots=True)
class Saved:
    """How many entries were created, changed, or already said the same."""

    created: int
    changed: int
    unchanged: int

    def __add__(self, other: "Saved") -> "Saved":
        return Saved(self.created + other.created, self.changed + other.changed, self.unchanged + other.unchanged)


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes an entry, and how they know. `role` is a person's, never their name; None for a list."""

    role: str | None
    method: Method


A_LIST = Author(None, Method.IMPORT)


def save_initiatives(
    connection: Connection, rows: Sequence[Entry], author: Author = A_LIST, at: datetime | None = None
) -> Saved:
    """Create or update entries, what they are found by, and a revision of each. The only way to write an entry.

    A row holds every column but `id`; `source` and `source_id` say which entry it is, and come once among the rows.
    `at` is when (UTC, now by default). Raises sqlalchemy.exc.StatementError for a row that misses a column.
    """
    at = at or datetime.now(UTC)
    saved = _saved(connection, rows)
    created = [row for row in rows if _key(row) not in saved]
    known = [(saved[_key(row)], row) for row in rows if _key(row) in saved]
    changed = [(old, row) for old, row in known if any(old[name] != row[name] for name in _COLUMNS)]
    ids = _inserted(connection, created)
    if changed:
        values = [{"id_": old["id"], **{f"new_{name}": row[name] for name in _COLUMNS}} for old, row in changed]
        connection.execute(_UPDATE, values)
    changes = [(old["id"], *_difference(old, row)) for old, row in changed]
    _remember(connection, [*((id_, None, None) for id_ in ids), *changes], author, at)
    _forget_where(connection, [old["id"] for old, _ in changed])
    placed = [*zip(ids, created, strict=True), *((old["id"], row) for old, row in changed)]
    _place(connection, placed)
    before = [(old["id"], dict(old)) for old, _ in changed]
    positions_changed(connection, {str(need) for need, *_ in _where(before) ^ _where(placed)})
    return Saved(len(created), len(changed), len(known) - len(changed))


def learn_sizes(connection: Connection) -> None:
    """To be called once after the first of many batches.

    Until PostgreSQL knows that a source has many entries, it reads all of them to find a few; its own counting comes a
    minute late, and not at all in one transaction.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE initiatives"))


def _inserted(connection: Connection, rows: Sequence[Entry]) -> list[int]:
    """The ids of new rows, in their order. Asked for afterwards: PostgreSQL takes seven times longer to return them."""
    if not rows:
        return []
    connection.execute(insert(initiatives), rows)
    ids: dict[tuple[str, str], int] = {}
    for source in {row["source"] for row in rows}:
        for source_ids in _batches([row["source_id"] for row in rows if row["source"] == source]):
            found = connection.execute(_SELECT_IDS, {"source": source, "source_ids": source_ids})
            ids |= {(source, source_id): id_ for id_, source_id in found}
    return [ids[_key(row)] for row in rows]


Part = dict[str, Any] | None


def _difference(old: RowMapping, new: Entry) -> tuple[Part, Part]:
    """The columns that are no longer the same, before and after."""
    names = [name for name in _COLUMNS if old[name] != new[name]]
    return {name: _as_json(old[name]) for name in names}, {name: _as_json(new[name]) for name in names}


def _remember(connection: Connection, changes: Sequence[tuple[int, Part, Part]], author: Author, at: datetime) -> None:
    who = {"at": at, "role": author.role, "method": author.method.value}
    found = [{"initiative_id": id_, "before": before, "after": after, **who} for id_, before, after in changes]
    if found:
        connection.execute(insert(revisions), found)


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def change_initiative(
    connection: Connection, id_: int, values: Entry, author: Author, at: datetime | None = None
) -> bool:
    """Give some columns of an entry other values; returns whether any changed. Raises KeyError for no such entry."""
    old = connection.execute(select(initiatives).where(initiatives.c.id == id_)).mappings().one_or_none()
    if old is None:
        raise KeyError(id_)
    row = {name: values.get(name, old[name]) for name in _COLUMNS}
    return save_initiatives(connection, [row], author, at).changed == 1


def find_again(connection: Connection) -> int:
    """Write again what every entry is found by; returns how many there are. For entries older than a way to find."""
    ids = connection.scalars(select(initiatives.c.id)).all()
    for batch in _batches(ids):
        rows = connection.execute(select(initiatives).where(initiatives.c.id.in_(batch))).mappings().all()
        _forget_where(connection, batch)
        _place(connection, [(row["id"], dict(row)) for row in rows])
    positions_changed(connection, [need.value for need in Need])
    return len(ids)


def stored_notices(connection: Connection, id_: int) -> list[Entry]:
    """What is true for a time of an entry, as stored (catalogue.notices); [] when there is no such entry."""
    return connection.scalar(select(initiatives.c.notices).where(initiatives.c.id == id_)) or []


def touched_by_people(connection: Connection, source: str) -> frozenset[str]:
    """The `source_id` of the entries that a person has verified, corrected, suspended, closed or joined to another.

    A list says less than they do.
    """
    return frozenset(connection.scalars(_SELECT_TOUCHED, {"source": source}))


def mark_vanished(
    connection: Connection,
    source: str,
    seen: frozenset[str],
    departements: frozenset[str | None],
    today: date,
    *,
    whole: bool,
) -> tuple[int, int]:
    """Mark the entries of a source that it no longer has, and unmark those it has again.

    `seen` are all the `source_id` its list holds, `departements` those it speaks of: of the others it says nothing.
    A list that lacks much of what is known there is taken for a part of its source, of which the rest is not gone;
    unless it is said to be `whole`. Returns how many were marked, and how many were not because of that.
    """
    gone, back, known = [], [], 0
    for id_, source_id, departement, vanished in connection.execute(_SELECT_SOURCE, {"source": source}):
        known += vanished is None and departement in departements
        if source_id in seen and vanished is not None:
            back.append(id_)
        elif source_id not in seen and vanished is None and departement in departements:
            gone.append(id_)
    doubted = 0
    if not whole and len(gone) > max(FEW, known * MOST_GONE):
        gone, doubted = [], len(gone)
    for ids, value in ((gone, today), (back, None)):
        for batch in _batches(ids):
            found = connection.execute(select(initiatives).where(initiatives.c.id.in_(batch))).mappings()
            save_initiatives(connection, [{**row, "vanished_at": value} for row in found], A_LIST)
    return len(gone), doubted


def _key(row: Entry | RowMapping) -> tuple[str, str]:
    return row["source"], row["source_id"]


def _saved(connection: Connection, rows: Sequence[Entry]) -> dict[tuple[str, str], RowMapping]:
    found: dict[tuple[str, str], RowMapping] = {}
    for source in {row["source"] for row in rows}:
        for ids in _batches([row["source_id"] for row in rows if row["source"] == source]):
            parameters = {"source": source, "source_ids": ids}
            found |= {_key(row): row for row in connection.execute(_SELECT_SAVED, parameters).mappings()}
    return found


def _forget_where(connection: Connection, ids: Sequence[int]) -> None:
    for batch in _batches(ids):
        for table in (need_positions, need_areas):
            connection.execute(delete(table).where(table.c.initiative_id.in_(batch)))


def _place(connection: Connection, entries: Sequence[tuple[int, Entry]]) -> None:
    """Write what entries are found by."""
    positions = [found for id_, row in entries for found in _positions(id_, row)]
    areas = [found for id_, row in entries for found in _areas(id_, row)]
    if positions:
        connection.execute(insert(need_positions), positions)
    if areas:
        connection.execute(insert(need_areas), areas)
    save_words(connection, entries)


def _where(entries: Sequence[tuple[int, Entry]]) -> set[tuple[object, ...]]:
    """What a search holds of entries: the needs they answer, and where, each with its need first."""
    found = [position for id_, row in entries for position in _positions(id_, row)]
    return {(one["need"], one["latitude"], one["longitude"], one["initiative_id"]) for one in found}


def is_shown(row: Entry) -> bool:
    """Whether an entry may be found: open, and not said to be the same place as another."""
    return bool(row["status"] == Status.ACTIVE and row["merged_into"] is None)


def _positions(id_: int, row: Entry) -> list[dict[str, Any]]:
    if not is_shown(row) or row["reach"] != Reach.LOCAL or row["latitude"] is None:
        return []
    position = {"latitude": row["latitude"], "longitude": row["longitude"], "initiative_id": id_}
    z = zorder.encode(row["latitude"], row["longitude"])
    return [{"need": need, "z": z, **position} for need in dict.fromkeys(row["needs"])]


def _areas(id_: int, row: Entry) -> list[dict[str, Any]]:
    if not is_shown(row) or row["reach"] == Reach.LOCAL:
        return []
    zones = row["zones"] or [row["departement"]]
    areas = list(filter(None, zones)) if row["reach"] == Reach.DEPARTEMENTAL else [row["reach"]]
    needs = dict.fromkeys(row["needs"])
    return [{"need": need, "area": area, "initiative_id": id_} for need in needs for area in areas]


def _batches(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
