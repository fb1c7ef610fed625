"""When things are to be said: before a date, never at night. Pure: instants in (UTC), instants out (UTC).

The clock is that of the place: overseas, the evening is the evening there.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from catalogue.hours import PARIS
from catalogue.needs import Ahead

MORNING, NIGHT = time(8), time(21)  # nothing is sent from one evening to the next morning
EVENING = time(18)  # the day before
# What cannot wait for the morning leaves the evening before, half an hour before the night: at 25 messages a second,
# 45,000 people are still written to in time.
LAST = time(20, 30)
TWO_HOURS = timedelta(hours=2)
TO_GET_READY = timedelta(hours=1)  # a reminder in the morning is of no use later than this before its date
A_DAY = timedelta(days=1)
SUNDAY = 6


def due_at(starts_at: datetime, all_day: bool, ahead: Ahead, zone: ZoneInfo) -> datetime | None:
    """The moment of a reminder: always before its date and never at night; None when it has none.

    The day before at 18:00 by the clock of the place, or two hours before (on a stopwatch: clock changes count). Of an
    all-day date only the day before makes sense. What would fall at night leaves at 8:00 if that leaves an hour to get
    ready, else the evening before.
    """
    begins = begins_at(starts_at, all_day, zone)
    if ahead is Ahead.VEILLE:
        return _at(begins.astimezone(zone).date() - A_DAY, EVENING, zone)
    if all_day:
        return None
    wanted = begins - TWO_HOURS
    if not is_night(wanted, zone):
        return wanted
    morning = after_the_night(wanted, zone)
    return morning if morning <= begins - TO_GET_READY else _last_evening(wanted, zone)


def begins_at(starts_at: datetime, all_day: bool, zone: ZoneInfo) -> datetime:
    """When a date begins at its place. A day is stored as its midnight in Paris: overseas it begins at another time."""
    return _at(starts_at.astimezone(PARIS).date(), time(0), zone) if all_day else starts_at


def over_at(starts_at: datetime, all_day: bool, zone: ZoneInfo) -> datetime:
    """When it is too late to say that a date is cancelled: once it has begun, or once its day is over."""
    begins = begins_at(starts_at, all_day, zone)
    return _at(begins.astimezone(zone).date() + A_DAY, time(0), zone) if all_day else begins


def is_night(at: datetime, zone: ZoneInfo) -> bool:
    """Whether nobody is to be disturbed: from 21:00 to 8:00."""
    return not MORNING <= at.astimezone(zone).time() < NIGHT


def after_the_night(at: datetime, zone: ZoneInfo) -> datetime:
    """The same instant, or 8:00 when it is night."""
    here = at.astimezone(zone)
    if not is_night(at, zone):
        return at
    return _at(here.date() + A_DAY if here.time() >= NIGHT else here.date(), MORNING, zone)


def next_morning(at: datetime, zone: ZoneInfo) -> datetime:
    """8:00 on the day after."""
    return _at(at.astimezone(zone).date() + A_DAY, MORNING, zone)


def is_soon(starts_at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether a date is of today or of tomorrow morning: its cancellation is told even at night."""
    noon = _at(now.astimezone(zone).date() + A_DAY, time(12), zone)
    return starts_at < noon


def last_sunday(now: datetime) -> datetime:
    """The last Sunday at 18:00 in Paris, now included."""
    here = now.astimezone(PARIS)
    day = here.date() - timedelta(days=(here.weekday() - SUNDAY) % 7)
    sunday = _at(day, EVENING, PARIS)
    return sunday if sunday <= now else _at(day - timedelta(days=7), EVENING, PARIS)


def _last_evening(at: datetime, zone: ZoneInfo) -> datetime:
    here = at.astimezone(zone)
    evening = here.date() if here.time() >= LAST else here.date() - A_DAY
    return _at(evening, LAST, zone)


def _at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, zone).astimezone(UTC)
