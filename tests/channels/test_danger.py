"""Whoever is in danger is told whom to call, on every channel, even when the database does not answer."""

import logging
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.terminal import Terminal
from bot.runner import Runner
from catalogue.database import open_database, reading
from catalogue.needs import Emergency
from catalogue.tables import inbox
from handlers.emergency import NUMBERS
from tests import outage
from tests.botapi.drive import Answer, Telegram, free_port
from tests.channels.visitor import Visitor
from tests.outage import out_of_reach
from tests.telegram import Mode, StartTelegramBot

DANGER, ORDINARY = "je veux mourir", "je cherche un vélo"  # in the log, an accent would be written \u00e9
NUMBER = "3114"
PART = {"X-Fragment": "1"}
MODES: tuple[Mode, ...] = ("polling", "webhook")
# What the product writes when an update could not be taken in: Telegram will bring it again.
NOT_TAKEN_IN: dict[Mode, str] = {"polling": "updates could not be received: ", "webhook": "a page failed: "}


# ---- a database that does not answer ---------------------------------------------------------------


def lose_the_tables(runner: Runner) -> None:
    """A database that was not migrated, or of which nothing is left."""
    outage.lose_the_tables(runner.engine)


def spoil_the_file(runner: Runner) -> None:
    """What is no longer a database, on the disk."""
    runner.engine.dispose()
    Path(runner.engine.url.database or "").write_bytes(b"rien" * 4096)


def refuse_connections(runner: Runner) -> None:
    """A PostgreSQL that is stopped."""
    runner.engine = open_database(f"postgresql+psycopg://personne@127.0.0.1:{free_port()}/rien")


FAILURES = (lose_the_tables, spoil_the_file, refuse_connections)
whatever_fails = pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
with_and_without_script = pytest.mark.parametrize("headers", [{}, PART], ids=["page", "part"])


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Everything that was logged, the errors' own messages included."""
    return "\n".join(f"{record.getMessage()} {record.exc_info} {record.exc_text}" for record in caplog.records)


# ---- web -----------------------------------------------------------------------------------------


@whatever_fails
@with_and_without_script
async def test_on_the_web_somebody_in_danger_is_told_whom_to_call_without_the_database(
    visitor: Visitor,
    runner: Runner,
    fail: Callable[[Runner], None],
    headers: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await visitor.open()
    fail(runner)
    with caplog.at_level(logging.DEBUG):
        response = await visitor.send(headers, text=DANGER)
    assert response.status_code == HTTPStatus.OK
    assert response.headers.get("X-Fragment") == headers.get("X-Fragment")
    assert ("<html" in response.text) is (not headers)
    assert f'href="tel:{NUMBER}"' in response.text
    visitor.page = response.text
    said, answered = visitor.bubbles
    assert said == f"Vous : {DANGER}"
    assert answered.startswith("La Bonne Porte : Ce que vous vivez compte. Au 3114,")
    assert "mourir" not in logged(caplog)


@whatever_fails
@with_and_without_script
async def test_on_the_web_an_ordinary_message_fails_without_the_database_and_shows_the_way_to_the_numbers(
    visitor: Visitor,
    runner: Runner,
    fail: Callable[[Runner], None],
    headers: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await visitor.open()
    await visitor.tap("Manger")  # so that the words themselves are what cannot be stored
    fail(runner)
    with caplog.at_level(logging.DEBUG):
        response = await visitor.send(headers, text=ORDINARY)
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert ("<html" in response.text) is (not headers)
    assert "Ce n'est pas votre faute" in response.text.replace("&#39;", "'")
    if headers:
        assert 'href="/a-propos#urgence"' in response.text
        response = await visitor.open("/a-propos#urgence")  # which the script leads to, and needs no database
        assert response.status_code == HTTPStatus.OK
    for number in (number for numbers in NUMBERS.values() for number in numbers):
        assert f'href="tel:{number}"' in response.text
    assert "a page failed: " in logged(caplog)
    assert "cherche" not in logged(caplog)


@with_and_without_script
async def test_on_the_web_the_conversation_goes_on_once_the_database_answers_again(
    visitor: Visitor, shipped_engine: Engine, headers: dict[str, str]
) -> None:
    await visitor.open()
    form = visitor.hidden
    with out_of_reach(shipped_engine):
        response = await visitor.send(headers, text=DANGER)
    # The page carries a new one-use number, and no start any more; the script takes both from the part.
    (once,) = set(re.findall(r'(?:data-once|name="once" value)="([\w-]+)"', response.text))
    assert once != form["once"]
    assert 'name="start"' not in response.text
    after = {"csrf": form["csrf"], "once": once, "text": "je cherche à manger"}
    response = await visitor.client.post("/message", data=after, headers=headers, follow_redirects=True)
    assert response.status_code == HTTPStatus.OK
    assert "Où cherchez-vous" in response.text


async def test_on_the_web_a_page_in_danger_sent_again_is_answered_by_the_conversation(
    visitor: Visitor, shipped_engine: Engine
) -> None:
    await visitor.open()
    form = visitor.hidden | {"text": DANGER}
    with out_of_reach(shipped_engine):
        assert (await visitor.client.post("/message", data=form)).status_code == HTTPStatus.OK
    assert (await visitor.client.post("/message", data=form)).status_code == HTTPStatus.SEE_OTHER
    await visitor.open()
    assert visitor.bubbles.count(f"Vous : {DANGER}") == 1
    assert f'href="tel:{NUMBER}"' in visitor.page


# ---- Telegram ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_on_telegram_somebody_in_danger_is_told_once_whom_to_call_though_the_update_comes_twice(
    telegram_bot: StartTelegramBot, shipped_engine: Engine, mode: Mode
) -> None:
    with telegram_bot(mode) as telegram:
        person = telegram.user(1001)
        person.say("/start")
        with out_of_reach(shipped_engine):
            person.say(DANGER)
            telegram.do("redeliver", n=1)
            in_the_end(lambda: written(telegram).count(NOT_TAKEN_IN[mode]) >= 2)
            (_greeting, told) = sent_to(telegram, 1001)
            assert NUMBER in told.text
            assert told.buttons == ["Urgence : les numéros", "Recommencer"]
        in_the_end(lambda: len(sent_to(telegram, 1001)) > 2)
        assert NUMBER in sent_to(telegram, 1001)[2].text, "the update is handled, as any other"
        person.say("manger")
        assert "Où cherchez-vous" in telegram.answers[-1].text
        assert len(sent_to(telegram, 1001)) == 4
        assert waiting(shipped_engine) == 0
        assert "mourir" not in written(telegram)
        assert not telegram.problems()


def test_on_telegram_an_ordinary_message_waits_for_the_database(
    telegram_bot: StartTelegramBot, shipped_engine: Engine
) -> None:
    """By webhook; the next test says the same of polling."""
    with telegram_bot("webhook") as telegram:
        person = telegram.user(1002)
        person.say("/start")
        with out_of_reach(shipped_engine):
            person.say(ORDINARY, expect=0)
            in_the_end(lambda: written(telegram).count(NOT_TAKEN_IN["webhook"]) >= 2)
            assert len(sent_to(telegram, 1002)) == 1
        in_the_end(lambda: len(sent_to(telegram, 1002)) > 1)
        assert "Où cherchez-vous" in sent_to(telegram, 1002)[1].text
        assert waiting(shipped_engine) == 0
        assert "cherche" not in written(telegram)
        assert not telegram.problems()


def test_on_telegram_only_those_in_danger_are_written_to_when_updates_come_together(
    telegram_bot: StartTelegramBot, shipped_engine: Engine
) -> None:
    with telegram_bot("polling") as telegram:
        calm, in_danger = telegram.user(1003), telegram.user(1004)
        with out_of_reach(shipped_engine):
            calm.say(ORDINARY, expect=0)  # not acknowledged: it comes again with what follows
            in_danger.say(DANGER)
            in_the_end(lambda: written(telegram).count(NOT_TAKEN_IN["polling"]) >= 3)
            assert sent_to(telegram, 1003) == []
            assert [NUMBER in answer.text for answer in sent_to(telegram, 1004)] == [True]
        in_the_end(lambda: bool(sent_to(telegram, 1003)) and len(sent_to(telegram, 1004)) == 2)
        assert waiting(shipped_engine) == 0
        assert not telegram.problems()


def sent_to(telegram: Telegram, person: int) -> list[Answer]:
    """The messages a person received."""
    calls = telegram.get("events", kind="call", method="sendMessage", chat=person)["events"]
    return [Answer(call) for call in calls if call["status"] == HTTPStatus.OK]


def written(telegram: Telegram) -> str:
    """What the product wrote in its log."""
    log: str = telegram.bot_out.read_text()
    return log


def waiting(engine: Engine) -> int:
    """How many events are stored and not handled."""
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(inbox).where(inbox.c.handled_at.is_(None))) or 0


def in_the_end(happened: Callable[[], bool]) -> None:
    """Waits for it: the product, and the stand-in, take some seconds to try again."""
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


# ---- terminal ------------------------------------------------------------------------------------


@whatever_fails
def test_in_the_terminal_somebody_in_danger_is_shown_whom_to_call_without_the_database(
    runner: Runner, fail: Callable[[Runner], None]
) -> None:
    terminal = Terminal(runner, numbered=True)
    terminal.answer("/start")
    fail(runner)
    shown = terminal.answer(DANGER)
    assert "Au 3114, quelqu'un vous écoute jour et nuit" in shown
    assert "Appeler le 3114 → tel:3114" in shown
    with pytest.raises(SQLAlchemyError):
        terminal.answer(ORDINARY)


@pytest.mark.parametrize(
    ("words", "emergency"),
    [
        ("il est tombé il ne respire plus", Emergency.URGENCE_MEDICALE),
        (DANGER, Emergency.SUICIDE),
        ("mon mari me frappe", Emergency.VIOLENCES),
        ("je dors dehors ce soir", Emergency.SANS_ABRI),
        ("un enfant est battu par son père", Emergency.ENFANCE),
        ("mon fils se fait harceler à l'école", Emergency.HARCELEMENT),
        ("ma grand-mère est maltraitée à l'ehpad", Emergency.MALTRAITANCE),
    ],
)
def test_the_number_is_the_one_the_conversation_would_have_given(
    runner: Runner, shipped_engine: Engine, words: str, emergency: Emergency
) -> None:
    terminal = Terminal(runner, numbered=False)
    answered = terminal.answer(words).splitlines()
    with out_of_reach(shipped_engine):
        shown = terminal.answer(words).splitlines()
    assert shown[:2] == answered[:2]
    assert f"tel:{NUMBERS[emergency][0]}" in shown[1]
