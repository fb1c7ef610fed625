"""`make train`: learns the model of catalogue/data/comprehension from the sentences of tests/understanding/corpus.

Deterministic: the same sentences give the same file. scikit-learn does the learning; the product does not need it.
What is learned is the mean of two linear models: a support vector machine, which separates what is often confused,
and a complement naive Bayes (J. Rennie et al., 2003), which trusts the rare words.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zlib import compress, crc32

import click
import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from catalogue.gazetteer import read_shipped_places, read_usual_names
from catalogue.lexicon import DANGERS, IDIOMS, Lexicon, read_lexicon
from catalogue.model import (
    DESCRIPTION,
    FOLDER,
    ORDINARY,
    PLACE,
    ROWS,
    TABLE,
    row_of,
    signs_between,
    signs_of_lexicon,
    signs_of_word,
)
from catalogue.needs import Need
from catalogue.places import PlaceIndex
from catalogue.spelling import Word, words_of
from catalogue.understanding import HABITS
from tests.understanding.corpus import NONE, Sentence, read_corpus
from tests.understanding.noise import refusing, telling
from tests.understanding.place_signs import learn_places

Floats = np.ndarray
SEED = 20
REFUSED, TOLD = 0.2, 0.15  # of the sentences are learned again so
BAYES = 0.4  # of the second model, against one of the first
LEXICON = 0.5  # what an expression of the lexicon counts for, against one of a sentence


def words_of_sentence(sentence: Sentence) -> list[Word]:
    """The words of a sentence, each place being one word that says only that there is a place."""
    words, at = [], 0
    for start, end in sentence.places:
        words += [*words_of(sentence.text[at:start]), Word(PLACE, start, end, False, False)]
        at = end
    return words + words_of(sentence.text[at:])


def ordinary_words(sentences: Iterable[Sentence]) -> dict[str, int]:
    """How often each word is said outside places, for those said more than once."""
    counted = Counter(word.folded for sentence in sentences for word in words_of_sentence(sentence))
    del counted[PLACE]
    return {word: count for word, count in sorted(counted.items()) if count > 1 and not word.isdigit()}


@lru_cache(200_000)
def _rows_of_word(word: str) -> list[int]:
    return [row_of(sign) for sign in signs_of_word(word)]


def counts_of(messages: Sequence[Sequence[Word]], lexicon: Lexicon, ordinary: dict[str, int]) -> csr_matrix:
    """How many times each message shows each sign."""
    ends, columns = [0], []
    for words in messages:
        for word in {word.folded for word in words}:
            columns += _rows_of_word(word)
        heard = lexicon.hear(words, ordinary)
        columns += [row_of(sign) for sign in (*signs_between(words), *signs_of_lexicon(words, heard))]
        ends.append(len(columns))
    shape = (len(messages), ROWS)
    counts = csr_matrix((np.ones(len(columns), dtype=np.float32), columns, ends), shape=shape)
    counts.sum_duplicates()
    return counts


@dataclass
class Learned:
    """One head: its labels, and the weight of each sign for each."""

    labels: list[str]
    weights: Floats  # labels x ROWS, for raw counts
    bias: Floats


def rarity(counts: csr_matrix) -> Floats:
    """How much each sign tells: the logarithm of how rare it is; nothing for one met in a single message."""
    met = np.bincount(counts.indices, minlength=ROWS)
    tells = np.log((1 + counts.shape[0]) / (1 + met)) + 1
    return np.where(met > 1, tells, 0).astype(np.float32)


def scaled(counts: csr_matrix, tells: Floats) -> csr_matrix:
    weighted = (counts @ diags(tells)).tocsr()
    norms = np.sqrt(weighted.multiply(weighted).sum(axis=1)).A1
    return (diags(1 / np.maximum(norms, 1e-6)) @ weighted).tocsr()


def learn(signs: csr_matrix, labels: Sequence[str], counting: Floats) -> Learned:
    """The two models; `counting` is what each message counts for."""
    known = np.array(labels)
    machine = LinearSVC(C=1.0, random_state=0).fit(signs, known, sample_weight=counting)
    bayes = ComplementNB(alpha=0.3).fit(signs, known, sample_weight=counting)
    rare = bayes.feature_log_prob_ - bayes.feature_log_prob_.mean(axis=0)
    weights = machine.coef_ + BAYES * _like(rare, signs, machine.coef_)
    return Learned(list(machine.classes_), weights, machine.intercept_)


def _like(rare: Floats, signs: csr_matrix, coef: Floats) -> Floats:
    """The weights of the second model, so that its verdicts are as wide as those of the first."""
    sample = signs[:3_000]
    return rare * float(np.std(sample @ coef.T) / np.std(sample @ rare.T))


HEADS = ("needs", "emergency", "language")


def labels_of(sentence: Sentence) -> dict[str, str | None]:
    return {"needs": sentence.need, "emergency": sentence.emergency, "language": sentence.language}


@dataclass
class Examples:
    """Messages as counts of signs, and the label each has for each head (None: not said)."""

    counts: csr_matrix
    labels: list[dict[str, str | None]]
    counting: Floats  # what each counts for

    def of(self, head: str) -> tuple[csr_matrix, list[str], Floats]:
        known = [number for number, labels in enumerate(self.labels) if labels[head] is not None]
        return self.counts[known], [self.labels[number][head] or "" for number in known], self.counting[known]


def examples_of(sentences: Sequence[Sentence], lexicon: Lexicon, ordinary: dict[str, int]) -> Examples:
    """The sentences, some of them again among refusals and stories, and each expression of the lexicon."""
    messages = [(words_of_sentence(sentence), labels_of(sentence)) for sentence in sentences]
    french = [sentence for sentence in sentences if sentence.language == "fr"]
    needing = [sentence for sentence in french if sentence.need not in (None, NONE) and sentence.emergency == NONE]
    quiet = [sentence.text for sentence in french if sentence.need == NONE]
    named = [
        one
        for one in lexicon.expressions
        if one.about in set(Need) and one.strength == "nomme" and one.language == "fr"
    ]
    for sentence in needing:
        chance = random.Random(f"{SEED} {sentence.text}")  # its own: a sentence more changes little for the others
        if chance.random() < REFUSED:
            other = chance.choice(named)
            if other.about != sentence.need:
                messages.append((words_of(refusing(sentence.text, other.written, chance)), labels_of(sentence)))
        if quiet and chance.random() < TOLD:
            told = telling(sentence.text, chance.sample(quiet, 2), chance)
            messages.append((words_of(told), labels_of(sentence)))
    sentences_counted = len(messages)
    for one in lexicon.expressions:
        if one.about in set(Need):
            messages.append((words_of(one.written), {"needs": one.about, "emergency": NONE, "language": None}))
        elif one.file == DANGERS and one.strength == "nomme" and one.about != IDIOMS:
            messages.append((words_of(one.written), {"needs": None, "emergency": one.about, "language": None}))
    counting = np.where(np.arange(len(messages)) < sentences_counted, 1.0, LEXICON)
    counts = counts_of([words for words, _labels in messages], lexicon, ordinary)
    return Examples(counts, [labels for _words, labels in messages], counting)


def lot_of(sentence: Sentence) -> float:
    """From 0 to 1, drawn from its words: whatever the others are, and once for a sentence written twice."""
    return crc32(sentence.text.encode()) / 2**32


def margins(learned: Learned, signs: csr_matrix) -> Floats:
    return signs @ learned.weights.T + learned.bias


def sharpness(learned: Learned, signs: csr_matrix, labels: Sequence[str]) -> float:
    """By how much margins must be multiplied to be as sure as they are right (temperature scaling, C. Guo, 2017)."""
    truth = np.array([learned.labels.index(label) for label in labels])
    values = margins(learned, signs)

    def surprise(factor: float) -> float:
        scaled_up = values * factor
        whole = np.log(np.exp(scaled_up - scaled_up.max(axis=1, keepdims=True)).sum(axis=1)) + scaled_up.max(axis=1)
        return float((whole - scaled_up[np.arange(len(truth)), truth]).mean())

    return min(np.geomspace(0.5, 50, 80), key=surprise)


def write(folder: Path, heads: dict[str, tuple[Learned, float]], tells: Floats, ordinary: dict[str, int]) -> None:
    """The table, a row a sign, and what its columns are."""
    columns, scales = [], {}
    for head, (learned, sharp) in heads.items():
        weights = learned.weights * tells
        widest = float(np.quantile(np.abs(weights[weights != 0]), 0.9999))
        columns.append(np.clip(np.round(weights / widest * 127), -127, 127).astype(np.int8).T)
        scales[head] = widest / 127 * sharp
    columns.append(np.clip(np.round(tells**2), 0, 127).astype(np.int8)[:, None])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TABLE).write_bytes(compress(np.ascontiguousarray(np.hstack(columns)).tobytes(), 9))
    description = {
        "heads": {head: learned.labels for head, (learned, _sharp) in heads.items()},
        "scales": scales,
        "biases": {
            head: [round(float(b) * sharp, 4) for b in learned.bias] for head, (learned, sharp) in heads.items()
        },
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    lines = "".join(f"{word},{count}\n" for word, count in ordinary.items())
    (folder / ORDINARY).write_text("mot,fois\n" + lines, encoding="utf-8")


@click.command(help=__doc__)
@click.option("--hold-out", default=0.15, show_default=True, help="La part des phrases qui sert à mesurer.")
def main(hold_out: float) -> None:
    sentences, lexicon = read_corpus(), read_lexicon()
    ordinary = ordinary_words(sentences)
    kept = [sentence for sentence in sentences if lot_of(sentence) >= hold_out]
    aside = [sentence for sentence in sentences if lot_of(sentence) < hold_out]
    some = examples_of(kept, lexicon, ordinary)
    rest = [words_of_sentence(sentence) for sentence in aside]
    truth = [labels_of(sentence) for sentence in aside]
    others = Examples(counts_of(rest, lexicon, ordinary), truth, np.ones(len(rest)))
    everything = examples_of(sentences, lexicon, ordinary)
    tells = rarity(everything.counts)
    heads = {}
    for head in HEADS:
        counts, labels, counting = some.of(head)
        held_counts, held_labels, _ones = others.of(head)
        learned, held = learn(scaled(counts, tells), labels, counting), scaled(held_counts, tells)
        said = np.array(learned.labels)[margins(learned, held).argmax(axis=1)]
        sharp = sharpness(learned, held, held_labels)
        click.echo(f"{head} : {np.mean(said == np.array(held_labels)):.1%} de {len(held_labels)} phrases mises de côté")
        counts, labels, counting = everything.of(head)
        heads[head] = (learn(scaled(counts, tells), labels, counting), float(sharp))
    write(FOLDER, heads, tells, ordinary)
    index = PlaceIndex(read_shipped_places(), read_usual_names())
    french = [sentence for sentence in sentences if sentence.language == "fr"]
    weights = learn_places(french, index, ordinary)
    (FOLDER / HABITS).write_text(json.dumps(weights, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
