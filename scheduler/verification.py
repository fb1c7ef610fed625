"""« Toujours vrai ? »: what becomes of the questions put to those who look after entries, and what they answer.

Whom, when and of which entries: scheduler.rounds. Nobody is told that an entry was not verified: it says by itself how
old its confirmation is (handlers.cards.provenance).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from catalogue import photos, views
from catalogue.entries import Initiative
from catalogue.hours import PARIS
from catalogue.initiatives import Author, change_initiative, even_closed_by_id, initiatives_by_id
from catalogue.needs import Method, Role, Status, Verdict
from catalogue.roles import Who, codes_over, covers_entry, held_by
from catalogue.tables import checks, mandates, roles
from handlers import planning
from handlers.checking import FIRST_HOUR, LAST_HOUR, MOST, Opened, Question, passed_reply, round_reply
from handlers.dialogue import Reply
from handlers.effects import Arrange
from scheduler import rounds
from scheduler.letters import REMEMBERED, Composers, Letter, alone, clear, post, states
from scheduler.rounds import IS_LAST, Asker, Put, is_recent, is_waiting

LATER = timedelta(days=2)  # "plus tard"
MISTAKE = timedelta(hours=1)  # in which what was closed can be taken back
REST = timedelta(days=1)  # after a correction, in which the rest of the entry can be confirmed
LETTER_LASTS = timedelta(days=6)  # then it is put again
ASKED_LATELY = timedelta(days=60)  # whoever was asked of an entry is not asked of it again in somebody else's stead
MOST_LETTERS = 50  # in one transaction, which others wait for; the next tick goes on
_CANNOT_SAY = (Verdict.NE_SAIS_PAS.value, Verdict.PAS_POUR_MOI.value)


# Put.


def ask(connection: Connection, now: datetime, composers: Composers) -> int:
    """Writes to the correspondents whose day and hour have come; returns how many letters were written.

    What others could not answer comes first, then what is most worth asking; what waits is put again with it. A
    question whose letter was lost is put again too. Never at night.
    """
    alone(connection)
    letters = _lost(connection, now, composers)
    due = rounds.due(connection, now, composers)
    passing = _to_pass(connection, now) if due else []
    for asker in due:
        chosen = _chosen(connection, asker, passing, now)
        passing = [one for one in passing if one.entry.id not in chosen]
        letters += _round(connection, asker, chosen, now)
        if len(letters) >= MOST_LETTERS:
            break
    post(connection, composers, letters)
    return len(letters)


def _chosen(connection: Connection, asker: Asker, passing: Sequence[Put], now: datetime) -> list[int]:
    """The entries to put to a correspondent in their round, as many as they have questions left."""
    since = rounds.week_before(rounds.round_at(asker, now))
    free = max(0, rounds.left(connection, [asker], since, now)[asker.mandate.id])
    theirs = [one for one in passing if covers_entry(asker.mandate, one.entry)] if free else []
    heard = _heard(connection, theirs, now) if theirs else set()
    chosen = [one.entry.id for one in theirs if (one.entry.id, asker.who) not in heard]
    chosen += [id_ for id_ in rounds.worth_asking(connection, asker, free, now) if id_ not in chosen]
    return chosen[:free]


def _round(connection: Connection, asker: Asker, chosen: Sequence[int], now: datetime) -> list[Letter]:
    again = [one.id for one in _again(connection, asker, now)]
    new = rounds.put(connection, asker, initiatives_by_id(connection, chosen), now)
    if not new and not again:
        return []
    waiting = rounds.waiting(connection, [asker.mandate], now)
    reply = round_reply(waiting[0].question, len(new), len(waiting) - len(new), now.astimezone(PARIS))
    return [_letter(asker, reply, min([*new, *again]), now, now)]


def _letter(asker: Asker, reply: Reply, first: int, put_at: datetime, now: datetime) -> Letter:
    return Letter(*asker.who, _letter_key(first, put_at), (reply,), now, now + LETTER_LASTS, asker.zone)


def _letter_key(first: int, put_at: datetime) -> str:
    """Of a letter: the smallest number of the questions it is about, and when they were put, or put again."""
    return f"verifier:{first}:{int(put_at.timestamp())}"


def _lost(connection: Connection, now: datetime, composers: Composers) -> list[Letter]:
    """The letters of the last day that are in the outbox no more, and to which nothing was answered: written again."""
    at = func.coalesce(checks.c.reminded_at, checks.c.asked_at, type_=checks.c.asked_at.type)
    columns = checks.c.id, checks.c.role_id, checks.c.answered_at, checks.c.again_at, at.label("at")
    lately = (
        select(*columns)
        .where(is_recent(now), checks.c.role_id.is_not(None), at > now - REMEMBERED)
        .order_by(checks.c.id)
    )
    together: dict[tuple[int, datetime], list[Any]] = {}
    for row in connection.execute(lately):
        together.setdefault((row.role_id, row.at), []).append(row)
    keys = {
        _letter_key(rows[0].id, put_at): (role_id, rows[0].id, put_at)
        for (role_id, put_at), rows in together.items()
        if not any(row.answered_at or row.again_at for row in rows)
    }
    there = states(connection, keys)
    lost = {key: found for key, found in keys.items() if key not in there}
    clear(connection, lost)
    return _written_again(connection, list(lost.values()), now, composers)


def _written_again(
    connection: Connection, lost: Sequence[tuple[int, int, datetime]], now: datetime, composers: Composers
) -> list[Letter]:
    found = rounds.askers(connection, roles.c.id.in_({role_id for role_id, _first, _put_at in lost}))
    askers = {asker.mandate.id: asker for asker in found if rounds.can_be_asked(asker, now, composers)}
    letters = []
    for role_id, first, put_at in lost:
        waiting = rounds.waiting(connection, [askers[role_id].mandate], now) if role_id in askers else []
        if waiting:
            reply = round_reply(waiting[0].question, 0, len(waiting), now.astimezone(PARIS))
            letters.append(_letter(askers[role_id], reply, first, put_at, now))
    return letters


# Silence.


def break_silence(connection: Connection, now: datetime, composers: Composers) -> int:
    """Puts again, once, what nobody answered; then puts it to somebody else. Returns how many letters were written.

    What waits for a week, or was put off until now, is put again to the same person. A week later, or when they said
    that they do not know, that it is not for them, or have their role no more, it is put to another correspondent who
    has questions left this week; when no other is there, to the coordinator. Never at night.
    """
    alone(connection)
    letters = [*_put_again(connection, now, composers), *_pass_on(connection, now, composers)]
    post(connection, composers, letters)
    return len(letters)


def _put_again(connection: Connection, now: datetime, composers: Composers) -> list[Letter]:
    to_put = select(checks.c.role_id).where(is_waiting(now), _to_put_again(now))
    letters = []
    for asker in rounds.askers(connection, roles.c.id.in_(to_put)):
        again = _again(connection, asker, now) if rounds.can_be_asked(asker, now, composers) else []
        if again:
            reply = round_reply(again[0].question, 0, len(again), now.astimezone(PARIS))
            letters.append(_letter(asker, reply, again[0].id, now, now))
        if len(letters) >= MOST_LETTERS:
            break
    return letters


def _to_put_again(now: datetime) -> ColumnElement[bool]:
    """Of a question that waits: whether it was put off until now, or left for a week, the hour they chose included."""
    week, hour = rounds.week_before(now), now.astimezone(PARIS).hour
    at_this_hour = checks.c.role_id.in_(select(roles.c.id).where(roles.c.hour <= hour))
    left = or_(checks.c.asked_at < week - rounds.A_DAY, and_(checks.c.asked_at < week, at_this_hour))
    return or_(checks.c.again_at <= now, and_(checks.c.again_at.is_(None), checks.c.reminded_at.is_(None), left))


def _again(connection: Connection, asker: Asker, now: datetime) -> list[Put]:
    """What is put to them again now; it is noted that it is."""
    found = rounds.puts(connection, checks.c.role_id == asker.mandate.id, is_waiting(now), _to_put_again(now))
    again = [one for one in found if covers_entry(asker.mandate, one.entry)]
    if again:
        put_again = update(checks).where(checks.c.id.in_([one.id for one in again]))
        connection.execute(put_again.values(reminded_at=now, again_at=None))
    return again


def _pass_on(connection: Connection, now: datetime, composers: Composers) -> list[Letter]:
    passing = _to_pass(connection, now)
    if not passing:
        return []
    codes = codes_over(one.entry for one in passing)
    there = roles.c.id.in_(select(mandates.c.role_id).where(mandates.c.code.in_(codes)))
    found = rounds.askers(connection, roles.c.role.in_((Role.CORRESPONDANT.value, Role.COORDINATEUR.value)), there)
    able = [asker for asker in found if asker.who[0] in composers and not asker.is_away(now)]
    free = rounds.left(connection, able, rounds.week_before(now), now)
    heard = _heard(connection, passing, now)
    silent = {one.role_id for one in passing if not one.answered}
    given: dict[Asker, list[Initiative]] = {}
    for one in passing:
        others = [asker for asker in able if asker.mandate.id not in silent and (one.entry.id, asker.who) not in heard]
        taker = _taker(one.entry, others, free)
        if taker and not planning.is_night(now, taker.zone):
            free[taker.mandate.id] -= 1
            given.setdefault(taker, []).append(one.entry)
    return [_passed(connection, taker, entries, now) for taker, entries in given.items()]


def _taker(entry: Initiative, others: Sequence[Asker], free: Mapping[int, int]) -> Asker | None:
    """Who is asked next: of the correspondents, who has most questions left; the coordinator when there is none.

    One who has no question left takes it with their next round: nobody else is disturbed.
    """
    able = [asker for asker in others if covers_entry(asker.mandate, entry)]
    among = [asker for asker in able if asker.mandate.role is Role.CORRESPONDANT] or able
    rested = [asker for asker in among if free[asker.mandate.id] > 0]
    return max(rested, key=lambda asker: (free[asker.mandate.id], -asker.mandate.id), default=None)


def _passed(connection: Connection, taker: Asker, entries: Sequence[Initiative], now: datetime) -> Letter:
    ids = rounds.put(connection, taker, entries, now)
    first = Question(ids[0], entries[0], bool(photos.having(connection, [entries[0].id])))
    return _letter(taker, passed_reply(first, len(ids), now.astimezone(PARIS)), ids[0], now, now)


def _to_pass(connection: Connection, now: datetime) -> list[Put]:
    """The questions that somebody else is to be asked. A coordinator is the last to be."""
    week = rounds.week_before(now)
    away = select(roles.c.id).where(roles.c.paused_until >= rounds.today(now))
    waited = and_(checks.c.again_at.is_(None), or_(checks.c.reminded_at < week, checks.c.role_id.in_(away)))
    silent = and_(checks.c.answered_at.is_(None), checks.c.asked_at < week, waited)
    has_left = and_(checks.c.answered_at.is_(None), checks.c.role_id.is_(None))
    lately = is_recent(now), checks.c.role == Role.CORRESPONDANT.value, IS_LAST
    return rounds.puts(connection, *lately, or_(checks.c.answer.in_(_CANNOT_SAY), silent, has_left))


def _heard(connection: Connection, passing: Sequence[Put], now: datetime) -> set[tuple[int, Who]]:
    """Who was asked lately of these entries, or never wants to be."""
    lately = or_(checks.c.asked_at > now - ASKED_LATELY, checks.c.answer == Verdict.PAS_POUR_MOI.value)
    asked = select(checks.c.initiative_id, roles.c.channel, roles.c.person).join(roles, roles.c.id == checks.c.role_id)
    rows = connection.execute(asked.where(checks.c.initiative_id.in_([one.entry.id for one in passing]), lately))
    return {(id_, (channel, person)) for id_, channel, person in rows}


# Answered.


def answer(
    connection: Connection, who: Who, check_id: int, verdict: Verdict, method: Method | None, now: datetime
) -> bool:
    """Notes what somebody answers. False when the question is not theirs, or no longer: nothing is then written.

    "oui" confirms the entry, "ferme" closes it; what was closed less than an hour ago is taken back by "plus-tard".
    """
    found = _theirs(connection, who, check_id)
    if found is None or not (found.is_open(now) or (verdict is Verdict.PLUS_TARD and found.was_just_closed(now))):
        return False
    author = Author(found.role.value, method or Method.BOT)
    if values := _values(found, verdict, author, now):
        change_initiative(connection, found.entry.id, values, author, now)
    noted: dict[str, Any] = {"answered_at": now, "answer": verdict.value, "method": method.value if method else None}
    if found.answer is Verdict.CORRIGER and verdict is Verdict.OUI:
        noted["answer"] = Verdict.CORRIGER.value  # something had changed: that it is now true says nothing else
    if verdict is Verdict.PLUS_TARD:
        noted = {"answered_at": None, "answer": None, "method": None, "again_at": now + LATER}
    connection.execute(update(checks).where(checks.c.id == check_id).values(noted))
    return True


def _values(found: "_Found", verdict: Verdict, author: Author, now: datetime) -> dict[str, Any]:
    """What an answer changes of an entry."""
    if verdict is Verdict.OUI:
        verified = {"verified_at": rounds.today(now), "verified_method": author.method.value}
        return {**verified, "verified_role": author.role, "verified_by_year": False}
    if verdict is Verdict.FERME:
        return {"status": Status.CLOSED.value}
    return {"status": Status.ACTIVE.value} if found.was_just_closed(now) else {}


@dataclass(frozen=True, slots=True)
class _Found:
    """A question that is somebody's, whatever was answered."""

    role: Role
    role_id: int
    entry: Initiative
    answer: Verdict | None
    answered_at: datetime | None
    is_shown: bool

    def is_open(self, now: datetime) -> bool:
        """Whether it may be answered; once corrected, the rest may still be confirmed for a while."""
        corrected = self.answer is Verdict.CORRIGER and self.answered_at and now < self.answered_at + REST
        return self.is_shown and (self.answered_at is None or bool(corrected))

    def was_just_closed(self, now: datetime) -> bool:
        """Whether they said that it is closed, and may still take it back."""
        closed = self.answer is Verdict.FERME and self.entry.status is Status.CLOSED
        return closed and self.answered_at is not None and now < self.answered_at + MISTAKE


def _theirs(connection: Connection, who: Who, check_id: int) -> _Found | None:
    """A question put to somebody in a role they still have, which covers the entry, and not passed on since."""
    row = connection.execute(select(checks).where(checks.c.id == check_id, IS_LAST)).first()
    mandate = next((one for one in held_by(connection, who) if row and one.id == row.role_id), None)
    entry = next(iter(even_closed_by_id(connection, [row.initiative_id])), None) if row else None
    if row is None or mandate is None or entry is None or not covers_entry(mandate, entry):
        return None
    is_shown = bool(initiatives_by_id(connection, [entry.id]))
    said = Verdict.of(row.answer or "")
    return _Found(mandate.role, mandate.id, entry, said, row.answered_at, is_shown)


@dataclass(frozen=True, slots=True)
class Checks:
    """Answers `handlers.checking.Checks` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def question(self, check_id: int) -> Question | None:
        found = _theirs(self.connection, self.who, check_id)
        return Question(check_id, found.entry) if found and found.is_open(self.now) else None

    def waiting(self) -> list[Question]:
        mandates_ = held_by(self.connection, self.who)
        return [one.question for one in rounds.waiting(self.connection, mandates_, self.now)]

    def closed(self, check_id: int) -> Question | None:
        found = _theirs(self.connection, self.who, check_id)
        return Question(check_id, found.entry) if found and found.was_just_closed(self.now) else None

    def opened(self, question: Question) -> Opened | None:
        found, entry = _theirs(self.connection, self.who, question.id), question.entry
        said = and_(checks.c.initiative_id == entry.id, checks.c.answer == Verdict.OUI.value)
        theirs = checks.c.role_id == found.role_id if found else checks.c.id < 0
        last: datetime | None = self.connection.scalar(select(func.max(checks.c.answered_at)).where(said, theirs))
        by_a_person = entry.verified_at if entry.verified_method not in (None, Method.IMPORT) else None
        since = rounds.today(last) if last else by_a_person
        people = views.people_since(self.connection, entry.id, since) if since else None
        return Opened(people, last is not None) if people else None

    def arranged(self) -> Arrange | None:
        columns = roles.c.id, roles.c.weekly_budget, roles.c.weekday, roles.c.hour, roles.c.paused_until
        row = self.connection.execute(select(*columns).where(_correspondent(self.who))).first()
        return Arrange(*row) if row else None


def arrange(connection: Connection, who: Who, wanted: Arrange) -> bool:
    """Changes when, and how much, somebody is asked; False for a role that is not theirs, or what cannot be."""
    if not (1 <= wanted.weekly_budget <= MOST and 0 <= wanted.weekday < 7 and FIRST_HOUR <= wanted.hour <= LAST_HOUR):
        return False
    values = {name: getattr(wanted, name) for name in ("weekly_budget", "weekday", "hour", "paused_until")}
    changed = update(roles).where(_correspondent(who), roles.c.id == wanted.role_id).values(values)
    return connection.execute(changed).rowcount == 1


def _correspondent(who: Who) -> ColumnElement[bool]:
    theirs = and_(roles.c.channel == who[0], roles.c.person == who[1])
    return and_(theirs, roles.c.role == Role.CORRESPONDANT.value)
