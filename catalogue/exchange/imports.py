"""A document that somebody gives → the entries it holds, whatever its format."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from catalogue.exchange.data_inclusion import read_data_inclusion
from catalogue.exchange.documents import CannotRead, records
from catalogue.exchange.mapped import read_mapped, read_mapping
from catalogue.exchange.reading import Reading, Record
from catalogue.places import PlaceIndex

# What every structure of data·inclusion v1 has, and every service; the national workbook leaves `source` out.
SOURCE = "source"
DATA_INCLUSION = frozenset({SOURCE, "id", "nom", "date_maj"})
# A column of the national workbook: its rows of explanations and examples are marked there.
IGNORED = "__ignore__"
_NOT_IGNORED = frozenset({"", "0", "false", "faux", "non"})
FIRST_RECORDS = 50


def read_document(
    path: Path, name: str, index: PlaceIndex, mapping: Path | None = None, source: str | None = None
) -> Reading:
    """The entries of a document called `name`: a list told by a mapping file, or else data·inclusion v1.

    `source` is whose list it is, for one that does not say; else it has the name of the document.
    Raises CannotRead for a document that is neither, WrongMapping for a mapping that makes no sense: both in French.
    """
    reading = Reading(name)
    if mapping:
        read_mapped(records(path, reading), read_mapping(mapping), reading, index)
        return reading
    found = _not_ignored(records(path, reading, DATA_INCLUSION), reading)
    read_data_inclusion(_in_data_inclusion(found, name, source or Path(name).stem), reading, index)
    return reading


def _not_ignored(found: Iterator[Record], reading: Reading) -> Iterator[Record]:
    for record in found:
        if str(record.fields.get(IGNORED) or "").strip().lower() in _NOT_IGNORED:
            yield record
        else:
            reading.refuse(record.line, f"{record.part} : ligne d'explication ou d'exemple ({IGNORED})".lstrip(" :"))


def _in_data_inclusion(found: Iterator[Record], name: str, source: str) -> Iterator[Record]:
    first = list(islice(found, FIRST_RECORDS))
    if first and not any(set(record.fields) >= DATA_INCLUSION - {SOURCE} for record in first):
        raise CannotRead(
            f"{name} n'est pas au format data·inclusion (colonnes source, id, nom, date_maj) : "
            "décrivez ses colonnes dans un fichier de correspondance, avec --mapping."
        )
    everything = chain(first, found)
    if any(record.fields.get(SOURCE) for record in first):
        return everything
    return (replace(record, fields={**record.fields, SOURCE: source}) for record in everything)
