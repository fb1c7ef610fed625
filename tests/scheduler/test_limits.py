"""The pace Telegram asks for."""

import asyncio
import time

from scheduler.limits import Limiter, Pace


async def test_one_person_gets_one_new_message_a_second_and_edits_at_once() -> None:
    limiter, start = Limiter(), time.monotonic()
    await limiter.wait("1", Pace.MESSAGE)
    await limiter.wait("1", Pace.EDIT)
    await limiter.wait("1", Pace.FREE)
    assert time.monotonic() - start < 0.5
    await limiter.wait("1", Pace.MESSAGE)
    assert 1.0 <= time.monotonic() - start < 2


async def test_all_together_get_twenty_five_a_second() -> None:
    limiter, start = Limiter(), time.monotonic()
    await asyncio.gather(*(limiter.wait(str(n), Pace.MESSAGE) for n in range(26)))
    assert 1.0 <= time.monotonic() - start < 2


async def test_who_waits_for_their_own_second_makes_nobody_else_wait() -> None:
    limiter, start = Limiter(), time.monotonic()
    await limiter.wait("1", Pace.MESSAGE)
    waiting = asyncio.create_task(limiter.wait("1", Pace.MESSAGE))
    await asyncio.sleep(0)
    await limiter.wait("2", Pace.MESSAGE)
    assert time.monotonic() - start < 0.5
    await waiting


async def test_a_429_holds_everything_that_counts() -> None:
    limiter, start = Limiter(), time.monotonic()
    limiter.hold(0.4)
    await limiter.wait("1", Pace.FREE)
    assert time.monotonic() - start < 0.2
    await limiter.wait("1", Pace.MESSAGE)
    assert time.monotonic() - start >= 0.4
