"""Tries: invitations that were opened and give nothing, so that nobody opens one after the other until one does.

Nothing of the link is kept, and of the person only a digest, for an hour: erasing all one gave does not begin the
count again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select

from catalogue.tables import tries

AN_HOUR = timedelta(hours=1)
# Of one person in an hour: a link that is copied badly, or was used, is opened two or three times, not ten.
MOST_TRIES = 10
# Of everybody on one channel. One person stops at ten: a hundred of them must try together before anybody else waits.
# On Telegram, that is a hundred telephone numbers. On the web, where another session costs nothing, one person could
# reach any ceiling: so no invitation is opened there at all (handlers.roles), and nobody can be locked out of it.
# A real crowd stays far below: fifty links are made in a day (catalogue.roles.MOST_LINKS). What it bounds is what we
# look up and write for who tries: a thousand rows an hour.
MOST_TRIES_IN_ALL = 1000

Who = tuple[str, str]  # channel, person


@dataclass(frozen=True, slots=True)
class Tries:
    """Answers `handlers.roles.Tries` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def too_many(self) -> bool:
        return too_many(self.connection, self.who, self.now)

    def lately(self) -> bool:
        return _count(self.connection, _by(self.who), self.now) > 0


def too_many(connection: Connection, who: Who, now: datetime) -> bool:
    """Whether somebody, or everybody on their channel, opened as many wrong links as may be in an hour."""
    if _count(connection, _by(who), now) >= MOST_TRIES:
        return True
    return _count(connection, tries.c.channel == who[0], now) >= MOST_TRIES_IN_ALL


def note(connection: Connection, who: Who, now: datetime) -> bool:
    """Counts one more; False when it was too many already, which is not counted: the hour is not begun again."""
    if too_many(connection, who, now):
        return False
    connection.execute(insert(tries).values(channel=who[0], digest=_digest(who), at=now))
    return True


def forget(connection: Connection, now: datetime) -> None:
    """Removes those that count no more."""
    connection.execute(delete(tries).where(tries.c.at <= now - AN_HOUR))


def _count(connection: Connection, wanted: ColumnElement[bool], now: datetime) -> int:
    lately = select(func.count()).select_from(tries).where(wanted, tries.c.at > now - AN_HOUR)
    return connection.scalar(lately) or 0


def _by(who: Who) -> ColumnElement[bool]:
    return and_(tries.c.channel == who[0], tries.c.digest == _digest(who))


def _digest(who: Who) -> str:
    return sha256(":".join(who).encode()).hexdigest()
