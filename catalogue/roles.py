"""Roles: who may do more than a resident, where, and the links that make them so. No name is kept, nor asked.

A role is read here at each action: once it is revoked, no button of an old message does anything more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from catalogue import intercommunalities
from catalogue.entries import CalendarEvent, Initiative, Mandate
from catalogue.intercommunalities import COMMUNE, SIREN
from catalogue.needs import Kind, Role
from catalogue.tables import invitations, mandates, role_changes, roles, runs
from catalogue.tries import too_many

LINK_LASTS = timedelta(hours=48)
LINK_BYTES = 16  # 128 random bits: nobody guesses one
MOST_LINKS = 50  # made in a day, in all: who holds a coordinator's telephone cannot invite a crowd
A_DAY = timedelta(days=1)
WEEKLY_BUDGET, WEEKDAY, HOUR = 5, 1, 10  # questions; on Tuesday, at ten: until they say otherwise

Who = tuple[str, str]  # channel, person


@dataclass(frozen=True, slots=True)
class Held:
    """A role somebody holds since an instant (UTC)."""

    mandate: Mandate
    since: datetime


# Links.


class TooManyLinks(Exception):
    """Fifty links were made in a day: no more until tomorrow."""


def new_secret() -> str:
    """What a link holds, before it is made."""
    return token_hex(LINK_BYTES)


def invite(connection: Connection, mandate: Mandate, secret: str, by: Role, now: datetime) -> None:
    """Makes a link that gives a role once, within 48 hours. Only its digest is kept. Raises TooManyLinks."""
    if not may_invite(connection, now):
        raise TooManyLinks
    row = {"digest": _digest(secret), **_covers(mandate), "by_role": by.value, "expires_at": now + LINK_LASTS}
    connection.execute(insert(invitations), {**row, "made_at": now, "used_at": None})
    _note(connection, "invited", mandate, by, now)


def may_invite(connection: Connection, now: datetime) -> bool:
    """Whether a link may still be made today."""
    lately = select(func.count()).select_from(invitations).where(invitations.c.made_at > now - A_DAY)
    return (connection.scalar(lately) or 0) < MOST_LINKS


def invitation(connection: Connection, secret: str, now: datetime) -> Mandate | None:
    """What a link gives; None when it is none of ours, was used, or is too old.

    Its row is locked until the end of the transaction: of two people who use it at once, one finds it used.
    """
    row = connection.execute(select(invitations).where(_usable(secret, now)).with_for_update()).mappings().first()
    return _mandate(0, row) if row else None


def accept(connection: Connection, who: Who, secret: str, now: datetime) -> bool:
    """Gives the role of a link, which is then used; False when it is none, or when too many were tried.

    What one had of that role is added to.
    """
    mandate = None if too_many(connection, who, now) else invitation(connection, secret, now)
    if mandate is None:
        return False
    connection.execute(update(invitations).where(_usable(secret, now)).values(used_at=now))
    held = next((one for one in held_by(connection, who) if one.role is mandate.role), None)
    role_id = _role_id(connection, who, mandate.role, now)
    _add(connection, role_id, mandate)
    # Of all kinds in one of two links: of all kinds.
    kinds = mandate.kinds if not held else tuple({*held.kinds, *mandate.kinds}) if held.kinds and mandate.kinds else ()
    connection.execute(update(roles).where(roles.c.id == role_id).values(kinds=sorted(kinds)))
    _note(connection, "accepted", mandate, None, now)
    return True


def _usable(secret: str, now: datetime) -> ColumnElement[bool]:
    of_secret = invitations.c.digest == _digest(secret)
    return and_(of_secret, invitations.c.used_at.is_(None), invitations.c.expires_at > now)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _role_id(connection: Connection, who: Who, role: Role, now: datetime) -> int:
    row = {"channel": who[0], "person": who[1], "role": role.value}
    theirs = select(roles.c.id).where(*(roles.c[name] == value for name, value in row.items()))
    found = connection.scalar(theirs)
    if found is None:
        asked = {"kinds": [], "weekly_budget": WEEKLY_BUDGET, "weekday": WEEKDAY, "hour": HOUR}
        found = connection.execute(insert(roles).values(**row, **asked, since=now).returning(roles.c.id)).scalar_one()
    return int(found)


def _add(connection: Connection, role_id: int, mandate: Mandate) -> None:
    covered = ((mandates, "code", mandate.codes), (runs, "initiative_id", mandate.initiatives))
    for table, column, values in covered:
        known = set(connection.scalars(select(table.c[column]).where(table.c.role_id == role_id)))
        new = [{"role_id": role_id, column: value} for value in values if value not in known]
        if new:
            connection.execute(insert(table), new)


# Roles.


def held_by(connection: Connection, who: Who) -> list[Mandate]:
    """The roles somebody has now."""
    theirs = and_(roles.c.channel == who[0], roles.c.person == who[1])
    return [held.mandate for held in _held(connection, theirs)]


def every_role(connection: Connection) -> list[Held]:
    """All the roles there are, the oldest first."""
    return _held(connection, roles.c.id > 0)


def _held(connection: Connection, wanted: ColumnElement[bool]) -> list[Held]:
    found = connection.execute(select(roles).where(wanted).order_by(roles.c.id)).mappings().all()
    ids = [row["id"] for row in found]
    codes = _of_roles(connection, select(mandates.c.role_id, mandates.c.code).where(mandates.c.role_id.in_(ids)))
    run = _of_roles(connection, select(runs.c.role_id, runs.c.initiative_id).where(runs.c.role_id.in_(ids)))
    return [
        Held(
            Mandate(
                id_,
                Role(row["role"]),
                tuple(codes.get(id_, ())),
                tuple(run.get(id_, ())),
                tuple(map(Kind, row["kinds"])),
            ),
            row["since"],
        )
        for id_, row in zip(ids, found, strict=True)
    ]


def _of_roles(connection: Connection, pairs: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for role_id, value in sorted(tuple(pair) for pair in connection.execute(pairs)):
        found.setdefault(role_id, []).append(value)
    return found


def revoke(connection: Connection, role_id: int, by: Role, now: datetime) -> bool:
    """Takes a role away, at once; False when there is no such role."""
    return _ended(connection, roles.c.id == role_id, "revoked", by, now) > 0


def leave(connection: Connection, who: Who, now: datetime) -> int:
    """Somebody gives back all their roles; returns how many they had."""
    return _ended(connection, and_(roles.c.channel == who[0], roles.c.person == who[1]), "left", None, now)


def _ended(connection: Connection, wanted: ColumnElement[bool], change: str, by: Role | None, now: datetime) -> int:
    ended = [held.mandate for held in _held(connection, wanted)]
    for mandate in ended:
        _note(connection, change, mandate, by, now)
    connection.execute(delete(roles).where(wanted))
    return len(ended)


# Territories.


def codes_over(places: Iterable[CalendarEvent | Initiative]) -> set[str]:
    """The codes by which a territory may cover one of these: communes, departments and intercommunalities."""
    places = list(places)
    communes = {place.code_insee for place in places if place.code_insee}
    departements = {place.departement for place in places if place.departement}
    return communes | departements | intercommunalities.those_with(communes)


def looked_after(
    connection: Connection, insee: ColumnElement[str | None], departement: ColumnElement[str | None]
) -> ColumnElement[bool]:
    """Whether an address, in these two columns, is in somebody's territory, whatever their role."""
    named = select(mandates.c.code).where(or_(mandates.c.code == insee, mandates.c.code == departement))
    held = connection.scalars(select(mandates.c.code).where(func.length(mandates.c.code) == SIREN).distinct())
    return or_(named.exists(), in_communes(insee, held))


def in_communes(insee: ColumnElement[str | None], codes: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column has a commune of a territory; never null. Its codes are written in the query: of a whole
    country, they would be more than a query may have parameters.
    """
    communes = [code for code in intercommunalities.expanded(codes) if len(code) == COMMUNE]
    return and_(insee.is_not(None), insee.in_(bindparam(None, communes, expanding=True, literal_execute=True)))


# Events.


def may_settle(connection: Connection, who: Who, event: CalendarEvent) -> Role | None:
    """The role in which somebody may say whether a date of an event takes place; None when they may not."""
    for mandate in sorted(held_by(connection, who), key=lambda one: list(Role).index(one.role)):
        if covers(mandate, event):
            return mandate.role
    return None


def covers(mandate: Mandate, event: CalendarEvent) -> bool:
    """Whether a role is answerable for an event: who runs its entry, or looks after the commune it is in."""
    if mandate.role is Role.TRAVAILLEUR_SOCIAL:
        return False
    if mandate.role is Role.ORGANISATEUR:
        return event.initiative_id is not None and event.initiative_id in mandate.initiatives
    return intercommunalities.covers(mandate.codes, event.code_insee, event.departement)


def answerable(connection: Connection, events: Iterable[CalendarEvent]) -> dict[Who, list[Mandate]]:
    """Whoever is answerable for one of these events, and in which roles."""
    events = list(events)
    run = {event.initiative_id for event in events if event.initiative_id is not None}
    looked_after = select(mandates.c.role_id).where(mandates.c.code.in_(codes_over(events)))
    running = select(runs.c.role_id).where(runs.c.initiative_id.in_(run))
    wanted = or_(roles.c.id.in_(looked_after), roles.c.id.in_(running))
    people = {row.id: (row.channel, row.person) for row in connection.execute(select(roles).where(wanted))}
    found: dict[Who, list[Mandate]] = {}
    for held in _held(connection, wanted):
        found.setdefault(people[held.mandate.id], []).append(held.mandate)
    return found


# Entries.

_FIRST_TO_LAST = (Role.COORDINATEUR, Role.CORRESPONDANT, Role.ORGANISATEUR)


def answers_for(connection: Connection, who: Who, entry: Initiative) -> Mandate | None:
    """The widest role in which somebody may verify and correct an entry; None when they may not."""
    theirs = [mandate for mandate in held_by(connection, who) if covers_entry(mandate, entry)]
    return min(theirs, key=lambda one: _FIRST_TO_LAST.index(one.role), default=None)


def covers_entry(mandate: Mandate, entry: Initiative) -> bool:
    """Whether a role is answerable for an entry: who runs it, or looks after its commune and its kind.

    What has no place at all (national, at a distance) is looked after by any coordinator.
    """
    if mandate.role is Role.TRAVAILLEUR_SOCIAL:
        return False
    if mandate.role is Role.ORGANISATEUR:
        return entry.id in mandate.initiatives
    if mandate.kinds and entry.kind not in mandate.kinds:
        return False
    if mandate.role is Role.COORDINATEUR and entry.departement is None:
        return True
    return intercommunalities.covers(mandate.codes, entry.code_insee, entry.departement)


def runs_it(connection: Connection, who: Who, initiative_id: int) -> bool:
    """Whether somebody runs an entry themselves: they may not settle what is reported of it."""
    return any(initiative_id in mandate.initiatives for mandate in held_by(connection, who))


# What is written.


def _covers(mandate: Mandate) -> dict[str, Any]:
    return {
        "role": mandate.role.value,
        "codes": list(mandate.codes),
        "initiatives": list(mandate.initiatives),
        "kinds": [kind.value for kind in mandate.kinds],
    }


def _mandate(id_: int, row: RowMapping) -> Mandate:
    kinds = tuple(map(Kind, row["kinds"]))
    return Mandate(id_, Role(row["role"]), tuple(row["codes"]), tuple(row["initiatives"]), kinds)


def _note(connection: Connection, change: str, mandate: Mandate, by: Role | None, now: datetime) -> None:
    row = {"at": now, "change": change, "role": mandate.role.value, "codes": list(mandate.codes)}
    connection.execute(insert(role_changes), {**row, "by_role": by.value if by else None})
