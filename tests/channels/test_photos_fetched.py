"""Photos that were asked for are fetched beside the turns: once, after a restart too; or it is said why not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from PIL import Image
from sqlalchemy import Engine, func, select

from bot.channels.telegram_photos import PhotoFetcher, Unreachable
from catalogue.database import reading, writing
from catalogue.needs import Role
from catalogue.pictures import Flaw, Unusable
from catalogue.tables import inbox, photo_fetches, photos
from handlers.dialogue import Event, Gesture
from scheduler import fetching
from scheduler.retention import forget, forget_the_silent
from tests.people import CHANNEL, People, Person

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOMEONE = "2001"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def someone(engine: Engine, clock: time_machine.Traveller) -> Person:
    """Somebody who has just sent a photo that was asked for."""
    people = People(engine)
    person = people.with_a_role(SOMEONE, Role.CORRESPONDANT)
    person.press(f"affiche:{people.entry(1)}")
    send(person)
    return person


def send(person: Person, reference: str = "file-1") -> None:
    person._did(Event(Gesture.UNREADABLE, photo=reference))


class Shelf:
    """Where a channel keeps photos: what is there, or what is raised instead."""

    def __init__(self, **held: bytes | Exception) -> None:
        self.held, self.asked = held, list[str]()

    async def __call__(self, reference: str) -> bytes:
        self.asked.append(reference)
        found = self.held[reference.replace("-", "_")]
        if isinstance(found, Exception):
            raise found
        return found


def photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    return out.getvalue()


async def fetched(engine: Engine, shelf: Shelf) -> list[str]:
    """Who has something waiting once what is due was fetched."""
    arrived: list[str] = []
    await PhotoFetcher(engine, CHANNEL, shelf, arrived.extend).fetch_due()
    return arrived


def heard(person: Person) -> str:
    """What is said once their turns were run."""
    person.received()
    while person.people.runner.handle_next(CHANNEL, person.number):
        pass
    return " ".join(reply.text for reply in person.received())


def count(engine: Engine, table: object) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


async def test_a_photo_is_fetched_once_and_comes_into_the_conversation(engine: Engine, someone: Person) -> None:
    shelf = Shelf(file_1=photo())
    assert await fetched(engine, shelf) == [SOMEONE]
    assert await fetched(engine, shelf) == []
    assert shelf.asked == ["file-1"]
    assert count(engine, photo_fetches) == 0
    assert "Voici la photo." in heard(someone)
    assert heard(someone) == ""


async def test_nothing_is_asked_of_the_channel_for_a_photo_that_was_not_asked_for(
    engine: Engine, someone: Person
) -> None:
    someone.tap("Annuler")
    with writing(engine) as connection:
        forget(connection, CHANNEL, SOMEONE)
    send(someone, "file-2")
    shelf = Shelf()
    assert await fetched(engine, shelf) == []
    assert shelf.asked == []


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (Unusable(Flaw.TOO_HEAVY), "trop lourde"),
        (Unusable(Flaw.OUT_OF_REACH), "Envoyez-la de nouveau"),
        (b"rien", "Je n'ai pas pu lire cette photo"),
    ],
)
async def test_what_cannot_be_kept_is_said(engine: Engine, someone: Person, held: bytes | Exception, said: str) -> None:
    assert await fetched(engine, Shelf(file_1=held)) == [SOMEONE]
    assert said in heard(someone)
    assert count(engine, photo_fetches) == count(engine, photos) == 0


async def test_what_cannot_be_fetched_is_tried_again_later_then_said(
    engine: Engine, someone: Person, clock: time_machine.Traveller
) -> None:
    shelf = Shelf(file_1=Unreachable())
    for tries in range(1, fetching.MOST_ATTEMPTS):
        assert await fetched(engine, shelf) == []
        assert await fetched(engine, shelf) == []
        assert len(shelf.asked) == tries
        clock.shift(timedelta(seconds=2**tries))
    assert await fetched(engine, shelf) == [SOMEONE]
    assert len(shelf.asked) == fetching.MOST_ATTEMPTS
    assert "Envoyez-la de nouveau" in heard(someone)


async def test_a_photo_whose_fetching_fails_of_itself_is_given_up(
    engine: Engine, someone: Person, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(file_1=RuntimeError("https://telegram.example/token"))
    for _ in range(fetching.MOST_ATTEMPTS):
        assert await fetched(engine, shelf) == []
        assert await fetched(engine, shelf) == []
        clock.shift(fetching.LEASE)
    assert await fetched(engine, shelf) == [SOMEONE]
    assert len(shelf.asked) == fetching.MOST_ATTEMPTS
    assert "Envoyez-la de nouveau" in heard(someone)
    assert "token" not in caplog.text


async def test_another_photo_sent_meanwhile_takes_the_place_of_the_first(engine: Engine, someone: Person) -> None:
    class Slow(Shelf):
        async def __call__(self, reference: str) -> bytes:
            if reference == "file-1":
                send(someone, "file-2")
            return await super().__call__(reference)

    shelf = Slow(file_1=photo(), file_2=photo())
    assert await fetched(engine, shelf) == []
    assert await fetched(engine, shelf) == [SOMEONE]
    assert shelf.asked == ["file-1", "file-2"]
    assert "Voici la photo." in heard(someone)


async def test_a_process_that_died_leaves_it_to_another(
    engine: Engine, someone: Person, clock: time_machine.Traveller
) -> None:
    with writing(engine) as connection:
        assert fetching.claim(connection, CHANNEL, NOON)
    assert await fetched(engine, shelf := Shelf(file_1=photo())) == []
    clock.shift(fetching.LEASE)
    assert await fetched(engine, shelf) == [SOMEONE]
    # And it died before the turn: the photo is in the inbox.
    assert count(engine, inbox.alias()) >= 1
    assert "Voici la photo." in heard(someone)


async def test_it_is_forgotten_after_an_hour_and_with_the_person(
    engine: Engine, someone: Person, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(hours=1))
    assert await fetched(engine, shelf := Shelf(file_1=photo())) == []
    with writing(engine) as connection:
        forget_the_silent(connection, datetime.now(UTC))
    assert (shelf.asked, count(engine, photo_fetches)) == ([], 0)
    send(someone)
    assert count(engine, photo_fetches) == 1
    with writing(engine) as connection:
        forget(connection, CHANNEL, SOMEONE)
    assert count(engine, photo_fetches) == 0
