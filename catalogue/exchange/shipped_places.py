"""The communes, the former communes and the town halls: from the shipped files to rows of `places`."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from catalogue.exchange.rows import Refused, Unreadable, one_of, phone, point, read_rows, text, web_address
from catalogue.hours import town_hall_hours
from catalogue.initiatives import Saved
from catalogue.tables import places

COMMUNES, FORMER, TOWN_HALLS = "communes.csv", "communes_anciennes.csv", "mairies.csv"
FILES = (COMMUNES, FORMER, TOWN_HALLS)

_COMMUNES_NEED = (
    *("code_insee", "nom", "codes_postaux", "departement", "departement_nom", "population"),
    *("latitude", "longitude", "precision", "type", "commune_parente"),
)
_FORMER_NEED = ("code_insee", "nom", "latitude", "longitude", "commune_parente")
_TOWN_HALLS_NEED = ("code_insee", "adresse", "telephone", "site", "horaires_json")
_INSEE = re.compile(r"\d{5}|2[AB]\d{3}")
_POSTCODE = re.compile(r"\d{5}")
_PRECISIONS = ("commune", "postcode", "departement", "aucune")
_NO_TOWN_HALL = dict.fromkeys(("mairie_adresse", "mairie_telephone", "mairie_site", "mairie_horaires_osm"))

PlaceRow = dict[str, Any]
PlaceRows = dict[tuple[str, str], PlaceRow]  # by INSEE code and type: a new commune may keep the code of a former one


def read_places_files(files: Mapping[str, bytes], refused: list[Refused]) -> list[PlaceRow]:
    """The rows of `places` from the contents of the files there are. Bad lines are added to `refused`."""
    found: PlaceRows = {}
    for file, needed, read in (
        (COMMUNES, _COMMUNES_NEED, _commune),
        (FORMER, _FORMER_NEED, _former_commune),
        (TOWN_HALLS, _TOWN_HALLS_NEED, _town_hall),
    ):
        if file in files:
            read_rows(file, files[file], needed, partial(read, found), refused)
    return list(found.values())


def _commune(found: PlaceRows, fields: dict[str, str]) -> None:
    parent = _insee(fields["commune_parente"]) if fields["commune_parente"] else None
    precision = one_of(fields["precision"], _PRECISIONS, "précision inconnue")
    type_ = one_of(fields["type"], ("COM", "ARM"), "type inconnu")
    named = {
        "codes_postaux": [code for code in fields["codes_postaux"].split("|") if _POSTCODE.fullmatch(code)],
        "departement": one_of(fields["departement"], _departements_of(fields["code_insee"]), "département inattendu"),
        "departement_nom": text(fields["departement_nom"]) or "",
        "population": _population(fields["population"]),
    }
    _add(found, fields, {"type": type_, "parent": parent, "precision": precision, **named})


def _former_commune(found: PlaceRows, fields: dict[str, str]) -> None:
    parent = found.get((fields["commune_parente"], "COM"))
    if not parent:
        raise Unreadable(f"commune inconnue : « {fields['commune_parente'][:10]} »")
    shared = {name: parent[name] for name in ("codes_postaux", "departement", "departement_nom")}
    precision = "commune" if fields["latitude"] else "aucune"
    own = {"type": "ANC", "parent": parent["insee"], "precision": precision, "population": 0}
    _add(found, fields, {**own, **shared})


def _add(found: PlaceRows, fields: dict[str, str], others: PlaceRow) -> None:
    insee, nom = _insee(fields["code_insee"]), text(fields["nom"])
    if not nom:
        raise Unreadable("nom manquant")
    if (insee, others["type"]) in found:
        raise Unreadable(f"code INSEE déjà lu : {insee}")
    latitude, longitude = point(fields["latitude"], fields["longitude"]) or (None, None)
    known = {"insee": insee, "nom": nom, "latitude": latitude, "longitude": longitude}
    found[insee, others["type"]] = {**known, **others, **_NO_TOWN_HALL}


def _town_hall(found: PlaceRows, fields: dict[str, str]) -> None:
    place = next((found[key] for type_ in ("COM", "ARM") if (key := (fields["code_insee"], type_)) in found), None)
    if not place:
        raise Unreadable(f"code INSEE inconnu : « {fields['code_insee'][:10]} »")
    place["mairie_adresse"] = text(fields["adresse"])
    place["mairie_telephone"] = phone(fields["telephone"])
    place["mairie_site"] = web_address(fields["site"])
    place["mairie_horaires_osm"] = town_hall_hours(fields["horaires_json"])


def _insee(value: str) -> str:
    if not _INSEE.fullmatch(value):
        raise Unreadable(f"code INSEE impossible : « {value[:10]} »")
    return value


def _departements_of(insee: str) -> tuple[str, ...]:
    return insee[:2], insee[:3]


def _population(value: str) -> int:
    if value and not value.isdecimal():
        raise Unreadable(f"population illisible : « {value[:20]} »")
    return int(value or 0)


_COLUMNS = tuple(column.name for column in places.c)
_UPDATE = (
    update(places)
    .where(places.c.insee == bindparam("insee_"), places.c.type == bindparam("type_"))
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS})
)


def save_places(connection: Connection, rows: list[PlaceRow]) -> Saved:
    """Create or update places. What is no longer in the files is left alone: conversations may refer to it."""
    saved = {(row["insee"], row["type"]): row for row in connection.execute(select(places)).mappings()}
    created = [row for row in rows if (row["insee"], row["type"]) not in saved]
    known = [(saved[row["insee"], row["type"]], row) for row in rows if (row["insee"], row["type"]) in saved]
    changed = [row for old, row in known if any(old[name] != row[name] for name in _COLUMNS)]
    if created:
        connection.execute(insert(places), created)
    if changed:
        connection.execute(_UPDATE, [_as_parameters(row) for row in changed])
    return Saved(len(created), len(changed), len(known) - len(changed))


def _as_parameters(row: PlaceRow) -> PlaceRow:
    return {"insee_": row["insee"], "type_": row["type"], **{f"new_{name}": row[name] for name in _COLUMNS}}
