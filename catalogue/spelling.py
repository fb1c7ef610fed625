"""Spellings as they are compared: folded letters, French sounds, and which known words are a few slips away.

Near words are looked up, never searched for: two words that differ by a slip are the same once the part that holds it
is taken out of both (G. Li et al., Pass-Join, a partition-based method for similarity joins, 2011).
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import NamedTuple, TypeVar
from unicodedata import normalize

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

LONGEST = 2_000  # characters of a message read
LONGEST_WORD = 45  # letters: as long as the longest commune, Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson
SHORTEST_TWICE_WRONG = 6  # letters: with two slips, a shorter word could be anything
SHORTEST_VERB = 4  # sounds
SHORTEST_SOUND = 5  # sounds: in a shorter name, one that changes makes another
LONGEST_UNSURE = 7  # letters: one letter away from a longer name, it is that name, whatever else sounds alike
LONG_SOUND = 6  # sounds: that many tell a name whatever its letters ("bojensi" for Beaugency)
MOST_NEAR = 20

T = TypeVar("T")

slips_between = OSA.distance  # a letter added, left out, changed, or two swapped

_ABBREVIATED = {"st": "saint", "ste": "sainte"}
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ı": "i", "ß": "ss", **dict.fromkeys("’‘ʼ`´‐‑‒–—−·", " ")})
_MARKS = re.compile(r"[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u0640]")  # accents; Arabic vowel signs
_WORD = re.compile(r"[^\W_]+")
_STUCK_CODE = re.compile(r"(?<=[a-z])(?=\d{5}\b)")  # "sevran93270"


def fold(words: str) -> str:
    """The words of any script as they are compared: small letters without accents, "st" and "ste" in full."""
    plain = words.lower()
    if not plain.isascii():
        plain = _MARKS.sub("", normalize("NFKD", plain.translate(_LETTERS)).lower())
    if plain.isalpha():
        return _ABBREVIATED.get(plain, plain)
    only_words = plain.replace("-", " ").replace("'", " ").split()
    if "".join(only_words).isalpha():
        return " ".join([_ABBREVIATED.get(word, word) for word in only_words])
    if "s/" in plain:
        plain = re.sub(r"\bs/", "sur ", plain)
    if _STUCK_CODE.search(plain):
        plain = _STUCK_CODE.sub(" ", plain)
    return " ".join([_ABBREVIATED.get(word, word) for word in _WORD.findall(plain)])


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a message: as compared, and what was around it."""

    folded: str
    start: int
    end: int
    capital: bool
    closed: bool  # the end of the message, or punctuation, comes next


def words_of(text: str) -> list[Word]:
    """The words of a message, its first LONGEST characters only."""
    text = text[:LONGEST]
    found = []
    for said in _WORD.finditer(text):
        rest = text[said.end() : said.end() + 1]
        closed = not rest or rest in ",.;:!?)\n/" or text[said.end() : said.end() + 2] in (" ?", " !", " (", " :", " -")
        found.append(
            Word(fold(said[0][:LONGEST_WORD])[:LONGEST_WORD], said.start(), said.end(), said[0][0].isupper(), closed)
        )
    return found


# How French letters sound, longest first; a lone sign stands for a nasal: 2 (an), 3 (on), 5 (in).
_SOUNDS = {
    "eaux": "o", "eau": "o", "aux": "o", "au": "o",
    "euill": "ei", "euil": "ei", "ueil": "ei", "aill": "ai", "ail": "ai", "eill": "ei", "eil": "ei", "ill": "i",
    "vill": "vil", "will": "vil", "mill": "mil", "lill": "lil", "quill": "kil",
    "tion": "si3", "ssion": "si3",
    "oin": "w5", "oi": "wa", "oy": "wa", "oua": "wa", "wa": "wa",
    "ou": "u", "oo": "u",
    "oeu": "e", "eu": "e", "oe": "e", "ai": "e", "ei": "e", "ay": "e", "ey": "e",
    "ph": "f", "ch": "h", "sh": "h", "sch": "h", "qu": "k", "ck": "k", "cqu": "k", "gn": "ni", "th": "t", "gh": "g",
    "gea": "ja", "geo": "jo",
    "c": "k", "q": "k", "y": "i", "z": "s", "w": "v", "h": "", "x": "ks",
}  # fmt: skip
_BEFORE_E_I = {"sc": "s", "c": "s", "gu": "g", "g": "j"}
_NASALS = {
    "ain": "5", "aim": "5", "ein": "5", "eim": "5", "in": "5", "im": "5", "yn": "5", "ym": "5", "un": "5", "um": "5",
    "ien": "i5", "mont": "m3",
    "an": "2", "am": "2", "en": "2", "em": "2", "aen": "2", "aon": "2",
    "on": "3", "om": "3",
}  # fmt: skip
_HEARD = _SOUNDS | _NASALS
_NASAL_N = "(?![aeiouyhnm])"
_NASAL_M = "(?=[bpft]|s?$)"  # Champigny, Riom, Reims; but not Clamecy, whose "e" is often left out
_MUTE = "s(?<=[aeiou]s)(?=[nml])"  # Rosny, Suresnes, Aisne


def _sound_pattern() -> re.Pattern[str]:
    """What is heard in a word, each time the longest; a group where an "e" or an "i" comes next."""
    nasals = sorted(_NASALS, key=len, reverse=True)
    several = sorted((letters for letters in _SOUNDS if len(letters) > 1), key=len, reverse=True)
    heard = [
        *(letters + (_NASAL_M if letters.endswith("m") else _NASAL_N) for letters in nasals),
        *several,
        *(f"{letters}()(?=[eiy])" for letters in _BEFORE_E_I),
        *(letters for letters in _SOUNDS if len(letters) == 1),
        _MUTE,
    ]
    # Together by their first letter: four times as fast as one long list.
    by_letter: dict[str, list[str]] = {}
    for pattern in heard:
        by_letter.setdefault(pattern[0], []).append(pattern[1:])
    return re.compile("|".join(f"{letter}(?:{'|'.join(ends)})" for letter, ends in by_letter.items()))


_SOUND = _sound_pattern()
_DOUBLED = re.compile(r"(.)\1+")
_SILENT = "sztxdp"  # at the end of a word


def sound(folded: str) -> str:
    """How folded words sound in French, stuck together: "genevillier" and "gennevilliers" are one."""
    letters = folded.replace(" ", "")
    if len(letters) > 2:
        letters = letters[:2] + letters[2:].rstrip(_SILENT)
        if letters.endswith("ier"):
            letters = letters[:-1]
    heard = _DOUBLED.sub(_once, _SOUND.sub(_as_heard, letters))
    # Last of all, what an "e" at the end has kept from being a nasal ("seine"): accents are lost, so is "é".
    return heard[:2] + heard[2:].rstrip("e")


def _as_heard(found: re.Match[str]) -> str:
    return _BEFORE_E_I[found[0]] if found.lastindex else _HEARD.get(found[0], "")


def _once(found: re.Match[str]) -> str:
    return found[1]


def sounds(folded: str) -> str:
    """How each of the words sounds, stuck together."""
    return "".join(map(sound_of_word, folded.split()))


sound_of_word = lru_cache(50_000)(sound)


@lru_cache(50_000)
def spoken(word: str) -> str:
    """How a word of a sentence sounds: an infinitive is heard as its participle ("mangé", "manger")."""
    heard = sound(word)
    return heard[:-2] if len(heard) > SHORTEST_VERB and heard.endswith("er") else heard


class Near(NamedTuple):
    """A known spelling and how far it is.

    In slips (a letter added, left out, changed, or two swapped), and in slips of what is heard (0: the same sound).
    """

    spelling: str
    slips: int
    heard: int


class Neighbourhood:
    """Known spellings, and which of them a word may be a slip of. Spaces do not count: people stick and cut words.

    Forty thousand names take half a second to put in order.
    """

    def __init__(self, spellings: Iterable[str], familiar: Iterable[str] = ()) -> None:
        """Takes folded words, each once. The `familiar` ones are heard even where another is one letter away."""
        self._spellings: dict[str, tuple[str, ...]] = {}  # of several words, by what they are stuck together
        self._heard: dict[str, str] = {}  # of each, stuck together, word by word: endings are silent inside too
        self._by_sound: dict[str, tuple[str, ...]] = {}
        self._by_stuck_sound: dict[str, tuple[str, ...]] = {}  # of those of several words, heard as one
        self._by_start: dict[tuple[str, int], list[str]] = {}
        sound_once = cache(sound)  # forgotten with this building: few of the words of names will be typed
        for spelling in spellings:
            stuck, heard = spelling.replace(" ", ""), "".join(map(sound_once, spelling.split()))
            if stuck not in self._heard:
                self._by_start.setdefault((stuck[0], len(stuck)), []).append(stuck)
            if " " in spelling:
                append(self._spellings, stuck, spelling)
                append(self._by_stuck_sound, sound(stuck), stuck)
            elif stuck in self._spellings:
                append(self._spellings, stuck, spelling)
            self._heard[stuck] = heard
            append(self._by_sound, heard, stuck)
        self._by_letters = Parts(self._heard)
        self._by_sounds = Parts(key for key in self._by_sound if len(key) >= SHORTEST_SOUND)
        self._by_familiar_sounds = Parts(map(sounds, familiar))

    def heard(self, spelling: str) -> str:
        """How a known spelling sounds."""
        return self._heard[spelling.replace(" ", "")]

    def same_sound(self, folded: str) -> list[Near]:
        """The spellings that sound the same, word by word."""
        stuck = folded.replace(" ", "")
        return [
            Near(spelling, slips_between(stuck, other), 0)
            for other in self._by_sound.get(sounds(folded), ())
            for spelling in self._spellings.get(other, (other,))
        ]

    def near(self, folded: str) -> list[Near]:
        """The spellings one slip away or that sound the same; only when there is none, those two or three away."""
        stuck = folded.replace(" ", "")[:LONGEST_WORD]
        if not stuck:
            return []
        away = ((key, slips_between(stuck, key, score_cutoff=1)) for key in self._by_letters.near(stuck))
        found = {key: slips for key, slips in away if slips <= 1}
        surely = bool(found) and len(stuck) > LONGEST_UNSURE
        if surely and " " in folded:
            return [Near(spelling, slips, slips) for key, slips in found.items() for spelling in self._spelt(key)]
        heard = stuck_heard = sound(stuck)
        if " " in folded:
            heard = sounds(folded)
        same = {*self._by_sound.get(heard, ()), *self._by_stuck_sound.get(stuck_heard, ())}
        for key in same:
            found[key] = slips_between(stuck, key)
        if not same and not surely and len(stuck) >= SHORTEST_TWICE_WRONG:
            if found:
                found |= self._sounding_nearly(stuck, heard, self._by_familiar_sounds)
            else:
                found = self._sounding_nearly(stuck, heard, self._by_sounds) or self._further(stuck)
        # A name that has next to nothing of a short word but its sound is not what was written.
        most = max(min(len(stuck), SHORTEST_TWICE_WRONG) - 1, len(stuck) * 6 // 10)
        if len(heard) >= LONG_SOUND:
            most = LONGEST_WORD
        nearest = sorted([(slips, key) for key, slips in found.items() if slips <= most])[:MOST_NEAR]
        return [
            Near(spelling, slips, 0 if key in same else slips_between(heard, self._heard[key]))
            for slips, key in nearest
            for spelling in self._spelt(key)
        ]

    def _spelt(self, key: str) -> Sequence[str]:
        return self._spellings.get(key) or (key,)

    def _sounding_nearly(self, stuck: str, heard: str, among: "Parts") -> dict[str, int]:
        alike = [key for key in among.near(heard) if slips_between(heard, key, score_cutoff=1) <= 1]
        return {other: slips_between(stuck, other) for key in alike for other in self._by_sound[key]}

    def _further(self, stuck: str) -> dict[str, int]:
        length = len(stuck)
        return self._twice_wrong(stuck, range(length - 1, length + 2)) or self._twice_wrong(
            stuck, (length - 2, length + 2)
        )

    def _twice_wrong(self, stuck: str, lengths: Iterable[int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for length in lengths:
            spellings = self._by_start.get((stuck[0], length), ())
            near = extract(stuck, spellings, scorer=slips_between, score_cutoff=2, limit=MOST_NEAR)
            found |= {other: int(slips) for other, slips, _at in near}
        return found


def append(table: dict[str, tuple[T, ...]], key: str, value: T) -> None:
    """Adds to what a key has. Nearly every key of ours has one value, and a tuple of one takes half a list's room."""
    table[key] = (*table.get(key, ()), value)


class Parts:
    """Keys by what is left of them when one of their three parts is taken away.

    A slip is in one part, or swaps two letters across the cut between two: what is around it is as it was. Remainders
    are known by a few bits of their hash: those that share them only bring candidates that the comparison then refuses.
    Of a hundred thousand, two arrays hold a tenth of what a dictionary of them does.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = list(keys)
        self._mask = (2 << (3 * len(self._keys)).bit_length()) - 1  # at least two buckets for each remainder
        placed = [
            (hash(key[before] + key[after]) & self._mask) << 32 | number
            for number, key in enumerate(self._keys)
            for before, after in _without_each_part(len(key))
        ]
        placed.sort()
        self._numbers = array("I", (each & 0xFFFFFFFF for each in placed))  # of keys, bucket after bucket
        sizes = array("I", bytes(4 * (self._mask + 2)))
        for each in placed:
            sizes[(each >> 32) + 1] += 1
        self._starts = array("I", accumulate(sizes))  # of each bucket

    def near(self, word: str) -> Iterable[str]:
        """The keys that may be one slip away, and a few others, each once."""
        if not word:
            return ()
        keys, numbers, starts, mask = self._keys, self._numbers, self._starts, self._mask
        found: dict[str, None] = {}
        for before, after in _readings(len(word)):
            bucket = hash(word[before] + word[after]) & mask
            first, end = starts[bucket], starts[bucket + 1]
            while first < end:
                found[keys[numbers[first]]] = None
                first += 1
        return found


Around = tuple[slice, slice]  # what is before a part, and what is after it


def _parts(length: int) -> list[tuple[int, int]]:
    """Where each part of a key of so many letters starts and ends: the first and the last are as long."""
    third = max(1, length // 3)
    return [(0, third), (third, length - third), (length - third, length)] if length > 1 else [(0, length)]


@cache
def _without_each_part(length: int) -> list[Around]:
    return [(slice(start), slice(end, None)) for start, end in _parts(length)]


@cache
def _readings(length: int) -> list[Around]:
    """What to keep of a word of so many letters for its key to be one letter shorter, as long, or one longer.

    Then for two letters to have been swapped across the first cut, or the second.
    """
    lengths = (length - 1, length, length + 1)
    cuts = dict.fromkeys(
        (start, end + length - known) for known in lengths if known > 0 for start, end in _parts(known)
    )
    around = [(slice(start), slice(end, None)) for start, end in cuts]
    if length > 1:
        (_start, first), _middle, (last, _end) = _parts(length)
        around.append((slice(first - 1, first), slice(first + 1, None)))  # what the first part is taken out of
        around.append((slice(last - 1), slice(last, last + 1)))  # the last
    return around
