"""Coordinators: the state of a territory, who looks after it, and the roles they may give and take away there.

Only numbers: no name, nothing of a resident. Each action reads again who does it, and what is theirs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, case, cast, false, func, literal, or_, select

from catalogue import intercommunalities, roles
from catalogue.entries import Figures, Load, Mandate, Member
from catalogue.exchange.selection import codes_of, territory_of
from catalogue.freshness import FRESH_DAYS
from catalogue.hours import PARIS
from catalogue.intercommunalities import COMMUNE, SIREN, Intercommunality, departement_of, expanded, those_with
from catalogue.needs import Role, Status
from catalogue.places import Place, PlaceIndex
from catalogue.roles import Who
from catalogue.tables import checks, corrections, initiatives, mandates, reports
from catalogue.tables import roles as roles_table

A_MONTH, A_QUARTER, A_DAY = timedelta(days=30), timedelta(days=90), timedelta(days=1)
GIVEN_IN_CHAT = (Role.CORRESPONDANT, Role.ORGANISATEUR, Role.TRAVAILLEUR_SOCIAL)
WAITING = "waiting"  # a correction that another contradicts, until somebody decides
_LAST = "ZZZ"  # after every commune of a department, whose codes begin with its own
_QUESTIONS = ("asked", "answered", "asked_before", "answered_before", "asked_in_90_days", "answered_in_90_days")
_Counted = Mapping[str, Any]  # by those names


# Territories.


def within(codes: Iterable[str], territory: Collection[str]) -> bool:
    """Whether each of these communes, departments and intercommunalities is in a territory."""
    here = {*territory, *expanded(territory)}
    return all(code in here or departement_of(code) in here for code in expanded(codes))


def in_territory(territory: Collection[str]) -> ColumnElement[bool]:
    """The entries of a territory, in terms that all read the index of code_insee and departement."""
    insee, departement = initiatives.c.code_insee, initiatives.c.departement
    codes = expanded(territory)
    terms = [roles.in_communes(insee, codes)] if any(len(code) == COMMUNE for code in codes) else []
    for code in (code for code in codes if len(code) < COMMUNE):
        terms.append(and_(insee.between(code, code + _LAST), departement == code))
        terms.append(and_(insee.is_(None), departement == code))
    return or_(false(), *terms)


# The state of a territory.


def figures_of(connection: Connection, territory: Collection[str], now: datetime) -> Figures:
    """The state of a territory at `now` (aware): communes, departments, intercommunalities."""
    here = in_territory(territory)
    per_role = _asked_by_role(connection, here, now)
    return Figures(
        **_entries(connection, here, now),
        **{name: sum(counted[name] for counted in per_role.values()) for name in _QUESTIONS},
        median_days=_median(connection, here, now),
        loads=_loads(per_role, _correspondents(connection, territory)),
        **_reports(connection, here, now),
        conflicts=_conflicts(connection, here),
    )


def _entries(connection: Connection, here: ColumnElement[bool], now: datetime) -> _Counted:
    fresh = initiatives.c.verified_at >= now.astimezone(PARIS).date() - timedelta(days=FRESH_DAYS)
    open_ = (initiatives.c.status == Status.ACTIVE.value, initiatives.c.merged_into.is_(None))
    counted = select(
        func.count().label("entries"),
        _times(fresh).label("fresh"),
        _times(and_(fresh, initiatives.c.verified_role.is_not(None))).label("fresh_by_people"),
        _times(~_looked_after(connection)).label("unattended"),
    )
    return connection.execute(counted.select_from(initiatives).where(here, *open_)).one()._asdict()


def _looked_after(connection: Connection) -> ColumnElement[bool]:
    """Whether a correspondent looks after an entry: its commune, its department or what they are in, and its kind."""
    kinds = cast(roles_table.c.kinds, Text)
    of_kind = or_(kinds == "[]", kinds.contains(literal('"').concat(initiatives.c.kind).concat('"')))
    of_place = or_(mandates.c.code == initiatives.c.code_insee, mandates.c.code == initiatives.c.departement)
    correspondent = roles_table.c.role == Role.CORRESPONDANT.value
    found = select(mandates.c.role_id).join(roles_table, roles_table.c.id == mandates.c.role_id)
    alone = found.where(of_place, correspondent, of_kind).correlate(initiatives).exists()
    return or_(alone, *_in_intercommunalities(connection))


def _in_intercommunalities(connection: Connection) -> list[ColumnElement[bool]]:
    """Whether the correspondents of an intercommunality look after an entry: a term for those of the same kinds."""
    held = select(mandates.c.code, roles_table.c.kinds).join(roles_table, roles_table.c.id == mandates.c.role_id)
    codes: dict[tuple[str, ...], set[str]] = {}
    is_one = func.length(mandates.c.code) == SIREN
    for row in connection.execute(held.where(roles_table.c.role == Role.CORRESPONDANT.value, is_one)):
        codes.setdefault(tuple(row.kinds), set()).add(row.code)
    return [
        and_(roles.in_communes(initiatives.c.code_insee, some), *([initiatives.c.kind.in_(kinds)] if kinds else []))
        for kinds, some in codes.items()
    ]


def _times(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _asked_by_role(connection: Connection, here: ColumnElement[bool], now: datetime) -> dict[int | None, _Counted]:
    """What was asked of each role, and answered; None for the roles that ended."""
    answered = checks.c.answered_at.is_not(None)
    lately = checks.c.asked_at > now - A_MONTH
    before = and_(~lately, checks.c.asked_at > now - 2 * A_MONTH)
    when = (lately, and_(lately, answered), before, and_(before, answered), literal(True), answered)
    counted = (_times(one).label(name) for name, one in zip(_QUESTIONS, when, strict=True))
    found = (
        select(checks.c.role_id, *counted)
        .join(initiatives, initiatives.c.id == checks.c.initiative_id)
        .where(here, checks.c.asked_at > now - A_QUARTER)
        .group_by(checks.c.role_id)
    )
    return {row.role_id: row._asdict() for row in connection.execute(found)}


def _median(connection: Connection, here: ColumnElement[bool], now: datetime) -> float | None:
    of_quarter = (checks.c.asked_at > now - A_QUARTER, checks.c.answered_at.is_not(None))
    times = select(checks.c.asked_at, checks.c.answered_at).join(initiatives).where(here, *of_quarter)
    return _median_days([answered - asked for asked, answered in connection.execute(times)])


def _median_days(times: Sequence[timedelta]) -> float | None:
    return median(time / A_DAY for time in times) if times else None


def _loads(per_role: Mapping[int | None, _Counted], correspondents: Iterable[int]) -> tuple[Load, ...]:
    counted = {id_: per_role.get(id_, {"asked": 0, "answered": 0}) for id_ in correspondents}
    loads = [Load(id_, one["asked"], one["asked"] - one["answered"]) for id_, one in counted.items()]
    return tuple(sorted(loads, key=lambda load: (-load.asked, load.role_id)))


def _correspondents(connection: Connection, territory: Collection[str]) -> list[int]:
    """The roles of those who look after some of a territory: a part of it, or what it is a part of."""
    code, here = mandates.c.code, expanded(territory)
    departements = [one for one in here if len(one) < COMMUNE]
    some = [
        code.in_({*here, *map(departement_of, here), *those_with(here)}),
        *(code.between(d, d + _LAST) for d in departements),
    ]
    found = select(roles_table.c.id).join(mandates).where(or_(*some), roles_table.c.role == Role.CORRESPONDANT.value)
    return list(connection.scalars(found.distinct().order_by(roles_table.c.id)))


def _reports(connection: Connection, here: ColumnElement[bool], now: datetime) -> dict[str, Any]:
    """Those that are open, those that were 30 days ago, and how many days the oldest has waited."""
    then = now - A_MONTH
    open_ = reports.c.settled_at.is_(None)
    were_open = and_(reports.c.at <= then, or_(open_, reports.c.settled_at > then))
    counted = select(_times(open_), _times(were_open), func.min(case((open_, reports.c.at))))
    of_territory = counted.select_from(reports).join(initiatives).where(here, or_(open_, were_open))
    is_open, was_open, since = connection.execute(of_territory).one()
    days = (now - since).days if since else None
    return {"reports": is_open, "reports_before": was_open, "oldest_report_days": days}


def _conflicts(connection: Connection, here: ColumnElement[bool]) -> int:
    waiting = select(func.count()).select_from(corrections).join(initiatives)
    return connection.scalar(waiting.where(here, corrections.c.state == WAITING)) or 0


# The team of a coordinator.


def coordinated_by(connection: Connection, who: Who) -> tuple[str, ...]:
    """The codes somebody coordinates; () for who coordinates nothing."""
    theirs = [mandate for mandate in roles.held_by(connection, who) if mandate.role is Role.COORDINATEUR]
    return tuple(code for mandate in theirs for code in mandate.codes)


def members(connection: Connection, who: Who, now: datetime) -> list[Member]:
    """The roles that somebody may take away, the oldest first: all within what they coordinate, none of their own."""
    theirs = _below(connection, who)
    counted, times = _questions(connection, [held.mandate.id for held in theirs], now)
    return [
        Member(one.mandate, one.since, counted.get(one.mandate.id, 0), len(took), _median_days(took))
        for one in theirs
        for took in [times.get(one.mandate.id, [])]
    ]


def _below(connection: Connection, who: Who) -> list[roles.Held]:
    territory = coordinated_by(connection, who)
    if not territory:
        return []
    own = {mandate.id for mandate in roles.held_by(connection, who)}
    given = [held for held in roles.every_role(connection) if held.mandate.role in GIVEN_IN_CHAT]
    run = {id_ for held in given for id_ in held.mandate.initiatives}
    known = set(connection.scalars(select(initiatives.c.id).where(initiatives.c.id.in_(run), in_territory(territory))))
    return [held for held in given if held.mandate.id not in own and _is_within(held.mandate, territory, known)]


def _is_within(mandate: Mandate, territory: Collection[str], entries: Collection[int]) -> bool:
    covers_something = bool(mandate.codes or mandate.initiatives)
    return covers_something and within(mandate.codes, territory) and set(mandate.initiatives) <= set(entries)


def _questions(
    connection: Connection, ids: Sequence[int], now: datetime
) -> tuple[dict[int, int], dict[int, list[timedelta]]]:
    """By role: how many were asked in 90 days, and how long each answer took."""
    counted: dict[int, int] = {}
    times: dict[int, list[timedelta]] = {}
    of_roles = (checks.c.role_id.in_(ids), checks.c.asked_at > now - A_QUARTER)
    for row in connection.execute(select(checks.c.role_id, checks.c.asked_at, checks.c.answered_at).where(*of_roles)):
        counted[row.role_id] = counted.get(row.role_id, 0) + 1
        if row.answered_at:
            times.setdefault(row.role_id, []).append(row.answered_at - row.asked_at)
    return counted, times


def may_give(connection: Connection, who: Who, mandate: Mandate) -> bool:
    """Whether somebody may give a role: a coordinator, below their own role, for what is all within their territory."""
    territory = coordinated_by(connection, who)
    runs_some = mandate.role is Role.ORGANISATEUR
    is_whole = bool(mandate.initiatives) is runs_some and bool(mandate.codes) is not runs_some
    if not territory or mandate.role not in GIVEN_IN_CHAT or not is_whole:
        return False
    run = select(initiatives.c.id).where(initiatives.c.id.in_(mandate.initiatives), in_territory(territory))
    return _is_within(mandate, territory, list(connection.scalars(run)))


def invite(connection: Connection, who: Who, mandate: Mandate, secret: str, now: datetime) -> bool:
    """Makes a link that gives a role. False when it is not theirs to give, or when too many were made today."""
    if not may_give(connection, who, mandate) or not roles.may_invite(connection, now):
        return False
    roles.invite(connection, mandate, secret, Role.COORDINATEUR, now)
    return True


def revoke(connection: Connection, who: Who, role_id: int, now: datetime) -> bool:
    """Takes a role away, at once. False when it is not theirs to take: another coordinator's, elsewhere, their own."""
    if role_id not in {held.mandate.id for held in _below(connection, who)}:
        return False
    return roles.revoke(connection, role_id, Role.COORDINATEUR, now)


@dataclass(frozen=True, slots=True)
class Team:
    """Answers `handlers.team.Team` from the database."""

    connection: Connection
    who: Who
    now: datetime
    index: PlaceIndex

    def territory(self) -> tuple[str, ...]:
        return coordinated_by(self.connection, self.who)

    def figures(self) -> Figures:
        return figures_of(self.connection, self.territory(), self.now)

    def members(self) -> list[Member]:
        return members(self.connection, self.who, self.now)

    def codes_of(self, code: str) -> tuple[str, ...]:
        if intercommunalities.get(code):
            return (code,)
        place = self.index.get(code)
        return tuple(sorted(codes_of(self.connection, territory_of(place)))) if place else ()

    def intercommunality(self, code: str) -> Intercommunality | None:
        return intercommunalities.get(code)

    def intercommunalities_called(self, said: str) -> list[Intercommunality]:
        return intercommunalities.called(said, self.index)

    def near(self) -> Place | None:
        return next((place for code in expanded(self.territory()) if (place := self.index.get(code))), None)

    def may_give(self, mandate: Mandate) -> bool:
        return may_give(self.connection, self.who, mandate)

    def may_invite(self) -> bool:
        return roles.may_invite(self.connection, self.now)

    def new_secret(self) -> str:
        return roles.new_secret()
