"""Distances on the ground."""

from collections.abc import Iterable, Iterator
from math import asin, cos, floor, inf, isfinite, pi, radians, sin, sqrt
from typing import Generic, TypeVar

EARTH_KM = 6371.0
CELL = 0.1  # degrees: 11 km from south to north, about five communes
CELL_KM = 11.1
_RADIAN, _HALF = pi / 180, pi / 360  # of a degree

T = TypeVar("T")
Cell = tuple[int, int]


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great-circle distance in km between two positions in degrees (haversine, sphere of 6,371 km)."""
    (found,) = haversines(latitude, longitude, [(other_latitude, other_longitude)])
    return km(found)


def haversines(latitude: float, longitude: float, others: Iterable[tuple[float, float]]) -> list[float]:
    """The haversine of the angle between a position and each of the others, in degrees.

    Haversines are ordered as distances are, and cheaper: `km` tells the distance of the few that are kept.
    """
    width = cos(radians(latitude))
    # Products, and no call that can be spared: a third cheaper, for what is done dozens of times a search.
    return [
        (north := sin((lat - latitude) * _HALF)) * north
        + width * cos(lat * _RADIAN) * (east := sin((lon - longitude) * _HALF)) * east
        for lat, lon in others
    ]


def km(haversine: float) -> float:
    """The great-circle distance of a haversine."""
    return 2 * EARTH_KM * asin(min(1.0, sqrt(haversine)))


def haversine(km: float) -> float:
    """The haversine of a great-circle distance."""
    return sin(min(pi, km / EARTH_KM) / 2) ** 2


def hectometres(km: float) -> int:
    """The distance as it is shown: what looks as near is as near, and freshness decides."""
    return floor(km * 10 + 0.5)


class Grid(Generic[T]):
    """Things by where they are, to find the nearest without looking at all."""

    def __init__(self, things: Iterable[tuple[float, float, T]]) -> None:
        """Takes each with its latitude and longitude, in degrees."""
        self._cells: dict[Cell, list[tuple[float, float, T]]] = {}
        for latitude, longitude, thing in things:
            self._cells.setdefault(_cell(latitude, longitude), []).append((latitude, longitude, thing))

    def nearest(self, latitude: float, longitude: float, within_km: float) -> T | None:
        """The nearest to a position in degrees, the last of those as near; None beyond some km or for no position."""
        if not (isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
            return None
        best, best_km = None, within_km
        for reached_km, cell in _cells_around(latitude, longitude, within_km):
            if reached_km > best_km:
                break
            for at_latitude, at_longitude, thing in self._cells.get(cell, ()):
                distance = distance_km(latitude, longitude, at_latitude, at_longitude)
                if distance <= best_km:
                    best, best_km = thing, distance
        return best


def _cell(latitude: float, longitude: float) -> Cell:
    return int(latitude // CELL), int(longitude // CELL)


def _cells_around(latitude: float, longitude: float, within_km: float) -> Iterator[tuple[float, Cell]]:
    """The cells in rings around a position, each with a distance (km) that nothing in its ring is nearer than."""
    row, column = _cell(latitude, longitude)
    narrowest = CELL_KM * max(0.1, cos(radians(min(89.0, abs(latitude) + 0.5))))
    for ring in range(int(within_km / narrowest) + 2):
        reached_km = max(0, ring - 1) * narrowest if ring else -inf
        for down in range(-ring, ring + 1):
            step = 1 if abs(down) == ring else 2 * ring
            for right in range(-ring, ring + 1, step):
                yield reached_km, (row + down, column + right)
