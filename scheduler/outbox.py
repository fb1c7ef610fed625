"""The outbox: what must reach people, as rows. Written in a turn's transaction, claimed by lease, settled once.

created → sending → sent | failed | expired | uncertain. A settled row never goes back. A claimed row stays "created"
until the moment it leaves: so a process that dies leaves in doubt only what was on the wire.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Text, and_, bindparam, cast, or_, select, update

from catalogue.tables import outbox
from handlers import planning
from scheduler.holds import held

# Before what may have been sent is sent again, after all that is due before it. A process that starts is slow at first,
# and may be about to die as the one before, or meet the same fault: nobody dares send what is in doubt a second time.
IN_DOUBT = timedelta(seconds=5)
LEASE = timedelta(seconds=45)  # longer than any send may take, waiting for its turn included
MOST_ATTEMPTS = 8
# What leaves first: whoever writes waits for an answer, however many are reminded of something at that moment.
ANSWER, AT_ONCE, IN_ITS_TIME = 0, 1, 2


class State(StrEnum):
    """Where a message is on its way."""

    CREATED = "created"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message this process has the lease of."""

    id: int
    person: str
    message: dict[str, Any]
    attempts: int
    resent: bool
    begun: bool  # already said to be leaving
    until: datetime  # when the lease ends


# What a person was to read before this, and has not: put back for later, or on the wire. It must arrive first.
_earlier = outbox.alias("earlier")
_UNREAD = (
    select(_earlier.c.id)
    .where(
        _earlier.c.channel == outbox.c.channel,
        _earlier.c.person == outbox.c.person,
        _earlier.c.id < outbox.c.id,
        _earlier.c.expires_at.is_(None),
        _earlier.c.settled_at.is_(None),
    )
    .exists()
)
_FREE = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= bindparam("now"))
_CLAIMABLE = (
    select(outbox.c.id, outbox.c.person, outbox.c.message, outbox.c.attempts, outbox.c.resent, outbox.c.state)
    .where(
        outbox.c.channel == bindparam("channel"),
        outbox.c.due_at <= bindparam("now"),
        outbox.c.settled_at.is_(None),
        _FREE,
        ~held(bindparam("channel")),
        # What expires waits for nobody: the answer to a tap, soon a reminder.
        or_(outbox.c.expires_at > bindparam("now"), and_(outbox.c.expires_at.is_(None), ~_UNREAD)),
    )
    .order_by(outbox.c.urgency, outbox.c.due_at, outbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_LEASE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(
        leased_until=bindparam("until"),
        state=bindparam("to"),
        attempts=outbox.c.attempts + bindparam("tried"),
    )
)
_DOUBT = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(state=State.CREATED.value, resent=True, due_at=bindparam("at"), leased_until=None)
)
BY_DAY = "by_day"  # in a message that must not leave at night: the time zone of that night
_POSTPONE = (
    update(outbox)
    .where(
        outbox.c.channel == bindparam("of_channel"),
        outbox.c.due_at <= bindparam("now"),
        outbox.c.settled_at.is_(None),
        _FREE,
        cast(outbox.c.message, Text).contains(bindparam("by_day")),
    )
    .values(due_at=bindparam("morning"), leased_until=None)
)
Leaves = Callable[[str, dict[str, Any]], bool]


def claim(connection: Connection, channel: str, now: datetime, most: int, leaves: Leaves) -> list[Claimed]:
    """Takes the lease of at most `most` due messages, answers first, then oldest first; of answers, one a person.

    One still "sending" although its lease ran out was on the wire when its process died: it may have been sent. It is
    sent again, once, marked, a little later (`IN_DOUBT`); a doubt that comes twice is left uncertain. What must not
    leave at night (`BY_DAY`) and is late is put back to the morning. `leaves(person, message)` says which can leave at
    once: they are begun here, which saves a transaction.
    """
    claimed, nights = [], set()
    lost: list[int] = []
    doubted: list[int] = []
    for row in connection.execute(_CLAIMABLE, {"channel": channel, "now": now, "most": most}):
        zone = row.message.get(BY_DAY)
        if zone and planning.is_night(now, ZoneInfo(zone)):
            nights.add(zone)
            continue
        if row.state == State.SENDING:
            (lost if row.resent else doubted).append(row.id)
            continue
        begun = leaves(row.person, row.message)
        claimed.append(Claimed(row.id, row.person, row.message, row.attempts + 1, row.resent, begun, now + LEASE))
    if claimed:
        connection.execute(_LEASE, [_lease(one) for one in claimed])
    if doubted:
        connection.execute(_DOUBT, [{"row_id": row_id, "at": now + IN_DOUBT} for row_id in doubted])
    for row_id in lost:
        settle(connection, row_id, State.UNCERTAIN, now)
    for zone in nights:
        _postpone(connection, channel, zone, now)
    return claimed + claim(connection, channel, now, most - len(claimed), leaves) if nights else claimed


def _postpone(connection: Connection, channel: str, zone: str, now: datetime) -> None:
    """Puts back to the morning all that is due and must not leave in the night of a place: answers go first."""
    said = json.dumps({BY_DAY: zone})[1:-1]
    morning = planning.after_the_night(now, ZoneInfo(zone))
    values = {"of_channel": channel, "now": now, "by_day": said, "morning": morning}
    connection.execute(_POSTPONE, values)


def _lease(claimed: Claimed) -> dict[str, Any]:
    state = State.SENDING if claimed.begun else State.CREATED
    return {"row_id": claimed.id, "until": claimed.until, "to": state.value, "tried": int(claimed.begun)}


_BEGIN = (
    update(outbox)
    .where(
        outbox.c.id == bindparam("row_id"),
        outbox.c.settled_at.is_(None),
        outbox.c.leased_until > bindparam("now"),
        # Its own: what waited longer than its lease may have been claimed by another.
        outbox.c.leased_until == bindparam("until"),
        # It may have waited for its turn until what it reminds of had begun.
        or_(outbox.c.expires_at.is_(None), outbox.c.expires_at > bindparam("now")),
        # And the channel may have been held since, by another process.
        ~held(outbox.c.channel),
    )
    .values(state=State.SENDING.value, attempts=outbox.c.attempts + 1)
)
_GIVE_BACK = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"), outbox.c.settled_at.is_(None))
    .values(state=State.CREATED.value, leased_until=None)
)
_GIVE_BACK_IF_HELD = _GIVE_BACK.where(outbox.c.state == State.CREATED.value, held(outbox.c.channel))


def begin(connection: Connection, sending: Claimed, now: datetime) -> bool:
    """Says that a claimed message leaves now; False if it is too late, its lease is lost or it is settled already.

    False too if its channel is held: it is given back, for whoever claims it after that.
    """
    values = {"row_id": sending.id, "now": now, "until": sending.until}
    if connection.execute(_BEGIN, values).rowcount == 1:
        return True
    connection.execute(_GIVE_BACK_IF_HELD, values)
    return False


def give_back(connection: Connection, sending: Claimed) -> None:
    """Ends the lease of a message that did not leave."""
    connection.execute(_GIVE_BACK, {"row_id": sending.id})


_SETTLE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"), outbox.c.state.in_((State.CREATED.value, State.SENDING.value)))
    .values(state=bindparam("to"), settled_at=bindparam("now"), error=bindparam("why"), message=None, leased_until=None)
)


def settle(connection: Connection, row_id: int, state: State, now: datetime, error: str | None = None) -> None:
    """Ends a message's way and empties it; does nothing if it had already ended."""
    connection.execute(_SETTLE, {"row_id": row_id, "to": state.value, "now": now, "why": error})


_RETRY = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"), outbox.c.settled_at.is_(None))
    .values(state=State.CREATED.value, due_at=bindparam("at"), leased_until=None, error=bindparam("why"))
)


def retry(connection: Connection, sending: Claimed, at: datetime, error: str) -> None:
    """Puts back a message that provably was not sent; what follows it to the same person waits, to keep order."""
    connection.execute(_RETRY, {"row_id": sending.id, "at": at, "why": error})


_EXPIRE = (
    update(outbox)
    .where(
        outbox.c.settled_at.is_(None),
        outbox.c.state == State.CREATED.value,
        outbox.c.expires_at <= bindparam("now"),
    )
    .values(state=State.EXPIRED.value, settled_at=bindparam("now"), message=None)
)


def expire(connection: Connection, now: datetime) -> int:
    """Ends what is too late to be worth sending; returns how many."""
    return connection.execute(_EXPIRE, {"now": now}).rowcount


_TAKE_BACK = (
    update(outbox)
    .where(outbox.c.settled_at.is_(None), outbox.c.state == State.CREATED.value)
    .values(state=State.EXPIRED.value, settled_at=bindparam("now"), message=None, leased_until=None)
)
_BATCH = 500  # SQLite takes a limited number of values in one statement


def stop_later(connection: Connection, channel: str, person: str, now: datetime) -> None:
    """Ends what was to be told later to a person, and has not left."""
    theirs = and_(outbox.c.channel == channel, outbox.c.person == person, outbox.c.settled_at.is_(None))
    connection.execute(_TAKE_BACK.where(theirs, outbox.c.urgency != ANSWER), {"now": now})


def take_back(connection: Connection, keys: Sequence[str], now: datetime) -> set[str]:
    """Ends messages that have not left, by key; returns the keys of those it ended."""
    found: set[str] = set()
    for start in range(0, len(keys), _BATCH):
        among = outbox.c.dedupe_key.in_(keys[start : start + _BATCH])
        found.update(connection.scalars(_TAKE_BACK.where(among).returning(outbox.c.dedupe_key), {"now": now}))
    return found


def stop_for(connection: Connection, channel: str, person: str, now: datetime) -> None:
    """Ends everything on its way to someone who can no longer be written to."""
    connection.execute(
        update(outbox)
        .where(outbox.c.channel == channel, outbox.c.person == person, outbox.c.state == State.CREATED.value)
        .values(state=State.FAILED.value, settled_at=now, message=None, error="Stopped")
    )


def mark_resent(connection: Connection, row_id: int) -> None:
    """Says that a message may reach its person twice."""
    connection.execute(update(outbox).where(outbox.c.id == row_id).values(resent=True))


def take_over(connection: Connection, channel: str) -> None:
    """Ends every lease at once: for the only process of a SQLite database, what was in flight is its dead self's."""
    leased = (outbox.c.channel == channel, outbox.c.leased_until.is_not(None))
    connection.execute(update(outbox).where(*leased).values(leased_until=None))
