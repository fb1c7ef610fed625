"""`near`: the initiatives that answer a need, from the nearest to those that have no place.

Distances are measured in memory, on positions that the database has just said are still true (catalogue.positions).
Everything else that is told of an entry is read from the database.
"""

from sqlalchemy import Connection

from catalogue.database import read_rows
from catalogue.entries import Candidate, Nearby
from catalogue.geo import hectometres
from catalogue.initiatives import candidates_by_id
from catalogue.needs import Need, Reach
from catalogue.positions import NEVER_MARKED, Positions, positions_of

NEAR_KM = 20.0  # what a person without a car may still call near, in the country
MOST_NEAR = 30  # enough for ten pages of three; the questions narrow it
ENOUGH_NEAR = 3  # fewer than one page near: what is further is worth showing too
MOST_FURTHER = 6
FURTHEST_KM = 200.0  # beyond, a phone number in one's own department serves better
MOST_WIDER = 12


def near(connection: Connection, need: Need, point: tuple[float, float] | None, departement: str) -> Nearby:
    """The open entries that answer a need, around a point in degrees (None: the place has no known point).

    Near ones by distance as shown, then by the date they were last verified. When fewer than a page is near, the
    nearest further away. Then what has no place: the department's, the country's, what is done at a distance.
    """
    mark, without_place = _marked(connection, need, departement)
    away = _around(positions_of(connection, need, mark), point) if point else {}
    found = {entry.id: entry for entry in candidates_by_id(connection, [*away, *without_place], away)}
    around = sorted((found[id_] for id_ in away if id_ in found), key=_by_distance_then_freshness)
    close = [entry for entry in around[:MOST_NEAR] if entry.km is not None and entry.km <= NEAR_KM]
    further = around[len(close) :][:MOST_FURTHER] if len(close) < ENOUGH_NEAR else []
    return Nearby(tuple(close), tuple(further), tuple(found[id_] for id_ in without_place if id_ in found))


def _around(positions: Positions, point: tuple[float, float]) -> dict[int, float]:
    """The distances in km of the entries worth reading, by id."""
    found = positions.nearest(point, MOST_NEAR, NEAR_KM)
    if len(found) < ENOUGH_NEAR:
        found = positions.nearest(point, ENOUGH_NEAR + MOST_FURTHER, FURTHEST_KM)
    return {id_: distance for distance, id_ in found}


def _by_distance_then_freshness(candidate: Candidate) -> tuple[int, int, int]:
    # Freshness only falls with age, so the later date is the fresher one, and never verified comes last.
    verified = candidate.verified_at.toordinal() if candidate.verified_at else 0
    return hectometres(candidate.km or 0.0), -verified, candidate.id


# The mark of the need first: always a row. Then a few rows of each area: the country's entries are not all read to keep
# twelve.
_WIDER = """
    SELECT found FROM (
        SELECT 0 AS nearness, COALESCE((SELECT mark FROM need_marks WHERE need = ?), ?) AS found
        UNION ALL
        SELECT 1 AS nearness, initiative_id AS found FROM (
            SELECT initiative_id FROM need_areas WHERE need = ? AND area = ? ORDER BY initiative_id LIMIT ?
        ) AS departmental
        UNION ALL
        SELECT 2 AS nearness, initiative_id AS found FROM (
            SELECT initiative_id FROM need_areas WHERE need = ? AND area = ? ORDER BY initiative_id LIMIT ?
        ) AS national
        UNION ALL
        SELECT 3 AS nearness, initiative_id AS found FROM (
            SELECT initiative_id FROM need_areas WHERE need = ? AND area = ? ORDER BY initiative_id LIMIT ?
        ) AS at_a_distance
    ) AS wider ORDER BY nearness, found LIMIT ?
"""


def wider(connection: Connection, need: Need, departement: str) -> list[int]:
    """The ids of what has no place and answers a need: the department's, the country's, what is done at a distance."""
    return _marked(connection, need, departement)[1]


def _marked(connection: Connection, need: Need, departement: str) -> tuple[int, list[int]]:
    """The mark of a need's positions, and what has no place, in one statement."""
    areas = (departement, Reach.NATIONAL.value, Reach.A_DISTANCE.value)
    values = [value for area in areas for value in (need.value, area, MOST_WIDER)]
    rows = read_rows(connection, _WIDER, [need.value, NEVER_MARKED, *values, 1 + MOST_WIDER])
    (mark,), *ids = rows
    return mark, [id_ for (id_,) in ids]
