"""« Signaler une erreur »: what people say of an entry, who settles it, and what its card shows until then.

Who said it is kept only to count each person once and, if they wish it, to tell them what becomes of it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from catalogue import roles
from catalogue.entries import Initiative, Reported
from catalogue.hours import PARIS
from catalogue.initiatives import Author, change_initiative, even_closed_by_id, initiatives_by_id
from catalogue.needs import Method, Outcome, Reason, Role, Status
from catalogue.roles import Who
from catalogue.tables import initiatives, reports, warnings

MOST_A_DAY = 10  # reports by one person
ENOUGH = 3  # people who say the same of an entry: its card says so at once
A_DAY = timedelta(days=1)
# How people were received is what one person lived: the coordinator hears of it, and no card accuses anybody.
SHOWN = tuple(reason for reason in Reason if reason is not Reason.ACCUEIL)
_WIDEST_FIRST = (Role.COORDINATEUR, Role.CORRESPONDANT, Role.ORGANISATEUR, Role.TRAVAILLEUR_SOCIAL)
_INSERT: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_OPEN = reports.c.settled_at.is_(None)


@dataclass(frozen=True, slots=True)
class Reports:
    """Answers `handlers.reporting.Reports` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def has_said_enough(self) -> bool:
        return has_said_enough(self.connection, self.who, self.now)

    def may_correct(self, entry: Initiative) -> bool:
        return roles.answers_for(self.connection, self.who, entry) is not None

    def to_settle(self, report_id: int) -> tuple[Reported, Role] | None:
        return to_settle(self.connection, self.who, report_id)

    def names(self) -> list[str]:
        of_entry = initiatives.c.id == reports.c.initiative_id
        named = select(initiatives.c.nom).join(reports, of_entry).where(_by(self.who)).order_by(reports.c.id)
        return list(dict.fromkeys(self.connection.scalars(named)))


def has_said_enough(connection: Connection, who: Who, now: datetime) -> bool:
    """Whether somebody reported ten things in a day: the next ones wait until tomorrow."""
    lately = select(func.count()).select_from(reports).where(_by(who), reports.c.at > now - A_DAY)
    return (connection.scalar(lately) or 0) >= MOST_A_DAY


def report(
    connection: Connection, who: Who, initiative_id: int, reason: Reason, words: str, to_be_told: bool, now: datetime
) -> bool:
    """Notes what somebody says of an entry; again for the same reason, only their words change.

    False, and nothing is written, when the entry is not shown, or when they have said enough in a day. The third
    person who says the same puts it on the card.
    """
    _lock(connection, initiative_id)
    if not initiatives_by_id(connection, [initiative_id]) or has_said_enough(connection, who, now):
        return False
    said = {"to_be_told": to_be_told} | ({"words": words} if words else {})
    if not connection.execute(update(reports).where(_open_on(initiative_id, reason), _by(who)).values(said)).rowcount:
        row = {"initiative_id": initiative_id, "reason": reason.value, "words": None, "at": now, "times_put": 0}
        by = {"channel": who[0], "person": who[1], "by_role": _role_of(connection, who)}
        connection.execute(insert(reports).values({**row, **by, **said}))
    _warn(connection, initiative_id, now)
    return True


def to_settle(connection: Connection, who: Who, report_id: int) -> tuple[Reported, Role] | None:
    """What a report is about with the others of the same reason, and the role in which somebody may settle them.

    None when it is settled already or not theirs to settle: it is a correspondent's or a coordinator's of the place,
    who does not run it. What one said oneself, and how people were received, only a coordinator settles.
    """
    first = connection.execute(select(reports).where(reports.c.id == report_id, _OPEN)).mappings().first()
    entry = next(iter(even_closed_by_id(connection, [first["initiative_id"]] if first else [])), None)
    if first is None or entry is None or entry.status is Status.CLOSED:
        return None
    alike = _open_on(entry.id, Reason(first["reason"]))
    rows = connection.execute(select(reports).where(alike).order_by(reports.c.id)).mappings().all()
    mandate = roles.answers_for(connection, who, entry)
    if mandate is None or mandate.role is Role.ORGANISATEUR or roles.runs_it(connection, who, entry.id):
        return None
    if mandate.role is not Role.COORDINATEUR and (first["reason"] == Reason.ACCUEIL or who in people_of(rows)):
        return None
    return gathered(entry, rows), mandate.role


def gathered(entry: Initiative, rows: Sequence[RowMapping]) -> Reported:
    """Open reports of one entry for one reason, as one."""
    words = tuple(row["words"] for row in rows if row["words"])
    return Reported(rows[0]["id"], entry, Reason(rows[0]["reason"]), words, max(1, len(people_of(rows))))


def people_of(rows: Iterable[RowMapping]) -> frozenset[Who]:
    """Who made reports; whoever had all they gave erased is not among them."""
    return frozenset((row["channel"], row["person"]) for row in rows if row["person"] is not None)


def settle(connection: Connection, who: Who, report_id: int, outcome: Outcome, now: datetime) -> int:
    """Ends a report and the others of the same reason, in a role that is read here; returns how many.

    0 when it is not theirs to settle. What a correspondent hands on is not ended: it goes to a coordinator.
    """
    _lock(connection, connection.scalar(select(reports.c.initiative_id).where(reports.c.id == report_id)) or 0)
    found = to_settle(connection, who, report_id)
    if found is None:
        return 0
    reported, role = found
    alike = _open_on(reported.entry.id, reported.reason)
    if outcome is Outcome.TRANSMIS and role is not Role.COORDINATEUR:
        handed_on = {"outcome": outcome.value, "settled_role": role.value}
        return connection.execute(update(reports).where(alike).values(handed_on)).rowcount
    values = _learnt(reported.reason, outcome, role, now)
    if values:
        change_initiative(connection, reported.entry.id, values, Author(role.value, Method.BOT), now)
    settled = _end(connection, alike, outcome, role, now)
    _warn(connection, reported.entry.id, now)
    return settled


def _learnt(reason: Reason, outcome: Outcome, role: Role, now: datetime) -> dict[str, object]:
    """What an outcome says of the entry itself."""
    if outcome is Outcome.FERME:
        return {"status": Status.CLOSED.value}
    if outcome is Outcome.JUSTE and reason is not Reason.ACCUEIL:
        verified = {"verified_method": Method.BOT.value, "verified_role": role.value, "verified_by_year": False}
        return {"verified_at": now.astimezone(PARIS).date(), **verified}
    return {}


def settle_the_closed(connection: Connection, now: datetime) -> int:
    """Ends what was reported of entries that were closed since, however that was said; returns how many."""
    of_entry = initiatives.c.id == reports.c.initiative_id
    closed = select(initiatives.c.id).where(of_entry, initiatives.c.status == Status.CLOSED.value).exists()
    return _end(connection, and_(_OPEN, closed), Outcome.FERME, None, now)


def follow_the_merged(connection: Connection) -> None:
    """What was reported of an entry that was said to be the same place as another is reported of that one."""
    of_entry = initiatives.c.id == reports.c.initiative_id
    other = select(initiatives.c.merged_into).where(of_entry, initiatives.c.merged_into.is_not(None))
    moved = update(reports).where(_OPEN, other.exists()).values(initiative_id=other.scalar_subquery())
    connection.execute(moved)


def _end(
    connection: Connection, wanted: ColumnElement[bool], outcome: Outcome, role: Role | None, now: datetime
) -> int:
    """Settles reports: what was written is dropped, and who wrote it, unless they are still to be told."""
    kept = {name: case((reports.c.to_be_told, reports.c[name])) for name in ("channel", "person")}
    ended = {"settled_at": now, "settled_role": role.value if role else None, "outcome": outcome.value, "words": None}
    settled = connection.execute(update(reports).where(wanted).values({**ended, **kept})).rowcount
    still = select(reports.c.id).where(
        _OPEN, reports.c.initiative_id == warnings.c.initiative_id, reports.c.reason == warnings.c.reason
    )
    connection.execute(delete(warnings).where(~still.exists()))
    return settled


def _warn(connection: Connection, initiative_id: int, now: datetime) -> None:
    """Puts on a card the gravest of what three people say of it; what is there stays until it is settled."""
    people = select(reports.c.reason, reports.c.channel, reports.c.person).where(
        _OPEN, reports.c.initiative_id == initiative_id, reports.c.person.is_not(None)
    )
    each = people.distinct().subquery()
    said = select(each.c.reason).group_by(each.c.reason).having(func.count() >= ENOUGH)
    often = set(connection.scalars(said))
    reason = next((one for one in SHOWN if one.value in often), None)
    if reason is None:
        return
    row = {"initiative_id": initiative_id, "reason": reason.value, "at": now}
    statement = _INSERT[connection.dialect.name](warnings).values(row)
    shown = {"reason": reason.value, "at": now}
    connection.execute(statement.on_conflict_do_update(index_elements=["initiative_id"], set_=shown))


# Who said it.


def forget_told(connection: Connection, report_id: int) -> None:
    """Drops who made a settled report: they were told what became of it."""
    _forget(connection, reports.c.id == report_id)


def forget(connection: Connection, who: Who) -> None:
    """Drops who made the reports of a person, who wants nothing to be kept of them. What they reported stays."""
    _forget(connection, _by(who))


def forget_before(connection: Connection, before: datetime) -> None:
    """Drops who made the reports older than an instant, settled or not."""
    _forget(connection, and_(reports.c.at <= before, reports.c.person.is_not(None)))


def stop_telling(connection: Connection, who: Who) -> None:
    """Tells a person nothing of what they reported."""
    _forget(connection, and_(_by(who), reports.c.settled_at.is_not(None)))
    connection.execute(update(reports).where(_by(who)).values(to_be_told=False))


def _forget(connection: Connection, wanted: ColumnElement[bool]) -> None:
    connection.execute(update(reports).where(wanted).values(channel=None, person=None, to_be_told=False))


# Rows.


def _lock(connection: Connection, initiative_id: int) -> None:
    """Of two people who report or settle at once on an entry, one waits: each third person is seen to be the third."""
    connection.execute(select(initiatives.c.id).where(initiatives.c.id == initiative_id).with_for_update())


def _open_on(initiative_id: int, reason: Reason) -> ColumnElement[bool]:
    return and_(_OPEN, reports.c.initiative_id == initiative_id, reports.c.reason == reason.value)


def _by(who: Who) -> ColumnElement[bool]:
    return and_(reports.c.channel == who[0], reports.c.person == who[1])


def _role_of(connection: Connection, who: Who) -> str | None:
    held = [mandate.role for mandate in roles.held_by(connection, who)]
    return min(held, key=_WIDEST_FIRST.index).value if held else None
