"""Entries that have given words, around a point.

The cost does not grow with the catalogue: one word is read on more and more ground, by ranges of z-order keys, and the
others are looked for at the same keys only. It is the one that is the rarest around the point.
"""

from collections.abc import Sequence
from functools import cache
from itertools import chain, combinations
from math import cos, inf, pi, radians, sqrt

from sqlalchemy import Connection

from catalogue import zorder
from catalogue.database import read_rows
from catalogue.geo import haversine, haversines
from catalogue.known_words import RARE, KnownWords
from catalogue.name_words import NOWHERE

ENOUGH = 3  # entries: with fewer, one looks further away
FIRST = 16  # entries that the ground read first should hold, or as many as are asked for
NEAREST_KM = 0.5
FURTHER = (1, 3, 9)  # times as far
MOST_COMPARED = 8_192  # entries times the words that they must also have, in one statement

_CELL_KM2 = 2 * (180 / 2**zorder.BITS * zorder.KM_PER_DEGREE) ** 2  # the ground of a key, on the equator
_PAST_KEYS = 1 << 2 * zorder.BITS

Words = tuple[str, ...]  # any of them will do
Keys = dict[int, int]  # entries, and the z-order key of each
Found = dict[int, float | None]  # entries, and the haversine of how far each is; None where there is no telling


class WordSearch:
    """What is asked of words, around one point."""

    def __init__(
        self,
        connection: Connection,
        words: KnownWords,
        point: tuple[float, float] | None,
        count: int,
        within_km: float | None,
    ) -> None:
        """Takes the point in degrees, or None for anywhere; with `within_km`, nothing further from it is found."""
        self._connection = connection
        self._words = words
        self._point = point
        self._z = zorder.encode(*point) if point else NOWHERE
        self._first = max(FIRST, count)
        self.enough = min(count, ENOUGH)
        self._furthest = inf if within_km is None else haversine(within_km)

    def having_all(self, sets: Sequence[Words]) -> Found:
        """The entries that have a word of each of the sets: the nearest, and maybe others."""
        if not sets:
            return {}
        rarest, *others = sorted(sets, key=self._rarity, reverse=True)
        if self._words.reach(rarest) == inf:
            return self._measured(self._beside(rarest, others, RARE))
        limit = max(self._first, MOST_COMPARED // (len(rarest) * sum(map(len, others)) or 1))
        for radius in self._radiuses(rarest):
            near = haversine(radius)
            found = self._measured(self._within(rarest, others, radius, limit))
            found = {id_: away for id_, away in found.items() if away is not None and away <= near}
            if len(found) >= self.enough or near >= self._furthest:
                return found
        return self._measured(self._beside(rarest, others, limit))

    def having_most(self, sets: Sequence[Words]) -> Found:
        """The entries that have a word of all the sets but as few as can be."""
        ordered = sorted(sets, key=self._rarity, reverse=True)
        for size in range(len(sets) - 1, 0, -1):
            found: Found = {}
            for some in combinations(ordered, size):
                found |= self.having_all(some)
            if found:
                return found
        return {}

    def _rarity(self, words: Words) -> tuple[float, int]:
        return self._words.reach(words), -len(words)

    def _radiuses(self, words: Words) -> list[float]:
        """The km within which there are about enough entries that have the words, then further and further."""
        if not self._point:
            return []
        area = self._words.reach(words) * _CELL_KM2 * cos(radians(self._point[0]))
        return [times * max(NEAREST_KM, sqrt(area * self._first / RARE / pi)) for times in FURTHER]

    def _within(self, words: Words, others: Sequence[Words], km: float, limit: int) -> Keys:
        """Among so many entries that have the words on a square of ground, those that have the others."""
        ground = zorder.ranges(*self._point, km) if self._point else []
        ranges = [(word, *ends) for word in words for ends in ground]
        ranges += [("", _PAST_KEYS, NOWHERE)] * (-len(ranges) % 8)
        return self._read(_within(len(ranges)), list(chain.from_iterable(ranges)), others, limit)

    def _beside(self, words: Words, others: Sequence[Words], limit: int) -> Keys:
        """Among so many entries that come next in z-order for each word, on each side, those that have the others."""
        asked = words + ("",) * (_size(len(words)) - len(words))
        values = [value for word in asked for value in (word, self._z, limit) * 2]
        return self._read(_beside(len(asked)), values, others, 2 * len(words) * limit)

    def _read(self, source: str, values: Sequence[object], others: Sequence[Words], limit: int) -> Keys:
        size = _size(max(map(len, others), default=0))
        also = [words[at] if at < len(words) else words[0] for words in others for at in range(size)]
        return dict(read_rows(self._connection, _among(source, len(others), size), [*values, limit, *also]))

    def _measured(self, keys: Keys) -> Found:
        if not self._point:
            return dict.fromkeys(keys)
        far = haversines(*self._point, map(_position, keys.values()))
        found = {id_: None if z == NOWHERE else away for (id_, z), away in zip(keys.items(), far, strict=True)}
        if self._furthest == inf:
            return found
        return {id_: away for id_, away in found.items() if away is not None and away <= self._furthest}


def _size(least: int) -> int:
    """One, four, sixteen, sixty-four…: the fewer different statements, the more often one is ready."""
    return 1 if least < 2 else 4 * _size(-(-least // 4))


def _position(z: int) -> tuple[float, float]:
    """The middle of the cell of a key, in degrees."""
    side = 1 << zorder.BITS
    return (_gathered(z >> 1) + 0.5) / side * 180.0 - 90.0, (_gathered(z) + 0.5) / side * 360.0 - 180.0


def _gathered(z: int) -> int:
    """Every other bit, together."""
    z &= 0x5555555555555555
    z = (z | z >> 1) & 0x3333333333333333
    z = (z | z >> 2) & 0x0F0F0F0F0F0F0F0F
    z = (z | z >> 4) & 0x00FF00FF00FF00FF
    z = (z | z >> 8) & 0x0000FFFF0000FFFF
    return (z | z >> 16) & 0x00000000FFFFFFFF


# Text handed to the driver, for the reasons told in catalogue.database.read_rows.

_WITHIN = """
    SELECT at.initiative_id, at.z FROM (VALUES {ranges}) AS ground CROSS JOIN word_positions AS at
    WHERE at.word = ground.column1 AND at.z BETWEEN ground.column2 AND ground.column3
"""
_BESIDE = """
    SELECT * FROM (
        SELECT initiative_id, z FROM word_positions WHERE word = ? AND z >= ? ORDER BY z LIMIT ?) AS after_it
    UNION ALL SELECT * FROM (
        SELECT initiative_id, z FROM word_positions WHERE word = ? AND z < ? ORDER BY z DESC LIMIT ?) AS before_it
"""
_AMONG = "SELECT found.initiative_id, found.z FROM ({source} LIMIT ?) AS found WHERE true {also}"
# A reading for each row, not a join: a planner that does not know the words may read one of them whole. The sign hides
# the index of the entries: SQLite reads by key, as it should.
_ALSO = """
    AND (SELECT 1 FROM word_positions AS other WHERE other.word IN ({words}) AND other.z = found.z
        AND +other.initiative_id = found.initiative_id LIMIT 1) IS NOT NULL
"""


@cache
def _within(ranges: int) -> str:
    return _WITHIN.format(ranges=", ".join(["(?, ?, ?)"] * ranges))


@cache
def _beside(words: int) -> str:
    return " UNION ALL ".join([_BESIDE] * words)


@cache
def _among(source: str, others: int, size: int) -> str:
    """The rows of a source at whose keys there is a word of each of so many sets, of so many words each."""
    also = _ALSO.format(words=", ".join("?" * size)) * others
    return _AMONG.format(source=source, also=also)
