"""A list of a few lines, a mapping for it, and the places it is read among."""

from pathlib import Path
from typing import Any

from catalogue.exchange.mapped import Mapping, read_mapped, read_mapping
from catalogue.exchange.reading import Reading, Record
from catalogue.places import Place, PlaceIndex
from catalogue.tables import initiatives

COLUMNS = {column.name for column in initiatives.c} - {"id"}

DEPARTEMENTS = {
    "01": "Ain",
    "2A": "Corse-du-Sud",
    "49": "Maine-et-Loire",
    "62": "Pas-de-Calais",
    "75": "Paris",
    "92": "Hauts-de-Seine",
    "986": "Wallis-et-Futuna",
}
PLACES = """\
92050 | Nanterre                 | COM |       | 92000       | 92  | 96277   | 48.89222 | 2.20694
92012 | Boulogne-Billancourt     | COM |       | 92100       | 92  | 121334  | 48.83565 | 2.24107
62160 | Boulogne-sur-Mer         | COM |       | 62200       | 62  | 40000   | 50.72    | 1.61
92062 | Puteaux                  | COM |       | 92800       | 92  | 44000   | 48.885   | 2.23889
01033 | Valserhône               | COM |       | 01200       | 01  | 16000   | 46.11    | 5.83
2A004 | Ajaccio                  | COM |       | 20000 20090 | 2A  | 71000   | 41.92    | 8.73
75056 | Paris                    | COM |       | 75001 75013 | 75  | 2103778 | 48.85659 | 2.35222
75113 | Paris 13e Arrondissement | ARM | 75056 | 75013       | 75  | 178000  | 48.83    | 2.36
49126 | Orée d'Anjou             | COM |       | 49270 49530 | 49  | 16700   | 47.33927 | -1.20637
49069 | Champtoceaux             | ANC | 49126 | 49270       | 49  | 0       | 47.32    | -1.26
98611 | Alo                      | COM |       | 98610       | 986 | 1000    |          |
"""


def a_place(line: str) -> Place:
    insee, nom, type_, parent, codes, departement, population, *point = (part.strip() for part in line.split("|"))
    latitude, longitude = (float(degrees) if degrees else None for degrees in point)
    where = (departement, DEPARTEMENTS[departement], int(population), latitude, longitude)
    return Place(insee, nom, type_, parent or None, tuple(codes.split()), *where)


INDEX = PlaceIndex(map(a_place, PLACES.splitlines()))

WHOLE = """
source = "essai"
[colonnes]
id = "numero"
nom = "nom"
code_insee = "insee"
[valeurs]
kind = "autre"
needs = "alimentation"
"""
LINE: dict[str, Any] = {"numero": "7", "nom": "La Réserve", "insee": "92050"}


def written(tmp_path: Path, content: str) -> Mapping:
    path = tmp_path / "liste.toml"
    path.write_text(content, encoding="utf-8")
    return read_mapping(path)


def read(mapping: Mapping, *lines: dict[str, Any]) -> Reading:
    reading = Reading("liste.csv")
    read_mapped((Record("", line, fields) for line, fields in enumerate(lines, 2)), mapping, reading, INDEX)
    return reading


def only_row(reading: Reading) -> dict[str, Any]:
    assert reading.refused == []
    (row,) = reading.rows.values()
    assert row.keys() == COLUMNS
    return row


def only_refusal(reading: Reading) -> str:
    assert reading.rows == {}
    (refused,) = reading.refused
    return refused.reason


def among(row: dict[str, Any], **expected: Any) -> None:
    assert {name: row[name] for name in expected} == expected


def with_column(field: str) -> str:
    """The whole mapping with one more field, in a column of the same name."""
    return WHOLE.replace("[valeurs]", f'{field} = "{field}"\n[valeurs]')
