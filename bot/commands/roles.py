"""Roles: `invite` somebody by a link that is used once, list the `roles` there are, `revoke` one."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.commands.places import territory_called
from bot.console import PARIS, Trouble, chosen_settings, opened, telegram_name
from catalogue.entries import Mandate
from catalogue.needs import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from catalogue.places import PlaceIndex
    from catalogue.roles import Held

# What a command says, and what is stored.
INVITED = {"correspondent": Role.CORRESPONDANT, "organiser": Role.ORGANISATEUR}


@click.command(help="Écrit un lien qui donne un rôle, une seule fois, pendant 48 heures.")
@click.option("--role", type=click.Choice(list(INVITED)), required=True)
@click.option("--territory", metavar="LIEUX", help="De qui est correspondant : communes, départements (92050,92025).")
@click.option("--runs", metavar="NUMÉROS", help="De qui organise : les numéros des fiches dont il s'occupe (12,15).")
@click.option("--telegram", metavar="NOM", help="Le nom du bot Telegram ; sinon, demandé avec TELEGRAM_TOKEN.")
def invite(role: str, territory: str | None, runs: str | None, telegram: str | None) -> None:
    from catalogue.database import writing
    from catalogue.roles import invite as make_link
    from handlers.roles import A_ROLE

    what = INVITED[role]
    if (what is Role.CORRESPONDANT) != bool(territory) or (what is Role.ORGANISATEUR) != bool(runs):
        raise Trouble("un correspondant a un territoire (--territory), un organisateur des fiches (--runs).")
    chosen = chosen_settings()
    name = telegram_name(chosen, telegram)
    if name is None:
        raise Trouble("l'invitation s'ouvre sur Telegram : donnez --telegram, ou TELEGRAM_TOKEN.")
    base = opened(chosen)
    with writing(base.engine) as connection:
        where = _codes(connection, territory or "", base.index)
        if what is Role.CORRESPONDANT and not where:
            raise Trouble("--territory demande au moins une commune ou un département.")
        mandate = Mandate(0, what, where, _initiatives(connection, runs or ""))
        secret = make_link(connection, mandate, Role.COORDINATEUR, datetime.now(UTC))
    click.echo(f"https://t.me/{name}?start={A_ROLE}{secret}")
    click.echo("À envoyer à une seule personne : le lien sert une fois, pendant 48 heures.", err=True)


def _codes(connection: "Connection", territory: str, index: "PlaceIndex") -> tuple[str, ...]:
    """The codes of communes, with their arrondissements, and of departments. Raises Trouble."""
    from catalogue.exchange.selection import codes_of

    said = [part.strip() for part in territory.split(",") if part.strip()]
    found = [codes_of(connection, territory_called(one, index)) for one in said]
    return tuple(sorted(frozenset().union(*found)))


def _initiatives(connection: "Connection", runs: str) -> tuple[int, ...]:
    """The ids of entries that exist. Raises Trouble."""
    from catalogue.initiatives import initiatives_by_id

    said = [part.strip() for part in runs.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and len(part) < 16 for part in said):
        raise Trouble("--runs demande des numéros de fiches, comme 12,15.")
    ids = sorted({int(part) for part in said})
    known = {entry.id for entry in initiatives_by_id(connection, ids)}
    for id_ in ids:
        if id_ not in known:
            raise Trouble(f"aucune fiche ouverte n'a le numéro {id_}.")
    return tuple(ids)


@click.command(help="Liste les rôles donnés. Aucun nom n'est gardé : un rôle se reconnaît à son numéro et à sa date.")
def roles() -> None:
    from catalogue.database import reading
    from catalogue.roles import every_role

    base = opened(chosen_settings())
    with reading(base.engine) as connection:
        found = every_role(connection)
    for held in found:
        click.echo(_in_a_line(held, base.index))
    if not found:
        click.echo("Personne n'a encore de rôle. Pour inviter : bonne-porte invite", err=True)


def _in_a_line(held: "Held", index: "PlaceIndex") -> str:
    mandate = held.mandate
    where = ", ".join([*_named(mandate.codes, index), *(f"fiche {id_}" for id_ in mandate.initiatives)])
    return f"{mandate.id}  {mandate.role.value}  depuis le {held.since.astimezone(PARIS):%d/%m/%Y}  {where}"


def _named(codes: "Sequence[str]", index: "PlaceIndex") -> list[str]:
    return [f"{place.nom} ({code})" if (place := index.get(code)) else code for code in codes]


@click.command(help="Retire un rôle, tout de suite (les numéros sont ceux de « bonne-porte roles »).")
@click.argument("role", metavar="NUMÉRO", type=int)
def revoke(role: int) -> None:
    from catalogue.database import writing
    from catalogue.roles import revoke as take_away

    with writing(opened(chosen_settings()).engine) as connection:
        if not take_away(connection, role, Role.COORDINATEUR, datetime.now(UTC)):
            raise Trouble(f"aucun rôle n'a le numéro {role}.")
    click.echo("C'est retiré.")
