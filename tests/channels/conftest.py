"""The web chat on the shipped catalogue, as tests meet it: in this process, or on a port of its own."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette

from bot.channels.web import create_app
from bot.runner import Runner
from bot.settings import Settings
from catalogue.places import PlaceIndex
from tests.channels.server import serving
from tests.channels.visitor import Visitor
from tests.handlers.memory import shipped_understander


@pytest.fixture
def runner(shipped_engine: Engine, place_index: PlaceIndex) -> Runner:
    return Runner(shipped_engine, place_index, shipped_understander())


@pytest.fixture
def settings() -> Settings:
    return Settings(LEGAL_PUBLISHER="La maison des voisins")


@pytest.fixture
def app(runner: Runner, settings: Settings) -> Starlette:
    return create_app(runner, settings)


@pytest.fixture
def visitor(app: Starlette) -> Visitor:
    """Somebody who has not opened the page yet."""
    return Visitor(app)


@pytest.fixture
def address(app: Starlette) -> Iterator[str]:
    """Where the web chat answers, for a browser."""
    with serving(app) as address:
        yield address
