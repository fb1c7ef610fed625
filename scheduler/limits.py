"""How fast Telegram lets one bot speak: 25 a second in all, 1 a second to a person, 20 a minute to a group."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto

PER_SECOND = 25.0
PERSON_EVERY = 1.05  # seconds; the margin is for the network's jitter
GROUP_EVERY = 3.05
REMEMBERED = 10_000


class Pace(Enum):
    """What a call costs in patience."""

    MESSAGE = auto()  # a new message: one a second to a person, and its part of the whole
    EDIT = auto()  # only its part of the whole
    FREE = auto()  # the answer to a tap: neither


class Limiter:
    """Gives each message the moment it may leave. One per process and token; `per_second` 0 lifts every limit.

    A person's messages are sent one after the other (scheduler.delivery), so a person's moment is never waited for
    twice at once.
    """

    def __init__(self, per_second: float = PER_SECOND) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._free_at = 0.0
        self._chat_free_at: dict[str, float] = {}
        self._gate = asyncio.Lock()

    @asynccontextmanager
    async def leaving(self, chat: str, pace: Pace) -> AsyncIterator[None]:
        """Waits for the moment to write to `chat`; the message leaves as soon as the block ends.

        What is done in the block (saying durably that the message leaves) takes a time that varies: the pace is kept
        between the ends of two blocks, so that messages held up together do not then leave together.
        """
        if pace is Pace.FREE or not self._gap:
            yield
            return
        if pace is Pace.MESSAGE:
            # Before the gate: who waits for their own second makes nobody else wait.
            await _sleep_until(self._chat_free_at.get(chat, 0.0))
        async with self._gate:
            await _sleep_until(self._free_at)
            begun = max(time.monotonic(), self._free_at)
            yield
            now = time.monotonic()
            # The next leaves a gap after this one was to begin, so that short delays do not add up; but never less
            # than half a gap after it ended, so that a long one is not followed by a burst.
            self._free_at = max(self._free_at, begun + self._gap, now + self._gap / 2)
        if pace is Pace.MESSAGE:
            self._remember(chat, now)

    @property
    def paced(self) -> bool:
        """Whether there is any limit."""
        return self._gap > 0

    def ready(self, chat: str, pace: Pace) -> bool:
        """Whether a message to `chat` could leave at once, were it asked now."""
        now = time.monotonic()
        later = pace is Pace.MESSAGE and self._chat_free_at.get(chat, 0.0) > now
        return not self._gap or (not later and not self._gate.locked() and self._free_at <= now)

    def _remember(self, chat: str, now: float) -> None:
        if len(self._chat_free_at) > REMEMBERED:
            self._chat_free_at = {c: free for c, free in self._chat_free_at.items() if free > now}
        self._chat_free_at[chat] = now + (GROUP_EVERY if chat.startswith("-") else PERSON_EVERY)


async def _sleep_until(at: float) -> None:
    seconds = at - time.monotonic()
    if seconds > 0:
        await asyncio.sleep(seconds)
