"""Opening the archive that an Excel workbook is, and reading its XML members without a tree, however hostile."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from struct import error as StructError
from typing import Any
from xml.sax import ContentHandler, SAXException
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from defusedxml.common import DefusedXmlException
from defusedxml.sax import make_parser

from catalogue.exchange.unread import DEEPEST, MOST_CHARACTERS, CannotRead

NO_WORKBOOK = "Ce document n'est pas un classeur Excel (.xlsx)."
TOO_BIG = "Ce classeur est trop gros pour être lu : enregistrez chaque feuille en CSV."
_DAMAGED = "Ce classeur est abîmé : ouvrez-le, puis enregistrez-le à nouveau en .xlsx."

MOST_MEMBERS = 1_000
_MOST_BYTES = 200_000_000  # of all that is in a workbook
_SUSPICIOUS_FROM, _SUSPICIOUS_RATIO = 10_000_000, 200
_MOST_NAMES = 1_000  # of elements and attributes: the XML parser keeps them
_MOST_ELEMENTS = 800_000  # of what is not rows: 400,000 texts that cells share, some two seconds
_CHUNK = 16_384

_DAMAGES = (
    *(BadZipFile, zlib.error, StructError, EOFError, OSError, NotImplementedError, RuntimeError),
    *(SAXException, DefusedXmlException, ValueError, LookupError, OverflowError),
)

Element = tuple[str, dict[str, str] | None, str]  # its name, then as it begins its attributes, as it ends its text


class _CarefulFile(BufferedReader):
    """A file of which no list of a million members is read at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size and size > MOST_CHARACTERS:
            raise CannotRead(TOO_BIG)
        return super().read(size)


@contextmanager
def open_archive(path: Path) -> Iterator[ZipFile]:
    """The archive that a workbook is. Raises CannotRead, also for the damage that is found while it is open."""
    try:
        with _CarefulFile(path.open("rb", buffering=0)) as file, ZipFile(file) as archive:
            _check(archive)
            yield archive
    except CannotRead:
        raise
    except _DAMAGES as error:
        raise CannotRead(_DAMAGED) from error


def _check(archive: ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > _MOST_BYTES:
        raise CannotRead(TOO_BIG)
    for member in members:
        if member.file_size > max(_SUSPICIOUS_FROM, _SUSPICIOUS_RATIO * member.compress_size):
            raise CannotRead("Ce classeur est anormalement compressé : enregistrez chaque feuille en CSV.")
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise CannotRead(_DAMAGED)
    if "[Content_Types].xml" not in archive.namelist():
        raise CannotRead(NO_WORKBOOK)


def elements_of(
    archive: ZipFile, path: str, unit: str | None = None, most: float = _MOST_ELEMENTS
) -> Iterator[Element]:
    """The elements of a member, as they begin and end; `most` of them, which bounds the time.

    One `unit` takes so many bytes, which bounds the memory.
    """
    handler, parser = _Elements(unit, most), make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(handler)
    with archive.open(path) as member:
        while data := member.read(_CHUNK):
            handler.since_unit += len(data)
            if handler.since_unit > MOST_CHARACTERS:
                raise CannotRead(TOO_BIG)
            parser.feed(data)
            yield from handler.found
            handler.found.clear()
    parser.close()


class _Elements(ContentHandler):
    """Takes note of the elements of an XML file as they begin and end, without a tree."""

    def __init__(self, unit: str | None, most: float) -> None:
        super().__init__()
        self.found: list[Element] = []
        self.since_unit = 0  # bytes
        self._unit, self._room = unit, most
        self._names: set[str] = set()
        self._text: list[str] = []
        self._depth = 0

    def startElement(self, name: str, attrs: Any) -> None:
        attributes = dict(attrs.items())
        self._text.clear()
        self._depth += 1
        self._room -= 1
        if self._room < 0:
            raise CannotRead(TOO_BIG)
        self._names.add(name)
        self._names.update(attributes)
        if self._depth > DEEPEST or len(self._names) > _MOST_NAMES:
            raise CannotRead(_DAMAGED)
        self.found.append((local_name(name), attributes, ""))

    def characters(self, content: str) -> None:
        self._text.append(content)

    def endElement(self, name: str) -> None:
        element = local_name(name)
        self.found.append((element, None, "".join(self._text)))
        self._text.clear()
        self._depth -= 1
        if self._unit in (None, element):
            self.since_unit = 0


def local_name(name: str) -> str:
    return name.rpartition(":")[2]
