"""What an operator must know: what is due, late, sent, lost, and when each work was last done."""

from datetime import timedelta

from sqlalchemy import Engine, insert

from catalogue.database import reading, writing
from catalogue.tables import feeds
from scheduler.heartbeat import LATE, PERIODS, TICK_LASTS, Health, health, ran
from scheduler.outbox import State
from tests.scheduler.telling import BOTH, NOON, SATURDAY, a_date, ask, paris, send, tick

EVE = paris(11, 27, 18)


def seen(engine: Engine, now: object = EVE) -> Health:
    with reading(engine) as connection:
        return health(connection, now)  # type: ignore[arg-type]


def test_the_last_time_of_each_work_is_kept_and_why_it_failed_not_what_it_said(engine: Engine) -> None:
    with writing(engine) as connection:
        ran(connection, "tell", EVE - timedelta(seconds=5), ValueError("1001 a écrit…"))
        ran(connection, "feeds", EVE)
    assert [(tick.name, tick.at, tick.error) for tick in seen(engine).ticks] == [
        ("feeds", EVE, None),
        ("tell", EVE - timedelta(seconds=5), "ValueError"),
    ]
    with writing(engine) as connection:
        ran(connection, "tell", EVE)
    assert [tick.error for tick in seen(engine).ticks] == [None, None]


def test_a_work_that_stopped_is_seen(engine: Engine) -> None:
    assert not seen(engine).is_well(EVE), "nothing ever ran"
    with writing(engine) as connection:
        for name in PERIODS:
            ran(connection, name, EVE)
    assert seen(engine).is_well(EVE + TICK_LASTS)
    assert not seen(engine).is_well(EVE + TICK_LASTS + timedelta(seconds=1))


def test_every_work_is_done_more_often_than_it_is_missed() -> None:
    assert max(PERIODS.values()) <= TICK_LASTS.total_seconds() / 2


def test_what_is_due_late_and_sent_is_counted(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001", "1002", "1003", ahead=BOTH)
    found = seen(engine, NOON)
    assert (found.due, found.late, found.waiting, found.next_due_at) == (0, 0, 6, EVE)
    late = EVE + LATE + timedelta(seconds=1)
    assert seen(engine, late).late == 3, "reminders that no tick took"
    tick(engine, EVE)
    assert (seen(engine).due, seen(engine).late) == (3, 0)
    assert seen(engine, late).late == 3
    send(engine, EVE, State.UNCERTAIN)
    found = seen(engine, late)
    assert (found.due, found.late, found.waiting) == (0, 0, 3)
    assert found.settled == {State.SENT: 0, State.FAILED: 0, State.EXPIRED: 0, State.UNCERTAIN: 3}
    assert seen(engine, EVE + timedelta(hours=25)).settled[State.UNCERTAIN] == 0
    assert found.next_due_at == SATURDAY - timedelta(hours=2)


def test_the_feeds_that_fail_are_told_with_words(engine: Engine) -> None:
    rows = [
        {"url": "https://un.example/a.ics", "source": "un", "failures": 3, "error": "ne répond pas", "next_at": EVE},
        {"url": "https://deux.example/a.ics", "source": "deux", "failures": 0, "error": None, "next_at": EVE},
    ]
    with writing(engine) as connection:
        connection.execute(insert(feeds), rows)
    (feed,) = seen(engine).feeds
    assert (feed.source, feed.failures, feed.error) == ("un", 3, "ne répond pas")
