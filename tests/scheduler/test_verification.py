"""« Toujours vrai ? »: who is asked of what, when, how often; and what becomes of a question nobody answers."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, delete, insert, select, update

from catalogue.database import reading, writing
from catalogue.needs import Kind, Method, Reason, Role, Verdict
from catalogue.roles import every_role, revoke
from catalogue.tables import askings, checks, invitations, outbox, reports, roles
from handlers.effects import Arrange
from scheduler import asking
from scheduler.outbox import State, claim, settle
from scheduler.retention import forget_the_silent
from scheduler.rounds import today
from scheduler.verification import MOST_LETTERS, answer, arrange, ask, break_silence
from tests.people import CHANNEL, COMPOSERS, People
from tests.scheduler.telling import a_date, paris

TUESDAY = paris(11, 24, 10)  # the default day and hour
BEFORE = paris(11, 22, 12)
A_WEEK = timedelta(days=7)
A_MINUTE = timedelta(minutes=1)
FIRST, SECOND, THIRD = "301", "302", "303"


@pytest.fixture
def people(engine: Engine) -> Iterator[People]:
    """A guide on the Sunday before."""
    with time_machine.travel(BEFORE, tick=False):
        yield People(engine)


def entries(people: People, count: int, **known: Any) -> list[int]:
    return [people.entry(number, **known) for number in range(count)]


def give(people: People, number: str, role: Role = Role.CORRESPONDANT, *codes: str, **more: Any) -> None:
    people.with_a_role(number, role, codes or ("92050",), **more)


def tick(people: People, now: datetime) -> list[str]:
    """What the clock does every minute: the works, then what can leave leaves; returns who is written to."""
    with writing(people.engine) as connection:
        ask(connection, now, COMPOSERS)
    with writing(people.engine) as connection:
        break_silence(connection, now, COMPOSERS)
    return sent(people, now)


def sent(people: People, now: datetime) -> list[str]:
    with writing(people.engine) as connection:
        claimed = claim(connection, CHANNEL, now, 1000, lambda person, message: True)
        for one in claimed:
            settle(connection, one.id, State.SENT, now)
    return [one.person for one in claimed]


def put(people: People) -> list[Any]:
    """Every question, the oldest first, with whom it was put to."""
    joined = checks.outerjoin(roles, roles.c.id == checks.c.role_id)
    columns = [*(column for column in checks.c if column.name != "role"), roles.c.person, roles.c.role]
    with reading(people.engine) as connection:
        return list(connection.execute(select(*columns).select_from(joined).order_by(checks.c.id)))


def said(people: People, check_id: int, verdict: Verdict, now: datetime, person: str = FIRST) -> bool:
    with writing(people.engine) as connection:
        return answer(connection, (CHANNEL, person), check_id, verdict, Method.TELEPHONE, now)


def settings(people: People, person: str = FIRST, **values: Any) -> None:
    with writing(people.engine) as connection:
        connection.execute(update(roles).where(roles.c.person == person).values(values))


def test_a_correspondent_is_asked_at_their_day_and_hour_and_once_a_week(people: People) -> None:
    entries(people, 8)
    give(people, FIRST)
    assert tick(people, TUESDAY - A_MINUTE) == []
    assert tick(people, TUESDAY) == [FIRST]
    assert len(put(people)) == 5
    assert tick(people, TUESDAY + A_MINUTE) == []


def answer_all(people: People, now: datetime, verdict: Verdict = Verdict.OUI, person: str = FIRST) -> None:
    for row in put(people):
        if row.answered_at is None and row.person == person:
            assert said(people, row.id, verdict, now, person)


def report(people: People, initiative_id: int, at: datetime) -> None:
    row = {"initiative_id": initiative_id, "reason": Reason.HORAIRES.value, "to_be_told": False, "at": at}
    with writing(people.engine) as connection:
        connection.execute(insert(reports), row | {"times_put": 0})


def test_a_restart_later_in_the_day_or_the_next_day_does_not_lose_the_week(people: People) -> None:
    entries(people, 12)
    give(people, FIRST)
    give(people, SECOND)
    settings(people, SECOND, weekday=0)
    assert tick(people, TUESDAY + timedelta(hours=9, minutes=59)) == [FIRST, SECOND]
    assert len(put(people)) == 10


def test_the_day_after_at_eight_in_the_evening_it_is_too_late(people: People) -> None:
    entries(people, 3)
    give(people, FIRST)
    assert tick(people, TUESDAY + timedelta(days=1, hours=10)) == []
    assert tick(people, TUESDAY + timedelta(days=1, hours=9, minutes=59)) == [FIRST]


def test_after_a_missed_day_nobody_is_put_more_than_their_budget_in_seven_days(people: People) -> None:
    entries(people, 20)
    give(people, FIRST)
    wednesday = TUESDAY + timedelta(days=1)
    tick(people, wednesday)
    answer_all(people, wednesday)
    assert tick(people, TUESDAY + A_WEEK) == []
    assert tick(people, TUESDAY + 2 * A_WEEK) == [FIRST]


def test_who_accepts_a_role_after_the_hour_is_asked_the_next_week(people: People) -> None:
    entries(people, 3)
    with time_machine.travel(TUESDAY + A_MINUTE, tick=False):
        give(people, FIRST)
    assert tick(people, TUESDAY + 2 * A_MINUTE) == []
    assert tick(people, TUESDAY + A_WEEK) == [FIRST]


def test_nobody_is_asked_at_night_by_the_clock_of_their_territory(people: People) -> None:
    people.entry(1, code_insee="97105", departement="971")
    give(people, FIRST, Role.CORRESPONDANT, "97105")
    assert tick(people, TUESDAY) == []  # five in the morning there
    assert tick(people, TUESDAY + timedelta(hours=3)) == [FIRST]


def test_the_night_of_an_intercommunality_is_that_of_its_communes(people: People) -> None:
    people.entry(1, code_insee="97411", departement="974")
    give(people, FIRST, Role.CORRESPONDANT, "249740119")
    settings(people, hour=19)
    assert tick(people, TUESDAY + timedelta(hours=9)) == []  # ten in the evening there
    assert tick(people, TUESDAY + timedelta(hours=23)) == [FIRST]


def test_the_entries_of_an_intercommunality_are_asked_about_and_passed_on_within_it(people: People) -> None:
    there = [people.entry(number, code_insee=code) for number, code in enumerate(("92071", "92002"))]
    people.entry(3)
    give(people, FIRST, Role.CORRESPONDANT, "200057966", "200099999")  # Vallée Sud-Grand Paris; nobody's
    give(people, SECOND, Role.CORRESPONDANT, "200057982")  # Paris Ouest La Défense
    give(people, THIRD, Role.COORDINATEUR, "200054781")  # Métropole du Grand Paris
    settings(people, SECOND, weekday=5)
    assert tick(people, TUESDAY) == [FIRST]
    assert [row.initiative_id for row in put(people)] == there
    assert said(people, put(people)[0].id, Verdict.NE_SAIS_PAS, TUESDAY)
    assert tick(people, TUESDAY + A_MINUTE) == [THIRD]


def test_only_an_intercommunality_that_is_not_known_any_more_is_asked_nothing(people: People) -> None:
    entries(people, 3)
    give(people, FIRST, Role.CORRESPONDANT, "200099999")
    assert tick(people, TUESDAY) == tick(people, TUESDAY + A_WEEK) == []


def test_who_pauses_is_asked_nothing_until_the_day_after(people: People) -> None:
    entries(people, 3)
    give(people, FIRST)
    settings(people, paused_until=(TUESDAY + A_WEEK).date())
    assert tick(people, TUESDAY) == tick(people, TUESDAY + A_WEEK) == []
    assert tick(people, TUESDAY + 2 * A_WEEK) == [FIRST]


def test_only_open_entries_of_the_territory_and_of_the_kinds_are_asked_about(people: People) -> None:
    wanted = people.entry(1)
    people.entry(2, kind="autre")
    people.entry(3, code_insee="92071", departement="92")
    people.entry(4, status="closed")
    people.entry(5, status="suspended")
    people.entry(6, merged_into=wanted)
    in_department = people.entry(7, code_insee="75101", departement="75")
    without_a_place = people.entry(8, code_insee=None, departement="75", reach="departemental")
    people.entry(9, code_insee=None, departement=None, reach="national")
    give(people, FIRST, Role.CORRESPONDANT, "92050", "75", kinds=(Kind.EPICERIE_SOLIDAIRE,))
    tick(people, TUESDAY)
    assert sorted(row.initiative_id for row in put(people)) == [wanted, in_department, without_a_place]


def test_a_week_answered_is_written_in_the_entries(people: People) -> None:
    first, second, third = entries(people, 3)
    give(people, FIRST)
    tick(people, TUESDAY)
    by_entry = {row.initiative_id: row.id for row in put(people)}
    assert said(people, by_entry[first], Verdict.OUI, TUESDAY)
    assert said(people, by_entry[second], Verdict.FERME, TUESDAY)
    assert said(people, by_entry[third], Verdict.CORRIGER, TUESDAY)
    written = [people.column(first, f"verified_{name}") for name in ("at", "method", "role", "by_year")]
    assert written == [TUESDAY.date(), "telephone", "correspondant", False]
    assert people.column(second, "status") == "closed"
    assert people.column(third, "verified_at") is None
    assert [row.answer for row in put(people)] == ["oui", "ferme", "corriger"]
    assert tick(people, TUESDAY + A_WEEK) == []


def test_what_was_closed_by_mistake_is_taken_back_within_an_hour_and_no_later(people: People) -> None:
    first, second = entries(people, 2)
    give(people, FIRST)
    tick(people, TUESDAY)
    ids = [row.id for row in put(people)]
    for check_id in ids:
        said(people, check_id, Verdict.FERME, TUESDAY)
    assert said(people, ids[0], Verdict.PLUS_TARD, TUESDAY + timedelta(minutes=59))
    assert not said(people, ids[1], Verdict.PLUS_TARD, TUESDAY + timedelta(minutes=60))
    assert people.column(first, "status") == "active"
    assert people.column(second, "status") == "closed"
    assert said(people, ids[0], Verdict.OUI, TUESDAY + timedelta(hours=1))


def test_what_is_put_off_is_put_again_in_two_days(people: People) -> None:
    entries(people, 1)
    give(people, FIRST)
    tick(people, TUESDAY)
    (one,) = put(people)
    assert said(people, one.id, Verdict.PLUS_TARD, TUESDAY)
    assert tick(people, TUESDAY + timedelta(days=2, minutes=-1)) == []
    assert tick(people, TUESDAY + timedelta(days=2)) == [FIRST]
    assert tick(people, TUESDAY + timedelta(days=2, minutes=1)) == []
    assert said(people, one.id, Verdict.OUI, TUESDAY + timedelta(days=2))
    assert len(put(people)) == 1


def test_what_is_refused_is_never_put_again_to_that_role_and_is_put_to_another(people: People) -> None:
    (entry,) = entries(people, 1)
    give(people, FIRST)
    tick(people, TUESDAY)
    assert said(people, put(people)[0].id, Verdict.PAS_POUR_MOI, TUESDAY)
    for week in range(1, 15):
        assert tick(people, TUESDAY + week * A_WEEK) == []
    give(people, SECOND)
    settings(people, SECOND, weekday=3)
    assert tick(people, TUESDAY + 15 * A_WEEK + timedelta(days=2)) == [SECOND]
    assert [(row.initiative_id, row.person) for row in put(people)] == [(entry, FIRST), (entry, SECOND)]


def test_who_does_not_know_is_followed_by_another_then_by_the_coordinator(people: People) -> None:
    entries(people, 1)
    give(people, FIRST)
    give(people, SECOND)
    settings(people, SECOND, weekday=5)
    give(people, THIRD, Role.COORDINATEUR, "92")
    tick(people, TUESDAY)
    assert said(people, put(people)[-1].id, Verdict.NE_SAIS_PAS, TUESDAY)
    assert tick(people, TUESDAY + A_MINUTE) == [SECOND]
    assert said(people, put(people)[-1].id, Verdict.NE_SAIS_PAS, TUESDAY, SECOND)
    assert tick(people, TUESDAY + timedelta(hours=12)) == []  # at night
    assert tick(people, TUESDAY + timedelta(days=1)) == [THIRD]
    assert said(people, put(people)[-1].id, Verdict.NE_SAIS_PAS, TUESDAY, THIRD)
    assert tick(people, TUESDAY + timedelta(days=2)) == []


def test_silence_is_broken_once_then_another_is_asked_then_the_coordinator(people: People) -> None:
    entries(people, 1)
    give(people, FIRST)
    tick(people, TUESDAY)
    give(people, SECOND)
    give(people, THIRD, Role.COORDINATEUR, "92")
    settings(people, SECOND, weekday=5)
    settings(people, FIRST, weekday=6)
    assert daily(people, TUESDAY, 45) == {7: [FIRST], 14: [SECOND], 21: [SECOND], 28: [THIRD], 35: [THIRD]}


def daily(people: People, start: datetime, days: int) -> dict[int, list[str]]:
    """Who is written to, every day at the same hour."""
    found = {day: tick(people, start + timedelta(days=day)) for day in range(1, days)}
    return {day: some for day, some in found.items() if some}


def test_a_question_that_was_passed_on_is_no_longer_theirs(people: People) -> None:
    (entry,) = entries(people, 1)
    give(people, FIRST)
    give(people, SECOND)
    tick(people, TUESDAY)
    tick(people, TUESDAY + A_WEEK)
    tick(people, TUESDAY + 2 * A_WEEK)
    old, new = put(people)
    assert not said(people, old.id, Verdict.FERME, TUESDAY + 2 * A_WEEK)
    assert people.column(entry, "status") == "active"
    assert said(people, new.id, Verdict.OUI, TUESDAY + 2 * A_WEEK, SECOND)


def test_two_who_are_silent_do_not_wait_for_each_other(people: People) -> None:
    entries(people, 12)
    give(people, FIRST)
    give(people, SECOND)
    give(people, THIRD, Role.COORDINATEUR, "92")
    tick(people, TUESDAY)
    told = daily(people, TUESDAY, 29)
    assert told[14] == [THIRD]
    weeks = Counter(row.asked_at for row in put(people) if row.role == Role.COORDINATEUR)
    assert max(weeks.values()) == 5


def test_what_another_could_not_answer_comes_first_in_the_next_round(people: People) -> None:
    for number in range(9):
        people.entry(number)
    hard = people.entry(20, code_insee="92071", verified_at=BEFORE.date(), verified_method="visite")
    give(people, FIRST, Role.CORRESPONDANT, "92071")
    report(people, hard, BEFORE)
    give(people, SECOND, Role.CORRESPONDANT, "92050", "92071")
    settings(people, SECOND, weekday=0)
    monday = TUESDAY - timedelta(days=1)
    with writing(people.engine) as connection:
        connection.execute(delete(reports))
    assert tick(people, monday) == [SECOND]
    report(people, hard, monday)
    assert tick(people, TUESDAY) == [FIRST]
    assert said(people, put(people)[-1].id, Verdict.NE_SAIS_PAS, TUESDAY)
    answer_all(people, TUESDAY, person=SECOND)
    assert tick(people, TUESDAY + A_MINUTE) == []  # no question left this week
    assert tick(people, monday + A_WEEK) == [SECOND]
    assert [row.initiative_id for row in put(people) if row.person == SECOND][5] == hard


def test_the_question_of_a_role_that_was_revoked_is_put_to_another(people: People) -> None:
    (entry,) = entries(people, 1)
    give(people, FIRST)
    give(people, SECOND)
    tick(people, TUESDAY)
    (check,) = put(people)
    with writing(people.engine) as connection:
        held = every_role(connection)[0]
        assert revoke(connection, held.mandate.id, Role.COORDINATEUR, TUESDAY)
    for verdict in Verdict:
        assert not said(people, check.id, verdict, TUESDAY)
    assert people.column(entry, "verified_at") is None
    assert tick(people, TUESDAY + A_MINUTE) == [SECOND]


def test_an_answer_to_what_is_not_theirs_is_answered_or_does_not_exist_writes_nothing(people: People) -> None:
    (entry,) = entries(people, 1)
    give(people, FIRST)
    give(people, SECOND, Role.CORRESPONDANT, "92071")
    give(people, THIRD, Role.TRAVAILLEUR_SOCIAL)
    tick(people, TUESDAY)
    (check,) = put(people)
    for verdict in Verdict:
        for person in (SECOND, THIRD, "999"):
            assert not said(people, check.id, verdict, TUESDAY, person)
        assert not said(people, check.id + 1, verdict, TUESDAY)
    assert put(people) == [check]
    assert said(people, check.id, Verdict.OUI, TUESDAY)
    for verdict in Verdict:
        assert not said(people, check.id, verdict, TUESDAY)
    assert people.column(entry, "status") == "active"


def test_a_question_about_an_entry_they_no_longer_cover_cannot_be_answered(people: People) -> None:
    (entry,) = entries(people, 1)
    give(people, FIRST)
    tick(people, TUESDAY)
    people.entry(0, code_insee="92071")
    assert not said(people, put(people)[0].id, Verdict.FERME, TUESDAY)
    assert people.column(entry, "status") == "active"


def test_a_question_whose_letter_was_lost_is_put_again(people: People) -> None:
    entries(people, 2)
    give(people, FIRST)
    assert tick(people, TUESDAY) == [FIRST]
    assert tick(people, TUESDAY + A_MINUTE) == []
    with writing(people.engine) as connection:
        connection.execute(delete(outbox))
    assert tick(people, TUESDAY + 2 * A_MINUTE) == [FIRST]
    assert tick(people, TUESDAY + 3 * A_MINUTE) == []
    assert len(put(people)) == 2


def test_a_letter_that_left_long_ago_and_is_forgotten_is_not_lost(people: People) -> None:
    entries(people, 2)
    give(people, FIRST)
    tick(people, TUESDAY)
    for hours in range(20, 30):
        now = TUESDAY + timedelta(hours=hours)
        with writing(people.engine) as connection:
            forget_the_silent(connection, now)
        assert tick(people, now) == []


def test_what_was_answered_is_not_lost_when_its_letter_is_forgotten(people: People) -> None:
    entries(people, 2)
    give(people, FIRST)
    tick(people, TUESDAY)
    assert said(people, put(people)[0].id, Verdict.OUI, TUESDAY)
    with writing(people.engine) as connection:
        connection.execute(delete(outbox))
    assert tick(people, TUESDAY + A_MINUTE) == []


def test_two_correspondents_are_never_asked_of_the_same_entry_in_a_month(people: People) -> None:
    entries(people, 12)
    give(people, FIRST)
    give(people, SECOND)
    for week in range(6):
        tick(people, TUESDAY + week * A_WEEK)
        for person in (FIRST, SECOND):
            answer_all(people, TUESDAY + week * A_WEEK, person=person)
    asked = [(row.initiative_id, row.asked_at) for row in put(people)]
    assert len(asked) > 12
    for initiative_id, at in asked:
        again = [other for id_, other in asked if id_ == initiative_id and at < other <= at + timedelta(days=30)]
        assert again == []
        assert asked.count((initiative_id, at)) == 1


def test_what_is_reported_is_asked_again_in_the_month_and_only_once(people: People) -> None:
    (entry,) = entries(people, 1)
    give(people, FIRST)
    tick(people, TUESDAY)
    answer_all(people, TUESDAY)
    report(people, entry, TUESDAY + A_MINUTE)
    assert tick(people, TUESDAY + A_WEEK) == [FIRST]
    answer_all(people, TUESDAY + A_WEEK)
    assert tick(people, TUESDAY + 2 * A_WEEK) == []


def test_the_budget_shared_with_the_dates_is_never_exceeded_in_twelve_weeks(people: People) -> None:
    entries(people, 80)
    give(people, FIRST)
    settings(people, weekly_budget=4)
    for week in range(12):
        monday = TUESDAY - timedelta(days=1) + week * A_WEEK
        for number in range(week % 4 + 1):
            a_date(people.engine, monday + timedelta(days=3 + number % 3), f"Café {number}", code_insee="92050")
        for hours in range(0, 7 * 24, 6):
            now = monday + timedelta(hours=hours)
            with writing(people.engine) as connection:
                asking.ask(connection, now, COMPOSERS)
            tick(people, now)
            if hours % 48 == 0 and week % 3:
                answer_all(people, now)
    days = sorted(today(put_at) for put_at in put_at_all(people))
    assert max(sum(day <= other < day + A_WEEK for other in days) for day in days) == 4
    assert len(days) > 36


def put_at_all(people: People) -> list[datetime]:
    with reading(people.engine) as connection:
        return [at for table in (checks, askings) for at in connection.scalars(select(table.c.asked_at))]


def test_whoever_is_silent_is_put_nothing_more_until_it_is_answered(people: People) -> None:
    entries(people, 20)
    give(people, FIRST)
    tick(people, TUESDAY)
    assert tick(people, TUESDAY + A_WEEK) == [FIRST]
    assert len(put(people)) == 5
    answer_all(people, TUESDAY + A_WEEK + timedelta(days=2))
    assert tick(people, TUESDAY + 2 * A_WEEK) == [FIRST]
    assert len(put(people)) == 10


def test_only_a_correspondent_changes_their_own_rounds_and_within_what_can_be(people: People) -> None:
    give(people, FIRST)
    give(people, SECOND)
    with reading(people.engine) as connection:
        first, second = connection.scalars(select(roles.c.id).order_by(roles.c.id))
    wanted = Arrange(first, 3, 5, 18, TUESDAY.date())
    refused = [
        Arrange(first, 0, 5, 18, None),
        Arrange(first, 11, 5, 18, None),
        Arrange(first, 3, 7, 18, None),
        Arrange(first, 3, -1, 18, None),
        Arrange(first, 3, 5, 7, None),
        Arrange(first, 3, 5, 21, None),
        Arrange(second, 3, 5, 18, None),
    ]
    with writing(people.engine) as connection:
        assert arrange(connection, (CHANNEL, FIRST), wanted)
        assert not any(arrange(connection, (CHANNEL, FIRST), one) for one in refused)
        columns = roles.c.weekly_budget, roles.c.weekday, roles.c.hour, roles.c.paused_until
        rows = connection.execute(select(*columns).order_by(roles.c.id)).all()
    assert [tuple(row) for row in rows] == [(3, 5, 18, TUESDAY.date()), (5, 1, 10, None)]


def test_a_reminder_comes_at_the_hour_they_chose_and_never_at_night_there(people: People) -> None:
    people.entry(1)
    people.entry(2, code_insee="97411", departement="974")
    give(people, FIRST)
    give(people, SECOND, Role.CORRESPONDANT, "97411")
    settings(people, SECOND, hour=20)  # ten or eleven in the evening there: always the day after
    assert tick(people, TUESDAY) == [FIRST]
    assert tick(people, TUESDAY + timedelta(days=1, hours=-2)) == [SECOND]
    assert tick(people, TUESDAY + A_WEEK - A_MINUTE) == []
    assert tick(people, TUESDAY + A_WEEK) == [FIRST]
    assert tick(people, TUESDAY + A_WEEK + timedelta(days=1)) == []
    assert tick(people, TUESDAY + A_WEEK + timedelta(days=2)) == [SECOND]


def test_many_are_written_to_one_tick_after_the_other(people: People) -> None:
    entries(people, MOST_LETTERS + 2)
    for number in range(MOST_LETTERS + 2):
        give(people, str(number))
        if number % 25 == 0:
            no_more_links_today(people)
    settings_of_all(people, weekly_budget=1)
    assert len(tick(people, TUESDAY)) == MOST_LETTERS
    assert len(tick(people, TUESDAY + A_MINUTE)) == 2
    assert tick(people, TUESDAY + 2 * A_MINUTE) == []
    assert len({row.initiative_id for row in put(people)}) == MOST_LETTERS + 2


def no_more_links_today(people: People) -> None:
    """They were made the day before: only so many are, in a day."""
    with writing(people.engine) as connection:
        connection.execute(delete(invitations))


def settings_of_all(people: People, **values: Any) -> None:
    with writing(people.engine) as connection:
        connection.execute(update(roles).values(values))
