"""Roles: `invite` somebody by a link that is used once, list the `roles` there are, `revoke` one."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.commands.places import intercommunality_called, territory_called
from bot.console import PARIS, Trouble, chosen_settings, opened, telegram_name
from catalogue.entries import Mandate
from catalogue.needs import Kind, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from catalogue.places import PlaceIndex
    from catalogue.roles import Held

# What a command says, and what is stored.
INVITED = {
    "correspondent": Role.CORRESPONDANT,
    "organiser": Role.ORGANISATEUR,
    "social-worker": Role.TRAVAILLEUR_SOCIAL,
    "coordinator": Role.COORDINATEUR,
}
WITH_A_TERRITORY = (Role.CORRESPONDANT, Role.COORDINATEUR)


@click.command(help="Écrit un lien qui donne un rôle, une seule fois, pendant 48 heures.")
@click.option("--role", type=click.Choice(list(INVITED)), required=True)
@click.option("--territory", metavar="LIEUX", help="Communes, intercommunalités, départements (92050,200057966,92).")
@click.option("--kind", "kinds", metavar="TYPES", help="D'un correspondant : ses types de lieux (jardin-partage,amap).")
@click.option("--runs", metavar="NUMÉROS", help="De qui organise : les numéros des fiches dont il s'occupe (12,15).")
@click.option("--telegram", metavar="NOM", help="Le nom du bot Telegram ; sinon, demandé avec TELEGRAM_TOKEN.")
def invite(role: str, territory: str | None, kinds: str | None, runs: str | None, telegram: str | None) -> None:
    from catalogue.database import writing
    from catalogue.roles import TooManyLinks, new_secret
    from catalogue.roles import invite as make_link
    from handlers.roles import A_ROLE

    what = INVITED[role]
    _refuse_what_does_not_fit(what, territory, kinds, runs)
    of_kinds = _kinds(kinds or "")
    chosen = chosen_settings()
    name = telegram_name(chosen, telegram)
    if name is None:
        raise Trouble("l'invitation s'ouvre sur Telegram : donnez --telegram, ou TELEGRAM_TOKEN.")
    base = opened(chosen)
    with writing(base.engine) as connection:
        where = codes_called(connection, territory or "", base.index)
        if what in WITH_A_TERRITORY and not where:
            raise Trouble("--territory demande au moins une commune, une intercommunalité ou un département.")
        mandate = Mandate(0, what, where, _initiatives(connection, runs or ""), of_kinds)
        secret = new_secret()
        try:
            make_link(connection, mandate, secret, Role.COORDINATEUR, datetime.now(UTC))
        except TooManyLinks:
            raise Trouble("50 invitations ont été faites en 24 heures : attendez demain.") from None
    click.echo(f"https://t.me/{name}?start={A_ROLE}{secret}")
    if where:
        click.echo(f"Territoire : {', '.join(codes_named(where, base.index))}.", err=True)
    click.echo("À envoyer à une seule personne : le lien sert une fois, pendant 48 heures.", err=True)


def _refuse_what_does_not_fit(what: Role, territory: str | None, kinds: str | None, runs: str | None) -> None:
    if what is Role.ORGANISATEUR and (territory or not runs):
        raise Trouble("qui organise a des fiches (--runs), et pas de territoire.")
    if what is not Role.ORGANISATEUR and runs:
        raise Trouble("--runs ne sert que pour qui organise (organiser).")
    if what in WITH_A_TERRITORY and not territory:
        raise Trouble("ce rôle a un territoire : donnez --territory, comme 92050,92025.")
    if what is not Role.CORRESPONDANT and kinds:
        raise Trouble("--kind ne sert que pour un correspondant (correspondent).")


def codes_called(connection: "Connection", territory: str, index: "PlaceIndex") -> tuple[str, ...]:
    """The codes of communes, with their arrondissements, of intercommunalities and of departments. Raises Trouble."""
    return tuple(sorted(frozenset().union(*(_codes(connection, one, index) for one in _said(territory)))))


def _codes(connection: "Connection", said: str, index: "PlaceIndex") -> "frozenset[str]":
    from catalogue.exchange.selection import codes_of

    found = intercommunality_called(said, index)
    return frozenset({found.siren}) if found else codes_of(connection, territory_called(said, index))


def _kinds(kinds: str) -> tuple[Kind, ...]:
    """The kinds of entries that were named, each once. Raises Trouble."""
    for one in _said(kinds):
        if Kind.of(one) is None:
            raise Trouble(f"« {one} » n'est pas un type de lieu. Il y a : {', '.join(Kind)}.")
    return tuple(kind for kind in Kind if kind in _said(kinds))


def _initiatives(connection: "Connection", runs: str) -> tuple[int, ...]:
    """The ids of entries that exist. Raises Trouble."""
    from catalogue.initiatives import initiatives_by_id

    if not all(part.isascii() and part.isdigit() and len(part) < 16 for part in _said(runs)):
        raise Trouble("--runs demande des numéros de fiches, comme 12,15.")
    ids = sorted({int(part) for part in _said(runs)})
    known = {entry.id for entry in initiatives_by_id(connection, ids)}
    for id_ in ids:
        if id_ not in known:
            raise Trouble(f"aucune fiche ouverte n'a le numéro {id_}.")
    return tuple(ids)


def _said(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(",") if part.strip()]


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
    where = ", ".join([*codes_named(mandate.codes, index), *(f"fiche {id_}" for id_ in mandate.initiatives)])
    kinds = f"types : {', '.join(mandate.kinds)}" if mandate.kinds else ""
    since = f"depuis le {held.since.astimezone(PARIS):%d/%m/%Y}"
    return "  ".join(filter(None, (str(mandate.id), mandate.role.value, since, where, kinds)))


def codes_named(codes: "Sequence[str]", index: "PlaceIndex") -> list[str]:
    """Codes as a list shows them: "Nanterre (92050)"."""
    return [_named(code, index) for code in codes]


def _named(code: str, index: "PlaceIndex") -> str:
    from catalogue import intercommunalities

    if found := index.get(code) or intercommunalities.get(code):
        return f"{found.nom} ({code})"
    if intercommunalities.is_siren(code):
        return f"{code} (intercommunalité inconnue : aucune de ses communes n'est suivie)"
    return code


@click.command(help="Retire un rôle, tout de suite (les numéros sont ceux de « bonne-porte roles »).")
@click.argument("role", metavar="NUMÉRO", type=int)
def revoke(role: int) -> None:
    from catalogue.database import writing
    from catalogue.roles import revoke as take_away

    with writing(opened(chosen_settings()).engine) as connection:
        if not take_away(connection, role, Role.COORDINATEUR, datetime.now(UTC)):
            raise Trouble(f"aucun rôle n'a le numéro {role}.")
    click.echo("C'est retiré.")
