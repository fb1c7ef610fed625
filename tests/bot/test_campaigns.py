"""The commands of campaigns, on the shipped catalogue."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result
from sqlalchemy import Engine, insert, select, update

from bot.__main__ import main
from catalogue.campaigns import answer
from catalogue.database import open_database, reading, writing
from catalogue.entries import Mandate
from catalogue.needs import CampaignAnswer, Role
from catalogue.roles import accept, invite, new_secret
from catalogue.tables import campaign_answers, campaigns, initiatives
from scheduler.campaigning import ask
from tests.people import CHANNEL, COMPOSERS

Command = Callable[..., Result]
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
QUESTION = "Avez-vous une salle fraîche ?"


@pytest.fixture
def bonne_porte(shipped_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command, one morning of November, on a shipped catalogue of the test's own."""
    monkeypatch.setenv("DATABASE_URL", shipped_url)
    monkeypatch.setenv("TELEGRAM_TOKEN", "")
    with time_machine.travel(NOW, tick=False):
        yield lambda *arguments: CliRunner().invoke(main, ["campaign", *map(str, arguments)])


@pytest.fixture
def engine(shipped_url: str) -> Iterator[Engine]:
    engine = open_database(shipped_url)
    yield engine
    engine.dispose()


def said(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def refusal(result: Result) -> str:
    assert result.exit_code == 1, result.output
    line = result.stderr.splitlines()[-1]
    assert line.startswith("bonne-porte : ")
    return line


def a_correspondent(engine: Engine, *codes: str) -> None:
    with writing(engine) as connection:
        secret = new_secret()
        invite(connection, Mandate(0, Role.CORRESPONDANT, codes, ()), secret, Role.COORDINATEUR, NOW)
        assert accept(connection, (CHANNEL, "301"), secret, NOW)


def start(bonne_porte: Command, territory: str = "92050", *more: object, question: str = QUESTION) -> Result:
    return bonne_porte("start", "--question", question, "--territory", territory, *more)


def in_nanterre(engine: Engine) -> list[int]:
    wanted = (
        initiatives.c.code_insee == "92050",
        initiatives.c.status == "active",
        initiatives.c.merged_into.is_(None),
    )
    with reading(engine) as connection:
        return list(connection.scalars(select(initiatives.c.id).where(*wanted).order_by(initiatives.c.id)))


def test_a_campaign_says_its_number_how_many_entries_it_is_about_and_how_many_somebody_looks_after(
    bonne_porte: Command, engine: Engine
) -> None:
    a_correspondent(engine, "92050")
    number = len(in_nanterre(engine))
    assert said(start(bonne_porte)) == [
        f"Campagne 1, jusqu'au 24/12/2026 : {QUESTION}",
        f"{number} fiches. Quelqu'un s'occupe de {number}.",
    ]
    wider = said(start(bonne_porte, "92", "--days", 10))
    assert wider[0] == f"Campagne 2, jusqu'au 04/12/2026 : {QUESTION}"
    entries, looked_after = (int(word) for word in wider[1].rstrip(".").split() if word.isdigit())
    assert entries > looked_after == number
    with reading(engine) as connection:
        first, second = connection.execute(select(campaigns).order_by(campaigns.c.id)).all()
    assert (first.codes, first.kinds, first.role, first.at) == (["92050"], [], "coordinateur", NOW)
    assert second.codes == ["92"]


def test_a_campaign_may_be_about_some_kinds_of_places_only(bonne_porte: Command, engine: Engine) -> None:
    a_correspondent(engine, "92")
    entries = said(start(bonne_porte, "Nanterre,92012", "--kind", "france-services, espace-numerique"))[1]
    with reading(engine) as connection:
        one = connection.execute(select(campaigns)).one()
    assert (one.codes, one.kinds) == (["92012", "92050"], ["espace-numerique", "france-services"])
    assert int(entries.split()[0]) < len(in_nanterre(engine)) + 20


@pytest.mark.parametrize(
    ("question", "more", "why"),
    [
        ("Salle ?", (), "la question a 7 caractères : il en faut de 10 à 200."),
        ("Avez-vous une salle fraîche", (), "la question finit par « ? »."),
        ("Avez-vous\nune salle ?", (), "la question tient sur une ligne."),
        ("Avez-vous\u2028une salle ?", (), "la question tient sur une ligne."),
        (f"Avez-vous {'une salle ' * 20}?", (), "la question a 211 caractères : il en faut de 10 à 200."),
        (QUESTION, ("--kind", "piscine"), "« piscine » n'est pas un type de lieu."),
        (QUESTION, ("--days", "0"), "une campagne dure de 1 à 365 jours."),
        (QUESTION, ("--kind", "accorderie"), "aucune fiche ouverte n'est de ce territoire et de ces types."),
        (QUESTION, (), "personne ne s'occupe de ces fiches. Pour inviter quelqu'un : bonne-porte invite"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_said_why(
    bonne_porte: Command, engine: Engine, question: str, more: tuple[str, ...], why: str
) -> None:
    assert refusal(start(bonne_porte, "92050", *more, question=question)).startswith(f"bonne-porte : {why}")
    with reading(engine) as connection:
        assert connection.execute(select(campaigns)).all() == []


def test_a_territory_nobody_knows_is_refused(bonne_porte: Command) -> None:
    assert "99999" in refusal(start(bonne_porte, "99999"))
    assert "aucune fiche ouverte" in refusal(start(bonne_porte, " , "))


def test_results_are_told_by_answer_and_written_for_a_spreadsheet(
    bonne_porte: Command, engine: Engine, tmp_path: Path
) -> None:
    a_correspondent(engine, "92050")
    said(start(bonne_porte))
    first, second, third, *others = in_nanterre(engine)
    with writing(engine) as connection:
        connection.execute(update(initiatives).where(initiatives.c.id == first).values(nom='=1+1;"A"'))
        assert ask(connection, NOW, COMPOSERS) == 3
        answer(connection, (CHANNEL, "301"), 1, first, CampaignAnswer.OUI, NOW)
        answer(connection, (CHANNEL, "301"), 1, second, CampaignAnswer.NE_SAIS_PAS, NOW)
    lines = said(bonne_porte("results", 1))
    counts = ["Oui : 1", "Non : 0", "Je ne sais pas : 1", "Sans réponse : 1", f"Pas encore posée : {len(others)}"]
    assert [line for line in lines if not line.startswith("  ")] == [QUESTION, *counts]
    assert lines[2] == f'  {first}  =1+1;"A", Nanterre'
    path = tmp_path / "salles.csv"
    assert said(bonne_porte("results", 1, "--csv", path)) == [f"{path} : {len(others) + 3} fiches."]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {int(row["fiche"]): row for row in csv.DictReader(file)}
    assert rows[first]["nom"] == '\'=1+1;"A"'
    assert [rows[id_]["reponse"] for id_ in (first, second, third, others[0])] == [
        *("Oui", "Je ne sais pas", "Sans réponse", "Pas encore posée")
    ]
    assert "ne peut pas être écrit" in refusal(bonne_porte("results", 1, "--csv", tmp_path / "nulle" / "part.csv"))
    assert said(bonne_porte("list")) == [f"1  jusqu'au 24/12/2026  posée pour 3 fiches, répondue pour 2  {QUESTION}"]


def test_what_was_answered_of_a_place_that_closed_since_is_still_told(bonne_porte: Command, engine: Engine) -> None:
    a_correspondent(engine, "92050")
    said(start(bonne_porte))
    with writing(engine) as connection:
        ask(connection, NOW, COMPOSERS)
        entry = connection.scalars(select(campaign_answers.c.initiative_id)).first()
        answer(connection, (CHANNEL, "301"), 1, entry or 0, CampaignAnswer.NON, NOW)
        connection.execute(update(initiatives).where(initiatives.c.id == entry).values(status="closed"))
    assert "Non : 1" in said(bonne_porte("results", 1))


def test_a_campaign_nobody_knows_is_said_so(bonne_porte: Command, engine: Engine) -> None:
    empty = bonne_porte("list")
    assert (said(empty), empty.stderr) == ([], "Aucune campagne. Pour commencer : bonne-porte campaign start\n")
    for number in (1, 10**30):
        assert refusal(bonne_porte("results", number)) == f"bonne-porte : aucune campagne n'a le numéro {number}."


def test_a_campaign_that_is_over_is_listed_as_such(bonne_porte: Command, engine: Engine) -> None:
    over = {"question": QUESTION, "codes": ["92050"], "kinds": [], "role": "coordinateur", "at": NOW}
    with writing(engine) as connection:
        connection.execute(insert(campaigns).values(**over, ends_on=NOW.date().replace(day=23)))
    assert said(bonne_porte("list")) == [f"1  finie le 23/11/2026  posée pour 0 fiche, répondue pour 0  {QUESTION}"]
