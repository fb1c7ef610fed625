"""Morton (z-order) keys: a position as one integer, and a square of ground as a few ranges of integers.

Works on any engine with a plain ordered index, without an extension (docs/adr/0003).
"""

from math import cos, radians

BITS = 26  # per axis: 0.6 m of longitude, 0.3 m of latitude
_SIDE = 1 << BITS
KM_PER_DEGREE = 111.195  # of latitude, on the mean sphere of 6,371.0 km


def _spread(value: int) -> int:
    """The bits of `value` (26 of them), one apart."""
    value = (value | value << 16) & 0x0000FFFF0000FFFF
    value = (value | value << 8) & 0x00FF00FF00FF00FF
    value = (value | value << 4) & 0x0F0F0F0F0F0F0F0F
    value = (value | value << 2) & 0x3333333333333333
    return (value | value << 1) & 0x5555555555555555


def _cell(latitude: float, longitude: float) -> tuple[int, int]:
    x = int((longitude + 180.0) / 360.0 * _SIDE)
    y = int((latitude + 90.0) / 180.0 * _SIDE)
    return min(max(x, 0), _SIDE - 1), min(max(y, 0), _SIDE - 1)


def encode(latitude: float, longitude: float) -> int:
    """The key of a position in degrees: 52 bits, positive."""
    x, y = _cell(latitude, longitude)
    return _spread(x) | _spread(y) << 1


def ranges(latitude: float, longitude: float, km: float) -> list[tuple[int, int]]:
    """The key ranges (both ends included) that cover every position within `km` of a point, and little more.

    The square around the point is cut into cells of at least a quarter of its side, so at most 25, and cells that
    follow each other are joined: few seeks, and few rows read for nothing.
    """
    north = km / KM_PER_DEGREE
    east = north / max(0.01, cos(radians(min(89.0, abs(latitude) + north))))
    x0, y0 = _cell(latitude - north, longitude - east)
    x1, y1 = _cell(latitude + north, longitude + east)
    bits = max(0, (max(x1 - x0, y1 - y0) // 4).bit_length())
    size = (1 << 2 * bits) - 1
    columns = [_spread(x) << 2 * bits for x in range(x0 >> bits, (x1 >> bits) + 1)]
    rows = [_spread(y) << 2 * bits + 1 for y in range(y0 >> bits, (y1 >> bits) + 1)]
    starts = sorted([column | row for column in columns for row in rows])
    joined: list[tuple[int, int]] = []
    for start in starts:
        if joined and joined[-1][1] + 1 == start:
            joined[-1] = (joined[-1][0], start + size)
        else:
            joined.append((start, start + size))
    return joined
