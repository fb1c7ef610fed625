"""A photo of the poster is a button away from the question of the week, and says nothing of the entry itself."""

from datetime import UTC, datetime

import time_machine
from sqlalchemy import Engine

from catalogue.corrections import correct
from catalogue.database import writing
from catalogue.initiatives import touched_by_people
from catalogue.needs import Role
from catalogue.photos import attach, receive
from catalogue.pictures import Picture
from scheduler import verification
from tests.people import CHANNEL, COMPOSERS, People, Person
from tests.scheduler.telling import paris

SOMEONE = "2001"


def photographed(people: People, someone: Person) -> int:
    """The id of an entry that has a photo of its poster."""
    entry, now = people.entry(1), datetime.now(UTC)
    with writing(people.engine) as connection:
        assert attach(
            connection, (CHANNEL, someone.number), receive(connection, Picture(b"jpeg", 1, 1), now), entry, now
        )
    return entry


def test_a_question_and_a_card_lead_to_the_photo(engine: Engine) -> None:
    with time_machine.travel(paris(11, 22, 12), tick=False) as clock:
        people = People(engine)
        someone = people.with_a_role(SOMEONE, Role.CORRESPONDANT)
        entry = photographed(people, someone)
        clock.move_to(paris(11, 24, 10))
        with writing(engine) as connection:
            verification.ask(connection, datetime.now(UTC), COMPOSERS)
        (asked,) = someone.received()
        assert asked.after == "Toujours vrai ?"
        assert someone.tap("Voir l'affiche").photo
        someone.press(f"fiche:{entry}")
        assert someone.tap("Voir l'affiche").photo
        resident = people.person("3001")
        resident.press(f"fiche:{entry}")
        assert "Voir l'affiche" not in [choice.label for choice in resident.buttons()]


def test_a_list_may_still_say_more_of_an_entry_that_was_only_photographed(engine: Engine) -> None:
    people = People(engine)
    someone = people.with_a_role(SOMEONE, Role.CORRESPONDANT)
    entry = photographed(people, someone)
    with writing(engine) as connection:
        assert touched_by_people(connection, "essai") == frozenset()
        values = {"telephone": "01 02 03 04 05"}
        assert correct(connection, (CHANNEL, SOMEONE), entry, "telephone", values, datetime.now(UTC))
        assert touched_by_people(connection, "essai") == frozenset({"1"})
