"""What is proposed for the needs and the kinds of the guide: the words, the role, the territory, and nobody's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from catalogue import roles
from catalogue.entries import Mandate, Proposal
from catalogue.initiatives import even_closed_by_id
from catalogue.intercommunalities import meet
from catalogue.needs import Role
from catalogue.reviews import SPEAKS_AS
from catalogue.roles import Who
from catalogue.tables import proposals

MOST_A_DAY = 5
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Proposals:
    """Answers `handlers.proposing.Proposals` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def may_propose(self) -> bool:
        """Whether the person has a role."""
        return bool(roles.held_by(self.connection, self.who))

    def too_many(self) -> bool:
        """Whether as much was proposed today as may be in that role, from that territory."""
        return _too_many(self.connection, roles.held_by(self.connection, self.who), self.now)

    def may_read(self) -> bool:
        """Whether the person is a coordinator."""
        return bool(self._coordinated())

    def to_read(self) -> list[Proposal]:
        """What nobody settled yet and comes from the territories the person coordinates, the oldest first.

        What comes from no territory is everybody's to read.
        """
        if not self.may_read():
            return []
        codes = {code for mandate in self._coordinated() for code in mandate.codes}
        return [one for one in unsettled(self.connection) if not one.codes or meet(one.codes, codes)]

    def _coordinated(self) -> list[Mandate]:
        return [one for one in roles.held_by(self.connection, self.who) if one.role is Role.COORDINATEUR]


def propose(connection: Connection, who: Who, words: str, now: datetime) -> bool:
    """Keeps what somebody proposes. False when they have no role, or five came today: nothing is then written."""
    theirs = roles.held_by(connection, who)
    if not theirs or _too_many(connection, theirs, now):
        return False
    row = {"words": words, "codes": _codes(connection, theirs), "role": _role(theirs).value, "at": now}
    connection.execute(insert(proposals), row)
    return True


def unsettled(connection: Connection) -> list[Proposal]:
    """What nobody settled yet, the oldest first."""
    waits = select(proposals).where(proposals.c.settled_at.is_(None)).order_by(proposals.c.at, proposals.c.id)
    return [Proposal(row.id, row.words, tuple(row.codes), Role(row.role), row.at) for row in connection.execute(waits)]


def settle(connection: Connection, proposal_id: int, now: datetime) -> bool:
    """Says that a proposal was dealt with; False when there is none of that number that waits."""
    waits = (proposals.c.id == proposal_id, proposals.c.settled_at.is_(None))
    return connection.execute(update(proposals).where(*waits).values(settled_at=now)).rowcount > 0


def _too_many(connection: Connection, theirs: Sequence[Mandate], now: datetime) -> bool:
    """Nobody's name is kept: what comes in the same role from the same territory is counted together."""
    if not theirs:
        return False
    codes, role = _codes(connection, theirs), _role(theirs)
    lately = select(proposals.c.codes).where(proposals.c.role == role.value, proposals.c.at > now - A_DAY)
    return list(connection.scalars(lately)).count(codes) >= MOST_A_DAY


def _role(theirs: Sequence[Mandate]) -> Role:
    return min((mandate.role for mandate in theirs), key=SPEAKS_AS.index)


def _codes(connection: Connection, theirs: Sequence[Mandate]) -> list[str]:
    """The territory of somebody's roles, and where what they run is."""
    run = even_closed_by_id(connection, [id_ for mandate in theirs for id_ in mandate.initiatives])
    places = {entry.code_insee or entry.departement for entry in run}
    return sorted({code for mandate in theirs for code in mandate.codes} | {code for code in places if code})
