"""Reading a CSV document: its delimiter and its encoding are told by what it holds."""

import csv
import re
from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TextIO

from catalogue.exchange.columns import check_header, column_name
from catalogue.exchange.reading import Record
from catalogue.exchange.unread import (
    MOST_CHARACTERS,
    TOO_LONG,
    UNREADABLE_CHARACTERS,
    CannotRead,
    Found,
    Unread,
    is_storable,
    is_whole,
)


def csv_records(path: Path, head: bytes, known: Collection[str]) -> Iterator[Found]:
    """The rows under the header, of which `head` is the beginning of the file. Raises CannotRead."""
    header: list[str] = []
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _Lines(file, is_utf8=head.startswith(BOM_UTF8))
        for values, damage in _csv_rows(lines, _delimiter(head)):
            if not damage and not any(values):
                yield None
            elif not header:
                header = [column_name(value, known) for value in values]
                check_header(header, len(header))
            elif damage := damage or _damage(values, len(header)):
                yield Unread("", lines.start, f"{damage}{lines.upto()}")
            else:
                yield Record("", lines.start, {name: value for name, value in zip(header, values, strict=True) if name})


class _Lines:
    """The lines of a text: UTF-8, or Windows-1252 when its first accents say so. A record takes so many characters."""

    def __init__(self, file: TextIO, is_utf8: bool) -> None:
        self._file = file
        self._windows = False if is_utf8 else None
        self._line = self._room = 0
        self.start = 0  # the line on which the record begins
        self.ended = False

    def begin_record(self) -> None:
        self.start, self._room = self._line + 1, MOST_CHARACTERS

    def upto(self) -> str:
        """Where the record ends, when that is on another line: what is lost must be said."""
        return f" (jusqu'à la ligne {self._line})" if self._line > self.start else ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._room + 1)
        self._line += 1
        self._room -= len(line)
        if self._room < 0:
            raise CannotRead(f"La ligne {self.start} {TOO_LONG} : un guillemet n'y est peut-être jamais refermé.")
        if not line:
            self.ended = True
            raise StopIteration
        return line if line.isascii() else self._decoded(line)

    def _decoded(self, line: str) -> str:
        if self._windows is None:
            self._windows = not is_whole(line)
        if self._windows:
            return line.encode(errors="surrogateescape").decode("cp1252", errors="surrogateescape")
        return line


def _csv_rows(lines: _Lines, delimiter: str) -> Iterator[tuple[list[str], str | None]]:
    """The values of each row, or why there are none."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin_record()
        values, damage = [], None
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error:
            damage = "case trop longue, ou guillemet jamais refermé"
        if lines.ended:
            raise CannotRead(f"Un guillemet ouvert à la ligne {lines.start} n'est jamais refermé.")
        yield values, damage


def _delimiter(head: bytes) -> str:
    unquoted = re.sub(rb'"[^"]*(?:"|$)', b"", head.removeprefix(BOM_UTF8)).lstrip(b"\r\n")
    header = re.split(rb"[\r\n]", unquoted, maxsplit=1)[0]
    return max(",;\t|", key=lambda sign: header.count(sign.encode()))


def _damage(values: list[str], expected: int) -> str | None:
    if not is_storable("".join(values)):
        return UNREADABLE_CHARACTERS
    return f"{len(values)} colonnes au lieu de {expected}" if len(values) != expected else None
