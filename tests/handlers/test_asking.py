"""« Maintenu ? »: asked with the fields first, answered by a tap; a cancellation takes two."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.needs import EventStatus, Role, Settled
from handlers.asking import question_reply
from handlers.dates import key_of, sureness
from handlers.effects import Settle
from tests.handlers.memory import TUESDAY, MemoryDesk, happening
from tests.handlers.test_engine import Talk, labels

SATURDAY = datetime(2026, 11, 28, 14, tzinfo=ZoneInfo("Europe/Paris"))
SOUP = happening(7, SATURDAY, event_nom="Disco soupe", event_lieu="Espace Hoche", event_telephone="01 47 29 50 50")
KEY = key_of(SOUP)


@pytest.fixture
def talk() -> Talk:
    """Somebody who looks after the commune."""
    return Talk(MemoryDesk(dates=[SOUP], told_later=True, role=Role.CORRESPONDANT))


def test_the_question_shows_what_is_known_then_three_buttons() -> None:
    reply = question_reply(SOUP, TUESDAY)
    assert reply.cards[0].title == "Disco soupe"
    assert "Samedi 28 novembre de 14 h à 17 h, dans 4 jours" in reply.cards[0].lines
    assert "Espace Hoche, 92000 Nanterre" in reply.cards[0].lines
    assert any("01 47 29 50 50" in line for line in reply.cards[0].lines)
    assert (reply.after, labels(reply)) == ("Maintenu ?", ["Oui, maintenu", "Annulé", "Je ne sais pas"])


def test_yes_is_one_tap(talk: Talk) -> None:
    reply = talk.tap(f"maintenu:{KEY}=oui")
    assert reply.text.startswith("Merci. C'est noté : Disco soupe, samedi 28 novembre à 14 h, est maintenu.")
    assert talk.turn.effects == (Settle(7, SOUP.original_at, Settled.OUI),)


def test_a_cancellation_is_made_sure_of(talk: Talk) -> None:
    reply = talk.tap(f"maintenu:{KEY}=annule")
    assert "c'est annulé ?" in reply.text
    assert talk.turn.effects == ()
    assert labels(reply) == ["Oui, c'est annulé", "Non, c'est maintenu"]
    reply = talk.tap(f"maintenu:{KEY}=annule-oui")
    assert talk.turn.effects == (Settle(7, SOUP.original_at, Settled.ANNULE),)
    assert labels(reply) == ["C'était une erreur : il a lieu"]


def test_not_knowing_is_an_answer(talk: Talk) -> None:
    assert "quelqu'un d'autre" in talk.tap(f"maintenu:{KEY}=ne-sais-pas").text
    assert talk.turn.effects == (Settle(7, SOUP.original_at, Settled.NE_SAIS_PAS),)


def test_who_has_no_role_there_changes_nothing(talk: Talk) -> None:
    talk.desk = replace(talk.desk, role=None)
    for said in ("oui", "annule", "annule-oui", "ne-sais-pas", ""):
        assert "Ce n'est plus à vous" in talk.tap(f"maintenu:{KEY}={said}").text
        assert talk.turn.effects == ()


def test_what_is_over_is_not_settled(talk: Talk) -> None:
    talk.desk = replace(talk.desk, now=SATURDAY + timedelta(hours=4))
    assert "C'est passé" in talk.tap(f"maintenu:{KEY}=annule-oui").text
    assert talk.turn.effects == ()


@pytest.mark.parametrize("said", ["annule", "annule-oui", "ne-sais-pas"])
def test_what_its_calendar_cancelled_is_not_taken_for_a_cancellation_of_ours(talk: Talk, said: str) -> None:
    talk.desk = replace(talk.desk, dates=[replace(SOUP, status=EventStatus.CANCELLED)])
    assert "Son calendrier l'annonce annulé" in talk.tap(f"maintenu:{KEY}={said}").text
    assert talk.turn.effects == ()


@pytest.mark.parametrize("ours", [True, False])
def test_only_what_was_cancelled_here_can_be_brought_back(talk: Talk, ours: bool) -> None:
    cancelled = replace(SOUP, status=EventStatus.CANCELLED)
    talk.desk = replace(talk.desk, dates=[cancelled], ours=ours)
    reply = talk.tap(f"maintenu:{KEY}=oui")
    assert ("Son calendrier l'annonce annulé" in reply.text) is not ours
    assert bool(talk.turn.effects) is ours


@given(st.text(max_size=60))
def test_a_forged_button_never_fails_nor_settles_another_date(data: str) -> None:
    talk = Talk(MemoryDesk(dates=[SOUP], told_later=True, role=Role.CORRESPONDANT))
    assert talk.tap(f"maintenu:{data}").text
    assert all(effect.event_id == 7 for effect in talk.turn.effects)


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (Role.ORGANISATEUR, "Confirmé par l'organisateur."),
        (Role.CORRESPONDANT, "Confirmé par un correspondant du guide."),
        (Role.COORDINATEUR, "Confirmé par l'équipe du guide."),
    ],
)
def test_a_date_says_who_confirmed_it(role: Role, words: str) -> None:
    assert sureness(replace(SOUP, confirmed_at=TUESDAY, confirmed_role=role)) == words
