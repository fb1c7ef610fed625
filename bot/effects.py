"""What a turn asks to be done, done in its own transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from catalogue import roles
from handlers.dialogue import (
    Accept,
    Drop,
    Effect,
    Forget,
    Leave,
    Remind,
    Settle,
    StopAll,
    Subscribe,
    Unremind,
    Unsubscribe,
    Unwatch,
    Watch,
)
from scheduler import asking, reminders, retention, watching


def apply(connection: Connection, channel: str, person: str, effects: Sequence[Effect], now: datetime) -> None:
    """Does what a turn asks for a person; `now` is UTC."""
    who = (channel, person)
    for effect in effects:
        match effect:
            case Forget():
                retention.forget(connection, *who)
            case Drop():
                retention.drop(connection, *who)
            case Remind():
                reminders.remind(connection, who, effect.event_id, effect.original_at, effect.ahead, now)
            case Unremind():
                reminders.unremind(connection, who, effect.event_id, effect.original_at)
            case Subscribe():
                reminders.subscribe(connection, who, effect.code_insee, effect.kind, effect.rhythm, now)
            case Unsubscribe():
                reminders.unsubscribe(connection, who, effect.id)
            case Watch():
                watching.watch(connection, who, effect.initiative_id)
            case Unwatch():
                watching.unwatch(connection, who, effect.initiative_id)
            case StopAll():
                retention.stop_telling(connection, *who)
            case Accept():
                roles.accept(connection, who, effect.secret, now)
            case Leave():
                roles.leave(connection, who, now)
            case Settle():
                asking.answer(connection, who, (effect.event_id, effect.original_at), effect.said, now)


def starts_afresh(effects: Sequence[Effect]) -> bool:
    """Whether nothing of what was said is kept."""
    return any(isinstance(effect, Forget | Drop) for effect in effects)
