"""What becomes of the dates of an event when its calendar is read again: the same, moved, new, or no longer given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from catalogue import zorder
from catalogue.needs import EventStatus
from catalogue.recurrence import Date, Part, Unreadable, dates_in, dates_of
from catalogue.tables import occurrences

SAME_DAY = timedelta(hours=12)  # a date that shifts by less is the same one, at another hour

NOWHERE = -1  # the z-order key of what has no position

Known = Mapping[str, Any] | RowMapping  # a row of `occurrences`

_COLUMNS = ("starts_at", "ends_at", "all_day", "status", "confirmed_at", "confirmed_role")


@dataclass(slots=True)
class Pairing:
    """Which known date is which given one; those that are new; those still to come that are no longer given."""

    same: list[tuple[Known, Date]] = field(default_factory=list)
    new: list[Date] = field(default_factory=list)
    gone: list[Known] = field(default_factory=list)


def pair(known: Sequence[Known], given: Sequence[Date], now: datetime, until: datetime) -> Pairing:
    """Recognise dates: by when they were to begin, by when they begin, by their day, or because there is only one.

    `given` are all those of the calendar between `now` and `until`: of the others it says nothing.
    """
    found = Pairing(new=list(given), gone=list(known))
    _recognise(found, lambda row: row["original_at"], lambda date: date.original_at)
    found.gone = sorted((row for row in found.gone if now < row["starts_at"] < until), key=lambda row: row["starts_at"])
    _recognise(found, lambda row: row["starts_at"], lambda date: date.starts_at)
    _recognise_days(found)
    if not found.same and len(found.gone) == len(found.new) == 1:
        found.same.append((found.gone.pop(), found.new.pop()))
    return found


def _recognise(found: Pairing, of_row: Callable[[Known], datetime], of_date: Callable[[Date], datetime]) -> None:
    rows = {of_row(row): row for row in found.gone}
    new = []
    for date in found.new:
        row = rows.pop(of_date(date), None)
        if row is None:
            new.append(date)
        else:
            found.same.append((row, date))
    same = {row["original_at"] for row, _ in found.same}
    found.new, found.gone = new, [row for row in found.gone if row["original_at"] not in same]


def _recognise_days(found: Pairing) -> None:
    """Both lists are in order: each date goes with the first that begins within half a day of it."""
    rows, dates = found.gone, sorted(found.new, key=lambda date: date.starts_at)
    found.gone, found.new = [], []
    while rows and dates:
        away = dates[0].starts_at - rows[0]["starts_at"]
        if abs(away) < SAME_DAY:
            found.same.append((rows.pop(0), dates.pop(0)))
        elif away > SAME_DAY:
            found.gone.append(rows.pop(0))
        else:
            found.new.append(dates.pop(0))
    found.gone += rows
    found.new += dates


def status_of(date: Date, original_at: datetime) -> EventStatus:
    """What its calendar says of a date that was to begin at `original_at`."""
    if date.status is EventStatus.PLANNED and date.starts_at != original_at:
        return EventStatus.MOVED
    return date.status


def statuses(pairing: Pairing) -> dict[datetime, EventStatus]:
    """What a calendar says of the dates that are known, by when they were to begin."""
    given = {row["original_at"]: status_of(date, row["original_at"]) for row, date in pairing.same}
    return given | {row["original_at"]: EventStatus.CANCELLED for row in pairing.gone}


def updated(row: Known, date: Date, before: EventStatus | None) -> dict[str, Any]:
    """The columns of a known date, as its calendar gives it now; `before` is what this calendar said of it last.

    A confirmation is of a date and an hour. A status that does not come from the calendar was given here by a person,
    who knows better as long as the date stays where it is.
    """
    status = status_of(date, row["original_at"])
    elsewhere = status is EventStatus.MOVED and before not in (None, EventStatus.MOVED)
    moved = elsewhere or (row["starts_at"], row["all_day"]) != (date.starts_at, date.all_day)
    by_a_person = before is not None and row["status"] != before
    if by_a_person and not moved and status is not EventStatus.CANCELLED:
        status = EventStatus(row["status"])
    kept = not moved and status is not EventStatus.CANCELLED
    return {
        "starts_at": date.starts_at,
        "ends_at": date.ends_at,
        "all_day": date.all_day,
        "status": status.value,
        "confirmed_at": row["confirmed_at"] if kept else None,
        "confirmed_role": row["confirmed_role"] if kept else None,
    }


def cancelled(row: Known) -> dict[str, Any]:
    """The columns of a date that its calendar no longer gives."""
    none = {"confirmed_at": None, "confirmed_role": None}
    return {name: row[name] for name in _COLUMNS} | none | {"status": EventStatus.CANCELLED.value}


def differing(known: Sequence[Known], calendar: Part, now: datetime) -> list[tuple[Known, Date]]:
    """The dates of a calendar (`parsed`) of which something else is known here; `known` are all those not over.

    What is no longer given is not among them. Raises Unreadable.
    """
    until = max((row["starts_at"] for row in known), default=now) + timedelta(seconds=1)
    same = pair(known, dates_in(calendar, now, until), now, until).same
    return [(row, date) for row, date in same if _becomes(row) != (status_of(date, row["original_at"]), date.starts_at)]


def _becomes(row: Known) -> tuple[str, datetime]:
    return row["status"], row["starts_at"]


# Writing them.

FURTHER = timedelta(days=366)  # how far to look for a date that was put off, before saying that it is cancelled

_UPDATE = (
    update(occurrences)
    .where(occurrences.c.event_id == bindparam("id_"), occurrences.c.original_at == bindparam("original"))
    .values({name: bindparam(f"new_{name}") for name in (*_COLUMNS, "z")})
)


def write_dates(connection: Connection, event: RowMapping, now: datetime, until: datetime, before: str) -> None:
    """Make the dates of an event (a row of `events`) those of its calendar, from `now` until `until`.

    `before` is the calendar from which they were last written, be it the same. Raises Unreadable.
    """
    read = select(occurrences).where(occurrences.c.event_id == event["id"])
    known = connection.execute(read).mappings().all()
    pairing = pair(known, dates_of(event["ical"], now, until), now, until)
    same = before == event["ical"]
    if pairing.gone and not same:
        pairing = pair(known, dates_of(event["ical"], now, until + FURTHER), now, until + FURTHER)
    unasked = same or not _depends_on_before(pairing)
    said = statuses(pairing) if unasked else _said_before(known, before, now, until)
    z = _key_of(event)
    changes = [(row, updated(row, date, said.get(row["original_at"]))) for row, date in pairing.same]
    changes += [(row, cancelled(row)) for row in pairing.gone]
    _change(connection, [(row, values | {"z": z}) for row, values in changes])
    _add(connection, event["id"], pairing.new, z)


def _depends_on_before(pairing: Pairing) -> bool:
    """Whether `updated` needs what a calendar said before, which takes as long to read as what it says now."""
    became = ((row["status"], status_of(date, row["original_at"])) for row, date in pairing.same)
    return any(new is EventStatus.MOVED or new not in (old, EventStatus.CANCELLED) for old, new in became)


def _said_before(known: Sequence[Known], before: str, now: datetime, until: datetime) -> dict[datetime, EventStatus]:
    try:
        return statuses(pair(known, dates_of(before, now, until), now, until))
    except Unreadable:
        return {}


def _key_of(event: RowMapping) -> int:
    if event["latitude"] is None or event["longitude"] is None:
        return NOWHERE
    return zorder.encode(event["latitude"], event["longitude"])


def _change(connection: Connection, changes: Sequence[tuple[Known, dict[str, Any]]]) -> None:
    values = [
        {"id_": row["event_id"], "original": row["original_at"]} | {f"new_{name}": new[name] for name in new}
        for row, new in changes
        if any(row[name] != new[name] for name in new)
    ]
    if values:
        connection.execute(_UPDATE, values)


def _add(connection: Connection, event_id: int, given: Sequence[Date], z: int) -> None:
    rows = [
        {
            "event_id": event_id,
            "original_at": date.original_at,
            "starts_at": date.starts_at,
            "ends_at": date.ends_at,
            "all_day": date.all_day,
            "status": status_of(date, date.original_at).value,
            "z": z,
        }
        for date in given
    ]
    if rows:
        connection.execute(insert(occurrences), rows)
