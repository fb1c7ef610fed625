"""All that waits for somebody to say is taken off the same weekly questions, what is reported first; in one message."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, insert, select, update

from catalogue.corrections import correct
from catalogue.database import reading, writing
from catalogue.needs import Reason, Role
from catalogue.reports import report
from catalogue.reviews import review
from catalogue.tables import checks, reports, roles
from scheduler import putting, verification
from scheduler.letters import MOST_TOGETHER
from tests.people import CHANNEL, COMPOSERS, People, Person

NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)  # a Tuesday: the round left at ten, in Paris
A_DAY = timedelta(days=1)
PARIS_OUEST_LA_DEFENSE = "200057982"  # the intercommunality of Nanterre
SOMEONE, ANOTHER, THIRD, WORKER, RESIDENT = "1", "2", "3", "4", "9"


@pytest.fixture(autouse=True)
def _a_week_before() -> Iterator[None]:
    """Roles are taken before anything is put."""
    with time_machine.travel(NOON - 7 * A_DAY, tick=False):
        yield


def says(people: People, entry: int, person: str = RESIDENT, now: datetime = NOON) -> None:
    with writing(people.engine) as connection:
        assert report(connection, (CHANNEL, person), entry, Reason.HORAIRES, "", False, now)


def put(people: People, now: datetime = NOON) -> int:
    with writing(people.engine) as connection:
        return putting.put(connection, now, COMPOSERS)


def chooses(people: People, person: str, questions: int) -> None:
    with writing(people.engine) as connection:
        connection.execute(update(roles).where(roles.c.person == person).values(weekly_budget=questions))


def is_asked(people: People, person: str, entry: int, now: datetime = NOON) -> None:
    """« Toujours vrai ? », put to them."""
    with writing(people.engine) as connection:
        role_id = connection.scalars(select(roles.c.id).where(roles.c.person == person)).one()
        row = {"initiative_id": entry, "role_id": role_id, "role": "correspondant", "asked_at": now}
        connection.execute(insert(checks), row)


def titles(person: Person) -> list[str]:
    return [card.title for reply in person.received() for card in reply.cards]


def test_whoever_spent_their_week_on_questions_is_put_no_report_somebody_else_of_the_place_is(people: People) -> None:
    someone, another = (people.with_a_role(person, Role.CORRESPONDANT) for person in (SOMEONE, ANOTHER))
    for person in (SOMEONE, ANOTHER):
        chooses(people, person, 1)
    is_asked(people, SOMEONE, people.entry(1))
    says(people, people.entry(2))
    assert put(people) == 1
    assert (titles(someone), titles(another)) == ([], ["Lieu 2"])


def test_when_nobody_of_the_place_has_a_question_left_it_waits_then_goes_to_the_coordinator(people: People) -> None:
    people.with_a_role(SOMEONE, Role.CORRESPONDANT)
    third = people.with_a_role(THIRD, Role.COORDINATEUR)
    chooses(people, SOMEONE, 1)
    is_asked(people, SOMEONE, people.entry(1))
    says(people, people.entry(2))
    assert [put(people, NOON + days * A_DAY) for days in (0, 1, 2, 3)] == [0, 0, 0, 0]
    assert put(people, NOON + 4 * A_DAY) == 1
    assert titles(third) == ["Lieu 2"]


def test_the_round_of_the_week_is_what_reports_leave(people: People) -> None:
    people.with_a_role(SOMEONE, Role.CORRESPONDANT)
    chooses(people, SOMEONE, 3)
    reported = [people.entry(number) for number in (1, 2)]
    others = [people.entry(number) for number in (3, 4, 5)]
    before = NOON - timedelta(hours=3)  # at nine, an hour before their round
    for entry in reported:
        says(people, entry, now=before)
    assert put(people, before) == 1
    with writing(people.engine) as connection:
        assert verification.ask(connection, NOON, COMPOSERS) == 1
    with reading(people.engine) as connection:
        asked = connection.scalars(select(checks.c.initiative_id)).all()
    assert len(asked) == 1
    assert set(asked) <= set(others)


def test_several_things_are_one_message_and_each_is_opened_with_its_button(people: People) -> None:
    coordinator = people.with_a_role(THIRD, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    say_all_three(people, *(people.entry(number) for number in (1, 2, 3)))
    assert put(people) == 1
    [reply] = coordinator.received()
    assert reply.text == "3 questions pour vous. Prenez-les une à une."
    assert [card.lines for card in reply.cards] == [
        ("92000 Nanterre", "Une personne signale une erreur : « Les horaires »."),
        ("92000 Nanterre", "Deux personnes ont corrigé autrement : « Le nom »."),
        ("92000 Nanterre", "Un avis à lire avant de le montrer."),
    ]
    buttons = [card.choices[0] for card in reply.cards]
    assert {one.label for one in buttons} == {"Répondre"}
    opened = [coordinator.press(one.data) for one in buttons]
    assert [(one.after.splitlines()[-1], one.edits) for one in opened] == [
        ("Qu'en est-il ?", False),
        ("Laquelle garder ?", False),
        ("Le montrer avec la fiche ?", False),
    ]
    assert put(people) == 0


def say_all_three(people: People, reported: int, corrected: int, reviewed: int) -> None:
    for person in (SOMEONE, ANOTHER):
        people.with_a_role(person, Role.CORRESPONDANT)
    with writing(people.engine) as connection:
        for person, name in ((SOMEONE, "La Table"), (ANOTHER, "Le Couvert")):
            assert correct(connection, (CHANNEL, person), corrected, "nom", {"nom": name}, NOON)
        assert review(connection, (CHANNEL, WORKER), reviewed, "On y vient à pied.", (), NOON)
        connection.execute(update(roles).where(roles.c.person.in_([SOMEONE, ANOTHER])).values(paused_until=NOON.date()))
    says(people, reported)


def test_who_coordinates_the_intercommunality_of_the_place_is_put_them_too(people: People) -> None:
    third = people.with_a_role(THIRD, Role.COORDINATEUR, (PARIS_OUEST_LA_DEFENSE,))
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    say_all_three(people, *(people.entry(number) for number in (1, 2, 3)))
    assert put(people) == 1
    assert titles(third) == ["Lieu 1", "La Table", "Lieu 3"]


def test_very_many_things_are_cut_into_several_messages(people: People) -> None:
    third = people.with_a_role(THIRD, Role.COORDINATEUR)
    for number in range(MOST_TOGETHER + 1):
        says(people, people.entry(number), f"9{number}")
    assert put(people) == 2
    assert [len(reply.cards) for reply in third.received()] == [MOST_TOGETHER, 1]


def test_over_two_months_nobody_is_asked_more_in_seven_days_than_they_chose(people: People) -> None:
    for person, questions in ((SOMEONE, 2), (ANOTHER, 4)):
        people.with_a_role(person, Role.CORRESPONDANT)
        chooses(people, person, questions)
    people.with_a_role(THIRD, Role.COORDINATEUR)
    received: dict[str, list[int]] = {SOMEONE: [], ANOTHER: []}
    for day in range(60):
        now = NOON - timedelta(hours=1) + day * A_DAY  # the round is at this hour, on Tuesdays
        entry = people.entry(day)
        if day % 2:
            says(people, entry, f"9{day}", now)
        for person, count in asked_on(people, now).items():
            received[person] += [day] * count
    most = {
        who: max(sum(first <= day < first + 7 for day in days) for first in range(60)) for who, days in received.items()
    }
    assert most == {SOMEONE: 2, ANOTHER: 4}


def asked_on(people: People, now: datetime) -> dict[str, int]:
    """How many questions each correspondent is put by a tick; those of last week they answer, one of two."""
    with writing(people.engine) as connection:
        before = connection.scalar(select(func.max(checks.c.id))) or 0
        putting.put(connection, now, COMPOSERS)
        verification.ask(connection, now, COMPOSERS)
        verification.break_silence(connection, now, COMPOSERS)
        put_to = select(roles.c.person).join(checks, checks.c.role_id == roles.c.id).where(checks.c.id > before)
        found: list[Any] = list(connection.scalars(put_to))
        answered = update(checks).where(checks.c.answered_at.is_(None), checks.c.id % 2 == 0)
        connection.execute(answered.values(answered_at=now, answer="oui"))
    found += [person for person in (SOMEONE, ANOTHER) for title in reported_to(people.person(person), now)]
    return {person: found.count(person) for person in (SOMEONE, ANOTHER)}


def reported_to(person: Person, now: datetime) -> list[str]:
    """The reports they were put at an instant."""
    with reading(person.people.engine) as connection:
        theirs = select(roles.c.id).where(roles.c.person == person.number)
        wanted = select(reports.c.reason).where(reports.c.put_to.in_(theirs), reports.c.put_at == now)
        return list(connection.scalars(wanted))
