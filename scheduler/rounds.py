"""The week of each correspondent: when they are asked, what is left of their budget, what is worth asking them.

A week is seven days of the calendar, today included, in Paris: two rounds at ten o'clock never fall in the same one,
whatever the minute each left at. Whatever else they are asked spends the same budget: « Maintenu ? », campaigns, and
what waits for somebody to say (scheduler.putting).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, insert, or_, select

from catalogue import photos
from catalogue.entries import Initiative, Mandate
from catalogue.hours import PARIS, zone_of
from catalogue.initiatives import initiatives_by_id
from catalogue.intercommunalities import COMMUNE, departement_of, expanded
from catalogue.needs import Kind, Role, Status, Verdict
from catalogue.roles import Who, covers_entry, in_communes
from catalogue.tables import (
    askings,
    campaign_answers,
    checks,
    corrections,
    initiatives,
    mandates,
    reports,
    reviews,
    roles,
    views,
)
from handlers import planning
from handlers.checking import Question
from scheduler.choosing import Known, choose, volatility

A_DAY = timedelta(days=1)
A_WEEK_BUT_TODAY = timedelta(days=6)
MOST_PASSED = 5  # questions a week that nobody else could answer, to a coordinator
LASTS = timedelta(days=30)  # a question: then it is waited for no more, and the entry may be chosen again
TOO_LATE = time(20)  # the day after: a round that could not be, because nothing ran, is not given up at once
USE_DAYS = 90  # of which openings say how much an entry is used

_FOUND_CHANGED = (Verdict.CORRIGER.value, Verdict.FERME.value)
_CHECKED = (Verdict.OUI.value, *_FOUND_CHANGED)


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who may be put questions, in one of their roles."""

    who: Who
    mandate: Mandate
    since: datetime
    budget: int
    weekday: int
    hour: int
    paused_until: date | None

    @property
    def zone(self) -> ZoneInfo:
        """The clock of where they look after entries: overseas, the night is the night there."""
        return zone_of(departement_of(self.mandate.codes[0])) if self.mandate.codes else PARIS

    def is_away(self, now: datetime) -> bool:
        """Whether they asked to be left alone."""
        return self.paused_until is not None and today(now) <= self.paused_until


def today(now: datetime) -> date:
    """The day it is in Paris."""
    return now.astimezone(PARIS).date()


def week_before(now: datetime) -> datetime:
    """When the seven days began of which today is the last: what was put before was put a week ago, or more."""
    return datetime.combine(today(now) - A_WEEK_BUT_TODAY, time(0), PARIS)


def round_at(asker: Asker, now: datetime) -> datetime:
    """The last time their day and hour came."""
    here = now.astimezone(PARIS)
    day = here.date() - timedelta(days=(here.weekday() - asker.weekday) % 7)
    at = datetime.combine(day, time(asker.hour), PARIS)
    return at if at <= here else datetime.combine(day - timedelta(days=7), time(asker.hour), PARIS)


def can_be_asked(asker: Asker, now: datetime, channels: Collection[str]) -> bool:
    """Whether they can be written to now: not at night, not while they are away."""
    return asker.who[0] in channels and not asker.is_away(now) and not planning.is_night(now, asker.zone)


def askers(connection: Connection, *wanted: ColumnElement[bool]) -> list[Asker]:
    """Those who have these roles, the oldest first."""
    rows = connection.execute(select(roles).where(*wanted).order_by(roles.c.id)).all()
    codes = _codes(connection, [row.id for row in rows])
    return [
        Asker(
            (row.channel, row.person),
            Mandate(row.id, Role(row.role), tuple(codes.get(row.id, ())), (), tuple(map(Kind, row.kinds))),
            row.since,
            row.weekly_budget if row.role == Role.CORRESPONDANT else MOST_PASSED,
            row.weekday,
            row.hour,
            row.paused_until,
        )
        for row in rows
    ]


def _codes(connection: Connection, ids: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    pairs = select(mandates.c.role_id, mandates.c.code).where(mandates.c.role_id.in_(ids))
    for role_id, code in connection.execute(pairs.order_by(mandates.c.role_id, mandates.c.code)):
        found.setdefault(role_id, []).append(code)
    return found


def due(connection: Connection, now: datetime, channels: Collection[str]) -> list[Asker]:
    """The correspondents whose day and hour have come, or came yesterday, and who were not asked since."""
    days = {day.weekday() for day in (today(now), today(now) - A_DAY)}
    able = [
        asker
        for asker in askers(connection, roles.c.role == Role.CORRESPONDANT.value, roles.c.weekday.in_(days))
        if can_be_asked(asker, now, channels) and _has_come(asker, now)
    ]
    last = _last_put(connection, [asker.mandate.id for asker in able])
    return [asker for asker in able if last.get(asker.mandate.id, asker.since) < round_at(asker, now)]


def _has_come(asker: Asker, now: datetime) -> bool:
    at = round_at(asker, now)
    return asker.since <= at and now < datetime.combine(at.date() + A_DAY, TOO_LATE, PARIS)


def _last_put(connection: Connection, role_ids: Collection[int]) -> dict[int, datetime]:
    last = func.max(func.coalesce(checks.c.reminded_at, checks.c.asked_at, type_=checks.c.asked_at.type))
    found = select(checks.c.role_id, last).where(checks.c.role_id.in_(role_ids)).group_by(checks.c.role_id)
    return {row[0]: row[1] for row in connection.execute(found)}


def left(connection: Connection, some: Collection[Asker], since: datetime, now: datetime) -> Counter[int]:
    """How many questions each may still be put, by role: what they were put since then is taken off, and what waits.

    Whoever is silent is therefore put nothing more until what waits is answered, or passed on.
    """
    budgets = Counter({asker.mandate.id: asker.budget for asker in some})
    spent = [(table, table.c.asked_at >= since) for table in (askings, campaign_answers)]
    for table, counts in ((checks, or_(checks.c.asked_at >= since, is_waiting(now))), *spent):
        taken = select(table.c.role_id, func.count()).where(table.c.role_id.in_(list(budgets)), counts)
        budgets.subtract({row[0]: row[1] for row in connection.execute(taken.group_by(table.c.role_id))})
    for lately in _put_since(since):
        budgets.subtract(role_id for role_id in connection.scalars(lately) if role_id in budgets)
    return budgets


def _put_since(since: datetime) -> tuple[Select[Any], ...]:
    """The role of whom each thing was put to since then: alike reports are one."""
    alike = select(reports.c.put_to, reports.c.initiative_id, reports.c.reason).where(reports.c.put_at >= since)
    one_each = alike.distinct().subquery()
    others = (select(table.c.put_to).where(table.c.put_at >= since) for table in (corrections, reviews))
    return (select(one_each.c.put_to), *others)


_later = checks.alias()
_entry = initiatives.alias()
_IS_SHOWN = exists().where(
    _entry.c.id == checks.c.initiative_id, _entry.c.status == Status.ACTIVE.value, _entry.c.merged_into.is_(None)
)
# A question that was passed on, or put again later, is no longer the one that is waited for.
IS_LAST = ~exists().where(_later.c.initiative_id == checks.c.initiative_id, _later.c.id > checks.c.id)


_older = checks.alias()


def is_recent(now: datetime) -> ColumnElement[bool]:
    """Of a question: whether it was put in the last thirty days."""
    # By its number, which grows with time: no index is on days.
    before = select(_older.c.id).where(_older.c.asked_at <= now - LASTS).order_by(_older.c.id.desc()).limit(1)
    return checks.c.id > func.coalesce(before.scalar_subquery(), 0)


def is_waiting(now: datetime) -> ColumnElement[bool]:
    """Of a question: whether an answer is waited for."""
    open_ = and_(is_recent(now), checks.c.answered_at.is_(None), checks.c.role_id.is_not(None))
    return and_(open_, IS_LAST, _IS_SHOWN)


@dataclass(frozen=True, slots=True)
class Put:
    """A question that was put to somebody; `role_id` is None once they have that role no more."""

    id: int
    role_id: int | None
    asked_at: datetime
    again_at: datetime | None
    answered: bool
    entry: Initiative
    has_photos: bool

    @property
    def question(self) -> Question:
        """As a conversation knows it."""
        return Question(self.id, self.entry, self.has_photos)


def puts(connection: Connection, *wanted: ColumnElement[bool]) -> list[Put]:
    """The questions about entries that are still in the guide, the oldest first."""
    rows = connection.execute(select(checks).where(*wanted).order_by(checks.c.id)).all()
    known = {entry.id: entry for entry in initiatives_by_id(connection, list({row.initiative_id for row in rows}))}
    seen = photos.having(connection, list(known))
    return [
        Put(row.id, row.role_id, row.asked_at, row.again_at, row.answered_at is not None, known[id_], id_ in seen)
        for row in rows
        if (id_ := row.initiative_id) in known
    ]


def waiting(connection: Connection, theirs: Collection[Mandate], now: datetime) -> list[Put]:
    """What is put to somebody and has no answer, the oldest first; not what they put off until later."""
    mandates_ = {mandate.id: mandate for mandate in theirs}
    is_now = or_(checks.c.again_at.is_(None), checks.c.again_at <= now)
    found = puts(connection, checks.c.role_id.in_(list(mandates_)), is_waiting(now), is_now)
    return [one for one in found if one.role_id and covers_entry(mandates_[one.role_id], one.entry)]


def put(connection: Connection, asker: Asker, entries: Sequence[Initiative], now: datetime) -> list[int]:
    """Notes that entries are put to somebody; returns the numbers of the questions, in order."""
    role = {"role_id": asker.mandate.id, "role": asker.mandate.role.value, "asked_at": now}
    rows = [{**role, "initiative_id": entry.id, "departement": entry.departement} for entry in entries]
    return [connection.execute(insert(checks).values(row).returning(checks.c.id)).scalar_one() for row in rows]


def worth_asking(connection: Connection, asker: Asker, budget: int, now: datetime) -> list[int]:
    """The entries that one more question would serve best, at most `budget`, of those this correspondent looks after.

    Left out: what they said is not for them, and what already waits for an answer.
    """
    if budget <= 0 or not asker.mandate.codes:
        return []
    return choose(_known(connection, asker.mandate, now), budget, today(now))


def _known(connection: Connection, mandate: Mandate, now: datetime) -> list[Known]:
    here = _looked_after(mandate)
    of_entry = checks.c.initiative_id == initiatives.c.id
    last = select(func.max(checks.c.asked_at)).where(of_entry).correlate(initiatives).scalar_subquery()
    # What was put to somebody since it was reported is no longer in a hurry; what is put as a report waits already.
    reported = exists().where(
        reports.c.initiative_id == initiatives.c.id,
        reports.c.settled_at.is_(None),
        ~exists().where(checks.c.initiative_id == reports.c.initiative_id, checks.c.asked_at >= reports.c.at),
    )
    opened = views.c.initiative_id == initiatives.c.id, views.c.day > today(now) - timedelta(days=USE_DAYS)
    people = select(func.sum(views.c.people)).where(*opened).correlate(initiatives).scalar_subquery()
    refused = select(checks.c.initiative_id).where(
        checks.c.role_id == mandate.id, checks.c.answer == Verdict.PAS_POUR_MOI.value
    )
    waits = or_(exists().where(of_entry, is_waiting(now)), exists().where(_is_put_as_reported(now)))
    columns: tuple[Any, ...] = initiatives.c.id, initiatives.c.kind, initiatives.c.verified_at, people, last, reported
    changes = _changes(connection, here)
    return [
        Known(id_, day, int(count or 0), changes.get(kind, volatility(0, 0)), asked and today(asked), bool(is_reported))
        for id_, kind, day, count, asked, is_reported in connection.execute(
            select(*columns).where(here, initiatives.c.id.not_in(refused), ~waits)
        )
    ]


def _is_put_as_reported(now: datetime) -> ColumnElement[bool]:
    """Of a report: whether somebody is to say what there is of its entry."""
    of_entry = reports.c.initiative_id == initiatives.c.id
    return and_(of_entry, reports.c.settled_at.is_(None), reports.c.put_at > now - LASTS)


def _looked_after(mandate: Mandate) -> ColumnElement[bool]:
    """The open entries of a territory, by the index of their codes."""
    codes = expanded(mandate.codes)
    departements = [code for code in codes if len(code) < COMMUNE]
    where = [in_communes(initiatives.c.code_insee, codes)]
    for code in departements:
        # A range, and not only the department: that is what the index is of.
        within = or_(initiatives.c.code_insee.is_(None), initiatives.c.code_insee.between(code, code + "ZZZ"))
        where.append(and_(initiatives.c.departement == code, within))
    of_kinds = [initiatives.c.kind.in_(mandate.kinds)] if mandate.kinds else []
    is_open = initiatives.c.status == Status.ACTIVE.value, initiatives.c.merged_into.is_(None)
    return and_(or_(*where), *is_open, *of_kinds)


def _changes(connection: Connection, here: ColumnElement[bool]) -> dict[str, float]:
    """How much each kind of entry changes there, by what was answered: of one entry alone, too little is known."""
    counted = (
        select(initiatives.c.kind, checks.c.answer, func.count())
        .join(initiatives, initiatives.c.id == checks.c.initiative_id)
        .where(here, checks.c.answer.in_(_CHECKED))
        .group_by(initiatives.c.kind, checks.c.answer)
    )
    changed, checked = Counter[str](), Counter[str]()
    for kind, answer, count in connection.execute(counted):
        checked[kind] += count
        changed[kind] += count if answer in _FOUND_CHANGED else 0
    return {kind: volatility(changed[kind], checked[kind]) for kind in checked}
