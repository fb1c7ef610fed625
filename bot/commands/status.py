"""How the installation is: `status`."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.console import PARIS, Trouble, chosen_settings
from bot.settings import CannotStart

if TYPE_CHECKING:
    from scheduler.heartbeat import Health, Tick

WORKS = {
    "tell": "rappels et changements",
    "reconcile": "messages perdus à refaire",
    "digest": "rendez-vous à venir",
    "watch": "fiches suivies",
    "feeds": "calendriers à relire",
    "ask": "« maintenu ? »",
    "verify": "« toujours vrai ? »",
    "reports": "signalements",
    "monthly": "état mensuel des territoires",
    "dates": "dates des mois qui viennent",
    "forget": "oubli de ce qui est ancien",
}


@click.command(help="Dit ce qui part, ce qui est en retard, et ce qui tourne. Sort avec 1 si quelque chose ne va pas.")
@click.option("--json", "as_json", is_flag=True, help="Pour un programme de surveillance.")
def status(as_json: bool) -> None:
    now = datetime.now(UTC)
    found = _health(now)
    well = found.is_well(now)
    lines = [json.dumps(_as_json(found, now), ensure_ascii=False)] if as_json else _in_words(found, now)
    for line in lines:
        click.echo(line)
    if not well:
        raise SystemExit(1)


def _health(now: datetime) -> "Health":
    from bot.app import migrated
    from catalogue.database import reading
    from scheduler.heartbeat import health

    try:
        engine = migrated(chosen_settings().DATABASE_URL)
        try:
            with reading(engine) as connection:
                return health(connection, now)
        finally:
            engine.dispose()
    except (CannotStart, ArgumentError) as error:
        raise Trouble(str(error)) from None
    except SQLAlchemyError as error:
        # Not its message: it may hold what is in the rows.
        raise Trouble(f"la base de données ne répond pas ({type(error).__name__}).") from None


def _as_json(found: "Health", now: datetime) -> dict[str, Any]:
    return {
        "well": found.is_well(now),
        "due": found.due,
        "late": found.late,
        **{state.value: count for state, count in found.settled.items()},
        "reminders_waiting": found.waiting,
        "next_due_at": found.next_due_at.isoformat() if found.next_due_at else None,
        "feeds_failing": [
            {"source": feed.source, "failures": feed.failures, "error": feed.error} for feed in found.feeds
        ],
        "ticks": [
            {
                "name": tick.name,
                "at": tick.at.isoformat(),
                "seconds_ago": int((now - tick.at).total_seconds()),
                "error": tick.error,
            }
            for tick in found.ticks
        ],
    }


def _in_words(found: "Health", now: datetime) -> list[str]:
    sent, failed, expired, uncertain = found.settled.values()
    return [
        "Tout va bien." if found.is_well(now) else "Attention : quelque chose ne va pas.",
        f"Messages à envoyer maintenant : {found.due}",
        f"En retard de plus de 5 minutes : {found.late}",
        "Depuis 24 heures :",
        f"  envoyés : {sent}",
        f"  refusés ou impossibles à envoyer : {failed}",
        f"  trop tard pour être envoyés : {expired}",
        f"  peut-être envoyés, sans certitude : {uncertain}",
        f"Rappels en attente : {found.waiting}{_next(found)}",
        f"Calendriers qui ne se lisent pas : {len(found.feeds)}",
        *(f"  {feed.source} : {feed.error} (échecs de suite : {feed.failures})" for feed in found.feeds),
        "Derniers passages :" if found.ticks else "Aucun passage : « bonne-porte run » n'a pas encore tourné.",
        *(f"  {_in_a_line(tick, now)}" for tick in found.ticks),
    ]


def _next(found: "Health") -> str:
    return f", le prochain le {found.next_due_at.astimezone(PARIS):%d/%m/%Y à %H:%M}" if found.next_due_at else ""


def _in_a_line(tick: "Tick", now: datetime) -> str:
    said = f"{WORKS.get(tick.name, tick.name)} : il y a {_ago((now - tick.at).total_seconds())}"
    return f"{said}, en échec ({tick.error})" if tick.error else said


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{max(0, int(seconds))} s"
    return f"{int(seconds / 60)} min" if seconds < 7200 else f"{int(seconds / 3600)} h"
