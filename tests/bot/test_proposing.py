"""« Proposer » a need or a kind of place, and reading what is proposed: in the chat, and on the command line."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner, Result
from sqlalchemy import select

from bot.__main__ import main
from catalogue.database import reading, writing
from catalogue.needs import Role
from catalogue.proposals import MOST_A_DAY, propose, settle
from catalogue.roles import held_by, revoke
from catalogue.tables import proposals
from handlers.proposing import LONGEST
from tests.channels.hostile import SENTENCES
from tests.people import CHANNEL, People, Person

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
TOMORROW = datetime(2026, 11, 25, 10, 1, tzinfo=UTC)
WORDS = "Un lieu pour laver son linge."
COORDINATOR, WORKER, ORGANISER, RESIDENT = "1", "2", "3", "4"
NONE_WAITS = "Aucune proposition n'attend pour vos territoires."


@pytest.fixture(autouse=True)
def _one_day() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def rows(people: People) -> list[Any]:
    with reading(people.engine) as connection:
        return list(connection.execute(select(proposals).order_by(proposals.c.id)))


def sent(person: Person, words: str = WORDS) -> str:
    """Proposes something, to the end; returns what is said then."""
    person.press("proposer:")
    person.say(words)
    return person.tap("Envoyer").text


def take_role(people: People, person: str) -> None:
    with writing(people.engine) as connection:
        for mandate in held_by(connection, (CHANNEL, person)):
            revoke(connection, mandate.id, Role.COORDINATEUR, datetime.now(UTC))


def test_what_is_missing_is_written_agreed_to_and_read_by_the_coordinator(people: People) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    worker.start()
    assert worker.press("proposer:").text.startswith("Quel besoin, ou quel type de lieu, manque dans le guide ?")
    assert worker.say(WORDS).text.startswith(f"Votre proposition :\n« {WORDS} »")
    assert rows(people) == []
    assert worker.tap("Envoyer").text == "Merci. C'est transmis aux coordinateurs de votre territoire."
    assert [(row.words, row.codes, row.role) for row in rows(people)] == [(WORDS, ["92050"], "travailleur-social")]
    said = coordinator.press("propositions:").text
    assert said.splitlines()[1:] == [f"1. 24 novembre, travailleur social : « {WORDS} »"]
    assert worker.tap("Continuer").text == "De quoi avez-vous besoin ?"


def test_nothing_is_sent_without_agreeing(people: People) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press("proposer:")
    worker.say(WORDS)
    assert worker.say("peut-être").text.startswith("Votre proposition")
    assert worker.tap("Ne pas envoyer").text == "D'accord, rien n'est envoyé."
    assert rows(people) == []


def test_an_old_button_agrees_to_nothing_that_was_not_read(people: People) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    worker.press("proposer:")
    assert worker.press("proposer-accord:oui").text.startswith("Ce bouton n'est plus valable. Reprenons ici.\nQuel ")
    assert worker.say(WORDS).text.startswith("Votre proposition")
    assert rows(people) == []


@pytest.mark.parametrize("role", Role)
def test_every_role_may_propose(people: People, role: Role) -> None:
    entry = people.entry(1)
    run = [entry] if role is Role.ORGANISATEUR else []
    assert sent(people.with_a_role(WORKER, role, () if run else ("92050",), initiatives=run)).startswith("Merci.")
    assert [(row.role, row.codes) for row in rows(people)] == [(role.value, ["92050"])]


def test_a_resident_proposes_and_reads_nothing_even_with_forged_buttons(people: People) -> None:
    sent(people.with_a_role(WORKER, Role.CORRESPONDANT))
    for person in (people.person(RESIDENT), people.with_a_role(ORGANISER, Role.ORGANISATEUR, ())):
        assert person.press("propositions:").text == "Les propositions se lisent avec un rôle de coordinateur."
        assert person.buttons()
    resident = people.person(RESIDENT)
    assert resident.press("proposer:").text.startswith("Proposer un besoin demande un rôle dans le guide.")
    for data in ("proposer-mots:x", "proposer-accord:oui", "proposer:oui", "propositions:99999999999999999999"):
        resident.press(data)
    assert len(rows(people)) == 1


def test_a_role_taken_away_before_the_end_sends_nothing(people: People) -> None:
    worker = people.with_a_role(WORKER, Role.CORRESPONDANT)
    worker.press("proposer:")
    worker.say(WORDS)
    take_role(people, WORKER)
    assert worker.tap("Envoyer").text.startswith("Proposer un besoin demande un rôle")
    with writing(people.engine) as connection:
        assert not propose(connection, (CHANNEL, WORKER), WORDS, NOW)
    assert rows(people) == []


def test_a_coordinator_whose_role_ended_reads_nothing_with_an_old_button(people: People) -> None:
    sent(people.with_a_role(WORKER, Role.CORRESPONDANT))
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    assert WORDS in coordinator.press("propositions:").text
    take_role(people, COORDINATOR)
    assert WORDS not in coordinator.press("propositions:").text


def test_five_a_day_at_most_from_the_same_role_and_territory(people: People) -> None:
    worker = people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL)
    for number in range(MOST_A_DAY):
        sent(worker, f"Besoin {number}.")
    assert worker.press("proposer:").text.endswith("Revenez demain.")
    with writing(people.engine) as connection:
        assert not propose(connection, (CHANNEL, WORKER), WORDS, NOW)
    assert sent(people.with_a_role("20", Role.TRAVAILLEUR_SOCIAL, ("92071",))).startswith("Merci.")
    with time_machine.travel(TOMORROW, tick=False):
        assert sent(worker).startswith("Merci.")
    assert len(rows(people)) == MOST_A_DAY + 2


@pytest.mark.parametrize(
    ("from_", "read_by", "read"),
    [
        (("92050",), ("92050",), True),
        (("92050",), ("92",), True),
        (("92",), ("92050",), True),
        (("92050",), ("92071",), False),
        (("92050",), ("93",), False),
        (("97105",), ("971",), True),
        (("97105",), ("972",), False),
        (("2A004",), ("2A",), True),
        (("92071",), ("200057966",), True),
        (("200057966",), ("92",), True),
        (("200057966",), ("200054781",), True),
        (("200057966",), ("92050",), False),
    ],
)
def test_coordinators_read_what_comes_from_their_territories(
    people: People, from_: tuple[str, ...], read_by: tuple[str, ...], read: bool
) -> None:
    sent(people.with_a_role(WORKER, Role.CORRESPONDANT, from_))
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR, read_by)
    reply = coordinator.press("propositions:")
    assert (WORDS in reply.text) is read
    assert read or reply.text == NONE_WAITS


def test_what_comes_from_no_territory_is_read_by_every_coordinator(people: People) -> None:
    nowhere = dict.fromkeys(("commune", "code_postal", "code_insee", "departement", "latitude", "longitude"))
    entry = people.entry(1, reach="national", **nowhere)
    sent(people.with_a_role(ORGANISER, Role.ORGANISATEUR, (), initiatives=[entry]))
    assert WORDS in people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("13055",)).press("propositions:").text


def test_a_long_list_is_read_ten_at_a_time_the_oldest_first_without_what_was_settled(people: People) -> None:
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR, ("92",))
    for number in range(12):
        person = people.with_a_role(f"5{number}", Role.CORRESPONDANT, (f"920{number + 10}",))
        with writing(people.engine) as connection:
            assert propose(connection, (CHANNEL, person.number), f"Besoin {number}.", NOW)
    with writing(people.engine) as connection:
        assert settle(connection, rows(people)[0].id, NOW)
        assert not settle(connection, rows(people)[0].id, NOW)
    first = coordinator.press("propositions:").text
    assert [f"Besoin {number}." in first for number in (0, 1, 10, 11)] == [False, True, True, False]
    assert "Besoin 11." in coordinator.tap("Voir la suite").text
    assert [one.label for one in coordinator.buttons()] == ["Continuer"]
    assert "Besoin 11." in coordinator.press("propositions:500").text
    assert "Besoin 1." in coordinator.press("propositions:-3").text


def test_an_empty_list_leads_somewhere(people: People) -> None:
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    assert coordinator.press("propositions:").text == NONE_WAITS
    assert coordinator.tap("Proposer un besoin").text.startswith("Quel besoin")


@pytest.mark.parametrize(("words", "kept"), SENTENCES.values(), ids=SENTENCES.keys())
def test_hostile_words_are_kept_as_written_without_what_cannot_be_seen(people: People, words: str, kept: str) -> None:
    coordinator = people.with_a_role(COORDINATOR, Role.COORDINATEUR)
    sent(coordinator, words)
    assert [row.words for row in rows(people)] == [kept]
    assert coordinator.press("propositions:").text.endswith(f"« {kept} »")


def test_words_that_are_too_long_are_asked_again(people: People) -> None:
    worker = people.with_a_role(WORKER, Role.CORRESPONDANT)
    worker.press("proposer:")
    assert worker.say("a" * 10_000).text.startswith("C'est trop long : 300 caractères au plus")
    assert worker.say("a" * LONGEST).text.startswith("Votre proposition")


def test_words_that_tell_a_danger_are_answered_first_and_kept(people: People) -> None:
    worker = people.with_a_role(WORKER, Role.CORRESPONDANT)
    worker.press("proposer:")
    words = "Un lieu pour une femme battue par son mari."
    assert "3919" in worker.say(words).text
    assert words in worker.tap("Continuer").text
    worker.tap("Envoyer")
    assert [row.words for row in rows(people)] == [words]


def command(monkeypatch: pytest.MonkeyPatch, url: str, *arguments: str) -> Result:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("TELEGRAM_TOKEN", "")
    result = CliRunner().invoke(main, ["proposals", *arguments])
    assert "Traceback" not in result.output
    return result


def test_the_command_line_lists_them_all_and_settles_one(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = command(monkeypatch, database_url)
    assert (empty.stdout, empty.stderr, empty.exit_code) == ("", "Aucune proposition n'attend.\n", 0)
    sent(people.with_a_role(WORKER, Role.TRAVAILLEUR_SOCIAL, ("92050", "92071")))
    with time_machine.travel(TOMORROW, tick=False):
        sent(people.with_a_role("20", Role.CORRESPONDANT, ("13055",)), "Un garage.")
    first, second = (row.id for row in rows(people))
    assert command(monkeypatch, database_url).stdout.splitlines() == [
        f"{first}  24/11/2026  travailleur-social  92050, 92071  {WORDS}",
        f"{second}  25/11/2026  correspondant  13055  Un garage.",
    ]
    assert command(monkeypatch, database_url, "--settle", str(first)).stdout == "C'est noté.\n"
    assert command(monkeypatch, database_url).stdout.startswith(f"{second}  ")
    again = command(monkeypatch, database_url, "--settle", str(first))
    assert (again.exit_code, again.stderr) == (
        1,
        f"bonne-porte : aucune proposition n'attend sous le numéro {first}.\n",
    )


@pytest.mark.parametrize("number", ["-1", "0", "999", "99999999999999999999999"])
def test_the_command_line_says_that_a_number_is_nobodys(
    database_url: str, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    result = command(monkeypatch, database_url, f"--settle={number}")
    assert result.exit_code == 1
    assert result.stderr == f"bonne-porte : aucune proposition n'attend sous le numéro {number}.\n"


def test_the_command_line_says_that_the_database_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    result = command(monkeypatch, "sqlite:////proc/nowhere/test.db")
    assert result.exit_code == 1
    assert result.stderr.startswith("bonne-porte : ")
