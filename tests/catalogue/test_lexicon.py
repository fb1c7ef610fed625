"""The lexicon is written by people: these tests tell them where two files contradict each other."""

from collections import defaultdict
from pathlib import Path

import pytest

from catalogue.lexicon import (
    COURTESIES,
    DANGERS,
    FOLDER,
    FRENCH,
    IDIOMS,
    PUBLICS,
    Expression,
    Lexicon,
    heard_as,
    read_lexicon,
)
from catalogue.needs import Emergency, Need, Public
from catalogue.spelling import fold, words_of
from handlers.courtesy import courtesy

LANGUAGES = {"fr", "en", "es", "pt", "ar", "uk", "ru", "tr", "ro"}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return read_lexicon()


def key(expression: Expression) -> tuple[str, ...]:
    """What makes two expressions the same when they are heard."""
    words = fold(expression.written).split()
    return tuple(map(heard_as, words)) if expression.language in ("", FRENCH) else ("letters", *words)


def test_there_is_one_file_a_need_in_every_language(lexicon: Lexicon) -> None:
    files = {file.stem for file in FOLDER.glob("*.toml")}
    assert files == {need.value for need in Need} | {PUBLICS, COURTESIES, DANGERS}
    for need in Need:
        said = [expression for expression in lexicon.expressions if expression.about == need.value]
        assert {expression.language for expression in said} == LANGUAGES
        assert {expression.strength for expression in said} == {"nomme", "evoque"}
        assert sum(expression.language == FRENCH for expression in said) > 500


def test_no_expression_speaks_for_two_needs_or_two_dangers(lexicon: Lexicon) -> None:
    said: dict[tuple[bool, tuple[str, ...]], set[str]] = defaultdict(set)
    for expression in lexicon.expressions:
        if expression.file not in (PUBLICS, COURTESIES):
            said[expression.file == DANGERS, key(expression)].add(expression.about)
    assert {" ".join(words): about for (_kind, words), about in said.items() if len(about) > 1} == {}


def test_no_expression_is_written_twice_in_a_file(lexicon: Lexicon) -> None:
    seen: set[tuple[str, ...]] = set()
    twice = []
    for expression in lexicon.expressions:
        again = (expression.file, expression.about, expression.language, expression.written)
        twice += [again] if again in seen else []
        seen.add(again)
    assert twice == []


def test_publics_dangers_and_courtesies_are_those_the_product_knows(lexicon: Lexicon) -> None:
    publics = {expression.about for expression in lexicon.expressions if expression.file == PUBLICS}
    assert publics == {public.value for public in Public} - {"tous-publics"}
    dangers = {expression.about for expression in lexicon.expressions if expression.file == DANGERS}
    assert dangers == {emergency.value for emergency in Emergency} | {IDIOMS}
    for expression in lexicon.expressions:
        if expression.file == COURTESIES:
            assert courtesy(expression.about), expression


def test_an_expression_says_something_and_is_short(lexicon: Lexicon) -> None:
    assert [e for e in lexicon.expressions if not 1 <= len(fold(e.written).split()) <= 8] == []


def heard(lexicon: Lexicon, text: str) -> set[str]:
    return {one.expression.about for one in lexicon.hear(words_of(text), {})}


def test_an_expression_is_heard_however_it_is_spelt() -> None:
    lexicon = Lexicon([Expression("alimentation", "alimentation", "fr", "nomme", "épicerie solidaire")])
    for text in ("Épicerie solidaire ?", "une epiceri solidère", "lépicerie", "EPICERIE-SOLIDAIRE"):
        assert heard(lexicon, text) == ({"alimentation"} if "lépicerie" not in text else set()), text


def test_a_word_one_letter_wrong_is_heard_unless_it_is_an_ordinary_word() -> None:
    lexicon = Lexicon([Expression("logement", "logement", "fr", "nomme", "colocation")])
    assert heard(lexicon, "une colcation") == {"logement"}
    assert list(lexicon.hear(words_of("une colcation"), {"colcation": 5})) == []


def test_words_of_another_language_are_not_heard_by_ear() -> None:
    lexicon = Lexicon([Expression("emploi", "emploi", "tr", "nomme", "iş")])
    assert heard(lexicon, "iş arıyorum") == {"emploi"}
    assert heard(lexicon, "ici") == set()


def test_a_file_that_is_badly_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "logement.toml").write_text('[fr]\nnomme = ["loyer"', encoding="utf-8")
    with pytest.raises(ValueError, match=r"logement\.toml"):
        read_lexicon(tmp_path)
