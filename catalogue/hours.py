"""Opening hours: what sources write → OpenStreetMap syntax → whether a door is open, and when one can come."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, State, validate

from catalogue.needs import Moment
from catalogue.spoken_hours import from_french
from catalogue.spoken_words import FRENCH_DAYS
from catalogue.week_rules import Span, rules_of, written_day

PARIS = ZoneInfo("Europe/Paris")
# Overseas, nine in the morning is nine there.
_ZONES = {
    "971": ZoneInfo("America/Guadeloupe"),
    "972": ZoneInfo("America/Martinique"),
    "973": ZoneInfo("America/Cayenne"),
    "974": ZoneInfo("Indian/Reunion"),
    "975": ZoneInfo("America/Miquelon"),
    "976": ZoneInfo("Indian/Mayotte"),
    "977": ZoneInfo("America/St_Barthelemy"),
    "978": ZoneInfo("America/Marigot"),
    "986": ZoneInfo("Pacific/Wallis"),
    "987": ZoneInfo("Pacific/Tahiti"),
    "988": ZoneInfo("Pacific/Noumea"),
}

LONGEST = 500  # characters; the longest of the shipped hours has 312
FURTHEST_CHANGE_DAYS = 366
# Sources say nothing of public holidays. A town hall, a public service or an association is closed on them, and
# sending somebody to a closed door is the worse mistake.
_CLOSED_ON_HOLIDAYS = "; PH off"

_TIME = r"([01]?\d|2[0-4]):([0-5]\d)"
_EACH_RANGE = re.compile(rf"{_TIME} ?- ?{_TIME}")
_FRENCH_TIME = re.compile(r"\b(\d{1,2}) ?[hH] ?(\d{2})?\b")
# A word that is OpenStreetMap's alone. "Mar" and "We" are not: they are mardi and the week-end to whoever writes here.
_OSM_WORD = re.compile(r"\b(?:Mo|Tu|Th|Fr|Su|PH|SH|Jan|Feb|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b")
_DAY_NUMBERS = {day: number for number, day in enumerate(FRENCH_DAYS)}
_JSON_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:00")


def to_osm(text: str) -> str | None:
    """Hours in OpenStreetMap syntax from hours in that syntax or in plain French; None unless read for sure.

    Read: "Lu 13:30 - 17:00; Ma 09:00 - 12:00 / 13:30 - 17:00", "lundi et jeudi 9h-12h, 4e samedi 14h-17h30".
    """
    if len(text) > LONGEST:
        return None
    plain = _FRENCH_TIME.sub(_with_colon, " ".join(text.split()))
    osm = (checked_osm(plain) if _is_osm(text, plain) else None) or _checked_french(text)
    if osm is None or "PH" in osm or osm == "24/7":
        return osm
    return osm + _CLOSED_ON_HOLIDAYS


def town_hall_hours(text: str) -> str | None:
    """Hours in OpenStreetMap syntax from the list the town halls' directory gives; None unless read for sure.

    The list: `[["lundi", "jeudi", [["09:00:00", "12:00:00"], …]], …]`.
    """
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    week: dict[int, list[Span]] = {}
    try:
        for first, last, hours in listed:
            days = _days_between(first, last or first)
            if not days:
                return None
            for day in days:
                week.setdefault(day, []).extend(_json_span(*span) for span in hours)
    except (TypeError, ValueError):
        return None
    osm = _written(week)
    return osm + _CLOSED_ON_HOLIDAYS if osm else None


@lru_cache(maxsize=4096)
def _json_span(start: Any, end: Any) -> Span:
    if not (_JSON_TIME.fullmatch(start) and _JSON_TIME.fullmatch(end)):
        raise ValueError
    return start[:5], end[:5]


def _with_colon(said: re.Match[str]) -> str:
    """ "9h30" → "09:30"."""
    return f"{int(said[1]):02}:{said[2] or '00'}"


def _is_osm(text: str, plain: str) -> bool:
    """Whether hours were meant in OpenStreetMap syntax: "mar 9h-12h" is no day of March, "9h-12h" is not every day."""
    if _OSM_WORD.search(text):
        return True
    french = _FRENCH_TIME.search(text) or re.search(r"\bmar\b", plain, re.IGNORECASE)
    return not french and not re.search(r"\b(?:we|WE)\b", text)


def _checked_french(text: str) -> str | None:
    osm = from_french(text)
    return checked_osm(osm) if osm else None


def checked_osm(text: str) -> str | None:
    """Text that is already in OpenStreetMap syntax and says what its author meant; None for any other."""
    text = text.removesuffix(";")
    if not validate(text) or not all(_says_when(rule) for rule in re.split(r";|\|\|", text)):
        return None
    spans = [_span(*found.groups()) for found in _EACH_RANGE.finditer(text)]
    return text if all(_ends_after(*span) for span in spans) else None


def _says_when(rule: str) -> bool:
    """A rule without an hour would mean the whole day: nobody here means that."""
    return bool(re.search(r"\d:\d\d|sunrise|sunset|\b(off|closed)\b|24/7", rule))


def _ends_after(start: str, end: str) -> bool:
    # "14:00-14:00" and "17:00-12:00" would be read as going on overnight; only an end before 6 is meant so.
    return start < end or (end < start and end <= "06:00")


def _span(start_hour: str, start_minutes: str, end_hour: str, end_minutes: str) -> Span:
    return f"{int(start_hour):02}:{start_minutes}", f"{int(end_hour):02}:{end_minutes}"


def _days_between(first: str, last: str) -> range:
    """The days of a range, both ends included; none for a day that is not one, or for "samedi-lundi"."""
    return range(_DAY_NUMBERS.get(first, 7), _DAY_NUMBERS.get(last, -1) + 1)


def _written(week: Mapping[int, Sequence[Span]]) -> str | None:
    """ "Mo,Tu 09:00-12:00,14:00-17:00; We 09:00-12:00"; None when a day's hours make no sense."""
    hours = {(day, 0): written_day(spans) for day, spans in week.items()}
    known = {day: said for day, said in hours.items() if said is not None}
    return "; ".join(rules_of(known)) or None if len(known) == len(hours) else None


@dataclass(frozen=True, slots=True)
class Openness:
    """Whether a door is open, and until when: None when that does not change within a year."""

    state: Literal["open", "closed", "unknown"]
    until: datetime | None


_UNKNOWN = Openness("unknown", None)


# Their dates change every year and from one region to another: here, no day is known to be one.
_SCHOOL_HOLIDAYS = re.compile(r"\bSH\b")


def zone_of(departement: str | None) -> ZoneInfo:
    """The clock of a department; Paris for what has none."""
    return _ZONES.get(departement or "", PARIS)


def openness(horaires_osm: str | None, now: datetime, departement: str | None = None) -> Openness:
    """Whether it is open at an aware instant. Hours are those of the department's clock, Paris by default.

    Never raises: hours that cannot be read are unknown, and so are those that school holidays change.
    `until` is aware, on the place's own clock.
    """
    zone = zone_of(departement)
    hours = _parsed(horaires_osm, zone) if horaires_osm else None
    if hours is None:
        return _UNKNOWN
    here = now.astimezone(zone)
    state = hours.state(here)[0]
    until = hours.next_change(here)
    if state == State.UNKNOWN or _SCHOOL_HOLIDAYS.search(str(horaires_osm)):
        return _UNKNOWN
    if state == State.OPEN and "+" in str(horaires_osm) and until and until.time() == time(0):
        return _UNKNOWN  # "18:00+": until when is not said, and midnight is a guess
    return Openness("open" if state == State.OPEN else "closed", until)


@lru_cache(maxsize=8192)
def _parsed(horaires_osm: str, zone: ZoneInfo) -> OpeningHours | None:
    if len(horaires_osm) > LONGEST or not validate(horaires_osm):
        return None
    return OpeningHours(
        horaires_osm,
        timezone=zone,
        country="FR",
        auto_country=False,
        auto_timezone=False,
        max_interval_days=FURTHEST_CHANGE_DAYS,
    )


# September 2025: thirty days from a Monday, without a public holiday, a school holiday or a clock change, and where
# "the first Saturday of the month" comes too.
_MONTH_START = datetime(2025, 9, 1, tzinfo=PARIS)
_MONTH_END = datetime(2025, 10, 1, tzinfo=PARIS)
_WEEK_END = datetime(2025, 9, 8, tzinfo=PARIS)
_EVERY_WEEK_ALIKE = re.compile(r"(?:(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|off|closed|24/7|\d\d?:\d\d)|[-,; ])*")
_MORNING, _EVENING = time(8), time(18)
_WEEK_END_MORNING = time(6)  # a Friday night that ends on Saturday is not the weekend
_WORTH_COMING = timedelta(minutes=30)


def moments(horaires_osm: str | None) -> list[Moment]:
    """When one can come: on a weekday between 8 and 18, on a weekday after 18 for half an hour or more, at the weekend.

    [] when the hours are not known.
    """
    return list(_moments(horaires_osm)) if horaires_osm else []


@lru_cache(maxsize=8192)
def _moments(horaires_osm: str) -> tuple[Moment, ...]:
    hours = _parsed(horaires_osm, PARIS)
    if hours is None:
        return ()
    last = _WEEK_END if _EVERY_WEEK_ALIKE.fullmatch(horaires_osm) else _MONTH_END
    found: set[Moment] = set()
    for start, end, state, _ in hours.intervals(_MONTH_START, last):
        if state == State.OPEN:
            found |= _moments_of(start, min(end, last))
    return tuple(moment for moment in Moment if moment in found)


def _moments_of(start: datetime, end: datetime) -> set[Moment]:
    found: set[Moment] = set()
    midnight = start.replace(hour=0, minute=0)
    while midnight < end and len(found) < len(Moment):
        morning, evening = datetime.combine(midnight, _MORNING, PARIS), datetime.combine(midnight, _EVENING, PARIS)
        next_midnight = midnight + timedelta(days=1)
        if midnight.weekday() >= 5:
            if end > datetime.combine(midnight, _WEEK_END_MORNING, PARIS):
                found.add(Moment.WEEK_END)
        else:
            if start < evening and end > morning:
                found.add(Moment.SEMAINE)
            if min(end, next_midnight) - max(start, evening) >= _WORTH_COMING:
                found.add(Moment.SOIR)
        midnight = next_midnight
    return found


Slots = tuple[tuple[time, time], ...]


@lru_cache(maxsize=8192)
def ordinary_week(horaires_osm: str) -> tuple[Slots, ...] | None:
    """The hours of each day of an ordinary week, Monday first; None when weeks are not all alike, or not known."""
    hours = _parsed(horaires_osm, PARIS)
    if hours is None or not _EVERY_WEEK_ALIKE.fullmatch(horaires_osm):
        return None
    days: list[list[tuple[time, time]]] = [[] for _ in range(7)]
    for start, end, state, _ in hours.intervals(_MONTH_START, _WEEK_END):
        while state == State.OPEN and start < end:
            midnight = datetime.combine(start.date() + timedelta(days=1), time(0), PARIS)
            days[start.weekday()].append((start.time(), min(end, midnight).time()))
            start = midnight
    return tuple(tuple(slots) for slots in days)
