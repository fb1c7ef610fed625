"""What is due reaches the outbox once; who counts on a date hears what becomes of it; what is lost comes back."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update

from bot.channels.telegram_messages import CHANNEL
from catalogue.database import open_database, writing
from catalogue.hours import PARIS
from catalogue.tables import events, outbox
from handlers.planning import due_at
from scheduler.outbox import State, expire
from scheduler.outgoing import Outgoing, put
from scheduler.retention import drop, forget_the_silent
from scheduler.telling import tell_due
from tests.scheduler.telling import (
    BOTH,
    COMPOSERS,
    NOON,
    SATURDAY,
    a_date,
    ask,
    change,
    in_paris,
    letters,
    paris,
    planned,
    put_back,
    send,
    texts,
    tick,
)

EVE = paris(11, 27, 18)


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


def test_a_reminder_leaves_once_when_it_is_due_and_expires_with_its_date(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001")
    tick(engine, EVE - timedelta(seconds=1))
    assert letters(engine) == []
    tick(engine, EVE)
    tick(engine, EVE + timedelta(minutes=1))
    (row,) = letters(engine)
    assert row.message["text"].startswith("Rappel : Repair café, demain de 14 h à 16 h")
    assert (row.person, row.due_at, row.expires_at) == ("1001", EVE, SATURDAY)
    assert row.dedupe_key == f"rappel:telegram:1001:{int(EVE.timestamp())}:0"
    assert planned(engine) == [("1001", "11-27 18:00", "queued")]


def test_the_reminders_of_a_person_at_the_same_moment_are_one_message(engine: Engine) -> None:
    for nom in ("Repair café", "Fête du troc"):
        event = a_date(engine, nom=nom)
        ask(engine, event, "1001", "1002")
    tick(engine, EVE)
    assert [row.person for row in letters(engine)] == ["1001", "1002"]
    message = letters(engine)[0].message
    assert "Repair café" in message["text"]
    assert "Fête du troc" in message["text"]
    labels = [button["label"] for row in message["keyboard"]["inline"] for button in row]
    assert [label for label in labels if "Ne plus me le rappeler" in label] == [
        "1 · Ne plus me le rappeler",
        "2 · Ne plus me le rappeler",
    ]
    assert labels.count("Mes rappels") == labels.count("Tout arrêter") == 1


def test_a_message_cut_because_it_is_long_reaches_each_person_whole_and_in_order(engine: Engine) -> None:
    for number in range(4):
        ask(engine, a_date(engine, nom=f"{number} " + "très " * 300), "1001", "1002")
    tick(engine, EVE)
    keys = [row.dedupe_key for row in letters(engine)]
    for person in ("1001", "1002"):
        parts = [row.message["text"] for row in letters(engine) if row.person == person]
        assert len(parts) > 1
        assert [key for key in keys if f":{person}:" in key] == [
            f"rappel:telegram:{person}:{int(EVE.timestamp())}:{number}" for number in range(len(parts))
        ]
        assert [f"{number} très" in "".join(parts) for number in range(4)] == [True] * 4


def test_a_cut_message_that_lost_its_beginning_is_written_whole_again(engine: Engine) -> None:
    for number in range(4):
        ask(engine, a_date(engine, nom=f"{number} " + "très " * 300), "1001")
    tick(engine, EVE)
    before = [(row.dedupe_key, row.message) for row in letters(engine)]
    with writing(engine) as connection:
        connection.execute(delete(outbox).where(outbox.c.dedupe_key == before[0][0]))
    assert put_back(engine, EVE) == 1
    assert [(row.dedupe_key, row.message) for row in letters(engine)] == before


def test_a_reminder_that_comes_due_after_the_message_of_its_second_has_a_message_of_its_own(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001")
    tick(engine, EVE)
    ask(engine, a_date(engine, nom="Fête du troc"), "1001")
    tick(engine, EVE)
    assert len({row.dedupe_key for row in letters(engine)}) == 2


starts = [int(day.timestamp()) // 60 for day in (paris(10, 24), paris(3, 27, year=2027), paris(2, 28, year=2028))]
moments = st.one_of([st.integers(start, start + 48 * 60) for start in starts])  # in minutes


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments, st.lists(st.integers(-60, 60), max_size=6))
@example(int(paris(10, 25, 2, 30).timestamp()) // 60, [])
@example(int(paris(3, 28, 3, 0, year=2027).timestamp()) // 60, [0, 1])
def test_around_clock_changes_and_leap_days_each_reminder_leaves_once_at_its_hour(
    sqlite_engine: Engine, minute: int, ticks: list[int]
) -> None:
    starts_at = datetime.fromtimestamp(minute * 60, UTC)
    person = f"{uuid4()}"
    event = a_date(sqlite_engine, starts_at, person)
    ask(sqlite_engine, event, person, starts_at=starts_at, ahead=BOTH, now=starts_at - timedelta(days=3))
    due = sorted(at for one in BOTH if (at := due_at(starts_at, False, one, PARIS)))
    for at in sorted(one + timedelta(minutes=late) for one in due for late in (-1, 0, 1, *ticks)):
        with time_machine.travel(at, tick=False):
            tick(sqlite_engine, datetime.now(UTC))
            put_back(sqlite_engine, datetime.now(UTC))
    told = [row.due_at for row in letters(sqlite_engine) if row.person == person]
    assert told == due
    assert all(8 <= at.astimezone(PARIS).hour < 21 and at < starts_at for at in told)


def test_two_schedulers_at_once_make_each_message_once(engine: Engine) -> None:
    event = a_date(engine)
    people = [str(number) for number in range(60)]
    ask(engine, event, *people)

    def one_scheduler(_: int) -> int:
        with writing(engine) as connection:
            return tell_due(connection, EVE, COMPOSERS, most=7)

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(one_scheduler, range(12)))
    assert sum(taken) == 60
    assert sorted(row.person for row in letters(engine)) == sorted(people)


def test_what_comes_due_in_a_sleep_leaves_in_the_morning_or_not_at_all(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001")
    early = paris(11, 28, 7, 30)
    ask(engine, a_date(engine, early, "Marché"), "1002", starts_at=early)
    tick(engine, paris(11, 27, 23))
    assert [(row.person, in_paris(row.due_at)) for row in letters(engine)] == [("1001", "11-28 08:00")]
    assert "aujourd'hui" in texts(engine)[0], "it is read in the morning"
    assert planned(engine) == [("1001", "11-27 18:00", "queued"), ("1002", "11-27 18:00", "missed")]


def test_what_waited_in_the_outbox_during_a_sleep_does_not_leave_at_night_nor_after_its_date(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001")
    early = paris(11, 28, 7, 30)
    ask(engine, a_date(engine, early, "Marché"), "1002", starts_at=early)
    tick(engine, EVE)
    assert send(engine, paris(11, 27, 23)) == []
    assert send(engine, paris(11, 28, 7, 59)) == []
    with writing(engine) as connection:
        assert expire(connection, paris(11, 28, 7, 59)) == 1
    assert send(engine, paris(11, 28, 8)) == ["1001"]


def test_at_night_an_answer_does_not_wait_behind_what_waits_for_the_morning(engine: Engine) -> None:
    ask(engine, a_date(engine), *(str(number) for number in range(50)))
    ask(engine, a_date(engine, nom="À Saint-Denis", departement="974"), "974")
    tick(engine, EVE)
    night = paris(11, 27, 23)
    with writing(engine) as connection:
        put(connection, [Outgoing(CHANNEL, "2000", {"call": "send", "text": "Bonjour"}, "answer", night)])
    assert send(engine, night, most=10) == ["2000"]
    assert sorted({in_paris(row.due_at) for row in letters(engine) if row.message}) == ["11-28 05:00", "11-28 08:00"]


def test_a_change_that_was_not_urgent_does_not_leave_at_night_after_a_sleep(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    assert send(engine, paris(11, 22, 23)) == []
    assert send(engine, paris(11, 23, 8)) == ["1001"]


def test_nobody_is_reminded_of_what_has_begun(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001")
    tick(engine, SATURDAY)
    assert letters(engine) == []
    assert planned(engine)[0][2] == "missed"


def test_everybody_who_asked_hears_that_a_date_is_cancelled_with_what_else_is_near(engine: Engine) -> None:
    event = a_date(engine)
    near = [a_date(engine, paris(11, 23 + day, 18), f"Atelier {day}", point=(48.90, 2.21)) for day in range(4)]
    far = a_date(engine, paris(11, 23, 18), "À Lyon", point=(45.76, 4.83))
    ask(engine, event, "1001", "1002", ahead=BOTH)
    ask(engine, near[3], "1003", starts_at=paris(11, 26, 18))
    change(engine, event, status="cancelled")
    tick(engine, NOON)
    assert [row.person for row in letters(engine)] == ["1001", "1002"]
    text = letters(engine)[0].message["text"]
    assert text.startswith("Annulé : Repair café, samedi 28 novembre à 14 h. N'y allez pas.")
    assert [f"Atelier {day}" in text for day in range(4)] == [True, True, True, False]
    assert far
    assert "Lyon" not in text
    tick(engine, paris(11, 25, 18))
    tick(engine, EVE)
    assert [row.person for row in letters(engine)] == ["1001", "1002", "1003"]
    assert {state for person, _, state in planned(engine) if person != "1003"} == {"told"}


def test_an_event_cancelled_as_a_whole_is_told_like_a_date(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001")
    with writing(engine) as connection:
        connection.execute(update(events).values(status="cancelled"))
    tick(engine, NOON)
    assert texts(engine)[0].startswith("Annulé : Repair café")


def test_a_reminder_about_to_leave_for_a_cancelled_date_is_taken_back(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    tick(engine, EVE)
    change(engine, event, status="cancelled")
    tick(engine, EVE + timedelta(seconds=5))
    assert [row.state for row in letters(engine)] == ["expired", "created"]
    assert texts(engine)[0].startswith("Annulé")


def test_taking_back_one_date_of_a_message_writes_the_other_again(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    ask(engine, a_date(engine, nom="Fête du troc"), "1001")
    tick(engine, EVE)
    change(engine, event, status="cancelled")
    tick(engine, EVE + timedelta(seconds=5))
    assert [text.split(",")[0] for text in texts(engine)] == ["Annulé : Repair café", "Rappel : Fête du troc"]


def test_who_was_reminded_hears_of_a_date_that_moves_and_is_reminded_again(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001", ahead=BOTH)
    tick(engine, EVE)
    send(engine, EVE)
    put_back(engine, EVE)
    sunday = SATURDAY + timedelta(days=1, hours=4)
    change(engine, event, starts_at=sunday, ends_at=sunday, status="moved")
    tick(engine, EVE + timedelta(minutes=30))
    (text,) = texts(engine)
    assert text.startswith("Changement : Repair café n'est plus samedi 28 novembre à 14 h. C'est dimanche 29 novembre")
    assert planned(engine) == [("1001", "11-28 18:00", "waiting"), ("1001", "11-29 16:00", "waiting")]
    tick(engine, SATURDAY + timedelta(hours=4))
    assert texts(engine)[-1].startswith("Rappel : Repair café, demain")


def test_a_date_that_takes_place_after_all_is_told_and_reminded_of(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    for minute, status in enumerate(("cancelled", "planned", "cancelled", "planned")):
        change(engine, event, status=status)
        tick(engine, NOON + timedelta(minutes=minute))
    assert [text.split(" :")[0] for text in texts(engine)] == ["Annulé", "Finalement, cela a bien lieu"] * 2
    assert planned(engine) == [("1001", "11-27 18:00", "waiting")]


def test_a_date_that_is_full_is_no_news(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    change(engine, event, status="full")
    tick(engine, NOON)
    assert letters(engine) == []


def test_at_night_only_what_is_cancelled_for_today_or_tomorrow_morning_is_told(engine: Engine) -> None:
    for nom, starts_at in {
        "Ce soir": paris(11, 27, 23),
        "Demain matin": paris(11, 28, 11),
        "Demain soir": paris(11, 28, 19),
    }.items():
        event = a_date(engine, starts_at, nom)
        ask(engine, event, nom, starts_at=starts_at, ahead=BOTH)
        change(engine, event, status="cancelled")
    tick(engine, paris(11, 27, 22))
    assert {row.person: in_paris(row.due_at) for row in letters(engine)} == {
        "Ce soir": "11-27 22:00",
        "Demain matin": "11-27 22:00",
        "Demain soir": "11-28 08:00",
    }
    assert sorted(send(engine, paris(11, 27, 22))) == ["Ce soir", "Demain matin"]
    assert send(engine, paris(11, 28, 8)) == ["Demain soir"]


def test_an_all_day_date_cancelled_in_its_morning_is_still_told(engine: Engine) -> None:
    day = paris(11, 28)
    event = a_date(engine, day, all_day=True)
    ask(engine, event, "1001", starts_at=day)
    change(engine, event, status="cancelled")
    tick(engine, paris(11, 28, 9))
    assert send(engine, paris(11, 28, 9)) == ["1001"]


def test_a_date_that_is_over_is_told_to_nobody(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, "1001")
    change(engine, event, status="cancelled")
    tick(engine, SATURDAY + timedelta(minutes=1))
    assert letters(engine) == []


def test_what_is_lost_from_the_outbox_comes_back_and_nothing_else(engine: Engine) -> None:
    event = a_date(engine)
    ask(engine, event, *(str(number) for number in range(300)))
    tick(engine, EVE)
    before = {row.dedupe_key: row.message for row in letters(engine)}
    lost = random.Random(5).sample([row.id for row in letters(engine)], 30)
    with writing(engine) as connection:
        connection.execute(delete(outbox).where(outbox.c.id.in_(lost)))
    assert put_back(engine, EVE) == 30
    assert {row.dedupe_key: row.message for row in letters(engine)} == before
    assert put_back(engine, EVE) == 0


def test_reconciling_notes_what_was_told_and_what_was_missed(engine: Engine) -> None:
    event = a_date(engine)
    for state in (State.SENT, State.UNCERTAIN, State.FAILED):
        ask(engine, event, state)
    tick(engine, EVE)
    with writing(engine) as connection:
        connection.execute(update(outbox).values(state=outbox.c.person, settled_at=EVE, message=None))
    put_back(engine, EVE)
    assert {person: state for person, _, state in planned(engine)} == {
        "sent": "told",
        "uncertain": "told",
        "failed": "missed",
    }


def test_what_expired_with_a_sooner_date_is_written_again_for_the_other(engine: Engine) -> None:
    sooner = a_date(engine, SATURDAY - timedelta(hours=3), "Marché")
    ask(engine, sooner, "1001", starts_at=SATURDAY - timedelta(hours=3))
    ask(engine, a_date(engine), "1001")
    tick(engine, EVE)
    now = SATURDAY - timedelta(hours=1)
    with writing(engine) as connection:
        expire(connection, now)
    put_back(engine, now)
    tick(engine, now)
    assert [text.split(",")[0] for text in texts(engine)] == ["Rappel : Repair café"]


def test_a_conversation_dropped_or_forgotten_does_not_remind_twice(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001")
    tick(engine, EVE)
    send(engine, EVE)
    with writing(engine) as connection:
        drop(connection, CHANNEL, "1001")
    assert put_back(engine, EVE) == 0
    with writing(engine) as connection:
        forget_the_silent(connection, EVE + timedelta(days=2))
    assert put_back(engine, EVE + timedelta(days=2)) == 0


def test_what_is_over_is_dropped_a_day_later(engine: Engine) -> None:
    ask(engine, a_date(engine), "1001")
    put_back(engine, SATURDAY + timedelta(hours=25))
    assert len(planned(engine)) == 1
    put_back(engine, SATURDAY + timedelta(hours=27))
    assert planned(engine) == []
