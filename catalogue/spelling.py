"""Spellings as they are compared: folded letters, French sounds, and which known words are a few slips away.

The neighbourhood is that of symmetric deletions (W. Garbe, SymSpell, 2012): two words that differ by a slip share a
form from which a letter was taken away, so near words are looked up, never searched for.
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

LONGEST = 2_000  # characters of a message read
LONGEST_WORD = 45  # letters: as long as the longest commune, Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson
SHORTEST_TWICE_WRONG = 6  # letters: with two slips, a shorter word could be anything
SHORTEST_VERB = 4  # sounds
SHORTEST_SOUND = 5  # sounds: in a shorter name, one that changes makes another
MOST_NEAR = 20
SLOTS_FOR_EACH = 4  # forms: so that few share a slot by chance

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
    "vill": "vil", "mill": "mil", "lill": "lil", "quill": "kil",
    "tion": "si3", "ssion": "si3",
    "oin": "w5", "oi": "wa", "oy": "wa", "oua": "wa",
    "ou": "u", "oo": "u",
    "oeu": "e", "eu": "e", "oe": "e", "ai": "e", "ei": "e", "ay": "e", "ey": "e",
    "ph": "f", "ch": "h", "sh": "h", "sch": "h", "qu": "k", "ck": "k", "cqu": "k", "gn": "ni", "th": "t", "gh": "g",
    "ce": "se", "ci": "si", "cy": "si", "ge": "je", "gi": "ji", "gy": "ji", "gea": "ja", "geo": "jo",
    "gue": "ge", "gui": "gi", "sce": "se", "sci": "si",
    "c": "k", "q": "k", "y": "i", "z": "s", "w": "v", "h": "", "x": "ks",
}  # fmt: skip
_NASALS = {
    "ain": "5", "aim": "5", "ein": "5", "eim": "5", "in": "5", "im": "5", "yn": "5", "ym": "5", "un": "5", "um": "5",
    "ien": "i5", "mont": "m3",
    "an": "2", "am": "2", "en": "2", "em": "2", "aen": "2", "aon": "2",
    "on": "3", "om": "3",
}  # fmt: skip
_HEARD = _SOUNDS | _NASALS
_NASAL_ENDS = "(?![aeiouyhnm])"
_MUTE = "(?<=[aeiou])s(?=[nml])"  # Rosny, Suresnes, Aisne
_EITHER = "|".join(sorted(_NASALS, key=len, reverse=True)), "|".join(sorted(_SOUNDS, key=len, reverse=True))
_SOUND = re.compile(f"(?:{_EITHER[0]}){_NASAL_ENDS}|{_EITHER[1]}|{_MUTE}")
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
    return _HEARD.get(found[0], "")


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

    Thirty thousand names take three quarters of a second to put in order, and 25 MB.
    """

    def __init__(self, spellings: Iterable[str], familiar: Iterable[str] = ()) -> None:
        """Takes folded words, each once. The `familiar` ones are heard even where another is one letter away."""
        self._spellings = list(spellings)
        self._stuck = [spelling.replace(" ", "") for spelling in self._spellings]
        self._heard = [sound(stuck) for stuck in self._stuck]
        by_sound: dict[str, list[int]] = {}
        by_start: dict[tuple[str, int], list[int]] = {}
        for number, stuck in enumerate(self._stuck):
            by_sound.setdefault(self._heard[number], []).append(number)
            by_start.setdefault((stuck[0], len(stuck)), []).append(number)
        self._by_sound = by_sound
        self._by_words = self._heard_word_by_word()
        self._sounds = list(by_sound)
        self._by_letters = _Deletions(self._stuck)
        self._by_sounds = _Deletions([key if len(key) >= SHORTEST_SOUND else "" for key in self._sounds])
        self._familiar_sounds = [sound(spelling) for spelling in familiar]
        self._by_familiar_sounds = _Deletions(self._familiar_sounds)
        self._by_start = {start: (numbers, [self._stuck[n] for n in numbers]) for start, numbers in by_start.items()}

    def _heard_word_by_word(self) -> dict[str, list[int]]:
        """Names of several words by the sounds of each: endings are silent inside too ("maison alfort")."""
        found: dict[str, list[int]] = {}
        for number, spelling in enumerate(self._spellings):
            if " " in spelling:
                found.setdefault(sounds(spelling), []).append(number)
        return found

    def same_sound(self, folded: str) -> list[Near]:
        """The spellings that sound the same, word by word."""
        numbers = self._by_words.get(sounds(folded), ()) if " " in folded else self._by_sound.get(sounds(folded), ())
        stuck = folded.replace(" ", "")
        return [Near(self._spellings[number], OSA.distance(stuck, self._stuck[number]), 0) for number in numbers]

    def near(self, folded: str) -> list[Near]:
        """The spellings one slip away or that sound the same; only when there is none, those two or three away."""
        stuck = folded.replace(" ", "")[:LONGEST_WORD]
        if not stuck:
            return []
        heard, known = sound(stuck), self._stuck
        same = set(self._by_sound.get(heard, ()))
        if " " in folded:
            same.update(self._by_words.get(sounds(folded), ()))
        found = {number: OSA.distance(stuck, known[number]) for number in same}
        for number in self._by_letters.near(stuck):
            if number not in found and OSA.distance(stuck, known[number], score_cutoff=1) <= 1:
                found[number] = 1
        if not same and len(stuck) >= SHORTEST_TWICE_WRONG:
            found |= self._sounding_nearly(stuck, heard, only_familiar=bool(found))
            found = found or self._further(stuck)
        # A name that has next to nothing of the word but its sound is not what was written.
        most = max(min(len(stuck), SHORTEST_TWICE_WRONG) - 1, len(stuck) * 6 // 10)
        nearest = sorted([(slips, number) for number, slips in found.items() if slips <= most])[:MOST_NEAR]
        return [
            Near(self._spellings[n], slips, 0 if n in same else OSA.distance(heard, self._heard[n]))
            for slips, n in nearest
        ]

    def _sounding_nearly(self, stuck: str, heard: str, only_familiar: bool) -> dict[int, int]:
        deletions, sounds_ = self._by_sounds, self._sounds
        if only_familiar:
            deletions, sounds_ = self._by_familiar_sounds, self._familiar_sounds
        near = {sounds_[key] for key in deletions.near(heard)}
        alike = [key for key in near if OSA.distance(heard, key, score_cutoff=1) <= 1]
        return {n: OSA.distance(stuck, self._stuck[n]) for key in alike for n in self._by_sound[key]}

    def _further(self, stuck: str) -> dict[int, int]:
        found: dict[int, int] = {}
        for length in range(len(stuck) - 2, len(stuck) + 3):
            numbers, spellings = self._by_start.get((stuck[0], length), ((), ()))
            near = extract(stuck, spellings, scorer=OSA.distance, score_cutoff=2, limit=MOST_NEAR)
            found |= {numbers[position]: int(slips) for _spelling, slips, position in near}
        return found


class _Deletions:
    """Keys by each form they have when one letter is taken away, in flat arrays: chains of entries by slot.

    Two forms that share a slot by chance only bring candidates that the comparison then refuses.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        forms = sum(map(len, keys)) + len(keys)
        self._mask = (1 << (SLOTS_FOR_EACH * forms).bit_length()) - 1
        self._first = array("i", [-1]) * (self._mask + 1)
        self._next = array("i")
        self._key = array("i")
        first, following, key_of, mask = self._first, self._next.append, self._key.append, self._mask
        entry = 0
        for number, key in enumerate(keys):
            for form in _without_one(key) if key else ():
                slot = hash(form) & mask
                following(first[slot])
                key_of(number)
                first[slot] = entry
                entry += 1

    def near(self, word: str) -> set[int]:
        """The numbers of the keys that may be one slip away, and a few others."""
        first, following, key_of, mask = self._first, self._next, self._key, self._mask
        found: set[int] = set()
        for form in _without_one(word):
            entry = first[hash(form) & mask]
            while entry >= 0:
                found.add(key_of[entry])
                entry = following[entry]
        return found


def _without_one(key: str) -> list[str]:
    """A key, and the same without each of its letters."""
    return [key, *[key[:taken] + key[taken + 1 :] for taken in range(len(key))]]
