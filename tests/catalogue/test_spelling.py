import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.spelling import LONGEST_WORD, Neighbourhood, fold, sound, sounds, spoken, words_of

TOWNS = Neighbourhood(
    [
        "nanterre",
        "nantes",
        "toulouse",
        "maisons alfort",
        "montpellier",
        "montelier",
        "gennevilliers",
        "caen",
        "saint denis",
    ]
)


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("genevillier", "gennevilliers"),
        ("tooloose", "toulouse"),
        ("obervilié", "aubervilliers"),
        ("suraine", "suresnes"),
        ("roubé", "roubaix"),
        ("béziais", "béziers"),
        ("monpélié", "montpellier"),
        ("kan", "caen"),
        ("nimme", "nîmes"),
    ],
)
def test_what_is_written_by_ear_sounds_like_what_is_meant(written: str, known: str) -> None:
    assert sound(fold(written)) == sound(fold(known))


def test_endings_are_silent_inside_a_name_too() -> None:
    assert sounds("maison alfort") == sounds("maisons alfort")
    assert sounds("rauni sou boi") == sounds("rosny sous bois")


def test_in_a_sentence_an_infinitive_sounds_like_its_participle() -> None:
    assert spoken("manger") == spoken("mange")
    assert spoken("mer") != spoken("me")


def test_names_that_differ_do_not_sound_the_same() -> None:
    assert len({sound(name) for name in ("nantes", "nanterre", "nancy", "nangis")}) == 4


def near(word: str) -> list[str]:
    return [found.spelling for found in TOWNS.near(word)]


@pytest.mark.parametrize("word", ["nantere", "nnanterre", "nanetrre", "nantirre", "nan terre"])
def test_a_letter_added_left_out_changed_or_swapped_is_seen(word: str) -> None:
    assert near(word)[0] == "nanterre"


def test_two_slips_are_looked_for_when_one_is_not_enough() -> None:
    assert near("nantterrz") == ["nanterre"]
    assert near("touluse") == ["toulouse"]


def test_a_long_word_is_rather_what_it_sounds_like_than_what_is_one_letter_away() -> None:
    assert "montpellier" in near("monpelier")


def test_a_name_that_has_nothing_of_the_word_but_its_sound_is_not_found() -> None:
    assert near("qqqqqq") == []
    assert near("") == []


def test_abbreviations_accents_ligatures_and_stuck_codes_are_one_spelling() -> None:
    assert fold("St-Ouen s/ Seine") == "saint ouen sur seine"
    assert fold("Œuilly") == fold("oeuilly")
    assert fold("sevran93270") == "sevran 93270"
    assert fold("İstanbul’da") == "istanbul da"
    assert fold("Привіт, як справи?") == "привіт як справи"


def test_words_know_where_they_are_and_what_closes_them() -> None:
    paris, ou, lyon = words_of("Paris, ou Lyon ?")
    assert (paris.folded, paris.capital, paris.closed) == ("paris", True, True)
    assert (ou.folded, ou.capital, ou.closed) == ("ou", False, False)
    assert "Paris, ou Lyon ?"[lyon.start : lyon.end] == "Lyon"
    assert lyon.closed


@given(st.text(max_size=200))
def test_whatever_is_written_is_folded_to_short_words(text: str) -> None:
    assert all(len(word.folded) <= LONGEST_WORD for word in words_of(text))
    assert fold(text) == " ".join(fold(text).lower().split())


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", max_size=30))
def test_whatever_is_looked_for_is_found_among_what_is_known(word: str) -> None:
    assert set(near(word)) <= {"nanterre", "nantes", "toulouse", "maisons alfort", "montpellier", "montelier"} | {
        "gennevilliers",
        "caen",
        "saint denis",
    }
