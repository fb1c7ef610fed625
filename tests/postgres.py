"""A private PostgreSQL, started from the installed programs and removed at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

NEEDED = ("initdb", "postgres")
# Nothing here outlives the tests: waiting for the disk would only slow them.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "autovacuum": "off",
}
USER = "tests"
WITHIN = 30.0  # seconds, to start or to stop


def postgres_programs() -> Path | None:
    """The folder of the most recent PostgreSQL that is installed whole, or None."""
    return next((folder for folder in _folders() if all((folder / name).is_file() for name in NEEDED)), None)


def _folders() -> Iterator[Path]:
    if config := shutil.which("pg_config"):
        yield Path(subprocess.run([config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip())
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda folder: float(folder.parent.name), reverse=True)
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent


class Server:
    """A running PostgreSQL: its databases are made and dropped through this."""

    def __init__(self, socket: Path, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self.socket, self._start = socket, start
        self._numbers = count(1)
        self._process = start()
        _wait_until_ready(self, self._process)

    def stop(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(WITHIN)

    def restart(self) -> None:
        """As an administrator does: nothing that was committed is lost, and whoever is connected is cut."""
        self.stop(signal.SIGINT)
        self._process = self._start()
        _wait_until_ready(self, self._process)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.socket}"

    def create(self, template: str = "template0") -> str:
        """Make a database as a copy of another, which nobody may be connected to; returns its name."""
        name = f"test_{next(self._numbers)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def answers(self) -> bool:
        try:
            self._run(sql.SQL("SELECT 1").format())
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(host=str(self.socket), user=USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def private_postgres(programs: Path, memory: str = "32MB") -> Iterator[Server]:
    """A server of our own, reached by a socket in a folder that only its user can enter; `memory` for its pages."""
    with tempfile.TemporaryDirectory(prefix="pg-") as temporary:
        folder = Path(temporary)
        run_as = _unprivileged(folder)
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **run_as,
        )
        settings = [f"--{name}={value}" for name, value in (SETTINGS | {"shared_buffers": memory}).items()]
        command = [programs / "postgres", "-D", folder / "data", "-k", folder, *settings]

        def start() -> "subprocess.Popen[bytes]":
            with (folder / "log.txt").open("ab") as log:
                return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **run_as)

        server = Server(folder, start)
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # at once: the folder is about to be removed


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Who PostgreSQL must run as: it refuses root, so root lends the folder to somebody else."""
    if os.geteuid() != 0:
        return {}
    names = [entry.pw_name for entry in pwd.getpwall()]
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + WITHIN
    while not server.answers():
        if process.poll() is not None or time.monotonic() > limit:
            process.kill()
            raise RuntimeError("PostgreSQL did not start:\n" + (server.socket / "log.txt").read_text())
        time.sleep(0.05)
