"""Whole conversations through the wire of the Bot API, in polling and in webhook mode."""

import json
import time
import urllib.error
import urllib.request

import pytest

from tests.botapi.drive import TOKEN, Answer, Telegram
from tests.telegram import Mode, StartTelegramBot

MODES: tuple[Mode, ...] = ("polling", "webhook")


@pytest.mark.parametrize("mode", MODES)
def test_somebody_finds_what_they_need(telegram_bot: StartTelegramBot, mode: Mode) -> None:
    with telegram_bot(mode) as telegram:
        amina = telegram.user(1001, first_name="Amina", language_code="fr")
        amina.say("/start")
        assert "De quoi avez-vous besoin" in telegram.answers[-1].text
        asked = amina.tap("Manger")
        assert any("📍 Partager ma position" in answer.keys for answer in asked)
        (results,) = amina.say("Nanterre")
        assert results.text.index("Mon Épicerie") < results.text.index("3. ")
        amina.tap("1 · Détails")
        amina.tap("Revenir à la liste")
        amina.tap("Voir la suite")
        assert any("la suite" in answer.text for answer in telegram.answers)
        amina.tap("Ce n'est pas ça")
        amina.tap("Le lieu")
        amina.share(48.7789, 2.2911)
        assert "à Sceaux" in telegram.answers[0].text
        amina.tap("Un autre besoin ici")
        amina.tap("M'équiper, réparer")
        assert any("à Sceaux" in answer.text for answer in telegram.answers)
        assert not telegram.problems()


def test_the_same_on_postgresql(telegram_bot: StartTelegramBot, postgres_url: str) -> None:
    with telegram_bot(database_url=postgres_url) as telegram:
        someone = telegram.user(1010, first_name="Someone")
        someone.say("/start")
        someone.tap("Manger")
        someone.say("Nanterre")
        assert "Mon Épicerie" in telegram.answers[0].text
        someone.tap("Voir la suite")
        assert any("la suite" in answer.text for answer in telegram.answers)
        assert not telegram.problems()


@pytest.mark.parametrize("mode", MODES)
def test_back_old_taps_garbage_and_a_very_long_message_are_answered(telegram_bot: StartTelegramBot, mode: Mode) -> None:
    with telegram_bot(mode) as telegram:
        resident = telegram.user(1002, first_name="Resident")
        resident.say("/start")
        resident.tap("Voir du monde")
        resident.say("Retour")
        assert "De quoi avez-vous besoin" in telegram.answers[0].text
        resident.tap("Voir du monde")
        resident.tap("Me loger")
        assert any("plus valable" in answer.text for answer in telegram.answers)
        resident.say("<b>&amp; \u202e💥 '; DROP TABLE")
        resident.say("é" * 4000)
        assert "Je ne connais pas" in telegram.answers[0].text
        resident.send_file("photo.txt", "rien")
        resident.say("92000")
        assert "à Nanterre" in telegram.answers[0].text
        resident.say("/mesdonnees")
        resident.tap("Tout effacer")
        resident.tap("Oui, tout effacer")
        assert any("effacé" in answer.text for answer in telegram.answers)
        assert not telegram.problems()


def test_a_posters_link_already_knows_the_place_and_the_need(telegram_bot: StartTelegramBot) -> None:
    with telegram_bot() as telegram:
        newcomer = telegram.user(1003, first_name="Newcomer")
        newcomer.start("92050_alimentation")
        assert "Mon Épicerie" in telegram.answers[0].text
        assert not telegram.problems()


def test_who_blocks_the_bot_is_not_written_to_and_can_come_back(telegram_bot: StartTelegramBot) -> None:
    with telegram_bot() as telegram:
        leaving = telegram.user(1004, first_name="Leaving")
        leaving.say("/start")
        leaving.block()
        telegram.do("member", user=1004, status="member")
        leaving.say("manger")
        assert "Où cherchez-vous" in telegram.answers[0].text
        assert not telegram.problems()


def test_a_group_is_politely_declined(telegram_bot: StartTelegramBot) -> None:
    with telegram_bot() as telegram:
        telegram.do("group", user=1005, chat=-1001000000009, title="Voisins")
        telegram.do("message", user=1005, chat=-1001000000009, text="/start", first_name="Talker")
        assert "en privé" in _sent_in_the_end(telegram, "en privé")[0]
        assert not telegram.problems()


def test_an_update_delivered_again_is_answered_once(telegram_bot: StartTelegramBot) -> None:
    with telegram_bot() as telegram:
        ines = telegram.user(1006, first_name="Inès")
        ines.say("/start")
        since = telegram.last()
        telegram.do("redeliver", n=1)
        ines.say("manger")
        sent = [e for e in telegram.get("events", since=since, kind="call")["events"] if e["method"] == "sendMessage"]
        assert len(sent) == 1


def test_another_bot_may_take_over_a_database(telegram_bot: StartTelegramBot) -> None:
    """Update numbers are one bot's: the next one's start again, and must not look like what was already handled."""
    for _bot in range(2):
        with telegram_bot() as telegram:
            tom = telegram.user(1009, first_name="Tom")
            tom.say("/start")
            assert "De quoi avez-vous besoin" in telegram.answers[0].text


def test_a_webhook_call_without_the_secret_is_refused(telegram_bot: StartTelegramBot) -> None:
    with telegram_bot("webhook") as telegram:
        telegram.user(1007).say("/start")
        hook = telegram._http(urllib.request.Request(f"{telegram.url}/bot{TOKEN}/getWebhookInfo"))["result"]["url"]
        update = json.dumps({"update_id": 1}).encode()
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "faux"}):
            request = urllib.request.Request(hook, update, {"Content-Type": "application/json", **headers})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=5)
            refused.value.close()
            assert refused.value.code == 403


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "method": "sendMessage", "code": 500},
        {"kind": "error", "method": "sendMessage", "code": 429, "retry_after": 1},
        {"kind": "drop", "method": "sendMessage"},
        {"kind": "drop_after", "method": "sendMessage"},
        {"kind": "error", "method": "getUpdates", "code": 502},
    ],
    ids=lambda fault: f"{fault['kind']}-{fault['method']}-{fault.get('code', '')}",
)
def test_a_failing_bot_api_delays_an_answer_but_does_not_lose_it(
    telegram_bot: StartTelegramBot, fault: dict[str, object]
) -> None:
    with telegram_bot() as telegram:
        noor = telegram.user(1008, first_name="Noor")
        noor.say("/start")
        telegram.do("fault", **fault)
        noor.say("manger", expect=0)
        noor.say("Nanterre", expect=0)
        said = _sent_in_the_end(telegram, "Manger, à Nanterre")
        assert 1 <= sum("Où cherchez-vous" in text for text in said) <= 2
        assert said[-1].startswith("Manger, à Nanterre")


def _sent_in_the_end(telegram: Telegram, awaited: str) -> list[str]:
    """What reached the person, once what is awaited is there; the product takes some seconds to try again."""
    end = time.monotonic() + 20
    while True:
        calls = telegram.get("events", kind="call")["events"]
        said = [Answer(c).text for c in calls if c["method"] == "sendMessage" and c["status"] == 200]
        if any(awaited in text for text in said) or time.monotonic() > end:
            return said
        time.sleep(0.2)


def test_a_token_telegram_refuses_is_said_in_one_line(telegram_bot: StartTelegramBot) -> None:
    wrong = "123456789:AAFakeTokenThatIsNotTheRightOne_012345"
    with pytest.raises(RuntimeError) as refused, telegram_bot(TELEGRAM_TOKEN=wrong):
        pass
    assert "Telegram refuse TELEGRAM_TOKEN" in str(refused.value)
    assert "Traceback" not in str(refused.value)
    assert wrong not in str(refused.value)
