"""Which entries are worth a question: where use × age × observed volatility is highest (docs/adr/0011)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from heapq import nlargest

from catalogue.freshness import FRESH_DAYS

REST_DAYS = 30  # an entry is left alone after a question or an answer: nobody is asked twice in a month
A_YEAR = 365

# What is believed before anything was observed: of ten checks, one finds something to change.
PRIOR_CHANGED = 1.0
PRIOR_CHECKED = 10.0


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an entry when the questions of a week are chosen."""

    id: int
    verified_at: date | None
    people: int  # who opened it in the last 90 days
    volatility: float  # expected changes a year, observed
    last_asked: date | None
    reported: bool  # an open report


def volatility(changed: int, checked: int) -> float:
    """The changes to expect in a year, of what was checked so many times and had changed so many of them.

    Each check is taken to look back on six months. Few checks say little: ten more are added, of which one found a
    change. For nothing checked, that is all there is.
    """
    share = (changed + PRIOR_CHANGED) / (checked + PRIOR_CHECKED)
    return share * A_YEAR / FRESH_DAYS


def worth(one: Known, today: date) -> float:
    """How much a question about an entry would serve: use × age × volatility (domain: freshness).

    What changes v times a year, and is opened u times, was wrongly told about u × v × age² / 2 times since it was
    verified: hence the square. One person is added to those who opened it, so that what nobody opens has its turn.
    """
    return (1 + one.people) * _age(one, today) ** 2 * one.volatility


def _age(one: Known, today: date) -> float:
    """In years since it was verified; one, and no more, for what is older or never was."""
    if one.verified_at is None:
        return 1.0
    return min(1.0, max(0, (today - one.verified_at).days) / A_YEAR)


def choose(entries: Iterable[Known], budget: int, today: date) -> list[int]:
    """The ids of what to ask about, at most `budget` of them: what is reported first, then what is worth the most.

    What was asked or verified within 30 days is left alone, unless it is reported. Of two that are worth the same, the
    smaller id is first. Reads each entry once.
    """
    askable = (one for one in entries if one.reported or not _rests(one, today))
    best = nlargest(budget, askable, key=lambda one: (one.reported, worth(one, today), -one.id))
    return [one.id for one in best]


def _rests(one: Known, today: date) -> bool:
    return _is_recent(one.last_asked, today) or _is_recent(one.verified_at, today)


def _is_recent(day: date | None, today: date) -> bool:
    return day is not None and (today - day).days <= REST_DAYS
