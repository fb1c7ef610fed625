"""A document that somebody gives → the entries it holds, whatever its format."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from catalogue.exchange.data_inclusion import read_data_inclusion
from catalogue.exchange.documents import CannotRead, records
from catalogue.exchange.mapped import read_mapped, read_mapping
from catalogue.exchange.reading import Reading, Record
from catalogue.places import PlaceIndex

# What every structure of data·inclusion v1 has, and every service.
DATA_INCLUSION = frozenset({"source", "id", "nom", "date_maj"})
FIRST_RECORDS = 50


def read_document(path: Path, name: str, index: PlaceIndex, mapping: Path | None = None) -> Reading:
    """The entries of a document called `name`: a list told by a mapping file, or else data·inclusion v1.

    Raises CannotRead for a document that is neither, WrongMapping for a mapping that makes no sense: both in French.
    """
    reading = Reading(name)
    if mapping:
        read_mapped(records(path, reading), read_mapping(mapping), reading, index)
    else:
        read_data_inclusion(_in_data_inclusion(records(path, reading, DATA_INCLUSION), name), reading, index)
    return reading


def _in_data_inclusion(found: Iterator[Record], name: str) -> Iterator[Record]:
    first = list(islice(found, FIRST_RECORDS))
    if first and not any(set(record.fields) >= DATA_INCLUSION for record in first):
        raise CannotRead(
            f"{name} n'est pas au format data·inclusion (colonnes source, id, nom, date_maj) : "
            "décrivez ses colonnes dans un fichier de correspondance, avec --mapping."
        )
    return chain(first, found)
