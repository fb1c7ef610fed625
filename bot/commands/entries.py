"""One entry: what it was, and what a coordinator says of it: `history`, `restore`, `entry`, `notice`."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from bot.console import COORDINATOR, PARIS, Trouble, chosen_settings, opened, today
from catalogue.needs import Method, NoticeKind, Status

if TYPE_CHECKING:
    from bot.app import Opened
    from catalogue.history import Revision

BY_A_PERSON = tuple(method.value for method in Method if method is not Method.IMPORT)

_how = click.option("--method", type=click.Choice(BY_A_PERSON), required=True, help="Comment vous le savez.")
_entry = click.argument("entry", metavar="FICHE", type=int)


@click.command(help="Montre les modifications d'une fiche : quand, par quel rôle, comment, avant et après.")
@_entry
def history(entry: int) -> None:
    from catalogue.database import reading
    from catalogue.history import history as revisions_of

    with reading(opened(chosen_settings()).engine) as connection:
        found = revisions_of(connection, entry)
    if not found:
        raise Trouble(f"aucune fiche ne porte le numéro {entry}.")
    for revision in found:
        _tell_revision(revision)


def _tell_revision(revision: "Revision") -> None:
    when = f"{revision.at.astimezone(PARIS):%d/%m/%Y %H:%M}"
    click.echo(f"{revision.id}  {when}  {revision.role or 'liste'}, {Method(revision.method).label}")
    if revision.before is None or revision.after is None:
        click.echo("    création")
        return
    for name, before in revision.before.items():
        click.echo(f"    {name} : {_shown(before)} → {_shown(revision.after[name])}")


def _shown(value: object) -> str:
    return "(vide)" if value in (None, "", []) else str(value)


@click.command(help="Remet une fiche comme elle était après une modification (son numéro est dans « history »).")
@click.argument("revision", metavar="MODIFICATION", type=int)
@_how
def restore(revision: int, method: str) -> None:
    from catalogue.database import writing
    from catalogue.history import NoSuchRevision
    from catalogue.history import restore as bring_back
    from catalogue.initiatives import Author

    try:
        with writing(opened(chosen_settings()).engine) as connection:
            changed = bring_back(connection, revision, Author(COORDINATOR, Method(method)))
    except NoSuchRevision as error:
        raise Trouble(str(error)) from None
    click.echo("La fiche est remise comme elle était." if changed else "La fiche est déjà ainsi.")


@click.command(help="Dit qu'une fiche est ouverte, suspendue ou fermée, ou quelle est sa saison.")
@_entry
@click.option("--status", type=click.Choice([status.value for status in Status]), help="Ouvert, suspendu, fermé.")
@click.option("--season", metavar="MM-JJ/MM-JJ", help="Chaque année ; « toujours » pour toute l'année.")
@_how
def entry(entry: int, status: str | None, season: str | None, method: str) -> None:
    from catalogue.notices import season_days

    values: dict[str, object] = {} if status is None else {"status": status}
    if season is not None:
        values["season"] = None if season == "toujours" else season
    if not values:
        raise Trouble("donnez --status ou --season.")
    try:
        season_days(values.get("season"))  # type: ignore[arg-type]
    except ValueError as error:
        raise Trouble(str(error)) from None
    _change(opened(chosen_settings()), entry, values, method)


@click.command(help="Annonce une fermeture, d'autres horaires ou un message, pour un temps ; --remove le retire.")
@_entry
@click.option("--kind", type=click.Choice([kind.value for kind in NoticeKind]), required=True)
@click.option("--from", "starts", metavar="AAAA-MM-JJ", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--to", "ends", metavar="AAAA-MM-JJ", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--message", default="", help="Une phrase.")
@click.option("--hours", metavar="HORAIRES", help="En syntaxe OpenStreetMap, pour d'autres horaires.")
@click.option("--remove", is_flag=True, help="Retire l'annonce au lieu de l'ajouter.")
@_how
def notice(
    entry: int, kind: str, starts: datetime, ends: datetime, message: str, hours: str | None, remove: bool, method: str
) -> None:
    from catalogue import notices
    from catalogue.database import reading
    from catalogue.initiatives import stored_notices

    try:
        said = notices.notice(NoticeKind(kind), starts.date(), ends.date(), message, hours)
    except ValueError as error:
        raise Trouble(str(error)) from None
    found = opened(chosen_settings())
    with reading(found.engine) as connection:
        stored = stored_notices(connection, entry)
    stored = notices.without_notice(stored, said) if remove else notices.with_notice(stored, said, today())
    _change(found, entry, {"notices": stored}, method)


def _change(found: "Opened", entry: int, values: dict[str, object], method: str) -> None:
    from catalogue.database import writing
    from catalogue.initiatives import Author, change_initiative

    try:
        with writing(found.engine) as connection:
            changed = change_initiative(connection, entry, values, Author(COORDINATOR, Method(method)))
    except KeyError:
        raise Trouble(f"aucune fiche ne porte le numéro {entry}.") from None
    click.echo("C'est noté." if changed else "La fiche le disait déjà.")
