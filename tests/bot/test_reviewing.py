"""« Donner un avis »: whole conversations, on both engines, by those who may and those who may not."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from bot.desk import CatalogueDesk
from catalogue.database import reading, writing
from catalogue.hours import PARIS
from catalogue.initiatives import Author, change_initiative
from catalogue.needs import Kind, Method, Public, Refusal, Role
from catalogue.places import PlaceIndex
from catalogue.reviews import MOST_A_DAY, moderate, review
from catalogue.roles import held_by, revoke
from catalogue.tables import reviews
from handlers.reviewing import LONGEST, choice, in_lines, lines
from tests.channels.hostile import SENTENCES
from tests.handlers.memory import MemoryDesk, initiative, shipped_understander
from tests.people import CHANNEL, PLACES, People, Person

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
WORDS = "L'accueil est simple, on y vient sans rendez-vous."
COORDINATOR, WORKER, CORRESPONDENT, ORGANISER, RESIDENT = "1", "2", "3", "4", "5"


@pytest.fixture(autouse=True)
def _one_day() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def entry(people: People) -> int:
    return people.entry(1, telephone="01 47 29 50 50", courriel="contact@lieu.example")


def desk(people: People, person: str = RESIDENT) -> CatalogueDesk:
    connection = people.engine.connect()
    index = PlaceIndex(PLACES)
    return CatalogueDesk(connection, index, shipped_understander(), datetime.now(PARIS), CHANNEL, person)


def asked(people: People, what: Callable[[Any, CatalogueDesk], Any], entry: int, person: str = RESIDENT) -> Any:
    """What a function of the capability answers about an entry, for somebody."""
    looked_up = desk(people, person)
    with looked_up.connection:
        return what(looked_up.initiatives([entry])[0], looked_up)


def shown(people: People, entry: int) -> list[str]:
    said: list[str] = asked(people, lines, entry)
    return said


def rows(people: People) -> list[Any]:
    with reading(people.engine) as connection:
        return list(connection.execute(select(reviews).order_by(reviews.c.id)))


def states(people: People) -> list[str]:
    return [row.state for row in rows(people)]


def give(person: Person, entry: int, words: str = WORDS, *publics: str) -> None:
    person.press(f"avis:{entry}" if not _knows(person, entry) else f"avis:{entry}=autre")
    person.say(words)
    for label in publics:
        person.tap(label)
    person.tap("C'est tout" if publics else "Passer")
    person.tap("Envoyer")


def _knows(person: Person, entry: int) -> bool:
    return any(row.initiative_id == entry and row.state != "withdrawn" for row in rows(person.people))


def take_role(people: People, person: str) -> None:
    with writing(people.engine) as connection:
        for mandate in held_by(connection, (CHANNEL, person)):
            revoke(connection, mandate.id, Role.COORDINATEUR, datetime.now(UTC))


def test_an_avis_is_written_read_by_a_coordinator_and_shown_without_who_gave_it(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL, ("92",))
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    worker.start()
    question = worker.press(f"avis:{entry}")
    assert question.text.startswith("Qu'est-ce qui a aidé ?")
    assert "N'écrivez rien qui permette de reconnaître une personne." in question.text
    assert worker.say(WORDS).text == "Pour qui ? Vous pouvez en toucher plusieurs."
    worker.tap("Familles")
    worker.tap("Seniors")
    worker.tap("Jeunes")
    worker.tap("✓ Seniors")
    summary = worker.tap("C'est tout").text
    assert summary.startswith(f"Votre avis sur Lieu 1 :\n« {WORDS} »\nPour : familles, jeunes.")
    assert rows(people) == []
    assert worker.tap("Envoyer").text.startswith("Merci. Un coordinateur va lire votre avis.")
    assert shown(people, entry) == []
    assert (
        coordinator.press(f"moderer:{rows(people)[0].id}=publier").text == "Merci. Cet avis est montré avec la fiche."
    )
    assert shown(people, entry) == [f"Avis d'un travailleur social, novembre 2026 : {WORDS} (pour : familles, jeunes)"]
    assert worker.tap("Continuer").text == "De quoi avez-vous besoin ?"


@pytest.mark.parametrize("role", [Role.TRAVAILLEUR_SOCIAL, Role.CORRESPONDANT, Role.COORDINATEUR])
def test_whoever_has_a_role_may_give_one_on_any_entry_even_far_from_their_territory(
    people: People, entry: int, role: Role
) -> None:
    somebody = people.with_a_role(WORKER, role, ("13055",))
    assert [one.label for one in asked(people, choice, entry, WORKER)] == ["Donner un avis"]
    give(somebody, entry)
    assert [(row.role, row.words, row.publics) for row in rows(people)] == [(role.value, WORDS, [])]


def test_a_resident_is_offered_nothing_and_a_forged_button_gives_nothing(people: People, entry: int) -> None:
    assert asked(people, choice, entry) == ()
    resident = people.person(RESIDENT)
    resident.start()
    reply = resident.press(f"avis:{entry}")
    assert reply.text.startswith("Seuls les professionnels invités donnent un avis")
    assert [one.label for one in resident.buttons()] == ["Voir la fiche", "Continuer"]
    for data in ("avis-mots:x", "avis-publics:fin", "avis-accord:oui", "avis-retirer:1=oui", "moderer:1=publier"):
        resident.press(data)
    assert rows(people) == []


def test_an_organiser_speaks_of_others_but_not_of_what_they_run(people: People, entry: int) -> None:
    other = people.entry(2)
    organiser = people.with_a_role(ORGANISER, Role.ORGANISATEUR, (), initiatives=[entry])
    assert asked(people, choice, entry, ORGANISER) == ()
    assert organiser.press(f"avis:{entry}").text.startswith("Seuls les professionnels")
    give(organiser, other)
    assert [row.initiative_id for row in rows(people)] == [other]
    people.with_a_role(ORGANISER, Role.CORRESPONDANT)
    assert organiser.press(f"avis:{entry}").text.startswith("Seuls les professionnels")
    with writing(people.engine) as connection:
        assert not review(connection, (CHANNEL, ORGANISER), entry, WORDS, (Public.JEUNES,), NOW)


def test_a_role_taken_away_before_the_end_sends_nothing(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press(f"avis:{entry}")
    worker.say(WORDS)
    worker.tap("Passer")
    take_role(people, WORKER)
    assert worker.tap("Envoyer").text.startswith("Seuls les professionnels invités")
    assert rows(people) == []
    with writing(people.engine) as connection:
        assert not review(connection, (CHANNEL, WORKER), entry, WORDS, (), NOW)


def test_nothing_is_sent_without_agreeing_and_one_goes_back_to_change(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.start()
    worker.press(f"avis:{entry}")
    worker.say(WORDS)
    worker.tap("Passer")
    assert worker.say("je ne sais pas trop").text.startswith("Votre avis sur Lieu 1")
    worker.tap("Retour")
    worker.tap("Retour")
    worker.say("Un café offert.")
    worker.say("Jeunes")
    assert "« Un café offert. »\nPour : jeunes." in worker.tap("C'est tout").text
    assert worker.tap("Ne pas envoyer").text == "D'accord, rien n'est envoyé."
    assert rows(people) == []


@pytest.mark.parametrize("written", [(), (WORDS,)])
def test_an_old_button_agrees_to_nothing_that_was_not_read(
    people: People, entry: int, written: tuple[str, ...]
) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press(f"avis:{entry}")
    for words in written:
        worker.say(words)
    asked = "Pour qui" if written else "Qu'est-ce qui a aidé ?"
    assert worker.press("avis-accord:oui").text.startswith(f"Ce bouton n'est plus valable. Reprenons ici.\n{asked}")
    assert rows(people) == []


def test_it_is_agreed_to_with_words_too(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press(f"avis:{entry}")
    for words in (WORDS, "Passer", "oui"):
        worker.say(words)
    assert states(people) == ["waiting"]


def test_a_second_avis_takes_the_place_of_the_one_that_waits_and_later_of_the_one_that_is_shown(
    people: People, entry: int
) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    give(worker, entry, "Premier.")
    give(worker, entry, "Deuxième.")
    assert [(row.state, row.words) for row in rows(people)] == [("withdrawn", ""), ("waiting", "Deuxième.")]
    coordinator.press(f"moderer:{rows(people)[1].id}=publier")
    give(worker, entry, "Troisième.")
    assert [line.split(" : ")[1] for line in shown(people, entry)] == ["Deuxième."]
    coordinator.press(f"moderer:{rows(people)[2].id}=publier")
    assert [line.split(" : ")[1] for line in shown(people, entry)] == ["Troisième."]


def test_three_are_shown_at_most_the_latest_first(people: People, entry: int) -> None:
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    for number in range(4):
        give(people.with_a_role(f"2{number}", Role.TRAVAILLEUR_SOCIAL), entry, f"Avis {number}.")
        coordinator.press(f"moderer:{rows(people)[-1].id}=publier")
    assert [line.split(" : ")[1] for line in shown(people, entry)] == ["Avis 3.", "Avis 2.", "Avis 1."]


def test_ten_a_day_at_most_and_those_taken_back_count(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    for number in range(MOST_A_DAY):
        give(worker, entry, f"Avis {number}.")
    reply = worker.press(f"avis:{entry}=autre")
    assert reply.text == "Vous avez donné beaucoup d'avis aujourd'hui, merci. Revenez demain."
    with writing(people.engine) as connection:
        assert not review(connection, (CHANNEL, WORKER), entry, WORDS, (), NOW)
    assert len(rows(people)) == MOST_A_DAY
    with time_machine.travel(datetime(2026, 11, 25, 10, 1, tzinfo=UTC), tick=False):
        give(worker, entry)
    assert len(rows(people)) == MOST_A_DAY + 1


def test_one_takes_back_ones_own_waiting_or_shown_and_nobody_elses(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    other = people.with_a_role(CORRESPONDENT, Role.CORRESPONDANT)
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    give(worker, entry)
    give(other, entry)
    mine, theirs = (row.id for row in rows(people))
    coordinator.press(f"moderer:{mine}=publier")
    coordinator.press(f"moderer:{theirs}=publier")
    assert worker.press(f"avis-retirer:{theirs}=oui").text == "Je ne retrouve pas cet avis parmi les vôtres."
    assert len(shown(people, entry)) == 2
    assert "Il est montré avec la fiche." in worker.press(f"avis:{entry}").text
    worker.tap("Le retirer")
    assert len(shown(people, entry)) == 2
    worker.tap("Oui, le retirer")
    assert [(row.state, row.words) for row in rows(people)] == [("withdrawn", ""), ("published", WORDS)]
    assert worker.press(f"avis-retirer:{mine}=oui").text == "Je ne retrouve pas cet avis parmi les vôtres."


@pytest.mark.parametrize(("words", "kept"), SENTENCES.values(), ids=SENTENCES.keys())
def test_hostile_words_are_kept_as_written_without_what_cannot_be_seen(
    people: People, entry: int, words: str, kept: str
) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    give(worker, entry, words)
    assert [row.words for row in rows(people)] == [kept]
    coordinator.press(f"moderer:{rows(people)[0].id}=publier")
    assert shown(people, entry) == [f"Avis d'un travailleur social, novembre 2026 : {kept}"]


def test_words_that_are_too_long_or_empty_are_asked_again(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press(f"avis:{entry}")
    assert worker.say("a" * 10_000).text.startswith("C'est trop long : 500 caractères au plus, et vous en avez 10000.")
    assert worker.say("\u200b \x00").text.startswith("Je ne sais lire ici que des mots.")
    assert worker.share(48.9, 2.2).text.startswith("Je ne sais lire ici que des mots.")
    assert [one.label for one in worker.buttons()] == ["Retour"]
    assert worker.say("é" * LONGEST).text.startswith("Pour qui ?")


NAMING = (
    "Demander à Camille au 06 12 34 56 78.",
    "0612345678",
    "06.12.34.56.78",
    "06/12/34/56/78",
    "06\u200b1234\u200b5678",
    "０６１２３４５６７８",
    "+33 (0)6 12 34 56 78",
    "0033612345678",
    "camille@asso.example est très bien",
    "Contact : Camille.D@asso.example.",
)
HARMLESS = (
    "Appeler le 01 47 29 50 50, ou le 3919.",
    "+33 1 47 29 50 50",
    "Écrire à CONTACT@lieu.example",
    "Du 01/02/2026 au 28/02/2026, de 9 h à 12 h 30.",
    "Ouvert depuis 2019, 1 200 personnes par an.",
    "Un rendez-vous @ 14 h.",
)


@pytest.mark.parametrize("words", NAMING)
def test_a_telephone_number_or_an_address_of_somebody_is_refused_with_a_sentence(
    people: People, entry: int, words: str
) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press(f"avis:{entry}")
    assert worker.say(words).text.startswith("Ce texte contient un numéro de téléphone ou une adresse de courriel.")
    assert worker.say(WORDS).text.startswith("Pour qui ?")


@pytest.mark.parametrize("words", HARMLESS)
def test_those_of_the_entry_and_other_numbers_are_let_through(people: People, entry: int, words: str) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press(f"avis:{entry}")
    assert worker.say(words).text.startswith("Pour qui ?")


def test_words_that_tell_a_danger_are_answered_first_and_kept(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press(f"avis:{entry}")
    words = "Une femme battue par son mari y a été mise à l'abri."
    assert "3919" in worker.say(words).text
    assert worker.tap("Continuer").text.startswith("Pour qui ?")
    worker.tap("Passer")
    worker.tap("Envoyer")
    assert [row.words for row in rows(people)] == [words]


def test_who_is_no_coordinator_of_the_entry_decides_nothing(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    give(worker, entry)
    number = rows(people)[0].id
    others = (
        worker,
        people.person(RESIDENT),
        people.with_a_role(CORRESPONDENT, Role.CORRESPONDANT),
        people.with_a_role(ORGANISER, Role.ORGANISATEUR, (), initiatives=[entry]),
        people.with_a_role("6", Role.COORDINATEUR, ("13055",)),
        people.with_a_role("7", Role.COORDINATEUR, ("92",), kinds=[Kind.JARDIN_PARTAGE]),
    )
    for somebody in others:
        for said in ("publier", "refuser", "blessant", ""):
            text = somebody.press(f"moderer:{number}={said}").text
            assert text.startswith("Ce n'est pas, ou plus, à vous de lire cet avis.")
    assert states(people) == ["waiting"]


@pytest.mark.parametrize("codes", [("92050",), ("92",), ("92071",), ("13",)])
@pytest.mark.parametrize("role", Role)
def test_every_role_by_territory_decides_only_what_is_its_own_to_decide(
    people: People, entry: int, role: Role, codes: tuple[str, ...]
) -> None:
    for author in (WORKER, CORRESPONDENT):
        give(people.with_a_role(author, Role.TRAVAILLEUR_SOCIAL), entry)
    first, second = (row.id for row in rows(people))
    somebody = people.with_a_role("9", role, codes, initiatives=[entry] if role is Role.ORGANISATEUR else [])
    for data in (f"avis-retirer:{first}=oui", f"moderer:{first}=publier", f"moderer:{second}=vague"):
        somebody.press(data)
    theirs = role is Role.COORDINATEUR and codes in (("92050",), ("92",))
    assert states(people) == (["published", "refused"] if theirs else ["waiting", "waiting"])
    with writing(people.engine) as connection:  # the same, were a reply to have been composed before
        assert moderate(connection, (CHANNEL, "9"), first, False, NOW, Refusal.VAGUE) is theirs


def test_a_coordinator_decides_neither_of_their_own_nor_of_what_they_run(people: People, entry: int) -> None:
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    people.with_a_role(COORDINATOR, Role.TRAVAILLEUR_SOCIAL)
    give(coordinator, entry)
    number = rows(people)[0].id
    assert coordinator.press(f"moderer:{number}=publier").text.startswith("Ce n'est pas, ou plus, à vous")
    runner = people.with_a_role("8", Role.COORDINATEUR)
    people.with_a_role("8", Role.ORGANISATEUR, (), initiatives=[entry])
    assert runner.press(f"moderer:{number}=publier").text.startswith("Ce n'est pas, ou plus, à vous")
    assert states(people) == ["waiting"]


def test_what_is_refused_stays_so_and_what_is_shown_may_be_taken_down(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    give(worker, entry)
    number = rows(people)[0].id
    question = coordinator.press(f"moderer:{number}=refuser")
    assert question.text.startswith("Pourquoi ne pas le montrer ?")
    assert [one.label for one in coordinator.buttons()][:4] == [
        "On pourrait y reconnaître une personne",
        "Le ton est trop dur",
        "Il ne dit pas ce qui a aidé",
        "Il ne parle pas de ce lieu",
    ]
    coordinator.tap("Il ne dit pas ce qui a aidé")
    assert coordinator.press(f"moderer:{number}=publier").text.startswith("Cet avis a été refusé")
    assert "pas montré avec la fiche : il ne dit pas ce qui a aidé." in worker.press(f"avis:{entry}").text
    give(worker, entry, "Un autre.")
    other = rows(people)[1].id
    coordinator.press(f"moderer:{other}=publier")
    assert coordinator.press(f"moderer:{other}=publier").text == "Cet avis est montré avec la fiche."
    coordinator.tap("Ne plus le montrer")
    assert states(people) == ["refused", "published"]
    coordinator.tap("Le ton est trop dur")
    assert states(people) == ["refused", "refused"]
    assert shown(people, entry) == []


def test_a_coordinator_whose_role_ended_decides_nothing_with_an_old_button(people: People, entry: int) -> None:
    give(people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL), entry)
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    number = rows(people)[0].id
    assert coordinator.press(f"moderer:{number}=").text == "Un avis à lire avant de le montrer."
    take_role(people, COORDINATOR)
    assert coordinator.tap("Publier").text.startswith("Ce n'est pas, ou plus, à vous")
    assert states(people) == ["waiting"]


def test_what_waits_of_somebody_whose_role_ended_cannot_be_shown(people: People, entry: int) -> None:
    give(people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL), entry)
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    take_role(people, WORKER)
    coordinator.press(f"moderer:{rows(people)[0].id}=publier")
    assert states(people) == ["waiting"]


@pytest.mark.parametrize(
    "data", ["avis:", "avis:999", "avis:x", "avis:9999999999999999999", "avis:-1", "avis-retirer:", "moderer:=publier"]
)
def test_forged_numbers_are_answered_and_do_nothing(people: People, entry: int, data: str) -> None:
    worker = people.with_a_role(WORKER, Role.COORDINATEUR)
    assert worker.press(data).text
    assert worker.buttons()
    assert rows(people) == []


def test_an_entry_closed_in_the_middle_receives_nothing(people: People, entry: int) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press(f"avis:{entry}")
    worker.say(WORDS)
    worker.tap("Passer")
    with writing(people.engine) as connection:
        change_initiative(connection, entry, {"status": "closed"}, Author("coordinateur", Method.BOT), NOW)
    assert worker.tap("Envoyer").text == "Cette fiche n'est plus dans le guide."
    assert rows(people) == []


def test_what_somebody_said_is_told_among_their_data(people: People, entry: int) -> None:
    give(people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL), entry)
    looked_up = desk(people, WORKER)
    with looked_up.connection:
        assert in_lines(looked_up) == [f"votre avis sur Lieu 1 : « {WORDS} »"]


def test_who_has_no_role_has_nothing_there() -> None:
    memory = MemoryDesk()
    assert in_lines(memory) == []
    assert lines(initiative(1), memory) == []
    assert choice(initiative(1), memory) == ()
