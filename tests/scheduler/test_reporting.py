"""Reports are put to the right person, one after the other, by day; whoever wished it is told once, then forgotten."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, select, update

from catalogue.database import reading, writing
from catalogue.needs import Kind, Outcome, Reason, Role
from catalogue.reports import report, settle
from catalogue.roles import WEEKLY_BUDGET as WEEKLY
from catalogue.tables import initiatives, outbox, reports, roles
from handlers.dialogue import Reply
from scheduler.putting import put
from scheduler.reporting import A_WEEK, MOST_TIMES, SILENCE, tell
from scheduler.retention import REPORTERS_LAST, forget, forget_the_silent, stop_telling
from tests.people import CHANNEL, COMPOSERS, People
from tests.scheduler.telling import NOON, letters, lose, paris, send

FIRST, SECOND, THIRD, FOURTH = "101", "102", "103", "104"
ONE, OTHER, COORDINATOR = "201", "202", "301"
NIGHT = paris(11, 22, 23)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    """Roles are taken before anything is put."""
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def entry(people: People) -> int:
    return people.entry(1)


def says(engine: Engine, person: str, entry: int, reason: Reason = Reason.HORAIRES, **more: Any) -> None:
    with writing(engine) as connection:
        channel, words = more.get("channel", CHANNEL), more.get("words", "")
        now = more.get("now", NOON)
        assert report(connection, (channel, person), entry, reason, words, more.get("told", False), now)


def is_put(engine: Engine, now: datetime = NOON) -> list[str]:
    """To whom a tick puts something, in order: once for each thing, which is a card of their letter."""
    before = {row.id for row in letters(engine)}
    with writing(engine) as connection:
        count = put(connection, now, COMPOSERS)
    new = [row for row in letters(engine) if row.id not in before]
    assert len(new) == count
    return [row.person for row in new for _card in row.message["cards"]]


def is_told(engine: Engine, now: datetime = NOON) -> list[str]:
    before = {row.id for row in letters(engine)}
    with writing(engine) as connection:
        tell(connection, now, COMPOSERS)
    return [row.person for row in letters(engine) if row.id not in before]


def settles(engine: Engine, person: str, outcome: Outcome = Outcome.CORRIGE, now: datetime = NOON) -> int:
    """Settles the first report that is open."""
    with writing(engine) as connection:
        first = connection.scalars(select(reports.c.id).where(reports.c.settled_at.is_(None)).order_by(reports.c.id))
        return settle(connection, (CHANNEL, person), first.first() or 0, outcome, now)


def last_letter(engine: Engine) -> Reply:
    message = letters(engine)[-1].message
    return Reply.from_json({name: message[name] for name in Reply.__dataclass_fields__})


def who_said_it(engine: Engine) -> list[str | None]:
    with reading(engine) as connection:
        return list(connection.scalars(select(reports.c.person).order_by(reports.c.id)))


def test_the_correspondent_of_the_place_is_put_it_once(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(OTHER, Role.CORRESPONDANT, ("92071",))
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry)
    assert is_put(engine) == [ONE]
    assert is_put(engine, NOON + timedelta(minutes=1)) == []


def test_a_report_is_put_to_who_looks_after_the_intercommunality(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(OTHER, Role.CORRESPONDANT, ("200057966", "200099999"))  # Vallée Sud-Grand Paris; nobody's
    says(engine, FIRST, entry)
    assert is_put(engine) == []
    people.with_a_role(ONE, Role.CORRESPONDANT, ("200057982",))  # Paris Ouest La Défense
    assert is_put(engine) == [ONE]


def test_nothing_is_put_at_night(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    for person in (FIRST, SECOND, THIRD):
        says(engine, person, entry, Reason.FERME)
    assert is_put(engine, NIGHT) == []
    assert is_put(engine, paris(11, 23, 8)) == [ONE]


def test_the_number_of_people_is_said_from_three_on(engine: Engine, people: People) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    said = []
    for count in (1, 2, 3, 4):
        entry = people.entry(count)
        for person in (FIRST, SECOND, THIRD, FOURTH)[:count]:
            says(engine, person, entry, words=f"dit par le {person}")
        assert is_put(engine) == [ONE]
        said.append(last_letter(engine))
    assert [reply.text.split(" signale")[0] for reply in said] == [
        "Une personne",
        "Deux personnes",
        "3 personnes",
        "4 personnes",
    ]
    assert said[1].after == "Voici ce qui est écrit :\n« dit par le 101 »\n« dit par le 102 »\nQu'en est-il ?"


def test_reports_are_spread_and_nobody_has_more_than_five_in_a_week(engine: Engine, people: People) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(OTHER, Role.CORRESPONDANT)
    for number in range(2 * WEEKLY + 2):
        says(engine, f"9{number}", people.entry(number))
    assert sorted(is_put(engine)) == [ONE] * WEEKLY + [OTHER] * WEEKLY
    assert is_put(engine, NOON + SILENCE) == []
    assert is_put(engine, NOON + A_WEEK).count(ONE) <= WEEKLY


def test_who_does_not_answer_has_no_more_than_five_in_a_week_either(engine: Engine, people: People) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    received = []
    for day in range(28):
        for number in range(2):
            says(engine, f"9{day}{number}", people.entry(10 * day + number), now=NOON + timedelta(days=day))
        received += [day for person in is_put(engine, NOON + timedelta(days=day)) if person == ONE]
    assert max(sum(first <= day < first + 7 for day in received) for first in range(28)) == WEEKLY


def test_who_is_on_holiday_is_left_alone(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    with writing(engine) as connection:
        connection.execute(update(roles).where(roles.c.person == ONE).values(paused_until=date(2026, 11, 30)))
    says(engine, FIRST, entry)
    assert is_put(engine) == [COORDINATOR]


def test_who_said_it_or_runs_the_place_is_not_asked(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(OTHER, Role.CORRESPONDANT)
    people.with_a_role(OTHER, Role.ORGANISATEUR, (), initiatives=[entry])
    says(engine, ONE, entry)
    assert is_put(engine) == []
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    assert is_put(engine) == [COORDINATOR]


def test_who_looks_after_another_kind_is_not_asked(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT, kinds=[Kind.AMAP])
    says(engine, FIRST, entry)
    assert is_put(engine) == []


def test_after_four_days_of_silence_a_coordinator_is_asked_then_every_week_three_times_in_all(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry)
    assert is_put(engine) == [ONE]
    assert is_put(engine, NOON + SILENCE - timedelta(minutes=1)) == []
    assert is_put(engine, NOON + SILENCE) == [COORDINATOR]
    assert is_put(engine, NOON + SILENCE + A_WEEK - timedelta(minutes=1)) == []
    assert is_put(engine, NOON + SILENCE + A_WEEK) == [COORDINATOR]
    assert [is_put(engine, NOON + week * A_WEEK) for week in range(2, 12)] == [[]] * 10


def test_what_a_correspondent_hands_on_is_put_to_a_coordinator_at_once(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry)
    assert is_put(engine) == [ONE]
    assert settles(engine, ONE, Outcome.TRANSMIS) == 1
    assert is_put(engine) == [COORDINATOR]
    assert is_put(engine, NOON + SILENCE) == []


def test_a_third_person_who_finds_it_closed_is_not_made_to_wait(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry, Reason.FERME)
    assert is_put(engine) == [ONE]
    says(engine, SECOND, entry, Reason.FERME)
    assert is_put(engine) == []
    says(engine, THIRD, entry, Reason.FERME)
    assert is_put(engine, NIGHT) == []
    assert is_put(engine, paris(11, 23, 9)) == [COORDINATOR]
    says(engine, FOURTH, entry, Reason.FERME)
    assert is_put(engine, paris(11, 23, 10)) == []


def test_what_is_urgent_does_not_wait_for_a_free_week(engine: Engine, people: People) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    for number in range(WEEKLY + 1):
        says(engine, f"9{number}", people.entry(number))
    assert is_put(engine) == [ONE] * WEEKLY
    closed = people.entry(50)
    for person in (FIRST, SECOND, THIRD):
        says(engine, person, closed, Reason.FERME)
    assert is_put(engine) == [COORDINATOR]


def test_how_people_were_received_is_put_to_a_coordinator_and_waits_for_one(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    says(engine, FIRST, entry, Reason.ACCUEIL)
    assert is_put(engine) == []
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    assert is_put(engine) == [COORDINATOR]


def test_with_nobody_there_it_waits_for_whoever_takes_the_territory(engine: Engine, people: People, entry: int) -> None:
    says(engine, FIRST, entry)
    assert is_put(engine) == []
    assert is_put(engine, NOON + 10 * A_WEEK) == []
    people.with_a_role(ONE, Role.CORRESPONDANT)
    assert is_put(engine, NOON + 10 * A_WEEK) == [ONE]


def test_silence_that_begins_with_a_correspondent_ends_too_when_nobody_answers(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    says(engine, FIRST, entry)
    assert is_put(engine) == [ONE]
    with time_machine.travel(NOON + SILENCE, tick=False):
        people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    days = [is_put(engine, NOON + timedelta(days=day)) for day in range(4, 60)]
    assert [found for found in days if found] == [[COORDINATOR], [COORDINATOR]]


def test_with_no_coordinator_those_of_the_place_are_asked_again_a_week_later(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(OTHER, Role.CORRESPONDANT)
    says(engine, FIRST, entry)
    assert is_put(engine) == [ONE]
    assert is_put(engine, NOON + SILENCE) == []
    assert is_put(engine, NOON + A_WEEK) == [ONE]


def test_when_who_was_asked_leaves_somebody_else_is(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry)
    assert is_put(engine) == [ONE]
    with writing(engine) as connection:
        forget(connection, CHANNEL, ONE)
    assert is_put(engine) == [COORDINATOR]


def test_what_was_put_three_times_is_shown_to_whoever_takes_the_territory_after(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    says(engine, FIRST, entry)
    times = [is_put(engine, NOON + week * A_WEEK) for week in range(MOST_TIMES + 1)]
    assert times == [[COORDINATOR]] * MOST_TIMES + [[]]
    with time_machine.travel(NOON + 3 * A_WEEK, tick=False):
        people.with_a_role("302", Role.COORDINATEUR, ("92050",))
    assert [is_put(engine, NOON + week * A_WEEK) for week in range(4, 8)] == [["302"], [], [], []]


def test_what_was_closed_since_is_settled_and_put_to_nobody(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    says(engine, FIRST, entry, Reason.FERME, told=True)
    says(engine, FIRST, entry, Reason.ADRESSE)
    assert settles(engine, ONE, Outcome.FERME) == 1
    assert is_put(engine) == []
    with reading(engine) as connection:
        assert set(connection.scalars(select(reports.c.outcome))) == {"ferme"}


def test_what_was_said_of_an_entry_goes_with_it_to_the_one_it_is_merged_into(
    engine: Engine, people: People, entry: int
) -> None:
    other = people.entry(2)
    people.with_a_role(ONE, Role.CORRESPONDANT)
    says(engine, FIRST, entry)
    with writing(engine) as connection:
        merged = update(initiatives).where(initiatives.c.id == entry).values(merged_into=other)
        connection.execute(merged)
    assert is_put(engine) == [ONE]
    assert last_letter(engine).cards[0].title == "Lieu 2"
    assert settles(engine, ONE) == 1


def test_an_entry_with_no_place_goes_to_any_coordinator(engine: Engine, people: People) -> None:
    nowhere = {"code_insee": None, "departement": None, "commune": None, "latitude": None, "longitude": None}
    entry = people.entry(1, reach="national", **nowhere)
    people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("17",))
    says(engine, FIRST, entry)
    assert is_put(engine) == [COORDINATOR]


# Telling.


def test_who_wished_it_is_told_once_then_forgotten(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    says(engine, FIRST, entry, told=True)
    says(engine, SECOND, entry)
    assert is_told(engine) == []
    settles(engine, ONE)
    assert who_said_it(engine) == [FIRST, None]
    assert is_told(engine) == [FIRST]
    text = "Vous aviez signalé : Lieu 1, « Les horaires ».\nVoici ce qu'il en est : la fiche a été corrigée.\nMerci."
    assert last_letter(engine).text == text
    assert is_told(engine) == []
    assert who_said_it(engine) == [None, None]


def test_nobody_is_told_at_night(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    says(engine, FIRST, entry, told=True)
    settles(engine, ONE)
    assert is_told(engine, NIGHT) == [FIRST]
    assert send(engine, NIGHT) == []
    assert send(engine, paris(11, 23, 8)) == [FIRST]


def test_a_letter_lost_before_it_is_known_to_be_there_is_written_again(
    engine: Engine, people: People, entry: int
) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    says(engine, FIRST, entry, told=True)
    settles(engine, ONE)
    assert is_told(engine) == [FIRST]
    lose(engine, "signalement-suite:")
    assert is_told(engine) == [FIRST]
    send(engine, NOON)
    assert is_told(engine) == []
    assert who_said_it(engine) == [None]


def test_what_was_sent_long_ago_is_not_told_again(engine: Engine, people: People, entry: int) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    says(engine, FIRST, entry, told=True)
    settles(engine, ONE)
    assert is_told(engine) == [FIRST]
    send(engine, NOON)
    with writing(engine) as connection:
        forget_the_silent(connection, NOON + timedelta(days=2))
    assert is_told(engine, NOON + timedelta(days=2)) == []


@pytest.mark.parametrize("act", [forget, stop_telling])
def test_who_wants_to_hear_nothing_more_is_not_told(engine: Engine, people: People, entry: int, act: Any) -> None:
    people.with_a_role(ONE, Role.CORRESPONDANT)
    for reason in (Reason.HORAIRES, Reason.ADRESSE):
        says(engine, FIRST, entry, reason, told=True)
    settles(engine, ONE)
    with writing(engine) as connection:
        act(connection, CHANNEL, FIRST)
    settles(engine, ONE)
    assert is_told(engine) == []
    assert who_said_it(engine) == [None, None]


def test_what_was_said_outlives_who_said_it(engine: Engine, people: People, entry: int) -> None:
    says(engine, FIRST, entry, words="le mardi", told=True)
    says(engine, SECOND, entry, told=True)
    with writing(engine) as connection:
        forget(connection, CHANNEL, FIRST)
        rows = connection.execute(select(reports).order_by(reports.c.id)).all()
    assert [(row.channel, row.person, row.to_be_told, row.words) for row in rows] == [
        (None, None, False, "le mardi"),
        (CHANNEL, SECOND, True, None),
    ]
    people.with_a_role(ONE, Role.CORRESPONDANT)
    assert is_put(engine) == [ONE]


def test_after_a_year_nobody_knows_who_said_it(engine: Engine, entry: int) -> None:
    says(engine, FIRST, entry, told=True)
    says(engine, SECOND, entry, Reason.FERME, now=NOON + timedelta(minutes=1))
    with writing(engine) as connection:
        forget_the_silent(connection, NOON + REPORTERS_LAST)
    assert who_said_it(engine) == [None, SECOND]


def test_whoever_cannot_be_written_to_is_put_nothing_and_told_nothing(
    engine: Engine, people: People, entry: int
) -> None:
    says(engine, FIRST, entry, channel="web", told=True)
    people.with_a_role(ONE, Role.CORRESPONDANT)
    settles(engine, ONE)
    assert is_told(engine) == []
    with reading(engine) as connection:
        assert connection.execute(select(outbox.c.id)).all() == []
