"""Corrections made in a conversation: written at once, undone for an hour; when two contradict, one person decides.

What a person may do is read here at each action, whatever their button says. Whoever reads a correction to act on it
holds its entry until the end of the transaction: what is said of it is then what is done.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, or_, select, update

from catalogue import roles
from catalogue.entries import Conflict, Correction, Initiative, Mandate
from catalogue.initiatives import Author, change_initiative, even_closed_by_id
from catalogue.needs import Method, Role, Verdict
from catalogue.roles import Who
from catalogue.tables import checks, corrections, initiatives, mandates
from catalogue.tables import roles as roles_table

APPLIED, UNDONE, WAITING, KEPT, REFUSED = "applied", "undone", "waiting", "kept", "refused"
STANDS_FOR = timedelta(days=30)  # within them, another person's other value contradicts a correction
UNDONE_WITHIN = timedelta(hours=1)
NOTICES = "annonces"  # what is true for a time adds up: one notice does not contradict another

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Corrections:
    """Answers `handlers.correcting.Corrections` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def entry(self, initiative_id: int) -> Initiative | None:
        entry = _entry(self.connection, initiative_id)
        return entry if entry and roles.answers_for(self.connection, self.who, entry) else None

    def is_contradicted(self, initiative_id: int, field: str, values: Values) -> bool:
        _hold(self.connection, initiative_id)
        return _contradicted(self.connection, self.who, initiative_id, field, values, self.now) is not None

    def undoable(self, initiative_id: int, field: str) -> Correction | None:
        _hold(self.connection, initiative_id)
        of_field = (corrections.c.initiative_id == initiative_id, corrections.c.field == field)
        return _undoable(self.connection, self.who, self.now, *of_field)

    def conflict(self, correction_id: int) -> Conflict | None:
        found = waiting(self.connection, correction_id)
        return found if found and _decides_as(self.connection, self.who, found) else None

    def made(self) -> int:
        theirs = corrections.c.role_id.in_(_role_ids(self.connection, self.who))
        return self.connection.scalar(select(func.count()).select_from(corrections).where(theirs)) or 0


# Correcting.


def correct(
    connection: Connection, who: Who, initiative_id: int, field: str, values: Values, now: datetime
) -> int | None:
    """Writes other values of a field in an entry; returns the id of the correction.

    None when it is not theirs to correct, or when the entry says so already: nothing is then written. What
    contradicts another person's correction is kept apart until somebody decides.
    """
    _hold(connection, initiative_id)
    entry = _entry(connection, initiative_id)
    mandate = roles.answers_for(connection, who, entry) if entry else None
    before = _columns(connection, initiative_id, values) if entry else {}
    if mandate is None or before == dict(values):
        return None
    _answer_checks(connection, who, initiative_id, now)
    _withdraw_waiting(connection, who, initiative_id, field, now)
    other = _contradicted(connection, who, initiative_id, field, values, now)
    if other is None:
        change_initiative(connection, initiative_id, values, Author(mandate.role.value, Method.BOT), now)
    row = {"initiative_id": initiative_id, "field": field, "before": before, "after": dict(values), "at": now}
    row |= {"role_id": mandate.id, "role": mandate.role.value, "against_id": other}
    row["state"] = APPLIED if other is None else WAITING
    return int(connection.execute(insert(corrections).values(row).returning(corrections.c.id)).scalar_one())


def _contradicted(
    connection: Connection, who: Who, initiative_id: int, field: str, values: Values, now: datetime
) -> int | None:
    """The id of the last correction of a field, when it is another person's and says something else."""
    if field == NOTICES:
        return None
    stands = (
        select(corrections)
        .where(corrections.c.initiative_id == initiative_id, corrections.c.field == field)
        .where(corrections.c.state.in_((APPLIED, KEPT)), corrections.c.at > now - STANDS_FOR)
        .order_by(func.coalesce(corrections.c.settled_at, corrections.c.at).desc(), corrections.c.id.desc())
        .limit(1)
    )
    last = connection.execute(stands).mappings().one_or_none()
    if last is None or last["role_id"] in _role_ids(connection, who) or last["after"] == dict(values):
        return None
    return int(last["id"])


def _answer_checks(connection: Connection, who: Who, initiative_id: int, now: datetime) -> None:
    """Whoever corrects an entry has answered what they were asked of it."""
    theirs = checks.c.role_id.in_(_role_ids(connection, who))
    asked = (checks.c.initiative_id == initiative_id, theirs, checks.c.answered_at.is_(None))
    answered = {"answer": Verdict.CORRIGER.value, "answered_at": now}
    connection.execute(update(checks).where(*asked).values(answered))


def _withdraw_waiting(connection: Connection, who: Who, initiative_id: int, field: str, now: datetime) -> None:
    """Of one's own corrections of a field that wait for a decision, only the last is to be decided."""
    theirs = corrections.c.role_id.in_(_role_ids(connection, who))
    of_field = (corrections.c.initiative_id == initiative_id, corrections.c.field == field)
    wanted = (*of_field, theirs, corrections.c.state == WAITING)
    connection.execute(update(corrections).where(*wanted).values(state=UNDONE, settled_at=now))


# Undoing.


def undo(connection: Connection, who: Who, correction_id: int, now: datetime) -> bool:
    """Takes back a correction of one's own, within an hour; False when it is not, or when the entry changed since."""
    initiative_id = _held_of(connection, correction_id)
    found = _undoable(connection, who, now, corrections.c.id == correction_id) if initiative_id else None
    if found is None:
        return False
    change_initiative(connection, found.initiative_id, found.before, Author(found.role.value, Method.BOT), now)
    _settle(connection, found.id, UNDONE, found.role, now)
    return True


def _undoable(connection: Connection, who: Who, now: datetime, *wanted: ColumnElement[bool]) -> Correction | None:
    """The last correction among some that may still be taken back: theirs, and what the entry still says."""
    lately = corrections.c.at > now - UNDONE_WITHIN
    theirs = corrections.c.role_id.in_(_role_ids(connection, who))
    statement = select(corrections).where(*wanted, lately, theirs, corrections.c.state == APPLIED)
    row = connection.execute(statement.order_by(corrections.c.id.desc()).limit(1)).mappings().one_or_none()
    found = _read(row) if row else None
    still = found is not None and _columns(connection, found.initiative_id, found.after) == found.after
    return found if still else None


# Deciding.


def decide(connection: Connection, who: Who, correction_id: int, keep: bool, now: datetime) -> bool:
    """Applies a correction that waits, or refuses it; False when it does not wait, or is not theirs to decide."""
    conflict = waiting(connection, correction_id)
    mandate = _decides_as(connection, who, conflict) if conflict else None
    if conflict is None or mandate is None:
        return False
    if keep:
        author = Author(mandate.role.value, Method.BOT)
        change_initiative(connection, conflict.entry.id, conflict.later.after, author, now)
    _settle(connection, correction_id, KEPT if keep else REFUSED, mandate.role, now)
    return True


def waiting(connection: Connection, correction_id: int) -> Conflict | None:
    """A correction that waits for a decision, with what it contradicts; None when it does not, or no more."""
    initiative_id = _held_of(connection, correction_id)
    if initiative_id is None:
        return None
    row = connection.execute(select(corrections).where(corrections.c.id == correction_id)).mappings().one()
    earlier = select(corrections).where(corrections.c.id == row["against_id"])
    against = connection.execute(earlier).mappings().one_or_none() if row["state"] == WAITING else None
    entry = _entry(connection, initiative_id)
    return Conflict(entry, _read(against), _read(row)) if against and entry else None


def settled_since(connection: Connection, since: datetime) -> list[tuple[Conflict, Correction]]:
    """What was decided since an instant: both corrections, and the one that is kept."""
    lately = corrections.c.state.in_((KEPT, REFUSED)), corrections.c.settled_at > since
    rows = connection.execute(select(corrections).where(*lately).order_by(corrections.c.id)).mappings().all()
    against = corrections.c.id.in_([row["against_id"] for row in rows])
    earlier = {row["id"]: _read(row) for row in connection.execute(select(corrections).where(against)).mappings()}
    entries = {one.id: one for one in even_closed_by_id(connection, [row["initiative_id"] for row in rows])}
    found = []
    for row in rows:
        conflict = Conflict(entries[row["initiative_id"]], earlier[row["against_id"]], _read(row))
        found.append((conflict, conflict.later if row["state"] == KEPT else conflict.earlier))
    return found


def made_by(connection: Connection, conflict: Conflict) -> dict[int, Who]:
    """Who made these corrections, by role: nobody whose role ended."""
    theirs = roles_table.c.id.in_([conflict.earlier.role_id, conflict.later.role_id])
    people = select(roles_table.c.id, roles_table.c.channel, roles_table.c.person).where(theirs)
    return {row.id: (row.channel, row.person) for row in connection.execute(people)}


def to_be_put(connection: Connection, before: datetime) -> list[int]:
    """The ids of the corrections that wait and were put to nobody since an instant, the oldest first."""
    unasked = or_(corrections.c.put_at.is_(None), corrections.c.put_at <= before)
    found = select(corrections.c.id).where(corrections.c.state == WAITING, unasked).order_by(corrections.c.id)
    return list(connection.scalars(found))


def note_put(connection: Connection, correction_id: int, role_id: int, now: datetime) -> None:
    """Remembers who was asked to decide, in which role."""
    asked = {"put_to": role_id, "put_at": now}
    connection.execute(update(corrections).where(corrections.c.id == correction_id).values(asked))


def deciders(connection: Connection, conflict: Conflict, channels: Collection[str]) -> list[tuple[Who, Mandate]]:
    """Who may decide, on some channels, in one of their roles: coordinators first, those who corrected neither first.

    Then the correspondents who corrected neither.
    """
    entry = conflict.entry
    codes = roles.codes_over([entry])
    there = roles_table.c.id.in_(select(mandates.c.role_id).where(mandates.c.code.in_(codes)))
    coordinates = roles_table.c.role == Role.COORDINATEUR.value
    people = select(roles_table).where(there if codes else coordinates, roles_table.c.channel.in_(list(channels)))
    found: dict[Who, Mandate] = {}
    involved: set[Who] = set()
    for row in connection.execute(people.order_by(roles_table.c.id)):
        who = (row.channel, row.person)
        mandate = _decides_as(connection, who, conflict)
        if mandate:
            found[who] = mandate
            involved |= {who} if _is_involved(connection, who, conflict) else set()
    return sorted(found.items(), key=lambda one: (one[1].role is not Role.COORDINATEUR, one[0] in involved, one[1].id))


def _decides_as(connection: Connection, who: Who, conflict: Conflict) -> Mandate | None:
    """The role in which somebody may decide: a coordinator; or a correspondent whose entry and correction it is not."""
    covering = _covering(connection, who, conflict.entry)
    if Role.COORDINATEUR in covering:
        return covering[Role.COORDINATEUR]
    theirs = _is_involved(connection, who, conflict) or roles.runs_it(connection, who, conflict.entry.id)
    return None if theirs else covering.get(Role.CORRESPONDANT)


def _covering(connection: Connection, who: Who, entry: Initiative) -> dict[Role, Mandate]:
    return {one.role: one for one in roles.held_by(connection, who) if roles.covers_entry(one, entry)}


def _is_involved(connection: Connection, who: Who, conflict: Conflict) -> bool:
    return not {conflict.earlier.role_id, conflict.later.role_id}.isdisjoint(_role_ids(connection, who))


# What is read and written.


def _hold(connection: Connection, initiative_id: int) -> None:
    """Nobody else corrects this entry until the end of the transaction."""
    connection.execute(select(initiatives.c.id).where(initiatives.c.id == initiative_id).with_for_update()).all()


def _held_of(connection: Connection, correction_id: int) -> int | None:
    """The id of the entry of a correction, which nobody else corrects from now on."""
    found = connection.scalar(select(corrections.c.initiative_id).where(corrections.c.id == correction_id))
    if found is not None:
        _hold(connection, found)
    return found


def _entry(connection: Connection, initiative_id: int) -> Initiative | None:
    return next(iter(even_closed_by_id(connection, [initiative_id])), None)


def _role_ids(connection: Connection, who: Who) -> set[int]:
    return {one.id for one in roles.held_by(connection, who)}


def _columns(connection: Connection, initiative_id: int, names: Collection[str]) -> dict[str, Any]:
    wanted = select(*(initiatives.c[name] for name in names)).where(initiatives.c.id == initiative_id)
    return dict(connection.execute(wanted).mappings().one())


def _read(row: RowMapping) -> Correction:
    values = {name: row[name] for name in Correction.__dataclass_fields__}
    return Correction(**{**values, "role": Role(row["role"])})


def _settle(connection: Connection, correction_id: int, state: str, role: Role, now: datetime) -> None:
    settled = {"state": state, "settled_at": now, "settled_role": role.value}
    connection.execute(update(corrections).where(corrections.c.id == correction_id).values(settled))
