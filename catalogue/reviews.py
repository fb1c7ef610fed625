"""What professionals say of entries: what helped, and for whom. A coordinator reads it before anybody is shown it.

No name is kept: who wrote it is known by the role they have, for as long as they have it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update

from catalogue import roles
from catalogue.entries import Initiative, Mandate, Opinion
from catalogue.initiatives import even_closed_by_id, initiatives_by_id
from catalogue.needs import Public, Refusal, Role
from catalogue.roles import Who
from catalogue.tables import reviews
from catalogue.tables import roles as roles_table

WAITING, PUBLISHED, REFUSED, WITHDRAWN = "waiting", "published", "refused", "withdrawn"
MOST_SHOWN = 3
MOST_A_DAY = 10
A_DAY = timedelta(days=1)
# In which of their roles somebody speaks: the one that meets people first.
SPEAKS_AS = (Role.TRAVAILLEUR_SOCIAL, Role.CORRESPONDANT, Role.COORDINATEUR, Role.ORGANISATEUR)


@dataclass(frozen=True, slots=True)
class Reviews:
    """Answers `handlers.reviewing.Reviews` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def of(self, initiative_id: int) -> list[Opinion]:
        """At most three that may be shown, the latest first."""
        shown = and_(reviews.c.initiative_id == initiative_id, reviews.c.state == PUBLISHED)
        return _found(self.connection, shown, MOST_SHOWN)

    def may_review(self, initiative_id: int) -> bool:
        """Whether the person may say what helped there."""
        return _speaks_as(self.connection, self.who, initiative_id) is not None

    def too_many(self) -> bool:
        """Whether the person said as much as one may in a day."""
        return _too_many(self.connection, _role_ids(self.connection, self.who), self.now)

    def mine(self) -> list[Opinion]:
        """What the person said in the roles they have, the latest first."""
        theirs = reviews.c.role_id.in_(_role_ids(self.connection, self.who))
        return _found(self.connection, and_(theirs, reviews.c.state != WITHDRAWN))

    def to_moderate(self, review_id: int) -> Opinion | None:
        """One that is the person's to show or not, even once that is decided; None for any other."""
        found = _one(self.connection, review_id)
        return _as_opinion(found) if found and _may_moderate(self.connection, self.who, found) else None


def review(
    connection: Connection, who: Who, initiative_id: int, words: str, publics: Sequence[Public], now: datetime
) -> bool:
    """Keeps what somebody says of an entry until a coordinator reads it, in place of what still waits of theirs.

    False when they may not, or said enough today: nothing is then written.
    """
    mandate = _speaks_as(connection, who, initiative_id)
    theirs = _role_ids(connection, who)
    if mandate is None or _too_many(connection, theirs, now) or not initiatives_by_id(connection, [initiative_id]):
        return False
    waits = and_(reviews.c.initiative_id == initiative_id, reviews.c.state == WAITING)
    _withdraw(connection, and_(waits, reviews.c.role_id.in_(theirs)), now)
    row = {"initiative_id": initiative_id, "words": words, "publics": [public.value for public in publics]}
    said = {"role_id": mandate.id, "role": mandate.role.value, "at": now, "state": WAITING}
    connection.execute(insert(reviews), {**row, **said})
    return True


def moderate(
    connection: Connection, who: Who, review_id: int, publish: bool, now: datetime, because: Refusal | None = None
) -> bool:
    """Shows what somebody said, or not; who wrote it may only take it back. False when nothing changed.

    Whoever else does not show it says why: without a reason nothing changes.
    What is shown may be taken down later, and makes room for the next one of the same person. What was refused is not
    shown again: its author may write another.
    """
    found = _one(connection, review_id)
    if found is None:
        return False
    of_it = and_(reviews.c.id == review_id, reviews.c.state.in_([WAITING] if publish else [WAITING, PUBLISHED]))
    if (found.channel, found.person) == who:
        return not publish and _withdraw(connection, of_it, now)
    if publish is (because is not None) or not _may_moderate(connection, who, found):
        return False
    decided = {"because": because, "settled_at": now, "settled_role": Role.COORDINATEUR.value}
    state = PUBLISHED if publish else REFUSED
    changed = connection.execute(update(reviews).where(of_it).values(state=state, **decided)).rowcount > 0
    if changed and publish:
        _withdraw(connection, _shown_before(found), now)
    return changed


def _shown_before(found: Row[Any]) -> ColumnElement[bool]:
    """What is shown of the same entry by the same person, who would else speak for several."""
    of_entry = and_(reviews.c.initiative_id == found.initiative_id, reviews.c.role_id == found.role_id)
    return and_(of_entry, reviews.c.state == PUBLISHED, reviews.c.id != found.id)


def moderates(mandates: Iterable[Mandate], entry: Initiative) -> bool:
    """Whether these roles of somebody let them show what is said of an entry: a coordinator's, who does not run it."""
    mandates = list(mandates)
    covered = any(one.role is Role.COORDINATEUR and roles.covers_entry(one, entry) for one in mandates)
    return covered and not any(entry.id in one.initiatives for one in mandates)


def unread(connection: Connection, put_before: datetime) -> list[tuple[Opinion, Who]]:
    """What waits to be read and was put to nobody since an instant, the oldest first, with who wrote it."""
    put = or_(reviews.c.put_at.is_(None), reviews.c.put_at <= put_before)
    waits = and_(reviews.c.state == WAITING, roles_table.c.id.is_not(None), put)
    rows = connection.execute(_WITH_AUTHOR.where(waits).order_by(reviews.c.at, reviews.c.id))
    return [(_as_opinion(row), (row.channel, row.person)) for row in rows]


def decided(connection: Connection, since: datetime) -> list[tuple[Opinion, Who]]:
    """What was shown or not since an instant, with who wrote it: nothing of those whose role ended."""
    lately = and_(reviews.c.state.in_([PUBLISHED, REFUSED]), reviews.c.settled_at > since)
    rows = connection.execute(_WITH_AUTHOR.where(lately, roles_table.c.id.is_not(None)).order_by(reviews.c.id))
    return [(_as_opinion(row), (row.channel, row.person)) for row in rows]


def withdraw_orphans(connection: Connection, now: datetime) -> None:
    """What nobody read of those whose role ended will not be shown: it is forgotten with the role."""
    _withdraw(connection, and_(reviews.c.state == WAITING, reviews.c.role_id.is_(None)), now)


_WITH_AUTHOR = select(reviews, roles_table.c.channel, roles_table.c.person).outerjoin(
    roles_table, roles_table.c.id == reviews.c.role_id
)


def _one(connection: Connection, review_id: int) -> Row[Any] | None:
    return connection.execute(_WITH_AUTHOR.where(reviews.c.id == review_id)).first()


def _may_moderate(connection: Connection, who: Who, found: Row[Any]) -> bool:
    """Not one's own, nor what its author took back, nor what waits of somebody whose role ended."""
    if (found.channel, found.person) == who or found.state == WITHDRAWN:
        return False
    if found.state == WAITING and found.role_id is None:
        return False
    entries = even_closed_by_id(connection, [found.initiative_id])
    return bool(entries) and moderates(roles.held_by(connection, who), entries[0])


def _speaks_as(connection: Connection, who: Who, initiative_id: int) -> Mandate | None:
    """The role in which somebody may speak of an entry; None for who has none, or runs it."""
    theirs = roles.held_by(connection, who)
    if any(initiative_id in mandate.initiatives for mandate in theirs):
        return None
    return min(theirs, key=lambda one: SPEAKS_AS.index(one.role), default=None)


def _role_ids(connection: Connection, who: Who) -> list[int]:
    return [mandate.id for mandate in roles.held_by(connection, who)]


def _too_many(connection: Connection, role_ids: Sequence[int], now: datetime) -> bool:
    lately = and_(reviews.c.role_id.in_(role_ids), reviews.c.at > now - A_DAY)
    return (connection.scalar(select(func.count()).select_from(reviews).where(lately)) or 0) >= MOST_A_DAY


def _withdraw(connection: Connection, wanted: ColumnElement[bool], now: datetime) -> bool:
    """Nothing is left of the words; the row still counts in what one says in a day."""
    gone: dict[str, Any] = {"state": WITHDRAWN, "words": "", "publics": [], "because": None, "settled_at": now}
    return connection.execute(update(reviews).where(wanted).values(gone)).rowcount > 0


def _found(connection: Connection, wanted: ColumnElement[bool], most: int | None = None) -> list[Opinion]:
    latest = (reviews.c.at.desc(), reviews.c.id.desc())
    return [_as_opinion(row) for row in connection.execute(select(reviews).where(wanted).order_by(*latest).limit(most))]


def _as_opinion(row: Row[Any]) -> Opinion:
    publics = tuple(filter(None, map(Public.of, row.publics)))
    shown, refused = row.state == PUBLISHED, row.state == REFUSED
    because = Refusal.of(row.because or "")
    return Opinion(row.id, row.initiative_id, row.words, publics, Role(row.role), row.at, shown, refused, because)
