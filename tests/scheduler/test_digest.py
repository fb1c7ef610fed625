"""The dates of a commune: once a week on Sunday at 18:00, or as they come, once a day at most."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from bot.channels.telegram_messages import CHANNEL
from catalogue.database import writing
from catalogue.needs import EventKind, Rhythm
from catalogue.tables import places
from scheduler.digest import MOST, tell_new, tell_week
from scheduler.outbox import State
from scheduler.reminders import asked, subscribe, unsubscribe
from tests.scheduler.telling import (
    COMPOSERS,
    NANTERRE,
    NOON,
    a_date,
    a_place,
    another_date,
    change,
    in_paris,
    letters,
    lose,
    paris,
    put_back,
    send,
)

SUNDAY = paris(11, 22, 18)
SOME_MINUTES = timedelta(minutes=20)  # longer than an import
SCEAUX = (48.7789, 2.2911)
LYON = (45.764, 4.8357)


@pytest.fixture(autouse=True)
def _communes(engine: Engine) -> None:
    rows = [
        a_place("92050", "Nanterre", "92", *NANTERRE),
        a_place("92071", "Sceaux", "92", *SCEAUX),
        a_place("69123", "Lyon", "69", *LYON),
    ]
    with writing(engine) as connection:
        connection.execute(insert(places), rows)


def want(
    engine: Engine,
    rhythm: Rhythm,
    person: str = "1001",
    insee: str = "92050",
    kind: EventKind | None = None,
    now: datetime = NOON,
) -> None:
    with writing(engine) as connection:
        subscribe(connection, (CHANNEL, person), insee, kind, rhythm, now)


def week(engine: Engine, now: datetime, most: int = 1000) -> int:
    with writing(engine) as connection:
        return tell_week(connection, now, COMPOSERS, most)


def as_they_come(engine: Engine, now: datetime) -> int:
    with writing(engine) as connection:
        return tell_new(connection, now, COMPOSERS)


def send_and_note(engine: Engine, now: datetime) -> list[str]:
    told = send(engine, now)
    put_back(engine, now)
    return told


def test_the_dates_of_the_week_are_told_once_on_sunday(engine: Engine) -> None:
    want(engine, Rhythm.DIMANCHE)
    a_date(engine)
    a_date(engine, paris(12, 5, 14), "Dans deux semaines")
    a_date(engine, nom="À Lyon", point=LYON)
    week(engine, SUNDAY - timedelta(seconds=1))
    assert letters(engine) == []
    for minute in range(3):
        week(engine, SUNDAY + timedelta(minutes=minute))
    (row,) = letters(engine)
    assert row.message["text"].startswith("1 rendez-vous près de Nanterre")
    assert "Repair café" in row.message["text"]
    assert "Dans deux semaines" not in row.message["text"]
    send_and_note(engine, SUNDAY)
    week(engine, SUNDAY + timedelta(days=7))
    assert len(letters(engine)) == 2


def test_a_process_that_slept_tells_what_is_left_of_the_week_in_the_morning(engine: Engine) -> None:
    want(engine, Rhythm.DIMANCHE)
    a_date(engine, paris(11, 23, 9), "Lundi matin")
    a_date(engine)
    assert week(engine, paris(11, 23, 23)) == 1
    (row,) = letters(engine)
    assert "Lundi matin" not in row.message["text"]
    assert in_paris(row.due_at) == "11-24 08:00"
    assert send(engine, paris(11, 23, 23, 30)) == []
    assert week(engine, paris(11, 24, 9)) == 0


def test_nothing_to_say_sends_nothing(engine: Engine) -> None:
    want(engine, Rhythm.DIMANCHE)
    want(engine, Rhythm.AU_FIL, "1002")
    change(engine, a_date(engine), status="cancelled")
    assert week(engine, SUNDAY) == 1
    assert week(engine, SUNDAY) == 0
    as_they_come(engine, SUNDAY)
    assert letters(engine) == []


def test_only_the_kind_that_was_asked_for_is_told(engine: Engine) -> None:
    want(engine, Rhythm.DIMANCHE, kind=EventKind.FETE_DU_TROC)
    a_date(engine)
    a_date(engine, nom="Grande fête", kind="fete-du-troc")
    week(engine, SUNDAY)
    (row,) = letters(engine)
    assert "Grande fête" in row.message["text"]
    assert "Repair café" not in row.message["text"]


def test_a_rare_kind_is_looked_for_further_than_all_there_is_at_hand(engine: Engine) -> None:
    want(engine, Rhythm.DIMANCHE, kind=EventKind.FETE_DU_TROC)
    want(engine, Rhythm.DIMANCHE, "1002")
    a_date(engine, nom="Grande fête", kind="fete-du-troc", point=(NANTERRE[0] + 0.05, NANTERRE[1]))
    first = paris(11, 24)
    often = a_date(engine, first)
    with writing(engine) as connection:
        for minute in range(1, MOST // 2):
            another_date(connection, often, first + timedelta(minutes=minute), NANTERRE)
    week(engine, SUNDAY)
    assert {row.person: "Grande fête" in row.message["text"] for row in letters(engine)} == {
        "1001": True,
        "1002": False,
    }


def test_several_kinds_of_a_commune_are_told_in_the_order_they_come(engine: Engine) -> None:
    for kind in (EventKind.REPAIR_CAFE, EventKind.FETE_DU_TROC):
        want(engine, Rhythm.DIMANCHE, kind=kind)
    a_date(engine, nom="Grande fête", kind="fete-du-troc")
    a_date(engine, paris(11, 23, 14), "Lundi")
    a_date(engine, paris(11, 27, 14), "Vendredi")
    week(engine, SUNDAY)
    (row,) = letters(engine)
    text = row.message["text"]
    assert text.index("Lundi") < text.index("Grande fête")


def test_the_communes_of_a_person_are_one_message_and_a_date_is_in_it_once(engine: Engine) -> None:
    for insee in ("92050", "92071", "69123"):
        want(engine, Rhythm.DIMANCHE, insee=insee)
    a_date(engine, nom="Entre deux communes")
    a_date(engine, nom="À Lyon", point=LYON)
    week(engine, SUNDAY)
    (row,) = letters(engine)
    assert row.message["text"].count("Entre deux communes") == 1
    assert "À Lyon" in row.message["text"]


def test_many_people_are_told_a_few_at_a_time_and_nobody_twice(engine: Engine) -> None:
    a_date(engine)
    for person in range(7):
        for insee in ("92050", "92071"):
            want(engine, Rhythm.DIMANCHE, str(person), insee)
    while week(engine, SUNDAY, most=5):
        pass
    assert sorted(row.person for row in letters(engine)) == [str(person) for person in range(7)]


def learn(engine: Engine, nom: str, at: datetime, **known: Any) -> None:
    a_date(engine, nom=nom, learnt_at=at, **known)


def titles(engine: Engine) -> list[list[str]]:
    """The events that each message that is still to leave tells of, of those named by one word."""
    return [re.findall(r"(?:<b>|\d\. )(\w+)</b>", row.message["text"]) for row in letters(engine) if row.message]


def test_what_is_new_is_told_as_it_comes_and_what_was_known_is_not(engine: Engine) -> None:
    learn(engine, "Avant", NOON - SOME_MINUTES)
    want(engine, Rhythm.AU_FIL)
    want(engine, Rhythm.DIMANCHE, "1002")
    assert as_they_come(engine, NOON + SOME_MINUTES) == 0
    assert letters(engine) == []
    learn(engine, "Après", NOON + timedelta(hours=1))
    assert as_they_come(engine, NOON + timedelta(hours=1) + SOME_MINUTES) == 1
    assert as_they_come(engine, NOON + timedelta(hours=2)) == 0
    (row,) = letters(engine)
    assert (row.person, in_paris(row.due_at)) == ("1001", "11-22 13:20")
    assert titles(engine) == [["Après"]]


def test_who_subscribes_later_is_told_less(engine: Engine) -> None:
    want(engine, Rhythm.AU_FIL, "1001")
    learn(engine, "Un", NOON + timedelta(minutes=1))
    want(engine, Rhythm.AU_FIL, "1002", now=NOON + timedelta(minutes=2))
    want(engine, Rhythm.AU_FIL, "1002", insee="92071", now=NOON + timedelta(minutes=4))
    learn(engine, "Deux", NOON + timedelta(minutes=3))
    learn(engine, "Trois", NOON + timedelta(minutes=5), point=SCEAUX)
    assert as_they_come(engine, NOON + timedelta(hours=1)) == 2
    assert [(row.person, sorted(told)) for row, told in zip(letters(engine), titles(engine), strict=True)] == [
        ("1001", ["Deux", "Trois", "Un"]),
        ("1002", ["Deux", "Trois"]),
    ]


def test_what_an_import_shows_late_is_told_although_another_that_began_later_was_over(engine: Engine) -> None:
    want(engine, Rhythm.AU_FIL)
    learn(engine, "Rapide", NOON + timedelta(minutes=2))
    as_they_come(engine, NOON + timedelta(minutes=5))
    learn(engine, "Long", NOON + timedelta(minutes=1))
    learn(engine, "Ensemble", NOON + timedelta(minutes=2))
    told = []
    for minute in range(6, 30):
        as_they_come(engine, NOON + timedelta(minutes=minute))
        told += [title for message in titles(engine) for title in message]
        send_and_note(engine, NOON + timedelta(days=1))
    assert sorted(told) == ["Ensemble", "Long", "Rapide"], "each once"


def test_what_comes_while_a_message_waits_to_leave_is_told_after_it(engine: Engine) -> None:
    want(engine, Rhythm.AU_FIL)
    learn(engine, "Un", NOON + timedelta(minutes=1))
    assert as_they_come(engine, NOON + SOME_MINUTES) == 1
    learn(engine, "Deux", NOON + SOME_MINUTES)
    assert as_they_come(engine, NOON + timedelta(hours=1)) == 0
    send_and_note(engine, NOON + timedelta(hours=1))
    assert as_they_come(engine, NOON + timedelta(hours=1)) == 1
    assert titles(engine) == [["Deux"]]


def test_what_is_no_longer_announced_is_not_told_as_new(engine: Engine) -> None:
    want(engine, Rhythm.AU_FIL)
    learn(engine, "Perdu", NOON + SOME_MINUTES, vanished_at=NOON.date())
    as_they_come(engine, NOON + timedelta(hours=1))
    assert letters(engine) == []
    assert as_they_come(engine, NOON + timedelta(hours=1)) == 0


def test_what_comes_later_the_same_day_waits_for_the_next_and_nothing_leaves_at_night(engine: Engine) -> None:
    want(engine, Rhythm.AU_FIL)
    for hour, nom in ((13, "Un"), (15, "Deux"), (23, "Trois")):
        learn(engine, nom, paris(11, 22, hour))
        as_they_come(engine, paris(11, 22, hour, 30))
        send_and_note(engine, paris(11, 22, hour, 30))
    assert [in_paris(row.due_at) for row in letters(engine)] == ["11-22 13:30", "11-23 08:00"]
    assert titles(engine) == [["Deux"]]
    for day in (23, 24):
        send_and_note(engine, paris(11, day, 8))
        as_they_come(engine, paris(11, day, 8, 1))
    assert [in_paris(row.due_at) for row in letters(engine)] == ["11-22 13:30", "11-23 08:00", "11-24 08:00"]


def test_a_week_that_is_lost_is_written_again_once_for_all_the_communes_of_a_person(engine: Engine) -> None:
    for insee in ("92050", "92071"):
        want(engine, Rhythm.DIMANCHE, insee=insee)
    want(engine, Rhythm.DIMANCHE, "1002")
    a_date(engine)
    week(engine, SUNDAY)
    before = {row.dedupe_key: row.message for row in letters(engine)}
    lose(engine, "semaine:telegram:1001:")
    assert put_back(engine, SUNDAY) == 1
    assert week(engine, SUNDAY) == 1
    assert {row.dedupe_key: row.message for row in letters(engine)} == before
    assert sorted(send_and_note(engine, SUNDAY)) == ["1001", "1002"]
    assert week(engine, SUNDAY) == 0
    week(engine, SUNDAY + timedelta(days=7))
    assert len(letters(engine)) == 2, "there is nothing the next week"


def test_what_was_new_and_is_lost_is_told_again_the_same_day(engine: Engine) -> None:
    want(engine, Rhythm.AU_FIL)
    learn(engine, "Un", paris(11, 22, 13))
    as_they_come(engine, paris(11, 22, 14))
    lose(engine)
    learn(engine, "Deux", paris(11, 22, 14))
    assert as_they_come(engine, paris(11, 22, 15)) == 0, "it is not known yet"
    assert put_back(engine, paris(11, 22, 15)) == 1
    assert as_they_come(engine, paris(11, 22, 15)) == 1
    assert [sorted(told) for told in titles(engine)] == [["Deux", "Un"]]
    assert in_paris(letters(engine)[0].due_at) == "11-22 15:00"


@pytest.mark.parametrize("state", [State.SENT, State.UNCERTAIN, State.FAILED, State.EXPIRED])
def test_what_ended_its_way_is_not_told_again(engine: Engine, state: State) -> None:
    want(engine, Rhythm.AU_FIL)
    want(engine, Rhythm.DIMANCHE, "1002")
    learn(engine, "Un", NOON + SOME_MINUTES)
    as_they_come(engine, SUNDAY)
    week(engine, SUNDAY)
    assert sorted(send(engine, SUNDAY, state)) == ["1001", "1002"]
    assert put_back(engine, SUNDAY) == 0
    lose(engine)
    assert put_back(engine, SUNDAY) == as_they_come(engine, SUNDAY) == week(engine, SUNDAY) == 0


def test_a_long_message_whose_beginning_is_lost_is_written_whole_again(engine: Engine) -> None:
    for insee in ("92050", "92071"):
        want(engine, Rhythm.DIMANCHE, insee=insee)
    for number in range(8):
        for point in (NANTERRE, (48.65, 2.31)):
            a_date(engine, nom=f"Atelier {number} {point[0]}", description="On répare ensemble. " * 40, point=point)
    week(engine, SUNDAY)
    before = [(row.dedupe_key, row.message) for row in letters(engine)]
    assert len(before) > 1
    lose(engine, part=0)
    assert put_back(engine, SUNDAY) == week(engine, SUNDAY) == 1
    assert [(row.dedupe_key, row.message) for row in letters(engine)] == before


def test_who_wants_another_rhythm_is_told_what_comes_from_then_on(engine: Engine) -> None:
    want(engine, Rhythm.DIMANCHE)
    learn(engine, "Un", NOON + timedelta(minutes=1))
    want(engine, Rhythm.AU_FIL, now=NOON + timedelta(minutes=2))
    assert as_they_come(engine, SUNDAY) == 0
    want(engine, Rhythm.DIMANCHE, now=SUNDAY + timedelta(minutes=1))
    assert week(engine, SUNDAY + timedelta(minutes=2)) == 0
    want(engine, Rhythm.DIMANCHE, now=SUNDAY + timedelta(days=8))
    assert week(engine, SUNDAY + timedelta(days=8)) == 1, "asked again, nothing changes"


def test_who_unsubscribes_is_not_told_again_what_is_lost(engine: Engine) -> None:
    want(engine, Rhythm.DIMANCHE)
    a_date(engine)
    week(engine, SUNDAY)
    with writing(engine) as connection:
        (subscription,) = asked(connection, (CHANNEL, "1001"), SUNDAY).subscriptions
        unsubscribe(connection, (CHANNEL, "1001"), subscription.id)
    lose(engine)
    assert put_back(engine, SUNDAY) == week(engine, SUNDAY) == 0
