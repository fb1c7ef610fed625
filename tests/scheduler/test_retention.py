"""Forgetting, dropping, stopping: each removes what it says, and nothing of anybody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select

from bot.channels.telegram_messages import CHANNEL
from catalogue.database import reading, writing
from catalogue.needs import Rhythm
from catalogue.tables import conversations, drafts, outbox, reminders, subscriptions
from scheduler.outgoing import Outgoing, put
from scheduler.reminders import subscribe
from scheduler.retention import drop, forget, stop_telling
from tests.scheduler.telling import BOTH, NOON, a_date, ask, change, letters, lose, paris, put_back, send, tick

EVE = paris(11, 27, 18)


@pytest.fixture
def two_people(engine: Engine) -> Engine:
    """Both talk, were reminded of something, are about to be of something else, and wait for an answer."""
    troc = paris(11, 27, 20)
    ask(engine, a_date(engine, troc, "Fête du troc"), "1001", "1002", starts_at=troc)
    tick(engine, EVE - timedelta(days=1))
    send(engine, EVE - timedelta(days=1))
    ask(engine, a_date(engine), "1001", "1002", ahead=BOTH)
    tick(engine, EVE)
    with writing(engine) as connection:
        for person in ("1001", "1002"):
            subscribe(connection, (CHANNEL, person), "92050", None, Rhythm.DIMANCHE, NOON)
            row: dict[str, Any] = {"channel": CHANNEL, "person": person, "history": [], "updated_at": NOON}
            connection.execute(insert(conversations), row)
            put(connection, [Outgoing(CHANNEL, person, {"text": "Bonjour"}, f"telegram:{person}:0", EVE)])
    return engine


def left(engine: Engine, person: str) -> tuple[int, int, int, list[str]]:
    """How many conversations, reminders and subscriptions a person has, and the states of their messages."""
    with reading(engine) as connection:
        counts = [
            len(connection.execute(select(table).where(table.c.person == person)).all())
            for table in (conversations, reminders, subscriptions)
        ]
        states = select(outbox.c.state).where(outbox.c.person == person).order_by(outbox.c.id)
        return (*counts, list(connection.scalars(states)))  # type: ignore[return-value]


@pytest.mark.parametrize("act", [forget, stop_telling])
def test_what_was_being_told_is_not_told_again_to_who_stopped_it_all(
    engine: Engine, act: Callable[[Connection, str, str], None]
) -> None:
    event = a_date(engine)
    ask(engine, event, "1001", "1002")
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    with writing(engine) as connection:
        act(connection, CHANNEL, "1001")
    lose(engine, "changement:")
    assert put_back(engine, NOON) == 1
    tick(engine, NOON)
    assert [row.person for row in letters(engine)] == ["1002"]
    assert left(engine, "1001") == (0, 0, 0, [])


WHOLE = (1, 3, 1, ["sent", "created", "created"])


@pytest.mark.parametrize(
    ("act", "remains"),
    [
        (forget, (0, 0, 0, ["created"])),
        (drop, (0, 3, 1, ["sent", "created", "created"])),
        (stop_telling, (1, 0, 0, ["sent", "expired", "created"])),
    ],
)
def test_what_is_removed_is_what_was_asked_and_of_one_person(
    two_people: Engine, act: Callable[[Connection, str, str], None], remains: tuple[int, int, int, list[str]]
) -> None:
    assert left(two_people, "1001") == WHOLE
    with writing(two_people) as connection:
        act(connection, CHANNEL, "1001")
    assert left(two_people, "1001") == remains
    assert left(two_people, "1002") == WHOLE


def test_what_was_being_added_to_the_guide_is_forgotten_with_the_rest(engine: Engine) -> None:
    with writing(engine) as connection:
        for person in ("1001", "1002"):
            row = {"channel": CHANNEL, "person": person, "content": {"nom": "Le Verger"}, "updated_at": NOON}
            connection.execute(insert(drafts), row)
        forget(connection, CHANNEL, "1001")
        assert connection.scalars(select(drafts.c.person)).all() == ["1002"]
