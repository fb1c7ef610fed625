"""What is told later, on its way to the outbox. Whoever plans it is alone to do so, and its key can exist only once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select, text
from sqlalchemy import exists as exists_

from catalogue.tables import outbox as messages
from handlers import planning
from handlers.dialogue import Card, Choice, Reply
from handlers.told import several_reply
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


@dataclass(frozen=True, slots=True)
class Put:
    """What is put to somebody, for them to say: its letter, and the card that stands for it among several."""

    letter: Letter
    card: Card


REMEMBERED = timedelta(hours=23)  # a letter that left, by the outbox, which forgets it after 24 (scheduler.retention)
NEWS_LAST = timedelta(days=7)  # what could not be told for a week is no news
MOST_TOGETHER = 10  # in one message

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


def post_together(connection: Connection, composers: Composers, puts: Iterable[Put]) -> int:
    """Writes what is put to each person as one letter, where they choose what to begin with; returns how many."""
    people: dict[tuple[str, str], list[Put]] = {}
    for one in puts:
        people.setdefault((one.letter.channel, one.letter.person), []).append(one)
    starts = ((theirs, start) for theirs in people.values() for start in range(0, len(theirs), MOST_TOGETHER))
    letters = [_as_one(theirs[start : start + MOST_TOGETHER]) for theirs, start in starts]
    post(connection, composers, letters)
    return len(letters)


def _as_one(puts: Sequence[Put]) -> Letter:
    first = puts[0].letter
    return first if len(puts) == 1 else replace(first, replies=(several_reply([one.card for one in puts]),))


def news(who: tuple[str, str], key: str, reply: Reply, now: datetime, zone: ZoneInfo) -> Letter:
    """A letter that leaves now, or in the morning."""
    leaves = planning.after_the_night(now, zone)
    return Letter(*who, key, (reply,), leaves, leaves + NEWS_LAST, zone)


def post_new(connection: Connection, composers: Composers, letters: Iterable[Letter]) -> int:
    """Writes the letters that the outbox does not know; returns how many."""
    by_key = {letter.key: letter for letter in letters}
    there = states(connection, by_key)
    new = [letter for key, letter in by_key.items() if key not in there]
    post(connection, composers, new)
    return len(new)


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
