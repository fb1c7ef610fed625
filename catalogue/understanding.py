"""What people write → what they need, where, for whom, whether they are in danger, in which language.

Pure and deterministic: words that were written down (catalogue.lexicon), places (catalogue.mentions) and a small model
learned from sentences (catalogue.model). Nothing is asked of a network or of the database.
"""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalogue.around import words_of_name
from catalogue.building import kept
from catalogue.lexicon import COURTESIES, Heard, Lexicon, read_lexicon
from catalogue.mentions import MOST_WORDS, Habits, Mention, certainly, mentioned
from catalogue.model import FOLDER, ORDINARY, PLACE, Model, read_model, refused, signs_of_word
from catalogue.needs import Emergency, Need, Public
from catalogue.places import NOTHING, Place, PlaceIndex, PlaceMatch
from catalogue.spelling import Word, words_of

NONE = "aucun"
HABITS = "lieux.json"
MOST_NEEDS = 4
LEAST_NAMED, LEAST_ALSO, MOST_ALSO = 0.005, 0.3, 2  # how likely a second need must be, named or not
MORE_THAN_NONE = 1.3  # how much likelier the first need must be than none
SURELY_NOTHING, LEAST_HINT = 0.7, 0.1
LEAST_SCORE = 0.05  # of a need worth telling besides the first
# How likely one danger must be: low, for missing it costs more than being wrong. Chosen on tuning.jsonl. More in two
# words that no expression of danger is among: they answer a question, or say little ("ce soir", "mon mari").
DANGER, DANGER_IN_TWO_WORDS = 0.28, 0.6
CLEARLY_FOREIGN = 0.6

_AGE = re.compile(r"\b(\d{1,2}) ?(?:ans?\b|a\b)")
_SENIOR, _YOUNG = 60, range(15, 26)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a message says. `evidence` are the expressions of the lexicon that speak for the first need."""

    needs: tuple[tuple[Need, float], ...]  # with how likely each is, 0 to 1, the likeliest first
    also: tuple[Need, ...]  # needs said along with the first
    hints: tuple[tuple[Need, float], ...]  # when none is said for sure: those that may be behind the words
    place: Mention | None
    publics: tuple[Public, ...]
    emergency: Emergency | None
    language: str  # ISO 639-1
    courtesy: str | None  # the section of politesse.toml, when nothing is asked
    evidence: tuple[str, ...]


class Understander:
    """Reads messages. Built once: it holds the lexicon and the model, some 25 MB."""

    def __init__(self, lexicon: Lexicon, model: Model, habits: Habits) -> None:
        self._lexicon = lexicon
        self._model = model
        self.habits = habits

    def understand(self, text: str, index: PlaceIndex, known: Place | None = None) -> Understanding:
        """What a message says; never raises, whatever it is.

        `known` is the place already spoken of, which tells communes of the same name apart.
        """
        words = words_of(text)
        place = mentioned(index, words, self.habits, known)
        if place:
            words[place.first : place.after] = [Word(PLACE, 0, 0, False, words[place.after - 1].closed)]
        heard = list(self._lexicon.hear(words, self.habits.ordinary))
        likely = self._model.weigh(words, heard)
        readable = self._readable(words, heard)
        needs = _ranked(likely["needs"]) if readable else ()
        return Understanding(
            needs,
            _also(needs, likely["needs"], words, heard),
            () if needs or not readable else _hints(likely["needs"]),
            place,
            _publics(text, heard),
            self._danger(likely, words, heard),
            _language(likely["language"]),
            None if needs else _courtesy(heard),
            tuple(
                dict.fromkeys(one.expression.written for one in heard if needs and one.expression.about == needs[0][0])
            ),
        )

    def place_answered(self, text: str, index: PlaceIndex, known: Place | None = None) -> PlaceMatch:
        """What an answer to "Où ?" may mean: a name or a code, else a place in a sentence, else a misspelt name."""
        words = words_of(text)
        if certain := certainly(index, words):
            return certain.match
        named = index.find_named(text)
        if named is not None:
            return named
        if begun := index.find_beginning(text):
            return begun
        if mention := mentioned(index, words, self.habits, known):
            return mention.match
        ordinary = all(word.folded in self.habits.ordinary for word in words)
        return NOTHING if ordinary or len(words) > MOST_WORDS else index.find(text)

    def may_be_a_name(self, text: str) -> bool:
        """Whether words may be the name of a place: one at least is not an ordinary word, or there are several."""
        words = words_of_name(text)
        return len(words) > 1 or any(word not in self.habits.ordinary for word in words)

    def emergency(self, text: str) -> Emergency | None:
        """Whether someone is in danger, from the words alone: needs no place, so neither the catalogue."""
        words = words_of(text)
        heard = list(self._lexicon.hear(words, self.habits.ordinary))
        return self._danger(self._model.weigh(words, heard), words, heard)

    def _danger(
        self, likely: dict[str, dict[str, float]], words: Sequence[Word], heard: Sequence[Heard]
    ) -> Emergency | None:
        return _emergency(likely["emergency"], words, heard) if self._readable(words, heard) else None

    def _readable(self, words: Sequence[Word], heard: Sequence[Heard]) -> bool:
        """Whether at least one word is known: what nobody could read says no need, and is no call for help."""
        return bool(heard) or any(word.folded in self.habits.ordinary for word in words)

    def telling(self, text: str, need: Need) -> tuple[str, ...]:
        """The words that speak most for a need, the most telling first: for those who tune the lexicon."""
        weights = {
            word.folded: self._model.contributions(signs_of_word(word.folded), "needs", need.value)
            for word in words_of(text)
        }
        return tuple(word for word in sorted(weights, key=weights.__getitem__, reverse=True) if weights[word] > 0)


def _ranked(likely: dict[str, float]) -> tuple[tuple[Need, float], ...]:
    needs = sorted(((score, label) for label, score in likely.items() if label != NONE), reverse=True)
    if needs[0][0] < MORE_THAN_NONE * likely[NONE]:
        return ()
    worth_telling = needs[:1] + [(score, label) for score, label in needs[1:MOST_NEEDS] if score >= LEAST_SCORE]
    return tuple((Need(label), score) for score, label in worth_telling)


def _also(
    needs: Sequence[tuple[Need, float]], likely: dict[str, float], words: Sequence[Word], heard: Iterable[Heard]
) -> tuple[Need, ...]:
    """The other needs a message names, without refusing them; or as good as names."""
    not_wanted = set(refused(words))
    named = {
        one.expression.about for one in heard if one.expression.strength == "nomme" and one.first not in not_wanted
    }
    first = needs[0][0] if needs else None
    said = [need for need in Need if first and need is not first and likely[need] >= LEAST_NAMED]
    also = [need for need in said if need in named or likely[need] >= LEAST_ALSO]
    return tuple(sorted(also, key=lambda need: -likely[need])[:MOST_ALSO])


def _hints(likely: dict[str, float]) -> tuple[tuple[Need, float], ...]:
    """What may be behind words that more probably say no need: enough to be asked, not to be answered."""
    if likely[NONE] > SURELY_NOTHING:
        return ()
    ranked = sorted(((score, label) for label, score in likely.items() if label != NONE), reverse=True)
    return tuple((Need(label), score) for score, label in ranked if score >= LEAST_HINT)


def _emergency(dangers: dict[str, float], words: Sequence[Word], heard: Iterable[Heard]) -> Emergency | None:
    worst = max((label for label in dangers if label != NONE), key=dangers.__getitem__)
    said = len(words) > 2 or any(one.expression.about == worst for one in heard)
    return Emergency(worst) if dangers[worst] >= (DANGER if said else DANGER_IN_TWO_WORDS) else None


def _language(likely: dict[str, float]) -> str:
    best = max(likely, key=likely.__getitem__)
    return best if likely[best] >= CLEARLY_FOREIGN else "fr"


def _courtesy(heard: Iterable[Heard]) -> str | None:
    """What is said without asking for anything; the longest expression tells most."""
    courtesies = [one for one in heard if one.expression.file == COURTESIES]
    return max(courtesies, key=lambda one: len(one.expression.written)).expression.about if courtesies else None


def _publics(text: str, heard: Iterable[Heard]) -> tuple[Public, ...]:
    """For whom: what the lexicon says, and ages."""
    found = {Public(one.expression.about) for one in heard if one.expression.about in set(Public)}
    for age in map(int, _AGE.findall(text[:500])):
        if age >= _SENIOR:
            found.add(Public.SENIORS)
        elif age in _YOUNG:
            found.add(Public.JEUNES)
    return tuple(sorted(found))


@kept()
def read_understander(folder: Path = FOLDER) -> Understander:
    """The shipped lexicon and model."""
    with (folder / ORDINARY).open(encoding="utf-8", newline="") as file:
        ordinary = {row["mot"]: int(row["fois"]) for row in csv.DictReader(file)}
    weights = json.loads((folder / HABITS).read_text(encoding="utf-8"))
    return Understander(read_lexicon(), read_model(folder), Habits(weights, ordinary))
