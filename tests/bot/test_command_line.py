"""The `bonne-porte` command, as a process: it starts, it stops, and what is wrong is one clear line."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


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
