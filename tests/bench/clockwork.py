"""Measuring several things fairly on a machine that is never quite idle."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles
from typing import TypeVar

Question = TypeVar("Question")
BLOCK = 20


def side_by_side(
    sides: Mapping[str, Callable[[Question], object]], questions: Sequence[Question]
) -> dict[str, list[float]]:
    """Seconds each side takes for each question. They take turns by small blocks, so that noise falls on all alike."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    order = list(sides)
    for start in range(0, len(questions), BLOCK):
        for name in order:
            _time(sides[name], questions[start : start + BLOCK], spent[name])
        order.append(order.pop(0))
    return spent


def _time(side: Callable[[Question], object], questions: Sequence[Question], spent: list[float]) -> None:
    for question in questions:
        start = time.perf_counter()
        side(question)
        spent.append(time.perf_counter() - start)


def p50(seconds: Sequence[float]) -> float:
    """The median."""
    return quantiles(seconds, n=2)[0]


def p99(seconds: Sequence[float]) -> float:
    """What one in a hundred exceeds."""
    return quantiles(seconds, n=100)[98]
