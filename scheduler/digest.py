"""The dates to come of a commune, for who asked to hear of them: on Sunday at 18:00, or as they come."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, exists, func, select, update

from catalogue import events as dates
from catalogue.entries import Occurrence
from catalogue.geo import distance_km
from catalogue.hours import PARIS, zone_of
from catalogue.needs import EventKind, EventStatus, Rhythm
from catalogue.recurrence import HORIZON
from catalogue.tables import events, places, subscriptions
from handlers import planning
from handlers.told import digest_reply
from scheduler.letters import Composers, Letter, alone, is_used, post, together

A_WEEK = timedelta(days=7)
WITHIN_KM = 20.0
MOST = 2000  # dates of a week around a commune
# An import dates its events from when it began, and shows them when it ends. They are told of this much later, when all
# that began before is over: else what a longer import dates from before them would be passed over, for people are told
# until an instant. Calendars that are read in a row then make one message, too.
IMPORTS_LAST = timedelta(minutes=10)
# Where a commune is only known by its department, nothing is near it.
_NOWHERE = ("departement", "aucune")

_other = subscriptions.alias("other")
_WAITS = exists().where(
    _other.c.channel == subscriptions.c.channel,
    _other.c.person == subscriptions.c.person,
    _other.c.rhythm == subscriptions.c.rhythm,
    _other.c.queued_key.is_not(None),
)
# Among the last ones written, which are found at once: two imports may not end in the order in which they began.
_last = select(events.c.learnt_at).where(events.c.learnt_at <= bindparam("settled")).order_by(events.c.id.desc())
_NEWEST = select(func.max(_last.limit(500).subquery().c.learnt_at))

Row = Mapping[str, Any]
Point = tuple[float, float]
# By commune: its name, its clock, and its dates by the kind that was asked for, "" for every kind.
Around = dict[str, tuple[str, ZoneInfo, dict[str, list[Occurrence]]]]


def tell_week(connection: Connection, now: datetime, composers: Composers, most: int = 1000) -> int:
    """Writes the dates of the week to who asked for them on Sundays, once a week; returns how many people it looked at.

    A process that slept does it when it wakes, of what is left of the week. To be called again while it returns
    something.
    """
    alone(connection)
    sunday = planning.last_sunday(now)
    rows = _rows(connection, composers, Rhythm.DIMANCHE, most, subscriptions.c.told_until < sunday)
    end = sunday + A_WEEK

    def near(point: Point, kind: str) -> list[Occurrence]:
        kinds = {EventKind(kind)} if kind else None
        return dates.near(connection, point, now, end, None, WITHIN_KM, MOST, kinds=kinds)

    around = _around(connection, rows, near)
    people = _people(rows, most)
    for who, theirs in people.items():
        key = f"semaine:{':'.join(who)}:{int(sunday.timestamp())}"
        letters = _letters(key, who, theirs, around, now)
        post(connection, composers, letters)
        _told(connection, theirs, now, letters)
    return len(people)


def tell_new(connection: Connection, now: datetime, composers: Composers) -> int:
    """Writes the events learnt since the last time to who asked to hear of them as they come; returns how many people.

    One message a day to a person at most: what is learnt after it waits for the next day.
    """
    alone(connection)
    settled = now - IMPORTS_LAST
    newest = connection.scalar(_NEWEST, {"settled": settled})
    rows = _rows(connection, composers, Rhythm.AU_FIL, None, subscriptions.c.told_until < newest) if newest else []
    if not rows:
        return 0
    learnt = _learnt(connection, min(row["told_until"] for row in rows), settled)
    new = _dates_of(connection, learnt, now)

    def near(point: Point, kind: str) -> list[Occurrence]:
        return [date for date in new if kind in ("", date.event.kind) and _km(point, date) <= WITHIN_KM]

    def is_new(row: Row, date: Occurrence) -> bool:
        return bool(learnt[date.event.id] > row["told_until"])

    around = _around(connection, rows, near)
    people = _people(rows)
    for who, theirs in people.items():
        leaves, key = _next_day(connection, who, theirs, around, now)
        letters = _letters(key, who, theirs, around, leaves, is_new)
        post(connection, composers, letters)
        _told(connection, theirs, max(learnt.values()), letters)
    return len(people)


def _next_day(
    connection: Connection, who: tuple[str, str], rows: Sequence[Row], around: Around, now: datetime
) -> tuple[datetime, str]:
    """The first day on which nothing was written to somebody yet, from now on, and the key that says so."""
    zone = _zone(rows, around)
    leaves = planning.after_the_night(now, zone)
    while is_used(connection, key := f"au-fil:{':'.join(who)}:{leaves.astimezone(zone).date()}"):
        leaves = planning.next_morning(leaves, zone)
    return leaves, key


def _letters(
    key: str,
    who: tuple[str, str],
    rows: Sequence[Row],
    around: Around,
    at: datetime,
    concerns: Callable[[Row, Occurrence], bool] = lambda _row, _date: True,
) -> list[Letter]:
    """What somebody hears of at an instant: one message for all their communes; [] when there is nothing to say."""
    zone = _zone(rows, around)
    leaves = planning.after_the_night(at, zone)
    told: set[tuple[int, datetime]] = set()
    replies, last = [], leaves
    for code, subscribed in groupby(sorted(rows, key=_commune), key=_commune):
        nom, _clock, known = around.get(code, ("", PARIS, {}))
        asked = [one for row in subscribed for one in known.get(row["kind"], ()) if concerns(row, one)]
        found = {_key(one): one for one in asked if _is_to_come(one, leaves)}
        wanted = sorted((one for key, one in found.items() if key not in told), key=lambda one: one.starts_at)
        told |= found.keys()
        if wanted:
            replies.append(digest_reply(wanted, nom, leaves))
            last = max(last, *(one.starts_at for one in wanted))
    return [Letter(*who, key, (together(replies),), leaves, last, zone)] if replies else []


def _key(date: Occurrence) -> tuple[int, datetime]:
    return date.event.id, date.original_at


def _is_to_come(date: Occurrence, leaves: datetime) -> bool:
    return date.starts_at > leaves and date.status is not EventStatus.CANCELLED


def _commune(row: Row) -> str:
    return str(row["code_insee"])


def _zone(rows: Sequence[Row], around: Around) -> ZoneInfo:
    return around.get(_commune(rows[0]), ("", PARIS, {}))[1]


def _rows(
    connection: Connection, composers: Composers, rhythm: Rhythm, most: int | None = None, *conditions: Any
) -> list[Row]:
    """Of who waits for no message: what they were told last must be known to have left (scheduler.reconciling)."""
    wanted = (subscriptions.c.rhythm == rhythm.value, subscriptions.c.channel.in_(list(composers)), ~_WAITS)
    ordered = (
        select(subscriptions).where(*wanted, *conditions).order_by(subscriptions.c.channel, subscriptions.c.person)
    )
    return [dict(row) for row in connection.execute(ordered.limit(most)).mappings()]


def _people(rows: Sequence[Row], most: int | None = None) -> dict[tuple[str, str], list[Row]]:
    """The subscriptions of each person. When there are as many rows as were asked for, the last may not be whole."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["channel"], row["person"]), []).append(row)
    if len(rows) == most and len(found) > 1:
        found.popitem()
    return found


def _around(connection: Connection, rows: Sequence[Row], near: Callable[[Point, str], list[Occurrence]]) -> Around:
    """What there is around each commune of subscriptions: `near` tells it from its point, of a kind."""
    kinds: dict[str, set[str]] = {}
    for row in rows:
        kinds.setdefault(_commune(row), set()).add(row["kind"])
    columns = places.c.insee, places.c.nom, places.c.departement, places.c.latitude, places.c.longitude
    known = (places.c.latitude.is_not(None), places.c.precision.not_in(_NOWHERE), places.c.type != "ANC")
    among = places.c.insee.in_(kinds.keys())
    return {
        insee: (nom, zone_of(departement), {kind: near((latitude, longitude), kind) for kind in kinds[insee]})
        for insee, nom, departement, latitude, longitude in connection.execute(select(*columns).where(among, *known))
    }


def _learnt(connection: Connection, since: datetime, until: datetime) -> dict[int, datetime]:
    """When each event was learnt, of those that were after `since`."""
    among = select(events.c.id, events.c.learnt_at).where(events.c.learnt_at > since, events.c.learnt_at <= until)
    return {row.id: row.learnt_at for row in connection.execute(among)}


def _dates_of(connection: Connection, ids: Iterable[int], now: datetime) -> list[Occurrence]:
    """The dates to come of the events that have a place and are still announced; the soonest first."""
    found = [date for id_ in ids for date in dates.dates_between(connection, id_, now, now + HORIZON)]
    return sorted(filter(_is_shown, found), key=lambda date: date.starts_at)


def _is_shown(date: Occurrence) -> bool:
    return date.event.vanished_at is None and None not in (date.event.latitude, date.event.longitude)


def _km(point: Point, date: Occurrence) -> float:
    return distance_km(*point, date.event.latitude or 0.0, date.event.longitude or 0.0)


_TOLD = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in ("told_until", "queued_key", "told_before")})
)


def _told(connection: Connection, rows: Sequence[Row], until: datetime, letters: Sequence[Letter]) -> None:
    """Notes until when somebody was told, and by which message, if there was one."""
    key = letters[0].key if letters else None
    values = [
        {
            "row_id": row["id"],
            "new_told_until": until,
            "new_queued_key": key,
            "new_told_before": row["told_until"] if letters else None,
        }
        for row in rows
    ]
    connection.execute(_TOLD, values)
