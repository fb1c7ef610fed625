"""Writing what a calendar says into the catalogue: a transaction for each source, all of it or nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from catalogue.database import taken_back, writing
from catalogue.events import mark_vanished, save_events
from catalogue.exchange.reading import Reading
from catalogue.exchange.taking_in import wait_for_our_turn
from catalogue.places import PlaceIndex

MOST_BYTES = 20_000_000  # of a calendar: one of 20,000 events has half of it

_BLANK = b"\xef\xbb\xbf \t\r\n"  # a byte order mark may come first


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What became of the events of one source; `vanished` are those it no longer has and that had dates to come."""

    source: str
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: int = 0
    refused: int = 0


def read_events(content: bytes, source: str, file: str, index: PlaceIndex) -> Reading:
    """The events of a document: OpenAgenda's JSON when it begins as JSON does, else iCalendar."""
    from catalogue.exchange.calendars import read_calendar
    from catalogue.exchange.openagenda import read_openagenda

    read = read_openagenda if content.lstrip(_BLANK)[:1] in (b"{", b"[") else read_calendar
    return read(content, source, file, index)


def take_in_events(
    engine: Engine, read: Reading, now: datetime, *, source: str | None = None, dry_run: bool = False
) -> list[EventsReport]:
    """Write the events of a document, a transaction for each of its sources; `now` is UTC. A dry run writes nothing.

    `source` is whose calendar it is: when it holds nothing any more, all that it held has vanished.
    """
    reports = []
    for each in sorted({source for source, _ in read.seen | set(read.rows)} | ({source} if source else set())):
        with writing(engine) as connection:
            wait_for_our_turn(connection)
            write = _rehearsed if dry_run else write_events
            reports.append(write(connection, each, read, now))
    return reports


def _rehearsed(connection: Connection, source: str, read: Reading, now: datetime) -> EventsReport:
    """What writing would do, taken back at once."""
    with taken_back(connection):
        return write_events(connection, source, read, now)


def write_events(connection: Connection, source: str, read: Reading, now: datetime) -> EventsReport:
    """Write the events of one source of a document, inside the transaction of whoever asks.

    Nothing is said to have vanished when a part of the document could not be read at all, for it may be there.
    """
    rows = [row for (of, _), row in read.rows.items() if of == source]
    saved = save_events(connection, rows, now)
    seen = frozenset(source_id for of, source_id in read.seen | set(read.rows) if of == source)
    vanished = 0 if read.lost else mark_vanished(connection, source, seen, now)
    for nom, why in saved.unreadable:
        read.refuse(1, f"{nom} : {why}")
    return EventsReport(source, len(saved.created), len(saved.changed), saved.unchanged, vanished, len(read.refused))
