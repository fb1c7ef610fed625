"""The pace Telegram asks for."""

import asyncio
import time
from itertools import pairwise

from scheduler.limits import Limiter, Pace


async def leave(limiter: Limiter, chat: str, pace: Pace) -> None:
    async with limiter.leaving(chat, pace):
        pass


async def test_one_person_gets_one_new_message_a_second_and_edits_at_once() -> None:
    limiter, start = Limiter(), time.monotonic()
    await leave(limiter, "1", Pace.MESSAGE)
    await leave(limiter, "1", Pace.EDIT)
    await leave(limiter, "1", Pace.FREE)
    assert time.monotonic() - start < 0.5
    await leave(limiter, "1", Pace.MESSAGE)
    assert 1.0 <= time.monotonic() - start < 2


async def test_all_together_get_twenty_five_a_second() -> None:
    limiter, start = Limiter(), time.monotonic()
    await asyncio.gather(*(leave(limiter, str(n), Pace.MESSAGE) for n in range(26)))
    assert 1.0 <= time.monotonic() - start < 2


async def test_who_waits_for_their_own_second_makes_nobody_else_wait() -> None:
    limiter, start = Limiter(), time.monotonic()
    await leave(limiter, "1", Pace.MESSAGE)
    waiting = asyncio.create_task(leave(limiter, "1", Pace.MESSAGE))
    await asyncio.sleep(0)
    await leave(limiter, "2", Pace.MESSAGE)
    assert time.monotonic() - start < 0.5
    await waiting


async def test_messages_held_up_together_do_not_leave_together() -> None:
    limiter = Limiter()
    left: list[float] = []

    async def slowly(chat: str, seconds: float) -> None:
        async with limiter.leaving(chat, Pace.MESSAGE):
            await asyncio.sleep(seconds)
        left.append(time.monotonic())

    await asyncio.gather(*(slowly(str(n), 0.2 if n == 0 else 0.0) for n in range(5)))
    assert min(after - before for before, after in pairwise(left)) > 0.015
