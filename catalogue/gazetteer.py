"""Reading the places and their town halls from the database."""

import csv
import json
from functools import cache
from pathlib import Path
from sys import intern

from sqlalchemy import Connection, Text, bindparam, cast, select

from catalogue.entries import TownHall
from catalogue.exchange.shipped_places import COMMUNES, FORMER, read_places_files
from catalogue.places import Place, PlaceIndex
from catalogue.spelling import fold
from catalogue.tables import places

FOLDER = Path(__file__).parent / "data" / "places"
USUAL_NAMES = "noms_usuels.csv"

_SELECT_PLACES = select(
    places.c.insee,
    places.c.nom,
    places.c.type,
    places.c.parent,
    cast(places.c.codes_postaux, Text),
    places.c.departement,
    places.c.departement_nom,
    places.c.population,
    places.c.latitude,
    places.c.longitude,
    places.c.precision,
)
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
    codes = cache(_postcodes)  # what many places have in common is held once
    rows = connection.execute(_SELECT_PLACES)
    for insee, nom, kind, parent, postcodes, code, departement, population, *point, precision in rows:
        latitude, longitude = (None, None) if precision in _NOWHERE else point
        shared = intern(kind), parent, codes(postcodes), intern(code), intern(departement)
        found.append(Place(insee, nom, *shared, population, latitude, longitude))
    return found


def _postcodes(written: str) -> tuple[str, ...]:
    return tuple(map(intern, json.loads(written)))


def read_shipped_places() -> list[Place]:
    """The communes the product is shipped with, without a database."""
    files = {name: (FOLDER / name).read_bytes() for name in (COMMUNES, FORMER)}
    found = []
    for row in read_places_files(files, []):
        known = {name: row[name] for name in Place.__dataclass_fields__ if name in row}
        if row["precision"] in _NOWHERE:
            known |= {"latitude": None, "longitude": None}
        found.append(Place(**{**known, "codes_postaux": tuple(row["codes_postaux"])}))
    return found


def read_usual_names() -> dict[str, str]:
    """What people call a place besides its name: folded name → INSEE code."""
    with (FOLDER / USUAL_NAMES).open(encoding="utf-8", newline="") as file:
        return {fold(row["nom_usuel"]): row["code_insee"] for row in csv.DictReader(file)}


def town_hall(connection: Connection, index: PlaceIndex, insee: str) -> TownHall | None:
    """The town hall of a place; that of the commune it belongs to when it has none of its own. None when not known."""
    place = index.get(insee)
    codes = (place.insee, place.parent) if place else ()
    for code in filter(None, codes):
        row = connection.execute(_SELECT_TOWN_HALL, {"insee": code}).one_or_none()
        if row and any(row[1:]):
            return TownHall(*row)
    return None
