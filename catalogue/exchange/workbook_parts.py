"""The parts of an Excel workbook (.xlsx): its sheets, the texts they share, their styles, their rows.

openpyxl reads whole parts, and keeps something of every row: it only gives its knowledge of dates and of columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import inf
from posixpath import join, normpath
from zipfile import ZipFile

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from catalogue.exchange.unread import CannotRead
from catalogue.exchange.workbook_xml import MOST_MEMBERS, NO_WORKBOOK, TOO_BIG, Element, elements_of, local_name

_MOST_TEXT = 60_000_000  # bytes of the texts that the cells share, which are kept
_MOST_STYLES = 100_000

Row = tuple[int, list[Element]]
_Relations = dict[str, tuple[str, str]]


@dataclass(slots=True)
class Book:
    """What all the sheets of a workbook need to be read, and how far that has gone."""

    archive: ZipFile
    sheets: dict[str, str]  # their names by the path of what they hold
    texts: list[bytes]  # those that cells share, by rank
    dates: set[int]  # the styles that show a number as a date, by rank
    epoch: datetime  # the day from which numbers count
    given: int = 0  # characters of the cells read
    tables: int = 0  # sheets that are one


def read_book(archive: ZipFile) -> Book:
    """What a workbook says of all its sheets. Raises CannotRead."""
    workbook = next((path for kind, path in _relations(archive, "").values() if kind == "officeDocument"), None)
    if workbook is None:
        raise CannotRead(NO_WORKBOOK)
    relations = _relations(archive, workbook)
    parts = dict(relations.values())
    texts = _shared_texts(archive, parts["sharedStrings"]) if "sharedStrings" in parts else []
    dates = _date_styles(archive, parts["styles"]) if "styles" in parts else set()
    sheets, epoch = _sheets(archive, workbook, relations)
    if not sheets:
        raise CannotRead(NO_WORKBOOK)
    return Book(archive, sheets, texts, dates, epoch)


def _relations(archive: ZipFile, part: str) -> _Relations:
    """The kind and the path of what a part of a workbook refers to, by the name it gives it."""
    folder, _, name = part.rpartition("/")
    found = {}
    for element, attributes, _ in elements_of(archive, join(folder, "_rels", f"{name}.rels")):
        if element == "Relationship" and attributes:
            path = normpath(join("/", folder, attributes["Target"])).lstrip("/")
            found[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], path)
            if len(found) > MOST_MEMBERS:
                raise CannotRead(TOO_BIG)
    return found


def _sheets(archive: ZipFile, workbook: str, relations: _Relations) -> tuple[dict[str, str], datetime]:
    """The sheets, each once, and the day from which the workbook counts."""
    names, epoch = {}, CALENDAR_WINDOWS_1900
    for element, attributes, _ in elements_of(archive, workbook):
        if element == "sheet" and attributes:
            kind, path = relations[next((value for name, value in attributes.items() if local_name(name) == "id"), "")]
            if kind == "worksheet":
                names[path] = attributes["name"]
        elif element == "workbookPr" and attributes and attributes.get("date1904") in ("1", "true"):
            epoch = CALENDAR_MAC_1904
    return names, epoch


def _shared_texts(archive: ZipFile, path: str) -> list[bytes]:
    """The texts that cells share. Kept as bytes, as characters may take four times as much."""
    texts: list[bytes] = []
    said: list[str] = []
    size = 0
    for element, attributes, text in without_phonetics(elements_of(archive, path, "si")):
        if attributes is not None:
            continue
        if element == "t":
            said.append(text)
        elif element == "si":
            texts.append("".join(said).encode())
            said.clear()
            size += len(texts[-1]) + 48  # of an object and of its place in the list
        if size > _MOST_TEXT:
            raise CannotRead(TOO_BIG)
    return texts


def _date_styles(archive: ZipFile, path: str) -> set[int]:
    """The ranks of the styles of cells that show a number as a date."""
    formats = {number for number, code in BUILTIN_FORMATS.items() if is_date_format(code)}
    dates: set[int] = set()
    rank, of_cells = 0, False
    for element, attributes, _ in elements_of(archive, path):
        if element == "cellXfs":
            of_cells = attributes is not None
        elif element == "numFmt" and attributes and is_date_format(attributes["formatCode"][:255]):
            formats.add(int(attributes["numFmtId"]))
        elif element == "xf" and of_cells and attributes is not None:
            if int(attributes.get("numFmtId", 0)) in formats:
                dates.add(rank)
            rank += 1
        if max(rank, len(formats)) > _MOST_STYLES:
            raise CannotRead(TOO_BIG)
    return dates


def rows_of(archive: ZipFile, path: str) -> Iterator[Row]:
    """The number of each row that is written, and what is in it."""
    line = 0
    inside: list[Element] = []
    for element in elements_of(archive, path, "row", inf):
        name, attributes, _ = element
        if name == "row" and attributes is None:
            yield line, inside
        elif name == "row" and attributes is not None:
            line, inside = int(attributes.get("r", line + 1)), []
        elif name == "sheetData" and attributes is None:
            return
        else:
            inside.append(element)


def without_phonetics(elements: Iterator[Element]) -> Iterator[Element]:
    """The elements without those that say how a text is pronounced."""
    phonetic = False
    for element in elements:
        if element[0] == "rPh":
            phonetic = element[1] is not None
        elif not phonetic:
            yield element
