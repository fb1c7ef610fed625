"""Every document that somebody gives becomes records and refused lines, or one sentence that says why it does not."""

import csv
import gzip
import json
import struct
import subprocess
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from catalogue.exchange import documents
from catalogue.exchange.documents import CannotRead, records
from catalogue.exchange.json_documents import JsonSource
from catalogue.exchange.reading import Reading, Record
from catalogue.exchange.unread import is_storable

COLUMNS = ("id", "nom", "adresse")
Read = tuple[list[Record], list[tuple[int, str]]]


def read(path: Path, content: bytes, known: Iterable[str] = ()) -> Read:
    """The records of a document that holds this, and the lines it refuses."""
    path.write_bytes(content)
    reading = Reading(path.name)
    found = list(records(path, reading, frozenset(known)))
    assert {refused.file for refused in reading.refused} <= {path.name}
    return found, [(refused.line, refused.reason) for refused in reading.refused]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Where to write a document whose name says nothing."""
    return tmp_path / "document"


def fields(found: list[Record]) -> list[dict[str, Any]]:
    return [dict(record.fields) for record in found]


# ---- CSV ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_csv_is_read_whatever_its_delimiter_its_encoding_and_its_lines(
    document: Path, delimiter: str, encoding: str, end: str
) -> None:
    rows = [COLUMNS, ("1", "Café de l'Œuvre", "Orée"), ("2", '"Le ""Zinc"""', ""), ("3", '"a,b;c|d\te"', "x")]
    found, refused = read(document, end.join(map(delimiter.join, rows)).encode(encoding))
    assert fields(found) == [
        {"id": "1", "nom": "Café de l'Œuvre", "adresse": "Orée"},
        {"id": "2", "nom": 'Le "Zinc"', "adresse": ""},
        {"id": "3", "nom": "a,b;c|d\te", "adresse": "x"},
    ]
    assert [(record.part, record.line) for record in found] == [("", 2), ("", 3), ("", 4)]
    assert refused == []


def test_a_cell_may_hold_several_lines_and_lines_are_numbered_as_an_editor_does(document: Path) -> None:
    found, refused = read(document, b'id;nom\n\n1;"deux\nlignes"\n;\n2;x\n')
    assert [(record.line, record.fields["nom"]) for record in found] == [(3, "deux\nlignes"), (6, "x")]
    assert refused == []


def test_a_line_with_other_columns_is_refused_and_the_rest_goes_on(document: Path) -> None:
    found, refused = read(document, b'id,nom\n1\n2,a,b\n3,"c\nd",e\n4,f\n')
    assert fields(found) == [{"id": "4", "nom": "f"}]
    assert refused == [
        (2, "1 colonnes au lieu de 2"),
        (3, "3 colonnes au lieu de 2"),
        (4, "3 colonnes au lieu de 2 (jusqu'à la ligne 5)"),
    ]


@pytest.mark.parametrize("damage", [b"\xff", b"\0", b"\xed\xa0\x80"])
def test_a_line_whose_characters_are_damaged_is_refused(document: Path, damage: bytes) -> None:
    found, refused = read(document, "id,nom\n1,é\n".encode() + b"2," + damage + b"\n3,x\n")
    assert [record.fields["id"] for record in found] == ["1", "3"]
    assert refused == [(3, "caractères illisibles")]


def test_a_null_character_says_nothing_of_the_encoding(document: Path) -> None:
    found, refused = read(document, "id,nom\n1,\0é\n2,é\n".encode())
    assert fields(found) == [{"id": "2", "nom": "é"}]
    assert refused == [(2, "caractères illisibles")]


def test_a_byte_that_windows_does_not_know_is_refused(document: Path) -> None:
    found, refused = read(document, "id,nom\n1,é\n".encode("cp1252") + b"2,\x81\n")
    assert fields(found) == [{"id": "1", "nom": "é"}]
    assert refused == [(3, "caractères illisibles")]


def test_a_quote_that_is_never_closed_says_which_lines_are_lost(document: Path) -> None:
    line = b"2,b\n"
    lost = 2 + csv.field_size_limit() // len(line)  # what a cell holds at most
    found, refused = read(document, b'id,nom\n1,"a\n' + line * 50_000)
    assert refused == [(2, f"case trop longue, ou guillemet jamais refermé (jusqu'à la ligne {lost})")]
    assert [record.line for record in found] == list(range(lost + 1, 50_003))


def test_a_quote_that_is_still_open_at_the_end_is_told(document: Path) -> None:
    with pytest.raises(CannotRead, match="Un guillemet ouvert à la ligne 3 n'est jamais refermé"):
        read(document, b'id,nom\n1,a\n2,"b\n3,c\n')


def test_the_columns_that_are_known_are_recognised_however_they_are_written(document: Path) -> None:
    found, _ = read(document, b"ID (obligatoire);Nom *;Tarif (euros)\n1;a;2\n", COLUMNS)
    assert fields(found) == [{"id": "1", "nom": "a", "Tarif (euros)": "2"}]


# ---- JSON -----------------------------------------------------------------------------------------------


def test_an_array_gives_its_objects(document: Path) -> None:
    said = [{"id": "1", "nom": "Café 😀", "services": [{"id": 2.5}], "n": 3, "ouvert": True, "x": None}, {}]
    found, refused = read(document, json.dumps(said).encode())
    assert found == [Record("", 1, said[0]), Record("", 2, {})]
    assert refused == []


@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_gives_its_lists_by_their_names(document: Path, indent: int | None) -> None:
    said = {
        "licence": {"nom": "ouverte"},
        "sources": ["a", "b"],
        "structures": [{"id": "s"}, 3],
        "services": [{"id": "t"}],
    }
    found, refused = read(document, b"\xef\xbb\xbf" + json.dumps(said, indent=indent).encode())
    assert found == [Record("structures", 1, {"id": "s"}), Record("services", 1, {"id": "t"})]
    assert refused == [(2, "structures : ce n'est pas un objet JSON")]


def test_an_object_without_a_list_is_not_a_document(document: Path) -> None:
    with pytest.raises(CannotRead, match="aucune liste"):
        read(document, b'{"id": "1"}')


def test_json_lines_are_read_one_by_one_and_a_bad_one_is_refused(document: Path) -> None:
    content = b'{"id": "1"}\r\n\n{"id": \n{"id": "3"} {"id": "4"}\n5\n{"id": "\\ud800"}\n{"id": "7"}'
    found, refused = read(document, content)
    assert found == [Record("", 1, {"id": "1"}), Record("", 7, {"id": "7"})]
    assert refused == [
        (3, "ce n'est pas du JSON"),
        (4, "ce n'est pas du JSON"),
        (5, "ce n'est pas un objet JSON"),
        (6, "caractères illisibles"),
    ]


def test_a_single_json_line_is_known_by_the_name_of_its_file(tmp_path: Path) -> None:
    assert fields(read(tmp_path / "une.jsonl", b'{"id": "1"}')[0]) == [{"id": "1"}]


def test_the_last_of_two_values_with_the_same_key_wins(document: Path) -> None:
    assert fields(read(document, b'[{"id": 1, "id": 2}]')[0]) == [{"id": 2}]


def test_half_of_a_character_or_a_null_one_is_refused_and_the_rest_goes_on(document: Path) -> None:
    said = [
        *(r'{"a": "\ud800"}', r'{"a": "x\udc00"}', r'{"a": "\ud83dA"}', r'{"\ud83d": 1}'),
        *(r'{"a": ["\u0000"]}', r'{"a": "\\\ud800"}', r'{"a": "\uD83D\uD83D\uDE00"}'),
        *(r'{"a": "\ud83d\ude00"}', r'{"a": "\\ud800"}', '{"a": "\U0001f600"}'),
    ]
    found, refused = read(document, f"[{','.join(said)}]".encode())
    assert fields(found) == [{"a": "😀"}, {"a": r"\ud800"}, {"a": "😀"}]
    assert refused == [(rank, "caractères illisibles") for rank in range(1, 8)]


@given(st.lists(st.text(st.characters(max_codepoint=0x1FFFF)), min_size=1), st.integers(1, 40))
def test_no_escape_is_cut_in_two_wherever_a_file_is_cut(said: list[str], size: int) -> None:
    content = json.dumps(said).encode()
    source = JsonSource(BytesIO(content))
    pieces = b"".join(iter(lambda: source.read(size), b""))
    storable = [text for text in said if is_storable(text)]
    assert [text for text in json.loads(pieces) if is_storable(text)] == storable


def test_an_object_that_is_too_deep_is_refused_and_the_rest_goes_on(document: Path) -> None:
    def nested(depth: int) -> str:
        return '{"a": ' * depth + "1" + "}" * depth

    found, refused = read(document, f"[{nested(20)}, {nested(21)}, {nested(100_000)}, {{}}]".encode())
    assert [record.line for record in found] == [1, 4]
    assert refused == [(2, "plus de 20 niveaux imbriqués"), (3, "plus de 20 niveaux imbriqués")]


@pytest.mark.parametrize(
    "content",
    [
        *(b"[NaN]", b"[-Infinity]", b'[{"a": 1e999}]', b'[{"a": ' + b"9" * 100 + b"}]", b"[1,]", b"[1", b"[", b"{"),
        *(b'{"a": [{}', b"[] []", b'["\xff"]', b'["\xed\xa0\x80"]', b'[\n"\0"]', b"[\n\0]", b"[{a: 1}]"),
    ],
)
def test_what_is_not_json_is_told(document: Path, content: bytes) -> None:
    with pytest.raises(CannotRead, match="n'est pas du JSON"):
        read(document, content)


def test_a_document_that_is_cut_says_so_after_what_could_be_read(document: Path) -> None:
    document.write_bytes(b'[{"id": "1"}, {"id": "2"')
    found = records(document, Reading("document"))
    assert next(found).fields == {"id": "1"}
    with pytest.raises(CannotRead, match="abîmé ou coupé"):
        next(found)


def feature(geometry: dict[str, Any] | None, properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties, **more}


def test_a_feature_gives_its_properties_its_identifier_and_where_it_is(document: Path) -> None:
    point = {"type": "Point", "coordinates": [2.35, 48.85, 35]}
    square = {"type": "Polygon", "coordinates": [[[2, 48], [4, 48], [4, 49], [2, 49], [2, 48]]]}
    features = [
        feature(point, {"nom": "a", "id": "x"}, id=1),
        feature(square, {"nom": "b"}, id=2),
        feature({"type": "GeometryCollection", "geometries": [point, square]}),
        feature(None, {"latitude": "48"}, id="d"),
        feature({"type": "Point", "coordinates": ["2", None]}, {}),
    ]
    said = {"type": "FeatureCollection", "bbox": [2, 48, 4, 49], "features": features}
    found, refused = read(document, json.dumps(said).encode())
    assert fields(found) == [
        {"nom": "a", "id": "x", "longitude": 2.35, "latitude": 48.85},
        {"nom": "b", "id": 2, "longitude": 3, "latitude": 48.5},
        {"longitude": 3, "latitude": 48.5},
        {"latitude": "48", "id": "d"},
        {},
    ]
    assert [(record.part, record.line) for record in found] == [("", rank) for rank in range(1, 6)]
    assert refused == []


# ---- Excel ----------------------------------------------------------------------------------------------


def workbook(**sheets: list[list[Any]]) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def saved(book: Workbook) -> bytes:
    content = BytesIO()
    book.save(content)
    return content.getvalue()


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
HEADER = b"<row>" + b"".join(b'<c t="str"><v>%b</v></c>' % name.encode() for name in COLUMNS) + b"</row>"
FIRST_SHEET = "xl/worksheets/sheet1.xml"


def sheet(rows: bytes = b"", before: bytes = HEADER) -> bytes:
    return b"<worksheet %b><sheetData>%b%b</sheetData></worksheet>" % (MAIN, before, rows)


def replaced(member: str, content: bytes | Iterable[bytes], method: int = ZIP_DEFLATED) -> bytes:
    """A small workbook of which one member is replaced."""
    result = BytesIO()
    with ZipFile(BytesIO(saved(workbook(Sheet=[list(COLUMNS)])))) as old, ZipFile(result, "w", method) as new:
        for name in {*old.namelist(), member}:
            with new.open(name, "w") as file:
                said = content if name == member else old.read(name)
                for piece in [said] if isinstance(said, bytes) else said:
                    file.write(piece)
    return result.getvalue()


def in_sheet(rows: bytes = b"", before: bytes = HEADER) -> bytes:
    return replaced(FIRST_SHEET, sheet(rows, before))


def stored(rows: bytes, times: int, before: bytes = HEADER, after: bytes = b"") -> bytes:
    """The same where a sheet repeats something, hardly compressed so that only its reading can refuse it."""
    start, end = sheet(before=before).split(b"</sheetData>")
    many = [rows * 1_000] * (times // 1_000)
    return replaced(FIRST_SHEET, [start, *many, after, b"</sheetData>", end], ZIP_STORED)


def test_the_sheets_of_a_workbook_that_have_a_header_are_read(document: Path) -> None:
    book = workbook(
        Notice=[["À lire avant de remplir"], [], ["id", "voir l'autre feuille"]],
        Structures=[
            ["Liste du territoire"],
            [],
            ["Id (obligatoire)", "Nom *", None, "adresse", "Tarif (euros)"],
            ["s1", " Café ", "vu", "1 rue", 92000.0],
            [None, "", None, "  "],
            ["s2", None, None, 4.5, True],
        ],
        Services=[["adresse", "nom", "id"], ["3 rue", "Aide", "t1"]],
    )
    found, refused = read(document, saved(book), COLUMNS)
    assert found == [
        Record("structures", 4, {"id": "s1", "nom": "Café", "adresse": "1 rue", "Tarif (euros)": "92000"}),
        Record("structures", 6, {"id": "s2", "nom": "", "adresse": "4.5", "Tarif (euros)": "true"}),
        Record("services", 2, {"adresse": "3 rue", "nom": "Aide", "id": "t1"}),
    ]
    assert refused == []


def test_the_first_row_is_the_header_when_no_column_is_known(document: Path) -> None:
    found, _ = read(document, saved(workbook(Feuille1=[[], ["Nom", "Ville (siège)"], ["a", "b"]])))
    assert found == [Record("feuille1", 3, {"Nom": "a", "Ville (siège)": "b"})]


@pytest.mark.parametrize("mac", [False, True])
def test_days_are_written_as_they_are_in_a_database(document: Path, mac: bool) -> None:
    rows = [["id", "jour", "moment"], ["1", date(2025, 3, 1), datetime.fromisoformat("2025-03-01T14:30")]]
    book = workbook(feuille=rows)
    if mac:
        book.epoch = CALENDAR_MAC_1904
    found, _ = read(document, saved(book))
    assert fields(found) == [{"id": "1", "jour": "2025-03-01", "moment": "2025-03-01T14:30:00"}]


def test_what_a_formula_gave_last_is_read_and_an_error_is_nothing(document: Path) -> None:
    row = b'<row><c t="str"><f>A1</f><v>a_x000D_b</v></c><c t="e"><v>#N/A</v></c><c t="inlineStr"><is><r><t>e</t></r>'
    row += b"<r><t>f</t></r><rPh><t>g</t></rPh></is></c><c><v>1.2345678901234E+13</v></c></row>"
    found, _ = read(document, in_sheet(row), COLUMNS)
    assert fields(found) == [{"id": "a\rb", "nom": "", "adresse": "ef"}]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'<row><c t="s"><v>99</v></c></row>', "case illisible : « 99 »"),
        (b"<row><c><v>douze</v></c></row>", "case illisible : « douze »"),
        (b"<row><c><v>" + b"9" * 5_000 + b"</v></c></row>", "case illisible : « 99999999999999999999 »"),
        (b'<row><c t="d"><v>hier</v></c></row>', "case illisible : « hier »"),
        (b'<row><c r="ZZZZ2"><v>1</v></c></row>', "case inconnue : « ZZZZ »"),
        (b'<row><c r="XFD2"><v>1</v></c></row>', "plus de 500 colonnes"),
        (b'<row><c t="str"><v>_xD800_</v></c></row>', "caractères illisibles"),
        (b'<row><c t="str"><v>_x0000_</v></c></row>', "caractères illisibles"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_and_the_rest_goes_on(document: Path, row: bytes, reason: str) -> None:
    good = b'<row r="7"><c t="str"><v>z</v></c></row>'
    found, refused = read(document, in_sheet(row + good), COLUMNS)
    assert found == [Record("sheet", 7, {"id": "z", "nom": "", "adresse": ""})]
    assert refused == [(2, f"sheet : {reason}")]


def test_a_workbook_of_another_maker_is_read(document: Path) -> None:
    content = sheet(b'<row><c t="str"><v>1</v></c></row>').decode()
    with_prefix = content.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
    found, _ = read(document, replaced(FIRST_SHEET, with_prefix.encode("utf-16")), COLUMNS)
    assert [record.fields["id"] for record in found] == ["1"]


def test_the_texts_that_cells_share_are_read(document: Path) -> None:
    strings = ["<si><t>é</t></si>", "<si><r><t xml:space='preserve'>a </t></r><r><t>b</t></r><rPh><t>c</t></rPh></si>"]
    row = b'<row><c t="s"><v>1</v></c><c t="s"><v>0</v></c></row>'
    found, _ = read(document, with_strings([text.encode() for text in strings], row), COLUMNS)
    assert fields(found) == [{"id": "a b", "nom": "é", "adresse": ""}]


@pytest.mark.parametrize(
    "rows", [[["a", "b", "c"], ["1", "2", "3"]], [[""]] * 20 + [list(COLUMNS)], [["id", "nom"], ["1", "2"]]]
)
def test_a_workbook_where_no_sheet_is_such_a_table_is_told(document: Path, rows: list[list[str]]) -> None:
    with pytest.raises(CannotRead, match="Aucune feuille"):
        read(document, saved(workbook(feuille=rows)), COLUMNS)


# ---- what is not read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "vide"),
        (b" \n\n ", "vide"),
        (gzip.compress(b"id,nom\n1,a\n", mtime=0), "GZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), r"\.xls"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<!DOCTYPE html>\n<title>Connexion</title>", "page web"),
        ("id,nom\n1,a\n".encode("utf-16"), "UTF-16"),
        ("id,nom\n1,a\n".encode("utf-16-be"), "pas un texte"),
        (b"BZh9\0\0", "pas un texte"),
        (b"PK\x03\x04", "abîmé"),
        (b",".join([b"a"] * 501), "plus de 500 colonnes"),
        (b"\xef\xbb\xbfid,\xff\n", "illisibles"),
        (b"id,\0\n1,2\n", "pas un texte"),
    ],
)
def test_what_is_not_a_document_is_told_in_a_sentence(document: Path, content: bytes, reason: str) -> None:
    with pytest.raises(CannotRead, match=reason) as told:
        read(document, content)
    assert str(told.value).endswith(".")


def test_an_archive_that_is_no_workbook_is_told(document: Path) -> None:
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr("liste.csv", "id,nom\n")
    with pytest.raises(CannotRead, match="n'est pas un classeur"):
        read(document, content.getvalue())


def test_there_are_only_so_many_records_and_so_many_refusals(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_RECORDS", 3)
    monkeypatch.setattr(documents, "MOST_REFUSED", 2)
    assert len(read(document, b"[{},{},{}]")[0]) == 3
    assert read(document, b"[1,2]")[0] == []
    with pytest.raises(CannotRead, match="deux millions"):
        read(document, b"[{},{},{},{}]")
    with pytest.raises(CannotRead, match="deux millions"):
        read(document, b'{"a":1,"b":1,"c":1,"d":1}')
    with pytest.raises(CannotRead, match="deux millions"):
        read(document, b"id\n\n\n\n\n")
    with pytest.raises(CannotRead, match="cent mille"):
        read(document, b"[1,2,3]")


@pytest.mark.parametrize(
    ("content", "lost"),
    [
        (b"id,nom\n1,a\n2\n3,\0\n4,d\n", 2),
        (b'[{"id": "1"}, 2, {"id": "\\ud800"}, {"id": "4"}]', 2),
        (b'{"id": "1"}\n{"id": \n{"id": "3"}\n', 1),
        (in_sheet(b'<row><c t="s"><v>99</v></c></row><row><c t="str"><v>z</v></c></row>'), 1),
    ],
    ids=["CSV", "JSON", "JSON Lines", "Excel"],
)
def test_of_a_line_that_cannot_be_read_nobody_knows_what_entry_it_told_of(
    document: Path, content: bytes, lost: int
) -> None:
    document.write_bytes(content)
    reading = Reading("document")
    assert list(records(document, reading, COLUMNS))
    assert reading.lost == len(reading.refused) == lost


# ---- bombs ----------------------------------------------------------------------------------------------


def with_strings(strings: list[bytes], rows: bytes = b"") -> bytes:
    """A workbook whose cells share some texts."""
    path, relations, content = "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels", BytesIO()
    shared = b'<Relationship Id="shared" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    with ZipFile(BytesIO(in_sheet(rows))) as old, ZipFile(content, "w") as new:
        for name in set(old.namelist()) - {relations}:
            new.writestr(name, old.read(name))
        new.writestr(relations, old.read(relations).replace(b"</Relationships>", shared))
        with new.open(path, "w") as file:
            for piece in (b"<sst %b>" % MAIN, *strings, b"</sst>"):
                file.write(piece)
    return content.getvalue()


def entities() -> bytes:
    declared = b'<!ENTITY a "aaaaaaaaaa">'
    for name, inside in zip(b"bcdefghij", b"abcdefghi", strict=True):
        declared += b'<!ENTITY %c "%b">' % (name, b"&%c;" % inside * 10)
    return b"<!DOCTYPE x [%b]>%b" % (declared, sheet(b'<row><c t="str"><v>&j;</v></c></row>'))


def liar() -> bytes:
    """A member that is larger than it declares."""
    content = bytearray(in_sheet(b"<row><c><v>1</v></c></row>" * MEGA))
    for signature, before_name, size_at in ((b"PK\x03\x04", 30, 22), (b"PK\x01\x02", 46, 24)):
        start = next(
            at
            for at in range(len(content))
            if content.startswith(signature, at) and content.startswith(FIRST_SHEET.encode(), at + before_name)
        )
        content[start + size_at : start + size_at + 4] = struct.pack("<I", 500)
    return bytes(content)


def members() -> bytes:
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        for number in range(30_000):
            archive.writestr(str(number), b"")
    return content.getvalue()


def repeated(start: bytes, piece: bytes, times: int, end: bytes = b"") -> Iterator[bytes]:
    yield start
    for _ in range(times):
        yield piece
    yield end


MEGA = 1_000_000

BOMBS: dict[str, Callable[[], Iterable[bytes]]] = {
    "one line of 200 MB": lambda: repeated(b"id,nom\n", b"x" * MEGA, 200),
    "one cell of 20 MB in lines": lambda: repeated(b'id,nom\n1,"', b"abcdefghi\n" * 100_000, 20),
    "one line that is refused, a million times": lambda: [b"id,nom\n", b"x\n" * MEGA],
    "empty lines": lambda: [b"id,nom\n", b"\n" * 3 * MEGA],
    "arrays ten million deep": lambda: [b"[" * 10 * MEGA],
    "objects a hundred thousand deep": lambda: [b"[", b'{"a":' * 100_000, b"}" * 100_000],
    "a JSON string of 200 MB": lambda: repeated(b'[{"a":"', b"x" * MEGA, 200, b'"}]'),
    "a JSON string of accents": lambda: repeated(b'[{"a":"', rb"\u00e9" * 100_000, 20, b'"}]'),
    "a JSON string of backslashes": lambda: repeated(b'[{"a":"', b"\\" * MEGA, 20, b'"}]'),
    "a JSON number of a million digits": lambda: [b'[{"a":', b"9" * MEGA, b"}]"],
    "JSON spaces": lambda: repeated(b"[", b" " * MEGA, 50, b"]"),
    "one JSON record of a million lists": lambda: [b"[[", b"[]," * MEGA, b"[]]]"],
    "keys of a JSON document": lambda: repeated(b'{"l":[],"a":{', b'"a":1,' * 100_000, 20, b'"b":1}}'),
    "a line of JSON of 200 MB": lambda: repeated(b'{}\n{"a":"', b"x" * MEGA, 200, b'"}'),
    "a workbook of zeros": lambda: [in_sheet(b"0" * 50 * MEGA)],
    "members too many": lambda: [members()],
    "a member larger than it declares": lambda: [liar()],
    "entities": lambda: [replaced(FIRST_SHEET, entities())],
    "entities in the list of sheets": lambda: [replaced("xl/workbook.xml", entities())],
    "a row of a million cells": lambda: [stored(b"<c/>", MEGA, HEADER + b"<row>", b"</row>")],
    "elements that are no rows": lambda: [stored(b"<x/>", MEGA)],
    "elements a million deep": lambda: [stored(b"<x>", MEGA)],
    "a cell of 20 MB": lambda: [stored(b"1" * 1_000, 20_000, HEADER + b"<row><c><v>", b"</v></c></row>")],
    "an attribute of 20 MB": lambda: [stored(b"1" * 1_000, 20_000, HEADER + b'<row r="', b'"/>')],
    "as many names as elements": lambda: [in_sheet(b"".join(b"<a%d/>" % number for number in range(100_000)))],
    "columns of a header": lambda: [in_sheet(before=b"<row>%b</row>" % (b"<c><v>1</v></c>" * 16_384))],
    "millions of shared texts": lambda: [with_strings([b"<si/>" * 1_000] * 2_000)],
    "millions of pieces of shared texts": lambda: [
        with_strings([b"<si><r><t/></r><r><t/></r><r><t>a</t></r></si>" * 1_000] * 1_000)
    ],
    "how shared texts are pronounced": lambda: [with_strings([b"<si><rPh>%b</rPh></si>" % (b"<t/>" * 1_000)] * 5_000)],
    "elements that are no styles": lambda: [
        replaced("xl/styles.xml", [b"<styles>", *[b"<x/>" * 1_000] * 5_000, b"</styles>"], ZIP_STORED)
    ],
    "a shared text of 50 MB": lambda: [with_strings([b"<si>", *[b"<t>aaaa</t>" * 1_000] * 5_000, b"</si>"])],
    "shared texts of 90 MB": lambda: [with_strings([f"<si><t>{'a' * 900_000}😀</t></si>".encode()] * 100)],
    "a shared text given a million times": lambda: [
        with_strings([b"<si><t>%b</t></si>" % (b"x" * 900_000)], b'<row><c t="s"><v>0</v></c></row>' * 10_000)
    ],
    "millions of styles": lambda: [
        replaced("xl/styles.xml", b"<styles><cellXfs>%b</cellXfs></styles>" % (b'<xf numFmtId="14"/>' * 500_000))
    ],
}  # fmt: skip

MEASURED = """
import json, re, sys
from pathlib import Path
from catalogue.exchange.documents import CannotRead, records
from catalogue.exchange.json_documents import JsonSource
from catalogue.exchange.reading import Reading

def peak():  # of this process: getrusage also tells of the one that started it
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

reading, before, told = Reading("bombe"), peak(), None
try:
    for record in records(Path(sys.argv[1]), reading, sys.argv[2:]):
        pass
except CannotRead as error:
    told = str(error)
print(json.dumps([told, len(reading.refused), (peak() - before) / 1024]))
"""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_and_takes_no_memory(document: Path, bomb: str) -> None:
    with document.open("wb") as file:
        file.writelines(BOMBS[bomb]())
    command = [sys.executable, "-c", MEASURED, str(document), *COLUMNS]
    told, refused, megabytes = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    document.unlink()
    assert told or refused
    assert megabytes < 100


def test_a_file_of_a_gigabyte_of_nothing_is_refused(document: Path) -> None:
    with document.open("wb") as file:
        file.truncate(1_000 * MEGA)
    with pytest.raises(CannotRead, match="pas un texte"):
        list(records(document, Reading("document")))


def test_a_dimension_that_lies_is_not_believed(document: Path) -> None:
    content = sheet(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>')
    content = content.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    found, _ = read(document, replaced(FIRST_SHEET, content), COLUMNS)
    assert [(record.line, record.fields["id"]) for record in found] == [(1_048_576, "1")]


# ---- whatever is given ----------------------------------------------------------------------------------

whatever = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PIECES = st.sampled_from(
    [
        *(b"id", b"nom", b",", b";", b'"', b"\n", b"\r", b"\t", b"\0", b"\xff", b"\xc3\xa9", b"\xe9", b" ", BOM_UTF8),
        *(b"[", b"]", b"{", b"}", b":", b"1", b"-1.5e3", b"null", b"NaN", b'"a"', b'{"id":"1"}', b'"\\ud800"', b"\\"),
        *(b'{"type":"Feature","geometry":', b'"coordinates":[2,48]', b'{"structures":[', b'"features":['),
    ]
)  # fmt: skip


def always_read(document: Path, content: bytes) -> None:
    try:
        found, refused = read(document, content, COLUMNS)
    except CannotRead:
        pass
    else:
        assert all(json.dumps(dict(record.fields), ensure_ascii=False).encode() for record in found)
        assert all(reason for _, reason in refused)


@whatever
@given(content=st.one_of(st.binary(), st.lists(PIECES, max_size=30).map(b"".join)))
def test_whatever_the_bytes_a_document_is_read_or_refused(document: Path, content: bytes) -> None:
    always_read(document, content)


@cache
def small_workbook() -> bytes:
    """A workbook that is not compressed, for damages to reach what is in it; always the same, as it holds a time."""
    row = b'<row r="2"><c r="A2" t="inlineStr"><is><t>1</t></is></c><c r="B2" s="1"><v>45717</v></c></row>'
    return replaced(FIRST_SHEET, sheet(row), ZIP_STORED)


@whatever
@given(data=st.data())
def test_a_damaged_workbook_is_read_or_refused(document: Path, data: st.DataObject) -> None:
    content = bytearray(small_workbook())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=5)):
        content[at] = data.draw(st.integers(0, 255))
    always_read(document, bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2]))]))


XML = st.sampled_from(
    [
        *("<row>", "</row>", "<row r='3'>", "<row r='x'>", "<c t='s'>", "<c>", "<c s='1' r='B'>", "<c s='99' t='d'>"),
        *("</c>", "<v>", "</v>", "1", "45000.5", "-1e9", "é", "<is><t>", "</t></is>", "&#0;", "&lt;", "<!-- -->"),
        *("]]>", "<c t='b'><v>1</v></c>", "<c><v>2</v></c>", "<c s='1'><v>1e12</v></c>", "</sheetData>", "<x:y/>"),
    ]
)  # fmt: skip


@whatever
@given(rows=st.lists(XML, max_size=20).map("".join))
def test_whatever_is_in_a_sheet_it_is_read_or_refused(document: Path, rows: str) -> None:
    always_read(document, in_sheet(rows.encode()))
