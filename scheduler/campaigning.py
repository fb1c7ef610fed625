"""The one question of a campaign, put to who runs each entry, or else to who looks after it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from catalogue.campaigns import Campaign, Put, about, under_way
from catalogue.database import insert_into
from catalogue.hours import PARIS, zone_of
from catalogue.initiatives import initiatives_by_id
from catalogue.intercommunalities import meet
from catalogue.needs import Role
from catalogue.roles import Who
from catalogue.tables import campaign_answers, initiatives, roles, runs
from handlers import planning
from handlers.campaigning import letter_reply
from scheduler import rounds
from scheduler.letters import Composers, Letter, alone, post
from scheduler.rounds import Asker

WEEKLY = 3  # questions to a correspondent, within their budget: the rest is for what may not be true any more
A_WEEK = timedelta(days=7)
SILENCE = timedelta(days=10)  # then somebody else is asked


@dataclass(frozen=True, slots=True)
class _Question:
    """An entry that somebody is to be asked about."""

    campaign: Campaign
    initiative_id: int
    role_id: int
    who: Who


def ask(connection: Connection, now: datetime, composers: Composers) -> int:
    """Asks about the entries of the campaigns under way; returns how many questions were put.

    Whoever runs an entry is asked of all of theirs. Then the correspondents, the one who was asked least lately first,
    three times a week at most and within their budget (scheduler.rounds); after ten days of silence, another one, once.
    Each gets one message, with the first entry: the others come one at a time, with their answers. Never at night.
    """
    alone(connection)
    campaigns = under_way(connection, now.astimezone(PARIS).date())
    put = [question for campaign in campaigns for question in _to_organisers(connection, campaign, now, composers)]
    put += _to_correspondents(connection, campaigns, now, composers)
    post(connection, composers, _letters(connection, put, now))
    return len(put)


def _to_organisers(
    connection: Connection, campaign: Campaign, now: datetime, composers: Composers
) -> Iterator[_Question]:
    found = (
        select(initiatives.c.id, initiatives.c.departement, runs.c.role_id, roles.c.channel, roles.c.person)
        .join(runs, runs.c.initiative_id == initiatives.c.id)
        .join(roles, roles.c.id == runs.c.role_id)
        .outerjoin(campaign_answers, _row_of(campaign))
        .where(about(campaign.codes, campaign.kinds), _ASKED_OF_NOBODY)
        .where(roles.c.role == Role.ORGANISATEUR.value, roles.c.channel.in_(list(composers)))
        .order_by(initiatives.c.id, runs.c.role_id.desc())
    )
    first = {row.id: row for row in connection.execute(found)}  # of two who run it, the one of the older role
    for id_, row in first.items():
        if not planning.is_night(now, zone_of(row.departement)):
            yield _noted(connection, _Question(campaign, id_, row.role_id, (row.channel, row.person)), now)


def _to_correspondents(
    connection: Connection, campaigns: Sequence[Campaign], now: datetime, composers: Composers
) -> Iterator[_Question]:
    people = _correspondents(connection, campaigns, now, composers) if campaigns else []
    spent = _spent(connection, now)
    left = rounds.left(connection, people, rounds.week_before(now), now)
    for level in range(WEEKLY):
        for one in people:
            id_ = one.mandate.id
            if spent[id_] == level and left[id_] > 0 and (question := _free(connection, campaigns, one, now)):
                spent[id_] += 1
                left[id_] -= 1
                yield _noted(connection, question, now)


def _correspondents(
    connection: Connection, campaigns: Sequence[Campaign], now: datetime, composers: Composers
) -> list[Asker]:
    """Those who can be asked, and whose territory is in one of these campaigns; the oldest role first."""
    on_a_channel = roles.c.channel.in_(list(composers))
    return [
        asker
        for asker in rounds.askers(connection, roles.c.role == Role.CORRESPONDANT.value, on_a_channel)
        if not asker.is_away(now) and any(meet(asker.mandate.codes, one.codes) for one in campaigns)
    ]


def _spent(connection: Connection, now: datetime) -> Counter[int]:
    """How many questions of campaigns each role was put in a week."""
    lately = select(campaign_answers.c.role_id).where(campaign_answers.c.asked_at > now - A_WEEK)
    return Counter(role_id for role_id in connection.scalars(lately) if role_id is not None)


def _free(connection: Connection, campaigns: Sequence[Campaign], one: Asker, now: datetime) -> _Question | None:
    """An entry they look after that is to be asked about: of nobody yet, or after somebody else's silence."""
    for campaign in campaigns:
        wanted = (
            select(initiatives.c.id, initiatives.c.departement)
            .outerjoin(campaign_answers, _row_of(campaign))
            .where(about(campaign.codes, campaign.kinds), about(one.mandate.codes, one.mandate.kinds))
            .where(or_(_ASKED_OF_NOBODY, _silent(one.who, now)))
            .order_by(initiatives.c.id)
            .limit(1)
        )
        row = connection.execute(wanted).first()
        if row and not planning.is_night(now, zone_of(row.departement)):
            return _Question(campaign, row.id, one.mandate.id, one.who)
    return None


_ASKED_OF_NOBODY = campaign_answers.c.asked_at.is_(None)


def _row_of(campaign: Campaign) -> ColumnElement[bool]:
    return and_(campaign_answers.c.campaign_id == campaign.id, campaign_answers.c.initiative_id == initiatives.c.id)


def _silent(who: Who, now: datetime) -> ColumnElement[bool]:
    """Whether somebody else was asked ten days ago and said nothing, and it was not passed on yet."""
    theirs = select(roles.c.id).where(roles.c.channel == who[0], roles.c.person == who[1])
    return and_(
        campaign_answers.c.answer.is_(None),
        campaign_answers.c.answered_at.is_(None),
        campaign_answers.c.asked_at <= now - SILENCE,
        or_(campaign_answers.c.role_id.is_(None), campaign_answers.c.role_id.not_in(theirs)),
    )


def _noted(connection: Connection, question: _Question, now: datetime) -> _Question:
    """The same, once it is written: of what had been asked already, that it is passed on."""
    row = {"campaign_id": question.campaign.id, "initiative_id": question.initiative_id}
    asked = {"role_id": question.role_id, "asked_at": now}
    added = insert_into(connection, campaign_answers).values(**row, **asked)
    connection.execute(added.on_conflict_do_update(index_elements=list(row), set_={**asked, "answered_at": now}))
    return question


def _letters(connection: Connection, put: Sequence[_Question], now: datetime) -> list[Letter]:
    """To each person who is asked, their first question."""
    numbers = Counter(question.who for question in put)
    firsts = {question.who: question for question in reversed(put)}
    ids = [question.initiative_id for question in firsts.values()]
    entries = {entry.id: entry for entry in initiatives_by_id(connection, ids)}
    letters = []
    for who, question in firsts.items():
        campaign, entry = question.campaign, entries[question.initiative_id]
        reply = letter_reply(Put(campaign.id, campaign.question, campaign.ends_on, entry), numbers[who])
        key = f"campagne:{campaign.id}:{entry.id}:{question.role_id}:{int(now.timestamp())}"
        zone = zone_of(entry.departement)
        over = datetime.combine(campaign.ends_on + timedelta(days=1), datetime.min.time(), PARIS)
        letters.append(Letter(*who, key, (reply,), now, over, zone))
    return letters
