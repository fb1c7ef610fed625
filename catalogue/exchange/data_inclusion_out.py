"""Entries going out as data·inclusion v1: reading them again gives the same entries, and writing these the same bytes.

What came in as data·inclusion goes out as it came, with what was corrected here since laid over it. The rest is made:
a structure, and one service. What the national schema has no field for goes in `bonne_porte`, when reading would infer
something else.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from data_inclusion.schema import v1
from pydantic import ValidationError

from catalogue.exchange.entry_of_services import entry_of
from catalogue.exchange.national_schema import Fields, Model
from catalogue.exchange.own_columns import BonnePorte
from catalogue.exchange.places_of_services import place_elsewhere, places_of
from catalogue.exchange.reading import EntryRow
from catalogue.exchange.rows import Unreadable
from catalogue.exchange.thematiques import THEMATIQUE_OF
from catalogue.hours import checked_osm, moments, to_osm
from catalogue.needs import Kind, Need, Reach
from catalogue.places import PlaceIndex

LONGEST_NAME, LONGEST_DESCRIPTION = 150, 10_000  # characters, of the schema
# The schema wants a date. When nobody knows one, the oldest it takes, so that nothing is said fresher than it is;
# `bonne_porte` then says that the date is not known.
OLDEST = date(2000, 1, 1)
_OWN = tuple(BonnePorte.__annotations__)
_ADDRESS = ("adresse", "complement_adresse")
_COMMUNE = ("commune", "code_postal", "code_insee")  # which are corrected together
_POSITION = ("latitude", "longitude")
_CONTACT = ("telephone", "courriel", "site_web", "lien_source")
_OFFER = ("publics", "publics_precisions", "frais", "frais_precisions", "conditions_acces")
_MODES = {Reach.LOCAL.value: ["en-presentiel"], Reach.A_DISTANCE.value: ["a-distance"]}
_LEAST = {"source": "x", "id": "x", "structure_id": "x", "nom": "xxx", "description": "xxxxx", "date_maj": "2000-01-01"}


@dataclass(frozen=True, slots=True)
class _Entry:
    row: EntryRow
    structure: Fields
    services: list[Fields]
    away: bool  # from its structure's own place
    said: EntryRow = field(default_factory=dict)  # what reading the records would infer, {} when it would refuse them


def as_data_inclusion(rows: Iterable[EntryRow], index: PlaceIndex) -> tuple[list[Fields], list[Fields]]:
    """The structures and the services of entries, each as the schema wants it, by source and id.

    `index` tells what reading would infer. Leave out what was merged into another entry: that is told by a number of
    this database, which nobody else could read.
    """
    entries = sorted(rows, key=lambda row: (row["source"], row["source_id"]))
    taken = {record["id"] for row in entries if row["structure"] for record in (row["structure"], *row["services"])}
    families: dict[str, list[_Entry]] = {}
    for row in entries:
        entry = _entry(row, taken, index)
        families.setdefault(entry.structure["id"], []).append(entry)
    structures: list[Fields] = []
    services: list[Fields] = []
    for family in families.values():
        told = _told(family, index)
        structures.append(told[0].structure)
        services += [service for entry in told for service in entry.services]
    return _ordered(v1.Structure, structures), _ordered(v1.Service, services)


def write_json(structures: Sequence[Fields], services: Sequence[Fields]) -> str:
    """A document that `read_data_inclusion` reads, the same for the same records."""
    content = {"structures": structures, "services": services}
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _ordered(model: Model, records: Iterable[Fields]) -> list[Fields]:
    names = (*model.model_fields, "bonne_porte")
    ordered = [{name: record[name] for name in names if name in record} for record in records]
    return sorted(ordered, key=lambda record: (record["source"], record["id"]))


def _entry(row: EntryRow, taken: set[str], index: PlaceIndex) -> _Entry:
    if not row["structure"]:
        return _Entry(row, *_made(row, taken), False)
    structure, services = row["structure"], row["services"]
    return _Entry(row, structure, services, bool(services and place_elsewhere(structure, services[0], index)))


def _told(family: Sequence[_Entry], index: PlaceIndex) -> list[_Entry]:
    """The entries of one structure with what was corrected in each, and our own columns: the one at home first."""
    family = sorted(family, key=lambda entry: entry.away)
    told = [_corrected(family[0], index)]
    told += [_corrected(replace(entry, structure=told[0].structure), index) for entry in family[1:]]
    if not _are_apart(told, index):
        told = [_inferred(replace(entry, structure=family[0].structure), index) for entry in family]
    return [_with_own(entry) for entry in told]


def _are_apart(family: Sequence[_Entry], index: PlaceIndex) -> bool:
    """Whether each would come back as an entry: two places that became one would not."""
    services = [service for entry in family for service in entry.services]
    places = places_of(family[0].structure, services, index)
    found = {(bool(suffix), *_ids(offered)) for suffix, offered in places.items()}
    return found >= {(entry.away, *_ids(entry.services)) for entry in family}


def _ids(services: Iterable[Fields]) -> list[str]:
    return [service["id"] for service in services]


def _with_own(entry: _Entry) -> _Entry:
    own = _own(entry.row, entry.said)
    structure, services = {**entry.structure}, [{**service} for service in entry.services]
    if own:
        (services[0] if entry.away else structure)["bonne_porte"] = own
    return replace(entry, structure=structure, services=services)


# --- what did not come in as data·inclusion ---------------------------------------------------------------------------


def _made(row: EntryRow, taken: set[str]) -> tuple[Fields, list[Fields]]:
    identifier = _free(f"{row['source']}--{row['source_id']}", taken)
    where = {name: row[name] for name in (*_ADDRESS, *_COMMUNE, *_POSITION) if row["exact"] or name not in _POSITION}
    common = {"source": row["source"], "nom": _name(row), "date_maj": _date_maj(row), **where}
    structure = common | {
        "id": identifier,
        "description": _description(row),
        "horaires_accueil": _hours(row),
        **{name: row[name] for name in _CONTACT},
    }
    answered = [Need(need) for need in row["needs"]]
    labels = ", ".join(need.label for need in answered) or Kind(row["kind"]).label
    service = common | {
        "structure_id": identifier,
        "id": _free(f"{identifier}--service", taken),
        "description": _description(row) or f"{labels}.",
        "thematiques": sorted(THEMATIQUE_OF[need] for need in answered),
        "modes_accueil": _MODES.get(row["reach"]),
        "zone_eligibilite": _zone(row),
        **{name: _offered(row, name) for name in _OFFER},
    }
    return _accepted(v1.Structure, structure), [_accepted(v1.Service, service)]


def _free(identifier: str, taken: set[str]) -> str:
    """An identifier that nothing else has: a list may number as another list, that came as data·inclusion, does."""
    while identifier in taken:
        identifier += "--bonne-porte"
    taken.add(identifier)
    return identifier


def _accepted(model: Model, record: Fields) -> Fields:
    """A record without the optional values that there are not, or that the schema refuses."""
    record = {name: value for name, value in record.items() if value not in (None, [])}
    try:
        model.model_validate(record)
    except ValidationError as error:
        refused = {one["loc"][0] for one in error.errors(include_url=False)}
        record = {name: value for name, value in record.items() if name not in refused}
    return record


def _name(row: EntryRow) -> str:
    """A name that is neither too long nor too short for the schema: `bonne_porte` then holds it whole."""
    nom: str = row["nom"]
    if len(nom) > LONGEST_NAME:
        return f"{nom[: LONGEST_NAME - 1].rstrip()}…"
    return nom if _is_legal("nom", nom) else f"{Kind(row['kind']).label} {nom}"


def _description(row: EntryRow) -> str | None:
    description: str = row["description"]
    if len(description) > LONGEST_DESCRIPTION:
        return f"{description[: LONGEST_DESCRIPTION - 1].rstrip()}…"
    return description if _is_legal("description", description) else None


def _date_maj(row: EntryRow) -> str:
    days = [day.isoformat() for day in (row["date_maj"], row["verified_at"]) if day]
    return next((day for day in days if _is_legal("date_maj", day)), OLDEST.isoformat())


def _hours(row: EntryRow) -> str | None:
    """The hours as they were given, if that is as the schema wants them: in OpenStreetMap's syntax."""
    given: str | None = row["horaires"]
    osm: str | None = row["horaires_osm"]
    return given if given and osm and checked_osm(given) and to_osm(given) == osm else osm


def _zone(row: EntryRow) -> list[str] | None:
    match row["reach"]:
        case Reach.NATIONAL | Reach.A_DISTANCE:
            return ["france"]
        case Reach.DEPARTEMENTAL:
            return sorted(filter(None, row["zones"] or [row["departement"]]))
    return None


def _offered(row: EntryRow, name: str) -> Any:
    return (sorted(row[name]) or None) if name == "publics" else row[name]


# --- what was corrected here since ------------------------------------------------------------------------------------


def _corrected(entry: _Entry, index: PlaceIndex) -> _Entry:
    """An entry with the columns that its records no longer lead to, wherever the schema has a field for them.

    Doing it again changes nothing more. What the records could no longer be read with is left to `bonne_porte`.
    """
    entry = _inferred(entry, index)
    structure, services = _put_right(entry)
    if (structure, services) == (entry.structure, entry.services):
        return entry
    corrected = _inferred(replace(entry, structure=structure, services=services), index)
    return corrected if corrected.said or not entry.said else entry


def _put_right(entry: _Entry) -> tuple[Fields, list[Fields]]:
    row, said, away = entry.row, entry.said, entry.away
    structure, services = {**entry.structure}, [{**service} for service in entry.services]
    changed = {name for name in _OWN if name not in said or row[name] != said[name]}
    records = services if away else [structure, *services]
    first = services if away else [structure]
    for name in (*changed.intersection(_ADDRESS), *(_COMMUNE if changed.intersection(_COMMUNE) else ())):
        _put([one for one in records if one in first or "code_insee" in one or "commune" in one], name, row[name])
    if changed.intersection((*_POSITION, "exact")):
        placed = [one for one in records if one in first or "latitude" in one]
        for name in _POSITION:
            _put(placed, name, row[name] if row["exact"] else None)
    for name in changed.intersection(_CONTACT):
        _put_instead(records, first, name, row[name])
    if changed.intersection(("horaires", "horaires_osm")):
        _put_instead(records, first, "horaires_accueil", _hours(row))
    if "description" in changed and len(first) == 1:
        _put_instead(first, first, "description", _description(row))
    for name in changed.intersection(_OFFER):
        _put(services, name, _offered(row, name))
    if not away and "nom" in changed:
        _put(first, "nom", _name(row))
    if not away and "date_maj" in changed and row["date_maj"]:
        _put(first, "date_maj", row["date_maj"].isoformat())
    return structure, services


def _put(records: Sequence[Fields], name: str, value: object) -> None:
    """Give a field a value, or none when the schema refuses it, in the records that have such a field."""
    for record in records:
        model: Model = v1.Service if "structure_id" in record else v1.Structure
        if name not in model.model_fields:
            continue
        if value is not None and _is_legal(name, value):
            record[name] = value
        elif not model.model_fields[name].is_required():
            record.pop(name, None)


def _put_instead(records: Sequence[Fields], first: Sequence[Fields], name: str, value: object) -> None:
    """The same in the first records and those that said the same as them; in all when nothing is left to say."""
    old = next((record[name] for record in records if name in record), None)
    if value is not None and _is_legal(name, value):
        records = [record for record in records if record in first or (old is not None and record.get(name) == old)]
    _put(records, name, value)


def _is_legal(name: str, value: object) -> bool:
    model: Model = v1.Structure if name in v1.Structure.model_fields else v1.Service
    try:
        model.model_validate(_LEAST | {name: value})
    except ValidationError:
        return False
    return True


def _inferred(entry: _Entry, index: PlaceIndex) -> _Entry:
    try:
        return replace(entry, said=entry_of(entry.structure, entry.services, entry.away, index))
    except Unreadable:
        return replace(entry, said={})


def _own(row: EntryRow, said: EntryRow) -> Fields:
    """The columns that are not what reading the records would infer, in the types of JSON."""
    own = {name: row[name] for name in _OWN if name != "moments" and (name not in said or row[name] != said[name])}
    if row["moments"] != [moment.value for moment in moments(row["horaires_osm"])]:
        own["moments"] = row["moments"]
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in own.items()}
