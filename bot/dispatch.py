"""Hands stored events to the runner: in order for each person, side by side for different people."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.runner import Runner

logger = logging.getLogger(__name__)

PATIENCE_S = 3.0  # for each of the waits of a clean stop

T = TypeVar("T")


class Dispatcher:
    """One channel's turns, run in worker threads. `handled` is called on the loop after each turn."""

    def __init__(
        self, runner: Runner, channel: str, pool: ThreadPoolExecutor, at_once: int, handled: Callable[[], None]
    ) -> None:
        self._runner, self._channel, self._pool, self._handled = runner, channel, pool, handled
        self._at_once = at_once
        self._queue: deque[str] = deque()
        self._queued: set[str] = set()
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    def note(self, people: Iterable[str]) -> None:
        """Says that these people have something waiting. To be called on the event loop."""
        for person in people:
            if person in self._running:
                self._again.add(person)
            elif person not in self._queued:
                self._queued.add(person)
                self._queue.append(person)
        self._start()

    async def sweep(self) -> None:
        """Notes everyone who still waits in the database: after a restart, a failure, or another process's death."""
        try:
            people = await self._in_thread(self._runner.people_waiting, self._channel)
        except Exception as error:
            logger.error("the inbox could not be read: %s", type(error).__name__)
            return
        self.note(people)

    async def stop(self, patience: float) -> None:
        """Starts no new turn, and waits so many seconds for those under way: what is left is still in the inbox."""
        self._stopping = True
        self._queue.clear()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)

    def _start(self) -> None:
        while self._queue and len(self._running) < self._at_once and not self._stopping:
            person = self._queue.popleft()
            self._queued.discard(person)
            self._running.add(person)
            task = asyncio.create_task(self._turns_of(person))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _turns_of(self, person: str) -> None:
        try:
            while not self._stopping and await self._in_thread(self._runner.handle_next, self._channel, person):
                self._handled()
        except Exception as error:
            # The event stays in the inbox: the next sweep takes it up again.
            logger.error("a turn could not be run: %s", type(error).__name__)
        finally:
            self._running.discard(person)
            if person in self._again:
                self._again.discard(person)
                self.note([person])
            self._start()

    async def _in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
