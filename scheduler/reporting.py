"""Reports, put to who can settle them: a correspondent of the place first, then a coordinator; and what became of them.

Reports of the same entry for the same reason go together. The correspondent who was asked stays written in `put_to`
for a week, even when a coordinator is asked after them: that is how it is taken off their weekly questions.
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
from catalogue.roles import Who, covers_entry, every_role, looked_after
from catalogue.tables import initiatives, roles
from catalogue.tables import reports as reports_table
from handlers import planning
from handlers.settling import outcome_reply, put_card, put_reply
from scheduler import rounds
from scheduler.letters import Composers, Letter, Put, alone, news, post_new, states

SILENCE = timedelta(days=4)  # of a correspondent: then a coordinator is asked
A_WEEK = timedelta(days=7)
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


def to_put(connection: Connection, now: datetime, composers: Composers) -> list[Put]:
    """What was reported, for who can settle it; it is noted that they are put it. Nothing at night.

    First a correspondent of the place, the one who has most questions left this week, who neither runs it nor said it;
    after four days of silence, or if they hand it on, a coordinator; then every week, three times in all. When no
    correspondent has a question left, it waits for them those four days, unless it is urgent. How people were received
    goes to a coordinator at once. With nobody there, it waits for whoever takes the territory.
    """
    reports.follow_the_merged(connection)
    reports.settle_the_closed(connection, now)
    groups = [group for group in _open(connection) if _is_due(group, now)]
    team = _team(connection, now, composers) if groups else []
    left = _left(connection, team, now)
    found = []
    for group in sorted(groups, key=lambda one: not one.urgent):
        zone = zone_of(group.reported.entry.departement)
        chosen = None if planning.is_night(now, zone) else _next(group, team, left, now)
        if chosen:
            left[chosen.mandate.id] -= 1
            _note(connection, group, chosen, now)
            found.append(Put(_letter(group, chosen, now), put_card(group.reported)))
    return found


def _open(connection: Connection) -> list[_Group]:
    """What waits to be settled where somebody may settle it, the oldest first."""
    entry = initiatives.c
    attended = looked_after(connection, entry.code_insee, entry.departement)
    rows = connection.execute(
        select(reports_table, roles.c.role.label("asked"))
        .join(initiatives, entry.id == reports_table.c.initiative_id)
        .outerjoin(roles, roles.c.id == reports_table.c.put_to)
        .where(reports_table.c.settled_at.is_(None), or_(attended, entry.departement.is_(None)))
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


def _left(connection: Connection, team: Iterable[_Helper], now: datetime) -> Counter[int]:
    """How many questions each role may still be put this week, whatever they are about."""
    askers = rounds.askers(connection, roles.c.id.in_([one.mandate.id for one in team]))
    return rounds.left(connection, askers, rounds.week_before(now), now)


def _next(group: _Group, team: Iterable[_Helper], left: Counter[int], now: datetime) -> _Helper | None:
    """Whom to ask now; None when it waits."""
    able = [one for one in team if _may_be_asked(one, group)]
    coordinators = [one for one in able if one.mandate.role is Role.COORDINATEUR]
    correspondents = [one for one in able if one.mandate.role is Role.CORRESPONDANT and not one.away]
    free = [one for one in correspondents if left[one.mandate.id] > 0]
    first = group.times_put == 0 and not group.handed_on
    if first and free:
        return _least_asked(free, left)
    if first and correspondents and not group.urgent and now < group.since + SILENCE:
        return None  # they have had their share of the week: it waits for them a little
    if coordinators:
        return _least_asked(coordinators, left)
    # Nobody coordinates: those of the place are asked again, a week later.
    again = group.put_at is not None and now >= group.put_at + A_WEEK
    return _least_asked(free, left) if free and again else None


def _may_be_asked(one: _Helper, group: _Group) -> bool:
    entry = group.reported.entry
    if not covers_entry(one.mandate, entry) or entry.id in one.runs:
        return False
    if group.times_put >= MOST_TIMES and (group.put_at is None or one.since <= group.put_at):
        return False  # whoever takes the territory after that has not seen it yet
    if one.mandate.role is Role.COORDINATEUR:
        return True
    return group.reported.reason is not Reason.ACCUEIL and one.who not in group.people


def _least_asked(people: Iterable[_Helper], left: Counter[int]) -> _Helper:
    return min(people, key=lambda one: (-left[one.mandate.id], one.mandate.id))


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
        reply = outcome_reply(entry, Reason(one["reason"]), Outcome(one["outcome"]))
        who = one["channel"], one["person"]
        letters.append(news(who, _told_key(one["id"]), reply, now, zone_of(entry.departement)))
    return post_new(connection, composers, letters)


def _told_key(report_id: int) -> str:
    return f"signalement-suite:{report_id}"


def forget_the_told(connection: Connection) -> None:
    """Drops who reported, of those whose letter is in the outbox or has left it. Before old messages are forgotten."""
    row = reports_table.c
    waiting = select(row.id).where(row.settled_at.is_not(None), row.to_be_told)
    keys = {_told_key(id_): id_ for id_ in connection.scalars(waiting)}
    for key in states(connection, keys):
        reports.forget_told(connection, keys[key])
