"""Ways of choosing what to ask: ours, which is the product's own, and those it must beat."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from random import Random

from scheduler.choosing import REST_DAYS, Known, choose

Choose = Callable[[Iterable[Known], int, date], list[int]]
OURS = "usage × âge × changements"


def strategies(seed: int) -> dict[str, Choose]:
    """Each by its name, ours first."""
    return {OURS: choose, "la plus ancienne d'abord": oldest_first, "au hasard": partial(at_random, Random(seed))}


def oldest_first(entries: Iterable[Known], budget: int, today: date) -> list[int]:
    """What was confirmed the longest ago."""
    oldest = sorted(_rested(entries, today), key=lambda one: (one.verified_at or date.min, one.id))
    return [one.id for one in oldest[:budget]]


def at_random(random: Random, entries: Iterable[Known], budget: int, today: date) -> list[int]:
    """Anything."""
    rested = [one.id for one in _rested(entries, today)]
    return random.sample(rested, min(budget, len(rested)))


def _rested(entries: Iterable[Known], today: date) -> list[Known]:
    """They too leave alone what was just asked or confirmed."""
    return [one for one in entries if (today - max(_days(one))).days > REST_DAYS]


def _days(one: Known) -> tuple[date, date]:
    return one.last_asked or date.min, one.verified_at or date.min
