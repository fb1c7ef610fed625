"""Reading an Excel workbook (.xlsx): the rows of its sheets that are tables, every cell as a text."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime, time
from itertools import islice
from math import isfinite
from pathlib import Path

from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.escape import unescape

from catalogue.exchange.columns import MOST_COLUMNS, check_header, column_name
from catalogue.exchange.reading import Record
from catalogue.exchange.rows import Unreadable
from catalogue.exchange.unread import (
    MOST_CHARACTERS,
    TOO_LONG,
    UNREADABLE_CHARACTERS,
    CannotRead,
    Found,
    Unread,
    is_storable,
)
from catalogue.exchange.workbook_parts import Book, Row, read_book, rows_of, without_phonetics
from catalogue.exchange.workbook_xml import TOO_BIG, Element, open_archive

_MOST_GIVEN = 1_000_000_000  # characters of all the cells: a shared text may be given by each
_FIRST_ROWS = 20
_KNOWN_NAMES = 3


def workbook_records(path: Path, known: Collection[str]) -> Iterator[Found]:
    """The rows of each sheet that has three of the known columns. Raises CannotRead, maybe after some of them."""
    with open_archive(path) as archive:
        book = read_book(archive)
        for member, name in book.sheets.items():
            yield from _sheet(book, name.lower(), member, known)
        if not book.tables:
            raise CannotRead("Aucune feuille de ce classeur n'est un tableau dont les colonnes sont connues.")


def _sheet(book: Book, part: str, path: str, known: Collection[str]) -> Iterator[Found]:
    rows = rows_of(book.archive, path)
    if header := _sheet_header(book, rows, known):
        book.tables += 1
        for line, elements in rows:
            try:
                yield _sheet_record(part, line, header, _cells(book, elements)) if elements else None
            except Unreadable as error:
                yield Unread(part, line, str(error))


def _sheet_header(book: Book, rows: Iterator[Row], known: Collection[str]) -> dict[int, str]:
    """The names of the columns, from the first rows; none when they are those of no table."""
    for _, elements in islice(rows, _FIRST_ROWS):
        with suppress(Unreadable):
            header = {column: column_name(cell, known) for column, cell in _cells(book, elements).items()}
            if header and len(set(known).intersection(header.values())) >= min(_KNOWN_NAMES, len(known)):
                check_header(header.values(), max(header))
                return header
    return {}


def _sheet_record(part: str, line: int, header: dict[int, str], cells: dict[int, str]) -> Found:
    if cells and max(cells) > MOST_COLUMNS:
        raise Unreadable(f"plus de {MOST_COLUMNS} colonnes")
    if not is_storable("".join(cells.values())):
        raise Unreadable(UNREADABLE_CHARACTERS)
    fields = {name: cells.get(column, "") for column, name in header.items()}
    return Record(part, line, fields) if any(fields.values()) else None


def _cells(book: Book, elements: list[Element]) -> dict[int, str]:
    """The texts of a row by their columns, from 1. Raises Unreadable."""
    cells: dict[int, str] = {}
    column, size = 0, 0
    cell: dict[str, str] = {}
    said: list[str] = []
    for element, attributes, text in without_phonetics(iter(elements)):
        if element == "c" and attributes is not None:
            cell, said, column = attributes, [], _column(attributes, column + 1)
        elif element in ("v", "t") and attributes is None:
            said.append(text)
        elif element == "c" and (value := _value(book, cell, "".join(said)).strip()):
            cells[column] = value
            size += len(value)
        if size > MOST_CHARACTERS:
            raise Unreadable(TOO_LONG)
    book.given += size
    if book.given > _MOST_GIVEN:
        raise CannotRead(TOO_BIG)
    return cells


def _column(cell: dict[str, str], following: int) -> int:
    letters = cell.get("r", "").rstrip("0123456789")
    try:
        return column_index_from_string(letters) if letters else following
    except ValueError:
        raise Unreadable(f"case inconnue : « {letters[:10]} »") from None


def _value(book: Book, cell: dict[str, str], said: str) -> str:
    """What a cell says, as a text. Raises Unreadable."""
    kind = cell.get("t", "n")
    if not said or kind == "e":  # an error: #N/A
        return ""
    try:
        if kind == "s":
            return unescape(book.texts[int(said)].decode())
        if kind in ("str", "inlineStr"):
            return unescape(said)
        if kind == "b":
            return "true" if int(said) else "false"
        if kind == "d":
            return _day(datetime.fromisoformat(said))
        return _number(book, said, is_date=int(cell.get("s", 0)) in book.dates)
    except (ValueError, IndexError, OverflowError):
        raise Unreadable(f"case illisible : « {said[:20]} »") from None


def _number(book: Book, said: str, is_date: bool) -> str:
    number = float(said)
    if not isfinite(number):
        raise ValueError(said)
    if is_date:
        return _day(from_excel(number, book.epoch))
    if abs(number) >= 1e15:  # more figures than a number of Excel holds
        return said
    return str(int(number)) if number.is_integer() else str(number)


def _day(moment: datetime | time) -> str:
    return moment.isoformat().removesuffix("T00:00:00")
