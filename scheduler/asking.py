"""« Maintenu ? »: two days before a date, whoever organises it or looks after its commune is asked, one at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, func, insert, or_, select, update

from catalogue import events, roles
from catalogue.entries import Mandate, Occurrence
from catalogue.events import Key
from catalogue.hours import zone_of
from catalogue.needs import EventStatus, Role, Settled
from catalogue.tables import askings, occurrences, reminders, runs
from catalogue.tables import events as events_table
from catalogue.tables import roles as roles_table
from handlers import planning
from handlers.asking import question_reply
from scheduler import rounds
from scheduler.letters import Composers, Letter, alone, post, states
from scheduler.reminders import Who, begins_at

AHEAD = timedelta(days=2)
TOO_LATE = timedelta(hours=1)  # before it begins, nobody could be told in time
SILENCE = timedelta(hours=24)  # then somebody else is asked


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that was put to somebody."""

    role_id: int
    at: datetime
    answer: Settled | None


def ask(connection: Connection, now: datetime, composers: Composers) -> int:
    """Asks whether the dates of the two days to come will take place; returns how many questions were put.

    Organisers first, all of them; then, after a day of silence, the correspondents of the commune one after the other,
    the one who has most questions left first, and none beyond their weekly budget. Never at night.
    """
    alone(connection)
    dates = _to_settle(connection, now)
    people = roles.answerable(connection, {date.event.id: date.event for date in dates}.values())
    asked = _asked(connection, [_key(date) for date in dates])
    free = _free(connection, people, now)
    letters = []
    for date in dates:
        if planning.is_night(now, zone_of(date.event.departement)):
            continue
        for who, mandate in _next(date, people, asked.get(_key(date), []), free, now, composers):
            free[mandate.id] -= 1
            _note(connection, mandate, date, now)
            letters.append(_letter(who, mandate, date, now))
    letters += _lost(connection, dates, people, asked, now, composers)
    post(connection, composers, letters)
    return len(letters)


def _key(date: Occurrence) -> Key:
    return date.event.id, date.original_at


def _to_settle(connection: Connection, now: datetime) -> list[Occurrence]:
    """The dates to come soon that nobody confirmed or cancelled, where somebody can be asked; most waited for first."""
    waited = (
        select(func.count())
        .select_from(reminders)
        .where(reminders.c.event_id == occurrences.c.event_id, reminders.c.original_at == occurrences.c.original_at)
        .scalar_subquery()
    )
    looked_after = roles.looked_after(connection, events_table.c.code_insee, events_table.c.departement)
    run = select(runs.c.role_id).where(runs.c.initiative_id == events_table.c.initiative_id)
    soon = and_(occurrences.c.starts_at > now + TOO_LATE, occurrences.c.starts_at <= now + AHEAD)
    stands = and_(
        occurrences.c.status != EventStatus.CANCELLED.value,
        events_table.c.status != EventStatus.CANCELLED.value,
        events_table.c.vanished_at.is_(None),
    )
    found: Select[tuple[int, datetime]] = (
        select(occurrences.c.event_id, occurrences.c.original_at)
        .join(events_table, events_table.c.id == occurrences.c.event_id)
        .where(soon, occurrences.c.confirmed_at.is_(None), stands, or_(looked_after, run.exists()))
        .order_by(waited.desc(), occurrences.c.starts_at, occurrences.c.event_id)
    )
    keys = [(row.event_id, row.original_at) for row in connection.execute(found)]
    known = events.occurrences(connection, keys)
    return [known[key] for key in keys]


def _asked(connection: Connection, keys: Sequence[Key]) -> dict[Key, list[_Asked]]:
    found: dict[Key, list[_Asked]] = {}
    ids = {event_id for event_id, _ in keys}
    for row in connection.execute(select(askings).where(askings.c.event_id.in_(ids))):
        one = _Asked(row.role_id, row.asked_at, Settled.of(row.answer or ""))
        found.setdefault((row.event_id, row.original_at), []).append(one)
    return found


def _free(connection: Connection, people: Mapping[Who, Sequence[Mandate]], now: datetime) -> Counter[int]:
    """How many questions each role may still be put this week, with those of « Toujours vrai ? »; 0 for who is away."""
    ids = [mandate.id for theirs in people.values() for mandate in theirs]
    askers = [one for one in rounds.askers(connection, roles_table.c.id.in_(ids)) if not one.is_away(now)]
    return rounds.left(connection, askers, rounds.week_before(now), now)


def _next(
    date: Occurrence,
    people: Mapping[Who, Sequence[Mandate]],
    asked: Sequence[_Asked],
    free: Mapping[int, int],
    now: datetime,
    composers: Composers,
) -> list[tuple[Who, Mandate]]:
    """Whom to ask now of a date: [] while an answer may come, and when there is nobody left."""
    before = {one.role_id for one in asked}
    able = [
        (who, mandate)
        for who, theirs in people.items()
        for mandate in theirs
        if who[0] in composers and mandate.id not in before and roles.covers(mandate, date.event)
    ]
    organisers = [one for one in able if one[1].role is Role.ORGANISATEUR]
    if organisers:
        return organisers
    if any(one.answer is None and now < one.at + SILENCE for one in asked):
        return []
    correspondents = [one for one in able if one[1].role is Role.CORRESPONDANT and free.get(one[1].id, 0) > 0]
    return sorted(correspondents, key=lambda one: (-free[one[1].id], one[1].id))[:1]


def _note(connection: Connection, mandate: Mandate, date: Occurrence, now: datetime) -> None:
    row = {"role_id": mandate.id, "event_id": date.event.id, "original_at": date.original_at, "asked_at": now}
    connection.execute(insert(askings), row)


def _letter(who: Who, mandate: Mandate, date: Occurrence, now: datetime) -> Letter:
    zone = zone_of(date.event.departement)
    return Letter(*who, _letter_key(mandate.id, date), (question_reply(date, now),), now, begins_at(date), zone)


def _letter_key(role_id: int, date: Occurrence) -> str:
    return f"maintenu:{role_id}:{date.event.id}:{int(date.original_at.timestamp())}"


def _lost(
    connection: Connection,
    dates: Sequence[Occurrence],
    people: Mapping[Who, Sequence[Mandate]],
    asked: Mapping[Key, Sequence[_Asked]],
    now: datetime,
    composers: Composers,
) -> list[Letter]:
    """The questions of the last day that are in the outbox no more, and were never answered: put again."""
    reachable = {mandate.id: (who, mandate) for who, theirs in people.items() for mandate in theirs}
    wanted = {
        _letter_key(one.role_id, date): (date, *reachable[one.role_id])
        for date in dates
        for one in asked.get(_key(date), ())
        if one.answer is None and now < one.at + SILENCE and one.role_id in reachable
    }
    there = states(connection, wanted)
    return [
        _letter(who, mandate, date, now)
        for key, (date, who, mandate) in wanted.items()
        if key not in there and who[0] in composers
    ]


def answer(connection: Connection, who: Who, key: Key, said: Settled, now: datetime) -> bool:
    """Notes what somebody answers of a date. False when it is not theirs to say, or too late: nothing is then written.

    What was cancelled here by mistake is brought back by "oui"; what its calendar cancelled is not.
    """
    date = events.occurrence(connection, *key)
    role = roles.may_settle(connection, who, date.event) if date else None
    if date is None or role is None or not _apply(connection, date, said, role, now):
        return False
    theirs = [mandate.id for mandate in roles.held_by(connection, who)]
    of_date = and_(askings.c.event_id == key[0], askings.c.original_at == key[1])
    if (
        said is Settled.OUI
    ):  # a cancellation that was a mistake is withdrawn: were its calendar to cancel it, it stays so
        cancelled = askings.c.answer == Settled.ANNULE.value
        connection.execute(update(askings).where(of_date, cancelled).values(answer=None))
    connection.execute(update(askings).where(of_date, askings.c.role_id.in_(theirs)).values(answer=said.value))
    return True


def _apply(connection: Connection, date: Occurrence, said: Settled, role: Role, now: datetime) -> bool:
    key = _key(date)
    cancelled = date.status is EventStatus.CANCELLED
    if cancelled and not was_cancelled_here(connection, key):
        return False
    if said is Settled.NE_SAIS_PAS:
        return True
    if said is Settled.ANNULE:
        return events.set_status(connection, *key, EventStatus.CANCELLED, now)
    if cancelled:
        stands = EventStatus.PLANNED if date.starts_at == date.original_at else EventStatus.MOVED
        events.set_status(connection, *key, stands, now)
    return events.confirm(connection, *key, role.value, now)


def was_cancelled_here(connection: Connection, key: Key) -> bool:
    """Whether a date was cancelled by somebody who was asked, and not by its calendar."""
    said = askings.c.answer == Settled.ANNULE.value
    of_date = (askings.c.event_id == key[0], askings.c.original_at == key[1])
    return connection.scalar(select(func.count()).select_from(askings).where(*of_date, said)) != 0
