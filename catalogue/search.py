"""`near`: the initiatives that answer a need, from the nearest to those that have no place.

The cost does not grow with the catalogue: positions are read by ranges of z-order keys (catalogue.zorder), first a
handful around the point to learn how far to look, then just the ground that can hold a better answer.
"""

from dataclasses import replace

from sqlalchemy import BigInteger, Connection, bindparam, case, select, text, union_all
from sqlalchemy.sql.expression import CompoundSelect, Select

from catalogue import zorder
from catalogue.entries import Candidate, Nearby
from catalogue.geo import distance_km, hectometres
from catalogue.initiatives import candidates_by_id
from catalogue.needs import Need, Reach
from catalogue.tables import need_areas, need_positions

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
    latitude, longitude = point
    limit = _radius_of(connection, need, point, count, within_km)
    ground = zorder.ranges(latitude, longitude, limit)
    parameters: dict[str, object] = {"need": need.value}
    for number, (low, high) in enumerate(ground):
        parameters[f"low{number}"], parameters[f"high{number}"] = low, high
    rows = connection.execute(_within_ranges(len(ground)), parameters)
    measured = ((distance_km(latitude, longitude, *zorder.decode(z)), id_) for z, id_ in rows)
    return sorted(found for found in measured if found[0] <= limit)


def _radius_of(connection: Connection, need: Need, point: tuple[float, float], count: int, within_km: float) -> float:
    """How far to look, in km, to hold the `count` nearest: those next in z-order bound it."""
    probe = {"need": need.value, "z": zorder.encode(*point), "count": count}
    distances = sorted(distance_km(*point, *zorder.decode(z)) for z in connection.execute(_PROBE, probe).scalars())
    if len(distances) < count:
        return within_km
    return min(within_km, (hectometres(distances[count - 1]) + 0.5) / 10 + 1e-6)


# Two ordered reads of a few rows each; written as text because SQLite only takes ORDER BY … LIMIT in a sub-select.
_PROBE = text(
    "SELECT z FROM (SELECT z FROM need_positions WHERE need = :need AND z >= :z ORDER BY z LIMIT :count) AS after_it"
    " UNION ALL "
    "SELECT z FROM (SELECT z FROM need_positions WHERE need = :need AND z < :z"
    " ORDER BY z DESC LIMIT :count) AS before_it"
)


def _build_within_ranges(count: int) -> Select[int, int] | CompoundSelect[int, int]:
    parts = [
        select(need_positions.c.z, need_positions.c.initiative_id).where(
            need_positions.c.need == bindparam("need"),
            need_positions.c.z.between(
                bindparam(f"low{number}", type_=BigInteger), bindparam(f"high{number}", type_=BigInteger)
            ),
        )
        for number in range(count)
    ]
    return parts[0] if count == 1 else union_all(*parts)


_STATEMENTS: dict[int, Select[int, int] | CompoundSelect[int, int]] = {}


def _within_ranges(count: int) -> Select[int, int] | CompoundSelect[int, int]:
    """The statement for so many ranges: there are at most 25, built once each."""
    if count not in _STATEMENTS:
        _STATEMENTS[count] = _build_within_ranges(count)
    return _STATEMENTS[count]


def near(connection: Connection, need: Need, point: tuple[float, float] | None, departement: str) -> Nearby:
    """The open entries that answer a need, around a point in degrees (None: the place has no known point).

    Near ones by distance as shown, then by the date they were last verified. When fewer than a page is near, the
    nearest further away. Then what has no place: the department's, the country's, what is done at a distance.
    """
    around = _around(connection, need, point) if point else []
    close = [found for found in around if found.km is not None and found.km <= NEAR_KM]
    further = around[len(close) : len(close) + MOST_FURTHER] if len(close) < ENOUGH_NEAR else []
    return Nearby(tuple(close), tuple(further), tuple(_wider(connection, need, departement)))


def _around(connection: Connection, need: Need, point: tuple[float, float]) -> list[Candidate]:
    found = nearest(connection, need, point, MOST_NEAR, NEAR_KM)
    if len(found) < ENOUGH_NEAR:
        found = nearest(connection, need, point, ENOUGH_NEAR + MOST_FURTHER, FURTHEST_KM)
    km = {id_: distance for distance, id_ in found}
    candidates = [replace(entry, km=km[entry.id]) for entry in candidates_by_id(connection, list(km))]
    return sorted(candidates, key=_by_distance_then_freshness)[:MOST_NEAR]


def _by_distance_then_freshness(candidate: Candidate) -> tuple[int, int, int]:
    # Freshness only falls with age, so the later date is the fresher one, and never verified comes last.
    verified = candidate.verified_at.toordinal() if candidate.verified_at else 0
    return hectometres(candidate.km or 0.0), -verified, candidate.id


_WIDER = (
    select(need_areas.c.initiative_id)
    .where(
        need_areas.c.need == bindparam("need"),
        need_areas.c.area.in_((bindparam("departement"), Reach.NATIONAL.value, Reach.A_DISTANCE.value)),
    )
    .order_by(
        case(
            (need_areas.c.area == Reach.A_DISTANCE.value, 2),
            (need_areas.c.area == Reach.NATIONAL.value, 1),
            else_=0,
        ),
        need_areas.c.initiative_id,
    )
    .limit(MOST_WIDER)
)


def _wider(connection: Connection, need: Need, departement: str) -> list[Candidate]:
    ids = connection.execute(_WIDER, {"need": need.value, "departement": departement}).scalars().all()
    return candidates_by_id(connection, ids) if ids else []
