"""What is done with words: a need and a place at once, doubts as buttons, danger before all."""

import pytest

from catalogue.needs import Need
from catalogue.places import Place, PlaceIndex
from handlers.dialogue import Choice, Reply, State
from tests.handlers.memory import NANTERRE, SCEAUX, MemoryDesk, initiative
from tests.handlers.test_engine import Talk

BOULOGNE = Place("92012", "Boulogne-Billancourt", "COM", None, ("92100",), "92", "Hauts-de-Seine", 120_000, 48.8, 2.2)
ON_THE_SEA = Place("62160", "Boulogne-sur-Mer", "COM", None, ("62200",), "62", "Pas-de-Calais", 40_000, 50.7, 1.6)


@pytest.fixture
def talk() -> Talk:
    entries = [initiative(number, needs=(Need.ALIMENTATION, Need.DROITS)) for number in range(1, 5)]
    return Talk(MemoryDesk(entries, index=PlaceIndex([NANTERRE, SCEAUX, BOULOGNE, ON_THE_SEA])))


def labels(reply: Reply) -> list[str]:
    return [choice.label for row in reply.choices for choice in row]


def state_of(talk: Talk) -> State:
    assert talk.state is not None
    return talk.state


def button(reply: Reply, label: str) -> Choice:
    return next(choice for row in reply.choices for choice in row if choice.label == label)


def test_one_message_is_enough(talk: Talk) -> None:
    reply = talk.say("jai plus rien a mangé je suis a nantere")
    assert reply.text.startswith("Manger, à Nanterre")
    assert {"Un autre besoin ici", "Un autre lieu"} <= set(labels(reply))


def test_a_second_need_waits_behind_a_button_and_the_first_stays_there_too(talk: Talk) -> None:
    reply = talk.say("je cherche un colis alimentaire et un avocat pour un divorce, à Nanterre")
    also = button(reply, "Et aussi : Papiers, démarches")
    reply = talk.tap(also.data)
    assert reply.text.startswith("Papiers, démarches, à Nanterre")
    assert "Et aussi : Manger" in labels(reply)


def test_a_place_that_may_be_two_is_asked_and_the_need_is_kept(talk: Talk) -> None:
    reply = talk.say("une épicerie solidaire à Boulogne")
    assert reply.text == "De quelle commune parlez-vous ?"
    assert state_of(talk).answers["besoin"] == "alimentation"
    assert talk.tap("lieu:62160").text.startswith("Manger, à Boulogne-sur-Mer")


def test_a_place_in_doubt_can_be_tapped_before_any_need_is_said(talk: Talk) -> None:
    talk.say("/start")
    assert talk.say("je suis à Boulogne").text == "De quelle commune parlez-vous ?"
    assert talk.tap("lieu:92012").text == "De quoi avez-vous besoin, à Boulogne-Billancourt ?"


def test_when_it_is_not_sure_the_likeliest_needs_are_offered_with_a_way_out(talk: Talk) -> None:
    talk.say("/start")
    reply = talk.say("j'ai un souci avec mon fils")
    assert reply.text.startswith("Pour ne pas me tromper de porte")
    assert labels(reply)[0] == "Enfants, famille"
    assert labels(reply)[-1] == "Autre chose"
    assert "Manger" in labels(talk.tap("besoin:autre"))


def test_a_place_answered_with_another_need_changes_both(talk: Talk) -> None:
    talk.say("/start")
    talk.tap("besoin:alimentation")
    talk.say("je suis à Sceaux mais en fait il me faut un avocat pour remplir mon dossier de titre de séjour")
    assert (state_of(talk).answers["besoin"], state_of(talk).answers["lieu"]["insee"]) == ("droits", "92071")


@pytest.mark.parametrize("before", [[], ["/start"], ["/start", "manger"], ["/start", "manger", "Nanterre"]])
def test_danger_is_answered_first_at_every_step_and_the_conversation_stays_open(talk: Talk, before: list[str]) -> None:
    for words in before:
        talk.say(words)
    reply = talk.say("je veux mourir")
    assert "3114" in reply.text
    assert button(reply, "Appeler le 3114").url == "tel:3114"
    assert "Continuer" in labels(reply)
    assert talk.say("/aide").text.startswith("Je vous aide")


def test_what_else_a_person_in_danger_said_is_kept_for_afterwards(talk: Talk) -> None:
    talk.say("mon mari me frappe, je suis à Nanterre")
    assert talk.tap("reprendre:").text.startswith("Enfants, famille, à Nanterre")


def test_courtesy_is_answered_and_the_question_asked_again(talk: Talk) -> None:
    talk.say("/start")
    reply = talk.say("merci beaucoup")
    assert reply.text == "Avec plaisir.\nDe quoi avez-vous besoin ?"
    assert "Manger" in labels(reply)


def test_my_data_tells_the_other_need_too(talk: Talk) -> None:
    talk.say("je cherche un colis alimentaire et un avocat pour un divorce, à Nanterre")
    assert "votre autre besoin : Papiers, démarches" in talk.say("mes données").text
