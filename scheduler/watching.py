"""Who asked to hear if an entry closes or moves: nobody else is told, and only what it takes to know is kept."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, literal, select, update

from catalogue.database import insert_into
from catalogue.entries import Initiative
from catalogue.hours import zone_of
from catalogue.initiatives import even_closed_by_id
from catalogue.needs import Method, Status
from catalogue.tables import initiatives, revisions, watches
from handlers import planning
from handlers.locale import gettext as _
from handlers.told import watch_reply
from scheduler.letters import Composers, Letter, alone, post
from scheduler.reminders import Who

NEWS_LAST = timedelta(days=7)  # what could not be told for a week is no news
UNDONE_WITHIN = timedelta(hours=1)  # what was said in a conversation can be taken back: until then, nobody is told
SEPARATOR = "|"


def _or_nothing(name: str) -> ColumnElement[str]:
    return func.coalesce(initiatives.c[name], "")


# What is compared: its status, then its address.
_ADDRESS = (
    _or_nothing("adresse")
    .concat(" ")
    .concat(_or_nothing("complement_adresse"))
    .concat(" ")
    .concat(_or_nothing("code_postal"))
    .concat(" ")
    .concat(_or_nothing("commune"))
)
_KNOWN = initiatives.c.status.concat(SEPARATOR).concat(_ADDRESS)


def watch(connection: Connection, who: Who, initiative_id: int) -> None:
    """Tells a person if an entry closes or moves, from what it is now; nothing for an entry that does not exist."""
    row = select(literal(who[0]), literal(who[1]), initiatives.c.id, _KNOWN).where(initiatives.c.id == initiative_id)
    columns = ["channel", "person", "initiative_id", "told"]
    connection.execute(insert_into(connection, watches).from_select(columns, row).on_conflict_do_nothing())


def unwatch(connection: Connection, who: Who, initiative_id: int) -> None:
    """Tells them no more."""
    connection.execute(delete(watches).where(_one(who, initiative_id)))


def _one(who: Who, initiative_id: int) -> ColumnElement[bool]:
    return and_(watches.c.channel == who[0], watches.c.person == who[1], watches.c.initiative_id == initiative_id)


def is_over(told: str) -> bool:
    """Whether a person, from what they were told of an entry, has nothing left to hear of it: it is closed."""
    return told.startswith(Status.CLOSED.value + SEPARATOR)


def tell_watchers(connection: Connection, now: datetime, composers: Composers, most: int = 1000) -> int:
    """Tells who watches an entry that it is suspended, closed or elsewhere; returns how many were told.

    What is closed is watched until that is known to have left: see scheduler.reconciling.
    """
    alone(connection)
    changed = (
        select(watches, _KNOWN.label("known"))
        .join(initiatives, initiatives.c.id == watches.c.initiative_id)
        .where(watches.c.told != _KNOWN, watches.c.channel.in_(list(composers)), ~_may_be_undone(now))
        .order_by(watches.c.initiative_id, watches.c.channel, watches.c.person)
        .limit(most)
    )
    rows = connection.execute(changed).all()
    ids = list(dict.fromkeys(row.initiative_id for row in rows))
    entries = {entry.id: entry for entry in even_closed_by_id(connection, ids)}
    letters = []
    for row in rows:
        entry = entries[row.initiative_id]
        knows = {"told": row.known}
        if said := _said(entry, row.told, row.known):
            letters.append(_letter(row.channel, row.person, entry, said, now))
            knows |= {"queued_key": letters[-1].key, "told_before": row.told}
        connection.execute(update(watches).where(_one((row.channel, row.person), entry.id)).values(knows))
    post(connection, composers, letters)
    return len(letters)


def _may_be_undone(now: datetime) -> ColumnElement[bool]:
    """Whether somebody changed an entry in a conversation so lately that they may take it back."""
    said = revisions.c.role.is_not(None), revisions.c.method == Method.BOT.value, revisions.c.at > now - UNDONE_WITHIN
    return exists().where(revisions.c.initiative_id == watches.c.initiative_id, *said)


def _said(entry: Initiative, told: str, known: str) -> str:
    """What changed, in a sentence; "" when it is nothing they asked to hear of."""
    before, _separator, address_before = told.partition(SEPARATOR)
    address = known.partition(SEPARATOR)[2]
    if entry.status is not Status.ACTIVE and entry.status != before:
        closed = entry.status is Status.CLOSED
        return _("Ce lieu est fermé. N'y allez plus.") if closed else _("Ce lieu est fermé pour le moment.")
    if address == address_before:
        return ""
    parts = (entry.adresse, entry.complement_adresse, " ".join(filter(None, (entry.code_postal, entry.commune))))
    return _("Ce lieu a changé d'adresse : {address}.").format(address=", ".join(filter(None, parts)))


def _letter(channel: str, person: str, entry: Initiative, said: str, now: datetime) -> Letter:
    zone = zone_of(entry.departement)
    key = f"fiche:{entry.id}:{channel}:{person}:{int(now.timestamp())}"
    leaves = planning.after_the_night(now, zone)
    return Letter(channel, person, key, (watch_reply(entry, said),), leaves, leaves + NEWS_LAST, zone)
