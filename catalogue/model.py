"""A small linear model of what sentences mean: the signs a message shows, and what each weighs for each meaning.

Signs are hashed (K. Weinberger et al., Feature Hashing, 2009): the model is one table of small integers, a row a sign,
a column a label. `make train` learns it from the sentences of tests/understanding; using it takes nothing but sums.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from math import exp, sqrt
from pathlib import Path
from zlib import crc32, decompress

from catalogue.lexicon import Heard
from catalogue.spelling import Word, spoken

FOLDER = Path(__file__).parent / "data" / "comprehension"
TABLE, DESCRIPTION, ORDINARY = "poids.bin.z", "modele.json", "mots_courants.csv"
ROWS = 1 << 18
PLACE = "unlieu"  # stands for the words of a place, whichever it is
SHORTEST_PART, LONGEST_PART = 3, 5  # letters of the parts of words that are signs
BEGINNING = 4  # sounds
REMEMBERED = 20_000  # words

# After these, what is said is refused, up to a comma or a contrast. As they sound.
_NEGATIONS = "pas ni non sans jamais aucun aucune inutile not no nao nu не"
_CONTRASTS = "mais plutot juste seulement but pero mas но але ama dar"
NEGATIONS = frozenset(map(spoken, _NEGATIONS.split()))
CONTRASTS = frozenset(map(spoken, _CONTRASTS.split()))


def signs_of_word(word: str) -> list[str]:
    """What a folded word shows: itself, how it sounds, how it begins, and its parts."""
    heard = spoken(word)
    bounded = f"^{word}$"
    parts = [
        f"c{bounded[start : start + length]}"
        for length in range(SHORTEST_PART, LONGEST_PART + 1)
        for start in range(len(bounded) - length + 1)
    ]
    return [f"w{word}", f"s{heard}", f"q{heard[:BEGINNING]}", *parts]


def signs_between(words: Sequence[Word]) -> set[str]:
    """What the order of the words shows: which follow each other, and which are refused."""
    heard = ["<", *(spoken(word.folded) for word in words), ">"]
    pairs = {f"b{one} {other}" for one, other in pairwise(heard)}
    return pairs | {f"n{heard[number + 1]}" for number in refused(words)}


def signs_of_lexicon(words: Sequence[Word], heard: Iterable[Heard]) -> list[str]:
    """What the expressions of the lexicon show: each by what it is about, apart when it is refused."""
    not_wanted = set(refused(words))
    return [
        f"{'N' if one.first in not_wanted else 'L'}{one.expression.about} {one.expression.strength}" for one in heard
    ]


def refused(words: Sequence[Word]) -> list[int]:
    """The numbers of the words after a negation ("pas de colis, plutôt cuisiner"), when something else is said too."""
    found: list[int] = []
    under = False
    for number, word in enumerate(words):
        heard = spoken(word.folded)
        if heard in NEGATIONS:
            under = True
        elif heard in CONTRASTS:
            under = False
        elif under:
            found.append(number)
        under = under and not word.closed
    return found if len(found) < len(words) - 2 else []


class Model:
    """What each sign weighs for each label. A head ("needs", "emergency"…) is a set of labels one of which is true."""

    def __init__(self, table: bytes, description: Mapping[str, object]) -> None:
        self.heads: dict[str, list[str]] = description["heads"]  # type: ignore[assignment]
        self._scales: dict[str, float] = description["scales"]  # type: ignore[assignment]
        self._biases: dict[str, list[float]] = description["biases"]  # type: ignore[assignment]
        # The last column is how much a sign tells, whatever it says: many signs do not weigh more than few.
        self._width = sum(map(len, self.heads.values())) + 1
        self._table = memoryview(table).cast("b")
        self._nothing = (0,) * self._width
        self._word = lru_cache(REMEMBERED)(self._sum_of_word)

    def weigh(self, words: Sequence[Word], heard: Iterable[Heard]) -> dict[str, dict[str, float]]:
        """How likely each label of each head is, for the words of a message and the expressions heard in it.

        From 0 to 1, and 1 in all for each head; but each danger by itself, as two that are likely hide neither.
        """
        others = map(self._row, (*signs_between(words), *signs_of_lexicon(words, heard)))
        total = self._sum((*map(self._word, {word.folded for word in words}), *others))
        norm = sqrt(max(1, total[-1]))
        ends = accumulate(map(len, self.heads.values()), initial=0)
        found = {}
        for (head, labels), start in zip(self.heads.items(), ends, strict=False):
            scale = self._scales[head] / norm
            column = zip(total[start : start + len(labels)], self._biases[head], strict=True)
            values = [value * scale + bias for value, bias in column]
            found[head] = dict(zip(labels, _EACH.get(head, _softmax)(values), strict=True))
        return found

    def contributions(self, signs: Iterable[str], head: str, label: str) -> int:
        """What some signs weigh together for a label."""
        start = 0
        for name, labels in self.heads.items():
            if name == head:
                return self._sum(map(self._row, signs))[start + labels.index(label)]
            start += len(labels)
        raise KeyError(head)

    def _sum_of_word(self, word: str) -> Sequence[int]:
        return self._sum(map(self._row, signs_of_word(word)))

    def _sum(self, rows: Iterable[Sequence[int]]) -> Sequence[int]:
        return tuple(map(sum, zip(self._nothing, *rows, strict=True)))

    def _row(self, sign: str) -> Sequence[int]:
        start = row_of(sign) * self._width
        return self._table[start : start + self._width]


def row_of(sign: str) -> int:
    """The row of a sign."""
    return crc32(sign.encode("utf-8", "surrogatepass")) & (ROWS - 1)


def read_model(folder: Path = FOLDER) -> Model:
    """The shipped model."""
    description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    return Model(decompress((folder / TABLE).read_bytes()), description)


def _softmax(values: Sequence[float]) -> list[float]:
    highest = max(values)
    parts = [exp(value - highest) for value in values]
    whole = sum(parts)
    return [part / whole for part in parts]


def _logistic(values: Sequence[float]) -> list[float]:
    return [1 / (1 + exp(-max(-30.0, min(30.0, value)))) for value in values]


_EACH = {"emergency": _logistic}
