"""Reminders that are due become messages; those whose message was lost become one again."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal_column,
    select,
    update,
)

from catalogue.entries import Occurrence
from catalogue.events import Key
from catalogue.hours import zone_of
from catalogue.needs import EventStatus
from catalogue.tables import occurrences, reminders
from handlers import planning
from handlers.dialogue import Reply
from handlers.told import reminder_reply
from scheduler.letters import Composers, Letter, alone, clear, is_used, post, states, together
from scheduler.outbox import State
from scheduler.outgoing import each_in
from scheduler.reminders import (
    MISSED,
    QUEUED,
    TOLD,
    WAITING,
    Row,
    Who,
    begins_at,
    date_of,
    dates_of,
    key_of,
    rows_of,
    who_of,
)

Found = Mapping[Key, Occurrence]

A_SECOND, A_DAY = timedelta(seconds=1), timedelta(days=1)

_NEEDED = "id", "channel", "person", "event_id", "original_at", "due_at", "told_at"
# A state is written in the statement itself: an engine only uses the index of what waits when it can see it there.
_DUE = (
    select(*(reminders.c[name] for name in _NEEDED))
    .where(
        reminders.c.state == literal_column(f"'{WAITING}'"),
        reminders.c.due_at <= bindparam("now"),
        reminders.c.channel.in_(bindparam("channels", expanding=True)),
    )
    .order_by(reminders.c.due_at, reminders.c.channel, reminders.c.person, reminders.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_among = reminders.c.id.in_(select(cast(each_in("ids").c.key, BigInteger)))
_TO_STATE = update(reminders).where(_among).values(state=bindparam("to"))
_PLANNED = _TO_STATE.values(due_at=bindparam("at"))


def tell_due(connection: Connection, now: datetime, composers: Composers, most: int = 1000) -> int:
    """Writes to the outbox the reminders that are due, all those of a person as one message; returns how many it took.

    In the caller's transaction: both are kept, or neither. To be called again while it returns something.
    """
    alone(connection)
    due = connection.execute(_DUE, {"now": now, "most": most, "channels": list(composers)})
    rows: list[Row] = [dict(zip(_NEEDED, row, strict=True)) for row in due]
    found = dates_of(connection, rows)
    in_time = {key for key, date in found.items() if _is_useful(date, now)}
    late = [row for row in rows if date_of(row) not in in_time]
    useful = [row for row in rows if date_of(row) in in_time]
    packets = _packets(connection, [row for row in useful if not _has_changed(row, found[date_of(row)])])
    post(connection, composers, _letters(packets, found, now))
    queued = [row for packet in packets for row in packet]
    _plan(connection, queued, QUEUED)
    _plan(connection, late, MISSED)
    return len(queued) + len(late)


def _plan(connection: Connection, rows: Sequence[Row], state: str) -> None:
    moments: dict[datetime, list[int]] = {}
    for row in rows:
        moments.setdefault(row["due_at"], []).append(row["id"])
    if moments:
        changes = [{"ids": dict.fromkeys(ids), "to": state, "at": at} for at, ids in moments.items()]
        connection.execute(_PLANNED, changes)


def _packets(connection: Connection, rows: Sequence[Row]) -> list[list[Row]]:
    """The reminders of each person, given one moment: the last of theirs, or later if it has had its message."""
    people: dict[Who, list[Row]] = {}
    for row in rows:
        people.setdefault(who_of(row), []).append(row)
    packets = [_at(max(row["due_at"] for row in packet), packet) for packet in people.values()]
    used = states(connection, [key_of(packet[0]) for packet in packets])
    return [_at(_unused(connection, packet[0]), packet) if key_of(packet[0]) in used else packet for packet in packets]


def _at(moment: datetime, packet: Sequence[Row]) -> list[Row]:
    return [{**row, "due_at": moment} for row in packet]


def _unused(connection: Connection, row: Row) -> datetime:
    moment: datetime = row["due_at"]
    while is_used(connection, key_of({**row, "due_at": moment})):
        moment += A_SECOND
    return moment


def _letters(packets: Sequence[Sequence[Row]], found: Found, now: datetime) -> list[Letter]:
    """One message for each packet: the reminders of one person that leave at the same moment."""
    said = cache(partial(_said, found, now))  # many people are reminded of the same dates
    letters = []
    for packet in packets:
        first = packet[0]
        keys = tuple(dict.fromkeys(map(date_of, packet)))
        replies, leaves, expires, night = said(keys, first["due_at"])
        letters.append(Letter(*who_of(first), key_of(first), replies, leaves, expires, night))
    return letters


def _said(
    found: Found, now: datetime, keys: Sequence[Key], due_at: datetime
) -> tuple[tuple[Reply], datetime, datetime, ZoneInfo]:
    """What reminds of dates, when it leaves, when it expires, and the clock of the night not to disturb."""
    dates = sorted((found[key] for key in keys), key=lambda date: date.starts_at)
    zone = zone_of(dates[0].event.departement)
    leaves = planning.after_the_night(now, zone) if planning.is_night(now, zone) else due_at
    reply = together([reminder_reply(date, max(now, leaves)) for date in dates])
    return (reply,), leaves, min(begins_at(date) for date in dates), zone


def _is_useful(date: Occurrence, now: datetime) -> bool:
    """Whether there is still time to remind of a date, at night included: then it would leave in the morning."""
    return planning.after_the_night(now, zone_of(date.event.departement)) < begins_at(date)


def _has_changed(row: Row, date: Occurrence) -> bool:
    """Whether the person must first hear what became of it: see scheduler.changes."""
    return date.status is EventStatus.CANCELLED or date.starts_at != row["told_at"]


def reconcile(connection: Connection, now: datetime, composers: Composers) -> int:
    """Puts again what should be in the outbox and is not, notes what was told, and drops what is over since a day.

    Returns how many messages were put again. To be called before old messages are forgotten.
    """
    alone(connection)
    queued = select(reminders).where(reminders.c.state == QUEUED, reminders.c.channel.in_(list(composers)))
    rows = rows_of(connection, queued.order_by(reminders.c.id))
    found = dates_of(connection, rows)
    packets: dict[str, list[Row]] = {}
    for row in rows:
        packets.setdefault(key_of(row), []).append(row)
    became = states(connection, packets)
    in_time = {key for key, date in found.items() if _is_useful(date, now)}
    lost = [_still_true(packet, in_time, found) for key, packet in packets.items() if key not in became]
    letters = _letters([packet for packet in lost if packet], found, now)
    clear(connection, [letter.key for letter in letters])
    post(connection, composers, letters)
    became_of: dict[str, list[int]] = {}
    for key, packet in packets.items():
        for row in packet:
            became_of.setdefault(_next_state(became.get(key), date_of(row) in in_time), []).append(row["id"])
    if became_of:
        connection.execute(_TO_STATE, [{"ids": dict.fromkeys(ids), "to": to} for to, ids in became_of.items()])
    _drop_what_is_over(connection, now)
    return len(letters)


def _still_true(packet: Sequence[Row], in_time: Collection[Key], found: Found) -> list[Row]:
    """What of a message is to be said again: not what has begun, nor what became of a date (scheduler.changes)."""
    return [row for row in packet if date_of(row) in in_time and not _has_changed(row, found[date_of(row)])]


def _next_state(became: str | None, in_time: bool) -> str:
    """The state of a reminder whose message is in that state, None when there is none."""
    match became:
        case State.CREATED | State.SENDING:
            return QUEUED
        case State.SENT | State.UNCERTAIN:
            return TOLD
        case State.EXPIRED if in_time:  # it expired with another date, sooner, that it told of too
            return WAITING
        case None if in_time:
            return QUEUED
    return MISSED


def _drop_what_is_over(connection: Connection, now: datetime) -> None:
    ends_at = func.coalesce(occurrences.c.ends_at, occurrences.c.starts_at)
    same_date = and_(
        occurrences.c.event_id == reminders.c.event_id, occurrences.c.original_at == reminders.c.original_at
    )
    to_come = exists().where(same_date, ends_at > now - A_DAY)
    connection.execute(delete(reminders).where(reminders.c.original_at <= now - A_DAY, ~to_come))
