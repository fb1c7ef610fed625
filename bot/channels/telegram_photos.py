"""Fetches the photos that were asked for, beside the turns: a turn does no network.

What was fetched comes into the conversation by the inbox, as anything that a person does: in order, once, and after a
restart too. What cannot be fetched comes into it as well: the person is told, and may send it again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Engine

from bot import inbox
from bot.inbox import Arrival
from bot.photos import received
from catalogue.database import reading, writing
from catalogue.pictures import Flaw, Unusable
from handlers.dialogue import Event, Gesture
from scheduler import fetching
from scheduler.fetching import ToFetch

logger = logging.getLogger(__name__)

LOOK_AGAIN = 2.0  # seconds between two looks when nothing wakes us

T = TypeVar("T")


class Unreachable(Exception):
    """A photo could not be fetched now, and may be later."""


class PhotoFetcher:
    """One channel's photos. `download(reference)` raises Unusable or Unreachable; `arrived` is told, on the event loop,
    who has something waiting.
    """

    def __init__(
        self,
        engine: Engine,
        channel: str,
        download: Callable[[str], Awaitable[bytes]],
        arrived: Callable[[Iterable[str]], None],
        pool: Executor | None = None,
    ) -> None:
        self._engine, self._channel, self._download, self._arrived = engine, channel, download, arrived
        self._pool = pool
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Says that a photo may have been asked for. To be called on the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Fetches for ever, until it is cancelled: what was not fetched is still in the database."""
        while True:
            self._woken.clear()
            await self.fetch_due()
            try:
                async with asyncio.timeout(LOOK_AGAIN):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def fetch_due(self) -> None:
        """Fetches what is due, one after the other. Never raises: what failed is tried again."""
        for one in await self._noting(self._in_thread(self._claim)) or []:
            await self._noting(self._fetch(one))

    async def _noting(self, doing: Awaitable[T]) -> T | None:
        try:
            return await doing
        except Exception as error:
            # Not its message: it may hold the address of a photo, which holds the token.
            logger.error("a photo could not be fetched: %s", type(error).__name__)
            return None

    async def _fetch(self, one: ToFetch) -> None:
        try:
            event = await self._event(one)
        except Unreachable:
            await self._in_thread(self._again, one)
            return
        if await self._in_thread(self._arrive, one, event):
            self._arrived([one.person])

    async def _event(self, one: ToFetch) -> Event:
        """What a photo is to the conversation. Raises Unreachable when it is to be tried again."""
        try:
            if one.attempts > fetching.MOST_ATTEMPTS:  # whoever tried last died of it
                raise Unusable(Flaw.OUT_OF_REACH)
            return await self._in_thread(received, self._engine, await self._download(one.reference))
        except Unusable as error:
            return Event(Gesture.RECEIVED, error.flaw.value)
        except Unreachable:
            if one.attempts < fetching.MOST_ATTEMPTS:
                raise
            return Event(Gesture.RECEIVED, Flaw.OUT_OF_REACH.value)

    def _claim(self) -> list[ToFetch]:
        now = datetime.now(UTC)
        with reading(self._engine) as connection:
            if not fetching.is_due(connection, self._channel, now):
                return []
        with writing(self._engine) as connection:
            return fetching.claim(connection, self._channel, now)

    def _again(self, one: ToFetch) -> None:
        with writing(self._engine) as connection:
            fetching.again(connection, one, datetime.now(UTC))

    def _arrive(self, one: ToFetch, event: Event) -> bool:
        with writing(self._engine) as connection:
            if not fetching.done(connection, one):
                return False  # they gave up, or sent another
            arrival = Arrival(self._channel, f"photo:{one.id}", one.person, event, {})
            inbox.store(connection, [arrival], datetime.now(UTC))
            return True

    async def _in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
