"""The product as people meet it on Telegram: the real process, against a stand-in Bot API on loopback.

def test_somebody_asks(telegram_bot):
    with telegram_bot("webhook", OTHER_SETTING="1") as telegram:
        telegram.user(1001, first_name="Amina").say("/start")
        assert telegram.answers[-1].buttons
        assert not telegram.problems()
"""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal, Protocol

import pytest

from tests.botapi.drive import Telegram

Mode = Literal["polling", "webhook"]

ROOT = Path(__file__).parent.parent
PRODUCT = [sys.executable, "-m", "bot", "run"]
ANSWERS_WITHIN = 20.0  # seconds


class StartTelegramBot(Protocol):
    def __call__(
        self, mode: Mode = "polling", database_url: str | None = None, **env: str
    ) -> AbstractContextManager[Telegram]:
        """Start the product on Telegram; without an address, on a copy of the shipped catalogue."""


@pytest.fixture
def telegram_bot(request: pytest.FixtureRequest, tmp_path: Path) -> StartTelegramBot:
    """Starts the product on Telegram, as often as the test asks; `start_bot()` restarts it on the same database."""

    def start(mode: Mode = "polling", database_url: str | None = None, **env: str) -> AbstractContextManager[Telegram]:
        url = database_url or request.getfixturevalue("shipped_url")
        return running(mode, tmp_path, {"DATABASE_URL": url, **env})

    return start


@contextmanager
def running(mode: Mode, folder: Path, env: dict[str, str], product: list[str] | None = PRODUCT) -> Iterator[Telegram]:
    """The stand-in and the product (None: to be started later), stopped at the end.

    What was said is added to whatever is raised.
    """
    settings = {"WEB_HOST": "127.0.0.1", "PYTHONPATH": _importable(), **env}
    telegram = Telegram(product, mode, settings, log=folder / "telegram.jsonl", timeout=ANSWERS_WITHIN, cwd=folder)
    try:
        yield telegram.__enter__()
    except BaseException as error:
        error.add_note(_what_happened(telegram, folder))
        raise
    finally:
        telegram.__exit__()  # a product that did not come up leaves the stand-in running


def _importable() -> str:
    """The product is found from any folder, installed or not."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def _what_happened(telegram: Telegram, folder: Path) -> str:
    try:
        said = telegram.transcript()
    except OSError:
        said = "The stand-in does not answer."
    log = folder / "telegram.bot.txt"
    wrote = log.read_text()[-4000:] if log.exists() else "nothing"
    return f"{said}\nThe product wrote: {wrote}"
