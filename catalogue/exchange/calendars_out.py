"""Events written as iCalendar (RFC 5545), for Thunderbird, Google, Apple and any other: a feed, or one date."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from icalendar import Calendar, Event, Timezone

from catalogue.entries import CalendarEvent, Occurrence
from catalogue.event_dates import Known, differing
from catalogue.exchange.rows import text
from catalogue.hours import PARIS
from catalogue.needs import EventStatus
from catalogue.recurrence import OUR_STATUS, Date, Unreadable, instant, parsed

PRODID = "-//La Bonne Porte//Rendez-vous//FR"
REFRESHED = timedelta(hours=12)  # X-PUBLISHED-TTL says the same to Outlook

_INSTANTS = ("DTSTART", "DTEND", "RECURRENCE-ID")
_LISTS = ("RDATE", "EXDATE")
_AS_THEY_ARE = ("DURATION", "RRULE", "SEQUENCE")

# As most programs write it: some do not understand the list of all the changes since 1970 that icalendar gives.
_CLOCK_OF_PARIS = """\
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""


def calendar_of(rows: Iterable[Mapping[str, Any]], name: str, now: datetime) -> bytes:
    """A feed called `name` of all the dates of some rows of `events`, to be asked again every twelve hours.

    A row may have "dates": its rows of `occurrences` that are not over, which are right where its calendar says
    otherwise. An event whose dates cannot be read is left out: it has none in our own calendar either.
    """
    calendar = _calendar()
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-published-ttl", "PT12H")
    calendar.add("refresh-interval", REFRESHED, parameters={"VALUE": "DURATION"})
    calendar.add_component(Timezone.from_ical(_CLOCK_OF_PARIS.encode()))
    clocks: dict[str, Any] = {}
    for row in rows:
        try:
            given = _as_it_became(parsed(row["ical"]), row.get("dates", ()), now)
        except Unreadable:
            continue
        clocks |= {str(clock["TZID"]): clock for clock in given.walk("VTIMEZONE")}
        for event in _events(given, row, now):
            calendar.add_component(event)
    for told in sorted(clocks.keys() & set(calendar.get_missing_tzids())):
        calendar.add_component(clocks[told])
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def calendar_of_one(occurrence: Occurrence, now: datetime) -> bytes:
    """One date of an event. Its hours are UTC, which every program shows as those of where it is."""
    event = occurrence.event
    said = Event()
    said.add("uid", f"{event.id}-{int(occurrence.original_at.timestamp())}@la-bonne-porte")
    said.add("dtstamp", now)
    for name, at in (("dtstart", occurrence.starts_at), ("dtend", occurrence.ends_at)):
        if at:
            said.add(name, at.astimezone(PARIS).date() if occurrence.all_day else at)
    _describe(said, _fields(event), _location(_fields(event)), _sureness(occurrence))
    calendar = _calendar()
    calendar.add_component(said)
    return bytes(calendar.to_ical())


def _sureness(occurrence: Occurrence) -> str:
    if occurrence.status is EventStatus.CANCELLED:
        return "CANCELLED"
    return "CONFIRMED" if occurrence.confirmed_at else "TENTATIVE"


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODID)
    return calendar


def _fields(event: CalendarEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in CalendarEvent.__dataclass_fields__}


# What became of dates here, which their calendar does not know.


def _as_it_became(given: Calendar, dates: Sequence[Known], now: datetime) -> Calendar:
    for row, date in differing(dates, given, now) if dates else ():
        told = _told_by(given, date)
        if "RECURRENCE-ID" in told or not _recurs(told):
            given.subcomponents = [part for part in given.subcomponents if part is not told]
        given.add_component(_became(told, row, date))
    return given


def _told_by(given: Calendar, date: Date) -> Any:
    """The event of that date alone, or else the one that recurs."""
    events: list[Any] = given.walk("VEVENT")
    usual = (event for event in events if "RECURRENCE-ID" not in event)
    alone = (event for event in events if _is_of_one(event) and instant(event["RECURRENCE-ID"].dt) == date.original_at)
    return next(chain(alone, usual, events))


def _is_of_one(event: Any) -> bool:
    return "RECURRENCE-ID" in event and "RANGE" not in event["RECURRENCE-ID"].params


def _recurs(event: Any) -> bool:
    return "RRULE" in event or "RDATE" in event


def _became(told: Any, row: Known, date: Date) -> Event:
    """One date as it is known here, by the clock of what told of it."""
    said = Event()
    _add_instant(said, "DTSTART", row["starts_at"], told["DTSTART"])
    if row["ends_at"]:
        _add_instant(said, "DTEND", row["ends_at"], told["DTSTART"])
    if "RECURRENCE-ID" in told or _recurs(told):
        _add_instant(said, "RECURRENCE-ID", date.original_at, told.get("RECURRENCE-ID", told["DTSTART"]))
    for name in ("LOCATION", "SEQUENCE"):
        if name in told:
            said.add(name, told[name])
    said.add("STATUS", "CANCELLED" if row["status"] == EventStatus.CANCELLED else "CONFIRMED")
    if row["status"] in (EventStatus.FULL, EventStatus.MOVED):
        said.add(OUR_STATUS, row["status"].upper())
    return said


def _add_instant(said: Event, name: str, at: datetime, like: Any) -> None:
    here = at.astimezone(like.dt.tzinfo) if isinstance(like.dt, datetime) else at.astimezone(PARIS).date()
    said.add(name, here, _kept(like, "TZID"))


def _events(given: Calendar, row: Mapping[str, Any], now: datetime) -> list[Event]:
    """The event that recurs and the dates that differ: when they are as given, the rest as we know it."""
    events: list[Any] = given.walk("VEVENT")
    usual = next((event.get("LOCATION") for event in events if "RECURRENCE-ID" not in event), None)
    return [_event(event, row, usual, now) for event in events]


def _event(given: Any, row: Mapping[str, Any], usual: object, now: datetime) -> Event:
    said = Event()
    said.add("uid", _uid(row))
    said.add("dtstamp", now)
    _copy_when(given, said)
    elsewhere = given.get("LOCATION") if "RECURRENCE-ID" in given and given.get("LOCATION") != usual else None
    cancelled = row["status"] == EventStatus.CANCELLED or str(given.get("STATUS", "")).upper() == "CANCELLED"
    location = str(elsewhere) if elsewhere else _location(row)
    _describe(said, row, location, "CANCELLED" if cancelled else "CONFIRMED")
    if OUR_STATUS in given:
        said.add(OUR_STATUS, str(given[OUR_STATUS]))
    return said


def _uid(row: Mapping[str, Any]) -> str:
    told = str(row["source_id"])
    return told if "@" in told else f"{told}@{row['source']}"


def _copy_when(given: Any, said: Event) -> None:
    for name in _INSTANTS:
        for value in _several(given.get(name)):
            said.add(name, value.dt, parameters=_kept(value, "RANGE", "TZID"))
    for name in _LISTS:
        for value in _several(given.get(name)):
            said.add(name, [each.dt for each in value.dts], parameters=_kept(value, "TZID", "VALUE"))
    for name in _AS_THEY_ARE:
        for value in _several(given.get(name)):
            said.add(name, value)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _kept(value: Any, *names: str) -> dict[str, str]:
    return {name: value.params[name] for name in names if name in value.params}


def _describe(said: Event, row: Mapping[str, Any], location: str, status: str) -> None:
    said.add("summary", row["nom"])
    if row["description"]:
        said.add("description", row["description"])
    if location:
        said.add("location", location)
    if row["exact"] and row["latitude"] is not None and row["longitude"] is not None:
        said.add("geo", (row["latitude"], row["longitude"]))
    said.add("categories", [str(slug) for slug in (row["kind"], *row["needs"])])
    said.add("status", status)
    if row["site_web"]:
        said.add("url", row["site_web"])


def _location(row: Mapping[str, Any]) -> str:
    town = text(f"{row['code_postal'] or ''} {row['commune'] or ''}")
    return ", ".join(filter(None, (row["lieu"], row["adresse"], town)))
