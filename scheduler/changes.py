"""What becomes of a date, told to whoever counts on it: cancelled, moved, or taking place after all."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, or_, select, update

from catalogue import events
from catalogue.entries import Occurrence
from catalogue.events import Key
from catalogue.hours import zone_of
from catalogue.needs import Ahead, EventStatus
from catalogue.tables import events as events_table
from catalogue.tables import occurrences, reminders
from handlers import planning
from handlers.dates import change_reply
from handlers.dialogue import Reply
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
_news = or_(
    and_(_is_cancelled, ~_knew_it_cancelled),
    and_(~_is_cancelled, or_(_knew_it_cancelled, _has_moved)),
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
    """Tells whoever asked for a reminder that its date is cancelled, moved, or takes place after all, with what else
    is near; plans their reminders again. Returns how many people were told. To be called before `tell_due`.
    """
    alone(connection)
    rows = rows_of(connection, _changed(now, list(composers)).limit(most))
    found = dates_of(connection, rows)
    groups = [list(group) for _, group in groupby(rows, key=lambda row: (*who_of(row), *date_of(row)))]
    if len(rows) == most and len(groups) > 1:
        groups.pop()  # perhaps not whole: for the next time
    told = [row for group in groups for row in group]
    others = {key: _others(connection, found[key], now) for key in {date_of(row) for row in told}}
    post(connection, composers, _letters([group[0] for group in groups], found, others, now))
    take_back(connection, [row for row in told if row["state"] == QUEUED], now)
    if told:
        connection.execute(_PLAN_AGAIN, [_planned_again(row, found[date_of(row)], now) for row in told])
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
    at_once = too_late or (date.status is CANCELLED and planning.is_soon(believed, now, zone))
    leaves, night = (now, None) if at_once else (morning, zone)
    expires = max(planning.over_at(at, date.all_day, zone) for at in (row["told_at"], date.starts_at))
    key = f"changement:{row['id']}:{int(now.timestamp())}"
    return Letter(*who_of(row), key, (reply,), leaves, expires, night)


def _others(connection: Connection, date: Occurrence, now: datetime) -> list[Occurrence]:
    """What else there is within 20 km and 7 days, of which a date is soonest told."""
    if date.event.latitude is None or date.event.longitude is None:
        return []
    around = events.near(connection, (date.event.latitude, date.event.longitude), now, now + A_WEEK, None)
    key = date.event.id, date.original_at
    to_come = [one for one in around if one.starts_at > now and one.status is not CANCELLED]
    return [one for one in to_come if (one.event.id, one.original_at) != key][:MOST_OTHERS]


_PLAN_AGAIN = (
    update(reminders)
    .where(reminders.c.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in ("state", "due_at", "told_status", "told_at")})
)


def _planned_again(row: Row, date: Occurrence, now: datetime) -> dict[str, Any]:
    at = None if date.status is CANCELLED else due_at(date, Ahead(row["ahead"]))
    to_come = at is not None and at > now
    planned = {"state": WAITING if to_come else TOLD, "due_at": at if to_come else row["due_at"], **what_is_known(date)}
    return {"row_id": row["id"], **{f"new_{name}": value for name, value in planned.items()}}
