"""Whose an event is: the initiative of the same commune that has its name, or the name of the place where it is."""

from collections.abc import Mapping
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import Connection, select

from catalogue.names import find_by_words
from catalogue.spelling import fold
from catalogue.tables import initiatives

ALIKE = 90.0  # of 100: a plural or an accent apart; "Repair café" is not "Repair café de Colombes"
MOST_LIKELY = 5
WITHIN_KM = 20.0  # of the event: in its commune


class Owners:
    """Finds the initiatives of events; what was asked once is not looked for again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[tuple[str, str], int | None] = {}

    def of(self, row: Mapping[str, Any]) -> int | None:
        """The id of the initiative of a row of `events`; None when it is not sure, or nobody knows where it is.

        What somebody said of it stands: that of a row which has an `initiative_id`, be it None.
        """
        if "initiative_id" in row:
            told: int | None = row["initiative_id"]
            return told
        if row["code_insee"] is None or row["latitude"] is None or row["longitude"] is None:
            return None
        return self._called(row, row["nom"]) or self._called(row, row["lieu"] or "")

    def _called(self, row: Mapping[str, Any], said: str) -> int | None:
        key = row["code_insee"], fold(said)
        if key not in self._found:
            self._found[key] = self._nearest_called(row, key[1]) if key[1] else None
        return self._found[key]

    def _nearest_called(self, row: Mapping[str, Any], name: str) -> int | None:
        point = row["latitude"], row["longitude"]
        ids = [match.id for match in find_by_words(self._connection, name, point, MOST_LIKELY, WITHIN_KM)]
        named = select(initiatives.c.id, initiatives.c.nom).where(
            initiatives.c.id.in_(ids), initiatives.c.code_insee == row["code_insee"]
        )
        names = {id_: fold(nom) for id_, nom in self._connection.execute(named)}
        return next((id_ for id_ in ids if id_ in names and fuzz.ratio(name, names[id_]) >= ALIKE), None)
