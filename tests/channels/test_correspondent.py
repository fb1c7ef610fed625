"""A correspondent's story, through the wire: invited, asked whether a date takes place, believed, and no more."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from bot.__main__ import main
from catalogue.database import open_database, reading, writing
from catalogue.events import occurrence
from catalogue.hours import zone_of
from catalogue.needs import Ahead, EventStatus, Role
from catalogue.roles import every_role
from catalogue.tables import events, occurrences
from handlers.planning import is_night
from scheduler.reminders import remind
from tests.botapi.drive import Answer, Telegram
from tests.telegram import StartTelegramBot

# By the time of day the test is run at, one where it is day: nobody is asked at night.
SOMEWHERE = {"92050": "92", "97105": "971", "98735": "987", "98818": "988"}
CORRESPONDENT, ANOTHER, RESIDENT = 2001, 2002, 2003


def where_it_is_day() -> tuple[str, str]:
    now = datetime.now(UTC)
    return next(
        (insee, code)
        for insee, code in SOMEWHERE.items()
        if not any(is_night(now + timedelta(minutes=minutes), zone_of(code)) for minutes in (-5, 30))
    )


def a_date(url: str, insee: str, departement: str, starts_at: datetime) -> int:
    """A café solidaire in a commune, of which somebody asked to be reminded."""
    event = {"source": "essai", "source_id": "1", "nom": "Café solidaire", "kind": "cafe-solidaire", "ical": ""}
    event |= {"description": "", "commune": "Ici", "code_insee": insee, "departement": departement, "status": "planned"}
    date = {"original_at": starts_at, "starts_at": starts_at, "all_day": False, "status": "planned", "z": -1}
    engine = open_database(url)
    with writing(engine) as connection:
        known = {"needs": ["lien-social"], "exact": False, "learnt_at": starts_at - timedelta(days=9)}
        id_ = connection.execute(insert(events).values(event | known).returning(events.c.id)).scalar_one()
        connection.execute(insert(occurrences), {"event_id": id_, **date})
        remind(connection, ("telegram", str(RESIDENT)), id_, starts_at, (Ahead.HEURES,), datetime.now(UTC))
    engine.dispose()
    return int(id_)


def pushed(telegram: Telegram, person: int, since: int) -> list[Answer]:
    """What the bot writes to somebody of its own accord."""
    for _ in range(30):
        found = telegram.get("events", since=since, timeout=1, kind="call", chat=person)["events"]
        if found:
            return [Answer(one) for one in found]
        time.sleep(0.5)
    return []


def restarted(telegram: Telegram) -> int:
    """What is periodic is done at once by a process that starts; returns the number of the last call before it."""
    telegram.stop(telegram.procs.pop())
    since: int = telegram.last()
    telegram.start_bot()
    return since


def test_a_correspondent_is_invited_asked_and_believed(
    telegram_bot: StartTelegramBot, shipped_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    insee, departement = where_it_is_day()
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=40)
    with telegram_bot() as telegram:
        event_id = a_date(shipped_url, insee, departement, starts_at)
        monkeypatch.setenv("DATABASE_URL", shipped_url)
        arguments = ["invite", "--role", "correspondent", "--territory", insee, "--telegram", "bonne_porte_bot"]
        link = CliRunner().invoke(main, arguments).stdout.strip()
        payload = link.partition("?start=")[2]

        invited, another = telegram.user(CORRESPONDENT), telegram.user(ANOTHER)
        telegram.user(RESIDENT).say("/start")
        invited.start(payload)
        assert "On vous propose un rôle : correspondant du guide" in telegram.answers[0].text
        invited.tap("J'accepte")
        assert any("Votre rôle : correspondant du guide" in answer.text for answer in telegram.answers)
        another.start(payload)
        assert "n'est plus valable" in telegram.answers[0].text

        since = restarted(telegram)
        (asked,) = pushed(telegram, CORRESPONDENT, since)
        assert "Café solidaire" in asked.text
        assert "Maintenu ?" in asked.text
        invited.tap("Oui, maintenu")
        assert any("est maintenu" in answer.text for answer in telegram.answers)
        assert state_of(shipped_url, event_id, starts_at) == (EventStatus.PLANNED, Role.CORRESPONDANT)

        invited.tap("Finalement, c'est annulé")
        since = telegram.last()
        invited.tap("Oui, c'est annulé")
        told = pushed(telegram, RESIDENT, since)
        assert told[0].text.startswith("Annulé : Café solidaire")

        revoked(shipped_url, monkeypatch)
        invited.tap("C'était une erreur : il a lieu")
        assert any("Ce n'est plus à vous" in answer.text for answer in telegram.answers)
        assert state_of(shipped_url, event_id, starts_at)[0] is EventStatus.CANCELLED
        assert not telegram.problems()


def state_of(url: str, event_id: int, original_at: datetime) -> tuple[Any, Any]:
    engine = open_database(url)
    with reading(engine) as connection:
        date = occurrence(connection, event_id, original_at)
    engine.dispose()
    assert date
    return date.status, date.confirmed_role


def revoked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_database(url)
    with reading(engine) as connection:
        (held,) = every_role(connection)
    engine.dispose()
    assert CliRunner().invoke(main, ["revoke", str(held.mandate.id)]).exit_code == 0
