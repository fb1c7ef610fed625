"""What people were told, until it is known to have left: what is lost from the outbox on its way is told again.

The changes of a date, the dates of a commune, the news of an entry. Reminders have a state: see scheduler.telling.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Executable, and_, bindparam, delete, select, update

from catalogue.tables import reminders, subscriptions, watches
from scheduler.changes import known_before
from scheduler.letters import Composers, alone, clear, states
from scheduler.outbox import State
from scheduler.reminders import Row, rows_of
from scheduler.watching import is_over

ON_ITS_WAY = (State.CREATED, State.SENDING)

_reminder = reminders.c.id == bindparam("of_id")
_subscription = subscriptions.c.id == bindparam("of_id")
_watch = and_(*(watches.c[name] == bindparam(f"of_{name}") for name in ("channel", "person", "initiative_id")))

_KNOWN_BEFORE = ("told_status", "told_at", "told_sure")
_CHANGE_LEFT = update(reminders).where(_reminder).values(change_key=None)
_CHANGE_LOST = _CHANGE_LEFT.values({name: bindparam(f"new_{name}") for name in _KNOWN_BEFORE})
_DATES_LEFT = update(subscriptions).where(_subscription).values(queued_key=None, told_before=None)
_DATES_LOST = _DATES_LEFT.values(told_until=subscriptions.c.told_before)
_NEWS_LEFT = update(watches).where(_watch).values(queued_key=None, told_before=None)
_NEWS_LOST = _NEWS_LEFT.values(told=watches.c.told_before)
_NEWS_OVER = delete(watches).where(_watch)


def reconcile(connection: Connection, now: datetime, composers: Composers) -> int:
    """Has told again what is lost, by whoever tells it, at their next tick; ends what was waiting for its message.

    Returns how many messages were lost. To be called before old messages are forgotten.
    """
    alone(connection)
    channels = list(composers)
    return _changes(connection, channels) + _dates(connection, channels) + _news(connection, channels)


def _changes(connection: Connection, channels: Sequence[str]) -> int:
    """What became of a date: the person is known to know what they knew before, and hears how it differs."""
    left, lost = _left_and_lost(connection, reminders.c.change_key, channels)
    _each(connection, _CHANGE_LEFT, [_id(row) for row in left])
    before = {row["change_key"]: known_before(row["change_key"]) for row in lost}
    _each(connection, _CHANGE_LOST, [_id(row) | _new(before[row["change_key"]]) for row in lost])
    return len(before)


def _dates(connection: Connection, channels: Sequence[str]) -> int:
    left, lost = _left_and_lost(connection, subscriptions.c.queued_key, channels)
    _each(connection, _DATES_LEFT, [_id(row) for row in left])
    _each(connection, _DATES_LOST, [_id(row) for row in lost])
    return len({row["queued_key"] for row in lost})


def _news(connection: Connection, channels: Sequence[str]) -> int:
    """What is closed, once it was told, is watched no more: there is nothing left to hear of it."""
    left, lost = _left_and_lost(connection, watches.c.queued_key, channels)
    _each(connection, _NEWS_OVER, [_key(row) for row in left if is_over(row["told"])])
    _each(connection, _NEWS_LEFT, [_key(row) for row in left if not is_over(row["told"])])
    _each(connection, _NEWS_LOST, [_key(row) for row in lost])
    return len(lost)


def _left_and_lost(connection: Connection, key: Column[Any], channels: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """The rows whose message has ended its way, sent or not, and those whose message is nowhere."""
    queued = select(key.table).where(key.is_not(None), key.table.c.channel.in_(channels))
    rows = rows_of(connection, queued)
    became = states(connection, dict.fromkeys(row[key.name] for row in rows))
    lost = [row for row in rows if row[key.name] not in became]
    clear(connection, {row[key.name] for row in lost})
    return [row for row in rows if became.get(row[key.name], ON_ITS_WAY[0]) not in ON_ITS_WAY], lost


def _each(connection: Connection, statement: Executable, values: Sequence[Mapping[str, Any]]) -> None:
    if values:
        connection.execute(statement, values)


def _id(row: Row) -> dict[str, Any]:
    return {"of_id": row["id"]}


def _key(row: Row) -> dict[str, Any]:
    return {f"of_{name}": row[name] for name in ("channel", "person", "initiative_id")}


def _new(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}
