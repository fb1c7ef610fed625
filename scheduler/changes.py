"""What becomes of a date, told to whoever counts on it: cancelled, moved, no longer announced, on after all."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, Update, and_, bindparam, or_, select, update

from catalogue import events
from catalogue.entries import Occurrence
from catalogue.events import Key
from catalogue.hours import zone_of
from catalogue.needs import Ahead, EventStatus
from catalogue.tables import events as events_table
from catalogue.tables import occurrences, reminders
from handlers import planning
from handlers.dialogue import Reply
from handlers.told import change_reply
from scheduler.letters import Composers, Letter, alone, post
from scheduler.reminders import (
    QUEUED,
    TOLD,
    WAITING,
    Row,
    begins_at,
    date_of,
    dates_of,
    due_at,
    rows_of,
    take_back,
    what_is_known,
    who_of,
)

A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
Found = Mapping[Key, Occurrence]

MOST_OTHERS = 3
CANCELLED = EventStatus.CANCELLED

_is_cancelled = or_(occurrences.c.status == CANCELLED.value, events_table.c.status == CANCELLED.value)
_knew_it_cancelled = reminders.c.told_status == CANCELLED.value
_has_moved = or_(
    occurrences.c.starts_at != reminders.c.told_at,
    and_(
        occurrences.c.status == EventStatus.MOVED.value,
        reminders.c.told_status != EventStatus.MOVED.value,
    ),
)
_is_unsure = and_(events_table.c.vanished_at.is_not(None), reminders.c.told_sure)
_news = or_(
    and_(_is_cancelled, ~_knew_it_cancelled),
    and_(~_is_cancelled, or_(_knew_it_cancelled, _has_moved, _is_unsure)),
)


def _changed(now: datetime, channels: Sequence[str]) -> Select[Any]:
    """The reminders of dates to come, or that were believed to come, which are not what the person last knew."""
    to_come = or_(
        *(
            or_(at > now, and_(occurrences.c.all_day, at > now - A_DAY))
            for at in (occurrences.c.starts_at, reminders.c.told_at)
        )
    )
    same_date = and_(
        occurrences.c.event_id == reminders.c.event_id, occurrences.c.original_at == reminders.c.original_at
    )
    return (
        select(reminders)
        .join(occurrences, same_date)
        .join(events_table, events_table.c.id == reminders.c.event_id)
        .where(reminders.c.channel.in_(channels), to_come, _news)
        .order_by(reminders.c.channel, reminders.c.person, reminders.c.event_id, reminders.c.original_at)
    )


def tell_changes(connection: Connection, now: datetime, composers: Composers, most: int = 1000) -> int:
    """Tells whoever asked for a reminder what becomes of its date, with what else is near; plans their reminders again.

    Cancelled, moved, on after all; or its calendar no longer announces it, and then their reminders stay as they are.
    Returns how many people were told. To be called before `tell_due`.
    """
    alone(connection)
    rows = rows_of(connection, _changed(now, list(composers)).limit(most))
    found = dates_of(connection, rows)
    groups = [list(group) for _, group in groupby(rows, key=lambda row: (*who_of(row), *date_of(row)))]
    if len(rows) == most and len(groups) > 1:
        groups.pop()  # perhaps not whole: for the next time
    told = [row for group in groups for row in group]
    others = {key: _others(connection, found[key], now) for key in {date_of(row) for row in told}}
    letters = _letters([group[0] for group in groups], found, others, now)
    post(connection, composers, letters)
    if told:
        connection.execute(_NOTE, _noted(groups, letters, found))
    _plan_again(connection, [row for row in told if not _only_unsure(row, found[date_of(row)])], found, now)
    return len(groups)


def _letters(
    rows: Sequence[Row], found: Found, others: Mapping[Key, Sequence[Occurrence]], now: datetime
) -> list[Letter]:
    reply_of: dict[tuple[Key, datetime], Reply] = {}  # many people knew the same
    letters = []
    for row in rows:
        date, known = found[date_of(row)], (date_of(row), row["told_at"])
        if known not in reply_of:
            reply_of[known] = change_reply(row["told_at"], date, now, others[date_of(row)])
        letters.append(_letter(row, date, reply_of[known], now))
    return letters


def _letter(row: Row, date: Occurrence, reply: Reply, now: datetime) -> Letter:
    zone = zone_of(date.event.departement)
    believed = planning.begins_at(row["told_at"], date.all_day, zone)
    morning = planning.after_the_night(now, zone)
    too_late = now < believed <= morning or now < begins_at(date) <= morning
    urgent = too_late or (date.status is CANCELLED and planning.is_soon(believed, now, zone))
    at_once = urgent and not _only_unsure(row, date)
    leaves, night = (now, None) if at_once else (morning, zone)
    expires = max(planning.over_at(at, date.all_day, zone) for at in (row["told_at"], date.starts_at))
    return Letter(*who_of(row), letter_key(row, now), (reply,), leaves, expires, night)


def _only_unsure(row: Row, date: Occurrence) -> bool:
    """Whether nothing changed but that its calendar no longer announces it."""
    knew = row["told_status"]
    moved = date.status is EventStatus.MOVED and knew != date.status.value
    return date.starts_at == row["told_at"] and CANCELLED not in (date.status, knew) and not moved


def letter_key(row: Row, now: datetime) -> str:
    """The key of a letter. It keeps what was known before: were the letter lost, it would be told again from there."""
    known = f"{row['told_status']}:{int(row['told_at'].timestamp())}:{int(row['told_sure'])}"
    return f"changement:{row['id']}:{int(now.timestamp())}:{known}"


def known_before(key: str) -> dict[str, Any]:
    """What a person knew of a date before the letter of that key: columns of `reminders`."""
    status, at, sure = key.split(":")[-3:]
    return {"told_status": status, "told_at": datetime.fromtimestamp(int(at), UTC), "told_sure": sure == "1"}


def _others(connection: Connection, date: Occurrence, now: datetime) -> list[Occurrence]:
    """What else there is within 20 km and 7 days, of which a date is soonest told."""
    if date.event.latitude is None or date.event.longitude is None:
        return []
    around = events.near(connection, (date.event.latitude, date.event.longitude), now, now + A_WEEK, None)
    key = date.event.id, date.original_at
    to_come = [one for one in around if one.starts_at > now and one.status is not CANCELLED]
    return [one for one in to_come if (one.event.id, one.original_at) != key][:MOST_OTHERS]


def _to(*columns: str) -> Update:
    """Gives values to columns of a reminder: those of `_values`."""
    return (
        update(reminders)
        .where(reminders.c.id == bindparam("row_id"))
        .values({c: bindparam(f"new_{c}") for c in columns})
    )


def _values(row: Row, **values: Any) -> dict[str, Any]:
    return {"row_id": row["id"], **{f"new_{column}": value for column, value in values.items()}}


_NOTE = _to("told_status", "told_at", "told_sure", "change_key")
_PLAN = _to("state", "due_at")


def _noted(groups: Sequence[Sequence[Row]], letters: Sequence[Letter], found: Found) -> list[dict[str, Any]]:
    """What each person now knows, and by which letter: the reminders of one date share it."""
    return [
        _values(row, **what_is_known(found[date_of(row)]), change_key=letter.key)
        for group, letter in zip(groups, letters, strict=True)
        for row in group
    ]


def _plan_again(connection: Connection, rows: Sequence[Row], found: Found, now: datetime) -> None:
    take_back(connection, [row for row in rows if row["state"] == QUEUED], now)
    if rows:
        connection.execute(_PLAN, [_planned(row, found[date_of(row)], now) for row in rows])


def _planned(row: Row, date: Occurrence, now: datetime) -> dict[str, Any]:
    at = None if date.status is CANCELLED else due_at(date, Ahead(row["ahead"]))
    to_come = at is not None and at > now
    return _values(row, state=WAITING if to_come else TOLD, due_at=at if to_come else row["due_at"])
