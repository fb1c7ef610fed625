"""What waits for somebody to say: errors that were reported, then disagreements, then avis. One message for each."""

from datetime import datetime

from sqlalchemy import Connection

from scheduler import deciding, moderating, reporting
from scheduler.letters import Composers, alone, post_together


def put(connection: Connection, now: datetime, composers: Composers) -> int:
    """Puts it to those who may say it; returns how many letters that makes. Never at night.

    What is reported comes first: somebody may be at the wrong door. What each is put is noted at once, so that the
    next kind knows how many questions they have left this week.
    """
    alone(connection)
    found = [one for kind in (reporting, deciding, moderating) for one in kind.to_put(connection, now, composers)]
    return post_together(connection, composers, found)
