"""What is told later, on its way to the outbox. Whoever plans it is alone to do so, and its key can exist only once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select, text
from sqlalchemy import exists as exists_

from catalogue.tables import outbox as messages
from handlers.dialogue import Card, Choice, Reply
from scheduler import outbox
from scheduler.outgoing import Copies, Outgoing, each_in, put_copies
from scheduler.reminders import part_of

# How a channel writes replies: (replies, person, key, origin, now) → its messages. See bot.runner.
Compose = Callable[[Sequence[Reply], str, str, dict[str, Any], datetime], list[Outgoing]]
Composers = Mapping[str, Compose]


@dataclass(frozen=True, slots=True)
class Letter:
    """Replies to write to a person at a moment. `night` is the clock of the night not to disturb, None for any."""

    channel: str
    person: str
    key: str
    replies: tuple[Reply, ...]
    due_at: datetime
    expires_at: datetime
    night: ZoneInfo | None


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('scheduler', 0))")


def alone(connection: Connection) -> None:
    """Makes this transaction the only one that plans what is told. On SQLite, writing already makes it so."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE)


def post(connection: Connection, composers: Composers, letters: Iterable[Letter]) -> None:
    """Writes letters to the outbox, in the caller's transaction. Raises IntegrityError if a key is already there."""
    alike: dict[tuple[object, ...], list[Letter]] = {}  # many people read the same
    for one in letters:
        alike.setdefault((one.channel, one.replies, one.due_at, one.expires_at, one.night), []).append(one)
    put_copies(connection, [copies for some in alike.values() for copies in _copies(composers, some)])


def _copies(composers: Composers, letters: Sequence[Letter]) -> list[Copies]:
    """Letters that only differ by whom they are for: one message, or its parts in order when it is long."""
    one = letters[0]
    night = {outbox.BY_DAY: one.night.key} if one.night else {}
    written = composers[one.channel](one.replies, one.person, one.key, {}, one.due_at)
    return [
        Copies(
            one.channel,
            {**part.message, **night},
            outbox.IN_ITS_TIME if one.night else outbox.AT_ONCE,
            one.due_at,
            one.expires_at,
            {part_of(letter.key, number): letter.person for letter in letters},
        )
        for number, part in enumerate(written)
    ]


LONGEST = 20  # parts of a message: the dates of many communes are cut into several
_CLEAR = delete(messages).where(messages.c.dedupe_key.in_(select(each_in("parts").c.key)))
_STATES = select(messages.c.dedupe_key, messages.c.state).where(
    messages.c.dedupe_key.in_(select(each_in("parts").c.key))
)


def states(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """What became of letters, by key, as far as the outbox knows them."""
    parts = {part_of(key): key for key in keys}
    return {parts[part]: state for part, state in connection.execute(_STATES, {"parts": dict.fromkeys(parts)})}


def clear(connection: Connection, keys: Iterable[str]) -> None:
    """Drops what is left of letters that were cut and lost a part: they are to be written whole again."""
    parts = {part_of(key, number): key for key in keys for number in range(1, LONGEST)}
    if parts:
        connection.execute(_CLEAR, {"parts": parts})


def is_used(connection: Connection, key: str) -> bool:
    """Whether there is, or was lately, a letter of that key."""
    return bool(connection.scalar(select(exists_().where(messages.c.dedupe_key == part_of(key)))))


def together(replies: Sequence[Reply]) -> Reply:
    """Several replies as one message. The buttons they do not share go under the card they are about."""
    if len(replies) == 1:
        return replies[0]
    shared = set.intersection(*({choice for row in reply.choices for choice in row} for reply in replies))
    cards = [_with_its_buttons(reply, shared) for reply in replies]
    rows = [tuple(choice for choice in row if choice in shared) for row in replies[0].choices]
    return Reply(
        "\n".join(dict.fromkeys(reply.text for reply in replies)),
        cards=tuple(dict.fromkeys(card for some in cards for card in some)),
        choices=tuple(row for row in rows if row),
    )


def _with_its_buttons(reply: Reply, shared: set[Choice]) -> tuple[Card, ...]:
    own = tuple(choice for row in reply.choices for choice in row if choice not in shared)
    first, *others = reply.cards
    return (replace(first, choices=(*first.choices, *own)), *others)
