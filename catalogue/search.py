"""`near`: the initiatives that answer a need, from the nearest to those that have no place.

The cost does not grow with the catalogue: positions are read by ranges of z-order keys (catalogue.zorder), first a
handful around the point to learn how far to look, then just the ground that can hold a better answer.
"""

from functools import cache

from sqlalchemy import Connection

from catalogue import zorder
from catalogue.database import read_rows
from catalogue.entries import Candidate, Nearby
from catalogue.geo import haversine, haversines, hectometres, km
from catalogue.initiatives import candidates_by_id
from catalogue.needs import Need, Reach

NEAR_KM = 20.0  # what a person without a car may still call near, in the country
MOST_NEAR = 30  # enough for ten pages of three; the questions narrow it
ENOUGH_NEAR = 3  # fewer than one page near: what is further is worth showing too
MOST_FURTHER = 6
FURTHEST_KM = 200.0  # beyond, a phone number in one's own department serves better
MOST_WIDER = 12


def nearest(
    connection: Connection, need: Need, point: tuple[float, float], count: int, within_km: float
) -> list[tuple[float, int]]:
    """At least the `count` nearest open entries for a need within `within_km`, as (km, id), nearest first.

    All the entries as near as the last one, to the hectometre, are there too, so that freshness can choose.
    """
    limit = _radius_of(connection, need, point, count, within_km)
    ground = zorder.ranges(*point, limit)
    rows = read_rows(connection, _within(len(ground)), [value for ends in ground for value in (need.value, *ends)])
    far = haversines(*point, [(latitude, longitude) for latitude, longitude, _ in rows])
    furthest = haversine(limit)
    found = sorted([(away, row[2]) for away, row in zip(far, rows, strict=True) if away <= furthest])
    if len(found) > count:
        furthest = min(furthest, haversine(_as_far_as(found[count - 1][0])))
    return [(km(away), id_) for away, id_ in found if away <= furthest]


def _radius_of(connection: Connection, need: Need, point: tuple[float, float], count: int, within_km: float) -> float:
    """How far to look, in km, to hold the `count` nearest: those next in z-order bound it."""
    probe = (need.value, zorder.encode(*point), count)
    far = haversines(*point, read_rows(connection, _PROBE, probe * 2))
    if len(far) < count:
        return within_km
    return min(within_km, _as_far_as(sorted(far)[count - 1]))


def _as_far_as(away: float) -> float:
    """The km within which everything is shown as no further than this haversine."""
    return (hectometres(km(away)) + 0.5) / 10 + 1e-6


# Two ordered reads of a few rows each.
_PROBE = """
    SELECT * FROM (
        SELECT latitude, longitude FROM need_positions WHERE need = ? AND z >= ? ORDER BY z LIMIT ?) AS after_it
    UNION ALL SELECT * FROM (
        SELECT latitude, longitude FROM need_positions WHERE need = ? AND z < ? ORDER BY z DESC LIMIT ?) AS before_it
"""


# Said once for each range: a join with a list of ranges leaves a planner free to read the whole need instead.
_WITHIN = "SELECT latitude, longitude, initiative_id FROM need_positions WHERE need = ? AND z BETWEEN ? AND ?"


@cache
def _within(count: int) -> str:
    """The statement for so many ranges: there are at most 25."""
    return " UNION ALL ".join([_WITHIN] * count)


def near(connection: Connection, need: Need, point: tuple[float, float] | None, departement: str) -> Nearby:
    """The open entries that answer a need, around a point in degrees (None: the place has no known point).

    Near ones by distance as shown, then by the date they were last verified. When fewer than a page is near, the
    nearest further away. Then what has no place: the department's, the country's, what is done at a distance.
    """
    away = _around(connection, need, point) if point else {}
    without_place = wider(connection, need, departement)
    found = {entry.id: entry for entry in candidates_by_id(connection, [*away, *without_place])}
    around = sorted((_at(found[id_], away[id_]) for id_ in away if id_ in found), key=_by_distance_then_freshness)
    close = [entry for entry in around[:MOST_NEAR] if entry.km is not None and entry.km <= NEAR_KM]
    further = around[len(close) :][:MOST_FURTHER] if len(close) < ENOUGH_NEAR else []
    return Nearby(tuple(close), tuple(further), tuple(found[id_] for id_ in without_place if id_ in found))


def _around(connection: Connection, need: Need, point: tuple[float, float]) -> dict[int, float]:
    """The distances in km of the entries worth reading, by id."""
    found = nearest(connection, need, point, MOST_NEAR, NEAR_KM)
    if len(found) < ENOUGH_NEAR:
        found = nearest(connection, need, point, ENOUGH_NEAR + MOST_FURTHER, FURTHEST_KM)
    return {id_: distance for distance, id_ in found}


def _at(entry: Candidate, km: float) -> Candidate:
    # Three times cheaper than dataclasses.replace, thirty times a turn.
    return Candidate(
        entry.id, entry.kind, entry.publics, entry.frais, entry.moments, entry.accessible, entry.verified_at, km
    )


def _by_distance_then_freshness(candidate: Candidate) -> tuple[int, int, int]:
    # Freshness only falls with age, so the later date is the fresher one, and never verified comes last.
    verified = candidate.verified_at.toordinal() if candidate.verified_at else 0
    return hectometres(candidate.km or 0.0), -verified, candidate.id


# A few rows of each area: the country's entries are not all read to keep twelve.
_WIDER = """
    SELECT initiative_id FROM (
        SELECT 0 AS nearness, initiative_id FROM (
            SELECT initiative_id FROM need_areas WHERE need = ? AND area = ? ORDER BY initiative_id LIMIT ?
        ) AS departmental
        UNION ALL
        SELECT 1 AS nearness, initiative_id FROM (
            SELECT initiative_id FROM need_areas WHERE need = ? AND area = ? ORDER BY initiative_id LIMIT ?
        ) AS national
        UNION ALL
        SELECT 2 AS nearness, initiative_id FROM (
            SELECT initiative_id FROM need_areas WHERE need = ? AND area = ? ORDER BY initiative_id LIMIT ?
        ) AS at_a_distance
    ) AS wider ORDER BY nearness, initiative_id LIMIT ?
"""


def wider(connection: Connection, need: Need, departement: str) -> list[int]:
    """The ids of what has no place and answers a need: the department's, the country's, what is done at a distance."""
    areas = (departement, Reach.NATIONAL.value, Reach.A_DISTANCE.value)
    values = [value for area in areas for value in (need.value, area, MOST_WIDER)]
    return [id_ for (id_,) in read_rows(connection, _WIDER, [*values, MOST_WIDER])]
