"""A role, as those who have one meet it: a link that says what it asks, a tap to accept, a tap to give it back."""

from dataclasses import replace

import pytest

from catalogue.entries import Mandate
from catalogue.needs import Role
from handlers.dialogue import Event, Gesture
from handlers.effects import Accept, Forget, Leave, Try
from handlers.engine import advance
from handlers.roles import in_words, work
from tests.handlers.memory import MemoryDesk, initiative
from tests.handlers.test_engine import Talk, labels

SECRET = "0123456789abcdef" * 2
NANTERRE = Mandate(0, Role.CORRESPONDANT, ("92050",), ())
ORGANISER = Mandate(0, Role.ORGANISATEUR, (), (5,))


@pytest.fixture
def talk() -> Talk:
    return Talk(MemoryDesk([initiative(5)], told_later=True, invited=NANTERRE))


def opened(talk: Talk, payload: str = f"i{SECRET}") -> str:
    turn = advance(None, Event(Gesture.STARTED, payload), talk.desk)
    assert turn.effects in ((), (Try(),))
    return turn.replies[0].text


def test_a_link_says_what_it_asks_before_anything_is_given(talk: Talk) -> None:
    said = opened(talk)
    assert "On vous propose un rôle : correspondant du guide pour Nanterre." in said
    assert "Cinq questions par semaine au plus, jamais la nuit. Les erreurs signalées en font partie.\n" in said


def test_a_link_is_accepted_by_a_tap(talk: Talk) -> None:
    reply = talk.tap(f"accepter:{SECRET}")
    assert "Votre rôle : correspondant du guide pour Nanterre" in reply.text
    assert talk.turn.effects == (Accept(SECRET),)


def test_what_the_role_lets_one_do_is_a_tap_away_once_it_is_accepted(talk: Talk) -> None:
    todo = ["Mes questions", "Ajouter un lieu", "Annoncer un rendez-vous", "Proposer un besoin"]
    reply = talk.tap(f"accepter:{SECRET}")
    assert labels(reply) == [*todo, "Mes données", "Chercher un lieu, une aide"]
    for button in (choice for row in reply.choices for choice in row):
        assert talk.tap(button.data).text


@pytest.mark.parametrize(
    ("roles", "buttons"),
    [
        ([], []),
        ([Role.ORGANISATEUR], ["annoncer:", "proposer:"]),
        ([Role.TRAVAILLEUR_SOCIAL], ["proposer:"]),
        ([Role.CORRESPONDANT], ["mesquestions:", "ajouter:", "annoncer:", "proposer:"]),
        ([Role.COORDINATEUR], ["equipe:", "ajouter:", "annoncer:", "proposer:"]),
        ([Role.COORDINATEUR, Role.CORRESPONDANT], ["mesquestions:", "equipe:", "ajouter:", "annoncer:", "proposer:"]),
    ],
)
def test_each_role_offers_what_it_allows(roles: list[Role], buttons: list[str]) -> None:
    rows = work([Mandate(number, role, ("92050",), ()) for number, role in enumerate(roles)])
    assert [choice.data for row in rows for choice in row] == buttons


@pytest.mark.parametrize("value", ["", "x", SECRET + "0"])
def test_what_is_no_link_gives_nothing(talk: Talk, value: str) -> None:
    assert "plus valable" in talk.tap(f"accepter:{value}").text
    assert talk.turn.effects == ()


def test_a_link_that_was_used_says_what_else_is_possible(talk: Talk) -> None:
    talk.desk = replace(talk.desk, invited=None)
    assert "Demandez-en une autre" in opened(talk)
    assert "plus valable" in talk.tap(f"accepter:{SECRET}").text
    assert talk.turn.effects == (Try(),)


def test_a_role_is_not_taken_where_nothing_can_be_asked_later(talk: Talk) -> None:
    talk.desk = replace(talk.desk, told_later=False, telegram="guide_bot")
    turn = advance(None, Event(Gesture.STARTED, f"i{SECRET}"), talk.desk)
    assert turn.replies[0].choices[0][0].url == f"https://t.me/guide_bot?start=i{SECRET}"
    talk.tap(f"accepter:{SECRET}")
    assert talk.turn.effects == ()


def test_another_link_is_not_taken_for_an_invitation(talk: Talk) -> None:
    assert "propose un rôle" not in opened(talk, "internet")
    assert "De quoi avez-vous besoin ?" in opened(talk, "i123")


def test_a_role_is_told_among_what_is_kept_and_given_back_in_two_taps(talk: Talk) -> None:
    talk.desk = replace(talk.desk, held=[NANTERRE])
    reply = talk.tap("mesdonnees:")
    assert "Votre rôle : correspondant du guide pour Nanterre." in reply.text
    assert "Quitter mon rôle" in labels(reply)
    assert labels(talk.tap("quitter:")) == ["Oui, le quitter", "Non, le garder"]
    assert talk.turn.effects == ()
    talk.tap("quitter:oui")
    assert talk.turn.effects == (Leave(),)


def test_erasing_everything_is_one_effect(talk: Talk) -> None:
    talk.desk = replace(talk.desk, held=[NANTERRE])
    talk.tap("effacer:oui")
    assert talk.turn.effects == (Forget(),)


@pytest.mark.parametrize(
    ("mandate", "words"),
    [
        (ORGANISER, "organisateur pour Lieu 5"),
        (Mandate(0, Role.CORRESPONDANT, ("92050", "92071"), ()), "correspondant du guide pour Nanterre et Sceaux"),
        (Mandate(0, Role.CORRESPONDANT, ("75",), ()), "correspondant du guide pour le département 75"),
        (Mandate(0, Role.ORGANISATEUR, (), (9,)), "organisateur pour 1 autre"),
    ],
)
def test_a_role_says_what_it_covers(talk: Talk, mandate: Mandate, words: str) -> None:
    assert in_words(mandate, talk.desk) == words
