"""Forgetting: a conversation left alone is dropped after 24 hours, and with it what was said in it."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from catalogue.tables import conversations, inbox, outbox

CONVERSATION_LASTS = timedelta(hours=24)
# Telegram may deliver an update again for 24 hours; its number must be known that long, and a little more.
NUMBERS_LAST = timedelta(hours=48)


def forget_the_silent(connection: Connection, now: datetime) -> int:
    """Drops conversations silent for 24 hours and the traces older than they need be; returns how many of the first."""
    dropped = connection.execute(
        delete(conversations).where(conversations.c.updated_at <= now - CONVERSATION_LASTS)
    ).rowcount
    connection.execute(delete(inbox).where(inbox.c.handled_at.is_not(None), inbox.c.received_at <= now - NUMBERS_LAST))
    connection.execute(delete(outbox).where(outbox.c.settled_at <= now - CONVERSATION_LASTS))
    return dropped


def forget(connection: Connection, channel: str, person: str) -> None:
    """Removes all that is held about one person (a handled event is already tied to nobody, see bot.inbox)."""
    connection.execute(
        delete(conversations).where(conversations.c.channel == channel, conversations.c.person == person)
    )
    # An answer still on its way is sent first: it goes with the daily forgetting.
    connection.execute(
        delete(outbox).where(outbox.c.channel == channel, outbox.c.person == person, outbox.c.settled_at.is_not(None))
    )
