"""Reading events and their dates from the database, as the values that conversations know."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Text,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.sql.selectable import TextualSelect

from catalogue import zorder
from catalogue.entries import CalendarEvent, Occurrence
from catalogue.needs import EventKind, EventStatus, Need, Role
from catalogue.recurrence import OUR_STATUS
from catalogue.tables import Instant, events, occurrences

LASTING = timedelta(days=31)  # what began longer ago is no event any more, however late it ends

Value = TypeVar("Value")

_BATCH = 400  # SQLite takes a limited number of values in one statement
_FIELDS = tuple(field.name for field in fields(CalendarEvent))
WHOLE = tuple(events.c[name] for name in (*_FIELDS, "status"))
LIGHT = tuple(events.c[name] for name in ("id", "latitude", "longitude", "vanished_at"))
NOT_OVER = func.coalesce(occurrences.c.ends_at, occurrences.c.starts_at) > bindparam("now", type_=Instant())

_AMONG = """
    SELECT event_id, original_at, starts_at, ends_at, all_day, status, confirmed_at, confirmed_role
    FROM occurrences
    WHERE z BETWEEN :low{0} AND :high{0} AND starts_at >= :earliest AND starts_at < :until
    AND (starts_at >= :since OR ends_at > :since)"""
# Told apart here, for only what is wanted is then read: in a large city, most of the time goes in that.
_WANTED = " AND EXISTS (SELECT 1 FROM events WHERE events.id = occurrences.event_id AND {})"
_OF_NEED = _WANTED.format("CAST(events.needs AS TEXT) LIKE :need")
_OF_KINDS = _WANTED.format("events.kind IN :kinds")


@cache
def _among(count: int, of_need: bool, of_kinds: bool) -> TextualSelect:
    """The dates of so many ranges of ground (catalogue.zorder), each told apart as catalogue.search does."""
    each = _AMONG + _OF_NEED * of_need + _OF_KINDS * of_kinds
    said = text(" UNION ALL ".join(each.format(n) for n in range(count)))
    typed = said.bindparams(*(bindparam(name, type_=Instant()) for name in ("earliest", "since", "until")))
    if of_kinds:
        typed = typed.bindparams(bindparam("kinds", expanding=True, type_=Text()))
    instants = {name: Instant() for name in ("original_at", "starts_at", "ends_at", "confirmed_at")}
    said_by = {"status": Text(), "confirmed_role": Text()}
    return typed.columns(event_id=BigInteger(), all_day=Boolean(), **said_by, **instants)


def dates_around(
    connection: Connection,
    point: tuple[float, float],
    km: float,
    start: datetime,
    end: datetime,
    need: Need | None,
    kinds: Collection[EventKind] | None,
) -> Sequence[RowMapping]:
    """The rows of `occurrences` from `start` to `end`, in progress included, within `km` of a point, and a few others.

    Only those of a need and of some kinds (None: of any). Those begun more than LASTING before are left out. The cost
    does not grow with the country (see catalogue.search).
    """
    ground = zorder.ranges(*point, km)
    values: dict[str, Any] = {"earliest": start - LASTING, "since": start, "until": end}
    for n, (low, high) in enumerate(ground):
        values |= {f"low{n}": low, f"high{n}": high}
    if need:
        values["need"] = f'%"{need.value}"%'
    if kinds is not None:
        values["kinds"] = [kind.value for kind in kinds]
    among = _among(len(ground), need is not None, kinds is not None)
    return connection.execute(among, values).mappings().all()


def changed_dates(
    connection: Connection, among: Sequence[ColumnElement[bool]], now: datetime
) -> dict[int, list[RowMapping]]:
    """By event, all its rows of `occurrences` that are not over; only of events that may have one that is not planned.

    `among` are conditions on `events`.
    """
    other = occurrences.alias()
    unplanned = exists().where(other.c.event_id == events.c.id, other.c.status != EventStatus.PLANNED.value)
    may_differ = or_(unplanned, events.c.ical.contains("STATUS:CANCELLED"), events.c.ical.contains(OUR_STATUS))
    found = select(occurrences).join(events, events.c.id == occurrences.c.event_id).where(*among, may_differ, NOT_OVER)
    ordered = found.order_by(occurrences.c.event_id, occurrences.c.starts_at)
    rows = connection.execute(ordered, {"now": now}).mappings()
    return {id_: list(theirs) for id_, theirs in groupby(rows, key=lambda row: row["event_id"])}


def events_by_id(
    connection: Connection, ids: Sequence[int], columns: Sequence[Column[Any]] = WHOLE
) -> dict[int, RowMapping]:
    """What is known of events, by their ids."""
    found: dict[int, RowMapping] = {}
    for batch in batches(sorted(set(ids))):
        among = select(*columns).where(events.c.id.in_(batch))
        found |= {row["id"]: row for row in connection.execute(among).mappings()}
    return found


def as_occurrences(
    connection: Connection, rows: Sequence[RowMapping], far: Mapping[int, float] | None = None
) -> list[Occurrence]:
    """Dates from their rows, in the same order; `far` tells how many km away their events are."""
    theirs = events_by_id(connection, [row["event_id"] for row in rows])
    known = {id_: _as_event(row) for id_, row in theirs.items()}
    cancelled = {id_ for id_, row in theirs.items() if row["status"] == EventStatus.CANCELLED}
    return [
        Occurrence(
            known[row["event_id"]],
            row["original_at"],
            row["starts_at"],
            row["ends_at"],
            row["all_day"],
            EventStatus.CANCELLED if row["event_id"] in cancelled else EventStatus(row["status"]),
            row["confirmed_at"],
            Role.of(row["confirmed_role"] or ""),
            far[row["event_id"]] if far else None,
        )
        for row in rows
    ]


def _as_event(row: RowMapping) -> CalendarEvent:
    values = {name: row[name] for name in _FIELDS}
    return CalendarEvent(**values | {"kind": EventKind(row["kind"]), "needs": tuple(map(Need, row["needs"]))})


def batches(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """The values, as many at a time as one statement may take."""
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
