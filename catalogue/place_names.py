"""Every name of a place, and which of them what is typed may be: misspelt, cut, abbreviated, or without small words.

Each comes with what it costs to believe that it was meant (0: it is written as it is).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from catalogue.around import JOINING, without_joints
from catalogue.spelling import LONGEST_UNSURE, Near, Neighbourhood

SHORTEST_PREFIX = 3
SHORTEST_HEAD, LONG_HEAD = 5, 9  # letters: before a small word, or before anything
SHORTEST_MISSPELT = 4
SHORT = 5  # letters: many names sound like so short a one

SAME_SOUND, SAME_SHORT_SOUND = 0.3, 0.6
SLIP = 0.8
OTHER_INITIAL = 0.3  # people rarely mistake the first letter
WORDS_LEFT_OUT = 0.3  # "asnieres" for Asnières-sur-Seine
CUT, CUT_LETTER = 0.6, 0.08  # "nanter" for Nanterre

Costs = Iterator[tuple[str, float]]

_SPACE = re.compile(" ")


class PlaceNames:
    """The names, folded, in order."""

    def __init__(self, names: Iterable[str], others: Iterable[str], familiar: Iterable[str]) -> None:
        """Takes folded names. Of the `others`, nothing but slips is looked for; `familiar` ones are heard first."""
        self._sorted = sorted(names)
        self._starting = _starting(self._sorted)
        self._begun = {name[: space.start()] for name in self._sorted for space in _SPACE.finditer(name)}
        self._by_initials: dict[str, list[str]] = {}
        self._joined: dict[str, list[str]] = {}  # by what is left of names without the words that join
        for name in self._sorted:
            if " " in name:
                self._by_initials.setdefault("".join([word[0] for word in name.split()]), []).append(name)
                if (short := without_joints(name)) != name:
                    self._joined.setdefault(short, []).append(name)
        self._spellings = Neighbourhood(sorted({*self._sorted, *others, *_heads(self._sorted)}), familiar)

    def heard(self, name: str) -> str:
        """How one of the names sounds."""
        return self._spellings.heard(name)

    def near(self, folded: str) -> list[Near]:
        """The names a slip or two away."""
        return self._spellings.near(folded) if len(folded) >= SHORTEST_MISSPELT else []

    def misspelt_or_begun(self, folded: str, near: Sequence[Near]) -> Costs:
        """What near names cost to believe, and those that go on after them or after these words."""
        yield from self._misspelt(folded, near)
        if not near or near[0].slips > 1 or len(folded) <= LONGEST_UNSURE:
            yield from self.begun(folded)

    def _misspelt(self, folded: str, near: Iterable[Near]) -> Costs:
        slip = SLIP if len(folded) > SHORTEST_MISSPELT else 2 * SLIP
        same_sound = SAME_SOUND if len(folded) > SHORT else SAME_SHORT_SOUND
        for spelling, slips, heard in near:
            cost = min(slips * slip, same_sound + heard * SLIP + slips / 10)
            if spelling[0] != folded[0]:
                cost += OTHER_INITIAL
            yield spelling, cost
            if spelling in self._begun:
                for name in self.going_on(spelling):
                    yield name, cost + WORDS_LEFT_OUT

    def same_sound(self, folded: str) -> Costs:
        """The names that sound the same, and those that go on after these words."""
        for near in self._spellings.same_sound(folded):
            yield near.spelling, SAME_SOUND + near.slips / 10
        for name in self.going_on(folded):
            yield name, WORDS_LEFT_OUT

    def begun(self, folded: str) -> Costs:
        """Names that begin so; whole words left out cost little."""
        if len(folded) < SHORTEST_PREFIX:
            return
        if " " in folded:
            for name in self._joined.get(without_joints(folded), ()):
                yield name, WORDS_LEFT_OUT
        for name in self._beginning(folded):
            missing = len(name) - len(folded)
            yield name, WORDS_LEFT_OUT if name[len(folded) : len(folded) + 1] == " " else CUT + missing * CUT_LETTER

    def abbreviated(self, folded: str) -> Costs:
        """Names each word of which begins so: "st ger en laye", "vill st georges"."""
        said = folded.split()
        for name in self._by_initials.get("".join([word[0] for word in said]), ()):
            words = name.split()
            if all(word.startswith(start) for word, start in zip(words, said, strict=True)):
                yield name, CUT + (len(name) - len(folded)) * CUT_LETTER

    def going_on(self, folded: str) -> Iterator[str]:
        """The names of more words that begin with these."""
        return self._beginning(f"{folded} ")

    def _beginning(self, beginning: str) -> Iterator[str]:
        first, after = self._starting.get(beginning[:SHORTEST_PREFIX], (0, 0))
        for number in range(bisect_left(self._sorted, beginning, first, after), after):
            name = self._sorted[number]
            if not name.startswith(beginning):
                return
            yield name


def _starting(names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Where the sorted names that start with the same letters are: from which to which."""
    found: dict[str, tuple[int, int]] = {}
    for number, name in enumerate(names):
        start = name[:SHORTEST_PREFIX]
        found[start] = (found[start][0] if start in found else number, number + 1)
    return found


def _heads(names: Iterable[str]) -> Iterator[str]:
    """What is said of a name of several words: "Niederbronn" for Niederbronn-les-Bains, "Romorantin"."""
    for name in names:
        head, _space, rest = name.partition(" ")
        if len(head) >= (SHORTEST_HEAD if rest.partition(" ")[0] in JOINING else LONG_HEAD):
            yield head
