"""What professionals say of an entry is put to a coordinator, before anybody is shown it; then they are told."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from catalogue import reviews, roles
from catalogue.entries import Initiative, Mandate, Opinion
from catalogue.hours import PARIS, zone_of
from catalogue.initiatives import even_closed_by_id, initiatives_by_id
from catalogue.needs import Role
from catalogue.roles import Who
from catalogue.tables import mandates
from catalogue.tables import reviews as reviews_table
from catalogue.tables import roles as roles_table
from handlers import planning
from handlers.moderating import moderation_card, moderation_reply, read_reply
from scheduler.letters import REMEMBERED, Composers, Letter, Put, alone, news, post_new

A_WEEK = timedelta(days=7)  # of silence, then it is put again: to another coordinator, if there is one


def to_put(connection: Connection, now: datetime, composers: Composers) -> list[Put]:
    """What nobody read yet, for a coordinator of the territory; it is noted that they are put it. Nothing at night.

    Never to who wrote it, nor to who runs the entry. When there is nobody, it waits.
    """
    reviews.withdraw_orphans(connection, now)
    waiting = reviews.unread(connection, now - A_WEEK)
    if not waiting:
        return []
    entries = {entry.id: entry for entry in initiatives_by_id(connection, [one.initiative_id for one, _ in waiting])}
    people = _coordinators(connection, list(entries.values()), composers)
    found = []
    for one, author in waiting:
        entry = entries.get(one.initiative_id)
        who = _reader(one, entry, author, people, now) if entry else None
        if entry and who and not planning.is_night(now, zone_of(entry.departement)):
            found.append(Put(_letter(who, entry, one, now), moderation_card(entry, one)))
            asked = {"put_to": _role_of(people[who], entry), "put_at": now}
            connection.execute(update(reviews_table).where(reviews_table.c.id == one.id).values(asked))
    return found


def _coordinators(
    connection: Connection, entries: Sequence[Initiative], composers: Composers
) -> dict[Who, list[Mandate]]:
    """The coordinators who may cover one of these entries and can be written to, with all their roles."""
    codes = roles.codes_over(entries)
    looked_after = roles_table.c.id.in_(select(mandates.c.role_id).where(mandates.c.code.in_(codes)))
    anywhere = any(entry.departement is None for entry in entries)  # looked after by any coordinator
    of_role = (roles_table.c.role == Role.COORDINATEUR.value, roles_table.c.channel.in_(list(composers)))
    wanted = select(roles_table.c.channel, roles_table.c.person).where(*of_role, *(() if anywhere else (looked_after,)))
    people = [(row.channel, row.person) for row in connection.execute(wanted.order_by(roles_table.c.id))]
    return {who: roles.held_by(connection, who) for who in people}


def _reader(
    one: Opinion, entry: Initiative, author: Who, people: Mapping[Who, Sequence[Mandate]], now: datetime
) -> Who | None:
    """Whom to put it to: each in turn, so that they share the work, and that silence is followed by another."""
    able = [who for who, theirs in people.items() if who != author and reviews.moderates(theirs, entry)]
    turn = one.id + (now - one.at) // A_WEEK
    return able[turn % len(able)] if able else None


def _role_of(theirs: Sequence[Mandate], entry: Initiative) -> int:
    """In which of their roles they read it."""
    return next(one.id for one in theirs if one.role is Role.COORDINATEUR and roles.covers_entry(one, entry))


def _letter(who: Who, entry: Initiative, one: Opinion, now: datetime) -> Letter:
    key = f"moderer:{one.id}:{int(now.timestamp())}"
    reply = moderation_reply(entry, one, now.astimezone(PARIS))
    return Letter(*who, key, (reply,), now, now + A_WEEK, zone_of(entry.departement))


def tell(connection: Connection, now: datetime, composers: Composers) -> int:
    """Tells who wrote an avis whether it is shown, once, by day; returns how many letters that makes.

    Whoever has their role no more is told nothing. If nothing ran for a day, they find it with « Donner un avis ».
    """
    alone(connection)
    decided = [one for one in reviews.decided(connection, now - REMEMBERED) if one[1][0] in composers]
    entries = {entry.id: entry for entry in even_closed_by_id(connection, [one.initiative_id for one, _ in decided])}
    letters = []
    for one, author in decided:
        entry = entries[one.initiative_id]
        key = f"avis-suite:{one.id}:{'montre' if one.published else 'refuse'}"
        letters.append(news(author, key, read_reply(entry, one), now, zone_of(entry.departement)))
    return post_new(connection, composers, letters)
