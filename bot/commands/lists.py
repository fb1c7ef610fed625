"""Lists in and out: `import`, `export`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.documents import local, tell
from bot.commands.places import territory_called
from bot.console import Bars, Trouble, chosen_settings, opened, say_refused, today
from bot.settings import Settings
from catalogue.needs import Need

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import Opened
    from catalogue.exchange.selection import Territory
    from catalogue.exchange.taking_in import SourceReport

MOST_LEFT = 20  # columns that nothing reads, said by name
MOST_TOLD = 200  # changes of a source that a dry run lists one by one


@click.command("import", help="Charge une liste data·inclusion v1 (JSON, CSV, XLSX), ou décrite par --mapping.")
@click.argument("document", metavar="FICHIER|ADRESSE")
@click.option("--mapping", type=click.Path(path_type=Path), metavar="FICHIER", help="Dit les colonnes (TOML).")
@click.option("--source", metavar="NOM", help="De qui est la liste, quand elle ne le dit pas ; sinon, d'après son nom.")
@click.option("--dry-run", is_flag=True, help="Dit ce qui serait créé, changé, refusé, et n'écrit rien.")
@click.option("--force", is_flag=True, help="Remplace aussi ce qui a été corrigé ici.")
@click.option("--whole", is_flag=True, help="La liste est entière : marque absent ce qui n'y est plus, même beaucoup.")
def import_(document: str, mapping: Path | None, source: str | None, dry_run: bool, force: bool, whole: bool) -> None:
    from catalogue.exchange.documents import CannotRead
    from catalogue.exchange.imports import read_document
    from catalogue.exchange.mapped import WrongMapping
    from catalogue.exchange.taking_in import take_in

    found = opened(chosen_settings())
    try:
        with local(document) as (path, name):
            read = read_document(path, name, found.index, mapping, source)
    except (CannotRead, WrongMapping) as error:
        raise Trouble(str(error)) from None
    for refused in read.refused:
        say_refused(refused)
    if read.left:
        click.echo(f"{name} : {_left(read.left)}", err=True)
    with Bars() as bars:
        reports = take_in(found.engine, read, today(), bars.show, dry_run=dry_run, force=force, whole=whole)
    for report in reports:
        _tell(report, dry_run)
    if not read.rows:
        raise Trouble(f"{name} : aucune fiche n'a pu être lue ({len(read.refused)} refusées).")
    if read.refused:
        click.echo(f"{len(read.refused)} refusées, dites ci-dessus.", err=True)


def _left(columns: Counter[str]) -> str:
    from catalogue.exchange.rows import text

    said = [f"{text(column[:60]) or 'sans nom'} ({count})" for column, count in columns.most_common(MOST_LEFT)]
    more = f" et {len(columns) - MOST_LEFT} autres" if len(columns) > MOST_LEFT else ""
    return f"colonnes que data·inclusion v1 n'a pas, laissées de côté : {', '.join(said)}{more}."


def _tell(report: "SourceReport", dry_run: bool) -> None:
    counts = (
        (report.created, "créée", "créées"),
        (report.changed, "changée", "changées"),
        (report.unchanged, "inchangée", "inchangées"),
        (report.kept, "gardée telle que corrigée ici", "gardées telles que corrigées ici"),
        (report.vanished, "absente de la liste, marquée", "absentes de la liste, marquées"),
        (report.duplicates, "paire de doublons possibles", "paires de doublons possibles"),
    )
    tell(report.source, counts, dry_run)
    if report.doubted:
        click.echo(
            f"  {report.doubted} n'y sont pas : la liste semble n'être qu'une partie, rien n'est marqué absent. "
            "Si elle est entière : --whole"
        )
    if report.duplicates:
        click.echo("  Pour en décider : bonne-porte duplicates")
    for nom, columns in report.changes[:MOST_TOLD]:
        click.echo(f"  {nom} : {', '.join(columns) if columns else 'créée'}")
    if len(report.changes) > MOST_TOLD:
        click.echo(f"  … et {len(report.changes) - MOST_TOLD} de plus.")


FORMATS = ("data-inclusion", "csv", "geojson", "guide")


@click.command(help="Écrit les fiches : data·inclusion v1, CSV, GeoJSON, ou un guide à imprimer (PDF).")
@click.option("--format", "format_", type=click.Choice(FORMATS), required=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FICHIER", required=True)
@click.option("--territory", metavar="LIEU", help="Seulement cette commune ou ce département.")
@click.option("--need", type=click.Choice([need.value for need in Need]), help="Seulement ce besoin.")
def export(format_: str, output: Path, territory: str | None, need: str | None) -> None:
    chosen = chosen_settings()
    base = opened(chosen)
    where = territory_called(territory, base.index) if territory else None
    what = Need(need) if need else None
    try:
        count = _written(format_, output, base, chosen, where, what)
    except OSError as error:
        raise Trouble(f"{output} ne peut pas être écrit ({error.strerror}).") from None
    click.echo(f"{output} : {count} fiche{'s' if count > 1 else ''}.")


def _written(
    format_: str, output: Path, base: "Opened", chosen: Settings, where: "Territory | None", what: Need | None
) -> int:
    from catalogue.database import reading
    from catalogue.exchange.selection import select_entries
    from catalogue.exchange.tables_out import write_csv, write_geojson

    with reading(base.engine) as connection:
        if format_ == "guide":
            return _guide(connection, output, chosen, where, what)
        if format_ == "data-inclusion":
            return _data_inclusion(connection, output, base, where, what)
        rows = select_entries(connection, where, what, also_closed=format_ == "csv")
        with output.open("w", encoding="utf-8", newline="") as file:
            return (write_csv if format_ == "csv" else write_geojson)(rows, file)


def _data_inclusion(
    connection: "Connection", output: Path, base: "Opened", where: "Territory | None", what: Need | None
) -> int:
    from catalogue.exchange.data_inclusion_out import as_data_inclusion, write_json
    from catalogue.exchange.selection import select_entries

    rows = list(select_entries(connection, where, what, also_closed=True))
    output.write_text(write_json(*as_data_inclusion(rows, base.index)), encoding="utf-8")
    return len(rows)


def _guide(
    connection: "Connection", output: Path, chosen: Settings, where: "Territory | None", what: Need | None
) -> int:
    from bot.guide import guide_pdf, read_guide
    from bot.poster import CannotPrint, web_base

    try:
        web = web_base(chosen.TELEGRAM_WEBHOOK_URL or chosen.web_address)
        guide = read_guide(connection, web, today(), where, what)
        output.write_bytes(guide_pdf(guide))
    except CannotPrint as error:
        raise Trouble(str(error)) from None
    return len(guide.entries)
