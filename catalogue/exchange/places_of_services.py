"""Where the services of a structure are given: at its own place, or elsewhere, which then makes other entries."""

from collections.abc import Iterable
from zlib import crc32

from catalogue.exchange.located import POINT, place_of, position_at
from catalogue.exchange.national_schema import Fields
from catalogue.exchange.rows import Unreadable, point
from catalogue.places import Place, PlaceIndex
from catalogue.spelling import fold


def places_of(structure: Fields, services: Iterable[Fields], index: PlaceIndex) -> dict[str, list[Fields]]:
    """The services by where they are given, by what `place_elsewhere` says, in the order of their identifiers.

    A structure that tells of no place is only where its services are.
    """
    places: dict[str, list[Fields]] = {"": []}
    for service in sorted(services, key=lambda service: str(service.get("id", ""))):
        places.setdefault(place_elsewhere(structure, service, index), []).append(service)
    if len(places) > 1 and not places[""] and not _tells_where(structure):
        del places[""]
    return places


def place_elsewhere(structure: Fields, service: Fields, index: PlaceIndex) -> str:
    """What the identifier of an entry adds to its structure's when the service is not given there; "" when it is."""
    at, there = _spot(service, index), _spot(structure, index)
    if at is None or at == there or (there and at == (there[0], "")):
        return ""
    code, adresse = at
    return f"@{code}-{crc32(adresse.encode(errors='replace')):08x}"


def _spot(record: Fields, index: PlaceIndex) -> tuple[str, str] | None:
    """The INSEE code and the folded address that a record gives; None when it tells no commune."""
    if not tells_commune(record):
        return None
    try:
        code = commune_of(record, index).insee
    except Unreadable:
        code = record.get("code_insee", "")
    return code, fold(record.get("adresse", ""))


def tells_commune(record: Fields) -> bool:
    return "code_insee" in record or "commune" in record


def _tells_where(record: Fields) -> bool:
    return tells_commune(record) or has_position(record)


def has_position(record: Fields) -> bool:
    """Whether a record gives a position, or half of one."""
    return "latitude" in record or "longitude" in record


def position_of(record: Fields, place: Place | None, index: PlaceIndex) -> tuple[float, float, bool]:
    """The position a record gives, in degrees, and whether it is the place's own: see `position_at`. Raises Unreadable,
    as for half a position, or for one that is far from its commune or, without one, from all.
    """
    if ("latitude" in record) != ("longitude" in record):
        raise Unreadable("la latitude et la longitude vont ensemble")
    latitude, longitude = str(record["latitude"]), str(record["longitude"])
    if place:
        return position_at(latitude, longitude, POINT, place)
    found = point(latitude, longitude)
    if found is None or not index.nearest(*found):
        raise Unreadable("coordonnées loin de toute commune")
    return *found, True


def commune_of(record: Fields, index: PlaceIndex) -> Place:
    """The commune of a record, by its code; by its name and postcode when it has no code that is known."""
    code, commune = record.get("code_insee", ""), record.get("commune", "")
    found = place_of(index, code, "", "", "") if code else None
    found = found or place_of(index, "", commune, record.get("code_postal", ""), "")
    if not found:
        raise Unreadable(f"code INSEE inconnu : « {code} »" if code else f"commune inconnue : « {commune[:40]} »")
    return found
