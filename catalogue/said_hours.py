"""What was said of opening hours, once read → OpenStreetMap syntax; nothing of what contradicts itself.

catalogue.spoken_hours reads the words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from catalogue.spoken_words import MONTHS, Unsure
from catalogue.week_rules import DAYS, HOLIDAYS, Selector, Span, is_overnight, rules_of, written_day


@dataclass(frozen=True, slots=True)
class Period:
    """ "Apr-Oct", "Dec 24-Jan 02", "Jul,Aug", and the days of a leap year it holds."""

    osm: str
    days: frozenset[date]


@dataclass(slots=True)
class Rule:
    """Days and their hours, at some time of the year or all year."""

    period: Period | None
    named: set[Selector]
    among: set[int]  # days that were not named one by one: some may be taken out
    spans: list[Span]
    comment: str = ""


@dataclass(slots=True)
class Off:
    """When it is closed."""

    days: set[Selector] = field(default_factory=set)
    others: list[str] = field(default_factory=list)
    excepted: set[Selector] = field(default_factory=set)  # of the days, those that must have been said to be open
    scopes: list["Scope"] = field(default_factory=list)


class Scope(NamedTuple):
    """Where a time of the year was said to be closed: after how many rules, in a sentence that holds which."""

    kind: str
    after: int
    first: int
    last: int

    def is_everything(self, rules: int) -> bool:
        """Whether it is said of every rule: "lundi 9h-12h, mardi 14h-18h sauf en août" may be of Tuesday only."""
        if rules == 1:
            return True
        if self.first == self.last:
            return self.kind == "closed" or self.after in (0, rules)
        whole = self.first == 0 and self.last == rules
        return whole and (self.after == 0 or (self.kind == "closed" and self.after == rules))


@dataclass(slots=True)
class Said:
    """All that was said, in the order it was."""

    rules: list[Rule] = field(default_factory=list)
    off: Off = field(default_factory=Off)
    holidays_too: bool = False  # the hours are those of public holidays as well


_A_LEAP_YEAR = 2024  # so that the 29th of February is a day


def from_to(day: int | None, month: int | None, last_day: int | None, last_month: int | None) -> Period:
    """The time of a year from a day (None: the whole month) and a month (0: January) to others.

    Raises Unsure for one that has no end or is not in the calendar.
    """
    if month is None or last_month is None or (day is None) is not (last_day is None):
        raise Unsure
    try:
        first = date(_A_LEAP_YEAR, month + 1, day or 1)
        last = date(_A_LEAP_YEAR, last_month + 1, last_day or 1)
    except ValueError as error:  # a 31st of April
        raise Unsure from error
    if last_day is None:
        last = (last.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    ends = [
        MONTHS[month] + (f" {day:02}" if day else ""),
        MONTHS[last_month] + (f" {last_day:02}" if last_day else ""),
    ]
    year = [date(_A_LEAP_YEAR, 1, 1) + timedelta(days=number) for number in range(366)]
    held = {one for one in year if (first <= one <= last if first <= last else one >= first or one <= last)}
    return Period("-".join(dict.fromkeys(ends)), frozenset(held))


def _check(said: Said) -> None:
    """Raises Unsure for what contradicts itself, and for what may be said of some rules only."""
    if not said.rules or len({rule.period is None for rule in said.rules}) > 1:
        raise Unsure
    if not all(scope.is_everything(len(said.rules)) for scope in said.off.scopes):
        raise Unsure
    named = {day for rule in said.rules for day, _ in rule.named}
    if any(day not in named for day, _ in said.off.excepted):
        raise Unsure
    for rule in said.rules:
        _leave_out(rule, said.off.days)


def written(said: Said) -> str:
    """What was read, in OpenStreetMap syntax. Raises Unsure for days or hours that are said twice."""
    _check(said)
    same_period: dict[Period | None, list[Rule]] = {}
    for rule in said.rules:
        same_period.setdefault(rule.period, []).append(rule)
    periods = [period.days for period in same_period if period]
    if sum(map(len, periods)) > len(frozenset().union(*periods)):
        raise Unsure
    weeks = {period: _week(rules) for period, rules in same_period.items()}
    holidays = _holidays(said, weeks)
    texts = [f"{period.osm} {text}" if period else text for period, week in weeks.items() for text in rules_of(week)]
    closed = [*dict.fromkeys(said.off.others), *_nths_closed(said), *holidays]
    if not texts:
        raise Unsure
    if texts == ["Mo-Su 00:00-24:00"] and not closed:
        return "24/7"
    overnight = any(is_overnight(span) for rule in said.rules for span in rule.spans)
    # A rule for Saturday would put an end to the hours of Friday at midnight, if it were not added to them.
    return "; ".join([(", " if overnight else "; ").join(texts), *closed])


def _leave_out(rule: Rule, closed: set[Selector]) -> None:
    """Take out of a rule the days that are closed; a day that was named is not."""
    for day, nth in closed & rule.named:
        if nth or day not in rule.among:
            raise Unsure
        rule.named.remove((day, nth))
    if not rule.named:
        raise Unsure


def _week(rules: Iterable[Rule]) -> dict[Selector, str]:
    """The hours of each day said; a day said twice, or each week and once a month, is not understood."""
    week: dict[Selector, str] = {}
    for rule in rules:
        hours = written_day(rule.spans)
        if hours is None or any(selector in week for selector in rule.named):
            raise Unsure
        week |= dict.fromkeys(rule.named, hours + rule.comment if hours else "")
    if any(nth and (day, 0) in week for day, nth in week):
        raise Unsure
    return week


def _holidays(said: Said, weeks: Mapping[Period | None, dict[Selector, str]]) -> list[str]:
    """The rule of public holidays, taken out of the week: it comes last, for a later rule overrides the others."""
    hours = [week.pop(HOLIDAYS) for week in weeks.values() if HOLIDAYS in week]
    closed = HOLIDAYS in said.off.days
    if said.holidays_too:
        every = list(weeks.get(None, {}).values())
        hours += set(every) if len(every) == 7 else ("", "")
    if len(hours) + closed > 1 or (hours and (None not in weeks or not hours[0])):
        raise Unsure
    return ["PH off"] if closed else [f"PH {each}" for each in hours]


def _nths_closed(said: Said) -> list[str]:
    """ "tous les mardis sauf le 1er du mois": a day of every week that is closed once a month."""
    every = {day for rule in said.rules for day, nth in rule.named if not nth}
    return [f"{DAYS[day]}[{nth}] off" for day, nth in sorted(said.off.days) if nth and day in every]
