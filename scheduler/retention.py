"""Forgetting: a conversation left alone is dropped after 24 hours, and with it what was said in it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, select

from catalogue import additions, photos, reports, roles, tries
from catalogue.tables import conversations, drafts, inbox, reminders, subscriptions, watches
from catalogue.tables import outbox as messages
from handlers.dialogue import State
from handlers.poster_photo import held_photo
from scheduler import fetching, outbox, reporting

CONVERSATION_LASTS = timedelta(hours=24)
# Telegram may deliver an update again for 24 hours; its number must be known that long, and a little more.
NUMBERS_LAST = timedelta(hours=48)
# Who reported something that nobody settled in so long will hardly be told of it.
REPORTERS_LAST = timedelta(days=365)


def forget_the_silent(connection: Connection, now: datetime) -> int:
    """Drops conversations silent for 24 hours and the traces older than they need be; returns how many of the first."""
    dropped = connection.execute(
        delete(conversations).where(conversations.c.updated_at <= now - CONVERSATION_LASTS)
    ).rowcount
    connection.execute(delete(inbox).where(inbox.c.handled_at.is_not(None), inbox.c.received_at <= now - NUMBERS_LAST))
    reporting.forget_the_told(connection)
    reports.forget_before(connection, now - REPORTERS_LAST)
    additions.drop_old(connection, now)
    photos.forget_old(connection, now)
    fetching.forget_old(connection, now)
    tries.forget(connection, now)
    connection.execute(delete(messages).where(messages.c.settled_at <= now - CONVERSATION_LASTS))
    return dropped


def forget(connection: Connection, channel: str, person: str) -> None:
    """Removes all that is held about one person (a handled event is already tied to nobody, see bot.inbox)."""
    stop_telling(connection, channel, person)
    # What they reported stays to be settled: who they are does not.
    reports.forget(connection, (channel, person))
    roles.leave(connection, (channel, person), datetime.now(UTC))
    _forget_photos(connection, channel, person)
    connection.execute(delete(drafts).where(_of(drafts, channel, person)))
    connection.execute(delete(conversations).where(_of(conversations, channel, person)))
    # An answer still on its way is sent first: it goes with the daily forgetting.
    connection.execute(delete(messages).where(_of(messages, channel, person), messages.c.settled_at.is_not(None)))


def drop(connection: Connection, channel: str, person: str) -> None:
    """Removes what was said in a conversation; what the person asked to be told later stays."""
    _forget_photos(connection, channel, person)
    for table in (conversations, drafts):
        connection.execute(delete(table).where(_of(table, channel, person)))
    # That a reminder was sent stays known as long as the reminder may ask (scheduler.telling.reconcile).
    settled_answer = (messages.c.settled_at.is_not(None), messages.c.urgency == outbox.ANSWER)
    connection.execute(delete(messages).where(_of(messages, channel, person), *settled_answer))


def stop_telling(connection: Connection, channel: str, person: str) -> None:
    """Ends all that a person asked to be told later, and what was about to leave because of it."""
    for table in (reminders, subscriptions, watches):
        connection.execute(delete(table).where(_of(table, channel, person)))
    reports.stop_telling(connection, (channel, person))
    outbox.stop_later(connection, channel, person, datetime.now(UTC))


def _forget_photos(connection: Connection, channel: str, person: str) -> None:
    """The photo they sent and have not kept, wherever it is."""
    fetching.forget(connection, (channel, person))
    state = connection.scalar(select(conversations.c.state).where(_of(conversations, channel, person)))
    photos.drop(connection, held_photo(State.from_json(state) if state else None))


def _of(table: Table, channel: str, person: str) -> ColumnElement[bool]:
    return and_(table.c.channel == channel, table.c.person == person)
