"""OpenAgenda's JSON → rows of `events`: its own export (v2), and the flat one of OpenDataSoft.

https://developers.openagenda.com/00-introduction/ and the public data set "evenements-publics-openagenda".
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from icalendar import Calendar, Event

from catalogue.exchange.calendar_fields import (
    LONGEST_DESCRIPTION,
    LONGEST_ID,
    LONGEST_NAME,
    NOWHERE,
    placed,
    shortened,
    titled,
    what,
    without_marks,
)
from catalogue.exchange.calendars import FURTHEST, NO_DATE, NOT_SAID, check_to_come, forget_if_over
from catalogue.exchange.json_documents import json_records
from catalogue.exchange.located import place_of
from catalogue.exchange.reading import EntryRow, Reading, Record
from catalogue.exchange.rows import Unreadable, email, phone, plain_text, point, sentence, text, web_address
from catalogue.exchange.unread import CannotRead, Unread
from catalogue.hours import PARIS
from catalogue.needs import EventStatus
from catalogue.places import Place, PlaceIndex
from catalogue.recurrence import LONGEST, MOST_DATES, MOST_GIVEN, OUR_STATUS
from catalogue.recurrence import Unreadable as UnreadableDates
from catalogue.spelling import fold

Fields = Mapping[str, Any]
Timing = tuple[datetime, datetime]  # UTC

_LISTS = ("", "events", "results", "records", "data")
# 1: as planned. What is postponed without a new date must send nobody there.
_STATUSES = {
    2: EventStatus.MOVED,  # rescheduled
    3: EventStatus.MOVED,  # moved online
    4: EventStatus.CANCELLED,  # postponed
    5: EventStatus.FULL,
    6: EventStatus.CANCELLED,
}
_MOVED_ONLINE = 3
_ATTENDED_ONLINE = 2
_SAME_WORDS = 60  # characters: two texts that begin with them say the same
_PHONE = re.compile(r"\+?[\d .()/-]{9,20}")


def read_openagenda(content: bytes, source: str, file: str, index: PlaceIndex) -> Reading:
    """The events of an export that have a date after yesterday, and what is refused of it, whatever the bytes.

    The rows are those of `events`, as `read_calendar` gives them.
    """
    reading = Reading(file)
    try:
        for record in _records(content, reading):
            _read(record, source, reading, index)
    except CannotRead as error:
        reading.refuse(1, str(error), lost=True)
    return reading


def _records(content: bytes, reading: Reading) -> Iterator[Record]:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "export.json"
        path.write_bytes(content)
        for found in json_records(path):
            if isinstance(found, Unread):
                reading.refuse(found.line, found.reason, lost=True)
            elif found and found.part in _LISTS:
                yield found


def _read(record: Record, source: str, reading: Reading, index: PlaceIndex) -> None:
    inside = record.fields.get("fields")
    fields: Fields = inside if isinstance(inside, dict) else record.fields
    uid = _said(fields, "uid")
    if not uid or len(uid) > LONGEST_ID:
        reading.refuse(record.line, "identifiant (uid) manquant ou trop long", lost=True)
        return
    reading.seen.add((source, uid))
    try:
        reading.rows[source, uid] = {"source": source, "source_id": uid, **_row(uid, fields, index)}
    except (Unreadable, UnreadableDates) as error:
        reading.refuse(record.line, str(error))
        forget_if_over(reading, (source, uid), error)


def _row(uid: str, fields: Fields, index: PlaceIndex) -> EntryRow:
    nom, told = titled(_said(fields, "title", "title_fr"))
    code = _code(fields.get("status"))
    status = _STATUSES.get(code) or told or EventStatus.PLANNED
    timings = _timings(fields)
    ical = _calendar(uid, nom, timings, status)
    _check_to_come(timings, ical)
    cancelled = status is EventStatus.CANCELLED
    return {
        **NOT_SAID,
        "nom": nom,
        **what(nom, _keywords(fields)),
        "description": shortened(_description(fields, code), LONGEST_DESCRIPTION),
        **_where(fields, index),
        **_contacts(fields, _location(fields)["telephone"]),
        "lien_source": _page(fields),
        "status": (EventStatus.CANCELLED if cancelled else EventStatus.PLANNED).value,
        "ical": ical,
        "date_maj": _day(_said(fields, "updatedAt", "updatedat")),
    }


def _said(fields: Fields, *names: str) -> str:
    """The first of these fields that holds a text, in French when it is in several languages."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, dict):
            value = value.get("fr") or next(iter(value.values()), None)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return ""


def _parsed(value: Any) -> Any:
    """A value, that the flat export writes as JSON in a text."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _code(value: Any) -> int:
    found = _parsed(value)
    found = found.get("id") if isinstance(found, dict) else found
    said = str(found)
    return int(said) if said.isdecimal() and len(said) < 4 else 1


def _timings(fields: Fields) -> list[Timing]:
    """When it takes place, the last thousand dates. Raises Unreadable."""
    given = _parsed(fields.get("timings"))
    told = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    found = {_timing(_said(each, "begin", "start"), _said(each, "end")) for each in told} or _first_and_last(fields)
    if not found:
        raise Unreadable("date manquante")
    return sorted(dict(sorted(found, reverse=True)[:MOST_GIVEN]).items())  # two that begin together are one


def _first_and_last(fields: Fields) -> set[Timing]:
    found = set()
    for name in ("firstdate", "lastdate"):
        if begin := _said(fields, f"{name}_begin"):
            found.add(_timing(begin, _said(fields, f"{name}_end") or begin))
    return found


def _timing(begin: str, end: str) -> Timing:
    try:
        starts_at = _instant(begin)
        return starts_at, max(_instant(end or begin), starts_at)
    except (ValueError, OverflowError):
        raise Unreadable(f"date illisible : « {begin[:40]} »") from None


def _instant(said: str) -> datetime:
    found = datetime.fromisoformat(said)
    return (found if found.tzinfo else found.replace(tzinfo=PARIS)).astimezone(UTC)


def _check_to_come(timings: list[Timing], ical: str) -> None:
    """Raises Unreadable for dates that are all over, or too many."""
    yesterday = datetime.now(PARIS) - timedelta(days=1)
    if len(timings) > MOST_DATES or any(end - start > LONGEST for start, end in timings):
        check_to_come(ical, yesterday)
    elif not any(end >= yesterday and start <= yesterday + FURTHEST for start, end in timings):
        raise Unreadable(NO_DATE)


def _calendar(uid: str, nom: str, timings: list[Timing], status: EventStatus) -> str:
    """The first date, those that are added to it, and one by one those that last longer or less."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//La Bonne Porte//FR")
    usual = Counter(end - start for start, end in timings).most_common(1)[0][0]
    first = timings[0][0]
    main = _event(uid, nom, (first, first + usual), status)
    if len(timings) > 1:
        main.add("rdate", [start for start, _end in timings[1:]])
    calendar.add_component(main)
    for start, end in timings:
        if end - start != usual:
            other = _event(uid, nom, (start, end), status)
            other.add("recurrence-id", start)
            calendar.add_component(other)
    return str(calendar.to_ical(), "utf-8")


def _event(uid: str, nom: str, timing: Timing, status: EventStatus) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("summary", nom)
    event.add("dtstart", timing[0])
    if timing[1] > timing[0]:
        event.add("dtend", timing[1])
    if status is EventStatus.CANCELLED:
        event.add("status", "CANCELLED")
    elif status is not EventStatus.PLANNED:
        event.add(OUR_STATUS, status.name)
    return event


def _keywords(fields: Fields) -> list[str]:
    given = fields.get("keywords") or fields.get("keywords_fr")
    if isinstance(given, dict):
        given = given.get("fr")
    return [str(each) for each in given] if isinstance(given, list) else str(given or "").split(",")


def _description(fields: Fields, code: int) -> str:
    short = plain_text(without_marks(_said(fields, "description", "description_fr")))
    long = plain_text(without_marks(_said(fields, "longDescription", "longdescription_fr")))
    online = "Se passe en ligne." if code == _MOVED_ONLINE else ""
    begins = fold(long).startswith(fold(short)[:_SAME_WORDS])  # the export cuts the short one
    return " ".join(filter(None, (online, "" if begins else sentence(short), long)))


def _where(fields: Fields, index: PlaceIndex) -> EntryRow:
    if _code(fields.get("attendanceMode", fields.get("attendancemode"))) == _ATTENDED_ONLINE:
        raise Unreadable(f"{NOWHERE} : c'est en ligne")
    location = _location(fields)
    position = point(location["latitude"], location["longitude"])
    position = None if position == (0.0, 0.0) else position
    place = _place(location, position, index)
    if place is None:
        said = " ".join(filter(None, (location["code_postal"], location["commune"]))) or location["nom"]
        raise Unreadable(f"{NOWHERE} : « {said[:60]} »" if said else NOWHERE)
    return {
        **placed(place, location["code_postal"], position),
        "lieu": _short(_without_commune(location["nom"], place)),
        "adresse": _short(_without_commune(location["adresse"], place)),
    }


def _without_commune(said: str, place: Place) -> str:
    """A name or an address, without the postcode and the commune that often end it: they are said apart."""
    codes = "|".join(map(re.escape, place.codes_postaux)) or "(?!)"
    street = re.sub(rf"[\s,–-]*\b(?:{codes})\b.*", "", said)
    return "" if fold(street) == fold(place.nom) else street


def _place(location: dict[str, str], position: tuple[float, float] | None, index: PlaceIndex) -> Place | None:
    named = location["commune"], location["code_postal"], ""
    coded = place_of(index, location["insee"], *named) if location["insee"] else None
    return coded or place_of(index, "", *named) or (index.nearest(*position) if position else None)


_LOCATED = {
    "nom": ("name", "location_name"),
    "adresse": ("address", "location_address"),
    "code_postal": ("postalCode", "location_postalcode"),
    "commune": ("city", "location_city"),
    "insee": ("insee", "location_insee"),
    "telephone": ("phone", "location_phone"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon"),
}


def _location(fields: Fields) -> dict[str, str]:
    """Where it is said to be, in our words."""
    given = _parsed(fields.get("location"))
    point_given = _parsed(fields.get("location_coordinates"))
    if isinstance(point_given, list) and len(point_given) == 2:
        point_given = dict(zip(("lat", "lon"), point_given, strict=True))
    whole: dict[str, Any] = {**fields, **_if_object(given), **_if_object(point_given)}
    return {ours: _said(whole, *theirs) for ours, theirs in _LOCATED.items()}


def _if_object(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _short(said: str) -> str | None:
    found = text(said)
    return found and shortened(found, LONGEST_NAME)


def _contacts(fields: Fields, there: str) -> EntryRow:
    """How one registers: the first telephone, or else that of the place, e-mail address and page there are."""
    given = _parsed(fields.get("registration"))
    told = given if isinstance(given, list) else str(given or "").split(",")
    values = [_said(each, "value") if isinstance(each, dict) else str(each).strip() for each in told]
    return {
        "telephone": next((phone(value) for value in (*values, there) if _PHONE.fullmatch(value)), None),
        "courriel": next(filter(None, map(email, values)), None),
        "site_web": next(filter(None, map(web_address, values)), None),
    }


def _page(fields: Fields) -> str | None:
    agenda, slug = _if_object(fields.get("originAgenda")), _said(fields, "slug")
    if agenda.get("slug") and slug:
        return web_address(f"https://openagenda.com/{agenda['slug']}/events/{slug}")
    return web_address(_said(fields, "canonicalurl", "canonicalUrl"))


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        return None
