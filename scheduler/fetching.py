"""Photos to be fetched where a channel keeps them: asked for in a turn, fetched beside it, forgotten when done.

Of each person, only the last photo they sent: whoever sends two wants the second.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from catalogue.roles import Who
from catalogue.tables import photo_fetches

MOST_ATTEMPTS = 4
LEASE = timedelta(seconds=60)  # longer than any fetching may take: a process that dies leaves it to another
LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ToFetch:
    """A photo this process is to fetch: whose it is, what its channel calls it, and how many times it was tried."""

    id: int
    person: str
    reference: str
    attempts: int  # this one included


def ask(connection: Connection, who: Who, reference: str, now: datetime) -> None:
    """A photo is to be fetched; the one that person sent before, no more."""
    forget(connection, who)
    row = {"channel": who[0], "person": who[1], "reference": reference}
    connection.execute(insert(photo_fetches).values(**row, asked_at=now, due_at=now, attempts=0))


def is_due(connection: Connection, channel: str, now: datetime) -> bool:
    """Whether something is to be fetched now."""
    return connection.execute(_due(channel, now).limit(1)).first() is not None


def claim(connection: Connection, channel: str, now: datetime) -> list[ToFetch]:
    """Takes what is to be fetched now, the oldest first: nobody else does for as long as the lease."""
    rows = connection.execute(_due(channel, now).with_for_update(skip_locked=True)).all()
    taken = photo_fetches.c.id.in_([row.id for row in rows])
    leased = {"due_at": now + LEASE, "attempts": photo_fetches.c.attempts + 1}
    connection.execute(update(photo_fetches).where(taken).values(leased))
    return [ToFetch(row.id, row.person, row.reference, row.attempts + 1) for row in rows]


def _due(channel: str, now: datetime) -> Select[Any]:
    of_channel = select(photo_fetches).where(photo_fetches.c.channel == channel)
    waiting = (photo_fetches.c.due_at <= now, photo_fetches.c.asked_at > now - LASTS)
    return of_channel.where(*waiting).order_by(photo_fetches.c.id)


def again(connection: Connection, one: ToFetch, now: datetime) -> None:
    """It could not be fetched: later, and later each time."""
    later = {"due_at": now + timedelta(seconds=2.0**one.attempts)}
    connection.execute(update(photo_fetches).where(photo_fetches.c.id == one.id).values(later))


def done(connection: Connection, one: ToFetch) -> bool:
    """Forgets one; False when it was already, or when the person sent another photo since."""
    return connection.execute(delete(photo_fetches).where(photo_fetches.c.id == one.id)).rowcount == 1


def forget(connection: Connection, who: Who) -> None:
    """Nothing is to be fetched for a person any more."""
    theirs = (photo_fetches.c.channel == who[0], photo_fetches.c.person == who[1])
    connection.execute(delete(photo_fetches).where(*theirs))


def forget_old(connection: Connection, now: datetime) -> None:
    """Forgets what was asked for an hour ago, and is still not there."""
    connection.execute(delete(photo_fetches).where(photo_fetches.c.asked_at <= now - LASTS))
