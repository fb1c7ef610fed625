"""Distances on the ground."""

from math import asin, cos, floor, radians, sin, sqrt

EARTH_KM = 6371.0


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great-circle distance in km between two positions in degrees (haversine, sphere of 6,371 km)."""
    phi, other_phi = radians(latitude), radians(other_latitude)
    half = sin((other_phi - phi) / 2) ** 2
    half += cos(phi) * cos(other_phi) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def hectometres(km: float) -> int:
    """The distance as it is shown: what looks as near is as near, and freshness decides."""
    return floor(km * 10 + 0.5)
