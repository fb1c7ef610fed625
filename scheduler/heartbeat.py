"""Whether all that runs by itself does run: one row for each periodic work, and what is due, late or lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from catalogue.database import insert_into
from catalogue.tables import feeds, outbox, reminders, ticks
from scheduler.outbox import State
from scheduler.reminders import WAITING

# Each periodic work, and how often it is done, in seconds: well below TICK_LASTS.
PERIODS = {
    **{"tell": 5, "reconcile": 60, "digest": 60, "watch": 60, "feeds": 60, "ask": 60, "verify": 60, "reports": 60},
    **{"monthly": 300, "dates": 300, "forget": 300},
}
LATE = timedelta(minutes=5)
TICK_LASTS = timedelta(minutes=10)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """The last time a work was done; `error` is the class of its failure."""

    name: str
    at: datetime
    error: str | None


@dataclass(frozen=True, slots=True)
class FailingFeed:
    """A calendar that cannot be read, how many times in a row, and why, in French."""

    source: str
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class Health:
    """What an operator must know. Counts are of messages, those of what is settled of the last 24 hours."""

    due: int
    late: int  # by more than LATE, reminders not yet written included
    settled: dict[State, int]
    waiting: int  # reminders
    next_due_at: datetime | None
    feeds: tuple[FailingFeed, ...]
    ticks: tuple[Tick, ...]

    def is_well(self, now: datetime) -> bool:
        """Nothing is late, and every work was done lately."""
        return not self.late and bool(self.ticks) and all(now - tick.at <= TICK_LASTS for tick in self.ticks)


def ran(connection: Connection, name: str, now: datetime, error: BaseException | None = None) -> None:
    """Says that a work was done at `now` (UTC), or failed: only the class of the failure is kept."""
    values = {"at": now, "error": type(error).__name__ if error else None}
    statement = insert_into(connection, ticks).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def health(connection: Connection, now: datetime) -> Health:
    """How things are at `now` (UTC)."""
    count = select(func.count())
    due = count.select_from(outbox).where(outbox.c.settled_at.is_(None))
    waits = count.select_from(reminders).where(reminders.c.state == WAITING)
    late = [connection.scalar(due.where(outbox.c.due_at < now - LATE))]
    late += [connection.scalar(waits.where(reminders.c.due_at < now - LATE))]
    return Health(
        due=connection.scalar(due.where(outbox.c.due_at <= now)) or 0,
        late=sum(filter(None, late)),
        settled=_settled(connection, now),
        waiting=connection.scalar(waits) or 0,
        next_due_at=connection.scalar(select(func.min(reminders.c.due_at)).where(reminders.c.state == WAITING)),
        feeds=_failing(connection),
        ticks=tuple(Tick(*row) for row in connection.execute(select(ticks).order_by(ticks.c.name))),
    )


def _settled(connection: Connection, now: datetime) -> dict[State, int]:
    lately = select(outbox.c.state, func.count()).where(outbox.c.settled_at > now - A_DAY).group_by(outbox.c.state)
    counts = {row[0]: row[1] for row in connection.execute(lately)}
    return {state: counts.get(state.value, 0) for state in (State.SENT, State.FAILED, State.EXPIRED, State.UNCERTAIN)}


def _failing(connection: Connection) -> tuple[FailingFeed, ...]:
    columns = feeds.c.source, feeds.c.failures, func.coalesce(feeds.c.error, "")
    rows = connection.execute(select(*columns).where(feeds.c.failures > 0).order_by(feeds.c.source))
    return tuple(FailingFeed(*row) for row in rows)
