"""What people asked to be told later, of a date or of the dates to come of a commune: asked, undone, listed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, case, delete, select, update

from catalogue import events
from catalogue.database import insert_into
from catalogue.entries import Asked, Initiative, Occurrence, Reminded, Subscription
from catalogue.hours import zone_of
from catalogue.initiatives import even_closed_by_id
from catalogue.needs import Ahead, EventKind, EventStatus, Rhythm
from catalogue.tables import reminders, subscriptions, watches
from handlers import planning
from scheduler import outbox

Who = tuple[str, str]  # channel, person
Row = Mapping[str, Any]

WAITING, QUEUED, TOLD, MISSED = "waiting", "queued", "told", "missed"


def remind(
    connection: Connection, who: Who, event_id: int, original_at: datetime, ahead: tuple[Ahead, ...], now: datetime
) -> None:
    """Plans reminders of a date. What is known already, unknown, cancelled or too late is left out without a word."""
    date = events.occurrence(connection, event_id, original_at)
    if date is None or date.status is EventStatus.CANCELLED:
        return
    rows = [_row(who, date, one, at) for one in ahead if (at := due_at(date, one)) and at > now]
    if rows:
        connection.execute(insert_into(connection, reminders).on_conflict_do_nothing(), rows)


def due_at(date: Occurrence, ahead: Ahead) -> datetime | None:
    """When a reminder of a date is to leave; None when that date has no such moment."""
    return planning.due_at(date.starts_at, date.all_day, ahead, zone_of(date.event.departement))


def begins_at(date: Occurrence) -> datetime:
    """When a date begins at its place: nothing reminds of it after."""
    return planning.begins_at(date.starts_at, date.all_day, zone_of(date.event.departement))


def _row(who: Who, date: Occurrence, ahead: Ahead, at: datetime) -> dict[str, Any]:
    return {
        "channel": who[0],
        "person": who[1],
        "event_id": date.event.id,
        "original_at": date.original_at,
        "ahead": ahead.value,
        "due_at": at,
        "state": WAITING,
        **what_is_known(date),
    }


def what_is_known(date: Occurrence) -> dict[str, Any]:
    """What a person knows of a date once they were told of it."""
    return {
        "told_status": date.status.value,
        "told_at": date.starts_at,
        "told_sure": date.event.vanished_at is None,
    }


def unremind(connection: Connection, who: Who, event_id: int, original_at: datetime) -> None:
    """Says nothing more of a date: nor its reminders, nor what becomes of it."""
    of_date = and_(_of(reminders, who), reminders.c.event_id == event_id, reminders.c.original_at == original_at)
    gone = rows_of(connection, delete(reminders).where(of_date).returning(reminders))
    take_back(connection, [row for row in gone if row["state"] == QUEUED], datetime.now(UTC))


def key_of(row: Row) -> str:
    """The key of the message that carries a reminder, and the others this person has at that moment."""
    return f"rappel:{row['channel']}:{row['person']}:{int(row['due_at'].timestamp())}"


def rows_of(connection: Connection, statement: Any, values: Mapping[str, Any] | None = None) -> list[Row]:
    """Rows of `reminders`, of `subscriptions` or of `watches`, by column name."""
    return [dict(row) for row in connection.execute(statement, values).mappings()]


def who_of(row: Row) -> Who:
    return row["channel"], row["person"]


def date_of(row: Row) -> events.Key:
    """The key of the date a reminder is of."""
    return row["event_id"], row["original_at"]


def dates_of(connection: Connection, rows: Sequence[Row]) -> dict[events.Key, Occurrence]:
    """The dates that reminders are of, by key."""
    return events.occurrences(connection, list({date_of(row) for row in rows}))


MOST_PARTS = 5  # of one message of reminders, cut because it is long
_WAIT_AGAIN = (
    update(reminders)
    .where(
        reminders.c.channel == bindparam("of_channel"),
        reminders.c.person == bindparam("of_person"),
        reminders.c.due_at == bindparam("at"),
        reminders.c.state == QUEUED,
    )
    .values(state=WAITING)
)


def take_back(connection: Connection, rows: Sequence[Row], now: datetime) -> None:
    """Ends the messages that carry reminders, if they have not left: the others they carry wait for another."""
    parts = {part_of(key_of(row), number): row for row in rows for number in range(MOST_PARTS)}
    taken = outbox.take_back(connection, list(parts), now)
    again = [
        {"of_channel": row["channel"], "of_person": row["person"], "at": row["due_at"]}
        for row in map(parts.get, taken)
        if row
    ]
    if again:
        connection.execute(_WAIT_AGAIN, again)


def part_of(key: str, number: int = 0) -> str:
    """The key of one of the messages a letter is cut into: of the first, which every letter has."""
    return f"{key}:{number}"


def subscribe(
    connection: Connection, who: Who, code_insee: str, kind: EventKind | None, rhythm: Rhythm, now: datetime
) -> None:
    """Tells a person of the dates to come in a commune, from now on; asked again, it only changes how often.

    Another rhythm begins now: it does not tell what the first one had not told yet.
    """
    row = {"channel": who[0], "person": who[1], "code_insee": code_insee, "kind": kind.value if kind else ""}
    statement = insert_into(connection, subscriptions).values(**row, rhythm=rhythm.value, told_until=now)
    asked_again = statement.excluded
    same = subscriptions.c.rhythm == asked_again.rhythm
    until = case((same, subscriptions.c.told_until), else_=asked_again.told_until)
    changed = {"rhythm": asked_again.rhythm, "told_until": until}
    connection.execute(statement.on_conflict_do_update(index_elements=list(row), set_=changed))


def unsubscribe(connection: Connection, who: Who, id: int) -> None:
    """Ends a subscription of this person's; nobody else's."""
    connection.execute(delete(subscriptions).where(_of(subscriptions, who), subscriptions.c.id == id))


def asked(connection: Connection, who: Who, now: datetime) -> Asked:
    """All that a person asked to be told later, of what is still to come; the soonest first."""
    return Asked(_dates(connection, who, now), _subscriptions(connection, who), _watched(connection, who))


def _dates(connection: Connection, who: Who, now: datetime) -> tuple[Reminded, ...]:
    ahead: dict[tuple[int, datetime], set[str]] = {}
    columns = reminders.c.event_id, reminders.c.original_at, reminders.c.ahead
    for event_id, original_at, one in connection.execute(select(*columns).where(_of(reminders, who))):
        ahead.setdefault((event_id, original_at), set()).add(one)
    found = events.occurrences(connection, list(ahead))
    to_come = sorted((date.starts_at, key) for key, date in found.items() if begins_at(date) > now)
    return tuple(Reminded(found[key], tuple(one for one in Ahead if one in ahead[key])) for _, key in to_come)


def _subscriptions(connection: Connection, who: Who) -> tuple[Subscription, ...]:
    columns = subscriptions.c.id, subscriptions.c.code_insee, subscriptions.c.kind, subscriptions.c.rhythm
    rows = connection.execute(select(*columns).where(_of(subscriptions, who)).order_by(subscriptions.c.id))
    return tuple(Subscription(id_, code, EventKind.of(kind), Rhythm(rhythm)) for id_, code, kind, rhythm in rows)


def _watched(connection: Connection, who: Who) -> tuple[Initiative, ...]:
    ids = connection.scalars(select(watches.c.initiative_id).where(_of(watches, who)).order_by(watches.c.initiative_id))
    return tuple(even_closed_by_id(connection, ids.all()))


def _of(table: Table, who: Who) -> ColumnElement[bool]:
    return and_(table.c.channel == who[0], table.c.person == who[1])
