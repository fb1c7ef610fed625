"""Entries that have given words, around a point.

The cost does not grow with the catalogue: one word is read on more and more ground, by ranges of z-order keys, and the
others are looked for at the same keys only. It is the one that is the rarest around the point.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, combinations
from math import cos, inf, pi, radians, sqrt

from sqlalchemy import Connection

from catalogue import zorder
from catalogue.geo import haversine, haversines
from catalogue.name_words import NOWHERE
from catalogue.search import _read

RARE = 128  # entries: a word that has fewer on each side of the point is read whole
FIRST = 16  # entries that the ground read first should hold
NEAREST_KM = 0.5
FURTHER = (1, 3, 9)  # times as far
ENOUGH = 3
MOST_COMPARED = 2_048  # entries times the words that they must also have, in one statement
FEW = 4  # words: how much more of them are used is not worth knowing

_AFTER_ALL = 1 << 2 * zorder.BITS  # no key
CELL_KM2 = 2 * (180 / 2**zorder.BITS * zorder.KM_PER_DEGREE) ** 2  # the ground of a key, on the equator

Words = tuple[str, ...]  # any of them will do
Keys = dict[int, int]  # entries, and the z-order key of each
Found = dict[int, float | None]  # entries, and the haversine of how far each is; None where there is no telling


class WordSearch:
    """What is asked of words, around one point."""

    def __init__(
        self, connection: Connection, point: tuple[float, float] | None, count: int, within_km: float | None
    ) -> None:
        """Looks for `count` entries around a point in degrees, or anywhere; within some km of it if that is said."""
        self._connection = connection
        self._point = point
        self._z = zorder.encode(*point) if point else NOWHERE
        self.enough = min(count, ENOUGH)
        self._furthest = inf if within_km is None else haversine(within_km)
        self._reaches: dict[str, float] = {}

    def used(self, words: Sequence[str]) -> frozenset[str]:
        """Those of the words that an entry has."""
        return frozenset(self._learn_uses(words))

    def having_all(self, sets: Sequence[Words]) -> Found:
        """The entries that have a word of each of the sets: the nearest, and maybe others."""
        if not sets:
            return {}
        if not any(self._reach(words) == inf for words in sets):
            self._learn_uses(chain.from_iterable([words for words in sets if len(words) <= FEW] or sets))
        return self._along(self._rarest_first(sets))

    def having_most(self, sets: Sequence[Words]) -> Found:
        """The entries that have a word of all the sets but as few as can be."""
        ordered = self._rarest_first(sets) if sets else []
        for size in range(len(sets) - 1, 0, -1):
            found: Found = {}
            for some in combinations(ordered, size):
                found |= self.having_all(some)
            if found:
                return found
        return {}

    def _learn_uses(self, words: Iterable[str]) -> list[str]:
        """Returns those of the words that are new here and used."""
        new = [word for word in dict.fromkeys(words) if word not in self._reaches]
        asked = new + [""] * (-len(new) % 4)
        values = [value for word in asked for value in (word, word, *(word, self._z, RARE) * 2)]
        found = _read(self._connection, _uses(len(asked)), values) if new else ()
        for word, _used, *ends in found:
            self._reaches[word] = min((abs(end - self._z) for end in ends if end is not None), default=inf)
        return [row[0] for row in found if row[1]]

    def _reach(self, words: Words) -> float:
        """How far, in keys, RARE entries of a word extend on a side of the point; infinite when there are fewer."""
        return min(self._reaches.get(word, 0.0) for word in words)

    def _rarest_first(self, sets: Sequence[Words]) -> list[Words]:
        rarest = max(sets, key=self._reach)
        return [rarest, *sorted((words for words in sets if words is not rarest), key=self._reach, reverse=True)]

    def _along(self, sets: Sequence[Words]) -> Found:
        """What has all the sets among the entries of the first, on more and more ground; then wherever they are."""
        rarest, *others = sets
        if self._reach(rarest) == inf:
            return self._measured(self._beside(rarest, others, RARE))
        limit = max(FIRST, MOST_COMPARED // (len(rarest) * sum(map(len, others)) or 1))
        for radius in self._radiuses(rarest):
            near = haversine(radius)
            found = self._measured(self._within(rarest, others, radius, limit))
            found = {id_: away for id_, away in found.items() if away is not None and away <= near}
            if len(found) >= self.enough or near >= self._furthest:
                return found
        return self._measured(self._beside(rarest, others, limit))

    def _radiuses(self, words: Words) -> list[float]:
        """The km within which there are about FIRST entries that have the words, then further and further."""
        if not self._point:
            return []
        area = self._reach(words) * CELL_KM2 * cos(radians(self._point[0]))
        return [times * max(NEAREST_KM, sqrt(area * FIRST / RARE / pi)) for times in FURTHER]

    def _beside(self, words: Words, others: Sequence[Words], limit: int) -> Keys:
        """Among so many entries that come next in z-order for each word, on each side, those that have the others."""
        asked = words + ("",) * (_size(len(words)) - len(words))
        values = [value for word in asked for value in (word, self._z, limit) * 2]
        return self._read(_beside(len(asked)), values, others, MOST_COMPARED)

    def _within(self, words: Words, others: Sequence[Words], km: float, limit: int) -> Keys:
        """Among so many entries that have the words on a square of ground, those that have the others."""
        ground = zorder.ranges(*self._point, km) if self._point else []
        ranges = [(word, *ends) for word in words for ends in ground]
        ranges += [("", _AFTER_ALL, NOWHERE)] * (-len(ranges) % 8)
        return self._read(_within(len(ranges)), list(chain.from_iterable(ranges)), others, limit)

    def _read(self, source: str, values: Sequence[object], others: Sequence[Words], limit: int) -> Keys:
        size = _size(max(map(len, others), default=0))
        also = [words[at] if at < len(words) else words[0] for words in others for at in range(size)]
        return dict(_read(self._connection, _among(source, len(others), size), [*values, limit, *also]))

    def _measured(self, keys: Keys) -> Found:
        if not self._point:
            return dict.fromkeys(keys)
        far = haversines(*self._point, map(_position, keys.values()))
        found = {id_: None if z == NOWHERE else away for (id_, z), away in zip(keys.items(), far, strict=True)}
        if self._furthest == inf:
            return found
        return {id_: away for id_, away in found.items() if away is not None and away <= self._furthest}


def _size(least: int) -> int:
    """One, four, sixteen, sixty-four…: the fewer different statements, the more often an engine has one ready."""
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


# Text handed to the driver, for the reasons told in catalogue.search.

_USE = """
    SELECT CAST(? AS TEXT),
        (SELECT 1 FROM word_positions WHERE word = ? LIMIT 1),
        (SELECT z FROM word_positions WHERE word = ? AND z >= ? ORDER BY z LIMIT 1 OFFSET ?),
        (SELECT z FROM word_positions WHERE word = ? AND z < ? ORDER BY z DESC LIMIT 1 OFFSET ?)
"""
_BESIDE = """
    SELECT * FROM (
        SELECT initiative_id, z FROM word_positions WHERE word = ? AND z >= ? ORDER BY z LIMIT ?) AS after_it
    UNION ALL SELECT * FROM (
        SELECT initiative_id, z FROM word_positions WHERE word = ? AND z < ? ORDER BY z DESC LIMIT ?) AS before_it
"""
_WITHIN = "SELECT initiative_id, z FROM word_positions WHERE word = ? AND z BETWEEN ? AND ?"
_AMONG = "SELECT initiative_id, z FROM ({source} LIMIT ?) AS found WHERE true"
# The offset keeps a planner from reading first all there is of the other words, and the sign from reading all the words
# of the entry.
_ALSO = """
    AND EXISTS (SELECT 1 FROM word_positions AS other
        WHERE other.word IN ({words}) AND other.z = found.z AND +other.initiative_id = found.initiative_id
        LIMIT 1 OFFSET 0)
"""


@cache
def _uses(words: int) -> str:
    return " UNION ALL ".join([_USE] * words)


@cache
def _beside(words: int) -> str:
    return " UNION ALL ".join([_BESIDE] * words)


@cache
def _within(ranges: int) -> str:
    return " UNION ALL ".join([_WITHIN] * ranges)


@cache
def _among(source: str, others: int, size: int) -> str:
    """The rows of a source at whose keys there is a word of each of so many sets, of so many words each."""
    return _AMONG.format(source=source) + _ALSO.format(words=", ".join("?" * size)) * others
