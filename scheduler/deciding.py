"""Two corrections of the same field: one person decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from catalogue.corrections import deciders, note_put, to_be_put, waiting
from catalogue.entries import Conflict
from catalogue.hours import PARIS, zone_of
from catalogue.roles import Who
from handlers import planning
from handlers.deciding import conflict_reply
from scheduler.letters import Composers, Letter, alone, post

A_WEEK = timedelta(days=7)  # without an answer, somebody is asked again


def put(connection: Connection, now: datetime, composers: Composers) -> int:
    """Puts each correction that waits to one person who may decide; returns how many were put. Never at night.

    A coordinator of the territory first, else a correspondent who made neither correction and does not run the
    entry. After a week without an answer, the next of them is asked.
    """
    alone(connection)
    letters = []
    for correction_id in to_be_put(connection, now - A_WEEK):
        conflict = waiting(connection, correction_id)
        if conflict is None or planning.is_night(now, zone_of(conflict.entry.departement)):
            continue
        if people := deciders(connection, conflict, composers):
            note_put(connection, correction_id, now)
            letters.append(_letter(_in_turn(people, conflict, now), conflict, now))
    post(connection, composers, letters)
    return len(letters)


def _in_turn(people: Sequence[Who], conflict: Conflict, now: datetime) -> Who:
    """A week each."""
    return people[(now - conflict.later.at) // A_WEEK % len(people)]


def _letter(who: Who, conflict: Conflict, now: datetime) -> Letter:
    key = f"trancher:{conflict.later.id}:{int(now.timestamp())}"
    reply = conflict_reply(conflict, now.astimezone(PARIS))
    return Letter(*who, key, (reply,), now, now + A_WEEK, zone_of(conflict.entry.departement))
