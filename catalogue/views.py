"""How many people opened an entry: numbers by day, and nobody. Under eleven, nothing is said."""

from datetime import date

from sqlalchemy import Connection, func, select

from catalogue.database import insert_into
from catalogue.tables import views

FEWEST = 11  # a smaller number could be somebody (domain: privacy)


def add_one(connection: Connection, initiative_id: int, day: date) -> None:
    """One more person opened an entry that day."""
    row = {"initiative_id": initiative_id, "day": day, "people": 1}
    statement = insert_into(connection, views).values(row)
    one_more = {"people": views.c.people + 1}
    keys = ["initiative_id", "day"]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=one_more))


def people_since(connection: Connection, initiative_id: int, day: date) -> int | None:
    """How many people opened an entry since a day, included; None when that is too few to be said."""
    people = select(func.sum(views.c.people)).where(views.c.initiative_id == initiative_id, views.c.day >= day)
    found = int(connection.scalar(people) or 0)
    return found if found >= FEWEST else None
