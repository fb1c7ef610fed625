"""What is told later, on its way to the outbox. Whoever plans it is alone to do so, and its key can exist only once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, text
from sqlalchemy import exists as exists_

from catalogue.tables import outbox as messages
from handlers.dialogue import Card, Choice, Reply
from scheduler import outbox
from scheduler.outbox import Outgoing
from scheduler.reminders import part_of

# How a channel writes replies: (replies, person, key, origin, now) → its messages. See bot.runner.
Compose = Callable[[Sequence[Reply], str, str, dict[str, Any], datetime], list[Outgoing]]
Composers = Mapping[str, Compose]

BATCH = 500  # SQLite takes a limited number of values in one statement


@dataclass(frozen=True, slots=True)
class Letter:
    """Replies to write to a person at a moment. `night` is the clock of the night not to disturb, None for any."""

    channel: str
    person: str
    key: str  # begins with one of outbox.TOLD_LATER
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
    """Writes letters to the outbox, in the caller's transaction."""
    written: dict[tuple[str, tuple[Reply, ...]], list[Outgoing]] = {}  # many people read the same
    addressed = []
    for letter in letters:
        read = letter.channel, letter.replies
        if read not in written:
            written[read] = composers[letter.channel](letter.replies, letter.person, letter.key, {}, letter.due_at)
        addressed += _addressed(written[read], letter)
    outbox.put(connection, addressed)


def _addressed(messages: Sequence[Outgoing], letter: Letter) -> list[Outgoing]:
    night = {outbox.BY_DAY: letter.night.key} if letter.night else {}
    return [
        Outgoing(
            letter.channel,
            letter.person,
            {**one.message, **night},
            part_of(letter.key, number),
            letter.due_at,
            letter.expires_at,
        )
        for number, one in enumerate(messages)
    ]


def states(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """What became of letters, by key, as far as the outbox knows them."""
    parts = {part_of(key): key for key in keys}
    names = list(parts)
    found: dict[str, str] = {}
    for start in range(0, len(names), BATCH):
        among = messages.c.dedupe_key.in_(names[start : start + BATCH])
        for part, state in connection.execute(select(messages.c.dedupe_key, messages.c.state).where(among)):
            found[parts[part]] = state
    return found


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
