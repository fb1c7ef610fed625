"""A photo of the poster through the wire of the Bot API: sent, fetched, shown back, kept, and sent to who verifies."""

import base64
import json
import urllib.request
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import delete, func, select

from bot.channels.telegram import arrival_of
from bot.channels.telegram_messages import LONGEST_BESIDE_A_PHOTO, compose, pace_of
from catalogue.database import open_database, reading, writing
from catalogue.entries import Mandate
from catalogue.needs import Role
from catalogue.roles import invite, new_secret
from catalogue.tables import initiatives, photo_fetches, photos
from handlers.dialogue import Choice, Reply
from scheduler.limits import Pace
from tests.botapi import tgmarkup
from tests.botapi.drive import TOKEN, Answer, Person, Telegram
from tests.channels.test_correspondent import pushed
from tests.channels.test_telegram import NOW, message
from tests.telegram import Mode, StartTelegramBot

SOMEONE, RESIDENT = 2001, 2002


def photo(kind: str = "JPEG", size: tuple[int, int] = (3000, 2000)) -> bytes:
    """A photo that says where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Un telephone"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0)})
    out = BytesIO()
    Image.new("RGB", size, "red").save(out, kind, exif=exif)
    return out.getvalue()


def send(person: Person, content: bytes, kind: str = "photo", expect: int = 1, **more: Any) -> list[Answer]:
    sent = {"base64": base64.b64encode(content).decode(), "name": "IMG_1.jpg", **more}
    return person._act("message", {kind: sent}, {"expect": expect})


def calls(telegram: Telegram, method: str) -> list[dict[str, Any]]:
    return [one for one in telegram.get("events", kind="call")["events"] if one["method"] == method]


def received(telegram: Telegram, call: dict[str, Any]) -> bytes:
    """What the person sees of a photo that was sent to them."""
    file_id = call["reply"]["photo"][-1]["file_id"]
    where = f"{telegram.url}/bot{TOKEN}/getFile?file_id={file_id}"
    with urllib.request.urlopen(where, timeout=5) as answer:
        path = json.load(answer)["result"]["file_path"]
    with urllib.request.urlopen(f"{telegram.url}/file/bot{TOKEN}/{path}", timeout=5) as answer:
        content: bytes = answer.read()
    return content


def nanterre(url: str) -> tuple[str, int]:
    """What makes somebody a correspondent of Nanterre, and an entry of theirs."""
    engine, secret = open_database(url), new_secret()
    with writing(engine) as connection:
        role = Mandate(0, Role.CORRESPONDANT, ("92050",), ())
        invite(connection, role, secret, Role.COORDINATEUR, datetime.now(UTC))
        entry = connection.scalars(select(initiatives.c.id).where(initiatives.c.nom == "Mon Épicerie")).one()
    engine.dispose()
    return f"i{secret}", entry


def asked(telegram: Telegram, url: str) -> Person:
    """A correspondent of whom a photo is asked."""
    someone, (link, entry) = telegram.user(SOMEONE), nanterre(url)
    someone.start(link)
    someone.tap("J'accepte")
    someone.start(f"f{entry}")
    someone.tap("Corriger")
    someone.tap("Photographier l'affiche")
    assert any("Envoyez la photo de l'affiche." in answer.text for answer in telegram.answers)
    return someone


@pytest.mark.parametrize("mode", ["polling", "webhook"])
def test_a_photo_is_fetched_shown_back_kept_and_sent_to_who_verifies(
    telegram_bot: StartTelegramBot, shipped_url: str, mode: Mode
) -> None:
    with telegram_bot(mode) as telegram:
        someone = asked(telegram, shipped_url)
        looking, shown = send(someone, photo(), expect=2)
        assert looking.text == "Je regarde la photo."
        assert shown.text == "Mon Épicerie\nVoici la photo. On lit bien l'affiche ?"
        assert shown["method"] == "sendPhoto"
        assert shown.buttons == ["Garder", "Une autre", "Annuler"]
        seen = Image.open(BytesIO(received(telegram, shown)))
        assert (seen.format, seen.size, dict(seen.getexif())) == ("JPEG", (1600, 1067), {})
        someone.tap("Garder")
        assert any("C'est gardé" in answer.text for answer in telegram.answers)
        someone.tap("Corriger autre chose")
        someone.tap("Voir l'affiche")
        assert any(answer["method"] == "sendPhoto" for answer in telegram.answers)
        assert received(telegram, calls(telegram, "sendPhoto")[-1]) == received(telegram, shown)
        assert not telegram.problems()


def test_the_same_on_postgresql_with_a_photo_sent_as_a_file(telegram_bot: StartTelegramBot, postgres_url: str) -> None:
    with telegram_bot(database_url=postgres_url) as telegram:
        someone = asked(telegram, postgres_url)
        _looking, shown = send(someone, photo("PNG"), "document", expect=2, mime="image/png")
        assert Image.open(BytesIO(received(telegram, shown))).size == (1600, 1067)
        assert not telegram.problems()


def test_a_photo_that_was_not_asked_for_is_not_fetched(telegram_bot: StartTelegramBot, shipped_url: str) -> None:
    with telegram_bot() as telegram:
        resident = telegram.user(RESIDENT)
        resident.say("/start")
        (answer,) = send(resident, photo())
        assert "Manger" in answer.buttons
        someone = asked(telegram, shipped_url)
        someone.tap("Annuler")
        send(someone, photo())
        assert calls(telegram, "getFile") == []
    engine = open_database(shipped_url)
    with reading(engine) as connection:
        assert [connection.scalar(select(func.count()).select_from(one)) for one in (photos, photo_fetches)] == [0, 0]
    engine.dispose()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "method": "getFile", "code": 502},
        {"kind": "error", "method": "getFile", "code": 429, "retry_after": 1},
        {"kind": "drop", "method": "getFile"},
        {"kind": "error", "method": "sendPhoto", "code": 500},
    ],
    ids=lambda fault: f"{fault['kind']}-{fault['method']}-{fault.get('code', '')}",
)
def test_a_failing_bot_api_delays_a_photo_but_does_not_lose_it(
    telegram_bot: StartTelegramBot, shipped_url: str, fault: dict[str, Any]
) -> None:
    with telegram_bot() as telegram:
        someone = asked(telegram, shipped_url)
        telegram.do("fault", **fault)
        send(someone, photo(size=(60, 40)), expect=2)
        shown = calls(telegram, "sendPhoto")
        while not (shown and shown[-1]["status"] == 200):
            pushed(telegram, SOMEONE, telegram.last())
            shown = calls(telegram, "sendPhoto")
        assert [one["status"] for one in shown].count(200) == 1


def test_what_is_too_heavy_or_no_photo_is_said_and_asked_again(
    telegram_bot: StartTelegramBot, shipped_url: str
) -> None:
    with telegram_bot() as telegram:
        someone = asked(telegram, shipped_url)
        for content, why in ((b"\0" * (11 << 20), "10 Mo au plus"), (b"rien", "JPEG, PNG et WebP")):
            _looking, said = send(someone, content, "document", expect=2, mime="image/jpeg")
            assert why in said.text
            assert "Annuler" in said.buttons
        assert send(someone, photo(size=(60, 40)), expect=2)[-1]["method"] == "sendPhoto"


def test_a_photo_removed_before_it_leaves_is_not_waited_for(telegram_bot: StartTelegramBot, shipped_url: str) -> None:
    with telegram_bot() as telegram:
        someone = asked(telegram, shipped_url)
        telegram.do("fault", kind="error", method="sendPhoto", code=429, retry_after=3)
        send(someone, photo(size=(60, 40)), expect=2)
        engine = open_database(shipped_url)
        with writing(engine) as connection:
            connection.execute(delete(photos))
        engine.dispose()
        (said, *_rest) = pushed(telegram, SOMEONE, telegram.last())
        assert said["method"] == "sendMessage"
        assert said.text.endswith("On lit bien l'affiche ?")


# How it is written.


def test_a_message_holds_the_number_of_a_photo_and_never_the_photo() -> None:
    reply = Reply("<Voici> & la photo", choices=((Choice("Garder", "affiche-garder:"),),), photo=12)
    (sent,) = compose([reply], "1", "2", {}, NOW)
    assert sent.message["call"] == "photo"
    assert sent.message["photo"] == 12
    assert sent.message["text"] == "&lt;Voici&gt; &amp; la photo"
    assert pace_of(sent.message) is Pace.MESSAGE


def test_what_is_long_is_said_after_the_photo_with_its_buttons() -> None:
    reply = Reply("un mot " * 400, choices=((Choice("Garder", "affiche-garder:"),),), photo=12)
    first, *others = [one.message for one in compose([reply], "1", "2", {}, NOW)]
    assert tgmarkup.u16(first["text"]) <= LONGEST_BESIDE_A_PHOTO
    assert [one["call"] for one in others] == ["send"] * len(others)
    assert "keyboard" in others[-1]


def test_a_photo_and_its_words_are_one_event() -> None:
    sizes = [{"file_id": name, "file_unique_id": name, "width": 9, "height": 9} for name in ("small", "large")]
    found = arrival_of(message(photo=sizes, caption="La porte"))
    assert found
    assert (found.event.text, found.event.photo) == ("La porte", "large")
    document = {"file_id": "sheet", "file_unique_id": "sheet", "mime_type": "application/pdf"}
    other = arrival_of(message(document=document))
    assert other
    assert other.event.photo == ""
