"""Whoever watches an entry hears when it closes or moves; nobody else hears anything."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from bot.channels.telegram_messages import CHANNEL
from catalogue.database import reading, writing
from catalogue.initiatives import Author, change_initiative
from catalogue.needs import Method
from catalogue.tables import watches
from scheduler.outbox import State
from scheduler.reminders import asked
from scheduler.watching import tell_watchers, unwatch, watch
from tests.scheduler.telling import COMPOSERS, NOON, an_entry, in_paris, letters, lose, paris, put_back, send, texts

AMINA = (CHANNEL, "1001")
BY_HAND = Author("coordinateur", Method.TELEPHONE)


@pytest.fixture
def entry(engine: Engine) -> int:
    return an_entry(engine)


def becomes(engine: Engine, entry: int, **values: Any) -> None:
    with writing(engine) as connection:
        change_initiative(connection, entry, values, BY_HAND)


def watched(engine: Engine, entry: int, person: str = "1001") -> None:
    with writing(engine) as connection:
        watch(connection, (CHANNEL, person), entry)


def told(engine: Engine, now: object = NOON) -> int:
    with writing(engine) as connection:
        return tell_watchers(connection, now, COMPOSERS)  # type: ignore[arg-type]


def test_who_watches_an_entry_hears_once_that_it_moves(engine: Engine, entry: int) -> None:
    watched(engine, entry)
    watched(engine, entry)
    assert told(engine) == 0
    becomes(engine, entry, adresse="8 place du Marché", complement_adresse="au fond de la cour")
    assert told(engine) == 1
    assert told(engine) == 0
    (row,) = letters(engine)
    assert row.person == "1001"
    assert "Ce lieu a changé d'adresse : 8 place du Marché, au fond de la cour, 92000 Nanterre." in row.message["text"]


@pytest.mark.parametrize(
    ("status", "said"),
    [("suspended", "Ce lieu est fermé pour le moment."), ("closed", "Ce lieu est fermé. N'y allez plus.")],
)
def test_who_watches_an_entry_hears_that_it_closes(engine: Engine, entry: int, status: str, said: str) -> None:
    watched(engine, entry)
    becomes(engine, entry, status=status)
    assert told(engine) == 1
    assert said in letters(engine)[0].message["text"].splitlines()


def test_what_may_still_be_taken_back_is_told_an_hour_later_or_never(engine: Engine, entry: int) -> None:
    in_the_chat = Author("correspondant", Method.BOT)
    watched(engine, entry)
    for hours, status, heard in ((0, "closed", 0), (3, "active", 0), (6, "closed", 1)):
        said_at = NOON + timedelta(hours=hours)
        with writing(engine) as connection:
            change_initiative(connection, entry, {"status": status}, in_the_chat, said_at)
        assert told(engine, said_at + timedelta(minutes=59)) == 0
        if status == "active" or heard:
            assert told(engine, said_at + timedelta(hours=1)) == heard


def watches_left(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(connection.execute(select(watches)).all())


def test_what_is_closed_is_watched_until_that_has_left_and_what_is_suspended_still_is(
    engine: Engine, entry: int
) -> None:
    watched(engine, entry)
    for hour, (status, left) in enumerate((("suspended", 1), ("active", 1), ("closed", 0))):
        becomes(engine, entry, status=status)
        at = NOON + timedelta(hours=hour)
        told(engine, at)
        put_back(engine, at)
        assert watches_left(engine) == 1
        assert told(engine, at) == 0, "it is not told twice meanwhile"
        send(engine, at)
        put_back(engine, at)
        assert watches_left(engine) == left
    assert len(letters(engine)) == 2, "that it opens again was not asked for"


def test_what_is_lost_is_told_again_once(engine: Engine, entry: int) -> None:
    watched(engine, entry)
    watched(engine, entry, "1002")
    for hour, status in enumerate(("suspended", "closed")):
        becomes(engine, entry, status=status)
        told(engine, NOON + timedelta(hours=hour))
        lost = letters(engine)[-1]
        lose(engine, lost.dedupe_key)
        later = NOON + timedelta(hours=hour, minutes=1)
        assert put_back(engine, later) == 1
        assert told(engine, later) == 1
        assert letters(engine)[-1].message == lost.message
        assert sorted(send(engine, later)) == ["1001", "1002"]
        assert put_back(engine, later) == told(engine, later) == 0
    assert watches_left(engine) == 0


@pytest.mark.parametrize("state", [State.FAILED, State.UNCERTAIN, State.EXPIRED])
def test_what_ended_its_way_is_not_told_again(engine: Engine, entry: int, state: State) -> None:
    watched(engine, entry)
    becomes(engine, entry, status="closed")
    told(engine)
    send(engine, NOON, state)
    assert put_back(engine, NOON) == told(engine) == watches_left(engine) == 0


def test_what_is_lost_and_no_longer_true_is_not_told_again(engine: Engine, entry: int) -> None:
    watched(engine, entry)
    becomes(engine, entry, status="closed")
    told(engine)
    becomes(engine, entry, status="active")
    lose(engine)
    assert put_back(engine, NOON) == 1
    assert told(engine, NOON + timedelta(minutes=1)) == 0
    assert watches_left(engine) == 1


def test_any_other_change_is_no_news(engine: Engine, entry: int) -> None:
    watched(engine, entry)
    becomes(engine, entry, telephone="+33147295050", description="On jardine.")
    assert told(engine) == 0


def test_at_night_the_news_waits(engine: Engine, entry: int) -> None:
    watched(engine, entry)
    becomes(engine, entry, status="closed")
    told(engine, paris(11, 22, 22))
    assert in_paris(letters(engine)[0].due_at) == "11-23 08:00"


def test_who_no_longer_watches_hears_nothing_and_what_does_not_exist_is_not_watched(engine: Engine, entry: int) -> None:
    watched(engine, entry)
    watched(engine, entry + 1)
    with writing(engine) as connection:
        (found,) = asked(connection, AMINA, NOON).watched
        assert found.nom == "Le Verger partagé"
        unwatch(connection, (CHANNEL, "1002"), entry)
        unwatch(connection, AMINA, entry)
    becomes(engine, entry, status="closed")
    assert told(engine, NOON + timedelta(days=1)) == 0
    assert texts(engine) == []
