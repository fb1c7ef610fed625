"""What an entry was: its revisions, and bringing one of them back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Date, bindparam, select

from catalogue.initiatives import Author, change_initiative
from catalogue.tables import initiatives, revisions


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of an entry. `before` and `after` hold only the columns that changed; both None: its creation."""

    id: int
    initiative_id: int
    at: datetime  # UTC
    role: str | None  # None: no person, a list
    method: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class NoSuchRevision(ValueError):
    """The message says so in French."""


_OF_ENTRY = (
    select(*(revisions.c[name] for name in Revision.__dataclass_fields__))
    .where(revisions.c.initiative_id == bindparam("initiative_id"))
    .order_by(revisions.c.id.desc())
)
_ENTRY_OF = select(revisions.c.initiative_id).where(revisions.c.id == bindparam("revision_id"))
_DATES = frozenset(column.name for column in initiatives.c if isinstance(column.type, Date))


def history(connection: Connection, initiative_id: int) -> list[Revision]:
    """The revisions of an entry, the last one first; [] when there is no such entry."""
    return [Revision(*row) for row in connection.execute(_OF_ENTRY, {"initiative_id": initiative_id})]


def as_it_was(connection: Connection, revision_id: int) -> dict[str, Any]:
    """Every column of an entry just after a revision. Raises NoSuchRevision."""
    initiative_id = connection.scalar(_ENTRY_OF, {"revision_id": revision_id})
    if initiative_id is None:
        raise NoSuchRevision(f"aucune modification ne porte le numéro {revision_id}.")
    row = connection.execute(select(initiatives).where(initiatives.c.id == initiative_id)).mappings().one()
    return dict(row) | _undone(one for one in history(connection, initiative_id) if one.id > revision_id)


def _undone(later: Iterable[Revision]) -> dict[str, Any]:
    """The columns that later revisions changed, as they were before the first of them."""
    found: dict[str, Any] = {}
    for revision in later:  # the last one first: the oldest has the last word
        found |= revision.before or {}
    return {name: _from_json(name, value) for name, value in found.items()}


def _from_json(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if value is not None and name in _DATES else value


def restore(connection: Connection, revision_id: int, author: Author, at: datetime | None = None) -> bool:
    """Bring an entry back to what it was just after a revision: it is one more revision, that can be undone too.

    Returns whether anything changed. Raises NoSuchRevision.
    """
    row = as_it_was(connection, revision_id)
    return change_initiative(connection, row["id"], row, author, at)
