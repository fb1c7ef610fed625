"""iCalendar (RFC 5545) → rows of `events`. What cannot be read is refused event by event, the rest goes on."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from icalendar.prop import vDDDTypes, vDuration

from catalogue.exchange.calendar_fields import LONGEST_ID, described, name_of, titled, what, where
from catalogue.exchange.calendar_lines import MOST_EVENTS, WHEN, Block, Line, Parts, parts_of, unescaped
from catalogue.exchange.reading import EntryRow, Key, Reading
from catalogue.exchange.rows import Unreadable, plain_text, point, text, web_address
from catalogue.hours import PARIS
from catalogue.needs import EventStatus
from catalogue.places import PlaceIndex
from catalogue.recurrence import HORIZON, OUR_STATUS, dates_in, instant, parsed, zone
from catalogue.recurrence import Unreadable as UnreadableDates

FURTHEST = timedelta(days=730)  # an event that has no date until then is not announced yet
NO_DATE = "aucune date à venir"
MOST_UNREADABLE = 200  # some take a while to be told

_CUT = f"ce calendrier est coupé avant sa fin, ou a plus de {MOST_EVENTS} dates"

_COMMA = re.compile(r"(?<!\\),")


def read_calendar(content: bytes, source: str, file: str, index: PlaceIndex) -> Reading:
    """The events of a calendar that have a date after yesterday, and what is refused of it, whatever the bytes.

    The rows are those of `events`, without what only our database knows: id, initiative_id, known_until, learnt_at,
    vanished_at.
    """
    reading = Reading(file)
    parts = parts_of(content)
    if not parts.is_calendar:
        reading.refuse(1, "ce n'est pas un calendrier (iCalendar)", lost=True)
        return reading
    unreadable = 0
    for uid, blocks in _by_uid(parts, reading):
        key = (source, uid)
        reading.seen.add(key)
        try:
            reading.rows[key] = {"source": source, "source_id": uid, **_row(parts, blocks, index)}
        except (Unreadable, UnreadableDates) as error:
            unreadable += isinstance(error, UnreadableDates)
            reading.refuse(blocks[0].rank, str(error))
            forget_if_over(reading, key, error)
        if unreadable > MOST_UNREADABLE:
            reading.refuse(blocks[0].rank, "trop de dates illisibles : la suite n'est pas lue", lost=True)
            break
    if not parts.is_whole:
        reading.refuse(len(parts.events) + 1, _CUT, lost=True)
    return reading


def forget_if_over(reading: Reading, key: Key, error: Exception) -> None:
    """What could not be read has not disappeared; what has no date left has: nobody is to expect it any more."""
    if str(error) == NO_DATE:
        reading.seen.discard(key)


def _by_uid(parts: Parts, reading: Reading) -> Iterator[tuple[str, list[Block]]]:
    groups: dict[str, list[Block]] = {}
    for block in parts.events:
        uid = text(unescaped(block.value("UID"))) or ""
        if uid and len(uid) <= LONGEST_ID:
            groups.setdefault(uid, []).append(block)
        else:
            reading.refuse(
                block.rank, "identifiant (UID) trop long" if uid else "identifiant (UID) manquant", lost=True
            )
    yield from groups.items()


def _row(parts: Parts, blocks: list[Block], index: PlaceIndex) -> EntryRow:
    main = _main(blocks)
    nom = name_of(_text(main, "SUMMARY"))
    _check_readable(parts, blocks)
    for block in blocks:
        _say_what_becomes_of_it(block, parts.cancelled)
    _check_to_come(parts, blocks)
    cancelled = main.value("STATUS").upper() == "CANCELLED"
    return {
        **NOT_SAID,
        "nom": nom,
        **what(nom, _categories(main)),
        "description": described(_text(main, "DESCRIPTION")),
        **where(_text(main, "LOCATION"), _position(main), index),
        "site_web": web_address(main.value("URL")),
        "status": (EventStatus.CANCELLED if cancelled else EventStatus.PLANNED).value,
        "ical": parts.text(blocks),
        "date_maj": _day(main.value("LAST-MODIFIED")),
    }


def _say_what_becomes_of_it(block: Block, cancelled: bool) -> None:
    """Where calendars have a place for it, what the whole calendar or a title says."""
    title = _text(block, "SUMMARY")
    status = EventStatus.CANCELLED if cancelled else titled(title)[1] if plain_text(title) else None
    if status is EventStatus.CANCELLED:
        block.lines = [line for line in block.lines if line.name != "STATUS"]
        block.lines.append(Line("STATUS", {}, "CANCELLED"))
    elif status and not block.value(OUR_STATUS):
        block.lines.append(Line(OUR_STATUS, {}, status.name))


NOT_SAID: EntryRow = {"telephone": None, "courriel": None, "lien_source": None}


def _main(blocks: list[Block]) -> Block:
    """What tells of all the dates, and not of one that differs."""
    return max(blocks, key=lambda block: (not block.value("RECURRENCE-ID"), _sequence(block), -block.rank))


def _sequence(block: Block) -> int:
    return int(block.value("SEQUENCE") or -1)


def _check_readable(parts: Parts, blocks: list[Block]) -> None:
    for block in blocks:
        if block.damaged:
            raise Unreadable(f"ligne illisible ({block.damaged})")
        for line in block.lines:
            told = line.parameters.get("TZID")
            if told is not None and not zone(told) and told not in parts.clocks:
                raise Unreadable(f"fuseau horaire inconnu : « {told[:40]} »")


def _check_to_come(parts: Parts, blocks: list[Block]) -> None:
    """Raises Unreadable, one or the other, for dates that cannot be read or are all over."""
    yesterday = datetime.now(PARIS) - timedelta(days=1)
    if len(blocks) > 1 or not blocks[0].is_single():
        check_to_come(parts.text(blocks, WHEN), yesterday)
        return
    starts_at, ends_at = _only_date(blocks[0])
    if ends_at < yesterday or starts_at > yesterday + FURTHEST:
        raise Unreadable(NO_DATE)


def check_to_come(ical: str, yesterday: datetime) -> None:
    """The same for a calendar as text."""
    calendar = parsed(ical)
    if not any(dates_in(calendar, yesterday, yesterday + span) for span in (HORIZON, FURTHEST)):
        raise Unreadable(NO_DATE)


def _only_date(block: Block) -> tuple[datetime, datetime]:
    """When an event begins and ends that takes place once: most do, and calendars are full of those that are over."""
    try:
        first = _moment(block, "DTSTART")
        last = _moment(block, "DTEND") if block.value("DTEND") else first
        length = block.value("DURATION") or "PT0S"
        return instant(first), instant(last) + vDuration.from_ical(length)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, OverflowError):
        raise Unreadable("date manquante ou illisible") from None


def _moment(block: Block, name: str) -> date:
    line = next(line for line in block.lines if line.name == name)
    found: object = vDDDTypes.from_ical(line.value.strip(), line.parameters.get("TZID"))  # type: ignore[no-untyped-call]
    if not isinstance(found, date):
        raise Unreadable("date illisible")
    return found


def _text(block: Block, name: str) -> str:
    return unescaped(block.value(name))


def _categories(block: Block) -> list[str]:
    return [unescaped(each) for said in block.values("CATEGORIES") for each in _COMMA.split(said)]


def _position(block: Block) -> tuple[float, float] | None:
    latitude, _, longitude = block.value("GEO").replace("\\;", ";").partition(";")
    found = point(latitude, longitude)
    return None if found == (0.0, 0.0) else found


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said[:8])
    except ValueError:
        return None
