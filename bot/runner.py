"""The turn: one transaction in which one event of one person is handled, and everything it leads to is written."""

import logging
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from bot import inbox
from bot.desk import CatalogueDesk
from bot.effects import apply, starts_afresh
from bot.inbox import Arrival, Waiting
from catalogue import photos
from catalogue.database import reading, writing
from catalogue.places import PlaceIndex
from catalogue.tables import conversations
from catalogue.understanding import Understander
from handlers.dialogue import Choice, Event, Gesture, Reply, State, Turn
from handlers.effects import Drop
from handlers.emergency import emergency_button
from handlers.engine import advance, takes_photo, urgent
from handlers.locale import gettext as _
from handlers.poster_photo import held_photo
from scheduler import outbox
from scheduler.outgoing import Outgoing, put
from scheduler.retention import CONVERSATION_LASTS, forget

logger = logging.getLogger(__name__)

PARIS = ZoneInfo("Europe/Paris")
MOST_ATTEMPTS = 3
WHOLE_TURN_RETRIES = 3
HISTORY = 40  # bubbles the web page shows again

Compose = Callable[[Sequence[Reply], str, str, dict[str, Any], datetime], list[Outgoing]]
Said = dict[str, Any]
T = TypeVar("T")

_SELECT = select(conversations.c.state, conversations.c.history, conversations.c.updated_at).where(
    conversations.c.channel == bindparam("channel_"), conversations.c.person == bindparam("person_")
)


def _upsert(dialect: Any) -> Any:
    statement = dialect.insert(conversations)
    changed = {name: statement.excluded[name] for name in ("state", "history", "updated_at")}
    return statement.on_conflict_do_update(index_elements=["channel", "person"], set_=changed)


_SAVE = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}


class Runner:
    """Handles events. `composers` says, for each channel that is written to later, how a reply becomes its messages;
    a channel without one (the web) reads its replies back from the conversation's history.
    """

    def __init__(
        self,
        engine: Engine,
        index: PlaceIndex,
        understander: Understander,
        composers: dict[str, Compose] | None = None,
    ) -> None:
        self.engine, self.index, self._understander = engine, index, understander
        self.composers = composers or {}
        self.telegram = ""  # this guide's name there, once Telegram has said it

    def receive(self, arrivals: Sequence[Arrival]) -> bool:
        """Takes events in durably: once this returns, they may be acknowledged.

        One that comes alone is handled in the same transaction, which is half the writing to disk; if it cannot be, it
        is stored like the others, for `handle_next` to try again. Returns whether nothing is left to handle.
        """
        if len(arrivals) == 1:
            try:
                self.turn(arrivals[0])
                return True
            except Exception as error:
                _log_without_words(error)
        with writing(self.engine) as connection:
            inbox.store(connection, arrivals, datetime.now(UTC))
        return False

    def turn(self, arrival: Arrival) -> None:
        """Stores and handles an event in one transaction. Raises whatever made it fail: nothing of it is then kept."""

        def whole(connection: Connection) -> None:
            inbox.lock(connection, arrival.channel, arrival.person)
            inbox.store(connection, [arrival], datetime.now(UTC))
            while waiting := inbox.oldest(connection, arrival.channel, arrival.person):
                self._handle(connection, arrival.channel, arrival.person, waiting)
                if waiting.key == arrival.key:  # the last that was waiting
                    break

        self._retrying(whole)

    def handle_next(self, channel: str, person: str) -> bool:
        """Handles the oldest event of a person; False when there is none left. A failing event is given up after
        three attempts, with an apology: one bad event must not stop a person's conversation.
        """
        tried: list[Waiting] = []

        def whole(connection: Connection) -> bool:
            inbox.lock(connection, channel, person)
            waiting = inbox.oldest(connection, channel, person)
            if waiting is None:
                return False
            tried[:] = [waiting]
            if waiting.attempts >= MOST_ATTEMPTS:
                self._apologise(connection, channel, person, waiting)
            else:
                self._handle(connection, channel, person, waiting)
            return True

        try:
            return self._retrying(whole)
        except DBAPIError:
            raise
        except Exception as error:
            _log_without_words(error)
            if not tried:
                raise
            with writing(self.engine) as connection:
                inbox.failed(connection, tried[0].id)
            return True

    def people_waiting(self, channel: str, most: int = 1000) -> list[str]:
        """Who has an event not yet handled."""
        with reading(self.engine) as connection:
            return inbox.people_waiting(connection, channel, most)

    def conversation(self, channel: str, person: str) -> list[Said] | None:
        """What was said, for a channel that shows it again; None when there is no conversation."""
        with reading(self.engine) as connection:
            found = self._load(connection, channel, person, datetime.now(UTC))
            return found[1] if found else None

    def awaits_photo(self, channel: str, person: str) -> bool:
        """Whether a photo is asked for: none is to be read at any other moment."""
        with reading(self.engine) as connection:
            found = self._load(connection, channel, person, datetime.now(UTC))
            return found is not None and takes_photo(found[0])

    def photo(self, channel: str, person: str, number: int) -> bytes | None:
        """A photo, for who is about to keep it or answers for its entry; None for anybody else."""
        with reading(self.engine) as connection:
            found = self._load(connection, channel, person, datetime.now(UTC))
            if found and held_photo(found[0]) == number:
                return photos.jpeg(connection, number)
            return photos.jpeg_for(connection, (channel, person), number)

    def preview(self, event: Event) -> Turn:
        """What a first event would be answered, without keeping anything."""
        with reading(self.engine) as connection:
            return advance(None, event, self._desk(connection, datetime.now(UTC)))

    def urgent(self, event: Event) -> Reply | None:
        """Whom to call, for an event the database cannot take in: it asks nothing of it. None when nobody is to be."""
        return urgent(event, self._understander.emergency)

    def forget(self, channel: str, person: str) -> None:
        """Removes everything held about a person who left."""
        with writing(self.engine) as connection:
            inbox.lock(connection, channel, person)
            outbox.stop_for(connection, channel, person, datetime.now(UTC))
            forget(connection, channel, person)

    def _retrying(self, whole: Callable[[Connection], T]) -> T:
        """Runs a whole turn again when the database hung up in the middle: nothing of it was kept."""
        for attempt in range(WHOLE_TURN_RETRIES):
            try:
                with writing(self.engine) as connection:
                    return whole(connection)
            except DBAPIError as error:
                if attempt == WHOLE_TURN_RETRIES - 1 or not _may_pass(error):
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _handle(self, connection: Connection, channel: str, person: str, waiting: Waiting) -> None:
        now = datetime.now(UTC)
        state, history = self._load(connection, channel, person, now) or (None, [])
        turn = advance(state, waiting.event, self._desk(connection, now, channel, person))
        self._write(connection, channel, person, waiting, turn, history, now)

    def _apologise(self, connection: Connection, channel: str, person: str, waiting: Waiting) -> None:
        now = datetime.now(UTC)
        words = _("Pardon, je n'ai pas réussi à répondre. Recommençons, ou appelez si c'est urgent.")
        reply = Reply(words, choices=((Choice(_("Recommencer"), "recommencer:"), emergency_button()),))
        self._write(connection, channel, person, waiting, Turn(None, (reply,), (Drop(),)), [], now)

    def _write(
        self,
        connection: Connection,
        channel: str,
        person: str,
        waiting: Waiting,
        turn: Turn,
        history: list[Said],
        now: datetime,
    ) -> None:
        inbox.handled(connection, waiting.id, now)
        if turn.effects:
            apply(connection, channel, person, turn.effects, now)
            history = [] if starts_afresh(turn.effects) else history
        compose = self.composers.get(channel)
        if compose:
            put(connection, compose(turn.replies, person, waiting.key, waiting.origin, now))
        else:
            history = _told(history, waiting.event, turn)
        if turn.state or not compose:
            self._save(connection, channel, person, turn.state, history, now)

    def _load(
        self, connection: Connection, channel: str, person: str, now: datetime
    ) -> tuple[State | None, list[Said]] | None:
        row = connection.execute(_SELECT, {"channel_": channel, "person_": person}).first()
        if row is None or row.updated_at <= now - CONVERSATION_LASTS:
            return None
        return (State.from_json(row.state) if row.state else None, row.history)

    def _save(
        self,
        connection: Connection,
        channel: str,
        person: str,
        state: State | None,
        history: list[Said],
        now: datetime,
    ) -> None:
        row = {
            "channel": channel,
            "person": person,
            "state": state.to_json() if state else None,
            "history": history,
            "updated_at": now,
        }
        connection.execute(_SAVE[connection.dialect.name], row)

    def _desk(self, connection: Connection, now: datetime, channel: str = "", person: str = "") -> CatalogueDesk:
        told_later = channel in self.composers
        here = now.astimezone(PARIS)
        return CatalogueDesk(
            connection, self.index, self._understander, here, channel, person, told_later, self.telegram
        )


def _log_without_words(error: Exception) -> None:
    """Says where a turn failed. Neither the error's message nor what led to it: they may hold what a person said."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("a turn failed: %s at %s:%s", type(error).__name__, last.name, last.lineno)


def _may_pass(error: DBAPIError) -> bool:
    """Whether the same turn may succeed if tried again: the connection was lost, or two turns met."""
    code = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or code.startswith(("08", "40", "57P"))


def _told(history: list[Said], event: Event, turn: Turn) -> list[Said]:
    """The bubbles of the web page after a turn; a new start, or forgetting, leaves only what is said now."""
    if event.kind is Gesture.STARTED or starts_afresh(turn.effects):
        history = []
    else:
        words = _words_of(event, history)
        history = [*history, {"words": words}] if words else history
    return [*history, *({"reply": reply.to_json()} for reply in turn.replies)][-HISTORY:]


def _words_of(event: Event, history: list[Said]) -> str:
    """What a person sees of what they did: their words, or the label of the button they touched."""
    if event.kind is Gesture.SAID:
        return event.text[:500]
    if event.kind is Gesture.SHARED:
        return _("Ma position")
    if event.kind is Gesture.RECEIVED:
        return _("Une photo")
    for said in reversed(history):
        reply = Reply.from_json(said["reply"]) if "reply" in said else None
        for choice in _choices_of(reply) if reply else ():
            if choice.data == event.text:
                return choice.label
    return ""


def _choices_of(reply: Reply) -> list[Choice]:
    return [choice for row in reply.choices for choice in row] + [c for card in reply.cards for c in card.choices]
