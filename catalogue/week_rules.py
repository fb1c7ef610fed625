"""The hours of days → rules of OpenStreetMap: days that keep the same hours share a rule."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
LATEST_END, EARLIEST_EVENING = "06:00", "17:00"

Span = tuple[str, str]  # "09:00", "12:00"; the end of what has none is "+"
ALL_DAY = ("00:00", "24:00")
Selector = tuple[int, int]  # a day from Monday, 0; which of the month, from 1 or -1, 0 for every one
HOLIDAYS = (7, 0)


def written_day(given: Iterable[Span]) -> str | None:
    """ "09:00-12:00,14:00-17:00", "" for a day without hours, None when they make no sense."""
    return _written_day(tuple(given))


@lru_cache(maxsize=4096)  # most doors keep the same hours
def _written_day(given: tuple[Span, ...]) -> str | None:
    spans = sorted({span for span in given if span != _EMPTY_SLOT})
    before = ""
    for number, (start, end) in enumerate(spans, 1):
        overnight = start >= EARLIEST_EVENING and end <= LATEST_END
        last = number == len(spans)
        if start < before or not (start < end <= "24:00" or (last and (end == "+" or overnight))):
            return None
        before = end
    if spans and is_overnight(spans[-1]) and spans[-1][1] > spans[0][0]:
        return None
    return ",".join(f"{start}{'' if end == '+' else '-'}{end}" for start, end in spans)


_EMPTY_SLOT = ("00:00", "00:00")  # how a form writes that nothing was filled in


def is_overnight(span: Span) -> bool:
    """Whether it ends on the next day."""
    return "+" < span[1] < span[0]


def rules_of(hours: Mapping[Selector, str]) -> list[str]:
    """A rule for each different hours: "Mo,Tu 09:00-12:00", "Sa[4] 14:00-17:30"; none for a day without hours."""
    same: dict[str, list[Selector]] = {}
    for selector, said in sorted(hours.items()):
        if said:
            same.setdefault(said, []).append(selector)
    return [f"{_abridged(selectors)} {said}" for said, selectors in same.items()]


def _abridged(selectors: Sequence[Selector]) -> str:
    """ "Mo-We" for days that follow each other, "Mo,Th" otherwise; "Sa[1,3]"."""
    days = [day for day, nth in selectors if not nth]
    names = [DAYS[day] for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        names = [f"{names[0]}-{names[-1]}"]
    for day in dict.fromkeys(day for day, nth in selectors if nth):
        names.append(f"{DAYS[day]}[{','.join(str(nth) for each, nth in selectors if each == day)}]")
    return ",".join(names)
