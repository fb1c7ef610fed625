"""Dated events: calendars in and out, what there is near a place, and what becomes of a date: `events`."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from bot.commands.documents import is_address, local, tell
from bot.commands.places import commune_called, territory_called
from bot.console import COORDINATOR, PARIS, Trouble, chosen_settings, opened, say_refused
from catalogue.needs import EventStatus, Need

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from catalogue.entries import Occurrence
    from catalogue.exchange.events_in import EventsReport

MOST_DAYS = 92
DAY = timedelta(days=1)

_need = click.option("--need", type=click.Choice([need.value for need in Need]), help="Seulement ce besoin.")
_event = click.argument("event", metavar="RENDEZ-VOUS", type=int)
_date = click.argument("date", metavar="DATE", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]))


@click.group(help="Les rendez-vous : les charger, les écrire, les lister, dire s'ils ont lieu.")
def events() -> None:
    pass


@events.command("import", help="Charge un calendrier : iCalendar ou OpenAgenda (JSON).")
@click.argument("document", metavar="FICHIER|ADRESSE")
@click.option("--source", metavar="NOM", help="De qui c'est le calendrier ; sinon, d'après son nom.")
@click.option("--dry-run", is_flag=True, help="Dit ce qui serait créé, changé, refusé, et n'écrit rien.")
@click.option("--follow", "followed", is_flag=True, help="Le relire ensuite toutes les six heures (une adresse).")
def import_(document: str, source: str | None, dry_run: bool, followed: bool) -> None:
    from catalogue.exchange.events_in import MOST_BYTES, read_events, take_in_events

    if followed and (dry_run or not is_address(document)):
        raise Trouble("--follow demande une adresse, sans --dry-run.")
    name = source or _name_of(document)
    with local(document, MOST_BYTES) as (path, called):
        content = path.read_bytes()
    base, now = opened(chosen_settings()), datetime.now(UTC)
    read = read_events(content, name, called, base.index)
    nothing = read.lost and not read.rows
    if followed and not nothing:
        _follow(base.engine, document, name, now)
    reports = [] if nothing else take_in_events(base.engine, read, now, source=name, dry_run=dry_run)
    for refused in read.refused:
        say_refused(refused)
    if nothing:
        raise Trouble(f"{document} : aucun rendez-vous n'a pu être lu.")
    for report in reports:
        _tell(report, dry_run)


def _name_of(document: str) -> str:
    """A name for a calendar: that of its file, or its site and a mark of its own, for a site may give several."""
    if not is_address(document):
        return Path(document).stem
    return f"{urlsplit(document).hostname or 'calendrier'}-{sha256(document.encode()).hexdigest()[:8]}"


def _follow(engine: "Engine", url: str, source: str, now: datetime) -> None:
    from catalogue.database import writing
    from scheduler.feeds import SourceTaken, follow

    try:
        with writing(engine) as connection:
            follow(connection, url, source, now)
    except SourceTaken as error:
        raise Trouble(str(error)) from None


def _tell(report: "EventsReport", dry_run: bool) -> None:
    counts = (
        (report.created, "créé", "créés"),
        (report.changed, "changé", "changés"),
        (report.unchanged, "inchangé", "inchangés"),
        (report.vanished, "absent du calendrier, marqué", "absents du calendrier, marqués"),
        (report.refused, "refusé, dit ci-dessus", "refusés, dits ci-dessus"),
    )
    tell(report.source, counts, dry_run)


@events.command(help="Écrit le calendrier d'un territoire (.ics).")
@click.option("--territory", metavar="LIEU", required=True, help="Une commune, un département, une région.")
@_need
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FICHIER", help="Sinon, à l'écran.")
def export(territory: str, need: str | None, output: Path | None) -> None:
    from catalogue.database import reading
    from catalogue.events import in_area
    from catalogue.exchange.calendars_out import calendar_of

    base, now = opened(chosen_settings()), datetime.now(UTC)
    where, what = territory_called(territory, base.index), Need(need) if need else None
    with reading(base.engine) as connection:
        rows = in_area(connection, where, what, now)
    content = calendar_of(rows, " · ".join(filter(None, (where.nom, what and what.label))), now)
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise Trouble(f"{output} ne peut pas être écrit ({error.strerror}).") from None
    click.echo(f"{output} : {len(rows)} rendez-vous.")


@events.command("list", help="Liste les dates à venir près d'un lieu, les plus proches d'abord.")
@click.option("--near", metavar="LIEU", required=True, help="Un code INSEE, une commune ou un code postal.")
@_need
@click.option("--days", default=31, show_default=True, type=click.IntRange(1, MOST_DAYS), help="Sur combien de jours.")
@click.option("--json", "as_json", is_flag=True, help="Une date par ligne, en JSON.")
def list_(near: str, need: str | None, days: int, as_json: bool) -> None:
    from catalogue import events as dated
    from catalogue.database import reading

    base, now = opened(chosen_settings()), datetime.now(PARIS)
    place = commune_called(near, base.index)
    if place.latitude is None or place.longitude is None:
        raise Trouble(f"« {near} » : la position de cette commune n'est pas connue.")
    point, end = (place.latitude, place.longitude), now + days * DAY
    with reading(base.engine) as connection:
        found = dated.near(connection, point, now, end, Need(need) if need else None)
    for date in found:
        click.echo(json.dumps(_as_json(date), ensure_ascii=False) if as_json else _in_words(date, now))
    if not found:
        click.echo("Rien trouvé. Essayez sur plus de jours, ou un autre lieu.", err=True)


def _in_words(date: "Occurrence", now: datetime) -> str:
    from handlers.dates import in_words, sureness, where_words

    status = "" if date.status is EventStatus.PLANNED else f"{date.status.label.capitalize()}."
    what = " ".join(filter(None, (status, sureness(date))))
    return "\n    ".join(
        (f"{in_words(date, now)} : {date.event.nom}  [{date.event.id}]", where_words(date, "du centre"), what)
    )


def _as_json(date: "Occurrence") -> dict[str, object]:
    event = date.event
    return {
        "id": event.id,
        "nom": event.nom,
        "kind": event.kind.value,
        "needs": [need.value for need in event.needs],
        "starts_at": date.starts_at.isoformat(),
        "ends_at": date.ends_at and date.ends_at.isoformat(),
        "all_day": date.all_day,
        "status": date.status.value,
        "confirmed": date.confirmed_at is not None,
        "lieu": event.lieu,
        "adresse": event.adresse,
        "commune": event.commune,
        "km": date.km if date.km is None else round(date.km, 1),
    }


_TWICE = "(AAAA-MM-JJ, avec Thh:mm s'il y en a deux ce jour-là)"


@events.command(help=f"Note qu'une date aura bien lieu {_TWICE}.")
@_event
@_date
def confirm(event: int, date: datetime) -> None:
    from catalogue import events as dated

    _note(event, date, "confirmée", partial(dated.confirm, role=COORDINATOR, now=datetime.now(UTC)))


@events.command(help=f"Annule une date {_TWICE}.")
@_event
@_date
def cancel(event: int, date: datetime) -> None:
    from catalogue import events as dated

    _note(event, date, "annulée", partial(dated.set_status, status=EventStatus.CANCELLED, now=datetime.now(UTC)))


def _note(event: int, said: datetime, what: str, note: "Callable[[Connection, int, datetime], bool]") -> None:
    from catalogue.database import writing

    with writing(opened(chosen_settings()).engine) as connection:
        date = _date_of(connection, event, said)
        if not note(connection, event, date.original_at):
            raise Trouble(f"cette date est passée ou annulée : elle ne peut pas être {what}.")
    click.echo("C'est noté.")


def _date_of(connection: "Connection", event: int, said: datetime) -> "Occurrence":
    """The date of an event that begins on a day, or at an hour, of the clock of the place. Raises Trouble."""
    from catalogue.events import dates_between

    around = said.replace(tzinfo=PARIS)
    near = dates_between(connection, event, around - DAY, around + 2 * DAY)
    found = [date for date in near if _begins(date, said)]
    if not found:
        raise Trouble(f"aucune date du rendez-vous {event} ne commence le {said:%d/%m/%Y}{_hour(said)}.")
    if len(found) > 1:
        raise Trouble(f"il y a {len(found)} dates ce jour-là : donnez aussi l'heure, comme {said:%Y-%m-%d}T14:00.")
    return found[0]


def _hour(said: datetime) -> str:
    return f" à {said:%H:%M}" if said.hour or said.minute else ""


def _begins(date: "Occurrence", said: datetime) -> bool:
    from catalogue.hours import zone_of

    here = date.starts_at.astimezone(PARIS if date.all_day else zone_of(date.event.departement))
    same_day = here.date() == said.date()
    return same_day and (not _hour(said) or (here.hour, here.minute) == (said.hour, said.minute))
