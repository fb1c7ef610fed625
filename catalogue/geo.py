"""Distances on the ground."""

from collections.abc import Iterable
from math import asin, cos, floor, pi, radians, sin, sqrt

EARTH_KM = 6371.0


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great-circle distance in km between two positions in degrees (haversine, sphere of 6,371 km)."""
    (found,) = haversines(latitude, longitude, [(other_latitude, other_longitude)])
    return km(found)


def haversines(latitude: float, longitude: float, others: Iterable[tuple[float, float]]) -> list[float]:
    """The haversine of the angle between a position and each of the others, in degrees.

    Haversines are ordered as distances are, and cheaper: `km` tells the distance of the few that are kept.
    """
    phi = radians(latitude)
    width, half = cos(phi), pi / 360
    return [
        sin((lat - latitude) * half) ** 2 + width * cos(radians(lat)) * sin((lon - longitude) * half) ** 2
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
