"""Calendars that are read again and again: each when it is due, later and later while it does not answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from catalogue.database import writing
from catalogue.exchange.events_in import MOST_BYTES, read_events, take_in_events
from catalogue.exchange.reading import Reading
from catalogue.exchange.unread import CannotRead
from catalogue.places import PlaceIndex
from catalogue.tables import feeds

if TYPE_CHECKING:
    from catalogue.exchange.fetch import Fetched

EVERY = timedelta(hours=6)
FIRST_WAIT, LONGEST_WAIT = timedelta(hours=1), timedelta(days=1)  # after a failure, twice as long each time
LEASE = timedelta(minutes=10)  # longer than reading any of them: a second process then leaves it alone
WITHIN_S = 60.0


class SourceTaken(ValueError):
    """Two calendars would have the same name, and each would undo the other; the message says so, in French."""


def follow(connection: Connection, url: str, source: str, now: datetime) -> None:
    """Have the calendar of an https address read from now on, as the one of `source`. Raises SourceTaken."""
    other = select(feeds.c.id).where(feeds.c.source == source, feeds.c.url != url)
    if connection.scalar(other) is not None:
        raise SourceTaken(f"« {source} » est déjà le nom d'un autre calendrier : donnez un autre nom avec --source.")
    # Without what is known of an earlier copy: it may have been read under another name.
    fresh = {"source": source, "etag": None, "last_modified": None, "next_at": now, "failures": 0, "error": None}
    if connection.execute(update(feeds).where(feeds.c.url == url).values(fresh)).rowcount == 0:
        connection.execute(insert(feeds).values(url=url, **fresh))


def refresh(engine: Engine, index: PlaceIndex, now: datetime) -> int:
    """Read the calendars that are due at `now` (UTC); returns how many answered."""
    answered = 0
    while feed := _claimed(engine, now):
        answered += _read_again(engine, feed, index, now)
    return answered


def _claimed(engine: Engine, now: datetime) -> RowMapping | None:
    due = select(feeds).where(feeds.c.next_at <= now).order_by(feeds.c.next_at, feeds.c.id).limit(1)
    with writing(engine) as connection:
        feed = connection.execute(due.with_for_update(skip_locked=True)).mappings().one_or_none()
        if feed:
            connection.execute(update(feeds).where(feeds.c.id == feed["id"]).values(next_at=now + LEASE))
    return feed


def _read_again(engine: Engine, feed: RowMapping, index: PlaceIndex, now: datetime) -> bool:
    """Whether a calendar answered. What it says is written; when it fails, its events stay as they are."""
    from catalogue.exchange.fetch import CannotFetch  # slow to load: httpx, which most processes never need

    try:
        fetched, read = _fetched(feed, index)
    except (CannotFetch, CannotRead) as error:
        failures = feed["failures"] + 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - 1, 10))
        _note(engine, feed, {"failures": failures, "error": str(error), "next_at": now + wait})
        return False
    if read:
        take_in_events(engine, read, now, source=feed["source"])
    copy = {"etag": fetched.etag, "last_modified": fetched.last_modified}
    _note(engine, feed, copy | {"failures": 0, "error": None, "read_at": now, "next_at": now + EVERY})
    return True


def _fetched(feed: RowMapping, index: PlaceIndex) -> "tuple[Fetched, Reading | None]":
    """A calendar, and what it says, None when it has not changed. Raises CannotFetch, CannotRead."""
    from catalogue.exchange.fetch import fetch

    with TemporaryDirectory(prefix="bonne-porte-") as folder:
        path = Path(folder, "calendar")
        copy = {"etag": feed["etag"], "last_modified": feed["last_modified"]}
        fetched = fetch(feed["url"], path, **copy, most_bytes=MOST_BYTES, within_s=WITHIN_S)
        if fetched.unchanged:
            return fetched, None
        read = read_events(path.read_bytes(), feed["source"], feed["source"], index)
    if read.lost and not read.rows:
        raise CannotRead(read.refused[0].reason)
    return fetched, read


def _note(engine: Engine, feed: RowMapping, values: Mapping[str, Any]) -> None:
    with writing(engine) as connection:
        connection.execute(update(feeds).where(feeds.c.id == feed["id"]).values(values))
