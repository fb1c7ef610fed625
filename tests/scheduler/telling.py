"""What the tests of reminders share: dates around Nanterre, people who ask to be told, and what is written to them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from bot.channels.telegram_messages import CHANNEL, compose
from catalogue import zorder
from catalogue.database import reading, writing
from catalogue.hours import PARIS
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.needs import Ahead
from catalogue.tables import events, initiatives, occurrences, outbox, reminders
from scheduler import reconciling, telling
from scheduler.changes import tell_changes
from scheduler.letters import Compose
from scheduler.outbox import State, claim, settle
from scheduler.reminders import remind
from scheduler.telling import tell_due

COMPOSERS: Mapping[str, Compose] = {CHANNEL: compose}
NANTERRE = (48.8922, 2.2069)
BOTH = (Ahead.VEILLE, Ahead.HEURES)


def paris(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=PARIS).astimezone(UTC)


NOON = paris(11, 22, 12)  # a Sunday
SATURDAY = paris(11, 28, 14)


def a_date(engine: Engine, starts_at: datetime = SATURDAY, nom: str = "Repair café", **known: Any) -> int:
    """An event with one date; returns its number."""
    values: dict[str, Any] = dict.fromkeys(column.name for column in events.c if column.name != "id")
    latitude, longitude = known.pop("point", NANTERRE)
    values |= {
        "source": "essai",
        "source_id": f"{nom} {starts_at} {known.get('source_id', '')}",
        "nom": nom,
        "kind": "repair-cafe",
        "needs": ["equipement"],
        "description": "On répare ensemble.",
        "commune": "Nanterre",
        "departement": "92",
        "latitude": latitude,
        "longitude": longitude,
        "exact": True,
        "status": "planned",
        "ical": "",
        "learnt_at": NOON,
    }
    all_day = known.pop("all_day", False)
    with writing(engine) as connection:
        connection.execute(insert(events), values | known)
        event_id: int = connection.scalars(select(events.c.id).order_by(events.c.id.desc())).first() or 0
        another_date(connection, event_id, starts_at, (latitude, longitude), all_day)
    return event_id


def another_date(
    connection: Connection, event_id: int, starts_at: datetime, point: tuple[float, float], all_day: bool = False
) -> None:
    row = {"event_id": event_id, "original_at": starts_at, "starts_at": starts_at, "all_day": all_day}
    ends_at = starts_at + (timedelta(days=1) if all_day else timedelta(hours=2))
    place = {"ends_at": ends_at, "status": "planned", "z": zorder.encode(*point)}
    connection.execute(insert(occurrences), row | place)


def a_place(insee: str, nom: str, departement: str, latitude: float, longitude: float) -> dict[str, Any]:
    return {
        "insee": insee,
        "nom": nom,
        "type": "COM",
        "codes_postaux": [],
        "departement": departement,
        "departement_nom": "",
        "population": 1,
        "latitude": latitude,
        "longitude": longitude,
        "precision": "mairie",
    }


def an_entry(engine: Engine) -> int:
    """An entry of the guide; returns its number."""
    row = {
        **UNKNOWN,
        "source": "essai",
        "source_id": "1",
        "nom": "Le Verger partagé",
        "kind": "jardin-partage",
        "needs": ["loisirs"],
        "adresse": "3 rue des Roses",
        "code_postal": "92000",
        "commune": "Nanterre",
        "departement": "92",
        "date_maj": date(2026, 11, 1),
    }
    with writing(engine) as connection:
        save_initiatives(connection, [row])
        entry: int = connection.scalars(select(initiatives.c.id)).one()
    return entry


def change(engine: Engine, event_id: int, **values: Any) -> None:
    with writing(engine) as connection:
        connection.execute(update(occurrences).where(occurrences.c.event_id == event_id).values(values))


def ask(
    engine: Engine,
    event_id: int,
    *people: str,
    starts_at: datetime = SATURDAY,
    ahead: tuple[Ahead, ...] = (Ahead.VEILLE,),
    now: datetime = NOON,
) -> None:
    with writing(engine) as connection:
        for person in people:
            remind(connection, (CHANNEL, person), event_id, starts_at, ahead, now)


def tick(engine: Engine, now: datetime) -> None:
    """What the clock does every few seconds."""
    with writing(engine) as connection:
        tell_changes(connection, now, COMPOSERS)
        while tell_due(connection, now, COMPOSERS):
            pass


def put_back(engine: Engine, now: datetime) -> int:
    """What the clock does every minute; returns how many messages were lost."""
    with writing(engine) as connection:
        lost = reconciling.reconcile(connection, now, COMPOSERS)
        return lost + telling.reconcile(connection, now, COMPOSERS)


def lose(engine: Engine, beginning: str = "", part: int | None = None) -> None:
    """Messages whose key begins so disappear, whatever became of them: all their parts, or one."""
    ending = "" if part is None else f":{part}"
    key = outbox.c.dedupe_key
    with writing(engine) as connection:
        connection.execute(delete(outbox).where(key.startswith(beginning), key.endswith(ending)))


def planned(engine: Engine) -> list[tuple[str, str, str]]:
    """Who is reminded, when (in Paris), and how far that is."""
    with reading(engine) as connection:
        rows = connection.execute(select(reminders).order_by(reminders.c.person, reminders.c.due_at)).all()
    return [(row.person, in_paris(row.due_at), row.state) for row in rows]


def in_paris(at: datetime) -> str:
    return f"{at.astimezone(PARIS):%m-%d %H:%M}"


def letters(engine: Engine) -> Sequence[Any]:
    """The rows of the outbox, in order."""
    with reading(engine) as connection:
        return connection.execute(select(outbox).order_by(outbox.c.id)).all()


def texts(engine: Engine) -> list[str]:
    """What is still to leave, the first line of each message."""
    return [row.message["text"].split("\n")[0] for row in letters(engine) if row.message]


def send(engine: Engine, now: datetime, state: State = State.SENT, most: int = 1000) -> list[str]:
    """Sends what can leave at an instant, as the sender would; returns to whom."""
    with writing(engine) as connection:
        claimed = claim(connection, CHANNEL, now, most, lambda person, message: True)
        for one in claimed:
            settle(connection, one.id, state, now)
    return [one.person for one in claimed]
