"""What is proposed for the needs and the kinds of the guide: `proposals`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.console import PARIS, Trouble, chosen_settings
from bot.settings import CannotStart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalogue.entries import Proposal

LARGEST = 2**63 - 1  # number of a row


@click.command(help="Liste les besoins et les types de lieu proposés, du plus ancien au plus récent.")
@click.option(
    "--settle", metavar="NUMÉRO", type=int, help="Note qu'une proposition a été vue : elle n'est plus listée."
)
def proposals(settle: int | None) -> None:
    try:
        for line in _listed() if settle is None else _settled(settle):
            click.echo(line)
    except (CannotStart, ArgumentError) as error:
        raise Trouble(str(error)) from None
    except SQLAlchemyError as error:
        # Not its message: it may hold what is in the rows.
        raise Trouble(f"la base de données ne répond pas ({type(error).__name__}).") from None


def _listed() -> "Iterator[str]":
    from bot.app import migrated
    from catalogue.database import reading
    from catalogue.proposals import unsettled

    engine = migrated(chosen_settings().DATABASE_URL)
    try:
        with reading(engine) as connection:
            found = unsettled(connection)
    finally:
        engine.dispose()
    yield from map(_in_a_line, found)
    if not found:
        click.echo("Aucune proposition n'attend.", err=True)


def _in_a_line(one: "Proposal") -> str:
    where = ", ".join(one.codes) or "sans territoire"
    return f"{one.id}  {one.at.astimezone(PARIS):%d/%m/%Y}  {one.role.value}  {where}  {one.words}"


def _settled(number: int) -> "Iterator[str]":
    from bot.app import migrated
    from catalogue.database import writing
    from catalogue.proposals import settle

    engine = migrated(chosen_settings().DATABASE_URL)
    try:
        with writing(engine) as connection:
            if not 0 < number <= LARGEST or not settle(connection, number, datetime.now(UTC)):
                raise Trouble(f"aucune proposition n'attend sous le numéro {number}.")
    finally:
        engine.dispose()
    yield "C'est noté."
