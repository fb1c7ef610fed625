"""The dates of a commune: once a week on Sunday at 18:00, or as they come, once a day at most."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from bot.channels.telegram_messages import CHANNEL
from catalogue.database import writing
from catalogue.needs import EventKind, Rhythm
from catalogue.tables import places
from scheduler.digest import MOST, tell_new, tell_week
from scheduler.reminders import subscribe
from tests.scheduler.telling import (
    COMPOSERS,
    NANTERRE,
    NOON,
    a_date,
    another_date,
    change,
    in_paris,
    letters,
    paris,
    send,
    texts,
)

SUNDAY = paris(11, 22, 18)
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


def a_place(insee: str, nom: str, departement: str, latitude: float, longitude: float) -> dict[str, Any]:
    return {
        "insee": insee,
        "nom": nom,
        "type": "COM",
        "codes_postaux": [],
        "departement": departement,
        "departement_nom": "",
        "population": 1,
        "latitude": latitude,
        "longitude": longitude,
        "precision": "mairie",
    }


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


def test_what_is_new_is_told_as_it_comes_and_what_was_known_is_not(engine: Engine) -> None:
    a_date(engine, nom="Déjà là")
    as_they_come(engine, NOON)
    want(engine, Rhythm.AU_FIL)
    want(engine, Rhythm.DIMANCHE, "1002")
    as_they_come(engine, NOON)
    assert letters(engine) == []
    a_date(engine)
    assert as_they_come(engine, NOON + timedelta(hours=1)) == 1
    assert as_they_come(engine, NOON + timedelta(hours=2)) == 0
    (row,) = letters(engine)
    assert (row.person, in_paris(row.due_at)) == ("1001", "11-22 13:00")
    assert "Repair café" in row.message["text"]
    assert "Déjà là" not in row.message["text"]


def test_what_comes_later_the_same_day_waits_for_the_next_and_nothing_leaves_at_night(engine: Engine) -> None:
    want(engine, Rhythm.AU_FIL)
    as_they_come(engine, NOON)
    for hour, nom in ((13, "Un"), (15, "Deux"), (23, "Trois")):
        a_date(engine, nom=nom)
        as_they_come(engine, paris(11, 22, hour))
    assert [in_paris(row.due_at) for row in letters(engine)] == ["11-22 13:00", "11-23 08:00", "11-24 08:00"]
    assert all(text.startswith("1 rendez-vous") for text in texts(engine))
