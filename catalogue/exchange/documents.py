"""Reading a document that somebody gives, one record at a time: CSV, JSON, JSON Lines, GeoJSON or an Excel workbook.

It may be huge, damaged or hostile: what is held in memory never grows with it, and what cannot be read is said.
"""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Collection, Iterator
from pathlib import Path

from catalogue.exchange.csv_documents import csv_records
from catalogue.exchange.json_documents import has_json_lines, json_line_records, json_records
from catalogue.exchange.reading import Reading, Record
from catalogue.exchange.unread import MOST_CHARACTERS, CannotRead, Found

__all__ = ["CannotRead", "records"]

MOST_RECORDS = 2_000_000
MOST_REFUSED = 100_000


def records(path: Path, reading: Reading, known: Collection[str] = ()) -> Iterator[Record]:
    """The records of a document, in order; its format is told by what it holds, rather than by its name.

    A line that cannot be read is refused in `reading`, and the rest goes on. Of CSV and Excel, every value is a text,
    "" where there is none. `known` are names of columns: a column is given such a name when it is written otherwise
    ("Nom *", "id (obligatoire)"), and a sheet of a workbook is only read when one of its first rows has three of them.
    Raises CannotRead, at once or after some records: those of a damaged document are not all there were.
    """
    refused = 0
    for count, found in enumerate(_contents(path, known), 1):
        if count > MOST_RECORDS:
            raise CannotRead("Ce document a plus de deux millions de lignes : partagez-le en plusieurs fichiers.")
        if isinstance(found, Record):
            yield found
        elif found:
            refused += 1
            reason = f"{found.part} : {found.reason}" if found.part else found.reason
            reading.refuse(found.line, reason, lost=True)
        if refused > MOST_REFUSED:
            raise CannotRead("Plus de cent mille lignes de ce document sont illisibles.")


_UTF_16 = "Ce document est codé en UTF-16 : enregistrez-le en UTF-8."
_NOT_READ = {
    b"\x1f\x8b": "Ce document est compressé (GZIP) : décompressez-le, puis donnez le fichier obtenu.",
    b"\xd0\xcf\x11\xe0": "Ce classeur a un mot de passe ou un ancien format (.xls) : enregistrez-le en .xlsx, sans mot "
    "de passe.",
    b"%PDF": "Ce document est un PDF : il faut un fichier CSV, JSON ou Excel (.xlsx).",
    b"<": "Ce document est une page web ou du XML : il faut un fichier CSV, JSON ou Excel (.xlsx).",
    BOM_UTF16_LE: _UTF_16,
    BOM_UTF16_BE: _UTF_16,
}


def _contents(path: Path, known: Collection[str]) -> Iterator[Found]:
    with path.open("rb") as file:
        head = file.read(MOST_CHARACTERS)
    start = head.removeprefix(BOM_UTF8).lstrip()
    if not start:
        raise CannotRead("Ce document est vide.")
    for signature, reason in _NOT_READ.items():
        if start.startswith(signature):
            raise CannotRead(reason)
    if start.startswith(b"PK\x03\x04"):
        from catalogue.exchange.workbooks import workbook_records  # slow to load: openpyxl

        return workbook_records(path, known)
    if b"\0" in start.partition(b"\n")[0]:
        raise CannotRead("Ce document n'est pas un texte : il faut un fichier CSV, JSON ou Excel (.xlsx).")
    if start.startswith((b"[", b"{")):
        return json_line_records(path) if has_json_lines(path, start) else json_records(path)
    return csv_records(path, head, known)
