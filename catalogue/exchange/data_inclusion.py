"""data·inclusion v1 coming in: the structures and services of a document → rows of `initiatives`.

A row is a structure with the services it gives at its own place; those it gives elsewhere make other rows. The national
schema is the contract: a record that it refuses is refused whole, and only its fields are kept. What has no field there
may come in one of our own, `bonne_porte`, which wins over what would be inferred.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from data_inclusion.schema import v1

from catalogue.exchange.entry_of_services import entry_of
from catalogue.exchange.given_values import quoted
from catalogue.exchange.national_schema import Fields, read_fields
from catalogue.exchange.own_columns import laid_over, read_own
from catalogue.exchange.places_of_services import (
    commune_of,
    has_position,
    place_elsewhere,
    places_of,
    position_of,
    tells_commune,
)
from catalogue.exchange.reading import EntryRow, Key, Reading, Record
from catalogue.exchange.rows import Unreadable, text
from catalogue.needs import Reach
from catalogue.places import Place, PlaceIndex
from catalogue.spelling import fold

# What a record that is refused for one of these would have told of, nobody knows: where a service is given makes one
# entry or another.
_TELL_WHICH_ENTRY = frozenset({"source", "id", "structure_id", "bonne_porte", "bonne_porte.source_id"})
_TELL_WHERE = frozenset({"adresse", "commune", "code_postal", "code_insee"})
# Columns beside those of the schema that lose nothing: ours, the marks of the national workbook, a mark we give too.
_ALSO_READ = frozenset({"bonne_porte", "__ignore__", "score_qualite"})
_NOTHING: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class _Told:
    """A structure or a service, as its document tells it."""

    line: int
    what: str
    fields: Fields
    own: Fields  # our own columns, from `bonne_porte`
    problems: Mapping[str, str]  # by field

    @property
    def id(self) -> str:
        """ "" when it cannot be read."""
        return str(self.fields.get("id", ""))

    @property
    def key(self) -> Key | None:
        """Of the entry of a structure at its own place; None when it cannot be read."""
        if not self.fields.get("source") or not self.id:
            return None
        return self.fields["source"], self.own.get("source_id") or self.id

    def tells_of_the_same_entry(self, other: "_Told") -> bool:
        """Whether two services are of the same structure, at the same place."""
        return all(self.fields.get(name) == other.fields.get(name) for name in ("structure_id", *_TELL_WHERE))

    def refuse(self, reading: Reading, reason: str, *, lost: bool = False) -> None:
        """Say why it is not loaded. It is lost when nobody knows which entry it tells of."""
        said = f"{self.what}{quoted(self.id).removeprefix(' :')}, {reason}".encode(errors="replace").decode()
        hiding = _TELL_WHICH_ENTRY | _TELL_WHERE if self.what == "service" else _TELL_WHICH_ENTRY
        reading.refuse(self.line, text(said) or "", lost=lost or not hiding.isdisjoint(self.problems))


def read_data_inclusion(records: Iterable[Record], reading: Reading, index: PlaceIndex) -> None:
    """Add the entries of a document to `reading.rows`, and all those it tells of to `reading.seen`.

    Takes structures and services in any order, typed (JSON) or as text (CSV, XLSX). Never raises: what is wrong is
    refused, in French. A service of a structure that is unknown or refused is refused too. What the schema has no
    field for is counted in `reading.left`: a list of before its version 1 would lose its hours without a word.
    """
    told = [_told(record, reading) for record in records]
    structures = _first_by_id(one for one in told if one.what == "structure")
    told = [_placed(one, structures, index) for one in told]
    services = _first_by_id(one for one in told if one.what == "service")
    for one in told:
        first = (services if one.what == "service" else structures).get(one.id, one)
        _refuse_at_once(one, first, structures, reading)
    offered: dict[str, dict[str, _Told]] = {}
    for service in services.values():
        offered.setdefault(service.fields.get("structure_id", ""), {})[service.id] = service
    for structure in structures.values():
        _read_structure(structure, offered.get(structure.id, {}), reading, index)
    for one in told:
        if one.what == "structure" and one.key and (one.problems or one is not structures[one.id]):
            reading.seen.add(one.key)


def _first_by_id(told: Iterable[_Told]) -> dict[str, _Told]:
    """What the schema refuses is kept too: it tells of an entry all the same."""
    found: dict[str, _Told] = {}
    for one in told:
        if one.id:
            found.setdefault(one.id, one)
    return found


def _refuse_at_once(one: _Told, first: _Told, structures: Mapping[str, _Told], reading: Reading) -> None:
    """Refuse what is not as the schema wants, comes after the `first` of its id, or has no structure to go with."""
    lost, alone = False, ""
    if one.what == "service":
        named = one.fields.get("structure_id", "")
        structure = structures.get(named)
        if not structure:
            alone = f"structure inconnue{quoted(named)}"
        elif not structure.key:
            alone = f"sa structure est refusée{quoted(named)}"
        lost = bool(alone) or not one.tells_of_the_same_entry(first)
    wrong = " ; ".join(f"{name} : {reason}" for name, reason in one.problems.items())
    if reason := wrong or ("déjà dans le document" if one is not first else alone):
        one.refuse(reading, reason, lost=lost)


def _read_structure(structure: _Told, services: Mapping[str, _Told], reading: Reading, index: PlaceIndex) -> None:
    if not structure.key:
        return
    places = places_of(structure.fields, [service.fields for service in services.values()], index)
    before = len(reading.rows)
    for suffix, offered in places.items():
        _read_entry(structure, suffix, [services[fields["id"]] for fields in offered], reading, index)
    if "" not in places and len(reading.rows) == before and not structure.problems:
        structure.refuse(reading, "elle n'est que là où sont ses services, et ils sont refusés")


def _read_entry(structure: _Told, suffix: str, services: Sequence[_Told], reading: Reading, index: PlaceIndex) -> None:
    sound = [service for service in services if not service.problems]
    own = next((service.own for service in services if service.own), {}) if suffix else structure.own
    key = structure.fields["source"], own.get("source_id", structure.fields["id"] + suffix)
    known = key in reading.seen
    reading.seen.add(key)
    told = sound if suffix else [structure]
    reason = f"déjà dans le document{quoted(key[1])}" if known else ""
    if structure.problems:
        told = []
    elif told and not reason:
        try:
            offered = [service.fields for service in sound]
            row = laid_over(entry_of(structure.fields, offered, bool(suffix), index), own)
            reading.rows[key] = _located(row)
            return
        except Unreadable as error:
            reason = str(error)
    for one in told:
        one.refuse(reading, reason)
    for service in sound:
        if service not in told:
            service.refuse(reading, f"sa structure est refusée{quoted(structure.fields['id'])}")


def _located(row: EntryRow) -> EntryRow:
    if row["reach"] is None:
        raise Unreadable("ni adresse ni zone connue : on ne saurait pas qui y envoyer")
    if row["reach"] == Reach.LOCAL and row["latitude"] is None:
        raise Unreadable("position inconnue")
    return row


def _told(record: Record, reading: Reading) -> _Told:
    is_service = _is_service(record)
    model = v1.Service if is_service else v1.Structure
    fields, problems = read_fields(model, record.fields)
    unknown = record.fields.keys() - model.model_fields.keys() - _ALSO_READ
    reading.left.update(name for name in sorted(unknown) if record.fields[name] not in _NOTHING)
    own, refused = read_own(record.fields.get("bonne_porte"))
    problems |= refused
    if refused:
        own = {} if "bonne_porte.source_id" in refused else {name: own[name] for name in own if name == "source_id"}
    left = _only_texts(fields) if problems else fields
    return _Told(record.line, "service" if is_service else "structure", left, own, problems)


def _placed(one: _Told, structures: Mapping[str, _Told], index: PlaceIndex) -> _Told:
    """A service that is not where it says is refused by itself, and not with all that its structure gives there."""
    if one.what != "service" or one.problems:
        return one
    structure = structures.get(one.fields.get("structure_id", ""))
    problems = _misplaced(one.fields, structure.fields if structure else {}, index)
    return replace(one, fields=_only_texts(one.fields), problems=problems) if problems else one


def _only_texts(fields: Fields) -> Fields:
    """What is left of a record that is refused: it only tells which entry it is of."""
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _misplaced(service: Fields, structure: Fields, index: PlaceIndex) -> dict[str, str]:
    """Why one cannot tell where a service is given, which may be another place than that of its structure."""
    try:
        place = commune_of(service, index) if tells_commune(service) else None
    except Unreadable as error:
        return {"code_insee" if "code_insee" in service else "commune": str(error)}
    is_used = not has_position(structure) or place_elsewhere(structure, service, index)
    if not has_position(service) or not is_used:
        return {}
    try:
        position_of(service, place or _commune_known(structure, index), index)
    except Unreadable as error:
        return {"latitude" if "latitude" in service else "longitude": str(error)}
    return {}


def _commune_known(structure: Fields, index: PlaceIndex) -> Place | None:
    try:
        return commune_of(structure, index) if tells_commune(structure) else None
    except Unreadable:
        return None  # it is refused for it


def _is_service(record: Record) -> bool:
    part = fold(record.part)
    if ("service" in part) == ("structure" in part):
        return bool(record.fields.get("structure_id"))
    return "service" in part
