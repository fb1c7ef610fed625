"""What tells a place from ordinary words, learned from the places marked in the sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from catalogue.mentions import Habits, Run, runs, signs_of, territories_of
from catalogue.places import PlaceIndex
from catalogue.spelling import Word, fold, words_of
from tests.understanding.corpus import Sentence


def learn_places(sentences: Sequence[Sentence], index: PlaceIndex, ordinary: Mapping[str, int]) -> dict[str, float]:
    """The weight of each sign that some words are a place. Places alone, and codes, need no learning."""
    habits = Habits({}, ordinary)
    shown, truth = [], []
    for sentence in sentences:
        words = words_of(sentence.text)
        if any(index.is_territory(fold(sentence.text[start:end])) for start, end in sentence.places):
            continue  # a department is marked, but is not where one commune is
        departements = frozenset().union(*(territory for _at, territory in territories_of(index, words)))
        for run in runs(index, words, habits):
            meant = _meant(words, run, sentence.places)
            if meant is not None:
                shown.append(signs_of(words, run, habits, departements))
                truth.append(meant)
    names = DictVectorizer()
    signs = names.fit_transform(shown)
    learned = LogisticRegression(C=1.0, max_iter=2_000, fit_intercept=False).fit(signs, np.array(truth))
    weights = zip(names.get_feature_names_out(), learned.coef_[0], strict=True)
    return {str(name): round(float(weight), 4) for name, weight in weights}


def _meant(words: Sequence[Word], run: Run, places: Sequence[tuple[int, int]]) -> bool | None:
    """Whether the run is a marked place; None when it is only a part of one that says the same."""
    start, end = words[run.first].start, words[run.after - 1].end
    for marked_start, marked_end in places:
        if end <= marked_start or marked_end <= start:
            continue
        inside = [word for word in words if marked_start <= word.start and word.end <= marked_end]
        said = [word for word in inside if not word.folded.isdigit()]
        whole = said and said[0].start >= start and said[-1].end <= end
        return True if whole and marked_start <= start and end <= marked_end else None
    return False
