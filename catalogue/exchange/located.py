"""Where a line of a list is: its commune, its position, its postcode. What it says of them is not always right."""

import re

from catalogue.exchange.rows import Unreadable, point
from catalogue.geo import distance_km
from catalogue.places import LONGEST, Place, PlaceIndex
from catalogue.spelling import fold

POINT = "point"
PRECISIONS = (POINT, "commune")  # whose a position is: the place's own, or only its commune's
FURTHEST_KM = 100.0  # from the middle of its commune to a place: the largest, in Guyane, are that wide

_CEDEX = re.compile(r"(?i)\s+cedex.*")
_BETWEEN = re.compile(r"\s*[;|]\s*|\s*,\s+|\s+")


def code_of(said: str, length: int) -> str:
    """A code as it is written officially: without spaces, with the zeros that a spreadsheet takes away."""
    code = "".join(said.split()).upper()
    return code.zfill(length) if code.isdecimal() else code


def place_of(index: PlaceIndex, code_insee: str, commune: str, code_postal: str, departement: str) -> Place | None:
    """The commune or arrondissement that a line tells, by its INSEE code if it gives one.

    Without one, by its name with its postcode or its department, where that is sure; else None. A former commune is
    the new one.
    """
    if code_insee:
        place = index.get(code_of(code_insee, 5))
    else:
        name = fold(_CEDEX.sub("", commune)[:LONGEST])
        territory = departements_of(index, departement) if departement else frozenset()
        place = _by_postcode(index, name, code_of(code_postal, 5)) if code_postal else None
        if place is None or (territory and place.departement not in territory):
            place = _by_departement(index, name, territory)
    return (index.get(place.parent or "") or place) if place and place.type == "ANC" else place


def departements_of(index: PlaceIndex, said: str) -> frozenset[str]:
    """The codes of a department or of a region, told by its number or its name; none when it is unknown."""
    return index.territory(fold(code_of(said, 2))) or index.territory(fold(said)) or frozenset()


def _by_postcode(index: PlaceIndex, name: str, postcode: str) -> Place | None:
    # Five figures that are no postcode may be an INSEE code, which is not what the line says.
    there = [place for place in index.find(postcode).places if postcode in place.codes_postaux]
    if not name:
        return there[0] if len(there) == 1 else None
    match = index.find(f"{name} {postcode}")
    if match.sure and _is_called(index, match.places[0], name):  # an unknown name is passed over
        return match.places[0]
    place = _by_departement(index, name, frozenset(place.departement for place in there))
    return place if place and postcode in place.codes_postaux else None


def _is_called(index: PlaceIndex, place: Place, name: str) -> bool:
    """Whether a name is that of the place or of its city: "paris 13" of its 13th arrondissement."""
    city = index.get(place.parent or "") or place
    if any(f"{name} ".startswith(f"{fold(each.nom)} ") for each in (place, city)):
        return True
    called = index.find_in(name, frozenset({place.departement})).places
    return any(each.insee in (place.insee, city.insee) for each in called)


def _by_departement(index: PlaceIndex, name: str, territory: frozenset[str]) -> Place | None:
    match = index.find_in(name, territory) if name else None
    return match.places[0] if match and match.sure else None


def both_coordinates(position: str) -> tuple[str, str]:
    """Latitude and longitude from one column: "48.85,2.35", "48.85, 2.35", "48,85 ; 2,35". Raises Unreadable."""
    said = position.strip(" ()[]")
    if not said:
        return "", ""
    parts = _BETWEEN.split(said)
    if len(parts) == 1:
        parts = said.split(",")
    if len(parts) != 2:
        raise Unreadable(f"coordonnées illisibles : « {position[:40]} »")
    return parts[0], parts[1]


def position_at(latitude: str, longitude: str, precision: str, place: Place) -> tuple[float, float, bool]:
    """Latitude, longitude (degrees), and whether they are those of the place itself and not only of its commune.

    They are the place's own when `precision` is "point". Without any, those of its commune. Raises Unreadable, as for
    a position more than 100 km from its commune.
    """
    exact = precision == POINT
    found = point(latitude.replace(",", "."), longitude.replace(",", "."))
    if place.latitude is None or place.longitude is None:
        if found is None:
            raise Unreadable("position inconnue")
        return *found, exact
    if found is None:
        return place.latitude, place.longitude, False
    if distance_km(*found, place.latitude, place.longitude) > FURTHEST_KM:
        raise Unreadable(f"coordonnées loin de {place.nom}")
    return *found, exact


def postcode_at(said: str, place: Place) -> str | None:
    """The postcode, if it is one of its commune's; else the first of these: the INSEE code is right, it may not be."""
    code = code_of(said, 5)
    return code if code in place.codes_postaux else next(iter(place.codes_postaux), None)
