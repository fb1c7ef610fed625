"""Once a month, on its first working day, each coordinator is written how their territory is. Never twice."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, insert

from catalogue.database import writing
from catalogue.entries import Mandate
from catalogue.hours import PARIS
from catalogue.needs import Role
from catalogue.roles import accept, invite, leave, new_secret
from catalogue.tables import checks, outbox, places
from handlers.planning import is_night
from scheduler.monthly import LASTS, opens_at, tell
from scheduler.outbox import State
from scheduler.retention import forget_the_silent
from tests.people import CHANNEL, People
from tests.scheduler.telling import COMPOSERS, NOON, a_place, letters, paris, send, texts

NINE = paris(12, 1, 9)  # a Tuesday
FIRST, SECOND = "901", "902"


def coordinator(engine: Engine, person: str = FIRST, *codes: str, role: Role = Role.COORDINATEUR) -> None:
    secret = new_secret()
    with writing(engine) as connection:
        invite(connection, Mandate(0, role, codes or ("92050",), ()), secret, Role.COORDINATEUR, NOON)
        assert accept(connection, (CHANNEL, person), secret, NOON)


def told(engine: Engine, now: datetime) -> int:
    """How many are written to by a tick."""
    with writing(engine) as connection:
        return tell(connection, now, COMPOSERS)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (paris(11, 22, 12), paris(11, 2, 9)),  # the 1st is a Sunday, and All Saints
        (paris(12, 1, 0), paris(12, 1, 9)),
        (paris(12, 31, 23, 59), paris(12, 1, 9)),
        (paris(1, 15, 12, year=2027), paris(1, 4, 9, year=2027)),  # a Friday that is a holiday, then a week-end
        (paris(5, 2, 12, year=2026), paris(5, 4, 9, year=2026)),
    ],
)
def test_a_month_opens_on_its_first_working_day_at_nine(now: datetime, opens: datetime) -> None:
    assert opens_at(now) == opens


def test_each_coordinator_is_written_the_state_of_their_territory(engine: Engine) -> None:
    people = People(engine)
    people.entry(1)
    people.entry(2, code_insee="92071", commune="Sceaux")
    with writing(engine) as connection:
        connection.execute(insert(places), a_place("92050", "Nanterre", "92", 48.89, 2.2))
    coordinator(engine)
    coordinator(engine, SECOND, "92")
    coordinator(engine, "903", role=Role.CORRESPONDANT)
    coordinator(engine, "904", "200057966")
    assert told(engine, NINE) == 3
    assert texts(engine) == ["Le mois commence : voici où en est le guide chez vous."] * 3
    first, second, third = (row.message["text"] for row in letters(engine))
    assert "Votre territoire : Nanterre.\n1 fiche ouverte." in first
    assert "Votre territoire : le département 92.\n2 fiches ouvertes." in second
    assert "Votre territoire : Vallée Sud-Grand Paris.\n1 fiche ouverte." in third
    assert [row.person for row in letters(engine)] == [FIRST, SECOND, "904"]


def test_a_month_is_compared_with_the_one_before_when_it_is_known(engine: Engine) -> None:
    entry = People(engine).entry(1)
    coordinator(engine)
    row = {"initiative_id": entry, "role": "correspondant", "departement": "92"}
    with writing(engine) as connection:
        connection.execute(insert(checks), {**row, "asked_at": NINE - timedelta(days=3)})
    told(engine, NINE)
    assert "Questions posées en 30 jours : 1. Réponses : 0.\nEn 90 jours" in letters(engine)[0].message["text"]
    with writing(engine) as connection:
        connection.execute(delete(outbox))
        for days in (40, 50):
            connection.execute(insert(checks), {**row, "asked_at": NINE - timedelta(days=days)})
    told(engine, NINE)
    assert "Les 30 jours d'avant : 2. Réponses : 0." in letters(engine)[0].message["text"]


def test_nobody_is_written_to_before_nine_nor_a_day_later(engine: Engine) -> None:
    coordinator(engine)
    assert told(engine, NINE - timedelta(seconds=1)) == 0
    assert told(engine, NINE + LASTS) == 0
    assert told(engine, NINE + LASTS - timedelta(seconds=1)) == 1


def test_what_is_written_at_night_waits_for_the_morning(engine: Engine) -> None:
    coordinator(engine)
    assert told(engine, paris(12, 1, 22)) == 1
    assert [row.due_at for row in letters(engine)] == [paris(12, 2, 8)]


def test_overseas_the_morning_is_the_morning_there(engine: Engine) -> None:
    coordinator(engine, FIRST, "97105")
    assert told(engine, NINE) == 1  # four in the morning in Guadeloupe
    assert [row.due_at for row in letters(engine)] == [datetime(2026, 12, 1, 12, tzinfo=UTC)]


def test_the_morning_of_an_intercommunality_is_that_of_its_communes(engine: Engine) -> None:
    coordinator(engine, FIRST, "249740119")  # in La Réunion
    assert told(engine, paris(12, 1, 20)) == 1  # eleven in the evening there
    assert [row.due_at for row in letters(engine)] == [datetime(2026, 12, 2, 4, tzinfo=UTC)]


@pytest.mark.parametrize("became", [State.SENT, State.FAILED, State.UNCERTAIN])
def test_nothing_is_written_twice_whatever_became_of_it(engine: Engine, became: State) -> None:
    coordinator(engine)
    assert told(engine, NINE) == 1
    send(engine, NINE, became)
    assert told(engine, NINE + timedelta(minutes=5)) == 0


def test_who_gave_their_role_back_is_written_nothing(engine: Engine) -> None:
    coordinator(engine)
    with writing(engine) as connection:
        leave(connection, (CHANNEL, FIRST), NOON)
    assert told(engine, NINE) == 0


def test_in_a_year_of_restarts_each_coordinator_has_twelve_messages_by_day(engine: Engine) -> None:
    coordinator(engine)
    coordinator(engine, SECOND, "75")
    sent: Counter[tuple[str, str]] = Counter()
    at = paris(12, 1, 0)
    while at < paris(12, 1, 0, year=2027):
        with writing(engine) as connection:
            tell(connection, at, COMPOSERS)
            forget_the_silent(connection, at)
        for person in send(engine, at):
            sent[person, f"{at.astimezone(PARIS):%Y-%m}"] += 1
            assert not is_night(at, PARIS)
        at += timedelta(hours=3 if at.astimezone(PARIS).day < 6 else 24)
    assert len(sent) == 24
    assert set(sent.values()) == {1}
