"""When an event takes place, from its iCalendar text (RFC 5545). What would take too long to follow is refused.

The dates are those of `recurring_ical_events`; here are only what may be asked of it, and what its answer means.

The libraries that read calendars are loaded by the first of them: a process that answers people seldom reads any.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from catalogue.hours import PARIS
from catalogue.needs import EventStatus

if TYPE_CHECKING:
    from icalendar import Calendar

HORIZON = timedelta(days=92)
OUR_STATUS = "X-BONNEPORTE-STATUS"  # what STATUS has no word for: FULL, MOVED

MOST_DATES = 400  # within the horizon; more than four a day are the opening hours of a place
MOST_STEPS = 50_000  # days to walk through from the first date, for each time of day
MOST_GIVEN = 1_000  # dates added, dates taken away, dates that differ: of each
MOST_COUNT = 10_000
MOST_RULES = 3
MOST_RULES_OF_OVERRIDES = 20
MOST_CHANGES_OF_CLOCK = 40  # rules of a time zone that has no known name
LONGEST_RULE = 500
LONGEST = timedelta(days=366)  # one date of what recurs

_WHEN = ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE")
_INSTANTS = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_OF_CLOCKS = {"FREQ", "INTERVAL", "BYMONTH", "BYDAY", "BYMONTHDAY", "UNTIL", "WKST", *_TIMES}
_LAST_YEARS = range(9905, 9933)  # as many as it takes for the days of the week to be the same again
# What both libraries raise for what they cannot read.
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, AssertionError, RecursionError)


Part = Any  # a part of a calendar: of what type its properties are, only their text says


class Unreadable(ValueError):
    """Dates that cannot be told; the words say why, in French, to who can correct it."""


@dataclass(frozen=True, slots=True)
class Date:
    """One date of an event. Instants are UTC; what lasts all day begins at local midnight."""

    original_at: datetime  # when it was to begin, whatever became of it
    starts_at: datetime
    ends_at: datetime | None
    all_day: bool
    status: EventStatus


def dates_of(ical: str, start: datetime, end: datetime) -> list[Date]:
    """The dates that end after `start` and begin before `end` (aware), in order, those cancelled included.

    `ical` is a VCALENDAR with the VEVENTs of one UID. What has no time zone is in that of the calendar
    (X-WR-TIMEZONE), or else in Paris. Raises Unreadable.
    """
    return dates_in(parsed(ical), start, end)


def parsed(ical: str) -> "Calendar":
    """A calendar whose instants all have a time zone. Raises Unreadable."""
    from icalendar import Calendar

    try:
        calendar = Calendar.from_ical(ical.encode())
        if not isinstance(calendar, Calendar):
            raise Unreadable("ce n'est pas un calendrier")
        return _anchored(calendar)
    except Unreadable:
        raise
    except _DAMAGED as error:
        raise Unreadable("calendrier illisible") from error


def dates_in(calendar: "Calendar", start: datetime, end: datetime) -> list[Date]:
    """The same as `dates_of`, for what is `parsed` already."""
    import recurring_ical_events  # type: ignore[import-untyped]

    try:
        _check(calendar, end)
        query = recurring_ical_events.of(calendar)
        found = query.between(start.astimezone(PARIS), end.astimezone(PARIS))
        _at_most(MOST_DATES * max(1, (end - start) / HORIZON), found, "trop de dates")
        dates = _as_dates(calendar, found)
    except Unreadable:
        raise
    except _DAMAGED as error:
        raise Unreadable("date ou répétition illisible") from error
    return sorted(
        {each.original_at: each for each in dates}.values(), key=lambda each: (each.starts_at, each.original_at)
    )


@lru_cache(1024)
def zone(name: str) -> tzinfo | None:
    """The time zone of a name of the IANA list, None when it is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _anchored(calendar: "Calendar") -> "Calendar":
    from x_wr_timezone import to_standard  # type: ignore[import-untyped]

    here = zone(str(calendar.get("X-WR-TIMEZONE", "")))
    if here is None:
        calendar.pop("X-WR-TIMEZONE", None)
    for event in _events(calendar):
        if broken := [name for name, _error in event.errors if name in _WHEN]:
            raise Unreadable(f"date ou répétition illisible ({broken[0]})")
        for name in _INSTANTS:
            for value in _several(event.get(name)):
                _anchor(value, here or PARIS)
    standard: Calendar = to_standard(calendar)  # Google: the hours of UTC are those of X-WR-TIMEZONE
    return standard


def _events(calendar: "Calendar") -> list[Part]:
    return list(calendar.walk("VEVENT"))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _anchor(value: Any, here: tzinfo) -> None:
    for each in getattr(value, "dts", (value,)):
        each.dt = tuple(_local(part, here) for part in each.dt) if isinstance(each.dt, tuple) else _local(each.dt, here)


def _local(value: Any, here: tzinfo) -> Any:
    return value.replace(tzinfo=here) if isinstance(value, datetime) and value.tzinfo is None else value


def _check(calendar: "Calendar", end: datetime) -> None:
    """Raises Unreadable for what would take too long, or too much room."""
    clocks: list[Part] = calendar.walk("VTIMEZONE")
    for clock in clocks:
        _check_clock(clock)
    _at_most(MOST_GIVEN, _events(calendar), "trop de dates modifiées une à une")
    overrides = [event for event in _events(calendar) if "RECURRENCE-ID" in event]
    _at_most(MOST_RULES_OF_OVERRIDES, filter(_recurs, overrides), "trop de dates modifiées qui se répètent")
    for event in _events(calendar):
        if "DTSTART" not in event:
            raise Unreadable("date manquante")
        if _recurs(event) and "RECURRENCE-ID" not in event:
            _check_recurring(event, end)


def _recurs(event: Part) -> bool:
    return any(name in event for name in ("RRULE", "RDATE", "EXDATE", "EXRULE"))


def _check_recurring(event: Part, end: datetime) -> None:
    for name in ("RDATE", "EXDATE"):
        given = chain.from_iterable(each.dts for each in _several(event.get(name)))
        _at_most(MOST_GIVEN, given, "trop de dates données une à une")
    if "EXRULE" in event:
        raise Unreadable("répétition trop ancienne dans sa forme (EXRULE)")
    starts = event["DTSTART"].dt
    if _length(event, starts) > LONGEST:
        raise Unreadable("chaque date dure plus d'un an")
    rules = [rule for rule in _several(event.get("RRULE")) if rule]
    _at_most(MOST_RULES, rules, "trop de règles de répétition")
    for rule in rules:
        _check_rule(rule.to_ical().decode(), starts, end)


def _length(event: Part, starts: date) -> timedelta:
    if "DURATION" in event:
        duration: timedelta = abs(event["DURATION"].dt)
        return duration
    return abs(instant(event["DTEND"].dt) - instant(starts)) if "DTEND" in event else timedelta(0)


def _check_rule(rule: str, starts: date, end: datetime) -> None:
    if len(rule) > LONGEST_RULE:
        raise Unreadable("répétition trop longue à décrire")
    parts = _split(rule)
    if parts.get("FREQ") not in _FREQUENCIES:
        raise Unreadable("répétition plus fréquente que chaque jour, ou inconnue")
    if int(parts.get("INTERVAL", 1)) < 1:
        raise Unreadable("répétition sans intervalle")
    if int(parts.get("COUNT", 1)) > MOST_COUNT:
        raise Unreadable(f"répétition de plus de {MOST_COUNT} dates")
    times = prod(len(parts.get(name, "").split(",")) for name in _TIMES)
    if (end - instant(starts)).days * times > MOST_STEPS:
        raise Unreadable("répétition qui commence trop loin, ou trop de fois par jour")
    if not _ever(parts, starts):
        raise Unreadable("répétition qui ne donne aucune date")


def _ever(parts: dict[str, str], starts: date) -> bool:
    """Whether a rule gives any date. Asked of the end of the calendar's years, for the search only ends with them."""
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    first = datetime.combine(starts.replace(year=_like(starts.year)), time.min)
    if isinstance(starts, datetime):
        first = starts.replace(year=_like(starts.year), tzinfo=None)
    rule = ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("UNTIL", "COUNT"))
    return next(iter(rrulestr(rule, dtstart=first)), None) is not None


def _like(year: int) -> int:
    """One of the last years there are that begins on the same day of the week, as far from a leap year."""
    day = date(year, 1, 1).weekday()
    return next(last for last in _LAST_YEARS if last % 4 == year % 4 and date(last, 1, 1).weekday() == day)


def _check_clock(clock: Part) -> None:
    """Every year, and nothing else: what is known of changes of clock is asked again for each date."""
    _at_most(MOST_CHANGES_OF_CLOCK, clock.subcomponents, "fuseau horaire illisible")
    for change in clock.subcomponents:
        for rule in _several(change.get("RRULE")):
            text = rule.to_ical().decode()
            yearly = rule.get("FREQ") == ["YEARLY"] and rule.get("INTERVAL", [1]) == [1] and rule.keys() <= _OF_CLOCKS
            once = all(len(rule.get(name, ())) <= 1 for name in _TIMES) and len(text) <= LONGEST_RULE
            if not (yearly and once and _ever(_split(text), change["DTSTART"].dt)):
                raise Unreadable("fuseau horaire illisible")


def _split(rule: str) -> dict[str, str]:
    return dict(part.upper().partition("=")[::2] for part in rule.split(";"))


def _at_most(most: float, found: Iterable[Any], otherwise: str) -> None:
    if sum(1 for _each in found) > most:
        raise Unreadable(otherwise)


def _as_dates(calendar: "Calendar", found: Iterable[Part]) -> list[Date]:
    overrides = {instant(event["RECURRENCE-ID"].dt): event for event in _events(calendar) if "RECURRENCE-ID" in event}
    usual: Part = next((event for event in _events(calendar) if "RECURRENCE-ID" not in event), {})
    return [_as_date(each, overrides, usual) for each in found]


def _as_date(found: Part, overrides: dict[datetime, Part], usual: Part) -> Date:
    starts, ends = found["DTSTART"].dt, instant(found["DTEND"].dt)
    starts_at = instant(starts)
    original_at = _original(found, overrides)
    place = usual.get("LOCATION")
    elsewhere = place is not None and original_at in overrides and found.get("LOCATION", place) != place
    cancelled = _is_cancelled(usual) or _is_cancelled(found)
    return Date(
        original_at=original_at,
        starts_at=starts_at,
        ends_at=ends if ends > starts_at else None,
        all_day=not isinstance(starts, datetime),
        status=EventStatus.CANCELLED if cancelled else _status(found, original_at != starts_at or elsewhere),
    )


def _original(found: Part, overrides: dict[datetime, Part]) -> datetime:
    """When a date was to begin: what moves all the next ones (THISANDFUTURE) has only said so of the first."""
    said = found["RECURRENCE-ID"]
    override = overrides.get(instant(said.dt))
    if override is None or said.params.get("RANGE") != "THISANDFUTURE":
        return instant(said.dt)
    starts, first = found["DTSTART"].dt, override["DTSTART"].dt
    later = starts - first if isinstance(starts, datetime) is isinstance(first, datetime) else timedelta(0)
    return instant(said.dt + later)


def _is_cancelled(event: Part) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _status(found: Part, moved: bool) -> EventStatus:
    ours = str(found.get(OUR_STATUS, "")).upper()
    if moved or ours == "MOVED":
        return EventStatus.MOVED
    return EventStatus.FULL if ours == "FULL" else EventStatus.PLANNED


def instant(value: date) -> datetime:
    """A date or an hour of a calendar, in UTC: a day begins at midnight in Paris, where an hour of no place also is."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min, PARIS)
    return (value if value.tzinfo else value.replace(tzinfo=PARIS)).astimezone(UTC)
