"""The sentences, and that what is shipped was learned from them."""

import csv
from pathlib import Path

import pytest

from catalogue.model import FOLDER, ORDINARY, read_model
from catalogue.needs import Emergency, Need
from catalogue.spelling import fold
from tests.understanding.corpus import LANGUAGES, NONE, Sentence, read_corpus
from tests.understanding.quality.__main__ import FILES, read_messages, read_near_danger
from tests.understanding.train import ordinary_words


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return read_corpus()


def test_every_need_emergency_and_language_has_its_sentences(sentences: list[Sentence]) -> None:
    french = [sentence for sentence in sentences if sentence.language == "fr"]
    for need in (*(need.value for need in Need), NONE):
        assert sum(sentence.need == need for sentence in french) > 1_000, need
    for emergency in Emergency:
        assert sum(sentence.emergency == emergency.value for sentence in french) > 200, emergency
    for language in LANGUAGES:
        assert sum(sentence.language == language for sentence in sentences) > 500, language


def test_no_message_that_measures_is_among_those_that_teach(sentences: list[Sentence]) -> None:
    learned = {fold(sentence.text) for sentence in sentences}
    needing = [message for name in FILES for message in read_messages(name) if len(message.text.split()) > 3]
    assert [message.text for message in (*needing, *read_near_danger()) if fold(message.text) in learned] == []


def test_what_is_shipped_was_learned_from_these_sentences(sentences: list[Sentence]) -> None:
    with (FOLDER / ORDINARY).open(encoding="utf-8", newline="") as file:
        shipped = {row["mot"]: int(row["fois"]) for row in csv.DictReader(file)}
    assert shipped == ordinary_words(sentences), "the sentences have changed: run `make train`"


def test_the_model_knows_the_labels_of_the_product() -> None:
    heads = read_model().heads
    assert set(heads["needs"]) == {need.value for need in Need} | {NONE}
    assert set(heads["emergency"]) == {emergency.value for emergency in Emergency} | {NONE}
    assert set(heads["language"]) == {"fr", *LANGUAGES}


def test_places_and_second_needs_are_read_out_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "logement.txt").write_text("## clean\nUn toit à {Saint-Denis} ++emploi\n", encoding="utf-8")
    (sentence,) = read_corpus(tmp_path)
    assert (sentence.text, sentence.need, sentence.second) == ("Un toit à Saint-Denis", "logement", "emploi")
    assert [sentence.text[start:end] for start, end in sentence.places] == ["Saint-Denis"]


def test_a_label_that_does_not_exist_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "urgences.txt").write_text("## incendie\nau feu\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"urgences\.txt, line 2"):
        read_corpus(tmp_path)
    (tmp_path / "urgences.txt").unlink()
    (tmp_path / "en.txt").write_text("## food\nhungry\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"en\.txt, line 2"):
        read_corpus(tmp_path)
