"""The dates to come of a commune, for who asked to hear of them: on Sunday at 18:00, or as they come."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select, update

from catalogue import events as dates
from catalogue.entries import Occurrence
from catalogue.geo import distance_km
from catalogue.hours import PARIS, zone_of
from catalogue.needs import EventKind, EventStatus, Rhythm
from catalogue.recurrence import HORIZON
from catalogue.tables import events, loads, places, subscriptions
from handlers import planning
from handlers.dates import digest_reply
from scheduler.letters import Composers, Letter, alone, is_used, post, together
from scheduler.reminders import insert_into

A_WEEK = timedelta(days=7)
WITHIN_KM = 20.0
MOST = 2000  # dates of a week around a commune
LAST_EVENT = "au-fil"  # in `loads`: the last event that was told of as they come
# Where a commune is only known by its department, nothing is near it.
_NOWHERE = ("departement", "aucune")

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
        post(connection, composers, _letters(key, who, theirs, around, now))
        _told(connection, theirs, now)
    return len(people)


def tell_new(connection: Connection, now: datetime, composers: Composers) -> int:
    """Writes the events learnt since the last time to who asked to hear of them as they come; returns how many people.

    One message a day to a person at most: what is learnt after it waits for the next day.
    """
    alone(connection)
    newest = connection.scalar(select(func.max(events.c.id))) or 0
    last = _last_told(connection)
    if newest == last:
        return 0
    _remember(connection, newest, now)
    if last is None:  # nothing is new yet
        return 0
    rows = _rows(connection, composers, Rhythm.AU_FIL)
    new = _dates_of_events_after(connection, last, now) if rows else []

    def near(point: Point, kind: str) -> list[Occurrence]:
        return [date for date in new if kind in ("", date.event.kind) and _km(point, date) <= WITHIN_KM]

    around = _around(connection, rows, near)
    people = _people(rows)
    for who, theirs in people.items():
        leaves, key = _next_day(connection, who, theirs, around, now)
        post(connection, composers, _letters(key, who, theirs, around, leaves))
        _told(connection, theirs, now)
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


def _letters(key: str, who: tuple[str, str], rows: Sequence[Row], around: Around, at: datetime) -> list[Letter]:
    """What somebody hears of at an instant: one message for all their communes; [] when there is nothing to say."""
    zone = _zone(rows, around)
    leaves = planning.after_the_night(at, zone)
    told: set[tuple[int, datetime]] = set()
    replies, last = [], leaves
    for code, subscribed in groupby(sorted(rows, key=_commune), key=_commune):
        kinds = {row["kind"] for row in subscribed}
        nom, _clock, known = around.get(code, ("", PARIS, {}))
        found = {_key(one): one for kind in kinds for one in known.get(kind, ()) if _is_to_come(one, leaves)}
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
    wanted = (subscriptions.c.rhythm == rhythm.value, subscriptions.c.channel.in_(list(composers)), *conditions)
    ordered = select(subscriptions).where(*wanted).order_by(subscriptions.c.channel, subscriptions.c.person)
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


def _dates_of_events_after(connection: Connection, last: int, now: datetime) -> list[Occurrence]:
    """The dates to come of the events learnt after the one of that id, that have a place; the soonest first."""
    shown = (events.c.vanished_at.is_(None), events.c.latitude.is_not(None), events.c.longitude.is_not(None))
    ids = connection.scalars(select(events.c.id).where(events.c.id > last, *shown)).all()
    found = [date for id_ in ids for date in dates.dates_between(connection, id_, now, now + HORIZON)]
    return sorted(found, key=lambda date: date.starts_at)


def _km(point: Point, date: Occurrence) -> float:
    return distance_km(*point, date.event.latitude or 0.0, date.event.longitude or 0.0)


def _told(connection: Connection, rows: Sequence[Row], now: datetime) -> None:
    ids = [row["id"] for row in rows]
    connection.execute(update(subscriptions).where(subscriptions.c.id.in_(ids)).values(told_until=now))


def _last_told(connection: Connection) -> int | None:
    found = connection.scalar(select(loads.c.digest).where(loads.c.source == LAST_EVENT))
    return int(found) if found else None


def _remember(connection: Connection, event_id: int, now: datetime) -> None:
    statement = insert_into(connection, loads).values(source=LAST_EVENT, digest=str(event_id), loaded_at=now)
    changed = {"digest": str(event_id), "loaded_at": now}
    connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=changed))
