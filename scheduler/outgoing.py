"""Messages as they are written to the outbox, in the transaction of whoever writes: each, or one to many people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Integer,
    TableValuedAlias,
    Text,
    bindparam,
    column,
    false,
    func,
    insert,
    literal,
    select,
)

from catalogue.tables import Instant, outbox
from scheduler.outbox import ANSWER, State


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be written to the outbox."""

    channel: str
    person: str
    message: dict[str, Any]
    dedupe_key: str
    due_at: datetime
    expires_at: datetime | None = None


_INSERT = insert(outbox).values(urgency=ANSWER, state=State.CREATED.value, attempts=0, resent=False)


def put(connection: Connection, messages: Sequence[Outgoing]) -> None:
    """Writes answers, in the caller's transaction. Raises IntegrityError if a dedupe key is already there."""
    rows = [
        {
            "channel": m.channel,
            "person": m.person,
            "message": m.message,
            "dedupe_key": m.dedupe_key,
            "due_at": m.due_at,
            "expires_at": m.expires_at,
        }
        for m in messages
    ]
    if rows:
        connection.execute(_INSERT, rows)


@dataclass(frozen=True, slots=True)
class Copies:
    """One message told later to many people: what `Outgoing` says, once, and to whom."""

    channel: str
    message: dict[str, Any]
    urgency: int  # AT_ONCE or IN_ITS_TIME
    due_at: datetime
    expires_at: datetime | None
    people: Mapping[str, str]  # by dedupe key


def each_in(name: str) -> TableValuedAlias:
    """The keys and the values of an object, given under a name to a statement: `key` is a text, `value` is JSON.

    The engine takes the object apart: thousands of rows cost little more than one, where as many values would not.
    """
    return func.json_each(bindparam(name, type_=JSON)).table_valued(column("key", Text), column("value", JSON))


_people = each_in("people")
_INSERT_COPIES = insert(outbox).from_select(
    ["channel", "person", "message", "dedupe_key", "urgency", "due_at", "expires_at", "state", "attempts", "resent"],
    select(
        bindparam("of_channel", type_=Text),
        _people.c.value[0].as_string(),
        bindparam("said", type_=JSON),
        _people.c.key,
        bindparam("how_urgent", type_=Integer),
        bindparam("at", type_=Instant),
        bindparam("until", type_=Instant),
        literal(State.CREATED.value),
        literal(0),
        false(),
    ),
)


def put_copies(connection: Connection, copies: Sequence[Copies]) -> None:
    """Writes messages that many people read, as `put` does."""
    rows = [
        {
            "of_channel": one.channel,
            "said": one.message,
            "how_urgent": one.urgency,
            "at": one.due_at,
            "until": one.expires_at,
            "people": {key: [person] for key, person in one.people.items()},
        }
        for one in copies
    ]
    if rows:
        connection.execute(_INSERT_COPIES, rows)
