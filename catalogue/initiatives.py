"""Reading initiatives by id, and writing them with what they are found by."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, Text, bindparam, cast, delete, insert, or_, select, update

from catalogue import zorder
from catalogue.entries import Candidate, Initiative
from catalogue.needs import Frais, Kind, Method, Moment, Need, Public, Reach, Status
from catalogue.tables import initiatives, need_areas, need_positions

# The lists are read as the text they are stored as: there are few different ones, so each is understood once.
_LIGHT = (
    initiatives.c.id,
    initiatives.c.kind,
    cast(initiatives.c.publics, Text),
    initiatives.c.frais,
    cast(initiatives.c.moments, Text),
    initiatives.c.accessible,
    initiatives.c.verified_at,
)
_WHOLE = tuple(initiatives.c[name] for name in Initiative.__dataclass_fields__)
_open_among = (initiatives.c.id.in_(bindparam("ids", expanding=True)), initiatives.c.status == Status.ACTIVE.value)
_SELECT_LIGHT = select(*_LIGHT).where(*_open_among)
_SELECT_WHOLE = select(*_WHOLE).where(*_open_among)


def candidates_by_id(connection: Connection, ids: Sequence[int]) -> list[Candidate]:
    """The open entries among `ids`, in that order, without distances."""
    rows = {row[0]: row for row in connection.execute(_SELECT_LIGHT, {"ids": list(ids)}).all()}
    return [_as_candidate(*rows[id_]) for id_ in ids if id_ in rows]


def initiatives_by_id(connection: Connection, ids: Sequence[int]) -> list[Initiative]:
    """The open entries among `ids`, whole, in that order."""
    rows = {row["id"]: row for row in connection.execute(_SELECT_WHOLE, {"ids": list(ids)}).mappings().all()}
    return [_as_initiative(rows[id_]) for id_ in ids if id_ in rows]


def _as_candidate(
    id_: int, kind: str, publics: str, frais: str | None, moments: str, accessible: bool | None, verified: date | None
) -> Candidate:
    cost = Frais(frais) if frais else None
    return Candidate(id_, Kind(kind), _publics(publics), cost, _moments(moments), accessible, verified)


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
    }
    return Initiative(**values)


Entry = Mapping[str, Any]
Value = TypeVar("Value")

_COLUMNS = tuple(column.name for column in initiatives.c if column.name != "id")
_INSERT = insert(initiatives).returning(initiatives.c.id, sort_by_parameter_order=True)
_UPDATE = (
    update(initiatives)
    .where(initiatives.c.id == bindparam("id_"))
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS})
)
_SELECT_SAVED = select(initiatives).where(
    initiatives.c.source == bindparam("source"), initiatives.c.source_id.in_(bindparam("source_ids", expanding=True))
)
_SELECT_TOUCHED = select(initiatives.c.source_id).where(
    initiatives.c.source == bindparam("source"),
    or_(
        initiatives.c.status != Status.ACTIVE.value,
        initiatives.c.verified_role.is_not(None),
        initiatives.c.verified_method != Method.IMPORT.value,
    ),
)
_BATCH = 500  # SQLite takes a limited number of values in one statement


@dataclass(frozen=True, slots=True)
class Saved:
    """How many entries were created, changed, or already said the same."""

    created: int
    changed: int
    unchanged: int

    def __add__(self, other: "Saved") -> "Saved":
        return Saved(self.created + other.created, self.changed + other.changed, self.unchanged + other.unchanged)


def save_initiatives(connection: Connection, rows: Sequence[Entry]) -> Saved:
    """Create or update entries, and what `near` finds them by. The only way to write an entry.

    A row holds every column but `id`; `source` and `source_id` say which entry it is, and come once among the rows.
    Raises sqlalchemy.exc.StatementError for a row that misses a column.
    """
    saved = _saved(connection, rows)
    created = [row for row in rows if _key(row) not in saved]
    known = [(saved[_key(row)], row) for row in rows if _key(row) in saved]
    changed = [(old["id"], row) for old, row in known if any(old[name] != row[name] for name in _COLUMNS)]
    ids = connection.scalars(_INSERT, created).all() if created else []
    if changed:
        values = [{"id_": id_, **{f"new_{name}": row[name] for name in _COLUMNS}} for id_, row in changed]
        connection.execute(_UPDATE, values)
    _place(connection, [*zip(ids, created, strict=True), *changed])
    return Saved(len(created), len(changed), len(known) - len(changed))


def touched_by_people(connection: Connection, source: str) -> frozenset[str]:
    """The `source_id` of the entries that a person has verified, suspended or closed: a list says less than they do."""
    return frozenset(connection.scalars(_SELECT_TOUCHED, {"source": source}))


def _key(row: Entry | RowMapping) -> tuple[str, str]:
    return row["source"], row["source_id"]


def _saved(connection: Connection, rows: Sequence[Entry]) -> dict[tuple[str, str], RowMapping]:
    found: dict[tuple[str, str], RowMapping] = {}
    for source in {row["source"] for row in rows}:
        for ids in _batches([row["source_id"] for row in rows if row["source"] == source]):
            parameters = {"source": source, "source_ids": ids}
            found |= {_key(row): row for row in connection.execute(_SELECT_SAVED, parameters).mappings()}
    return found


def _place(connection: Connection, entries: Sequence[tuple[int, Entry]]) -> None:
    """Write what entries are found by, in place of what was."""
    for ids in _batches([id_ for id_, _ in entries]):
        for table in (need_positions, need_areas):
            connection.execute(delete(table).where(table.c.initiative_id.in_(ids)))
    positions = [found for id_, row in entries for found in _positions(id_, row)]
    areas = [found for id_, row in entries for found in _areas(id_, row)]
    if positions:
        connection.execute(insert(need_positions), positions)
    if areas:
        connection.execute(insert(need_areas), areas)


def _positions(id_: int, row: Entry) -> list[dict[str, Any]]:
    if row["status"] != Status.ACTIVE or row["reach"] != Reach.LOCAL or row["latitude"] is None:
        return []
    position = {"latitude": row["latitude"], "longitude": row["longitude"], "initiative_id": id_}
    z = zorder.encode(row["latitude"], row["longitude"])
    return [{"need": need, "z": z, **position} for need in dict.fromkeys(row["needs"])]


def _areas(id_: int, row: Entry) -> list[dict[str, Any]]:
    area = row["departement"] if row["reach"] == Reach.DEPARTEMENTAL else row["reach"]
    if row["status"] != Status.ACTIVE or row["reach"] == Reach.LOCAL or not area:
        return []
    return [{"need": need, "area": area, "initiative_id": id_} for need in dict.fromkeys(row["needs"])]


def _batches(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
