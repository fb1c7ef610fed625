"""A structure and the services it gives at one place → the columns of an entry."""

from collections.abc import Iterable, Sequence
from datetime import date

from catalogue.exchange.kinds import kind_of, needs_of_kind
from catalogue.exchange.located import departements_of, place_of, postcode_at
from catalogue.exchange.names import readable_name
from catalogue.exchange.national_schema import Fields
from catalogue.exchange.places_of_services import commune_of, has_position, place_elsewhere, position_of, tells_commune
from catalogue.exchange.reading import EntryRow
from catalogue.exchange.rows import Unreadable, email, phone, plain_text, sentence, text, web_address
from catalogue.exchange.services import services_sentence
from catalogue.exchange.thematiques import is_digital_help, need_of, needs_of, needs_without_thematique
from catalogue.hours import moments, to_osm
from catalogue.initiatives import UNKNOWN
from catalogue.needs import Kind, Method, Need, Public, Reach
from catalogue.places import Place, PlaceIndex

EVERYWHERE = frozenset({"france", "99100"})
MOST_NAMED = 5  # services


def entry_of(structure: Fields, services: Sequence[Fields], away: bool, index: PlaceIndex) -> EntryRow:
    """The row that a structure and its services at one place lead to, `away` when that is not the structure's own.

    Both are as the schema wants them, the services by their id. Every column is there but `id`; `reach` is None when
    nothing tells who is served, `latitude` when nothing tells where. Raises Unreadable.
    """
    at = services if away else [structure, *services]
    first = [*services, structure] if away else at
    where = _where(at, services, index)
    nom = text(structure["nom"])
    if not nom:
        raise Unreadable("nom : manquant")
    horaires = _horaires(structure, services, away)
    horaires_osm = to_osm(horaires) if horaires else None
    dates = [record["date_maj"] for record in (structure, *services)]
    return {
        **UNKNOWN,
        **where,
        **_offer(services),
        **_answers(structure, services),
        "source": structure["source"],
        "source_id": structure["id"] + (place_elsewhere(structure, services[0], index) if away else ""),
        "nom": readable_name(nom, where["commune"] or ""),
        "description": _description(structure, services, away),
        "telephone": phone(_first(first, "telephone")),
        "courriel": email(_first(first, "courriel")),
        "site_web": web_address(_first(first, "site_web") or _first(services, "lien_mobilisation")),
        "lien_source": web_address(_first(first, "lien_source")),
        "horaires": horaires,
        "horaires_osm": horaires_osm,
        "moments": [moment.value for moment in moments(horaires_osm)],
        "date_maj": date.fromisoformat(structure["date_maj"]),
        "verified_at": date.fromisoformat(max(dates)),
        "verified_method": Method.IMPORT.value,
        "structure": structure,
        "services": list(services),
    }


def _first(records: Iterable[Fields], name: str) -> str:
    return next((record[name] for record in records if name in record), "")


def _where(at: Sequence[Fields], services: Sequence[Fields], index: PlaceIndex) -> EntryRow:
    told = next((record for record in at if tells_commune(record)), at[0])
    place = commune_of(told, index) if tells_commune(told) else None
    latitude, longitude, exact = _position(at, place, index)
    near = place or (index.nearest(latitude, longitude) if latitude is not None and longitude is not None else None)
    known = {
        "commune": place.nom if place else None,
        "code_postal": postcode_at(told.get("code_postal", ""), place) if place else None,
        "code_insee": place.insee if place else None,
        "departement": near.departement if near else None,
    }
    if not near or _only_at_a_distance(services):
        return known | _reach(at, services, near, index)
    return known | {
        "reach": Reach.LOCAL.value,
        "adresse": text(told.get("adresse", "")),
        "complement_adresse": text(told.get("complement_adresse", "")),
        "latitude": latitude,
        "longitude": longitude,
        "exact": exact,
    }


def _only_at_a_distance(services: Sequence[Fields]) -> bool:
    """Whether nobody is received: an address is then an office, no door to knock at."""
    return bool(services) and all(service.get("modes_accueil") == ["a-distance"] for service in services)


def _position(at: Sequence[Fields], place: Place | None, index: PlaceIndex) -> tuple[float | None, float | None, bool]:
    told = next(filter(has_position, at), None)
    if told:
        return position_of(told, place, index)
    return (place.latitude, place.longitude, False) if place else (None, None, False)


def _reach(at: Sequence[Fields], services: Sequence[Fields], near: Place | None, index: PlaceIndex) -> EntryRow:
    """Who is served by what nobody goes to: its zone; without any, the department where it is based.

    A zone that is not known is taken for its own department. Of an intercommunalité (EPCI) only the number is told, and
    the communes we know do not say which one they belong to.
    """
    zones = {zone for service in services for zone in service.get("zone_eligibilite", ())}
    remote = _only_at_a_distance(services)
    if zones & EVERYWHERE:
        return {"reach": (Reach.A_DISTANCE if remote else Reach.NATIONAL).value}
    home = near.departement if near else _departement_told(at, index)
    served = sorted({code for zone in zones for code in _departements(zone, index)})
    if home and not served and (zones or remote):
        served = [home]
    if not served:
        return {"reach": None}
    return {"reach": Reach.DEPARTEMENTAL.value, "departement": served[0], "zones": served if len(served) > 1 else []}


def _departement_told(records: Sequence[Fields], index: PlaceIndex) -> str | None:
    """The department of the postcode of records that tell no commune, where it is of one only."""
    code = next((record["code_postal"] for record in records if "code_postal" in record), "")
    found = {place.departement for place in index.find(code).places if code in place.codes_postaux}
    return found.pop() if len(found) == 1 else None


def _departements(zone: str, index: PlaceIndex) -> frozenset[str]:
    if len(zone) <= 3:
        return departements_of(index, zone)
    place = place_of(index, zone, "", "", "") if len(zone) == 5 else None
    return frozenset({place.departement}) if place else frozenset()


def _answers(structure: Fields, services: Sequence[Fields]) -> EntryRow:
    """What the place is, and the needs it answers."""
    thematiques = [thematique for service in services for thematique in service.get("thematiques", ())]
    reseaux, description = structure.get("reseaux_porteurs", ()), structure.get("description", "")
    digital = {*map(need_of, thematiques)} == {Need.NUMERIQUE} if thematiques else is_digital_help(description)
    kind = kind_of(structure["nom"], reseaux) or (Kind.ESPACE_NUMERIQUE if digital else Kind.AUTRE)
    needs = needs_of(thematiques) or needs_without_thematique(reseaux, description) or needs_of_kind(kind)
    return {"kind": kind.value, "needs": needs}


def _offer(services: Sequence[Fields]) -> EntryRow:
    """For whom and at what cost, where the services agree."""
    named = {public for service in services for public in service.get("publics", ())}
    if not all("publics" in service for service in services):
        named = set()
    elif Public.TOUS_PUBLICS in named:
        named = {Public.TOUS_PUBLICS}
    return {
        "publics": [public.value for public in Public if public in named],
        "frais": _agreed([service.get("frais") for service in services]),
        "frais_precisions": text(_agreed(_all(services, "frais_precisions")) or ""),
        "publics_precisions": text(_agreed(_all(services, "publics_precisions")) or ""),
        "conditions_acces": text(_agreed(_all(services, "conditions_acces")) or ""),
    }


def _all(services: Sequence[Fields], name: str) -> list[str]:
    return [service[name] for service in services if name in service]


def _agreed(values: Sequence[str | None]) -> str | None:
    return values[0] if len(set(values)) == 1 else None


def _horaires(structure: Fields, services: Sequence[Fields], away: bool) -> str | None:
    """Those of the structure are not kept where it is not; those of services only tell when all are open."""
    own = "" if away else structure.get("horaires_accueil")
    return text(own or _agreed([service.get("horaires_accueil") for service in services]) or "")


def _description(structure: Fields, services: Sequence[Fields], away: bool) -> str:
    own = structure.get("description", "")
    offered = services[0]["description"] if len(services) == 1 else _names(services)
    said = (offered or own) if away else (own or offered)
    return services_sentence(said) if is_digital_help(said) else sentence(plain_text(said))


def _names(services: Sequence[Fields]) -> str:
    """ "Propose : A, B et C."."""
    named = list(dict.fromkeys(service["nom"] for service in services))
    if not named:
        return ""
    last = "d'autres services" if len(named) > MOST_NAMED else named[-1]
    before = ", ".join(named[:MOST_NAMED] if len(named) > MOST_NAMED else named[:-1])
    return f"Propose : {before} et {last}" if before else f"Propose : {last}"
