"""Wrong invitations: after ten in an hour the answer is the same whatever the next one is, and it is not looked at."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import Engine, event, insert, select

from bot.inbox import Arrival
from catalogue.database import open_database, reading, writing
from catalogue.entries import Mandate
from catalogue.needs import Role
from catalogue.roles import held_by, invite, new_secret
from catalogue.tables import tries
from catalogue.tries import AN_HOUR, MOST_TRIES, MOST_TRIES_IN_ALL
from handlers.dialogue import Event, Gesture
from scheduler.retention import forget_the_silent
from tests.people import CHANNEL, People, Person

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TOO_MANY = "Trop d'essais. Réessayez dans une heure.\nVous pouvez chercher sans invitation."


@pytest.fixture
def people(engine: Engine) -> Iterator[People]:
    with time_machine.travel(NOW, tick=False):
        yield People(engine)


def an_invitation(people: People) -> str:
    secret = new_secret()
    with writing(people.engine) as connection:
        mandate = Mandate(0, Role.CORRESPONDANT, ("92050",), ())
        invite(connection, mandate, secret, Role.COORDINATEUR, datetime.now(UTC))
    return secret


def opens(person: Person, secret: str) -> str:
    """What is said to who opens a link, after the greeting."""
    return person.start(f"i{secret}").text.partition("\n")[2]


def opens_as_many_wrong_ones_as_may_be(people: People, number: str = "101") -> Person:
    person = people.person(number)
    for _ in range(MOST_TRIES):
        assert "plus valable" in opens(person, new_secret())
    return person


@contextmanager
def looking_at(engine: Engine) -> Iterator[list[str]]:
    """The statements that look at invitations meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.extend([statement] if "invitations" in statement else [])

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def counted(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(connection.execute(select(tries.c.id)).all())


def test_after_ten_wrong_links_even_the_right_one_is_not_looked_at(people: People) -> None:
    right = an_invitation(people)
    person = opens_as_many_wrong_ones_as_may_be(people)
    with looking_at(people.engine) as seen:
        assert opens(person, right) == TOO_MANY
        assert [choice.label for choice in person.buttons()] == ["Chercher un lieu, une aide"]
        assert person.press(f"accepter:{right}").text == TOO_MANY
    assert seen == []
    with reading(people.engine) as connection:
        assert held_by(connection, (CHANNEL, "101")) == []


def test_nobody_else_waits(people: People) -> None:
    right = an_invitation(people)
    opens_as_many_wrong_ones_as_may_be(people)
    assert "On vous propose un rôle" in opens(people.person("102"), right)


def test_the_right_one_opens_an_hour_after(people: People) -> None:
    right = an_invitation(people)
    person = opens_as_many_wrong_ones_as_may_be(people)
    with time_machine.travel(NOW + AN_HOUR - timedelta(seconds=1), tick=False):
        assert opens(person, right) == TOO_MANY  # asking again does not make the hour longer
    with time_machine.travel(NOW + AN_HOUR, tick=False):
        assert "On vous propose un rôle" in opens(person, right)
        assert "C'est fait" in person.tap("J'accepte").text


def test_links_that_were_used_count_like_wrong_ones(people: People) -> None:
    used = an_invitation(people)
    opens(people.person("102"), used)
    people.person("102").press(f"accepter:{used}")
    person = people.person("101")
    for _ in range(MOST_TRIES // 2):
        opens(person, used)
        person.press(f"accepter:{used}")
    assert opens(person, an_invitation(people)) == TOO_MANY


def test_what_cannot_be_a_link_is_not_a_try(people: People) -> None:
    person = people.person("101")
    for value in ("", "x", "0" * 33):
        assert "plus valable" in person.press(f"accepter:{value}").text
    assert counted(people.engine) == 0


def test_several_processes_count_together(people: People, database_url: str) -> None:
    def opens_elsewhere(number: int) -> None:
        engine = open_database(database_url)
        elsewhere = People(engine)
        arrival = Arrival(CHANNEL, f"essai:{number}", "101", Event(Gesture.STARTED, f"i{new_secret()}"), {})
        elsewhere.runner.turn(arrival)
        engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(opens_elsewhere, range(MOST_TRIES + 6)))
    assert counted(people.engine) == MOST_TRIES


def test_a_channel_waits_only_once_a_hundred_people_went_to_their_end(people: People) -> None:
    rows = [{"channel": CHANNEL, "digest": str(number // MOST_TRIES), "at": NOW} for number in range(MOST_TRIES_IN_ALL)]
    with writing(people.engine) as connection:
        connection.execute(insert(tries), rows[:-1])
    right = an_invitation(people)
    person = people.person("101")
    assert "On vous propose un rôle" in opens(person, right)
    assert "plus valable" in opens(person, new_secret())
    assert opens(people.person("102"), right) == TOO_MANY
    with time_machine.travel(NOW + AN_HOUR, tick=False):
        assert "On vous propose un rôle" in opens(person, right)


def test_erasing_everything_does_not_begin_the_count_again(people: People) -> None:
    person = opens_as_many_wrong_ones_as_may_be(people)
    told = "Des invitations qui n'ont pas marché : leur nombre, une heure, même si vous effacez."
    assert told in person.say("/mesdonnees").text
    person.press("effacer:oui")
    assert opens(person, an_invitation(people)) == TOO_MANY


def test_neither_the_link_nor_the_person_is_kept_and_all_is_forgotten_after_an_hour(people: People) -> None:
    wrong = new_secret()
    opens(people.person("1010101"), wrong)
    with reading(people.engine) as connection:
        kept = str(connection.execute(select(tries)).mappings().one())
    assert wrong not in kept
    assert "1010101" not in kept
    with writing(people.engine) as connection:
        forget_the_silent(connection, NOW + AN_HOUR - timedelta(seconds=1))
    assert counted(people.engine) == 1
    with writing(people.engine) as connection:
        forget_the_silent(connection, NOW + AN_HOUR)
    assert counted(people.engine) == 0


def test_on_the_web_where_one_can_always_be_somebody_else_no_invitation_is_looked_at(people: People) -> None:
    right = an_invitation(people)
    with looking_at(people.engine) as seen:
        for number, gesture in enumerate(
            (Event(Gesture.STARTED, f"i{right}"), Event(Gesture.TAPPED, f"accepter:{right}"))
        ):
            people.runner.turn(Arrival("web", f"essai:{number}", "101", gesture, {}))
    assert seen == []
    assert counted(people.engine) == 0
