"""Two corrections of the same field: put once to one person who may decide, by day, and what they say is done."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, select, update

from catalogue.corrections import correct, decide
from catalogue.database import reading, writing
from catalogue.needs import Role
from catalogue.roles import leave
from catalogue.tables import corrections, outbox, roles
from handlers.dialogue import Reply
from scheduler.deciding import A_WEEK, tell
from scheduler.putting import put
from scheduler.retention import forget
from tests.people import CHANNEL, COMPOSERS, People, Person
from tests.scheduler.telling import send

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOMEONE, ANOTHER, THIRD, FOURTH, ORGANISER = "2001", "2002", "2003", "2004", "2005"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def team(engine: Engine, clock: time_machine.Traveller) -> People:
    """Two correspondents of Nanterre."""
    team = People(engine)
    for person in (SOMEONE, ANOTHER):
        team.with_a_role(person, Role.CORRESPONDANT)
    return team


def contradicted(team: People, number: int = 1, first: str = SOMEONE, second: str = ANOTHER) -> tuple[int, int]:
    """The ids of an entry that two people named otherwise, and of the correction that waits."""
    entry = team.entry(number)
    with writing(team.engine) as connection:
        assert correct(connection, (CHANNEL, first), entry, "nom", {"nom": "La Table"}, NOON)
        later = NOON + timedelta(hours=1)
        waiting = correct(connection, (CHANNEL, second), entry, "nom", {"nom": "Le Couvert"}, later)
    assert waiting
    return entry, waiting


def asked(team: People, now: datetime = NOON + timedelta(hours=1)) -> list[str]:
    """Who is asked by a tick."""
    with reading(team.engine) as connection:
        before = set(connection.scalars(select(outbox.c.id)))
    with writing(team.engine) as connection:
        count = put(connection, now, COMPOSERS)
    with reading(team.engine) as connection:
        new = connection.execute(select(outbox).where(outbox.c.id.not_in(before)).order_by(outbox.c.id)).all()
    assert len(new) == count
    return [row.person for row in new for _card in row.message["cards"]]


def state(team: People, correction: int) -> Any:
    with reading(team.engine) as connection:
        return connection.execute(select(corrections).where(corrections.c.id == correction)).one()


def letter(person: Person) -> Reply:
    return person.received()[-1]


def test_a_coordinator_is_asked_once_with_what_was_said_and_by_whom(team: People) -> None:
    _entry, waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    assert asked(team) == [THIRD]
    assert asked(team) == []
    reply = letter(third)
    assert reply.cards[0].title == "La Table"
    assert reply.cards[0].lines == (
        "Le nom",
        "Avant : Lieu 1",
        "Première réponse (correspondant du guide, mardi 24 novembre) : La Table",
        "Seconde réponse (correspondant du guide, mardi 24 novembre) : Le Couvert",
    )
    data = [choice.data for row in reply.choices for choice in row]
    assert data == [f"trancher:{waiting}={said}" for said in ("refuser", "garder", "ne-sais-pas")]


def test_the_coordinator_of_the_intercommunality_is_asked(team: People) -> None:
    contradicted(team)
    team.with_a_role("801", Role.COORDINATEUR, ("200057966",))  # Vallée Sud-Grand Paris
    assert asked(team) == []
    team.with_a_role(THIRD, Role.COORDINATEUR, ("200057982",))  # Paris Ouest La Défense
    assert asked(team) == [THIRD]


def test_the_second_is_kept(team: People) -> None:
    entry, waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    asked(team)
    third.received()
    assert "Le nom : Le Couvert" in third.tap("La seconde est juste").text
    assert team.column(entry, "nom") == "Le Couvert"
    found = state(team, waiting)
    assert (found.state, found.settled_role, found.settled_at) == ("kept", "coordinateur", NOON)


def test_the_second_is_refused(team: People) -> None:
    entry, waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    asked(team)
    third.received()
    assert "Le nom : La Table" in third.tap("La première est juste").text
    assert team.column(entry, "nom") == "La Table"
    assert state(team, waiting).state == "refused"


def test_what_is_decided_is_decided_once(team: People) -> None:
    entry, waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    third.press(f"trancher:{waiting}=refuser")
    assert "plus à faire" in third.press(f"trancher:{waiting}=garder").text
    assert team.column(entry, "nom") == "La Table"
    assert asked(team) == []


def test_a_button_without_an_answer_shows_the_question_again(team: People) -> None:
    _entry, waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    assert "À vous de choisir" in third.press(f"trancher:{waiting}=peut-être").text
    assert state(team, waiting).state == "waiting"


def test_without_a_coordinator_a_correspondent_who_made_neither_is_asked(team: People) -> None:
    entry, waiting = contradicted(team)
    assert asked(team) == []
    team.with_a_role(ORGANISER, Role.ORGANISATEUR, (), initiatives=(entry,))
    team.with_a_role(ORGANISER, Role.CORRESPONDANT)
    assert asked(team) == []
    fourth = team.with_a_role(FOURTH, Role.CORRESPONDANT)
    assert asked(team) == [FOURTH]
    fourth.received()
    fourth.tap("La seconde est juste")
    assert state(team, waiting).settled_role == "correspondant"


def test_a_coordinator_who_corrected_is_asked_after_one_who_did_not(team: People) -> None:
    team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    contradicted(team, second=THIRD)
    team.with_a_role(FOURTH, Role.COORDINATEUR, ("92050",))
    assert asked(team) == [FOURTH]
    with writing(team.engine) as connection:
        leave(connection, (CHANNEL, FOURTH), NOON)
    contradicted(team, 2, second=THIRD)
    assert asked(team) == [THIRD]


def test_nobody_decides_who_may_not(team: People) -> None:
    entry, waiting = contradicted(team)
    team.with_a_role(ORGANISER, Role.ORGANISATEUR, (), initiatives=(entry,))
    team.with_a_role(THIRD, Role.COORDINATEUR, ("93",))
    team.with_a_role(FOURTH, Role.TRAVAILLEUR_SOCIAL)
    for number in (SOMEONE, ANOTHER, THIRD, FOURTH, ORGANISER, "9"):
        assert "plus à faire" in team.person(number).press(f"trancher:{waiting}=garder").text
        with writing(team.engine) as connection:
            assert not decide(connection, (CHANNEL, number), waiting, True, NOON)
    assert (team.column(entry, "nom"), state(team, waiting).state) == ("La Table", "waiting")


@pytest.mark.parametrize("data", ["trancher:", "trancher:0=garder", "trancher:x=garder", "trancher:999999=refuser"])
def test_a_forged_button_decides_nothing(team: People, data: str) -> None:
    entry, _waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    assert "plus à faire" in third.press(data).text
    assert team.column(entry, "nom") == "La Table"


def test_what_was_applied_at_once_is_not_to_be_decided(team: People) -> None:
    _entry, waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    assert "plus à faire" in third.press(f"trancher:{state(team, waiting).against_id}=garder").text


def test_a_role_that_ended_decides_nothing(team: People) -> None:
    entry, _waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    asked(team)
    third.received()
    with writing(team.engine) as connection:
        leave(connection, (CHANNEL, THIRD), NOON)
    assert "plus à faire" in third.tap("La seconde est juste").text
    assert team.column(entry, "nom") == "La Table"


def test_of_what_one_cannot_say_another_is_asked_a_week_later(team: People) -> None:
    _entry, waiting = contradicted(team)
    third = team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    team.with_a_role(FOURTH, Role.COORDINATEUR, ("92",))
    assert asked(team) == [THIRD]
    third.received()
    assert "à quelqu'un d'autre" in third.tap("Je ne sais pas").text
    assert state(team, waiting).state == "waiting"
    assert asked(team, NOON + timedelta(hours=1) + A_WEEK) == [FOURTH]


def test_it_is_put_again_after_a_week_to_the_next_one(team: People) -> None:
    contradicted(team)
    for person in (THIRD, FOURTH):
        team.with_a_role(person, Role.COORDINATEUR, ("92",))
    first = NOON + timedelta(hours=1)
    assert asked(team, first) == [THIRD]
    assert asked(team, first + A_WEEK - timedelta(minutes=1)) == []
    assert asked(team, first + A_WEEK) == [FOURTH]
    assert asked(team, first + 2 * A_WEEK) == [THIRD]


def test_nobody_is_asked_at_night(team: People) -> None:
    contradicted(team)
    team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    assert asked(team, datetime(2026, 11, 24, 22, tzinfo=UTC)) == []
    assert asked(team, datetime(2026, 11, 25, 7, tzinfo=UTC)) == [THIRD]


def test_who_left_still_contradicts_and_what_they_wrote_is_still_to_be_decided(team: People) -> None:
    entry, waiting = contradicted(team)
    team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    for person in (SOMEONE, ANOTHER):
        with writing(team.engine) as connection:
            leave(connection, (CHANNEL, person), NOON)
    assert asked(team) == [THIRD]
    team.person(THIRD).press(f"trancher:{waiting}=garder")
    assert team.column(entry, "nom") == "Le Couvert"


# The budget.


def with_questions(team: People, person: str, count: int) -> None:
    """They choose how many questions they are put in a week."""
    with writing(team.engine) as connection:
        connection.execute(update(roles).where(roles.c.person == person).values(weekly_budget=count))


def test_a_disagreement_is_one_of_the_questions_of_the_week(team: People) -> None:
    team.with_a_role(FOURTH, Role.CORRESPONDANT)
    with_questions(team, FOURTH, 1)
    contradicted(team, 1)
    contradicted(team, 2)
    assert asked(team) == [FOURTH]
    assert asked(team, NOON + timedelta(days=1)) == []
    assert asked(team, NOON + timedelta(days=7)) == [FOURTH]


def test_what_one_correspondent_cannot_take_another_one_does_then_a_coordinator(team: People) -> None:
    for person in (FOURTH, THIRD):
        team.with_a_role(person, Role.CORRESPONDANT)
        with_questions(team, person, 1)
    for number in (1, 2, 3):
        contradicted(team, number)
    assert sorted(asked(team)) == [THIRD, FOURTH]
    team.with_a_role("2006", Role.COORDINATEUR, ("92",))
    assert asked(team) == ["2006"]


def test_who_is_on_holiday_is_not_asked(team: People) -> None:
    team.with_a_role(FOURTH, Role.CORRESPONDANT)
    with writing(team.engine) as connection:
        connection.execute(update(roles).where(roles.c.person == FOURTH).values(paused_until=date(2026, 11, 30)))
    contradicted(team)
    assert asked(team) == []


# Told.


def hear(team: People, now: datetime = NOON + timedelta(hours=2)) -> dict[str, str]:
    """Who is told what was decided by a tick, and what they read."""
    with reading(team.engine) as connection:
        before = set(connection.scalars(select(outbox.c.id)))
    with writing(team.engine) as connection:
        count = tell(connection, now, COMPOSERS)
    with reading(team.engine) as connection:
        new = connection.execute(select(outbox).where(outbox.c.id.not_in(before)).order_by(outbox.c.id)).all()
    assert len(new) == count
    return {row.person: row.message["text"] for row in new}


def decided(team: People, keep: bool, now: datetime = NOON + timedelta(hours=2)) -> None:
    _entry, waiting = contradicted(team)
    team.with_a_role(THIRD, Role.COORDINATEUR, ("92",))
    with writing(team.engine) as connection:
        assert decide(connection, (CHANNEL, THIRD), waiting, keep, now)


@pytest.mark.parametrize(("keep", "kept", "other"), [(True, ANOTHER, SOMEONE), (False, SOMEONE, ANOTHER)])
def test_both_are_told_once_which_answer_is_kept_and_that_both_were_read(
    team: People, keep: bool, kept: str, other: str
) -> None:
    decided(team, keep)
    told = hear(team)
    value = "Le Couvert" if keep else "La Table"
    both = f"Vous aviez corrigé « Le nom » sur {value}. Une autre personne aussi, autrement."
    both += "\nLes deux réponses ont été lues."
    assert told == {
        kept: f"{both}\nLa vôtre est gardée : {value}.\nMerci d'aider à tenir cette fiche à jour.",
        other: f"{both}\nCelle de l'autre personne est gardée : {value}.\nMerci d'aider à tenir cette fiche à jour.",
    }
    assert hear(team, NOON + timedelta(hours=3)) == {}
    assert hear(team, NOON + timedelta(days=3)) == {}


def test_nobody_is_told_before_somebody_decides(team: People) -> None:
    contradicted(team)
    assert hear(team) == {}


@pytest.mark.parametrize("act", [forget, lambda connection, *who: leave(connection, who, NOON)])
def test_who_is_forgotten_or_left_is_told_nothing(team: People, act: Any) -> None:
    decided(team, keep=True)
    with writing(team.engine) as connection:
        act(connection, CHANNEL, ANOTHER)
    assert list(hear(team)) == [SOMEONE]


def test_nobody_is_told_at_night(team: People) -> None:
    night = datetime(2026, 11, 24, 22, tzinfo=UTC)
    decided(team, True, night)
    assert len(hear(team, night)) == 2
    assert send(team.engine, night) == []
    assert sorted(send(team.engine, datetime(2026, 11, 25, 7, tzinfo=UTC))) == [SOMEONE, ANOTHER]
