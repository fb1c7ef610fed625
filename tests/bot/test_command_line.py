"""The `bonne-porte` command, as a process: it starts, it stops, and what is wrong is one clear line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from catalogue.database import open_database, writing
from catalogue.entries import Mandate
from catalogue.needs import Kind, Role
from catalogue.roles import accept, held_by, invite, new_secret

ROOT = Path(__file__).parent.parent.parent

BonnePorte = Callable[..., Result]


@contextmanager
def command(*arguments: str, **env: str) -> Iterator["subprocess.Popen[str]"]:
    """The command as a process of its own, ended with the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        env={**os.environ, "TELEGRAM_TOKEN": "", "PYTHONPATH": str(ROOT), **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refused(*arguments: str, **env: str) -> str:
    """What a command that cannot work says, on one line."""
    with command(*arguments, **env) as process:
        _out, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in err
    assert err.startswith("bonne-porte : ")
    return err


@pytest.mark.parametrize("stopped_by", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_on_the_address_it_prints_and_stops_cleanly(shipped_url: str, stopped_by: signal.Signals) -> None:
    port = free_port()
    with command("run", DATABASE_URL=shipped_url, WEB_PORT=str(port)) as process:
        assert process.stdout
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            assert "Manger" in page.read().decode()
        asked = time.monotonic()
        process.send_signal(stopped_by)
        out, err = process.communicate(timeout=20)
    assert time.monotonic() - asked < 10
    assert process.returncode == 0
    assert "Arrêté." in out
    assert err == ""


def test_a_taken_port_is_said(sqlite_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in refused("run", DATABASE_URL=sqlite_url, WEB_PORT=str(port))


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    # A file where the folder should be: refused even to root, whom permissions do not stop.
    (tmp_path / "data").write_text("")
    said = refused("run", DATABASE_URL=f"sqlite:///{tmp_path}/data/x.db", WEB_PORT=str(free_port()))
    assert "dossier" in said or "inscriptible" in said


def test_a_token_that_cannot_be_one_is_said(shipped_url: str) -> None:
    said = refused("run", DATABASE_URL=shipped_url, WEB_PORT=str(free_port()), TELEGRAM_TOKEN="faux jeton")
    assert "TELEGRAM_TOKEN" in said
    assert "faux jeton" not in said


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"WEB_PORT": "99999"}, "WEB_PORT"),
        ({"TELEGRAM_MODE": "pigeon"}, "TELEGRAM_MODE"),
        ({"TELEGRAM_TOKEN": "1:a", "TELEGRAM_MODE": "webhook"}, "TELEGRAM_WEBHOOK_URL"),
        ({"TELEGRAM_WEBHOOK_SECRET": "clé secrète"}, "TELEGRAM_WEBHOOK_SECRET"),
        ({"TELEGRAM_API_URL": "ftp://ici"}, "TELEGRAM_API_URL"),
    ],
)
def test_a_wrong_setting_is_said_without_its_value_when_it_is_secret(env: dict[str, str], said: str) -> None:
    error = refused("settings", **env)
    assert said in error
    assert "clé secrète" not in error


def test_settings_are_listed_with_their_secrets_masked() -> None:
    database = "postgresql+psycopg://me:pw@localhost/x"
    with command("settings", TELEGRAM_TOKEN="123456:secret", DATABASE_URL=database) as process:
        out, _err = process.communicate(timeout=60)
    assert "TELEGRAM_TOKEN=********" in out
    assert "secret" not in out.replace("secrets", "").replace("TELEGRAM_WEBHOOK_SECRET", "")
    assert "pw@" not in out


def test_the_conversation_is_played_in_a_terminal(shipped_url: str) -> None:
    with command("chat", DATABASE_URL=shipped_url) as process:
        out, err = process.communicate("manger\nNanterre\n", timeout=60)
    assert process.returncode == 0
    assert "Mon Épicerie" in out
    assert err == ""


# Roles and territories.


@pytest.fixture
def bonne_porte(shipped_url: str, monkeypatch: pytest.MonkeyPatch) -> BonnePorte:
    """The command, on a shipped catalogue of the test's own."""
    monkeypatch.setenv("DATABASE_URL", shipped_url)
    monkeypatch.setenv("TELEGRAM_TOKEN", "")
    return lambda *arguments: CliRunner().invoke(main, [*arguments])


def accepted(url: str, result: Result, person: str) -> Mandate:
    """The role that the link which was printed gives somebody."""
    assert result.exit_code == 0, result.output
    link, secret = result.stdout.strip().split("?start=i")
    assert link == "https://t.me/bonne_porte_bot"
    engine = open_database(url)
    with writing(engine) as connection:
        assert accept(connection, ("telegram", person), secret, datetime.now(UTC))
        (held,) = held_by(connection, ("telegram", person))
    engine.dispose()
    return held


@pytest.mark.parametrize(
    ("arguments", "role", "codes"),
    [
        (["coordinator", "--territory", "92"], Role.COORDINATEUR, ("92",)),
        (["social-worker"], Role.TRAVAILLEUR_SOCIAL, ()),
    ],
)
def test_a_role_is_given_by_a_link(
    bonne_porte: BonnePorte, shipped_url: str, arguments: list[str], role: Role, codes: tuple[str, ...]
) -> None:
    made = bonne_porte("invite", "--telegram", "bonne_porte_bot", "--role", *arguments)
    held = accepted(shipped_url, made, "101")
    assert (held.role, held.codes, held.initiatives, held.kinds) == (role, codes, (), ())


def test_a_role_is_given_for_intercommunalities_and_named(bonne_porte: BonnePorte, shipped_url: str) -> None:
    role = ("--role", "correspondent", "--territory", "92050,200057966,Plaine Commune, métropole de Lyon")
    made = bonne_porte("invite", "--telegram", "bonne_porte_bot", *role)
    held = accepted(shipped_url, made, "101")
    assert held.codes == ("200046977", "200057867", "200057966", "92050")
    named = ("Métropole de Lyon (200046977)", "Plaine Commune (200057867)", "Vallée Sud-Grand Paris (200057966)")
    assert f"Territoire : {', '.join(named)}, Nanterre (92050)." in made.stderr
    assert ", ".join(named) in bonne_porte("roles").stdout
    assert ", ".join(named) in bonne_porte("state").stdout
    ours = json.loads(bonne_porte("state", "--territory", "vallee sud", "--json").stdout)
    assert (ours["territory"], ours["unattended"]) == (["200057966"], 0)
    assert ours["entries"] > 0


def test_an_intercommunality_that_is_not_known_any_more_is_said_to_be_so(
    bonne_porte: BonnePorte, shipped_url: str
) -> None:
    engine = open_database(shipped_url)
    with writing(engine) as connection:
        secret, now = new_secret(), datetime.now(UTC)
        invite(connection, Mandate(0, Role.COORDINATEUR, ("200099999",), ()), secret, Role.COORDINATEUR, now)
        assert accept(connection, ("telegram", "101"), secret, now)
    engine.dispose()
    for command in ("roles", "state"):
        result = bonne_porte(command)
        assert result.exit_code == 0
        assert "200099999 (intercommunalité inconnue : aucune de ses communes n'est suivie)" in result.stdout
    assert json.loads(bonne_porte("state", "--json").stdout)["unknown"] == ["200099999"]


def test_a_correspondent_of_some_kinds_is_listed_then_revoked(bonne_porte: BonnePorte, shipped_url: str) -> None:
    role = ("--role", "correspondent", "--territory", "92050, Sceaux", "--kind", "jardin-partage, amap")
    held = accepted(shipped_url, bonne_porte("invite", "--telegram", "bonne_porte_bot", *role), "20301")
    assert (held.codes, set(held.kinds)) == (("92050", "92071"), {Kind.JARDIN_PARTAGE, Kind.AMAP})
    listed = bonne_porte("roles").stdout.strip()
    assert listed.startswith(f"{held.id}  correspondant  depuis le ")
    assert listed.endswith("Nanterre (92050), Sceaux (92071)  types : amap, jardin-partage")
    assert "20301" not in listed
    assert bonne_porte("revoke", str(held.id)).exit_code == 0
    assert bonne_porte("roles").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["correspondent"], "donnez --territory"),
        (["coordinator"], "donnez --territory"),
        (["correspondent", "--territory", "Zzyzx"], "Zzyzx"),
        (["correspondent", "--territory", "200099999"], "aucune intercommunalité connue"),
        (["correspondent", "--territory", "quatre rivières"], "Quatre Rivières (247000623, 70) ; Communauté"),
        (["correspondent", "--territory", "92", "--kind", "château"], "« château » n'est pas un type de lieu"),
        (["correspondent", "--territory", "92", "--runs", "12"], "--runs ne sert que"),
        (["coordinator", "--territory", "92", "--kind", "amap"], "--kind ne sert que"),
        (["organiser"], "--runs"),
        (["organiser", "--runs", "12", "--territory", "92"], "pas de territoire"),
        (["organiser", "--runs", "999999"], "aucune fiche ouverte"),
        (["social-worker", "--kind", "amap"], "--kind ne sert que"),
    ],
)
def test_an_invitation_that_cannot_be_made_says_why(bonne_porte: BonnePorte, arguments: list[str], said: str) -> None:
    result = bonne_porte("invite", "--telegram", "bonne_porte_bot", "--role", *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    line = result.stderr.splitlines()[-1]
    assert line.startswith("bonne-porte : ")
    assert said in line


def test_a_role_that_is_not_there_cannot_be_revoked(bonne_porte: BonnePorte) -> None:
    result = bonne_porte("revoke", "12")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "aucun rôle n'a le numéro 12" in result.stderr


def test_the_state_of_a_territory_is_printed(bonne_porte: BonnePorte, shipped_url: str) -> None:
    empty = bonne_porte("state")
    assert (empty.exit_code, empty.stdout) == (0, "")
    assert "Pour inviter" in empty.stderr
    made = bonne_porte("invite", "--telegram", "bonne_porte_bot", "--role", "coordinator", "--territory", "92")
    accepted(shipped_url, made, "101")
    one = ("--telegram", "bonne_porte_bot", "--role", "correspondent", "--territory", "92050")
    accepted(shipped_url, bonne_porte("invite", *one), "102")
    (line,) = bonne_porte("state", "--json").stdout.splitlines()
    of_department = json.loads(line)
    assert of_department["territory"] == ["92"]
    (line,) = bonne_porte("state", "--territory", "Nanterre", "--json").stdout.splitlines()
    of_commune = json.loads(line)
    assert 0 < of_commune["entries"] < of_department["entries"]
    assert of_commune["unattended"] == 0
    assert of_department["unattended"] == of_department["entries"] - of_commune["entries"]
    assert [load["asked"] for load in of_department["loads"]] == [0]
    said = bonne_porte("state", "--territory", "Nanterre").stdout
    assert said.startswith(f"Nanterre (92050)\n  {of_commune['entries']} fiches ouvertes.")


@pytest.mark.parametrize("territory", ["Zzyzx", ","])
def test_the_state_of_no_place_says_why(bonne_porte: BonnePorte, territory: str) -> None:
    result = bonne_porte("state", "--territory", territory)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1].startswith("bonne-porte : ")
