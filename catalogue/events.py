"""Events and their dates: writing what a calendar says, finding what happens near a point, what becomes of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from catalogue.entries import Occurrence
from catalogue.event_dates import write_dates
from catalogue.event_owners import Owners
from catalogue.event_reading import (
    LIGHT,
    NOT_OVER,
    as_occurrences,
    batches,
    changed_dates,
    dates_around,
    events_by_id,
)
from catalogue.exchange.selection import Territory
from catalogue.geo import distance_km, hectometres
from catalogue.needs import EventKind, EventStatus, Need
from catalogue.recurrence import HORIZON, Unreadable
from catalogue.tables import events, places
from catalogue.tables import occurrences as dates

PARIS = ZoneInfo("Europe/Paris")
RADII_KM = (1.0, 3.0, 8.0, 20.0)  # in a large city, on foot, by bus, by car
ENOUGH = 1 / 3  # of the dates asked for: 67 of 200 are those of about fifteen weekly events in a month
MARGIN = timedelta(days=7)  # dates are told a little further than they must be, so that each event is seldom read again

_OF_OWNERS = ("nom", "lieu", "code_insee", "latitude", "longitude")
_OF_DATES = ("ical", "latitude", "longitude")
_CHANGE = update(events).where(events.c.id == bindparam("id_"))

EventRow = dict[str, Any]
Key = tuple[int, datetime]  # the id of an event, and when one of its dates was to begin


@dataclass(frozen=True, slots=True)
class Saved:
    """The ids of the events that were created and changed, how many said the same, and what has no readable dates."""

    created: list[int]
    changed: list[int]
    unchanged: int
    unreadable: tuple[tuple[str, str], ...] = ()  # the name of an event, and why, in French


# Writing.


def save_events(connection: Connection, rows: Sequence[EventRow], now: datetime) -> Saved:
    """Write rows of `events`, whose they are, and their dates until `now` (UTC) + HORIZON.

    A row holds every column but `id`, `known_until`, `learnt_at` and `vanished_at`; `initiative_id` only where a person
    said whose it is, or that it is nobody's. A date that was announced and is no longer given is cancelled, never
    deleted. What is unreadable leaves the dates as they are.
    """
    saved = _saved(connection, rows)
    owners = Owners(connection)
    created = [row for row in rows if _key(row) not in saved]
    changed = [row for row in rows if _key(row) in saved and _differs(saved[_key(row)], row)]
    if created:
        fresh = {"known_until": now + HORIZON, "learnt_at": _learnt_at(connection, now)}
        added = [{**row, **fresh, "initiative_id": owners.of(row)} for row in created]
        connection.execute(insert(events), added)
    if changed:
        connection.execute(_CHANGE, [_changes(saved[_key(row)], row, owners, now) for row in changed])
    written = _saved(connection, [*created, *changed])
    unreadable = []
    for key, event in written.items():
        before = saved.get(key, event)
        if before is not event and _dates_stand(before, event, now):
            continue
        if reason := _written_dates(connection, event, now, before["ical"]):
            unreadable.append((event["nom"], reason))
    return Saved(
        [written[_key(row)]["id"] for row in created],
        [written[_key(row)]["id"] for row in changed],
        len(rows) - len(created) - len(changed),
        tuple(unreadable),
    )


def _learnt_at(connection: Connection, now: datetime) -> datetime:
    """Later than what was learnt before, though `now` may be when a long import began: imports take turns to write."""
    newest = connection.scalar(select(events.c.learnt_at).order_by(events.c.id.desc()).limit(1))
    return max(now, newest + timedelta(microseconds=1)) if newest else now


def _changes(old: RowMapping, row: EventRow, owners: Owners, now: datetime) -> dict[str, Any]:
    """The values of _CHANGE. Whose an event is stays so while its name and its place do."""
    whose = old["initiative_id"] if all(old[name] == row[name] for name in _OF_OWNERS) else None
    known_until = old["known_until"] if _dates_stand(old, row, now) else now + HORIZON
    return {**row, "id_": old["id"], "initiative_id": whose or owners.of(row), "known_until": known_until}


def _dates_stand(old: RowMapping, new: EventRow | RowMapping, now: datetime) -> bool:
    """Whether the dates that are written are right and go far enough: to read them takes most of the time."""
    same = all(old[name] == new[name] for name in _OF_DATES)
    return same and old["known_until"] is not None and old["known_until"] >= now + HORIZON - MARGIN


def _written_dates(connection: Connection, event: RowMapping, now: datetime, before: str) -> str | None:
    """Why the dates of an event could not be written, None when they were."""
    try:
        write_dates(connection, event, now, now + HORIZON, before)
    except Unreadable as error:
        return str(error)
    return None


def _key(row: EventRow | RowMapping) -> tuple[str, str]:
    return row["source"], row["source_id"]


def _differs(old: RowMapping, new: EventRow) -> bool:
    return any(old[name] != value for name, value in new.items())


def _saved(connection: Connection, rows: Sequence[EventRow]) -> dict[tuple[str, str], RowMapping]:
    found: dict[tuple[str, str], RowMapping] = {}
    for batch in batches([_key(row) for row in rows]):
        among = select(events).where(tuple_(events.c.source, events.c.source_id).in_(batch))
        found |= {_key(row): row for row in connection.execute(among).mappings()}
    return found


def mark_vanished(connection: Connection, source: str, seen: frozenset[str], now: datetime) -> int:
    """Mark the events of a source that it no longer has and that still had dates to come; unmark those it has again.

    `seen` are all the `source_id` it tells of. Returns how many were marked.
    """
    to_come = exists().where(dates.c.event_id == events.c.id, NOT_OVER)
    known = select(events.c.id, events.c.source_id, events.c.vanished_at, to_come).where(events.c.source == source)
    gone, back = [], []
    for id_, source_id, vanished_at, expected in connection.execute(known, {"now": now}):
        if source_id in seen and vanished_at is not None:
            back.append(id_)
        elif source_id not in seen and vanished_at is None and expected:
            gone.append(id_)
    for ids, day in ((gone, now.astimezone(PARIS).date()), (back, None)):
        for batch in batches(ids):
            connection.execute(update(events).where(events.c.id.in_(batch)).values(vanished_at=day))
    return len(gone)


def extend_dates(connection: Connection, now: datetime, most: int = 500) -> int:
    """Write the dates that have come nearer than HORIZON, for at most `most` events; returns for how many."""
    late = or_(events.c.known_until.is_(None), events.c.known_until < now + HORIZON - MARGIN)
    due = select(events).where(late, events.c.vanished_at.is_(None)).order_by(events.c.known_until).limit(most)
    found = connection.execute(due).mappings().all()
    for event in found:
        _written_dates(connection, event, now, event["ical"])  # what became unreadable keeps the dates it has
    for batch in batches([event["id"] for event in found]):
        connection.execute(update(events).where(events.c.id.in_(batch)).values(known_until=now + HORIZON))
    return len(found)


def confirm(connection: Connection, event_id: int, original_at: datetime, role: str | None, now: datetime) -> bool:
    """Note that a date will take place, as its organiser or a correspondent says.

    Returns whether it could be: not when there is no such date, when it is over, or cancelled.
    """
    stands = exists().where(events.c.id == dates.c.event_id, events.c.status != EventStatus.CANCELLED.value)
    alive = and_(dates.c.status != EventStatus.CANCELLED.value, stands)
    values = {"confirmed_at": now, "confirmed_role": role}
    return _change(connection, event_id, original_at, now, values, alive)


def set_status(
    connection: Connection, event_id: int, original_at: datetime, status: EventStatus, now: datetime
) -> bool:
    """Say what becomes of a date. Returns whether it could be said: not when there is no such date, or it is over."""
    values: dict[str, Any] = {"status": status.value}
    if status is EventStatus.CANCELLED:
        values |= {"confirmed_at": None, "confirmed_role": None}
    return _change(connection, event_id, original_at, now, values)


def _change(
    connection: Connection,
    event_id: int,
    original_at: datetime,
    now: datetime,
    values: Mapping[str, Any],
    *conditions: ColumnElement[bool],
) -> bool:
    one = (dates.c.event_id == event_id, dates.c.original_at == original_at)
    changed = connection.execute(update(dates).where(*one, NOT_OVER, *conditions).values(values), {"now": now})
    return changed.rowcount == 1


# Finding.


def near(
    connection: Connection,
    point: tuple[float, float],
    start: datetime,
    end: datetime,
    need: Need | None,
    within_km: float = 20.0,
    most: int = 200,
    *,
    kinds: Collection[EventKind] | None = None,
) -> list[Occurrence]:
    """At most `most` dates from `start` to `end`, those in progress included, around a point in degrees.

    Soonest first, then nearest. Only those within 1 km when they are enough, else 3, 8, then `within_km`. Cancelled
    ones are told too; those of events that vanished from their source, of another need or of other kinds are not.
    """
    rows: list[RowMapping] = []
    far: dict[int, float] = {}
    for radius in (*(km for km in RADII_KM if km < within_km), within_km):
        around = dates_around(connection, point, radius, start, end, need, kinds)
        rows, far = _within(connection, point, radius, around)
        if len(rows) >= ENOUGH * most:
            break
    rows.sort(key=lambda row: (row["starts_at"], hectometres(far[row["event_id"]]), row["event_id"]))
    return as_occurrences(connection, rows[:most], far)


def _within(
    connection: Connection, point: tuple[float, float], radius: float, rows: Sequence[RowMapping]
) -> tuple[list[RowMapping], dict[int, float]]:
    """The rows of dates that are shown, and how far their events are, in km."""
    around = events_by_id(connection, [row["event_id"] for row in rows], LIGHT)
    far = {id_: _away(point, event) for id_, event in around.items() if event["vanished_at"] is None}
    return [row for row in rows if far.get(row["event_id"], inf) <= radius], far


def _away(point: tuple[float, float], event: RowMapping) -> float:
    return distance_km(*point, event["latitude"], event["longitude"])


def occurrence(connection: Connection, event_id: int, original_at: datetime) -> Occurrence | None:
    """One date, whatever became of it; None when nothing is known of it."""
    return occurrences(connection, [(event_id, original_at)]).get((event_id, original_at))


def occurrences(connection: Connection, keys: Sequence[Key]) -> dict[Key, Occurrence]:
    """The dates that are known among `keys`, whatever became of them."""
    rows = [
        row
        for batch in batches(keys)
        for row in connection.execute(
            select(dates).where(tuple_(dates.c.event_id, dates.c.original_at).in_(batch))
        ).mappings()
    ]
    return {(date.event.id, date.original_at): date for date in as_occurrences(connection, rows)}


def next_dates(connection: Connection, initiative_id: int, now: datetime, count: int = 3) -> list[Occurrence]:
    """At most `count` dates of an initiative's events that are not over, soonest first; cancelled ones are told too."""
    theirs = (
        select(dates)
        .join(events, events.c.id == dates.c.event_id)
        .where(events.c.initiative_id == initiative_id, events.c.vanished_at.is_(None), NOT_OVER)
        .order_by(dates.c.starts_at, dates.c.event_id)
        .limit(count)
    )
    return as_occurrences(connection, connection.execute(theirs, {"now": now}).mappings().all())


def dates_between(connection: Connection, event_id: int, start: datetime, end: datetime) -> list[Occurrence]:
    """The dates of an event that begin from `start` and before `end`, soonest first."""
    theirs = select(dates).where(dates.c.event_id == event_id, dates.c.starts_at >= start, dates.c.starts_at < end)
    return as_occurrences(connection, connection.execute(theirs.order_by(dates.c.starts_at)).mappings().all())


def in_area(connection: Connection, territory: Territory | None, need: Need | None, now: datetime) -> list[EventRow]:
    """Every column of the events of a territory (None: all) and a need (None: any) that have dates to come.

    By source and source_id; not those that vanished from their source. "dates" are the rows of `occurrences` that are
    not over, for the events of which one may not be as planned; [] for the others.
    """
    wanted = _in_area(territory, need)
    to_come = exists().where(dates.c.event_id == events.c.id, NOT_OVER)
    found = select(events).where(*wanted, to_come).order_by(events.c.source, events.c.source_id)
    changed = changed_dates(connection, wanted, now)
    rows = connection.execute(found, {"now": now}).mappings()
    return [{**row, "dates": changed.get(row["id"], [])} for row in rows]


def _in_area(territory: Territory | None, need: Need | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [events.c.vanished_at.is_(None)]
    if need:
        wanted.append(cast(events.c.needs, Text).contains(f'"{need.value}"', autoescape=True))
    if territory:
        wanted.append(_there(territory))
    return wanted


def _there(territory: Territory) -> ColumnElement[bool]:
    if not territory.communes:
        return events.c.departement.in_(territory.departements)
    # What is known of Paris, Lyon and Marseille has the code of an arrondissement.
    parts = select(places.c.insee).where(places.c.parent.in_(territory.communes))
    return or_(events.c.code_insee.in_(territory.communes), events.c.code_insee.in_(parts))
