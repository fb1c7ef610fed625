"""`bonne-porte status`: plain words for a person, JSON for a program, 1 when something is wrong."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, insert

from bot.commands.status import status
from catalogue.database import writing
from catalogue.tables import feeds
from scheduler import outgoing
from scheduler.heartbeat import PERIODS, ran
from scheduler.outgoing import Outgoing


@pytest.fixture(autouse=True)
def _settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TELEGRAM_TOKEN", "")


def asked(*arguments: str) -> Result:
    result = CliRunner().invoke(status, arguments)
    assert "Traceback" not in result.output
    return result


def running(engine: Engine, ago: timedelta = timedelta()) -> None:
    with writing(engine) as connection:
        for name in PERIODS:
            ran(connection, name, datetime.now(UTC) - ago)


def put(engine: Engine, ago: timedelta) -> None:
    with writing(engine) as connection:
        outgoing.put(connection, [Outgoing("telegram", "1001", {"text": "Bonjour"}, "a", datetime.now(UTC) - ago)])


def test_all_is_well(engine: Engine) -> None:
    running(engine)
    put(engine, timedelta(minutes=1))
    result = asked()
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == [
        "Tout va bien.",
        "Messages à envoyer maintenant : 1",
        "En retard de plus de 5 minutes : 0",
    ]
    assert "  rappels et changements : il y a 0 s" in result.stdout.splitlines()
    assert "1001" not in result.stdout


def test_a_message_that_is_late_is_an_error(engine: Engine) -> None:
    running(engine)
    put(engine, timedelta(minutes=6))
    result = asked()
    assert result.exit_code == 1
    assert "En retard de plus de 5 minutes : 1" in result.stdout


def test_a_work_not_done_for_ten_minutes_is_an_error(engine: Engine) -> None:
    assert "n'a pas encore tourné" in asked().stdout
    running(engine, timedelta(minutes=11))
    result = asked()
    assert result.exit_code == 1
    assert "  calendriers à relire : il y a 11 min" in result.stdout.splitlines()


def test_a_program_reads_the_same(engine: Engine) -> None:
    running(engine)
    row = {"url": "https://un.example/a.ics?cle=1", "source": "un", "failures": 3, "error": "ne répond pas"}
    with writing(engine) as connection:
        connection.execute(insert(feeds), {**row, "next_at": datetime.now(UTC)})
    result = asked("--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (found["well"], found["due"], found["late"], found["sent"], found["reminders_waiting"]) == (True, 0, 0, 0, 0)
    assert found["feeds_failing"] == [{"source": "un", "failures": 3, "error": "ne répond pas"}]
    assert {tick["name"] for tick in found["ticks"]} == set(PERIODS)


def test_a_database_that_does_not_answer_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/rien")
    result = asked()
    assert result.exit_code == 1
    assert result.stderr.startswith("bonne-porte : La base de données ne répond pas")
