"""A whole installation: `copy` it to another database, `seed` one to try it at scale."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.console import Bars, Trouble, chosen_settings, opened
from bot.settings import CannotStart

if TYPE_CHECKING:
    from sqlalchemy import Engine

MOST_SEEDED = 10_000_000
SQLITE, POSTGRESQL = "sqlite:///", "postgresql+psycopg://"


@click.command(help="Copie toute une installation dans une base vide, puis relit et compare chaque ligne.")
@click.option("--from", "source", metavar="URL", required=True, help="sqlite:///… ou postgresql+psycopg://…")
@click.option("--to", "target", metavar="URL", required=True, help="Une base vide.")
def copy(source: str, target: str) -> None:
    from catalogue.copying import CannotCopy, copy_database

    try:
        with ExitStack() as stack:
            if source.startswith(SQLITE) and not Path(source.removeprefix(SQLITE)).is_file():
                raise Trouble(f"{source} : cette base n'existe pas.")
            ours, theirs = _ready(source, stack), _ready(target, stack)
            with Bars() as bars:
                copied = copy_database(ours, theirs, bars.show)
    except CannotCopy as error:
        raise Trouble(str(error)) from None
    except SQLAlchemyError as error:
        # Not its message: it may hold what is in the rows.
        raise Trouble(f"une des deux bases ne répond pas ({type(error).__name__}).") from None
    for table in (one for one in copied if one.rows):
        click.echo(f"{table.table} : {table.rows} lignes, relues et identiques.")


def _ready(url: str, stack: ExitStack) -> "Engine":
    """A database brought to this version's schema, whose catalogue is left as it is. Raises Trouble."""
    from bot.app import migrated

    if not url.startswith((SQLITE, POSTGRESQL)):
        raise Trouble(f"une adresse commence par {SQLITE} ou {POSTGRESQL}.")
    try:
        engine = migrated(url)
    except (CannotStart, ArgumentError) as error:
        raise Trouble(str(error)) from None
    stack.callback(engine.dispose)
    return engine


@click.command(help="Ajoute des fiches inventées, réparties comme la population, pour essayer en grand.")
@click.option("--entries", type=click.IntRange(1, MOST_SEEDED), required=True, help="Combien.")
@click.option("--seed", "seed_", type=int, default=7, show_default=True, help="Le même nombre donne les mêmes fiches.")
def seed(entries: int, seed_: int) -> None:
    from catalogue.synthetic import seed as plant

    base = opened(chosen_settings())
    try:
        with Bars() as bars:
            written = plant(base.engine, entries, seed_, bars.show)
    except ValueError as error:
        raise Trouble(str(error)) from None
    click.echo(f"{written} fiches inventées, de source « synthetic ».")
