"""The inbox: what people did, stored before it is acknowledged, handled once, in order for each person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from catalogue.tables import inbox
from handlers.dialogue import Event


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as a channel brings it: `key` is its number there, `origin` what the channel needs to answer it."""

    channel: str
    key: str
    person: str
    event: Event
    origin: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stored event whose turn has come."""

    id: int
    key: str
    event: Event
    origin: dict[str, Any]
    received_at: datetime
    attempts: int


_INSERTS = {
    "sqlite": sqlite.insert(inbox).on_conflict_do_nothing(index_elements=["channel", "key"]),
    "postgresql": postgresql.insert(inbox).on_conflict_do_nothing(index_elements=["channel", "key"]),
}


def store(connection: Connection, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Stores events; one already known by its number is ignored: it was delivered twice."""
    rows = [
        {
            "channel": arrival.channel,
            "key": arrival.key,
            "person": arrival.person,
            "event": arrival.event.to_json(),
            "origin": arrival.origin,
            "received_at": now,
            "attempts": 0,
        }
        for arrival in arrivals
    ]
    if rows:
        connection.execute(_INSERTS[connection.dialect.name], rows)


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 0))")


def lock(connection: Connection, channel: str, person: str) -> None:
    """Makes this transaction the only one for a person. On SQLite, writing already makes it the only one of all."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"who": f"{channel}:{person}"})


_OLDEST = (
    select(inbox.c.id, inbox.c.key, inbox.c.event, inbox.c.origin, inbox.c.received_at, inbox.c.attempts)
    .where(inbox.c.channel == bindparam("channel"), inbox.c.person == bindparam("person"), inbox.c.handled_at.is_(None))
    .order_by(inbox.c.id)
    .limit(1)
)


def oldest(connection: Connection, channel: str, person: str) -> Waiting | None:
    """The first event of a person not yet handled."""
    row = connection.execute(_OLDEST, {"channel": channel, "person": person}).first()
    if row is None:
        return None
    return Waiting(row.id, row.key, Event.from_json(row.event), row.origin, row.received_at, row.attempts)


_HANDLED = (
    update(inbox)
    .where(inbox.c.id == bindparam("row_id"))
    .values(handled_at=bindparam("now"), person="", event=None, origin=None)
)


def handled(connection: Connection, row_id: int, now: datetime) -> None:
    """Marks an event as handled, and drops who said what; its number stays, so that it is never handled twice."""
    connection.execute(_HANDLED, {"row_id": row_id, "now": now})


def failed(connection: Connection, row_id: int) -> None:
    """Counts one more failure to handle an event."""
    connection.execute(update(inbox).where(inbox.c.id == row_id).values(attempts=inbox.c.attempts + 1))


def people_waiting(connection: Connection, channel: str, most: int) -> list[str]:
    """Who has something not yet handled: after a restart, or a failure."""
    rows = select(inbox.c.person).where(inbox.c.channel == channel, inbox.c.handled_at.is_(None)).distinct()
    return list(connection.execute(rows.limit(most)).scalars())
