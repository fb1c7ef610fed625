"""How a territory is looked after: `state`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.commands.roles import codes_called, codes_named
from bot.console import Trouble, chosen_settings, opened

if TYPE_CHECKING:
    from sqlalchemy import Connection

Codes = tuple[str, ...]


@click.command(help="Dit comment un territoire est tenu : fiches confirmées, questions, réponses, signalements.")
@click.option(
    "--territory",
    metavar="LIEUX",
    help="Communes, intercommunalités, départements ; sinon, tous ceux des rôles.",
)
@click.option("--json", "as_json", is_flag=True, help="Un territoire par ligne, en JSON.")
def state(territory: str | None, as_json: bool) -> None:
    from catalogue.database import reading
    from catalogue.intercommunalities import unknown
    from catalogue.team import figures_of
    from handlers.team import figures_in_lines

    base, now = opened(chosen_settings()), datetime.now(UTC)
    with reading(base.engine) as connection:
        asked = None if territory is None else codes_called(connection, territory, base.index)
        if asked == ():
            raise Trouble("--territory demande au moins une commune, une intercommunalité ou un département.")
        territories = [asked] if asked else _looked_after(connection)
        found = {codes: figures_of(connection, codes, now) for codes in territories}
    for codes, figures in found.items():
        if as_json:
            known = {"territory": codes, "unknown": unknown(codes)}
            click.echo(json.dumps({**known, **asdict(figures)}, ensure_ascii=False))
        else:
            click.echo("\n  ".join([", ".join(codes_named(codes, base.index)), *figures_in_lines(figures)]))
    if not found:
        click.echo("Personne n'a encore de territoire. Pour inviter : bonne-porte invite", err=True)


def _looked_after(connection: "Connection") -> list[Codes]:
    """The territories of the roles there are, without those that are all within another."""
    from catalogue.roles import every_role
    from catalogue.team import within

    given = sorted({held.mandate.codes for held in every_role(connection) if held.mandate.codes})
    return [codes for codes in given if not any(other != codes and within(codes, other) for other in given)]
