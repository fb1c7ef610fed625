"""The three shipped lists of initiatives: from a line of each to a row of `initiatives`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from catalogue.exchange.names import readable_name
from catalogue.exchange.rows import (
    Refused,
    Unreadable,
    email,
    one_of,
    phone,
    plain_text,
    point,
    read_rows,
    sentence,
    text,
    web_address,
)
from catalogue.geo import distance_km
from catalogue.hours import moments, to_osm
from catalogue.initiatives import UNKNOWN
from catalogue.needs import Frais, Kind, Method, Need, Public
from catalogue.places import Place, PlaceIndex
from catalogue.spelling import fold

COLLABORATIVES, FRANCE_SERVICES, NUMERIQUE = "collaboratives", "france-services", "numerique"
FURTHEST_KM = 100.0  # from the middle of its commune to a place: the largest, in Guyane, are that wide

_COMMON = "nom categorie description adresse commune code_postal code_insee departement latitude longitude"
_COMMON += " coord_precision horaires"
_LISTED = (*_COMMON.split(), "id", "date_maj", "complement", "telephone", "courriel", "site_web")
_COLLECTED = (*_COMMON.split(), "annee_source", "source_url", "site_web", "kind", "besoins", "publics", "frais")

Fields = dict[str, str]
EntryRow = dict[str, Any]


@dataclass
class Reading:
    """The rows of one list as they are read, and how many lines told of an entry already told of."""

    index: PlaceIndex
    rows: dict[str, EntryRow] = field(default_factory=dict)
    merged: int = 0


def read_initiatives_file(
    source: str, content: bytes, index: PlaceIndex, refused: list[Refused]
) -> tuple[list[EntryRow], int]:
    """The rows of `initiatives` from a list, and how many of its lines were merged with another.

    Bad lines are added to `refused`.
    """
    needed, read = _READERS[source]
    reading = Reading(index)
    read_rows(f"{source}.csv", content, needed, partial(read, reading), refused)
    return list(reading.rows.values()), reading.merged


def _collaborative(reading: Reading, fields: Fields) -> None:
    row = _entry(reading.index, COLLABORATIVES, fields)
    year = max((int(found) for found in re.findall(r"\b(?:19|20)\d\d\b", fields["annee_source"])), default=None)
    row |= {
        "source_id": f"{fold(row['nom']).replace(' ', '-')}-{row['code_insee']}",
        "kind": one_of(fields["kind"], _slugs(Kind), "type de lieu inconnu"),
        "needs": _several(fields["besoins"], _slugs(Need), "besoin inconnu"),
        "publics": _several(fields["publics"], _slugs(Public), "public inconnu"),
        "frais": one_of(fields["frais"], _slugs(Frais), "frais inconnus") if fields["frais"] else None,
        "description": sentence(row["description"]),
        "lien_source": web_address(fields["source_url"]),
        # Only the year is known: its first day, so that nothing is said to be fresher than it is.
        "verified_at": date(year, 1, 1) if year else None,
        "verified_method": Method.IMPORT.value if year else None,
        "verified_by_year": year is not None,
    }
    if not row["needs"]:
        raise Unreadable("aucun besoin")
    _add(reading, row)


def _france_services(reading: Reading, fields: Fields) -> None:
    one_of(fields["categorie"], ("france-services",), "catégorie inattendue")
    row = _listed(reading.index, FRANCE_SERVICES, fields)
    row |= {
        "source_id": _identifier(fields),
        "kind": Kind.FRANCE_SERVICES.value,
        # What people come for is paperwork, most of it on a computer they are helped with. A maison France services
        # points to other help for debts and bills, it does not give it: `budget` would send people to the wrong door.
        "needs": [Need.DROITS.value, Need.NUMERIQUE.value],
        "publics": [Public.TOUS_PUBLICS.value],  # by its charter: for everyone, free of charge
        "frais": Frais.GRATUIT.value,
        "description": sentence(row["description"]),
    }
    _add(reading, row)


def _numerique(reading: Reading, fields: Fields) -> None:
    one_of(fields["categorie"], ("numerique",), "catégorie inattendue")
    row = _listed(reading.index, NUMERIQUE, fields)
    paperwork = "démarches administratives" in fields["description"].lower()
    row |= {
        "source_id": _numerique_identifier(fields, row["code_insee"]),
        "kind": Kind.ESPACE_NUMERIQUE.value,
        "needs": [Need.NUMERIQUE.value, Need.DROITS.value] if paperwork else [Need.NUMERIQUE.value],
        "nom": readable_name(row["nom"], row["commune"]),
        "description": services_sentence(fields["description"]),
    }
    twin = reading.rows.get(row["source_id"])
    if twin:
        _merge(twin, row)
        reading.merged += 1
    else:
        reading.rows[row["source_id"]] = row


_READERS: dict[str, tuple[Sequence[str], Callable[[Reading, Fields], None]]] = {
    COLLABORATIVES: (_COLLECTED, _collaborative),
    FRANCE_SERVICES: (_LISTED, _france_services),
    NUMERIQUE: (_LISTED, _numerique),
}


def _add(reading: Reading, row: EntryRow) -> None:
    if row["source_id"] in reading.rows:
        raise Unreadable(f"déjà dans le fichier : « {row['source_id'][:60]} »")
    reading.rows[row["source_id"]] = row


def _listed(index: PlaceIndex, source: str, fields: Fields) -> EntryRow:
    """What the two national lists have in common."""
    try:
        updated = date.fromisoformat(fields["date_maj"])
    except ValueError:
        raise Unreadable(f"date illisible : « {fields['date_maj'][:20]} »") from None
    return _entry(index, source, fields) | {
        "complement_adresse": text(fields["complement"]),
        "telephone": phone(fields["telephone"]),
        "courriel": email(fields["courriel"]),
        "date_maj": updated,
        "verified_at": updated,
        "verified_method": Method.IMPORT.value,
    }


def _entry(index: PlaceIndex, source: str, fields: Fields) -> EntryRow:
    """What any list says the same way. Every column is there but `id` and those a list must give."""
    nom = text(fields["nom"])
    if not nom:
        raise Unreadable("nom manquant")
    if web_address(nom):
        raise Unreadable("le nom est une adresse de site")
    place = _commune(index, fields)
    latitude, longitude, exact = _position(fields, place)
    horaires = text(fields["horaires"])
    horaires_osm = to_osm(horaires) if horaires else None
    return {
        **UNKNOWN,
        "source": source,
        "nom": nom,
        "description": text(fields["description"]) or "",
        "adresse": text(fields["adresse"]),
        "commune": place.nom,
        "code_postal": _postcode(fields["code_postal"], place),
        "code_insee": place.insee,
        "departement": place.departement,
        "latitude": latitude,
        "longitude": longitude,
        "exact": exact,
        "site_web": web_address(fields["site_web"]),
        "horaires": horaires,
        "horaires_osm": horaires_osm,
        "moments": [moment.value for moment in moments(horaires_osm)],
    }


def _commune(index: PlaceIndex, fields: Fields) -> Place:
    """The commune or arrondissement of a line, by its code; without one, by its name and department if that is sure."""
    code, name = fields["code_insee"].strip(), text(fields["commune"]) or ""
    if code:
        place = index.get(code)
        if not place:
            raise Unreadable(f"code INSEE inconnu : « {code[:10]} »")
    else:
        match = index.find(f"{re.sub(r'(?i) cedex.*', '', name)} {fields['departement']}")
        if not match.sure or match.places[0].departement != fields["departement"]:
            raise Unreadable(f"commune inconnue : « {name[:40]} »")
        place = match.places[0]
    return (index.get(place.parent or "") or place) if place.type == "ANC" else place


def _position(fields: Fields, place: Place) -> tuple[float, float, bool]:
    """Latitude, longitude, and whether they are those of the place itself and not only of its commune."""
    found = point(fields["latitude"], fields["longitude"])
    if place.latitude is None or place.longitude is None:
        if found is None:
            raise Unreadable("position inconnue")
        return *found, fields["coord_precision"] == "point"
    if found is None:
        return place.latitude, place.longitude, False
    if distance_km(*found, place.latitude, place.longitude) > FURTHEST_KM:
        raise Unreadable(f"coordonnées loin de {place.nom}")
    return *found, fields["coord_precision"] == "point"


def _postcode(code: str, place: Place) -> str | None:
    # In these lists the INSEE code is right and the postcode may not be.
    return code if code in place.codes_postaux else next(iter(place.codes_postaux), None)


def _identifier(fields: Fields) -> str:
    found = text(fields["id"])
    if not found:
        raise Unreadable("identifiant manquant")
    return found


def _numerique_identifier(fields: Fields, code_insee: str) -> str:
    """What tells an entry from another: two national lists met here, and some local lists number from 1 each."""
    found = _identifier(fields)
    _, _, own = found.partition("-")
    if re.fullmatch(r"[0-9a-f]{24}", own):
        return own
    return f"{found}-{code_insee}" if own.isdecimal() else found


def _merge(row: EntryRow, twin: EntryRow) -> None:
    """The same place told by both lists: one often has its hours, the other its phone."""
    for name in ("telephone", "site_web", "adresse"):
        row[name] = row[name] or twin[name]
    if not row["horaires"]:
        row |= {name: twin[name] for name in ("horaires", "horaires_osm", "moments")}


def _several(value: str, allowed: Sequence[str], what: str) -> list[str]:
    return [one_of(slug, allowed, what) for slug in value.split(";") if slug]


def _slugs(enumeration: type[Kind] | type[Need] | type[Public] | type[Frais]) -> list[str]:
    return [member.value for member in enumeration]


# The services of the national vocabulary of digital help, as these lists write them.
SERVICES = frozenset(
    {
        "Accompagner les démarches de santé",
        "Accéder à du matériel",
        "Accéder à une connexion internet",
        "Approfondir ma culture numérique",
        "Créer avec le numérique",
        "Créer et développer mon entreprise",
        "Devenir autonome dans les démarches administratives",
        "Favoriser mon insertion professionnelle",
        "Prendre en main un ordinateur",
        "Prendre en main un smartphone ou une tablette",
        "Promouvoir la citoyenneté numérique",
        "Réaliser des démarches administratives avec un accompagnement",
        "S'équiper en matériel informatique",
        "Utiliser le numérique au quotidien",
    }
)
MOST_SERVICES = 3


def services_sentence(value: str) -> str:
    """A list of services as a sentence that names three at most; any other description, cleaned."""
    services = [service.strip() for service in value.split(";") if service.strip()]
    if not services or not SERVICES.issuperset(services):
        said = plain_text(value)
        return sentence(said) if len(said) > 3 else "Aide au numérique."
    named = [service[:1].lower() + service[1:] for service in services[:MOST_SERVICES]]
    last = "d'autres aides" if len(services) > MOST_SERVICES else named.pop()
    return sentence(f"{', '.join(named)} et {last}" if named else last)
