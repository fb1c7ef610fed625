"""Events written as iCalendar (RFC 5545), for Thunderbird, Google, Apple and any other: a feed, or one date."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from icalendar import Calendar, Event, Timezone

from catalogue.entries import CalendarEvent, Occurrence
from catalogue.exchange.rows import text
from catalogue.hours import PARIS
from catalogue.needs import EventStatus
from catalogue.recurrence import OUR_STATUS, Unreadable, parsed

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

    An event whose dates cannot be read is left out: it has none in our own calendar either.
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
            given = parsed(row["ical"])
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
    _describe(said, _fields(event), _location(_fields(event)), cancelled=occurrence.status is EventStatus.CANCELLED)
    calendar = _calendar()
    calendar.add_component(said)
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODID)
    return calendar


def _fields(event: CalendarEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in CalendarEvent.__dataclass_fields__}


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
    _describe(said, row, str(elsewhere) if elsewhere else _location(row), cancelled=cancelled)
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


def _describe(said: Event, row: Mapping[str, Any], location: str, *, cancelled: bool) -> None:
    said.add("summary", row["nom"])
    if row["description"]:
        said.add("description", row["description"])
    if location:
        said.add("location", location)
    if row["exact"] and row["latitude"] is not None and row["longitude"] is not None:
        said.add("geo", (row["latitude"], row["longitude"]))
    said.add("categories", [str(slug) for slug in (row["kind"], *row["needs"])])
    said.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if row["site_web"]:
        said.add("url", row["site_web"])


def _location(row: Mapping[str, Any]) -> str:
    town = text(f"{row['code_postal'] or ''} {row['commune'] or ''}")
    return ", ".join(filter(None, (row["lieu"], row["adresse"], town)))
