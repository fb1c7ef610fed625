"""The words that entries have, looked for by what they are made of, and how much each is used around a point."""

from collections.abc import Collection, Sequence
from functools import cache
from math import inf

from sqlalchemy import Connection

from catalogue import zorder
from catalogue.database import read_rows
from catalogue.name_words import NOWHERE, WHOLE

RARE = 64  # entries: a word that has fewer on each side of the point is read whole
_PAST_LETTERS = "\uffff"


class KnownWords:
    """The words that are known, and how much they are used around one point."""

    def __init__(self, connection: Connection, point: tuple[float, float] | None) -> None:
        """Takes a point in degrees, or None for anywhere."""
        self._connection = connection
        self._z = zorder.encode(*point) if point else NOWHERE
        self._reaches: dict[str, float] = {}

    def used(self, words: Collection[str]) -> frozenset[str]:
        """Those of the words that an entry has."""
        new = [word for word in dict.fromkeys(words) if word not in self._reaches]
        padding = -len(new) % 4  # here and below: the fewer different statements, the more often one is ready
        values = (*(self._z, RARE) * 2, *new, *[""] * padding)
        for word, *use in read_rows(self._connection, _used(len(new) + padding), values) if new else ():
            self._remember(word, *use)
        return frozenset(word for word in words if word in self._reaches)

    def made_of(self, parts: list[str]) -> list[tuple[str, str]]:
        """The words that an entry has and that have one of these parts (catalogue.name_words), each after the part."""
        padding = -len(parts) % 16
        values = (*(self._z, RARE) * 2, *parts, *parts[:1] * padding)
        rows = read_rows(self._connection, _made_of(len(parts) + padding), values) if parts else ()
        return [(part, word) for part, word, *use in rows if self._remember(word, *use)]

    def beginning(self, letters: str, shortest: int, longest: int, count: int) -> list[str]:
        """At most so many words that begin with letters, the shortest first. No entry may have them any more."""
        values = (WHOLE + letters, WHOLE + letters + _PAST_LETTERS, shortest, longest, count)
        return [word for (word,) in read_rows(self._connection, _BEGINNING, values) if word.startswith(letters)]

    def reach(self, words: Sequence[str]) -> float:
        """How far, in z-order keys, RARE entries of one of the words extend on one side; infinite when there are fewer.

        Takes words that `used` or `made_of` gave.
        """
        return min(self._reaches[word] for word in words)

    def _remember(self, word: str, used: int | None, *ends: int | None) -> bool:
        if used:
            self._reaches[word] = min((abs(end - self._z) for end in ends if end is not None), default=inf)
        return bool(used)


# Text handed to the driver, for the reasons told in catalogue.database.read_rows.

_USE = """
    (SELECT 1 FROM word_positions WHERE word = asked.word LIMIT 1),
    (SELECT z FROM word_positions WHERE word = asked.word AND z >= ? ORDER BY z LIMIT 1 OFFSET ?),
    (SELECT z FROM word_positions WHERE word = asked.word AND z < ? ORDER BY z DESC LIMIT 1 OFFSET ?)
"""
_USED = "SELECT asked.word, {use} FROM (SELECT column1 AS word FROM (VALUES {words}) AS said) AS asked"
_MADE_OF = "SELECT asked.part, asked.word, {use} FROM word_parts AS asked WHERE asked.part IN ({parts})"
_BEGINNING = """
    SELECT word FROM word_parts WHERE part >= ? AND part < ? AND length(word) BETWEEN ? AND ?
    ORDER BY length(word), word LIMIT ?
"""


@cache
def _used(words: int) -> str:
    return _USED.format(use=_USE, words=", ".join(["(?)"] * words))


@cache
def _made_of(parts: int) -> str:
    return _MADE_OF.format(use=_USE, parts=", ".join(["?"] * parts))
