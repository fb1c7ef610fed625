"""The words that name a need, or evoke it, as people who know them wrote them down (catalogue/data/lexique).

A word counts however it is spelt, as long as it sounds the same or is one slip away.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from catalogue.spelling import Parts, Word, append, fold, slips_between, spoken

FOLDER = Path(__file__).parent / "data" / "lexique"
# Files of another kind: their sections are what is said, in any language.
PUBLICS, COURTESIES, DANGERS = "publics", "politesse", "urgences"
IDIOMS = "idiome"  # the section of dangers that are only ways of speaking
FRENCH = "fr"
LONGEST = 5  # words of an expression
SHORTEST_HEARD = 3  # sounds
SHORTEST_GUESSED = 5  # letters: one slip in a shorter word makes another word


class Expression(NamedTuple):
    """Words written in the lexicon: what they are about, how surely, and how they were written."""

    file: str
    about: str
    language: str
    strength: str  # "nomme" or "evoque"
    written: str


@dataclass(frozen=True, slots=True)
class Heard:
    """An expression met in a message, from one word to another."""

    expression: Expression
    first: int
    after: int


class Lexicon:
    """Every expression of the files, by how it sounds."""

    def __init__(self, expressions: Iterable[Expression]) -> None:
        self.expressions = list(expressions)
        self._by_sound: dict[str, tuple[Expression, ...]] = {}  # French, which people write by ear
        self._by_letters: dict[str, tuple[Expression, ...]] = {}  # other languages, whose sounds are not those
        single = set()
        for expression in self.expressions:
            folded = fold(expression.written)
            words = folded.split()
            if expression.language in ("", FRENCH):
                append(self._by_sound, " ".join(map(heard_as, words)), expression)
            if expression.language != FRENCH:
                append(self._by_letters, expression.written if folded == expression.written else folded, expression)
            if len(words) == 1 and len(words[0]) >= SHORTEST_GUESSED:
                single.add(words[0])
        self._single = Parts(sorted(single))

    def hear(self, words: list[Word], ordinary: Mapping[str, int]) -> Iterator[Heard]:
        """The expressions a message holds, the longest at each word."""
        folded = [word.folded for word in words]
        heard = [heard_as(word) for word in folded]
        for first in range(len(words)):
            for after in range(min(len(words), first + LONGEST), first, -1):
                found = self._known(folded[first:after], heard[first:after])
                if not found and after == first + 1:
                    found = self._guessed(folded[first], ordinary)
                if found:
                    yield from (Heard(expression, first, after) for expression in found)
                    break

    def _known(self, folded: Sequence[str], heard: Sequence[str]) -> Sequence[Expression]:
        by_sound, by_letters = self._by_sound.get(" ".join(heard)), self._by_letters.get(" ".join(folded))
        if by_sound and by_letters:
            return list(dict.fromkeys((*by_sound, *by_letters)))
        return by_sound or by_letters or ()

    def _guessed(self, word: str, ordinary: Mapping[str, int]) -> Sequence[Expression]:
        if len(word) < SHORTEST_GUESSED or word in ordinary:
            return ()
        slips, near = min([(slips_between(word, other), other) for other in self._single.near(word)], default=(2, ""))
        return self._known([near], [heard_as(near)]) if slips <= 1 else []


def heard_as(word: str) -> str:
    """How a word is looked up: its sound; itself when so little sounds, as that of many others would be the same."""
    heard = spoken(word)
    return heard if len(heard) >= SHORTEST_HEARD else word


def read_lexicon(folder: Path = FOLDER) -> Lexicon:
    """The shipped lexicon. Raises ValueError, naming the file, for one that is not written as it should be."""
    return Lexicon(expression for file in sorted(folder.glob("*.toml")) for expression in _read(file))


def _read(file: Path) -> Iterator[Expression]:
    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file.name} : {error}") from error
    name = file.stem
    for section, strengths in sections.items():
        about, language = (section, "") if name in (PUBLICS, COURTESIES, DANGERS) else (name, section)
        for strength, written in strengths.items():
            yield from (Expression(name, about, language, strength, words) for words in written)
