"""What Telegram brings becomes an event; what a conversation says becomes messages Telegram accepts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update

from bot.channels.telegram import arrival_of, left_by
from bot.channels.telegram_messages import compose, pace_of, split
from handlers.dialogue import Card, Choice, Event, Gesture, Reply
from scheduler.limits import Pace
from tests.botapi import tgmarkup

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
AMINA = {"id": 1001, "is_bot": False, "first_name": "Amina"}
PRIVATE = {"id": 1001, "type": "private", "first_name": "Amina"}
GROUP = {"id": -42, "type": "group", "title": "Voisins"}


def message(chat: dict[str, Any] = PRIVATE, **content: Any) -> Update:
    body = {"message_id": 7, "date": 1_764_000_000, "chat": chat, "from": AMINA, **content}
    update = Update.de_json({"update_id": 12, "message": body}, None)
    assert update
    return update


@pytest.mark.parametrize(
    ("content", "event"),
    [
        ({"text": "/start"}, Event(Gesture.STARTED)),
        ({"text": "/start 92050_alimentation"}, Event(Gesture.STARTED, "92050_alimentation")),
        ({"text": "/start@un_bot 92050"}, Event(Gesture.STARTED, "92050")),
        ({"text": "/started"}, Event(Gesture.SAID, "/started")),
        ({"text": "Nanterre"}, Event(Gesture.SAID, "Nanterre")),
        ({"location": {"latitude": 48.5, "longitude": 2.5}}, Event(Gesture.SHARED, "", 48.5, 2.5)),
        ({"sticker": {}}, Event(Gesture.UNREADABLE)),
    ],
)
def test_a_message_becomes_an_event(content: dict[str, Any], event: Event) -> None:
    arrival = arrival_of(message(**{k: v for k, v in content.items() if k != "sticker"}))
    assert arrival is not None
    assert (arrival.person, arrival.event) == ("1001", event)


def test_an_update_is_known_by_its_number_and_by_what_it_carries() -> None:
    """Another bot on the same database, or numbers that start again, must not look like what was already handled."""
    again, later = message(text="Nanterre"), message(text="Nanterre", date=1_764_000_009)
    keys = [arrival.key for arrival in map(arrival_of, (message(text="Nanterre"), again, later)) if arrival]
    assert keys[0] == keys[1] != keys[2]


def test_in_a_group_only_a_command_is_for_the_bot() -> None:
    command = arrival_of(message(GROUP, text="/start"))
    assert command is not None
    assert command.event.kind is Gesture.IN_A_GROUP
    assert arrival_of(message(GROUP, text="on mange quoi ?")) is None


def test_whoever_blocks_the_bot_has_left() -> None:
    member = {"user": {"id": 1, "is_bot": True, "first_name": "bot"}, "status": "member"}
    gone = {**member, "status": "kicked", "until_date": 0}
    change = {"chat": PRIVATE, "from": AMINA, "date": 1_764_000_000, "old_chat_member": member}
    blocked = Update.de_json({"update_id": 1, "my_chat_member": {**change, "new_chat_member": gone}}, None)
    back = Update.de_json({"update_id": 2, "my_chat_member": {**change, "new_chat_member": member}}, None)
    assert blocked
    assert back
    assert left_by(blocked) == "1001"
    assert left_by(back) is None


def test_an_answer_to_a_tap_comes_after_what_there_is_to_read() -> None:
    messages = compose([Reply("Où ?")], "1001", "12", {"tap": "q1", "edit": 7}, NOW)
    assert [m.message["call"] for m in messages] == ["send", "answer"]
    assert [pace_of(m.message) for m in messages] == [Pace.MESSAGE, Pace.FREE]
    assert messages[1].expires_at is not None
    assert len({m.dedupe_key for m in messages}) == 2


def test_what_reads_better_in_place_edits_the_message_that_was_tapped() -> None:
    reply = Reply("La suite", edits=True)
    assert compose([reply], "1", "2", {"tap": "q", "edit": 7}, NOW)[0].message["message_id"] == 7
    assert compose([reply], "1", "2", {}, NOW)[0].message["call"] == "send"


def test_names_are_escaped_and_cards_numbered_with_their_buttons() -> None:
    cards = tuple(
        Card(f"<b>Chez {who}</b> & Cie", ("une ligne",), "note", (Choice("Détails", f"fiche:{who}"),)) for who in "AB"
    )
    sent = compose([Reply("Deux", cards)], "1", "2", {}, NOW)[0].message
    plain, _entities = tgmarkup.parse(sent["text"], "HTML")
    assert "1. <b>Chez A</b> & Cie" in plain
    assert [row[0]["label"] for row in sent["keyboard"]["inline"]] == ["1 · Détails", "2 · Détails"]


def test_telegram_is_never_given_a_button_that_calls() -> None:
    reply = Reply("Appelez", choices=((Choice("Appeler le 15", url="tel:15"),), (Choice("Continuer", "reprendre:"),)))
    sent = compose([reply], "1", "2", {}, NOW)[0].message
    assert sent["keyboard"]["inline"] == [[{"label": "Continuer", "data": "reprendre:"}]]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=9000))
def test_a_long_text_is_cut_into_messages_telegram_accepts(text: str) -> None:
    reply = Reply(text, cards=(Card(text[:50], (text[50:500],), text[500:600]),))
    for outgoing in compose([reply], "1", "2", {}, NOW):
        plain, _entities = tgmarkup.parse(outgoing.message["text"], "HTML")
        assert tgmarkup.u16(plain) <= 4096


@given(st.text(" \nab&<é😀", max_size=400), st.integers(20, 60))
def test_cutting_loses_no_word(text: str, longest: int) -> None:
    parts = split(text.replace("&", "&amp;").replace("<", "&lt;"), longest)
    joined = "".join("".join(parts).split())
    wanted = "".join(text.replace("&", "&amp;").replace("<", "&lt;").split()) or "…"
    assert joined == wanted
    assert all(tgmarkup.u16(part) <= longest for part in parts)
