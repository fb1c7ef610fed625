"""Reports, put to who can settle them: a correspondent of the place first, then a coordinator; and what became of them.

Reports of the same entry for the same reason go together. The correspondent who was asked stays written in `put_to`
for a week, even when a coordinator is asked after them: that is how nobody is put more than five in a week.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, or_, select, update

from catalogue import reports
from catalogue.entries import Mandate, Reported
from catalogue.hours import PARIS, zone_of
from catalogue.initiatives import even_closed_by_id
from catalogue.needs import Outcome, Reason, Role
from catalogue.roles import Who, covers_entry, every_role
from catalogue.tables import initiatives, mandates, roles
from catalogue.tables import reports as reports_table
from handlers import planning
from handlers.settling import outcome_reply, put_reply
from scheduler.letters import Composers, Letter, alone, post, states

SILENCE = timedelta(days=4)  # of a correspondent: then a coordinator is asked
A_WEEK = timedelta(days=7)
WEEKLY = 5  # reports put to a correspondent, who gives their own time (domain: the weekly budget)
MOST_TIMES = 3  # the same one, in all


@dataclass(frozen=True, slots=True)
class _Group:
    """The open reports of an entry for one reason, and what was done about them."""

    reported: Reported
    people: frozenset[Who]
    since: datetime
    times_put: int
    asked: Role | None  # the role of who was asked; None when nobody was, or when they gave it back
    put_to: int | None
    put_at: datetime | None
    handed_on: bool
    urgent: bool  # three people found it closed, and nobody was told there were so many

    @property
    def key(self) -> tuple[int, str]:
        return self.reported.entry.id, self.reported.reason.value


@dataclass(frozen=True, slots=True)
class _Helper:
    """Somebody who may settle reports, in one of their roles."""

    who: Who
    mandate: Mandate
    since: datetime
    runs: frozenset[int]
    away: bool


def put(connection: Connection, now: datetime, composers: Composers) -> int:
    """Puts what was reported to who can settle it; returns how many letters that makes. Never at night.

    First to a correspondent of the place, the one who was put least in a week, who neither runs it nor said it; after
    four days of silence, or if they hand it on, to a coordinator; then every week, three times in all. How people were
    received goes to a coordinator at once. With nobody there, it waits for whoever takes the territory.
    """
    alone(connection)
    reports.follow_the_merged(connection)
    reports.settle_the_closed(connection, now)
    groups = [group for group in _open(connection) if _is_due(group, now)]
    team = _team(connection, now, composers) if groups else []
    spent = _spent(connection, now)
    letters = []
    for group in sorted(groups, key=lambda one: not one.urgent):
        zone = zone_of(group.reported.entry.departement)
        chosen = None if planning.is_night(now, zone) else _next(group, team, spent, now)
        if chosen:
            spent[chosen.mandate.id] += 1
            _note(connection, group, chosen, now)
            letters.append(_letter(group, chosen, now))
    post(connection, composers, letters)
    return len(letters)


def _open(connection: Connection) -> list[_Group]:
    """What waits to be settled where somebody may settle it, the oldest first."""
    entry = initiatives.c
    looked_after = select(mandates.c.code).where(
        or_(mandates.c.code == entry.code_insee, mandates.c.code == entry.departement)
    )
    rows = connection.execute(
        select(reports_table, roles.c.role.label("asked"))
        .join(initiatives, entry.id == reports_table.c.initiative_id)
        .outerjoin(roles, roles.c.id == reports_table.c.put_to)
        .where(reports_table.c.settled_at.is_(None), or_(looked_after.exists(), entry.departement.is_(None)))
        .order_by(reports_table.c.id)
    ).mappings()
    alike: dict[tuple[int, str], list[RowMapping]] = {}
    for row in rows:
        alike.setdefault((row["initiative_id"], row["reason"]), []).append(row)
    found = even_closed_by_id(connection, list({initiative_id for initiative_id, _reason in alike}))
    entries = {one.id: one for one in found}
    return [_group(reports.gathered(entries[key[0]], some), some) for key, some in alike.items()]


def _group(reported: Reported, rows: Sequence[RowMapping]) -> _Group:
    last = max(rows, key=lambda row: row["times_put"])
    told = len(reports.people_of(row for row in rows if row["put_at"]))
    return _Group(
        reported,
        reports.people_of(rows),
        min(row["at"] for row in rows),
        last["times_put"],
        Role.of(last["asked"] or ""),
        last["put_to"],
        last["put_at"],
        any(row["outcome"] == Outcome.TRANSMIS for row in rows),
        reported.reason is Reason.FERME and told < reports.ENOUGH <= reported.people,
    )


def _is_due(group: _Group, now: datetime) -> bool:
    if group.put_at is None or group.urgent:
        return True
    first = group.times_put == 1
    if first and (group.handed_on or group.asked is None):
        return True
    if group.asked is not Role.CORRESPONDANT:
        return now >= group.put_at + A_WEEK
    return now >= group.put_at + SILENCE + (timedelta(0) if first else A_WEEK)


def _team(connection: Connection, now: datetime, composers: Composers) -> list[_Helper]:
    """Whoever may settle reports, and can be written to."""
    people = {row.id: row for row in connection.execute(select(roles))}
    held = every_role(connection)
    runs: dict[Who, set[int]] = {}
    for one in held:
        row = people[one.mandate.id]
        runs.setdefault((row.channel, row.person), set()).update(one.mandate.initiatives)
    today = now.astimezone(PARIS).date()
    return [
        _Helper(who, one.mandate, one.since, frozenset(runs[who]), bool(row.paused_until and row.paused_until >= today))
        for one in held
        for row in (people[one.mandate.id],)
        for who in ((row.channel, row.person),)
        if one.mandate.role in (Role.CORRESPONDANT, Role.COORDINATEUR) and who[0] in composers
    ]


def _spent(connection: Connection, now: datetime) -> Counter[int]:
    """How many each role was put in a week."""
    row = reports_table.c
    lately = select(row.put_to, row.initiative_id, row.reason).where(row.put_to.is_not(None), row.put_at > now - A_WEEK)
    return Counter(put_to for put_to, *_group in connection.execute(lately.distinct()))


def _next(group: _Group, team: Iterable[_Helper], spent: Counter[int], now: datetime) -> _Helper | None:
    """Whom to ask now; None when it waits."""
    able = [one for one in team if _may_be_asked(one, group)]
    coordinators = [one for one in able if one.mandate.role is Role.COORDINATEUR]
    correspondents = [one for one in able if one.mandate.role is Role.CORRESPONDANT and not one.away]
    free = [one for one in correspondents if spent[one.mandate.id] < WEEKLY]
    first = group.times_put == 0 and not group.handed_on
    if first and free:
        return _least_asked(free, spent)
    if first and correspondents and not group.urgent and now < group.since + SILENCE:
        return None  # they have had their share of the week: it waits for them a little
    if coordinators:
        return _least_asked(coordinators, spent)
    # Nobody coordinates: those of the place are asked again, a week later.
    again = group.put_at is not None and now >= group.put_at + A_WEEK
    return _least_asked(free, spent) if free and again else None


def _may_be_asked(one: _Helper, group: _Group) -> bool:
    entry = group.reported.entry
    if not covers_entry(one.mandate, entry) or entry.id in one.runs:
        return False
    if group.times_put >= MOST_TIMES and (group.put_at is None or one.since <= group.put_at):
        return False  # whoever takes the territory after that has not seen it yet
    if one.mandate.role is Role.COORDINATEUR:
        return True
    return group.reported.reason is not Reason.ACCUEIL and one.who not in group.people


def _least_asked(people: Iterable[_Helper], spent: Counter[int]) -> _Helper:
    return min(people, key=lambda one: (spent[one.mandate.id], one.mandate.id))


def _note(connection: Connection, group: _Group, chosen: _Helper, now: datetime) -> None:
    """What was done; a coordinator asked after a correspondent does not take their place that week."""
    after = group.asked is Role.CORRESPONDANT and chosen.mandate.role is Role.COORDINATEUR
    still = group.put_at is not None and now < group.put_at + A_WEEK
    asked = (group.put_to, group.put_at) if after and still else (chosen.mandate.id, now)
    row = reports_table.c
    of_group = (row.initiative_id == group.key[0], row.reason == group.key[1], row.settled_at.is_(None))
    values = {"times_put": group.times_put + 1, "put_to": asked[0], "put_at": asked[1]}
    connection.execute(update(reports_table).where(*of_group).values(values))


def _letter(group: _Group, chosen: _Helper, now: datetime) -> Letter:
    zone = zone_of(group.reported.entry.departement)
    reply = put_reply(group.reported, chosen.mandate.role, now.astimezone(PARIS))
    key = f"signalement:{group.reported.id}:{group.times_put}"
    return Letter(*chosen.who, key, (reply,), now, now + A_WEEK, zone)


def tell(connection: Connection, now: datetime, composers: Composers) -> int:
    """Tells whoever wished it what became of their report, once; returns how many letters that makes.

    Who they are is dropped when their letter is known to be in the outbox: one that was lost is written again.
    """
    alone(connection)
    forget_the_told(connection)
    row = reports_table.c
    settled = (row.settled_at.is_not(None), row.to_be_told, row.channel.in_(list(composers)))
    rows = connection.execute(select(reports_table).where(*settled).order_by(row.id)).mappings().all()
    found = even_closed_by_id(connection, list({one["initiative_id"] for one in rows}))
    entries = {one.id: one for one in found}
    letters = []
    for one in rows:
        entry = entries[one["initiative_id"]]
        zone = zone_of(entry.departement)
        reply = outcome_reply(entry, Reason(one["reason"]), Outcome(one["outcome"]))
        leaves = planning.after_the_night(now, zone)
        who = one["channel"], one["person"]
        letters.append(Letter(*who, _told_key(one["id"]), (reply,), leaves, leaves + A_WEEK, zone))
    post(connection, composers, letters)
    return len(letters)


def _told_key(report_id: int) -> str:
    return f"signalement-suite:{report_id}"


def forget_the_told(connection: Connection) -> None:
    """Drops who reported, of those whose letter is in the outbox or has left it. Before old messages are forgotten."""
    row = reports_table.c
    waiting = select(row.id).where(row.settled_at.is_not(None), row.to_be_told)
    keys = {_told_key(id_): id_ for id_ in connection.scalars(waiting)}
    for key in states(connection, keys):
        reports.forget_told(connection, keys[key])
