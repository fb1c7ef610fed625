"""Campaigns: one question put of a chosen set of entries ("avez-vous une salle fraîche ?"), and what is answered.

Of each entry one row is kept: who was asked last, when, the answer. A silence is passed on to somebody else once: then
`answered_at` says since when, and the answer is still to come.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, not_, or_, select, update

from catalogue import roles
from catalogue.entries import Initiative
from catalogue.hours import PARIS
from catalogue.initiatives import initiatives_by_id
from catalogue.intercommunalities import COMMUNE
from catalogue.needs import CampaignAnswer, Kind, Role, Status
from catalogue.roles import Who
from catalogue.tables import campaign_answers, campaigns, initiatives

PAGE = 500  # entries read at once
_AFTER_ITS_CODES = "ZZZ"  # follows the three last signs of any INSEE code


@dataclass(frozen=True, slots=True)
class Campaign:
    """One question, and the entries it is about: of a territory, of some kinds (() for all)."""

    id: int
    question: str
    codes: tuple[str, ...]
    kinds: tuple[Kind, ...]
    ends_on: date  # included


@dataclass(frozen=True, slots=True)
class Put:
    """The question of a campaign, as it was put about an entry."""

    campaign_id: int
    question: str
    ends_on: date
    entry: Initiative


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one entry. `asked` is False as long as nobody was asked; an answer of None is then to come."""

    id: int
    nom: str
    commune: str | None
    code_insee: str | None
    asked: bool
    answer: CampaignAnswer | None


def start(
    connection: Connection,
    question: str,
    codes: Collection[str],
    kinds: Collection[Kind],
    ends_on: date,
    role: Role,
    now: datetime,
) -> int:
    """Makes a campaign, in a role; returns its number."""
    chosen = {"codes": sorted(codes), "kinds": sorted(kind.value for kind in kinds)}
    row = {"question": question, "role": role.value, "at": now, "ends_on": ends_on, **chosen}
    return int(connection.execute(insert(campaigns).values(row).returning(campaigns.c.id)).scalar_one())


def every_campaign(connection: Connection) -> list[Campaign]:
    """All of them, the oldest first."""
    return [_campaign(row) for row in connection.execute(select(campaigns).order_by(campaigns.c.id)).mappings()]


def under_way(connection: Connection, today: date) -> list[Campaign]:
    """Those that are not over, the oldest first."""
    return [one for one in every_campaign(connection) if one.ends_on >= today]


def numbered(connection: Connection, id_: int) -> Campaign | None:
    """The campaign of that number."""
    return next((one for one in every_campaign(connection) if one.id == id_), None)


def _campaign(row: RowMapping) -> Campaign:
    kinds = tuple(map(Kind, row["kinds"]))
    return Campaign(row["id"], row["question"], tuple(row["codes"]), kinds, row["ends_on"])


# Which entries.


def about(codes: Collection[str], kinds: Collection[Kind]) -> ColumnElement[bool]:
    """The open entries whose address is in a territory, of these kinds or of all."""
    shown = and_(initiatives.c.status == Status.ACTIVE.value, initiatives.c.merged_into.is_(None))
    of_kind = [initiatives.c.kind.in_([kind.value for kind in kinds])] if kinds else []
    departements = [_in_departement(code) for code in codes if len(code) < COMMUNE]
    return and_(shown, or_(roles.in_communes(initiatives.c.code_insee, codes), *departements), *of_kind)


def _in_departement(code: str) -> ColumnElement[bool]:
    """Its communes are asked for by their codes too: that is what the table is indexed by."""
    communes = initiatives.c.code_insee.between(code, code + _AFTER_ITS_CODES)
    return and_(initiatives.c.departement == code, or_(communes, initiatives.c.code_insee.is_(None)))


def counted(connection: Connection, codes: Collection[str], kinds: Collection[Kind]) -> tuple[int, int]:
    """How many entries a campaign would be about, and how many of them somebody runs or looks after."""
    asked = (Role.ORGANISATEUR, Role.CORRESPONDANT)
    mandates = [held.mandate for held in roles.every_role(connection) if held.mandate.role in asked]
    ids = list(connection.scalars(select(initiatives.c.id).where(about(codes, kinds))))
    looked_after = 0
    for start_ in range(0, len(ids), PAGE):
        entries = initiatives_by_id(connection, ids[start_ : start_ + PAGE])
        looked_after += sum(any(roles.covers_entry(mandate, entry) for mandate in mandates) for entry in entries)
    return len(ids), looked_after


# What is answered.


def results(connection: Connection, campaign: Campaign) -> list[Result]:
    """Of each entry that a campaign is about, or was when it was asked: by commune and by name."""
    of_campaign = and_(
        campaign_answers.c.campaign_id == campaign.id, campaign_answers.c.initiative_id == initiatives.c.id
    )
    columns = (initiatives.c.id, initiatives.c.nom, initiatives.c.commune, initiatives.c.code_insee)
    found = (
        select(*columns, campaign_answers.c.asked_at, campaign_answers.c.answer)
        .select_from(initiatives.outerjoin(campaign_answers, of_campaign))
        .where(or_(about(campaign.codes, campaign.kinds), campaign_answers.c.asked_at.is_not(None)))
        .order_by(initiatives.c.code_insee, initiatives.c.nom, initiatives.c.id)
    )
    return [
        Result(*row[:4], row.asked_at is not None, CampaignAnswer.of(row.answer or ""))
        for row in connection.execute(found)
    ]


def progress(connection: Connection) -> dict[int, tuple[int, int]]:
    """Of each campaign, how many entries somebody was asked about, and how many have an answer."""
    counts = select(
        campaign_answers.c.campaign_id, func.count().label("asked"), func.count(campaign_answers.c.answer).label("told")
    ).group_by(campaign_answers.c.campaign_id)
    return {row.campaign_id: (row.asked, row.told) for row in connection.execute(counts)}


def answer(
    connection: Connection, who: Who, campaign_id: int, initiative_id: int, said: CampaignAnswer, now: datetime
) -> bool:
    """Notes what somebody answers of an entry; it may be changed until the end.

    False, and nothing is written, when it is not theirs to answer, nobody was asked, or the campaign is over.
    """
    put = Campaigns(connection, who, now).put(campaign_id, initiative_id)
    if put is None or put.ends_on < now.astimezone(PARIS).date():
        return False
    row = update(campaign_answers).where(*_one(campaign_id, initiative_id))
    connection.execute(row.values(answer=said.value, answered_at=now))
    return True


def _one(campaign_id: int, initiative_id: int) -> tuple[ColumnElement[bool], ...]:
    return campaign_answers.c.campaign_id == campaign_id, campaign_answers.c.initiative_id == initiative_id


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Answers `handlers.campaigning.Campaigns` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def put(self, campaign_id: int, initiative_id: int) -> Put | None:
        """A question that was put to somebody, when it is this person's to answer now; even of what is over."""
        return self._first(self._rows(*_one(campaign_id, initiative_id)))

    def waiting(self, campaign_id: int, initiative_id: int) -> Put | None:
        """What this person was asked, the oldest first, and has not answered; another than this one."""
        to_them = campaign_answers.c.role_id.in_([mandate.id for mandate in roles.held_by(self.connection, self.who)])
        to_come = campaign_answers.c.answer.is_(None)
        under_way_ = campaigns.c.ends_on >= self.now.astimezone(PARIS).date()
        return self._first(self._rows(to_them, to_come, under_way_, not_(and_(*_one(campaign_id, initiative_id)))))

    def _rows(self, *wanted: ColumnElement[bool]) -> Sequence[RowMapping]:
        found = (
            select(campaign_answers, campaigns.c.question, campaigns.c.ends_on)
            .join(campaigns, campaigns.c.id == campaign_answers.c.campaign_id)
            .where(*wanted)
            .order_by(campaign_answers.c.asked_at, campaign_answers.c.campaign_id, campaign_answers.c.initiative_id)
        )
        return self.connection.execute(found).mappings().all()

    def _first(self, rows: Sequence[RowMapping]) -> Put | None:
        """The first of an open entry that this person looks after now, or runs."""
        held = roles.held_by(self.connection, self.who)
        known = initiatives_by_id(self.connection, [row["initiative_id"] for row in rows])
        theirs = {entry.id: entry for entry in known if any(roles.covers_entry(mandate, entry) for mandate in held)}
        for row in rows:
            if entry := theirs.get(row["initiative_id"]):
                return Put(row["campaign_id"], row["question"], row["ends_on"], entry)
        return None
