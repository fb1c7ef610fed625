"""A photo of the poster: asked for, shown back, kept, seen again; and none that was not asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from PIL import Image
from sqlalchemy import Engine, select, update

from bot.inbox import Arrival
from catalogue.database import reading, writing
from catalogue.needs import Role
from catalogue.photos import receive
from catalogue.pictures import Flaw, kept
from catalogue.roles import leave
from catalogue.tables import checks, conversations, photo_fetches, photos
from handlers.dialogue import Event, Gesture, Reply
from scheduler.retention import forget_the_silent
from tests.people import CHANNEL, People, Person

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOMEONE, ANOTHER = "2001", "2002"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def team(engine: Engine, clock: time_machine.Traveller) -> People:
    return People(engine)


@pytest.fixture
def someone(team: People) -> Person:
    return team.with_a_role(SOMEONE, Role.CORRESPONDANT)


def photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    return out.getvalue()


def send(person: Person, reference: str = "file-1", caption: str = "") -> Reply:
    """Sends a photo, as a channel says it: what it is called there."""
    kind = Gesture.SAID if caption else Gesture.UNREADABLE
    return person._did(Event(kind, caption, photo=reference))


def arrives(person: Person, said: str = "") -> list[Reply]:
    """A photo that was fetched: kept, and its number put into the conversation; or why it cannot be."""
    with writing(person.people.engine) as connection:
        said = said or str(receive(connection, kept(photo()), datetime.now(UTC)))
    person.received()
    key = f"photo:{next(person.people.numbers)}"
    person.people.runner.turn(Arrival(CHANNEL, key, person.number, Event(Gesture.RECEIVED, said), {}))
    return person.received()


def sent_and_kept(person: Person, entry: int) -> None:
    person.press(f"affiche:{entry}")
    send(person)
    arrives(person)
    assert person.tap("Garder").text.startswith("C'est gardé. Merci.")


def fetches(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(select(photo_fetches.c.reference)))


def attached(engine: Engine) -> list[int | None]:
    with reading(engine) as connection:
        return list(connection.scalars(select(photos.c.initiative_id).order_by(photos.c.id)))


# Sent, shown back, kept.


def test_a_photo_is_asked_for_shown_back_and_kept(team: People, someone: Person) -> None:
    entry = team.entry(1)
    someone.press(f"corriger:{entry}")
    asked = someone.tap("Photographier l'affiche")
    assert asked.text.startswith("Lieu 1\nEnvoyez la photo de l'affiche.")
    assert asked.asks_photo
    assert send(someone).text == "Je regarde la photo."
    assert fetches(team.engine) == ["file-1"]
    (shown,) = arrives(someone)
    assert shown.photo
    assert someone.labels() == ["Garder", "Une autre", "Annuler"]
    assert attached(team.engine) == [None]
    someone.tap("Garder")
    assert someone.labels() == ["Enlever l'image", "Corriger autre chose", "Continuer"]
    assert attached(team.engine) == [entry]


def test_another_photo_is_sent_instead(team: People, someone: Person) -> None:
    entry = team.entry(1)
    someone.press(f"affiche:{entry}")
    send(someone)
    (first,) = arrives(someone)
    assert someone.tap("Une autre").asks_photo
    send(someone, "file-2")
    (second,) = arrives(someone)
    assert second.photo != first.photo
    someone.tap("Garder")
    assert attached(team.engine) == [None, entry]


def test_of_two_photos_sent_together_the_last_is_fetched(team: People, someone: Person) -> None:
    someone.press(f"affiche:{team.entry(1)}")
    send(someone, "file-1")
    send(someone, "file-2")
    assert fetches(team.engine) == ["file-2"]


def test_giving_up_changes_nothing(team: People, someone: Person) -> None:
    entry = team.entry(1)
    someone.press(f"affiche:{entry}")
    send(someone)
    arrives(someone)
    assert someone.tap("Annuler").text == "D'accord. La fiche n'a pas changé."
    assert attached(team.engine) == [None]
    assert "De quoi avez-vous besoin" in someone.tap("Continuer").text


def test_going_back_leads_where_one_was(team: People, someone: Person) -> None:
    someone.start("alimentation")
    someone.press(f"affiche:{team.entry(1)}")
    assert "Où cherchez-vous" in someone.press("retour:").text


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        (Flaw.TOO_HEAVY, "trop lourde : 10 Mo au plus"),
        (Flaw.TOO_LARGE, "trop grande"),
        (Flaw.UNREADABLE, "JPEG, PNG et WebP"),
        (Flaw.OUT_OF_REACH, "Envoyez-la de nouveau"),
        ("999999", "JPEG, PNG et WebP"),
    ],
)
def test_what_cannot_be_kept_is_said_and_asked_again(team: People, someone: Person, flaw: str, words: str) -> None:
    someone.press(f"affiche:{team.entry(1)}")
    send(someone)
    (said,) = arrives(someone, flaw)
    assert words in said.text
    assert "Envoyez la photo de l'affiche." in said.text
    assert said.asks_photo
    assert someone.labels() == ["Annuler"]


def test_words_are_no_photo_and_danger_is_heard_first(team: People, someone: Person) -> None:
    someone.press(f"affiche:{team.entry(1)}")
    assert someone.say("elle est sur la porte").text.startswith("Ici, j'attends une photo.")
    assert "3114" in send(someone, caption="je veux mourir").text
    assert fetches(team.engine) == []
    assert send(someone, caption="l'affiche de la porte").text == "Je regarde la photo."


# Photos that were not asked for.


def test_a_photo_sent_at_any_other_moment_is_not_fetched(team: People, someone: Person) -> None:
    entry = team.entry(1)
    resident = team.person("3001")
    resident.start()
    assert "Manger" in [choice.label for row in send(resident).choices for choice in row]
    for step in (f"corriger:{entry}", "champ:telephone", "urgence:", f"fiche:{entry}"):
        someone.press(step)
        send(someone)
    someone.press(f"affiche:{entry}")
    send(someone)
    arrives(someone)
    send(someone, "another")
    assert fetches(team.engine) == ["file-1"]


def test_a_photo_that_comes_once_one_went_on_is_not_shown(team: People, someone: Person) -> None:
    someone.press(f"affiche:{team.entry(1)}")
    send(someone)
    someone.tap("Annuler")
    assert arrives(someone) == []
    assert "De quoi avez-vous besoin" in someone.press("reprendre:").text
    stranger = team.person("3002")
    assert arrives(stranger) == []


def test_a_photo_that_waited_too_long_is_not_kept(team: People, someone: Person, clock: time_machine.Traveller) -> None:
    someone.press(f"affiche:{team.entry(1)}")
    send(someone)
    arrives(someone)
    clock.shift(timedelta(hours=1))
    with writing(team.engine) as connection:
        forget_the_silent(connection, datetime.now(UTC))
    assert "attendu trop longtemps" in someone.tap("Garder").text
    assert attached(team.engine) == []
    assert fetches(team.engine) == []
    assert someone.tap("Une autre").asks_photo


# Whose it is.


@pytest.mark.parametrize(
    ("role", "codes"), [(Role.CORRESPONDANT, ("92071",)), (Role.TRAVAILLEUR_SOCIAL, ("92050",)), (None, ())]
)
def test_nobody_else_sends_sees_or_removes_one(
    team: People, someone: Person, role: Role | None, codes: tuple[str, ...]
) -> None:
    entry = team.entry(1)
    sent_and_kept(someone, entry)
    other = team.with_a_role(ANOTHER, role, codes) if role else team.person(ANOTHER)
    assert "Vous ne pouvez pas corriger cette fiche" in other.press(f"affiche:{entry}").text
    assert "pas d'affiche" in other.press(f"affiche-voir:{entry}").text
    for value in ("1", "1=oui", "0", "", "9" * 40):
        assert "ne pouvez pas l'enlever" in other.press(f"affiche-enlever:{value}").text
    other.press(f"fiche:{entry}")
    assert not any("ffiche" in label for label in other.labels())
    assert attached(team.engine) == [entry]


def test_who_lost_their_role_in_the_middle_keeps_nothing(team: People, someone: Person) -> None:
    entry = team.entry(1)
    someone.press(f"affiche:{entry}")
    send(someone)
    arrives(someone)
    with writing(team.engine) as connection:
        leave(connection, (CHANNEL, SOMEONE), NOON)
    assert "ne pouvez plus corriger" in someone.tap("Garder").text
    assert attached(team.engine) == [None]


def test_a_forged_button_keeps_nothing(team: People, someone: Person) -> None:
    entry = team.entry(1)
    someone.press(f"affiche:{entry}")
    for data in ("affiche-garder:", "photo:1", "photo:", "affiche-garder:1", "affiche-autre:"):
        someone.press(data)
    assert attached(team.engine) == []


# Seen again, and removed.


def test_it_is_seen_when_correcting_and_verifying_and_removed_by_a_second_tap(team: People, someone: Person) -> None:
    entry = team.entry(1)
    someone.press(f"corriger:{entry}")
    assert "Voir l'affiche" not in someone.labels()
    sent_and_kept(someone, entry)
    someone.press(f"corriger:{entry}")
    seen = someone.tap("Voir l'affiche")
    assert seen.text == "Affiche ajoutée le mardi 24 novembre"
    assert seen.photo
    someone.tap("Enlever l'image")
    assert attached(team.engine) == [entry]
    assert someone.tap("Oui, l'enlever").text == "La photo est enlevée."
    assert attached(team.engine) == []


def test_a_question_about_an_entry_leads_to_its_photo(team: People, someone: Person) -> None:
    entry = team.entry(1)
    sent_and_kept(someone, entry)
    check = a_question(team, entry)
    assert "Toujours vrai ?" in someone.press(f"verifier:{check}=").after
    assert someone.tap("Voir l'affiche").photo
    someone.press(f"affiche:{entry}={check}")
    send(someone)
    arrives(someone)
    someone.tap("Garder")
    assert "Tout le reste est juste" in someone.labels()


def a_question(team: People, entry: int) -> int:
    with writing(team.engine) as connection:
        role = {"role_id": 1, "role": "correspondant", "asked_at": NOON, "departement": "92"}
        row = checks.insert().values(initiative_id=entry, **role).returning(checks.c.id)
        return int(connection.execute(row).scalar_one())


def test_three_are_shown_and_a_fourth_takes_the_place_of_the_oldest(team: People, someone: Person) -> None:
    entry = team.entry(1)
    for _ in range(3):
        sent_and_kept(someone, entry)
    someone.press(f"affiche-voir:{entry}")
    first, *_others = [reply.photo for reply in someone.replies]
    assert len(someone.replies) == 3
    someone.press(f"affiche:{entry}")
    send(someone)
    arrives(someone)
    assert "une fiche en garde trois" in someone.tap("Garder").text
    someone.press(f"affiche-voir:{entry}")
    assert len(someone.replies) == 3
    assert first not in [reply.photo for reply in someone.replies]


# What is kept.


def test_what_is_being_sent_is_told_and_erased(team: People, someone: Person) -> None:
    someone.press(f"affiche:{team.entry(1)}")
    send(someone)
    arrives(someone)
    assert "une photo d'affiche, pas encore gardée" in someone.say("/mesdonnees").text
    someone.press("effacer:oui")
    assert attached(team.engine) == []


@pytest.mark.parametrize("order", ["effacer:oui", "annuler:"])
def test_a_photo_that_is_still_to_be_fetched_is_erased_too(team: People, someone: Person, order: str) -> None:
    someone.press(f"affiche:{team.entry(1)}")
    send(someone)
    someone.press(order)
    assert fetches(team.engine) == []


def test_what_was_asked_in_a_conversation_of_before_photos_is_still_read(team: People, someone: Person) -> None:
    someone.press(f"corriger:{team.entry(1)}")
    stored = Event(Gesture.SAID, "Nanterre").to_json()
    del stored["photo"]
    assert Event.from_json(stored) == Event(Gesture.SAID, "Nanterre")
    old = Reply("Bonjour").to_json()
    del old["photo"], old["asks_photo"]
    assert Reply.from_json(old) == Reply("Bonjour")
    with writing(team.engine) as connection:
        connection.execute(update(conversations).values(updated_at=NOON))
    assert someone.tap("Photographier l'affiche").asks_photo
