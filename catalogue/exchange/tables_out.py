"""Entries written as tables that others open: CSV for a spreadsheet, GeoJSON for a map."""

import csv
import json
import re
from collections.abc import Iterable
from datetime import date
from typing import TextIO

from catalogue.exchange.reading import EntryRow
from catalogue.needs import Reach

# All but what only has a meaning in this database, is only true for a time, or is data·inclusion's own.
COLUMNS = (
    *("source", "source_id", "nom", "kind", "needs", "reach", "zones", "status", "description"),
    *("adresse", "complement_adresse", "commune", "code_postal", "code_insee", "departement"),
    *("latitude", "longitude", "exact", "telephone", "courriel", "site_web", "lien_source"),
    *("horaires", "horaires_osm", "season", "moments", "publics", "publics_precisions", "frais", "frais_precisions"),
    *("conditions_acces", "accessible", "date_maj"),
    *("verified_at", "verified_method", "verified_role", "verified_by_year", "vanished_at"),
)

# A spreadsheet takes such a cell for a formula and runs it (OWASP, CSV Injection); some skip what stands before it.
_FORMULA = re.compile(r"[\s\"']*[=+\-@＝＋－＠\t\r\n]")

# catalogue/data/SOURCES.md
ATTRIBUTION = {
    "collaboratives": "La Bonne Porte : faits rassemblés un par un, avec leurs sources",
    "france-services": "Agence nationale de la cohésion des territoires (ANCT), août 2024, Licence Ouverte 2.0",
    "numerique": "Conseillers numériques (ANCT) et data·inclusion, Licence Ouverte 2.0",
}
_PROPERTIES = (
    *("nom", "kind", "needs", "commune", "code_postal", "code_insee", "adresse", "telephone", "courriel", "site_web"),
    *("horaires_osm", "source"),
)


def write_csv(rows: Iterable[EntryRow], file: TextIO) -> int:
    """Write a header, then a line for each entry in the order given; returns how many entries.

    As spreadsheets read it: commas, quotes and line ends of RFC 4180, a byte order mark. `file` is to be open in UTF-8
    with newline="". A list is joined by ";", a truth is "oui" or "non", what is not known is empty, a day is ISO, and
    a text that would be run as a formula begins with an apostrophe, which `unescaped` removes.
    """
    file.write("\ufeff")
    table = csv.writer(file, lineterminator="\r\n")
    table.writerow(COLUMNS)
    count = 0
    for row in rows:
        table.writerow([_cell(row[name]) for name in COLUMNS])
        count += 1
    return count


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "oui" if value else "non"
        case int() | float():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case date():
            return value.isoformat()
        case list():
            return escaped(";".join(value))
        case _:
            return escaped(str(value))


def escaped(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(cell: str) -> str:
    """The text that `escaped` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def write_geojson(rows: Iterable[EntryRow], file: TextIO) -> int:
    """Write a FeatureCollection (RFC 7946), one entry a line in the order given; returns how many entries.

    A point for each place one goes to, and no geometry for what has none. `precise` says that the point is the place
    itself, not its town hall. `attribution` says, for each shipped `source`, who is to be thanked.
    """
    heads = {"type": "FeatureCollection", "attribution": ATTRIBUTION}
    file.write(f'{_json(heads)[:-1]}, "features": [')
    count = 0
    for row in rows:
        file.write(f"{',' if count else ''}\n{_json(_feature(row))}")
        count += 1
    file.write("\n]}\n")
    return count


def _feature(row: EntryRow) -> dict[str, object]:
    identifier = f"{row['source']}--{row['source_id']}"
    verified = row["verified_at"].isoformat() if row["verified_at"] else None
    properties = {
        "id": identifier,
        **{name: row[name] for name in _PROPERTIES},
        "verified_at": verified,
        "precise": row["exact"],
    }
    return {"type": "Feature", "id": identifier, "geometry": _geometry(row), "properties": properties}


def _geometry(row: EntryRow) -> dict[str, object] | None:
    if row["reach"] != Reach.LOCAL or row["latitude"] is None or row["longitude"] is None:
        return None
    return {"type": "Point", "coordinates": [round(row["longitude"], 6), round(row["latitude"], 6)]}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
