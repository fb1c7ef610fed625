"""The state of each territory, written to its coordinators once a month: on its first working day, from nine."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from catalogue import intercommunalities
from catalogue.hours import PARIS, openness, zone_of
from catalogue.intercommunalities import departement_of
from catalogue.needs import Role
from catalogue.roles import Who
from catalogue.tables import mandates, places, roles
from catalogue.team import figures_of
from handlers import planning
from handlers.roles import listed, named
from handlers.team import monthly_reply
from scheduler.letters import Composers, Letter, alone, is_used, post

OFFICE = "Mo-Fr 09:00-21:00; PH off"
# A letter is known for a day after it left (scheduler.retention): within it, none is written twice, whatever stops.
# Whoever sleeps longer finds the same by asking for it (« équipe »).
LASTS = timedelta(hours=24)
NEWS_LAST = timedelta(days=7)


def tell(connection: Connection, now: datetime, composers: Composers) -> int:
    """Writes their territory's state to each coordinator, once in the month of `now` (UTC); returns to how many."""
    opens = opens_at(now)
    if not opens <= now < opens + LASTS:
        return 0
    alone(connection)
    letters = []
    for (role_id, *who), codes in _coordinators(connection, composers).items():
        key = f"mois:{role_id}:{opens.astimezone(PARIS):%Y-%m}"
        if not is_used(connection, key):
            letters.append(_letter(connection, (who[0], who[1]), key, codes, now))
    post(connection, composers, letters)
    return len(letters)


def opens_at(now: datetime) -> datetime:
    """Nine o'clock in Paris on the first day of the month that is neither of a weekend nor a public holiday."""
    first = now.astimezone(PARIS).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    opens = openness(OFFICE, first).until
    if opens is None:
        raise AssertionError("unreachable: an office opens within the month")
    return opens


def _coordinators(connection: Connection, composers: Composers) -> dict[tuple[int, str, str], list[str]]:
    """The codes each of them coordinates, by role, channel and person."""
    theirs = (roles.c.role == Role.COORDINATEUR.value, roles.c.channel.in_(list(composers)))
    columns = (roles.c.id, roles.c.channel, roles.c.person, mandates.c.code)
    found: dict[tuple[int, str, str], list[str]] = {}
    for row in connection.execute(select(*columns).join(mandates).where(*theirs).order_by(roles.c.id, mandates.c.code)):
        found.setdefault((row.id, row.channel, row.person), []).append(row.code)
    return found


def _letter(connection: Connection, who: Who, key: str, codes: list[str], now: datetime) -> Letter:
    known = select(places.c.insee, places.c.nom).where(places.c.insee.in_(codes), places.c.type != "ANC")
    names = {row.insee: row.nom for row in connection.execute(known)}
    names |= {one.siren: one.nom for one in map(intercommunalities.get, codes) if one}
    reply = monthly_reply(listed(named(codes, names.get)), figures_of(connection, codes, now))
    zone = zone_of(departement_of(codes[0]))
    leaves = planning.after_the_night(now, zone)
    return Letter(*who, key, (reply,), leaves, leaves + NEWS_LAST, zone)
