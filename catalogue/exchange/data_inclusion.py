"""data·inclusion v1 coming in: the structures and services of a document → rows of `initiatives`.

A row is a structure with the services it gives at its own place; those it gives elsewhere make other rows. The national
schema is the contract: a record that it refuses is refused whole, and only its fields are kept. What has no field there
may come in one of our own, `bonne_porte`, which wins over what would be inferred.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from data_inclusion.schema import v1

from catalogue.exchange.entry_of_services import entry_of
from catalogue.exchange.given_values import quoted
from catalogue.exchange.national_schema import Fields, read_fields
from catalogue.exchange.own_columns import laid_over, read_own
from catalogue.exchange.places_of_services import places_of
from catalogue.exchange.reading import EntryRow, Key, Reading, Record
from catalogue.exchange.rows import Unreadable, text
from catalogue.needs import Reach
from catalogue.places import PlaceIndex
from catalogue.spelling import fold

# What a record that is refused for one of these would have told of, nobody knows.
_TELL_WHICH_ENTRY = frozenset({"source", "id", "structure_id", "bonne_porte", "bonne_porte.source_id"})


@dataclass(frozen=True, slots=True)
class _Told:
    """A structure or a service, as its document tells it."""

    line: int
    what: str
    fields: Fields
    own: Fields  # our own columns, from `bonne_porte`
    problems: Mapping[str, str]  # by field

    @property
    def key(self) -> Key | None:
        """Of the entry of a structure at its own place; None when it cannot be read."""
        if not self.fields.get("source") or not self.fields.get("id"):
            return None
        return self.fields["source"], self.own.get("source_id") or self.fields["id"]

    def refuse(self, reading: Reading, reason: str) -> None:
        """Say why it is not loaded."""
        named = quoted(self.fields.get("id")).removeprefix(" :")
        said = f"{self.what}{named}, {reason}".encode(errors="replace").decode()
        reading.refuse(self.line, text(said) or "", lost=not _TELL_WHICH_ENTRY.isdisjoint(self.problems))


def read_data_inclusion(records: Iterable[Record], reading: Reading, index: PlaceIndex) -> None:
    """Add the entries of a document to `reading.rows`, and all those it tells of to `reading.seen`.

    Takes structures and services in any order, typed (JSON) or as text (CSV, XLSX). Never raises: what is wrong is
    refused, in French. A service of a structure that is unknown or refused is refused too.
    """
    structures, services, twice = _gathered(map(_told, records), reading)
    for identifier in [identifier for identifier in services if identifier not in structures]:
        for service in services[identifier].values():
            if not service.problems:
                service.refuse(reading, f"structure inconnue{quoted(identifier)}")
    for identifier, structure in structures.items():
        _read_structure(structure, services.get(identifier, {}), reading, index)
    refused = [*twice, *(structure for structure in structures.values() if structure.problems)]
    reading.seen.update(structure.key for structure in refused if structure.key)


def _gathered(
    records: Iterable[_Told], reading: Reading
) -> tuple[dict[str, _Told], dict[str, dict[str, _Told]], list[_Told]]:
    """The structures by id, the services by the id of their structure then by theirs, the structures that came twice.

    What the schema refuses is kept too: it tells of an entry all the same.
    """
    structures: dict[str, _Told] = {}
    services: dict[str, dict[str, _Told]] = {}
    twice: list[_Told] = []
    met: set[tuple[str, str]] = set()
    for told in records:
        identifier = told.fields.get("id", "")
        if told.problems:
            told.refuse(reading, " ; ".join(f"{name} : {reason}" for name, reason in told.problems.items()))
        if identifier and (told.what, identifier) in met:
            if not told.problems:
                told.refuse(reading, "déjà dans le document")
            if told.what == "structure":
                twice.append(told)
        elif told.what == "structure":
            structures[identifier] = told
        else:
            services.setdefault(told.fields.get("structure_id", ""), {})[identifier] = told
        met.add((told.what, identifier))
    return structures, services, twice


def _read_structure(structure: _Told, services: Mapping[str, _Told], reading: Reading, index: PlaceIndex) -> None:
    if not structure.key:
        return
    places = places_of(structure.fields, [service.fields for service in services.values()], index)
    for suffix, offered in places.items():
        _read_entry(structure, suffix, [services[fields.get("id", "")] for fields in offered], reading, index)


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
        raise Unreadable("ni adresse ni zone : on ne saurait pas qui y envoyer")
    if row["reach"] == Reach.LOCAL and row["latitude"] is None:
        raise Unreadable("position inconnue")
    return row


def _told(record: Record) -> _Told:
    is_service = _is_service(record)
    fields, problems = read_fields(v1.Service if is_service else v1.Structure, record.fields)
    own, refused = read_own(record.fields.get("bonne_porte"))
    problems |= refused
    if problems:  # what is left only tells which entry it is
        fields = {name: value for name, value in fields.items() if isinstance(value, str)}
    return _Told(record.line, "service" if is_service else "structure", fields, own, problems)


def _is_service(record: Record) -> bool:
    part = fold(record.part)
    if ("service" in part) == ("structure" in part):
        return bool(record.fields.get("structure_id"))
    return "service" in part
