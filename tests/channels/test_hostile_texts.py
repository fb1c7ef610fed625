"""Hostile texts by each door a person has: kept as they were written, but for what nobody sees, or refused in words.

What each door leaves out is written beside each text, in tests.channels.hostile.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, select

from catalogue.database import reading
from catalogue.needs import Role
from catalogue.tables import initiatives, proposals, reports, reviews
from tests.channels.hostile import CLEANED, PLAIN, TOO_LONG
from tests.people import People, Person

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)
NOBODYS = "3001"

WRITTEN = PLAIN | {name: one.written for name, one in CLEANED.items()}
ON_A_CARD = PLAIN | {name: one.on_a_card for name, one in CLEANED.items()}
ELSEWHERE = PLAIN | {name: one.elsewhere for name, one in CLEANED.items()}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def people(engine: Engine, clock: time_machine.Traveller) -> People:
    return People(engine)


@pytest.fixture
def correspondent(people: People) -> Person:
    return people.with_a_role("2001", Role.CORRESPONDANT)


def last(people: People, column: Any) -> Any:
    """What the latest row of a table says."""
    with reading(people.engine) as connection:
        return connection.scalar(select(column).order_by(column.table.c.id.desc()).limit(1))


def kept(clock: time_machine.Traveller, write: Callable[[str], str | None]) -> dict[str, str | None]:
    """What is kept of each text, each written on a day of its own: only so much is taken in a day."""
    found = {}
    for name, text in WRITTEN.items():
        clock.shift(A_DAY)
        found[name] = write(text)
    return found


def tap_if_there(person: Person, *labels: str) -> bool:
    """Taps one button after the other; False at the first that is not there."""
    for label in labels:
        if label not in [button.label for button in person.buttons()]:
            return False
        person.tap(label)
    return True


# ---- correcting a card -----------------------------------------------------------------------------


def correct(people: People, person: Person, entry: int, label: str, words: str) -> bool:
    """Corrects a field to the last tap, if it can be; what is refused is said why, with a way to go on."""
    person.press(f"corriger:{entry}")
    person.tap(label)
    reply = person.say(words)
    if tap_if_there(person, "Oui, corriger"):
        return True
    assert reply.text.splitlines()[0].endswith(".")
    assert reply.choices
    return False


def test_a_corrected_name_is_kept_as_written_but_for_what_nobody_sees(
    people: People, correspondent: Person, clock: time_machine.Traveller
) -> None:
    numbers = count(1)

    def write(text: str) -> str | None:
        entry = people.entry(next(numbers))
        return people.column(entry, "nom") if correct(people, correspondent, entry, "Le nom", text) else None

    assert kept(clock, write) == ON_A_CARD


@pytest.mark.parametrize(
    ("label", "column"),
    [
        ("La description", "description"),
        ("Pour qui, en détail", "publics_precisions"),
        ("Le prix, en détail", "frais_precisions"),
        ("Comment y accéder", "conditions_acces"),
    ],
)
def test_so_is_every_field_that_is_written_freely(
    people: People, correspondent: Person, label: str, column: str
) -> None:
    entry = people.entry(1)
    for name in ("tags", "typst", "equals", "calendar", "isolated", "lines"):
        assert correct(people, correspondent, entry, label, WRITTEN[name])
        assert people.column(entry, column) == ON_A_CARD[name]


def test_so_is_a_street(people: People, correspondent: Person) -> None:
    entry = people.entry(1)
    for name in ("tags", "attribute", "typst", "escapes", "isolated"):
        assert correct(people, correspondent, entry, "L'adresse", f"12 rue {WRITTEN[name]}, 92000 Nanterre")
        assert people.column(entry, "adresse") == f"12 rue {ON_A_CARD[name]}"


def test_so_is_what_is_announced(people: People, correspondent: Person) -> None:
    entry = people.entry(1)
    correspondent.press(f"corriger:{entry}")
    correspondent.tap("Une annonce")
    correspondent.tap("Fermé pour un temps")
    correspondent.say(f"du 24 novembre au 2 décembre : {WRITTEN['tags']}")
    correspondent.tap("Oui, corriger")
    assert [one["message"] for one in people.column(entry, "notices")] == [WRITTEN["tags"]]


@pytest.mark.parametrize(
    ("label", "column"),
    [("Le téléphone", "telephone"), ("Le courriel", "courriel"), ("Les horaires", "horaires"), ("Le site", "site_web")],
)
def test_what_is_no_number_address_nor_hours_is_refused_and_said_why(
    people: People, correspondent: Person, label: str, column: str
) -> None:
    entry = people.entry(1)
    for name in ("tags", "attribute", "equals", "escapes", "null", "half a character", "isolated", "lines"):
        assert not correct(people, correspondent, entry, label, WRITTEN[name])
    assert people.column(entry, column) is None


@pytest.mark.parametrize("label", ["Le nom", "La description", "Comment y accéder", "L'adresse", "Les horaires"])
def test_what_is_too_long_for_a_card_is_refused_whole_and_said_so(
    people: People, correspondent: Person, label: str
) -> None:
    entry = people.entry(1)
    assert not correct(people, correspondent, entry, label, TOO_LONG)
    assert correspondent.replies[-1].text.startswith("C'est trop long : ")
    assert (people.column(entry, "nom"), people.column(entry, "description")) == ("Lieu 1", "On y mange ensemble.")


# ---- adding a place ----------------------------------------------------------------------------------

AFTER_THE_NAME = (("say", "Nanterre"), ("tap", "Non, c'est un autre lieu"), ("tap", "Cantine participative"))
AFTER_THE_WORDS = (("tap", "Je ne sais pas"),) * 6


def add(people: People, person: Person, text: str) -> tuple[str, str] | None:
    """The name and the description of a place added with these words; None when the name is refused."""
    person.say("ajouter")
    if not person.say(text).text.startswith("Dans quelle commune ?"):
        assert person.replies[-1].text.splitlines()[0].endswith(".")
        person.tap("Retour")
        return None
    for gesture, what in (*AFTER_THE_NAME, ("tap", "C'est tout"), ("say", text), *AFTER_THE_WORDS):
        if gesture == "say" or what in [button.label for button in person.buttons()]:
            getattr(person, gesture)(what)
    person.tap("Je le sais")
    person.tap("Oui, l'ajouter au guide")
    return last(people, initiatives.c.nom), last(people, initiatives.c.description)


def test_a_place_is_added_with_the_words_that_are_written_one_space_apart(
    people: People, correspondent: Person, clock: time_machine.Traveller
) -> None:
    def write(text: str) -> str | None:
        added = add(people, correspondent, text)
        assert added is None or added[0] == added[1]
        return added[0] if added else None

    assert kept(clock, write) == ON_A_CARD


def test_too_long_a_name_for_a_new_place_is_refused_whole(people: People, correspondent: Person) -> None:
    assert add(people, correspondent, TOO_LONG) is None


# ---- what people say of a place ----------------------------------------------------------------------


def test_a_report_keeps_words_as_they_are_but_for_what_nothing_shows(
    people: People, clock: time_machine.Traveller
) -> None:
    entry, someone = people.entry(1), people.person(NOBODYS)

    def write(text: str) -> str | None:
        report(someone, entry, text)
        words: str = last(people, reports.c.words)
        return words

    assert kept(clock, write) == ELSEWHERE


def report(person: Person, entry: int, words: str) -> str:
    """Reports something else than the reasons there are; returns what is said then."""
    person.press(f"signaler:{entry}")
    person.tap("Autre chose")
    person.say(words)
    return person.tap("Oui").text


def test_of_too_long_a_report_the_beginning_is_kept_and_that_is_said(people: People) -> None:
    said = report(people.person(NOBODYS), people.entry(1), TOO_LONG)
    assert "J'ai gardé le début de votre message." in said
    assert last(people, reports.c.words) == TOO_LONG[:500]


def test_an_avis_keeps_words_as_they_are_but_for_what_nobody_sees(
    people: People, clock: time_machine.Traveller
) -> None:
    entry, worker = people.entry(1), people.with_a_role("2002", Role.TRAVAILLEUR_SOCIAL)

    def write(text: str) -> str | None:
        worker.press(f"avis:{entry}=autre")
        worker.say(text)
        worker.tap("Passer")
        worker.tap("Envoyer")
        words: str = last(people, reviews.c.words)
        return words

    assert kept(clock, write) == ELSEWHERE
    worker.press(f"avis:{entry}=autre")
    assert worker.say(TOO_LONG).text.startswith("C'est trop long : 500 caractères au plus")


def test_a_proposal_keeps_words_as_they_are_but_for_what_nobody_sees(
    people: People, clock: time_machine.Traveller
) -> None:
    worker = people.with_a_role("2002", Role.TRAVAILLEUR_SOCIAL)

    def write(text: str) -> str | None:
        worker.press("proposer:")
        worker.say(text)
        worker.tap("Envoyer")
        words: str = last(people, proposals.c.words)
        return words

    assert kept(clock, write) == ELSEWHERE
    worker.press("proposer:")
    assert worker.say(TOO_LONG).text.startswith("C'est trop long : 300 caractères au plus")
