"""Which known words a typed one may be: itself, what it begins, a slip or two away, what sounds the same."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from catalogue.known_words import KnownWords
from catalogue.name_words import HEARD, WHOLE, without_a_letter
from catalogue.spelling import LONGEST_WORD, SHORTEST_TWICE_WRONG, slips_between, sound_of_word

MOST_SPELLINGS = 16  # known words that one typed word may be
MOST_BEGUN_ALIKE = 2_000  # known words read to find one two slips away
SHORTEST_WRONG = 3  # letters: with a slip, a shorter word could be anything
LONGEST_BEGINNING = 6  # letters: a longer word that is a slip away from another is that one
SHORTEST_PIECE = 3  # letters of a word that was stuck to another
SURE_LETTERS = 2  # with two slips, the first letters at least must be right

# How close a known word is to a typed one.
EXACT, BEGUN, PUT_TOGETHER, A_SLIP, SAME_SOUND, TWO_SLIPS, ANOTHER = 1.0, 0.9, 0.9, 0.8, 0.7, 0.6, 0.0

Spellings = dict[str, float]  # known words, and how close each is


class Sought(NamedTuple):
    """A typed word, whether one may still be typing it, and the known words it may be, the closest first."""

    typed: str
    unfinished: bool
    spellings: Spellings

    def closest(self) -> Spellings:
        """Itself; if it is not known, what is near; if nothing is, the others."""
        best = max(self.spellings.values())
        least = best if best == EXACT else min(best, A_SLIP)
        return {word: close for word, close in self.spellings.items() if close >= least}


def closeness(typed: str, known: str, unfinished: bool) -> float:
    """How close a known word is to a typed one, from 1 (the same) to 0 (another word)."""
    if typed == known:
        return EXACT
    if len(typed) < SHORTEST_WRONG or not (typed + known).isalpha():
        return ANOTHER  # the 11th arrondissement is not the 12th
    if unfinished and known.startswith(typed):
        return BEGUN
    slips = slips_between(typed, known, score_cutoff=2)
    if slips == 1:
        return A_SLIP
    if sound_of_word(typed) == sound_of_word(known):
        return SAME_SOUND
    return TWO_SLIPS if slips == 2 and len(typed) >= SHORTEST_TWICE_WRONG else ANOTHER


def seek(words: KnownWords, typed: Sequence[str]) -> list[Sought]:
    """What folded words may be: themselves if an entry has them, or the known words near them.

    Two that were stuck together are cut; one that was cut is found in its pieces. The last may be unfinished.
    """
    used = words.used(typed)
    near = _near(words, typed, [word for word in typed if word not in used])
    sought: list[Sought] = []
    for word in typed:
        last = word == typed[-1]
        sought += [Sought(word, last, {word: EXACT})] if word in used else _guess(words, word, last, near[word])
    return sought


def widened(words: KnownWords, sought: Sequence[Sought]) -> list[Sought]:
    """The same, where each word may also be another that is near it."""
    typed = [word.typed for word in sought]
    near = _near(words, typed, typed)
    return [_sought(word.typed, word.unfinished, near[word.typed] | word.spellings) for word in sought]


def _guess(words: KnownWords, word: str, last: bool, near: Spellings) -> list[Sought]:
    if last and (len(word) <= LONGEST_BEGINNING or A_SLIP not in near.values()):
        near = near | _begun(words, word)
    if any(close >= A_SLIP for close in near.values()):
        return [_sought(word, last, near)]
    if pieces := _pieces(words, word):
        return [Sought(piece, False, {piece: EXACT}) for piece in pieces]
    return [_sought(word, last, near or _twice_wrong(words, word))]


def _sought(word: str, unfinished: bool, found: Spellings) -> Sought:
    closest = sorted(found.items(), key=lambda one: (-one[1], -len(one[0]), one[0]))
    return Sought(word, unfinished, dict(closest[:MOST_SPELLINGS]))


def _near(words: KnownWords, typed: Sequence[str], asked: Collection[str]) -> dict[str, Spellings]:
    """The known words a slip from those asked among the typed, or that sound the same, or are one and the next."""
    readers: dict[str, list[str]] = {}
    for word in asked:
        for part in _readings(word):
            readers.setdefault(part, []).append(word)
    pairs = {WHOLE + one + other: (one, other) for one, other in pairwise(typed) if one in asked or other in asked}
    found: dict[str, Spellings] = {word: {} for word in typed}
    for part, known in words.made_of([*readers, *pairs]):
        for word in readers.get(part, ()):
            if close := closeness(word, known, False):
                found[word][known] = close
        for word in pairs.get(part, ()):
            found[word][known] = PUT_TOGETHER
    return found


def _readings(word: str) -> list[str]:
    if len(word) < SHORTEST_WRONG or not word.isalpha():
        return [WHOLE + word]
    return [HEARD + sound_of_word(word), word, *without_a_letter(word)]


def _begun(words: KnownWords, word: str) -> Spellings:
    """The shortest known words that begin with this one."""
    if len(word) < SHORTEST_WRONG:
        return {}
    begun = words.beginning(word, len(word), LONGEST_WORD, MOST_SPELLINGS)
    return dict.fromkeys(words.used(begun), BEGUN)


def _pieces(words: KnownWords, word: str) -> tuple[str, str] | None:
    """The two known words that were stuck together; where there is a choice, the most alike in length."""
    cuts = [(word[:at], word[at:]) for at in range(SHORTEST_PIECE, len(word) - SHORTEST_PIECE + 1)]
    whole = {known for _part, known in words.made_of([WHOLE + piece for cut in cuts for piece in cut])}
    return max((cut for cut in cuts if whole.issuperset(cut)), key=lambda cut: min(map(len, cut)), default=None)


def _twice_wrong(words: KnownWords, word: str) -> Spellings:
    """The known words two slips away, or that sound the same."""
    if len(word) < SHORTEST_TWICE_WRONG:
        return {}
    alike = words.beginning(word[:SURE_LETTERS], len(word) - 2, len(word) + 2, MOST_BEGUN_ALIKE)
    near = {known: close for known in alike if (close := closeness(word, known, False))}
    used = words.used(near)
    return {known: close for known, close in near.items() if known in used}
