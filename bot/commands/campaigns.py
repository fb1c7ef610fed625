"""Campaigns: `campaign start` puts one question of a chosen set of entries, `list` and `results` say how it goes."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import category

import click

from bot.commands.roles import codes_called
from bot.console import Trouble, chosen_settings, opened, today
from catalogue.needs import CampaignAnswer, Kind, Role

if TYPE_CHECKING:
    from catalogue.campaigns import Result

SHORTEST, LONGEST = 10, 200  # characters of a question: it is read on a telephone
MOST_DAYS = 365
SILENCE, NOT_YET = "Sans réponse", "Pas encore posée"
COLUMNS = ("fiche", "nom", "commune", "code_insee", "reponse")


@click.group(help="Pose une seule question sur un choix de fiches, à qui s'en occupe, et compte les réponses.")
def campaign() -> None:
    pass


@campaign.command(help="Commence une campagne : la question sera posée fiche par fiche, de jour.")
@click.option("--question", metavar="QUESTION", required=True, help="De 10 à 200 caractères, finie par « ? ».")
@click.option("--territory", metavar="LIEUX", required=True, help="Communes, intercommunalités, départements.")
@click.option("--kind", metavar="TYPES", default="", help="Seulement ces types de lieux (bibliotheque,centre-social).")
@click.option("--days", metavar="JOURS", type=int, default=30, show_default=True, help="Combien de temps elle dure.")
def start(question: str, territory: str, kind: str, days: int) -> None:
    from catalogue import campaigns
    from catalogue.database import writing

    asked, kinds, ends_on = _question(question), _kinds(kind), today() + _duration(days)
    base = opened(chosen_settings())
    with writing(base.engine) as connection:
        codes = codes_called(connection, territory, base.index)
        entries, looked_after = campaigns.counted(connection, codes, kinds)
        if not entries:
            raise Trouble("aucune fiche ouverte n'est de ce territoire et de ces types.")
        if not looked_after:
            raise Trouble("personne ne s'occupe de ces fiches. Pour inviter quelqu'un : bonne-porte invite")
        number = campaigns.start(connection, asked, codes, kinds, ends_on, Role.COORDINATEUR, datetime.now(UTC))
    click.echo(f"Campagne {number}, jusqu'au {ends_on:%d/%m/%Y} : {asked}")
    click.echo(f"{_number(entries)}. Quelqu'un s'occupe de {looked_after}.")


def _question(said: str) -> str:
    """The question, as it will be read. Raises Trouble."""
    question = said.strip()
    if any(category(sign) in ("Cc", "Zl", "Zp", "Cs") for sign in question):
        raise Trouble("la question tient sur une ligne.")
    if not SHORTEST <= len(question) <= LONGEST:
        raise Trouble(f"la question a {len(question)} caractères : il en faut de {SHORTEST} à {LONGEST}.")
    if not question.endswith("?"):
        raise Trouble("la question finit par « ? ».")
    return question


def _kinds(said: str) -> list[Kind]:
    """The kinds of a list of slugs. Raises Trouble."""
    slugs = [part.strip() for part in said.split(",") if part.strip()]
    for slug in slugs:
        if Kind.of(slug) is None:
            raise Trouble(f"« {slug} » n'est pas un type de lieu. Il y a : {', '.join(Kind)}.")
    return sorted({Kind(slug) for slug in slugs})


def _duration(days: int) -> timedelta:
    if not 1 <= days <= MOST_DAYS:
        raise Trouble(f"une campagne dure de 1 à {MOST_DAYS} jours.")
    return timedelta(days=days)


@campaign.command("list", help="Liste les campagnes, et combien de fiches ont une réponse.")
def list_() -> None:
    from catalogue import campaigns
    from catalogue.database import reading

    with reading(opened(chosen_settings()).engine) as connection:
        found, progress = campaigns.every_campaign(connection), campaigns.progress(connection)
    for one in found:
        asked, told = progress.get(one.id, (0, 0))
        until = "jusqu'au" if one.ends_on >= today() else "finie le"
        counts = f"posée pour {_number(asked)}, répondue pour {told}"
        click.echo(f"{one.id}  {until} {one.ends_on:%d/%m/%Y}  {counts}  {one.question}")
    if not found:
        click.echo("Aucune campagne. Pour commencer : bonne-porte campaign start", err=True)


@campaign.command(help="Dit les réponses d'une campagne (son numéro est celui de « campaign list »).")
@click.argument("number", metavar="NUMÉRO", type=int)
@click.option("--csv", "output", metavar="FICHIER", type=click.Path(path_type=Path, dir_okay=False))
def results(number: int, output: Path | None) -> None:
    from catalogue import campaigns
    from catalogue.database import reading

    with reading(opened(chosen_settings()).engine) as connection:
        one = campaigns.numbered(connection, number)
        if one is None:
            raise Trouble(f"aucune campagne n'a le numéro {number}.")
        found = campaigns.results(connection, one)
    if output is None:
        click.echo(one.question)
        _tell(found)
    else:
        _write(found, output)
        click.echo(f"{output} : {_number(len(found))}.")


def _tell(found: Sequence["Result"]) -> None:
    for said in (*(answer.label for answer in CampaignAnswer), SILENCE, NOT_YET):
        of_these = [one for one in found if _said(one) == said]
        click.echo(f"{said} : {len(of_these)}")
        for one in of_these:
            click.echo(f"  {one.id}  {one.nom}{f', {one.commune}' if one.commune else ''}")


def _said(one: "Result") -> str:
    if one.answer:
        return one.answer.label
    return SILENCE if one.asked else NOT_YET


def _write(found: Sequence["Result"], output: Path) -> None:
    """A line an entry, as spreadsheets read it (catalogue.exchange.tables_out). Raises Trouble."""
    from catalogue.exchange.tables_out import escaped

    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.write("\ufeff")
            table = csv.writer(file, lineterminator="\r\n")
            table.writerow(COLUMNS)
            for one in found:
                texts = (one.nom, one.commune or "", one.code_insee or "", _said(one))
                table.writerow([one.id, *map(escaped, texts)])
    except OSError as error:
        raise Trouble(f"{output} ne peut pas être écrit ({error.strerror}).") from None


def _number(entries: int) -> str:
    return f"{entries} fiche{'s' if entries > 1 else ''}"
