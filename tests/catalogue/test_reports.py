"""Reports: each person counts once, three put a warning, and only those who may settle them do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from catalogue.database import reading, writing
from catalogue.history import history
from catalogue.initiatives import initiatives_by_id
from catalogue.needs import Kind, Outcome, Reason, Role
from catalogue.reports import ENOUGH, MOST_A_DAY, SHOWN, report, settle, settle_the_closed, to_settle
from catalogue.tables import initiatives, reports
from catalogue.tables import warnings as shown
from tests.people import CHANNEL, People

NOON = datetime(2026, 11, 22, 11, tzinfo=UTC)
FIRST, SECOND, THIRD, FOURTH = "101", "102", "103", "104"


@pytest.fixture
def entry(people: People) -> int:
    return people.entry(1)


def says(engine: Engine, person: str, entry: int, reason: Reason = Reason.FERME, words: str = "", **more: Any) -> bool:
    with writing(engine) as connection:
        who = (CHANNEL, person)
        return report(connection, who, entry, reason, words, more.get("told", False), more.get("now", NOON))


def settles(engine: Engine, person: str, report_id: int, outcome: Outcome = Outcome.CORRIGE) -> int:
    with writing(engine) as connection:
        return settle(connection, (CHANNEL, person), report_id, outcome, NOON)


def rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(reports).order_by(reports.c.id)).all())


def ids(engine: Engine) -> list[int]:
    return [row.id for row in rows(engine)]


def warning(engine: Engine, entry: int) -> Reason | None:
    with reading(engine) as connection:
        return initiatives_by_id(connection, [entry])[0].warning


def test_one_person_has_one_open_report_of_a_reason_and_only_its_words_change(engine: Engine, entry: int) -> None:
    assert says(engine, FIRST, entry, words="fermé lundi")
    assert says(engine, FIRST, entry, words="fermé mardi aussi", told=True)
    assert says(engine, FIRST, entry)
    assert says(engine, FIRST, entry, Reason.HORAIRES)
    assert [(row.reason, row.words) for row in rows(engine)] == [("ferme", "fermé mardi aussi"), ("horaires", None)]


def test_the_role_of_who_reports_is_read_in_the_database(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(FIRST, Role.TRAVAILLEUR_SOCIAL, ())
    people.with_a_role(FIRST, Role.CORRESPONDANT, ("92071",))
    says(engine, FIRST, entry)
    says(engine, SECOND, entry)
    assert [row.by_role for row in rows(engine)] == ["correspondant", None]


def test_ten_a_day_are_noted_and_the_next_one_tomorrow(engine: Engine, people: People) -> None:
    entries = [people.entry(number) for number in range(MOST_A_DAY + 1)]
    assert [says(engine, FIRST, entry) for entry in entries] == [True] * MOST_A_DAY + [False]
    assert says(engine, SECOND, entries[-1])
    assert says(engine, FIRST, entries[-1], now=NOON + timedelta(days=1))


def test_nothing_is_noted_of_an_entry_that_is_not_shown(engine: Engine, people: People) -> None:
    closed = people.entry(1, status="closed")
    assert not says(engine, FIRST, closed)
    assert not says(engine, FIRST, 999_999)
    assert rows(engine) == []


@pytest.mark.parametrize("reason", SHOWN)
def test_three_people_put_a_warning_and_two_do_not(engine: Engine, entry: int, reason: Reason) -> None:
    for person in (FIRST, SECOND):
        says(engine, person, entry, reason)
    assert warning(engine, entry) is None
    says(engine, THIRD, entry, reason)
    assert warning(engine, entry) is reason


def test_of_three_people_at_once_one_is_seen_to_be_the_third(engine: Engine, people: People) -> None:
    entries = [people.entry(number) for number in range(5)]
    with ThreadPoolExecutor(3) as pool:
        for entry in entries:
            assert all(pool.map(lambda person, entry=entry: says(engine, person, entry), (FIRST, SECOND, THIRD)))
    assert [warning(engine, entry) for entry in entries] == [Reason.FERME] * 5


def test_one_person_three_times_puts_no_warning(engine: Engine, entry: int) -> None:
    for _again in range(ENOUGH):
        says(engine, FIRST, entry)
    says(engine, SECOND, entry)
    assert warning(engine, entry) is None


def test_three_people_who_do_not_say_the_same_put_no_warning(engine: Engine, entry: int) -> None:
    for person, reason in ((FIRST, Reason.FERME), (SECOND, Reason.HORAIRES), (THIRD, Reason.ADRESSE)):
        says(engine, person, entry, reason)
    assert warning(engine, entry) is None


def test_how_people_were_received_is_never_shown_on_the_card(engine: Engine, entry: int) -> None:
    for person in (FIRST, SECOND, THIRD, FOURTH):
        says(engine, person, entry, Reason.ACCUEIL)
    assert warning(engine, entry) is None


def test_the_gravest_of_two_warnings_is_shown_then_the_other(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role("201", Role.CORRESPONDANT)
    for reason in (Reason.FERME, Reason.TELEPHONE):
        for person in (FIRST, SECOND, THIRD):
            says(engine, person, entry, reason)
    assert warning(engine, entry) is Reason.FERME
    assert settles(engine, "201", ids(engine)[0]) == 3
    assert warning(engine, entry) is Reason.TELEPHONE


def test_settling_one_ends_all_of_the_same_reason_and_the_warning_and_forgets_who(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role("201", Role.CORRESPONDANT)
    for person in (FIRST, SECOND, THIRD):
        says(engine, person, entry, words="c'est clos", told=person == THIRD)
    says(engine, FIRST, entry, Reason.HORAIRES)
    assert settles(engine, "201", ids(engine)[1], Outcome.CORRIGE) == 3
    assert warning(engine, entry) is None
    settled, still = rows(engine)[:3], rows(engine)[3]
    assert {(row.outcome, row.settled_role, row.settled_at, row.words) for row in settled} == {
        ("corrige", "correspondant", NOON, None)
    }
    assert [row.person for row in settled] == [None, None, THIRD]
    assert (still.person, still.settled_at) == (FIRST, None)
    assert settles(engine, "201", ids(engine)[0]) == 0


def test_what_is_closed_is_closed_by_a_person_who_was_told_and_said_so(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role("201", Role.CORRESPONDANT)
    says(engine, FIRST, entry)
    says(engine, FIRST, entry, Reason.HORAIRES)
    assert settles(engine, "201", ids(engine)[0], Outcome.FERME) == 1
    assert people.column(entry, "status") == "closed"
    with writing(engine) as connection:
        last = history(connection, entry)[0]
        assert (last.role, last.method, last.after) == ("correspondant", "bot", {"status": "closed"})
        assert settle_the_closed(connection, NOON) == 1
    assert [row.outcome for row in rows(engine)] == ["ferme", "ferme"]
    assert [row.person for row in rows(engine)] == [None, None]


def test_a_card_said_to_be_right_is_verified_today(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role("201", Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry, Reason.HORAIRES)
    assert settles(engine, "201", ids(engine)[0], Outcome.JUSTE) == 1
    names = ("verified_at", "verified_method", "verified_role", "verified_by_year")
    assert [people.column(entry, name) for name in names] == [NOON.date(), "bot", "coordinateur", False]


def test_how_people_were_received_says_nothing_of_the_card(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role("201", Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry, Reason.ACCUEIL)
    assert settles(engine, "201", ids(engine)[0], Outcome.JUSTE) == 1
    assert people.column(entry, "verified_at") is None


@pytest.mark.parametrize("outcome", Outcome)
def test_nobody_settles_without_a_role_there(engine: Engine, people: People, entry: int, outcome: Outcome) -> None:
    people.with_a_role("201", Role.CORRESPONDANT, ("92071",))
    people.with_a_role("202", Role.CORRESPONDANT, kinds=[Kind.AMAP])
    people.with_a_role("203", Role.TRAVAILLEUR_SOCIAL)
    people.with_a_role("204", Role.ORGANISATEUR, (), initiatives=[entry])
    says(engine, FIRST, entry)
    for person in ("201", "202", "203", "204", FIRST, "nobody"):
        assert settles(engine, person, ids(engine)[0], outcome) == 0
    assert (rows(engine)[0].settled_at, rows(engine)[0].outcome) == (None, None)
    assert people.column(entry, "status") == "active"


@pytest.mark.parametrize("role", [Role.CORRESPONDANT, Role.COORDINATEUR])
def test_nobody_settles_a_report_about_an_entry_they_run(
    engine: Engine, people: People, entry: int, role: Role
) -> None:
    people.with_a_role("201", role)
    people.with_a_role("201", Role.ORGANISATEUR, (), initiatives=[entry])
    says(engine, FIRST, entry)
    assert settles(engine, "201", ids(engine)[0], Outcome.JUSTE) == 0


def test_a_correspondent_does_not_settle_what_they_said_themselves_a_coordinator_may(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role("201", Role.CORRESPONDANT)
    people.with_a_role("202", Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry)
    says(engine, "201", entry)
    says(engine, "202", entry)
    assert settles(engine, "201", ids(engine)[0]) == 0
    assert settles(engine, "202", ids(engine)[0]) == 3


def test_how_people_were_received_is_settled_by_a_coordinator_alone(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role("201", Role.CORRESPONDANT)
    people.with_a_role("202", Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry, Reason.ACCUEIL)
    for outcome in Outcome:
        assert settles(engine, "201", ids(engine)[0], outcome) == 0
    assert settles(engine, "202", ids(engine)[0], Outcome.TRANSMIS) == 1


def test_what_a_correspondent_hands_on_is_not_ended(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role("201", Role.CORRESPONDANT)
    people.with_a_role("202", Role.COORDINATEUR, ("92",))
    for person in (FIRST, SECOND, THIRD):
        says(engine, person, entry)
    assert settles(engine, "201", ids(engine)[0], Outcome.TRANSMIS) == 3
    assert {(row.settled_at, row.outcome) for row in rows(engine)} == {(None, "transmis")}
    assert warning(engine, entry) is Reason.FERME
    assert settles(engine, "202", ids(engine)[0], Outcome.TRANSMIS) == 3
    assert warning(engine, entry) is None


def test_what_several_people_say_is_read_together(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role("201", Role.CORRESPONDANT)
    says(engine, FIRST, entry, words="rideau baissé")
    says(engine, SECOND, entry)
    says(engine, THIRD, entry, words="panneau à vendre")
    with writing(engine) as connection:
        found = to_settle(connection, (CHANNEL, "201"), ids(engine)[2])
    assert found is not None
    reported, role = found
    assert (reported.words, reported.people, role) == (("rideau baissé", "panneau à vendre"), 3, Role.CORRESPONDANT)


def test_a_warning_whose_reports_are_gone_does_not_outlive_the_next_settling(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role("201", Role.CORRESPONDANT)
    says(engine, FIRST, entry)
    with writing(engine) as connection:
        connection.execute(insert(shown).values(initiative_id=entry, reason="ferme", at=NOON))
        connection.execute(update(initiatives).values(status="closed"))
        settle_the_closed(connection, NOON)
        assert connection.execute(select(shown)).all() == []
