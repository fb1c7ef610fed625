"""Carries the outbox to people: claims what is due, keeps the order for each person and the pace for all."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from catalogue.database import writing
from scheduler import outbox, retention
from scheduler.holds import hold
from scheduler.limits import Limiter, Pace

logger = logging.getLogger(__name__)

AT_ONCE = 32  # messages claimed and not yet settled
LOOK_AGAIN = 1.0  # seconds between two looks when nothing wakes us
AGAIN_S = 1.0  # before what may have been sent is sent again
NOTE_AGAIN = 1.0  # seconds before what became of a message is noted again


class NotSent(Exception):
    """The message provably did not leave: it may be tried again after so many seconds.

    `everyone`: nothing at all is to leave before that, whichever process sends it.
    """

    def __init__(self, why: str, retry_after: float | None = None, everyone: bool = False) -> None:
        super().__init__(why)
        self.why, self.retry_after, self.everyone = why, retry_after, everyone


class Unsure(Exception):
    """It may have been sent: the connection broke after the request left."""


class Refused(Exception):
    """It will never be sent. `gone`: this person cannot be written to any more."""

    def __init__(self, why: str, gone: bool = False) -> None:
        super().__init__(why)
        self.why, self.gone = why, gone


Send = Callable[[str, dict[str, Any]], Awaitable[None]]


class Delivery:
    """The sender of one channel. `send(person, message)` raises NotSent, Unsure or Refused."""

    def __init__(
        self,
        engine: Engine,
        channel: str,
        send: Send,
        limiter: Limiter,
        pace: Callable[[dict[str, Any]], Pace],
        pool: Executor | None = None,
    ) -> None:
        self._engine, self._channel, self._send, self._limiter, self._pace = engine, channel, send, limiter, pace
        self._pool = pool
        self._lines: dict[str, deque[outbox.Claimed]] = {}
        self._walking: set[asyncio.Task[None]] = set()
        self._held = 0
        self._quiet_until = 0.0  # on the monotonic clock
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Says that something may be due now. To be called on the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Delivers until `stop`, whatever the database does meanwhile."""
        to_take_over = self._engine.dialect.name == "sqlite"
        while not self._stopping:
            self._woken.clear()
            try:
                if to_take_over:
                    await self._in_thread(self._take_over)
                    to_take_over = False
                busy = await self._claim_and_go()
            except Exception as error:
                logger.error("the outbox could not be read: %s", type(error).__name__)
                busy = False
            if not busy:
                await self._rest()

    async def stop(self, patience: float) -> None:
        """Claims nothing more, and gives what is in flight so many seconds to end."""
        self._stopping = True
        self._woken.set()
        if self._walking:
            _done, left = await asyncio.wait(self._walking, timeout=patience)
            for task in left:
                task.cancel()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _claim_and_go(self) -> bool:
        room = AT_ONCE - self._held
        if room <= 0 or self._must_be_quiet():
            return False
        claimed = await self._in_thread(self._claim, room)
        for sending in claimed:
            self._held += 1
            line = self._lines.get(sending.person)
            if line is not None:
                line.append(sending)
                continue
            self._lines[sending.person] = deque([sending])
            task = asyncio.create_task(self._walk(sending.person))
            self._walking.add(task)
            task.add_done_callback(self._walking.discard)
        return len(claimed) == room

    def _take_over(self) -> None:
        with writing(self._engine) as connection:
            outbox.take_over(connection, self._channel)

    def _claim(self, room: int) -> list[outbox.Claimed]:
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            return outbox.claim(connection, self._channel, now, room, self._leaves_now())

    def _leaves_now(self) -> outbox.Leaves:
        """Which of the messages being claimed will wait for nothing: the first that counts, if its moment has come."""
        taken = False

        def leaves(person: str, message: dict[str, Any]) -> bool:
            nonlocal taken
            pace = self._pace(message)
            if pace is Pace.FREE:
                return person not in self._lines
            if taken or person in self._lines or not self._limiter.ready(person, pace):
                return False
            taken = self._limiter.paced
            return True

        return leaves

    async def _walk(self, person: str) -> None:
        """Sends what is held for one person, in order."""
        line = self._lines[person]
        try:
            while line:
                try:
                    await self._deliver(line[0])
                finally:
                    line.popleft()
                    self._held -= 1
        except Exception as error:
            # The lease runs out, and it is claimed again. Not the traceback: it may hold who it was for.
            logger.error("a message could not be delivered: %s", type(error).__name__)
        finally:
            self._held -= len(line)
            del self._lines[person]
            self._woken.set()

    async def _deliver(self, sending: outbox.Claimed) -> None:
        async with self._limiter.leaving(sending.person, self._pace(sending.message)):
            if not sending.begun and not await self._in_thread(self._begin, sending):
                return
        if self._must_be_quiet():
            # Asked since this message was said to leave.
            await self._note(self._give_back, sending)
            return
        try:
            await self._send(sending.person, sending.message)
        except NotSent as error:
            await self._not_sent(sending, error)
        except Unsure:
            await self._unsure(sending)
        except Refused as error:
            await self._note(self._settle, sending, outbox.State.FAILED, error.why, error.gone)
        except Exception as error:
            # A fault of ours before anything left; neither the message nor its person is logged.
            logger.error("a message could not be made: %s", type(error).__name__)
            await self._not_sent(sending, NotSent(type(error).__name__))
        else:
            await self._note(self._settle, sending, outbox.State.SENT, None, False)

    async def _not_sent(self, sending: outbox.Claimed, error: NotSent) -> None:
        if error.retry_after is None and sending.attempts >= outbox.MOST_ATTEMPTS:
            await self._note(self._settle, sending, outbox.State.FAILED, error.why, False)
            return
        wait = error.retry_after if error.retry_after is not None else min(60.0, 2.0**sending.attempts / 2)
        at = datetime.now(UTC) + timedelta(seconds=wait)
        if not error.everyone:
            await self._note(self._retry, sending, at, error.why)
            return
        # For this process, until the database says so to all.
        self._quiet_until = max(self._quiet_until, time.monotonic() + wait)
        await self._note(self._retry_and_hold, sending, at, error.why)

    def _must_be_quiet(self) -> bool:
        return time.monotonic() < self._quiet_until

    async def _unsure(self, sending: outbox.Claimed) -> None:
        """Sent again once at most: a second doubt is left as it is, and counted."""
        if sending.resent:
            await self._note(self._settle, sending, outbox.State.UNCERTAIN, "Unsure", False)
            return
        at = datetime.now(UTC) + timedelta(seconds=AGAIN_S)
        await self._note(self._retry, sending, at, "Unsure", True)

    def _begin(self, sending: outbox.Claimed) -> bool:
        with writing(self._engine) as connection:
            return outbox.begin(connection, sending, datetime.now(UTC))

    def _settle(self, sending: outbox.Claimed, state: outbox.State, why: str | None, gone: bool) -> None:
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            outbox.settle(connection, sending.id, state, now, why)
            if gone:
                outbox.stop_for(connection, self._channel, sending.person, now)
                retention.stop_telling(connection, self._channel, sending.person)

    def _retry(self, sending: outbox.Claimed, at: datetime, why: str, resent: bool = False) -> None:
        with writing(self._engine) as connection:
            if resent:
                outbox.mark_resent(connection, sending.id)
            outbox.retry(connection, sending, at, why)

    def _retry_and_hold(self, sending: outbox.Claimed, at: datetime, why: str) -> None:
        with writing(self._engine) as connection:
            hold(connection, self._channel, at)
            outbox.retry(connection, sending, at, why)

    def _give_back(self, sending: outbox.Claimed) -> None:
        with writing(self._engine) as connection:
            outbox.give_back(connection, sending)

    async def _note(self, function: Callable[..., None], *arguments: Any) -> None:
        """Says what became of a message, for as long as its lease: a database that restarts must not make two of it."""
        end = time.monotonic() + outbox.LEASE.total_seconds()
        while True:
            try:
                await self._in_thread(function, *arguments)
                return
            except SQLAlchemyError as error:
                logger.error("what became of a message could not be noted: %s", type(error).__name__)
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(NOTE_AGAIN)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
