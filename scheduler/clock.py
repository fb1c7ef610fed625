"""APScheduler, as a clock: a handful of periodic ticks. What is true is in the rows; a tick may run twice or late."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler

GRACE_S = 300  # a tick this late still runs: its work waits in the rows

Tick = Callable[[], Awaitable[None]]


def make_clock() -> AsyncIOScheduler:
    """A clock in Europe/Paris, with nothing on it yet."""
    defaults = {"coalesce": True, "misfire_grace_time": GRACE_S, "max_instances": 1}
    return AsyncIOScheduler(
        jobstores={"default": MemoryJobStore()}, job_defaults=defaults, timezone=ZoneInfo("Europe/Paris")
    )


def every(clock: AsyncIOScheduler, seconds: float, tick: Tick) -> None:
    """Runs `tick` now, then every so many seconds."""
    clock.add_job(tick, "interval", seconds=seconds, next_run_time=datetime.now(UTC))
