"""An avis is put to a coordinator who is not its author, by day, once; again after a week; and never shown before."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from catalogue.database import reading, writing
from catalogue.initiatives import Author, change_initiative
from catalogue.needs import Kind, Method, Public, Role
from catalogue.reviews import review
from catalogue.roles import leave
from catalogue.tables import outbox, reviews
from scheduler.moderating import A_WEEK, tell
from scheduler.outbox import BY_DAY
from scheduler.putting import put
from scheduler.retention import forget
from tests.people import CHANNEL, COMPOSERS, People
from tests.scheduler import telling as telegram

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
FIRST, SECOND, WORKER = "1", "2", "3"
WORDS = "On y vient sans rendez-vous."


@pytest.fixture(autouse=True)
def _one_day() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def given(people: People, entry: int, person: str = WORKER, *publics: Public, now: datetime = NOW) -> None:
    with writing(people.engine) as connection:
        assert review(connection, (CHANNEL, person), entry, WORDS, publics, now)


def told(people: People, now: datetime = NOW) -> list[str]:
    """To whom a tick puts something: once for each thing, which is a card of their letter."""
    before = {row.id for row in _letters(people)}
    with writing(people.engine) as connection:
        count = put(connection, now, COMPOSERS)
    new = [row for row in _letters(people) if row.id not in before]
    assert len(new) == count
    return [row.person for row in new for _card in row.message["cards"]]


def hear(people: People, now: datetime = NOW) -> list[tuple[str, str]]:
    """Who is told what became of their avis by a tick, and what they read."""
    before = {row.id for row in _letters(people)}
    with writing(people.engine) as connection:
        count = tell(connection, now, COMPOSERS)
    new = [(row.person, row.message["text"]) for row in _letters(people) if row.id not in before]
    assert len(new) == count
    return new


def _letters(people: People) -> list[Any]:
    with reading(people.engine) as connection:
        return list(connection.execute(select(outbox).order_by(outbox.c.id)))


def states(people: People) -> list[str]:
    with reading(people.engine) as connection:
        return list(connection.scalars(select(reviews.c.state).order_by(reviews.c.id)))


def test_an_avis_is_put_once_to_the_coordinator_of_the_territory_who_decides_from_the_letter(people: People) -> None:
    entry = people.entry(1)
    coordinator = people.with_a_role(FIRST, Role.COORDINATEUR)
    people.with_a_role(SECOND, Role.COORDINATEUR, ("13055",))
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry, WORKER, Public.FAMILLES)
    assert told(people) == [FIRST]
    assert told(people, NOW + A_MINUTE) == []
    letter = coordinator.received()[-1]
    assert letter.text == "Un avis à lire avant de le montrer."
    assert letter.cards[0].title == "Lieu 1"
    assert letter.cards[0].lines == (
        "92000 Nanterre",
        f"Avis d'un travailleur social, novembre 2026 : {WORDS} (pour : familles)",
    )
    assert [one.label for one in coordinator.buttons()] == ["Publier", "Refuser", "Voir la fiche"]
    coordinator.tap("Publier")
    assert states(people) == ["published"]
    assert told(people, NOW + A_WEEK) == []


def test_one_that_is_refused_from_the_letter_is_put_to_nobody_else(people: People) -> None:
    entry = people.entry(1)
    coordinator = people.with_a_role(FIRST, Role.COORDINATEUR)
    people.with_a_role(SECOND, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry)
    assert len(told(people)) == 1
    coordinator.press("moderer:1=refuser")
    assert states(people) == ["waiting"]
    coordinator.tap("Le ton est trop dur")
    assert states(people) == ["refused"]
    assert told(people, NOW + A_WEEK) == []


def test_silence_for_a_week_is_followed_by_another_coordinator(people: People) -> None:
    entry = people.entry(1)
    for person in (FIRST, SECOND):
        people.with_a_role(person, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry)
    asked = told(people)
    assert told(people, NOW + A_WEEK - A_MINUTE) == []
    assert sorted(asked + told(people, NOW + A_WEEK)) == [FIRST, SECOND]
    assert told(people, NOW + 2 * A_WEEK) == asked


def test_several_are_shared_between_coordinators(people: People) -> None:
    for person in (FIRST, SECOND):
        people.with_a_role(person, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    for number in range(4):
        given(people, people.entry(number))
    assert sorted(told(people)) == [FIRST, FIRST, SECOND, SECOND]


def test_its_author_is_not_asked_another_is_and_with_nobody_else_it_waits(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.COORDINATEUR)
    given(people, entry, FIRST)
    assert told(people) == []
    people.with_a_role(FIRST, Role.TRAVAILLEUR_SOCIAL)
    assert told(people) == []
    people.with_a_role(SECOND, Role.COORDINATEUR, ("92",))
    assert told(people) == [SECOND]


def test_who_runs_the_entry_or_looks_after_other_kinds_is_not_asked(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.COORDINATEUR)
    people.with_a_role(FIRST, Role.ORGANISATEUR, (), initiatives=[entry])
    people.with_a_role(SECOND, Role.COORDINATEUR, kinds=[Kind.JARDIN_PARTAGE])
    people.with_a_role("4", Role.CORRESPONDANT)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry)
    assert told(people) == []
    assert states(people) == ["waiting"]


def test_an_avis_is_put_to_the_coordinator_of_the_intercommunality(people: People) -> None:
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    people.with_a_role("801", Role.COORDINATEUR, ("200057966",))  # Vallée Sud-Grand Paris
    given(people, people.entry(70))
    assert told(people) == []
    people.with_a_role("802", Role.COORDINATEUR, ("200057982",))  # Paris Ouest La Défense
    assert told(people) == ["802"]


def test_what_has_no_place_is_put_to_any_coordinator(people: People) -> None:
    nowhere = dict.fromkeys(("commune", "code_postal", "code_insee", "departement", "latitude", "longitude"))
    entry = people.entry(1, reach="national", **nowhere)
    people.with_a_role(FIRST, Role.COORDINATEUR, ("13055",))
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry)
    assert told(people) == [FIRST]


def test_nobody_is_written_to_at_night_by_the_clock_of_the_place(people: People) -> None:
    people.with_a_role(FIRST, Role.COORDINATEUR, ("92", "987"))
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, people.entry(1))
    assert told(people, datetime(2026, 11, 24, 20, 30, tzinfo=UTC)) == []
    assert told(people, datetime(2026, 11, 25, 7, 0, tzinfo=UTC)) == [FIRST]
    assert _letters(people)[-1].message[BY_DAY] == "Europe/Paris"
    given(people, people.entry(2, code_insee="98735", departement="987"))
    assert told(people, NOW) == []  # midnight in Papeete
    assert told(people, datetime(2026, 11, 24, 19, 0, tzinfo=UTC)) == [FIRST]


def test_what_waits_of_somebody_who_left_is_forgotten(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry)
    with writing(people.engine) as connection:
        leave(connection, (CHANNEL, WORKER), NOW)
    assert told(people) == []
    with reading(people.engine) as connection:
        assert connection.execute(select(reviews.c.state, reviews.c.words)).all() == [("withdrawn", "")]


def test_an_entry_that_is_closed_has_its_avis_put_to_nobody(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry)
    with writing(people.engine) as connection:
        change_initiative(connection, entry, {"status": "closed"}, Author("coordinateur", Method.BOT), NOW)
    assert told(people) == []


def test_a_coordinator_who_cannot_be_written_to_is_not_counted_on(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry)
    with writing(people.engine) as connection:
        assert put(connection, NOW, {}) == 0
    assert told(people) == [FIRST]


def test_words_are_escaped_on_the_channel(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    with writing(people.engine) as connection:
        assert review(connection, (CHANNEL, WORKER), entry, "<b>Bien</b> & =1+1", (), NOW)
        assert put(connection, NOW, telegram.COMPOSERS) == 1
    assert "&lt;b&gt;Bien&lt;/b&gt; &amp; =1+1" in _letters(people)[-1].message["text"]


# Told.


@pytest.fixture
def to_read(people: People) -> int:
    """An entry of which the worker said something, that a coordinator may show."""
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.COORDINATEUR)
    people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    given(people, entry)
    return entry


def test_who_gave_an_avis_that_is_shown_is_told_once(people: People, to_read: int) -> None:
    assert hear(people) == []
    people.person(FIRST).press("moderer:1=publier")
    said = "Votre avis sur Lieu 1 a été lu. Merci de l'avoir écrit.\nIl est maintenant montré avec la fiche."
    assert hear(people) == [(WORKER, said)]
    worker = people.person(WORKER)
    worker.received()
    assert [one.data for one in worker.buttons()] == [f"fiche:{to_read}", "reprendre:"]
    assert hear(people, NOW + A_MINUTE) == []
    telegram.send(people.engine, NOW + A_MINUTE)
    assert hear(people, NOW + timedelta(hours=22)) == []
    assert hear(people, NOW + A_WEEK) == []


def test_who_gave_one_that_is_not_shown_is_told_so_and_may_write_another(people: People, to_read: int) -> None:
    people.person(FIRST).press("moderer:1=personne")
    [(person, said)] = hear(people)
    assert (person, said.splitlines()[1:]) == (
        WORKER,
        [
            "Il n'est pas montré avec la fiche : on pourrait y reconnaître une personne.",
            "Vous pouvez en écrire un autre.",
        ],
    )
    worker = people.person(WORKER)
    worker.received()
    assert worker.tap("En écrire un autre").text.startswith("Qu'est-ce qui a aidé ?")


def test_what_is_taken_down_later_is_told_too(people: People, to_read: int) -> None:
    people.person(FIRST).press("moderer:1=publier")
    hear(people)
    people.person(FIRST).press("moderer:1=personne")
    assert [said.splitlines()[1] for _person, said in hear(people)] == [
        "Il n'est pas montré avec la fiche : on pourrait y reconnaître une personne."
    ]


def test_of_a_place_that_closed_nobody_is_asked_for_another(people: People, to_read: int) -> None:
    people.person(FIRST).press("moderer:1=personne")
    with writing(people.engine) as connection:
        change_initiative(connection, to_read, {"status": "closed"}, Author("coordinateur", Method.BOT), NOW)
    hear(people)
    worker = people.person(WORKER)
    worker.received()
    assert [one.label for one in worker.buttons()] == ["Chercher un autre lieu"]


@pytest.mark.parametrize("act", [forget, lambda connection, *who: leave(connection, who, NOW)])
def test_who_is_forgotten_or_left_is_told_nothing(people: People, to_read: int, act: Any) -> None:
    people.person(FIRST).press("moderer:1=publier")
    with writing(people.engine) as connection:
        act(connection, CHANNEL, WORKER)
    assert hear(people) == []


def test_who_takes_it_back_is_told_nothing(people: People, to_read: int) -> None:
    people.person(WORKER).press("avis-retirer:1=oui")
    assert hear(people) == []


def test_nobody_is_told_at_night(people: People, to_read: int) -> None:
    night = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
    with time_machine.travel(night, tick=False):
        people.person(FIRST).press("moderer:1=publier")
    assert len(hear(people, night)) == 1
    assert WORKER not in telegram.send(people.engine, night)
    assert WORKER in telegram.send(people.engine, datetime(2026, 11, 25, 7, 0, tzinfo=UTC))


def test_who_cannot_be_written_to_is_told_nothing(people: People, to_read: int) -> None:
    people.person(FIRST).press("moderer:1=publier")
    with writing(people.engine) as connection:
        assert tell(connection, NOW, {}) == 0
