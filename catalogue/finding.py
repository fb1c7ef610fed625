"""Looking for entries by need, by words, around a point or in a territory, with filters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from catalogue.entries import Initiative
from catalogue.exchange.selection import Territory, select_entries
from catalogue.geo import distance_km, hectometres
from catalogue.hours import openness
from catalogue.initiatives import initiatives_by_id
from catalogue.names import find_by_words
from catalogue.needs import Frais, Kind, Need, Public, Reach
from catalogue.notices import hours_now
from catalogue.positions import mark_of, positions_of
from catalogue.search import FURTHEST_KM, NEAR_KM, wider

T = TypeVar("T")

MOST_READ = 2_000  # entries looked at before giving up filters that almost nothing passes


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: a need or some words at least; around a point (degrees), or in a territory, or anywhere."""

    need: Need | None = None
    text: str | None = None
    point: tuple[float, float] | None = None
    departement: str = ""
    within_km: float | None = None
    territory: Territory | None = None
    publics: frozenset[Public] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    free: bool = False
    open_now: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An entry and why it is there."""

    entry: Initiative
    km: float | None  # None where distance means nothing, or is from nowhere
    match: float | None  # how well its words are those asked for, from 0 to 1; None when no words were


def find(connection: Connection, query: Query, now: datetime, count: int = 10) -> list[Found]:
    """The best entries: by how well words match, then by distance as it is shown, then by freshness.

    Raises ValueError for a query with neither a need nor words.
    """
    if query.text:
        candidates = _by_words(connection, query)
    elif query.need and query.point and not query.territory:
        candidates = _around(connection, query, query.need, query.point)
    elif query.need:
        candidates = _in_territory(connection, query, query.need)
    else:
        raise ValueError("ni besoin ni mots")
    wanted = _filter(query, now)
    return list(islice((found for found in candidates if wanted(found)), count))


def _by_words(connection: Connection, query: Query) -> Iterator[Found]:
    matches = find_by_words(connection, query.text or "", query.point, MOST_READ, query.within_km)
    for page in _pages(matches):
        entries = {entry.id: entry for entry in initiatives_by_id(connection, [match.id for match in page])}
        yield from (Found(entries[match.id], match.km, match.score) for match in page if match.id in entries)


def _around(connection: Connection, query: Query, need: Need, point: tuple[float, float]) -> Iterator[Found]:
    """From the nearest: all those within the radius asked for, or else the near ones and what has no place."""
    within = query.within_km or NEAR_KM
    positions = positions_of(connection, need, mark_of(connection, need))
    away = positions.nearest(point, MOST_READ, within)
    if not away and query.within_km is None:
        away = positions.nearest(point, MOST_READ, FURTHEST_KM)
    yield from _nearest_first(connection, away)
    if query.within_km is None:
        entries = initiatives_by_id(connection, wider(connection, need, query.departement))
        yield from (Found(entry, None, None) for entry in entries)


def _nearest_first(connection: Connection, away: Sequence[tuple[float, int]]) -> Iterator[Found]:
    for page in _pages(away):
        entries = {entry.id: entry for entry in initiatives_by_id(connection, [id_ for _, id_ in page])}
        found = [Found(entries[id_], km, None) for km, id_ in page if id_ in entries]
        yield from sorted(found, key=_as_shown)


def _in_territory(connection: Connection, query: Query, need: Need) -> Iterator[Found]:
    ids = [row["id"] for row in select_entries(connection, query.territory, need)]
    found = [
        Found(entry, _km(entry, query.point), None)
        for page in _pages(ids)
        for entry in initiatives_by_id(connection, page)
    ]
    yield from sorted(found, key=_as_shown)


def _as_shown(found: Found) -> tuple[bool, int, int, int]:
    verified = found.entry.verified_at.toordinal() if found.entry.verified_at else 0
    return found.km is None, hectometres(found.km or 0.0), -verified, found.entry.id


def _km(entry: Initiative, point: tuple[float, float] | None) -> float | None:
    if point is None or entry.latitude is None or entry.longitude is None:
        return None
    return distance_km(*point, entry.latitude, entry.longitude)


def _filter(query: Query, now: datetime) -> Callable[[Found], bool]:
    """Whether an entry is one of those asked for. What is not known of it is not held to be so."""

    def wanted(found: Found) -> bool:
        entry = found.entry
        return (
            (query.need is None or query.need in entry.needs)
            and (not query.kinds or entry.kind in query.kinds)
            and (not query.free or entry.frais is Frais.GRATUIT)
            and (not query.publics or bool({*entry.publics} & {Public.TOUS_PUBLICS, *query.publics}))
            and (query.territory is None or _is_in(entry, query.territory))
            and (not query.open_now or _is_open(entry, now))
        )

    return wanted


def _is_in(entry: Initiative, territory: Territory) -> bool:
    if territory.communes:
        return entry.code_insee in territory.communes
    return entry.departement in territory.departements or entry.reach in (Reach.NATIONAL, Reach.A_DISTANCE)


def _is_open(entry: Initiative, now: datetime) -> bool:
    hours = hours_now(entry.horaires_osm, entry.season, entry.notices)
    return openness(hours, now, entry.departement).state == "open"


def _pages(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + 100] for start in range(0, len(values), 100))
