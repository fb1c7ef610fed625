"""Two corrections of the same field: one person decides, then both who made them are told."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from catalogue.corrections import deciders, made_by, note_put, settled_since, to_be_put, waiting
from catalogue.entries import Conflict, Correction, Mandate
from catalogue.hours import PARIS, zone_of
from catalogue.needs import Role
from catalogue.roles import Who
from catalogue.tables import roles
from handlers import planning
from handlers.deciding import conflict_card, conflict_reply, decided_reply
from scheduler import rounds
from scheduler.letters import REMEMBERED, Composers, Letter, Put, alone, news, post_new

_Decider = tuple[Who, Mandate]
A_WEEK = timedelta(days=7)  # without an answer, somebody is asked again


def to_put(connection: Connection, now: datetime, composers: Composers) -> list[Put]:
    """Each correction that waits, for one person who may decide; it is noted that they are put it. Nothing at night.

    A coordinator of the territory first, else a correspondent who made neither correction, does not run the entry, and
    has questions left this week. After a week without an answer, the next of them is asked.
    """
    found = []
    for correction_id in to_be_put(connection, now - A_WEEK):
        conflict = waiting(connection, correction_id)
        if conflict is None or planning.is_night(now, zone_of(conflict.entry.departement)):
            continue
        if people := _free(connection, deciders(connection, conflict, composers), now):
            who, mandate = _in_turn(people, conflict, now)
            note_put(connection, correction_id, mandate.id, now)
            found.append(Put(_letter(who, conflict, now), conflict_card(conflict)))
    return found


def _free(connection: Connection, people: Sequence[_Decider], now: datetime) -> list[_Decider]:
    """Those who can be asked: of the correspondents, neither who is away nor who has no question left this week."""
    askers = rounds.askers(connection, roles.c.id.in_([mandate.id for _who, mandate in people]))
    able = [asker for asker in askers if not asker.is_away(now)]
    left = rounds.left(connection, able, rounds.week_before(now), now)
    return [one for one in people if one[1].role is Role.COORDINATEUR or left[one[1].id] > 0]


def _in_turn(people: Sequence[_Decider], conflict: Conflict, now: datetime) -> _Decider:
    """A week each."""
    return people[(now - conflict.later.at) // A_WEEK % len(people)]


def _letter(who: Who, conflict: Conflict, now: datetime) -> Letter:
    key = f"trancher:{conflict.later.id}:{int(now.timestamp())}"
    reply = conflict_reply(conflict, now.astimezone(PARIS))
    return Letter(*who, key, (reply,), now, now + A_WEEK, zone_of(conflict.entry.departement))


def tell(connection: Connection, now: datetime, composers: Composers) -> int:
    """Tells both who corrected the same thing which answer is kept, once, by day; returns how many letters that makes.

    Whoever has the role they corrected in no more is told nothing; nor is anybody if nothing ran for a day.
    """
    alone(connection)
    letters = []
    for conflict, kept in settled_since(connection, now - REMEMBERED):
        authors = made_by(connection, conflict)
        for made in (conflict.earlier, conflict.later):
            who = authors.get(made.role_id or 0)
            if who and who[0] in composers:
                letters.append(_told(who, conflict, kept, made, now))
    return post_new(connection, composers, letters)


def _told(who: Who, conflict: Conflict, kept: Correction, made: Correction, now: datetime) -> Letter:
    key = f"trancher-suite:{conflict.later.id}:{made.id}"
    reply = decided_reply(conflict.entry, kept, kept is made, now.astimezone(PARIS))
    return news(who, key, reply, now, zone_of(conflict.entry.departement))
