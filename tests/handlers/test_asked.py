"""What several conversations ask the same way: what counts as an answer, and what is asked again."""

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.needs import Public
from handlers.asked import FreeWords, YesOrNo, answered, entry_of, marked, readable, toggled
from handlers.dialogue import Choice, Event, Gesture, State, Unclear, Understood
from tests.handlers.memory import MemoryDesk, initiative

DESK = MemoryDesk([initiative(7)])
STATE = State("essai")
ROWS = ((Choice("Déjà fait", "fait:oui"),), (Choice("Pas encore", "fait:non"),))
SENT = YesOrNo("envoi", lambda state, desk: "On envoie ?", lambda: ("Envoyer", "Garder"), lambda: "Oui ou non.")
WORDS = FreeWords("mots", lambda: "Dites-le.", 10, lambda said, state, desk: "Pas ça." if said == "zut" else "")


def said(words: str) -> Event:
    return Event(Gesture.SAID, words)


def tap(data: str) -> Event:
    return Event(Gesture.TAPPED, data)


@pytest.mark.parametrize(
    ("event", "value"),
    [
        (tap("fait:oui"), "oui"),
        (tap("fait:peut-être"), ""),
        (tap("autre:oui"), ""),
        (said("deja FAIT !"), "oui"),
        (said("pas encore"), "non"),
        (said("…"), ""),
        (Event(Gesture.UNREADABLE), ""),
        (Event(Gesture.SHARED, "", 48.9, 2.2), ""),
    ],
)
def test_only_a_button_that_is_there_or_its_words_answer(event: Event, value: str) -> None:
    assert answered(event, ROWS) == value


@given(st.text(max_size=60))
def test_whatever_is_done_nothing_but_a_button_s_value_is_answered(text: str) -> None:
    assert answered(tap(text), ROWS) in ("oui", "non", "")
    assert answered(said(text), ROWS) in ("oui", "non", "")


@given(st.text(max_size=60))
def test_words_are_kept_on_one_line_that_can_be_read_and_stored(text: str) -> None:
    kept = readable(text)
    assert not {"Cc", "Cs", "Zl", "Zp"} & set(map(category, kept))
    assert not set(kept) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert readable(kept) == kept
    kept.encode()


@pytest.mark.parametrize("value", ["7", 7])
def test_an_entry_is_found_by_its_id(value: object) -> None:
    found = entry_of(value, DESK)
    assert found is not None
    assert found.id == 7


@pytest.mark.parametrize("value", ["", "x", "-7", "8", "7;", "²", "9" * 40, None])
def test_what_is_no_entry_s_id_finds_none(value: object) -> None:
    assert entry_of(value, DESK) is None


def test_what_is_touched_twice_is_chosen_no_more_and_marks_say_so() -> None:
    chosen = toggled(toggled([], "jeunes"), "familles")
    assert chosen == ["jeunes", "familles"]
    labels = [choice.label for row in marked("pour", Public, chosen) for choice in row]
    assert [label for label in labels if label.startswith("✓ ")] == ["✓ Familles", "✓ Jeunes"]
    assert toggled(chosen, "jeunes") == ["familles"]


@pytest.mark.parametrize(
    ("event", "value"),
    [(tap("envoi:oui"), "oui"), (said("envoyer"), "oui"), (said("Oui."), "oui"), (said("garder"), "non")],
)
def test_yes_or_no_is_tapped_or_said(event: Event, value: str) -> None:
    assert SENT.read(STATE, event, DESK) == Understood(STATE.answering("envoi", value))


@pytest.mark.parametrize("event", [tap("envoi:peut-être"), said("peut-être"), said("  ")])
def test_what_is_neither_yes_nor_no_is_asked_again_with_a_way_back(event: Event) -> None:
    reading = SENT.read(STATE, event, DESK)
    assert isinstance(reading, Unclear)
    assert reading.reply.text == "Oui ou non.\nOn envoie ?"
    assert [choice.label for row in reading.reply.choices for choice in row] == ["Envoyer", "Garder", "Retour"]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (said("zut"), "Pas ça."),
        (said("x" * 11), "C'est trop long : 10 caractères au plus, et vous en avez 11."),
        (said(" \x00\u202e "), "Je ne sais lire ici que des mots."),
        (tap("mots:oui"), "Je ne sais lire ici que des mots."),
    ],
)
def test_words_that_cannot_be_taken_are_asked_again_and_said_why(event: Event, why: str) -> None:
    reading = WORDS.read(STATE, event, DESK)
    assert isinstance(reading, Unclear)
    assert reading.reply.text == f"{why}\nDites-le."


def test_words_that_can_be_taken_are_kept_as_they_are_read() -> None:
    assert WORDS.read(STATE, said(" un \n café "), DESK) == Understood(STATE.answering("mots", "un café"))
