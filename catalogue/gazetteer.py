"""Reading the places and their town halls from the database."""

from sqlalchemy import Connection, bindparam, select

from catalogue.entries import TownHall
from catalogue.places import Place, PlaceIndex
from catalogue.tables import places

_PLACE = tuple(places.c[name] for name in Place.__dataclass_fields__)
_POSTCODES = list(Place.__dataclass_fields__).index("codes_postaux")
_SELECT_PLACES = select(*_PLACE, places.c.precision)
_SELECT_TOWN_HALL = select(
    places.c.nom,
    places.c.mairie_adresse,
    places.c.mairie_telephone,
    places.c.mairie_site,
    places.c.mairie_horaires_osm,
).where(places.c.insee == bindparam("insee"), places.c.type != "ANC")

# The middle of a department, or of an archipelago as wide as Europe, says nothing of where a commune is.
_NOWHERE = frozenset({"departement", "aucune"})


def read_places(connection: Connection) -> list[Place]:
    """Every known place. One whose position is only its department's has none."""
    found = []
    for *values, latitude, longitude, precision in connection.execute(_SELECT_PLACES):
        values[_POSTCODES] = tuple(values[_POSTCODES])
        point = (None, None) if precision in _NOWHERE else (latitude, longitude)
        found.append(Place(*values, *point))
    return found


def town_hall(connection: Connection, index: PlaceIndex, insee: str) -> TownHall | None:
    """The town hall of a place; that of the commune it belongs to when it has none of its own. None when not known."""
    place = index.get(insee)
    codes = (place.insee, place.parent) if place else ()
    for code in filter(None, codes):
        row = connection.execute(_SELECT_TOWN_HALL, {"insee": code}).one_or_none()
        if row and any(row[1:]):
            return TownHall(*row)
    return None
