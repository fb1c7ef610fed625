"""The turn: handled once, in order, whole or not at all, and nothing said is kept longer than it serves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, func, select

from bot import runner as runner_module
from bot.channels.telegram_messages import CHANNEL, compose
from bot.inbox import Arrival
from bot.runner import Runner
from catalogue.database import reading, writing
from catalogue.places import Place, PlaceIndex
from catalogue.tables import conversations, inbox, outbox
from handlers.dialogue import Event, Gesture
from scheduler.retention import forget_the_silent
from tests.handlers.memory import shipped_understander

NANTERRE = Place("92050", "Nanterre", "COM", None, ("92000",), "92", "Hauts-de-Seine", 96000, 48.8922, 2.2069)
SCEAUX = Place("92071", "Sceaux", "COM", None, ("92330",), "92", "Hauts-de-Seine", 20000, 48.7789, 2.2911)


@pytest.fixture
def runner(engine: Engine) -> Runner:
    return Runner(engine, PlaceIndex([NANTERRE, SCEAUX]), shipped_understander(), {CHANNEL: compose})


def said(key: str, text: str, person: str = "1001", channel: str = "telegram") -> Arrival:
    kind = Gesture.STARTED if text == "/start" else Gesture.SAID
    return Arrival(channel, key, person, Event(kind, "" if text == "/start" else text), {})


def answers(runner: Runner, person: str = "1001") -> dict[str, Any] | None:
    with reading(runner.engine) as connection:
        row = connection.execute(select(conversations.c.state).where(conversations.c.person == person)).first()
    return row.state["answers"] if row else None


def texts(runner: Runner) -> list[str]:
    with reading(runner.engine) as connection:
        return [
            message["text"] for message in connection.execute(select(outbox.c.message).order_by(outbox.c.id)).scalars()
        ]


def handle_all(runner: Runner, person: str = "1001") -> int:
    count = 0
    while runner.handle_next("telegram", person):
        count += 1
    return count


def test_an_update_delivered_twice_is_handled_once(runner: Runner) -> None:
    runner.receive([said("1", "/start")])
    runner.receive([said("1", "/start"), said("2", "manger")])
    assert handle_all(runner) == 1
    assert runner.receive([said("2", "manger")])
    assert handle_all(runner) == 0
    assert len(texts(runner)) == 2


def test_an_event_that_comes_alone_is_handled_as_it_is_stored(runner: Runner) -> None:
    assert runner.receive([said("1", "/start")])
    assert not runner.receive([said("2", "manger"), said("3", "Nanterre")])
    assert runner.receive([said("4", "Sceaux")]), "what waited before it is handled before it"
    assert answers(runner) == {"besoin": "alimentation", "lieu": {"insee": "92071", "shared": False}}


def test_what_one_person_says_is_handled_in_order(runner: Runner) -> None:
    runner.receive([said("1", "/start"), said("2", "manger"), said("3", "Nanterre"), said("4", "Sceaux")])
    handle_all(runner)
    assert answers(runner) == {"besoin": "alimentation", "lieu": {"insee": "92071", "shared": False}}


def test_many_threads_handle_each_event_once(runner: Runner) -> None:
    people = [str(n) for n in range(12)]
    for number, line in enumerate(("/start", "manger", "Nanterre")):
        runner.receive([said(f"{person}:{number}", line, person) for person in people])
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda person: handle_all(runner, person), people * 3))
    with reading(runner.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(outbox)) == len(people) * 3
        assert connection.scalar(select(func.count()).select_from(inbox).where(inbox.c.handled_at.is_(None))) == 0
    assert all((answers(runner, person) or {})["besoin"] == "alimentation" for person in people)


def test_what_was_said_is_dropped_once_handled(runner: Runner) -> None:
    runner.receive([said("1", "je cherche à manger")])
    handle_all(runner)
    with reading(runner.engine) as connection:
        row = connection.execute(select(inbox)).one()
    assert (row.person, row.event, row.origin) == ("", None, None)


def test_a_turn_that_fails_leaves_nothing_behind_and_is_given_up_with_an_apology(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runner.receive([said("1", "/start"), said("2", "mon secret"), said("3", "manger")])
    assert runner.handle_next("telegram", "1001")
    real = runner_module.advance

    def failing(state: Any, event: Event, desk: Any) -> Any:
        if event.text == "mon secret":
            raise ValueError("mon secret")
        return real(state, event, desk)

    monkeypatch.setattr(runner_module, "advance", failing)
    handle_all(runner)
    assert len(texts(runner)) == 3
    assert texts(runner)[1].startswith("Pardon")
    assert answers(runner) == {"besoin": "alimentation"}
    assert "mon secret" not in caplog.text


def test_a_conversation_silent_for_a_day_starts_again_and_is_dropped(runner: Runner) -> None:
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        runner.receive([said("1", "/start"), said("2", "manger")])
        handle_all(runner)
    with time_machine.travel(start + timedelta(hours=24), tick=False):
        runner.receive([said("3", "Nanterre")])
        handle_all(runner)
        assert answers(runner) == {"lieu": {"insee": "92050", "shared": False}}
    with writing(runner.engine) as connection:
        assert forget_the_silent(connection, start + timedelta(hours=48)) == 1
    assert answers(runner) is None


def test_erasing_leaves_nothing_tied_to_the_person(runner: Runner) -> None:
    erase = Arrival("telegram", "9", "1001", Event(Gesture.TAPPED, "effacer:oui"), {})
    runner.receive([said("1", "/start"), said("2", "manger"), erase])
    handle_all(runner)
    with writing(runner.engine) as connection:
        connection.execute(outbox.update().values(settled_at=datetime.now(UTC)))
    runner.forget("telegram", "1001")
    with reading(runner.engine) as connection:
        assert connection.execute(select(conversations)).all() == []
        assert connection.execute(select(outbox)).all() == []
        assert set(connection.execute(select(inbox.c.person)).scalars()) == {""}


def test_the_web_keeps_what_it_shows_again_and_forgets_it_on_demand(runner: Runner) -> None:
    for number, line in enumerate(("/start", "manger", "Nanterre")):
        runner.turn(said(str(number), line, "p", "web"))
    history = runner.conversation("web", "p") or []
    assert [bubble["words"] for bubble in history if "words" in bubble] == ["manger", "Nanterre"]
    runner.turn(said("9", "annuler", "p", "web"))
    history = runner.conversation("web", "p") or []
    assert [list(bubble) for bubble in history] == [["reply"]]


def test_a_form_sent_twice_is_handled_once(runner: Runner) -> None:
    for key in ("1", "2", "2"):
        runner.turn(said(key, "/start" if key == "1" else "manger", "p", "web"))
    assert len(runner.conversation("web", "p") or []) == 3
