"""A photo that was asked for, once it is there: kept, and what that is to the conversation."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from catalogue.database import writing
from catalogue.photos import receive
from catalogue.pictures import Unusable, kept
from handlers.dialogue import Event, Gesture


def received(engine: Engine, content: bytes) -> Event:
    """Keeps a photo, that nobody sees until its conversation shows it; returns its number, or why it cannot be kept."""
    try:
        picture = kept(content)
    except Unusable as error:
        return Event(Gesture.RECEIVED, error.flaw.value)
    with writing(engine) as connection:
        return Event(Gesture.RECEIVED, str(receive(connection, picture, datetime.now(UTC))))
