"""`near` gives what a reading of the whole catalogue would give, in the same order, whatever the engine."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update

from catalogue import zorder
from catalogue.database import reading, writing
from catalogue.entries import Candidate
from catalogue.gazetteer import read_places
from catalogue.geo import distance_km, hectometres
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.needs import Kind, Need, Reach, Status
from catalogue.search import ENOUGH_NEAR, FURTHEST_KM, MOST_FURTHER, MOST_NEAR, NEAR_KM, near
from catalogue.tables import initiatives

latitudes, longitudes = st.floats(-89.9, 89.9), st.floats(-179.9, 179.9)
Row = tuple[int, list[str], float, float, date | None]


def read_whole(engine: Engine) -> list[Row]:
    """Every open entry that has a place, read one by one."""
    columns = (initiatives.c.id, initiatives.c.needs, initiatives.c.latitude, initiatives.c.longitude)
    wanted = select(*columns, initiatives.c.verified_at).where(
        initiatives.c.status == Status.ACTIVE, initiatives.c.reach == Reach.LOCAL, initiatives.c.latitude.is_not(None)
    )
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(wanted)]  # type: ignore[misc]


def by_brute_force(rows: list[Row], need: Need, point: tuple[float, float]) -> tuple[list[int], list[int]]:
    measured = [
        (distance_km(*point, lat, lon), -(at.toordinal() if at else 0), id_)
        for id_, needs, lat, lon, at in rows
        if need in needs
    ]
    ordered = sorted(measured, key=lambda found: (hectometres(found[0]), *found[1:]))
    close = [id_ for km, _, id_ in ordered if km <= NEAR_KM][:MOST_NEAR]
    beyond = [id_ for km, _, id_ in ordered if NEAR_KM < km <= FURTHEST_KM][:MOST_FURTHER]
    return close, beyond if len(close) < ENOUGH_NEAR else []


def ids(candidates: tuple[Candidate, ...]) -> list[int]:
    return [candidate.id for candidate in candidates]


def test_two_hundred_random_searches_equal_a_reading_of_the_shipped_catalogue(shipped_engine: Engine) -> None:
    luck, rows = random.Random(2026), read_whole(shipped_engine)
    with reading(shipped_engine) as connection:
        places = [place for place in read_places(connection) if place.latitude and place.longitude]
        for _ in range(200):
            need, place = luck.choice(list(Need)), luck.choice(places)
            point = (place.latitude or 0.0, place.longitude or 0.0)
            found = near(connection, need, point, place.departement)
            assert (ids(found.near), ids(found.further)) == by_brute_force(rows, need, point), (need, place.nom)


def entry(number: int, luck: random.Random, **known: object) -> dict[str, object]:
    # Close together, some at the very same place, some on both sides of a large z-order boundary (the equator of y).
    latitude, longitude = luck.choice([(45.0, 5.0), (0.0, 0.0), (48.8, 2.3), (-21.1, 55.5), (16.0, -61.7)])
    spread = luck.choice([0.0, 0.01, 0.3])
    return {
        **UNKNOWN,
        "source": "essai",
        "source_id": str(number),
        "nom": f"Lieu {number}",
        "kind": Kind.AUTRE.value,
        "needs": [need.value for need in luck.sample(list(Need), luck.randint(1, 3))],
        "description": "Un lieu.",
        "latitude": latitude + luck.uniform(-spread, spread),
        "longitude": longitude + luck.uniform(-spread, spread),
        "exact": True,
        "verified_at": luck.choice([None, date(2020, 1, 1), date(2026, 1, 1)]),
        "departement": "92",
        **known,
    }


@pytest.fixture
def crowded(engine: Engine) -> Engine:
    luck = random.Random(7)
    with writing(engine) as connection:
        save_initiatives(connection, [entry(number, luck) for number in range(2000)])
    return engine


def test_random_searches_equal_a_reading_of_the_whole_on_both_engines(crowded: Engine) -> None:
    luck, rows = random.Random(11), read_whole(crowded)
    with reading(crowded) as connection:
        for _ in range(150):
            need, row = luck.choice(list(Need)), luck.choice(rows)
            point = (row[2] + luck.gauss(0, 0.1), row[3] + luck.gauss(0, 0.1))
            found = near(connection, need, point, "92")
            assert (ids(found.near), ids(found.further)) == by_brute_force(rows, need, point), (need, point)


def test_what_has_no_place_comes_after_the_departments_own_first(engine: Engine) -> None:
    luck, food = random.Random(1), [Need.ALIMENTATION.value]
    reaches = [Reach.A_DISTANCE, Reach.NATIONAL, Reach.DEPARTEMENTAL, Reach.DEPARTEMENTAL]
    rows = [
        entry(n, luck, needs=food, reach=reach.value, departement="75" if n == 3 else "92")
        for n, reach in enumerate(reaches)
    ]
    with writing(engine) as connection:
        save_initiatives(connection, rows)
    with reading(engine) as connection:
        found = near(connection, Need.ALIMENTATION, (45.0, 5.0), "92")
        names = {row.id: row.source_id for row in connection.execute(select(initiatives))}
    assert (found.near, found.further) == ((), ())
    assert [names[id_] for id_ in ids(found.wider)] == ["2", "1", "0"]
    assert all(candidate.km is None for candidate in found.wider)


def test_a_closed_entry_is_never_found(crowded: Engine) -> None:
    with reading(crowded) as connection:
        before = near(connection, Need.SANTE, (45.0, 5.0), "92").near
    with writing(crowded) as connection:
        connection.execute(
            update(initiatives).where(initiatives.c.id == before[0].id).values(status=Status.CLOSED.value)
        )
    with reading(crowded) as connection:
        assert before[0].id not in ids(near(connection, Need.SANTE, (45.0, 5.0), "92").near)


def test_a_place_whose_point_is_unknown_gives_what_has_no_place(crowded: Engine) -> None:
    with reading(crowded) as connection:
        assert near(connection, Need.SANTE, None, "92").near == ()


@given(latitudes, longitudes, st.floats(0.01, 200), st.floats(0, 1), st.floats(0, 6.28))
def test_every_position_within_reach_is_in_the_ranges(
    latitude: float, longitude: float, km: float, part: float, bearing: float
) -> None:
    from math import asin, atan2, cos, degrees, radians, sin

    arc, phi = km * part * 0.999 / 6371, radians(latitude)
    there = asin(sin(phi) * cos(arc) + cos(phi) * sin(arc) * cos(bearing))
    east = atan2(sin(bearing) * sin(arc) * cos(phi), cos(arc) - sin(phi) * sin(there))
    position = (degrees(there), longitude + degrees(east))
    if abs(position[0]) < 80 and abs(position[1]) < 180:
        z = zorder.encode(*position)
        assert any(low <= z <= high for low, high in zorder.ranges(latitude, longitude, km))
