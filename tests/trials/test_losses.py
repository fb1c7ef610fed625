"""Messages that are lost on their way: one in a hundred of the outbox is deleted again and again while it is sent."""

from collections import Counter
from datetime import timedelta
from random import Random

from sqlalchemy import Engine, delete, insert, select

from catalogue.database import writing
from catalogue.needs import Ahead
from catalogue.tables import outbox, reminders
from tests.scheduler.telling import CHANNEL, SATURDAY, a_date, paris, put_back, send, tick
from tests.trials.test_kills import WHOLE

PEOPLE = 10_000 if WHOLE else 1_000
DUE = paris(11, 27, 18)


def everybody_asked(engine: Engine) -> set[str]:
    """People who asked to be reminded the day before."""
    row = {
        "channel": CHANNEL,
        "event_id": a_date(engine),
        "original_at": SATURDAY,
        "ahead": Ahead.VEILLE,
        "due_at": DUE,
    }
    row |= {"state": "waiting", "told_status": "planned", "told_at": SATURDAY, "told_sure": True}
    people = [str(number) for number in range(1, PEOPLE + 1)]
    with writing(engine) as connection:
        connection.execute(insert(reminders), [row | {"person": person} for person in people])
    return set(people)


def lose_one_in_a_hundred(engine: Engine, chance: Random) -> int:
    with writing(engine) as connection:
        waiting = connection.scalars(select(outbox.c.id).where(outbox.c.settled_at.is_(None))).all()
        lost = chance.sample(waiting, len(waiting) // 100)
        for start in range(0, len(lost), 500):
            connection.execute(delete(outbox).where(outbox.c.id.in_(lost[start : start + 500])))
    return len(lost)


def test_what_is_lost_is_back_within_one_reconciliation_and_everybody_is_reminded_once(engine: Engine) -> None:
    people, chance = everybody_asked(engine), Random(1917)
    tick(engine, DUE)
    received: Counter[str] = Counter()
    for minute in range(12):
        now = DUE + timedelta(minutes=minute)
        received.update(send(engine, now, most=PEOPLE // 8))
        lost = lose_one_in_a_hundred(engine, chance)
        assert put_back(engine, now) == lost
    assert set(received) == people
    assert set(received.values()) == {1}
