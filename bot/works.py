"""What is done again and again beside the conversations. Each step is a transaction; a work says when it was done."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, Engine

from catalogue.database import writing
from catalogue.events import extend_dates
from catalogue.places import PlaceIndex
from scheduler import (
    asking,
    campaigning,
    changes,
    deciding,
    digest,
    feeds,
    heartbeat,
    moderating,
    monthly,
    outbox,
    putting,
    reconciling,
    reporting,
    retention,
    telling,
    verification,
    watching,
)
from scheduler.letters import Composers

logger = logging.getLogger(__name__)

MOST_ROUNDS = 100  # of a thousand people; the next tick goes on

Step = Callable[[Connection, datetime], int]


@dataclass(frozen=True, slots=True)
class Work:
    """Something to do again and again: steps that are repeated until they find nothing, and steps done once."""

    name: str  # one of heartbeat.PERIODS
    until_nothing: tuple[Step, ...] = ()
    once: tuple[Step, ...] = ()


def works(composers: Composers) -> tuple[Work, ...]:
    """All there is to do in the database; what is told to people goes through `composers`."""

    def telling_(tell: Callable[[Connection, datetime, Composers], int]) -> Step:
        return partial(_with_composers, tell, composers)

    return (
        # What becomes of a date comes before what was to be said of it.
        Work("tell", (telling_(changes.tell_changes), telling_(telling.tell_due))),
        Work("digest", (telling_(digest.tell_week),), (telling_(digest.tell_new),)),
        Work("watch", (telling_(watching.tell_watchers),)),
        Work("reconcile", (), (telling_(reconciling.reconcile), telling_(telling.reconcile), outbox.expire)),
        Work("ask", (), (telling_(asking.ask),)),
        Work(
            "verify",
            (),
            # All of it is taken off the same weekly questions: what is reported comes first.
            (
                telling_(putting.put),
                telling_(verification.ask),
                telling_(verification.break_silence),
                telling_(campaigning.ask),
            ),
        ),
        Work(
            "reports",
            (),
            (telling_(putting.put), telling_(reporting.tell), telling_(deciding.tell), telling_(moderating.tell)),
        ),
        Work("monthly", (), (telling_(monthly.tell),)),
        Work("dates", (extend_dates,)),
        # What became of the messages is noted before they are forgotten.
        Work("forget", (), (telling_(reconciling.reconcile), telling_(telling.reconcile), retention.forget_the_silent)),
    )


def _with_composers(
    tell: Callable[[Connection, datetime, Composers], int], composers: Composers, connection: Connection, now: datetime
) -> int:
    return tell(connection, now, composers)


class Worker:
    """Does the works in threads, for the clock; `told` is called when something may have been put in the outbox."""

    def __init__(self, engine: Engine, index: PlaceIndex, pool: Executor, told: Callable[[], None]) -> None:
        self._engine, self._index, self._pool, self._told = engine, index, pool, told
        self._running: set[asyncio.Future[None]] = set()
        self._stopping = False

    async def stop(self, patience: float) -> None:
        """Begins nothing more, and gives what is being done so many seconds to end."""
        self._stopping = True
        if self._running:
            await asyncio.wait(self._running, timeout=patience)

    async def do(self, work: Work) -> None:
        """Never raises: a failure is noted, and the next tick tries again."""
        await self._in_thread(work.name, partial(self._done, work))
        self._told()

    async def read_feeds(self) -> None:
        """Reads again the calendars that are due; what they say is told with the next tick. Never raises."""
        await self._in_thread("feeds", lambda: feeds.refresh(self._engine, self._index, datetime.now(UTC)))

    def _done(self, work: Work) -> None:
        for step in work.until_nothing:
            for _ in range(MOST_ROUNDS):
                if not self._stepped(step):
                    break
        for step in work.once:
            self._stepped(step)

    def _stepped(self, step: Step) -> int:
        with writing(self._engine) as connection:
            return step(connection, datetime.now(UTC))

    async def _in_thread(self, name: str, work: Callable[[], object]) -> None:
        if self._stopping:
            return
        running = asyncio.get_running_loop().run_in_executor(self._pool, self._noted, name, work)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        # Shielded: a clock that stops cancels its ticks, and says it in the log.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(running)

    def _noted(self, name: str, work: Callable[[], object]) -> None:
        failure: Exception | None = None
        try:
            work()
        except Exception as error:
            # Not its message: it may hold what somebody wrote.
            logger.error("a periodic work failed: %s, %s", name, type(error).__name__)
            failure = error
        try:
            with writing(self._engine) as connection:
                heartbeat.ran(connection, name, datetime.now(UTC), failure)
        except Exception as error:
            logger.error("a periodic work could not be noted: %s, %s", name, type(error).__name__)
