"""Whatever disappears from the outbox on its way, everybody ends up told, and nobody twice."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import Engine, delete, insert, select

from bot.channels.telegram_messages import CHANNEL
from catalogue.database import reading, writing
from catalogue.initiatives import Author, change_initiative
from catalogue.needs import EventKind, Method, Rhythm
from catalogue.tables import outbox, places, reminders, subscriptions, watches
from scheduler.digest import tell_new, tell_week
from scheduler.reminders import subscribe
from scheduler.watching import tell_watchers, watch
from tests.scheduler.telling import (
    BOTH,
    COMPOSERS,
    NANTERRE,
    NOON,
    SATURDAY,
    a_date,
    a_place,
    an_entry,
    ask,
    change,
    letters,
    paris,
    put_back,
    send,
    tick,
)

SUNDAY = paris(11, 22, 18)
PEOPLE = [str(number) for number in range(1001, 1021)]
KINDS = ("rappel:", "changement:", "semaine:", "au-fil:", "fiche:")
BY_HAND = Author("coordinateur", Method.TELEPHONE)


def everything_is_to_be_told(engine: Engine) -> None:
    """Each person counts on a date that is cancelled and on one that is near, wants the others, watches an entry."""
    with writing(engine) as connection:
        connection.execute(insert(places), a_place("92050", "Nanterre", "92", *NANTERRE))
    entry = an_entry(engine)
    event, near = a_date(engine), a_date(engine, paris(11, 23, 18), "Fête du troc")
    ask(engine, event, *PEOPLE, ahead=BOTH)
    ask(engine, near, *PEOPLE, starts_at=paris(11, 23, 18))
    with writing(engine) as connection:
        for person in PEOPLE:
            watch(connection, (CHANNEL, person), entry)
            subscribe(connection, (CHANNEL, person), "92050", None, Rhythm.DIMANCHE, NOON)
            subscribe(connection, (CHANNEL, person), "92050", EventKind.ATELIER, Rhythm.AU_FIL, NOON)
        change_initiative(connection, entry, {"status": "closed"}, BY_HAND)
    change(engine, event, status="cancelled")
    a_date(engine, SATURDAY, "Atelier", kind="atelier", learnt_at=NOON + timedelta(hours=1))


def tell_everything(engine: Engine, now: datetime) -> None:
    tick(engine, now)
    with writing(engine) as connection:
        for tell in (tell_week, tell_new, tell_watchers):
            tell(connection, now, COMPOSERS)


def lose_some(engine: Engine, chance: Random) -> int:
    with writing(engine) as connection:
        on_their_way = connection.scalars(select(outbox.c.id).where(outbox.c.settled_at.is_(None))).all()
        lost = [id_ for id_ in on_their_way if chance.random() < 0.3]
        connection.execute(delete(outbox).where(outbox.c.id.in_(lost)))
    return len(lost)


def waited_for(engine: Engine) -> int:
    """How many rows wait for a message to leave."""
    keys = reminders.c.change_key, subscriptions.c.queued_key, watches.c.queued_key
    with reading(engine) as connection:
        return sum(len(connection.execute(select(key).where(key.is_not(None))).all()) for key in keys)


def test_everybody_is_told_each_thing_once_whatever_is_lost_on_its_way(engine: Engine) -> None:
    everything_is_to_be_told(engine)
    chance, lost = Random(1945), 0
    for minute in range(20):
        now = SUNDAY + timedelta(minutes=minute)
        tell_everything(engine, now)
        lost += lose_some(engine, chance) if minute < 15 else 0
        put_back(engine, now)
        send(engine, now, most=20)
    assert lost > 20
    told = Counter((row.person, row.dedupe_key.split(":")[0] + ":") for row in letters(engine) if row.state == "sent")
    assert told == {(person, kind): 1 for person in PEOPLE for kind in KINDS}
    put_back(engine, SUNDAY + timedelta(minutes=20))
    assert waited_for(engine) == 0
