"""What every test may ask for: a database of its own on either engine, the shipped catalogue, a browser.

A program that is not installed skips the tests that need it, unless REQUIRE_POSTGRES=1 or REQUIRE_CHROMIUM=1.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
import time_machine
from sqlalchemy import Engine

from bot.migrations import migrate
from catalogue.database import open_database, reading
from catalogue.gazetteer import read_places, read_usual_names
from catalogue.places import PlaceIndex
from tests.dialogues import MOMENT
from tests.postgres import Server, postgres_programs, private_postgres

if TYPE_CHECKING:
    from tests.people import People

pytest_plugins = ["tests.telegram"]

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing(what: str, variable: str) -> NoReturn:
    """Skip what needs a program that is not there; fail instead where it was promised to be."""
    if os.environ.get(variable) == "1":
        pytest.fail(f"{what} is not installed, and {variable}=1 says it must be.", pytrace=False)
    pytest.skip(f"{what} n'est pas installé : test sauté ({variable}=1 pour l'exiger).")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One private PostgreSQL for the whole run."""
    programs = postgres_programs()
    if programs is None:
        missing("PostgreSQL", "REQUIRE_POSTGRES")
    with private_postgres(programs) as server:
        yield server


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser that is installed."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    return found or missing("Chromium", "REQUIRE_CHROMIUM")


@pytest.fixture(scope="session")
def place_index(shipped_database: object) -> PlaceIndex:
    """Every shipped commune."""
    engine = open_database(f"sqlite:///{shipped_database}")
    with reading(engine) as connection:
        index = PlaceIndex(read_places(connection), read_usual_names())
    engine.dispose()
    return index


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database with nothing in it, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    _prepare(f"sqlite:///{path}", migrate)
    return path


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Server) -> str:
    """The same on PostgreSQL: the name of a database to copy."""
    name = postgres_server.create()
    _prepare(postgres_server.url(name), migrate)
    return name


def _prepare(url: str, *work: Callable[[Engine], object]) -> None:
    engine = open_database(url)
    for do in work:
        do(engine)
    engine.dispose()  # nobody may be connected to what is copied, and SQLite then folds its log back into the file


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of the test's own."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'test.db')}"


@pytest.fixture
def postgres_url(postgres_server: Server, migrated_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database of the test's own."""
    name = postgres_server.create(migrated_template)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of the test's own: the test runs once on each engine."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The same, open."""
    yield from _opened(database_url)


@pytest.fixture
def people(engine: Engine) -> "People":
    """A guide whose places are Nanterre and Sceaux, and those who talk to it."""
    from tests.people import People  # which takes a second to load, for the tests of a conversation only

    return People(engine)


@pytest.fixture(scope="session")
def shipped_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the whole shipped catalogue. Not to be written to: see shipped_engine."""
    from catalogue.exchange.shipped import load_shipped

    path = tmp_path_factory.mktemp("shipped") / "shipped.db"
    # The transcripts are played at one moment for ever: the dates of that moment must be there.
    with time_machine.travel(MOMENT):
        _prepare(f"sqlite:///{path}", migrate, load_shipped)
    return path


@pytest.fixture
def shipped_url(shipped_database: Path, tmp_path: Path) -> str:
    """A copy of the shipped catalogue of the test's own."""
    return f"sqlite:///{shutil.copy(shipped_database, tmp_path / 'shipped.db')}"


@pytest.fixture
def shipped_engine(shipped_url: str) -> Iterator[Engine]:
    """The same, open."""
    yield from _opened(shipped_url)


def _opened(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()
