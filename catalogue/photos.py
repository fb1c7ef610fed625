"""The photos of posters: attached to an entry by who answers for it, shown to nobody else, kept for a year.

Nothing of a photo says who sent it. What a person may do is read here at each action, whatever their button says.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from catalogue import roles
from catalogue.entries import Initiative, Mandate
from catalogue.initiatives import even_closed_by_id
from catalogue.needs import Method
from catalogue.pictures import MOST, Picture
from catalogue.roles import Who
from catalogue.tables import initiatives, photos, revisions

WAITS_FOR = timedelta(hours=1)  # before it is attached
LASTS = timedelta(days=365)  # then a poster is long past
IN_HISTORY = "affiches"  # how many an entry has: of the photos themselves, history keeps nothing


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of an entry, and when it was attached (UTC)."""

    id: int
    initiative_id: int
    attached_at: datetime


@dataclass(frozen=True, slots=True)
class Photos:
    """Answers `handlers.poster_photo.Photos` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def waits(self, photo_id: int) -> bool:
        waiting = and_(photos.c.id == photo_id, photos.c.initiative_id.is_(None))
        return self.connection.scalar(select(photos.c.id).where(waiting)) is not None

    def of(self, initiative_id: int) -> list[Photo]:
        found = _of(self.connection, initiative_id)
        return found if found and _theirs(self.connection, self.who, initiative_id) else []

    def one(self, photo_id: int) -> Photo | None:
        found = _attached(self.connection, photo_id)
        return found if found and _theirs(self.connection, self.who, found.initiative_id) else None


# Kept.


def receive(connection: Connection, picture: Picture, now: datetime) -> int:
    """Keeps a photo that is attached to nothing yet; returns its id."""
    row = {"jpeg": picture.jpeg, "width": picture.width, "height": picture.height, "received_at": now}
    return int(connection.execute(insert(photos).values(row).returning(photos.c.id)).scalar_one())


def attach(connection: Connection, who: Who, photo_id: int, initiative_id: int, now: datetime) -> bool:
    """Makes a photo one of an entry's; False when the entry is not theirs, or the photo does not wait any more."""
    mandate = _held(connection, who, initiative_id)
    if mandate is None:
        return False
    before = len(_of(connection, initiative_id))
    waiting = (photos.c.id == photo_id, photos.c.initiative_id.is_(None))
    values = {"initiative_id": initiative_id, "attached_at": now, "by_role": mandate.role.value}
    if connection.execute(update(photos).where(*waiting).values(values)).rowcount == 0:
        return False
    oldest = [one.id for one in _of(connection, initiative_id)[:-MOST]]
    connection.execute(delete(photos).where(photos.c.id.in_(oldest)))
    _note(connection, initiative_id, mandate, (before, before + 1 - len(oldest)), now)
    return True


def remove(connection: Connection, who: Who, photo_id: int, now: datetime) -> bool:
    """Forgets a photo of an entry; False when the entry is not theirs."""
    found = _attached(connection, photo_id)
    mandate = _held(connection, who, found.initiative_id) if found else None
    if found is None or mandate is None:
        return False
    before = len(_of(connection, found.initiative_id))
    if connection.execute(delete(photos).where(photos.c.id == photo_id)).rowcount == 0:
        return False
    _note(connection, found.initiative_id, mandate, (before, before - 1), now)
    return True


def drop(connection: Connection, photo_id: int) -> None:
    """Forgets a photo, unless it is attached."""
    connection.execute(delete(photos).where(photos.c.id == photo_id, photos.c.initiative_id.is_(None)))


def forget_old(connection: Connection, now: datetime) -> None:
    """Forgets what nobody attached in an hour, and what was attached a year ago."""
    waited = and_(photos.c.initiative_id.is_(None), photos.c.received_at <= now - WAITS_FOR)
    connection.execute(delete(photos).where(or_(waited, photos.c.attached_at <= now - LASTS)))


# Shown.


def having(connection: Connection, initiative_ids: Collection[int]) -> set[int]:
    """Which of some entries have a photo."""
    return set(connection.scalars(select(photos.c.initiative_id).where(photos.c.initiative_id.in_(initiative_ids))))


def jpeg(connection: Connection, photo_id: int) -> bytes | None:
    """A photo, to be shown to whom it was said it could be; None when it is gone."""
    return connection.scalar(select(photos.c.jpeg).where(photos.c.id == photo_id))


def jpeg_for(connection: Connection, who: Who, photo_id: int) -> bytes | None:
    """A photo of an entry that somebody answers for; None for any other."""
    found = _attached(connection, photo_id)
    return jpeg(connection, photo_id) if found and _theirs(connection, who, found.initiative_id) else None


# What is read and written.


_COLUMNS = (photos.c.id, photos.c.initiative_id, photos.c.attached_at)


def _of(connection: Connection, initiative_id: int) -> list[Photo]:
    """The photos of an entry, the oldest first."""
    found = select(*_COLUMNS).where(photos.c.initiative_id == initiative_id)
    return [Photo(*row) for row in connection.execute(found.order_by(photos.c.attached_at, photos.c.id))]


def _attached(connection: Connection, photo_id: int) -> Photo | None:
    found = select(*_COLUMNS).where(photos.c.id == photo_id, photos.c.initiative_id.is_not(None))
    row = connection.execute(found).one_or_none()
    return Photo(*row) if row else None


def _held(connection: Connection, who: Who, initiative_id: int) -> Mandate | None:
    """The role in which somebody answers for an entry, whose photos nobody else changes until the end."""
    connection.execute(select(initiatives.c.id).where(initiatives.c.id == initiative_id).with_for_update()).all()
    return _theirs(connection, who, initiative_id)


def _theirs(connection: Connection, who: Who, initiative_id: int) -> Mandate | None:
    entry: Initiative | None = next(iter(even_closed_by_id(connection, [initiative_id])), None)
    return roles.answers_for(connection, who, entry) if entry else None


def _note(connection: Connection, initiative_id: int, mandate: Mandate, counts: tuple[int, int], now: datetime) -> None:
    before, after = ({IN_HISTORY: count} for count in counts)
    said = {"role": mandate.role.value, "method": Method.BOT.value, "before": before, "after": after}
    connection.execute(insert(revisions).values(initiative_id=initiative_id, at=now, **said))
