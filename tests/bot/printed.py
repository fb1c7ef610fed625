"""What a camera would see of a printed page: its codes, read module by module from the picture of the page."""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MM_PER_INCH = 25.4
QUIET = 4  # modules of white that a code needs around it
_HEADER, _CHANNELS = 16, 4

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Code:
    """A code as printed: its modules (1 is dark), with the quiet zone around it; and its width on paper."""

    modules: Pixels
    width_mm: float


def codes_in(png: bytes, ppi: float) -> list[Code]:
    """The codes of a page, from left to right. They alone are printed in black: any other colour has a hue."""
    pixels = pixels_of(png)
    black = (np.ptp(pixels, axis=2) <= 2) & (pixels.max(axis=2) < 128)
    return [_code(pixels, black, columns, ppi) for columns in _apart(black.any(axis=0))]


def _code(pixels: Pixels, black: NDArray[np.bool_], columns: slice, ppi: float) -> Code:
    rows = np.flatnonzero(black[:, columns].any(axis=1))
    top, left, width = int(rows[0]), columns.start, columns.stop - columns.start
    finder = int(np.argmin(black[top + 1, columns]))  # a finder pattern begins with seven dark modules
    count = 17 + 4 * round((width / (finder / 7) - 17) / 4)  # 21, 25, 29…
    centres = (np.arange(-QUIET, count + QUIET) + 0.5) * width / count
    sampled = pixels[np.ix_((top + centres).astype(int), (left + centres).astype(int))]
    return Code((sampled.mean(axis=2) < 128).astype(np.uint8), width / ppi * MM_PER_INCH)


def _apart(used: NDArray[np.bool_]) -> Iterator[slice]:
    """The ranges of columns in use that are far from each other."""
    columns = np.flatnonzero(used)
    for part in np.split(columns, np.flatnonzero(np.diff(columns) > 20) + 1):
        yield slice(int(part[0]), int(part[-1]) + 1)


def pixels_of(png: bytes) -> Pixels:
    """The red, green and blue of a PNG of 8 bits with transparency, not interlaced: rows, columns, three."""
    width, height, *kind = struct.unpack(">IIBBBBB", png[_HEADER : _HEADER + 13])
    assert kind == [8, 6, 0, 0, 0]
    filtered = zlib.decompress(b"".join(data for name, data in _chunks(png) if name == b"IDAT"))
    lines = np.frombuffer(filtered, np.uint8).reshape(height, 1 + width * _CHANNELS)
    pixels = np.zeros((height + 1, width, _CHANNELS), np.uint8)
    for number, line in enumerate(lines):
        pixels[number + 1] = _UNFILTERED[int(line[0])](line[1:].reshape(width, _CHANNELS), pixels[number])
    return pixels[1:, :, :3]


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _from_both(line: Pixels, above: Pixels, guess: Callable[[int, int, int], int]) -> Pixels:
    """A line of which each byte was told from what is on its left, above it, and in the corner."""
    columns = []
    for values, over in zip(line.T.tolist(), above.T.tolist(), strict=True):
        left = corner = 0
        for at, value in enumerate(values):
            left = values[at] = (value + guess(left, over[at], corner)) & 255
            corner = over[at]
        columns.append(values)
    return np.array(columns, np.uint8).T


def _paeth(left: int, above: int, corner: int) -> int:
    to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


# What the five PNG filters made of a line, undone; sums of bytes wrap around.
_UNFILTERED: dict[int, Callable[[Pixels, Pixels], Pixels]] = {
    0: lambda line, above: line,
    1: lambda line, above: np.cumsum(line, axis=0, dtype=np.uint8),
    2: lambda line, above: line + above,
    3: lambda line, above: _from_both(line, above, lambda left, over, corner: (left + over) // 2),
    4: lambda line, above: _from_both(line, above, _paeth),
}
