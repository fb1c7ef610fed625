"""What every command shares: one clear line when something is wrong, settings, a database ready, progress bars."""

import asyncio
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from pydantic import ValidationError

from bot.settings import CannotStart, Settings, problems_in
from catalogue.exchange.rows import Refused

if TYPE_CHECKING:
    from bot.app import Opened

PARIS = ZoneInfo("Europe/Paris")
COORDINATOR = "coordinateur"  # the role of whoever has this machine's command line


class Trouble(click.ClickException):
    """One clear line."""

    exit_code = 1

    def show(self, file: object = None) -> None:
        click.echo(f"bonne-porte : {self.message}", err=True)


def chosen_settings() -> Settings:
    """The environment. Raises Trouble, saying which setting is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise Trouble("réglage incorrect.\n  " + "\n  ".join(problems_in(error))) from None


def opened(chosen: Settings) -> "Opened":
    """The database, migrated, with the shipped catalogue; what is loaded is shown. Raises Trouble."""
    from bot.app import open_catalogue

    try:
        with Bars() as bars:
            found = open_catalogue(chosen, bars.show)
    except CannotStart as error:
        raise Trouble(str(error)) from None
    for refused in found.report.refused:
        say_refused(refused)
    return found


def telegram_name(chosen: Settings, given: str | None) -> str | None:
    """The name of this guide's bot: the one given, or the one Telegram says; None without a token. Raises Trouble."""
    if given is not None:
        from bot.poster import CannotPrint, telegram_name

        try:
            return telegram_name(given)
        except CannotPrint as error:
            raise Trouble(str(error)) from None
    if not chosen.TELEGRAM_TOKEN:
        return None
    from bot.channels.telegram import REFUSED, make_bot, username

    try:
        return asyncio.run(username(make_bot(chosen)))
    except PermissionError:
        raise Trouble(REFUSED) from None
    except ConnectionError:
        raise Trouble("Telegram ne répond pas : donnez le nom du bot avec --telegram.") from None


class Bars:
    """A progress bar a file, on stderr."""

    def __init__(self) -> None:
        self._bar: object = None
        self._source = ""
        self._done = 0

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, source: str, done: int, total: int) -> None:
        """Says that `done` rows of `total` are loaded."""
        if source != self._source:
            self._close()
            self._source, self._done = source, 0
            self._bar = click.progressbar(length=total, label=f"{source:<28}", file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(done - self._done)  # type: ignore[attr-defined]
        self._done = done

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)  # type: ignore[attr-defined]
            self._bar = None


def say_refused(refused: Refused) -> None:
    """A line that was not loaded, and why, on stderr."""
    click.echo(f"Ligne refusée : {refused.file}, ligne {refused.line} : {refused.reason}", err=True)


def today() -> date:
    """The day it is in Paris."""
    return datetime.now(PARIS).date()
