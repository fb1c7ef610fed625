"""Any list, through a mapping: from its lines to rows of `initiatives`. A bad line is refused, the rest goes on."""

from collections.abc import Iterable
from datetime import date

from catalogue.exchange.located import both_coordinates, departements_of, place_of, position_at, postcode_at
from catalogue.exchange.mapped_line import Columns, Line
from catalogue.exchange.mapping import Mapping, key_of
from catalogue.exchange.mapping_file import WrongMapping, read_mapping
from catalogue.exchange.readers import USUAL
from catalogue.exchange.reading import EntryRow, Reading, Record
from catalogue.exchange.rows import Unreadable, web_address
from catalogue.hours import moments, to_osm
from catalogue.initiatives import UNKNOWN
from catalogue.needs import Method, Reach
from catalogue.places import Place, PlaceIndex

__all__ = ["Mapping", "WrongMapping", "read_mapped", "read_mapping"]

# What one line may add to another of the same place, if it lacks the first of them: some are only true together.
_COMPLETED = (
    ("horaires", "horaires_osm", "moments"),
    ("verified_at", "verified_method", "verified_by_year"),
    ("description",),
    ("adresse",),
    ("complement_adresse",),
    ("telephone",),
    ("courriel",),
    ("site_web",),
    ("lien_source",),
    ("publics",),
    ("publics_precisions",),
    ("frais",),
    ("frais_precisions",),
    ("conditions_acces",),
    ("accessible",),
    ("date_maj",),
)


def read_mapped(records: Iterable[Record], mapping: Mapping, reading: Reading, index: PlaceIndex) -> None:
    """Add to `reading` the rows of `initiatives` that a list gives, its refused lines, and all that it tells of.

    A sheet without the columns that the mapping wants is refused whole, once.
    """
    sheets: dict[str, Columns | None] = {}
    for record in records:
        if record.part not in sheets:
            sheets[record.part] = _columns(record, mapping, reading)
        columns = sheets[record.part]
        if columns is not None:
            known = len(reading.seen)
            try:
                _read(Line(mapping, columns, record), reading, index)
            except Unreadable as error:
                reading.refuse(record.line, str(error), lost=len(reading.seen) == known)


def _columns(record: Record, mapping: Mapping, reading: Reading) -> Columns | None:
    """The columns of a sheet, compared without case and accents; None, and said so, when some are missing."""
    theirs = {key_of(name): name for name in reversed(list(record.fields))} | {name: name for name in record.fields}
    found = {name: theirs.get(name) or theirs.get(key_of(name)) for name in mapping.wanted()}
    if missing := [name for name, known in found.items() if known is None]:
        sheet = f" dans « {record.part} »" if record.part else ""
        reading.refuse(1, f"colonnes manquantes{sheet} : {', '.join(missing)}", lost=True)
        return None
    return {name: known for name, known in found.items() if known is not None}


def _read(line: Line, reading: Reading, index: PlaceIndex) -> None:
    told = [line.value(field) for field in ("code_insee", "commune", "code_postal", "departement")]
    place = place_of(index, *told)
    source_id = line.read("id", place)
    key = (line.mapping.source, source_id or "")
    if source_id:
        reading.seen.add(key)
    row = _row(line, place, index)
    if not source_id:
        raise Unreadable("identifiant manquant")
    row |= {"source": line.mapping.source, "source_id": source_id}
    twin = reading.rows.get(key)
    if twin and not line.mapping.merges:
        raise Unreadable(f"déjà dans le fichier : « {source_id[:60]} »")
    if twin:
        _complete(twin, row)
        reading.merged += 1
    else:
        reading.rows[key] = row


def _row(line: Line, place: Place | None, index: PlaceIndex) -> EntryRow:
    """Every column but `source` and `source_id`. Raises Unreadable."""
    row = {**UNKNOWN, **{field: line.read(field, place) for field in USUAL if field not in ("id", "verified_at")}}
    if not row["nom"]:
        raise Unreadable("nom manquant")
    if web_address(row["nom"]):
        raise Unreadable("le nom est une adresse de site")
    _check_expected(line)
    horaires_osm = to_osm(row["horaires"]) if row["horaires"] else None
    return {
        **row,
        **_what(line),
        **_where(line, place, index),
        **_verified(*line.read("verified_at", place)),
        "horaires_osm": horaires_osm,
        "moments": [moment.value for moment in moments(horaires_osm)],
    }


def _check_expected(line: Line) -> None:
    for column, allowed in line.mapping.expected.items():
        if key_of(line.cell(column)) not in allowed:
            raise Unreadable(f"valeur inattendue dans {column} : « {line.cell(column)[:40]} »")


def _what(line: Line) -> EntryRow:
    """What a place is and what it answers, by its columns and by the rules that apply to them."""
    rules = [rule for rule in line.mapping.rules if rule.applies(line.cell(rule.column))]
    kinds = [rule.kind for rule in rules if rule.kind] or line.slugs("kind")
    needs = dict.fromkeys([*line.slugs("needs"), *(need for rule in rules for need in rule.needs)])
    if not kinds:
        raise Unreadable("type de lieu manquant")
    if not needs:
        raise Unreadable("aucun besoin")
    frais = line.slugs("frais")
    return {
        "kind": kinds[0],
        "needs": list(needs),
        "publics": line.slugs("publics"),
        "frais": frais[0] if frais else None,
    }


def _where(line: Line, place: Place | None, index: PlaceIndex) -> EntryRow:
    """Where a place is; for what has none, where it serves."""
    reach = next(iter(line.slugs("reach")), Reach.LOCAL.value)
    if place is None and (reach == Reach.LOCAL or line.value("code_insee") or line.value("commune")):
        raise Unreadable(_unknown_place(line))
    row: EntryRow = {"reach": reach}
    if place:
        row |= {"commune": place.nom, "code_insee": place.insee, "departement": place.departement}
        row["code_postal"] = postcode_at(line.value("code_postal"), place)
    if place and reach == Reach.LOCAL:
        row["latitude"], row["longitude"], row["exact"] = _position(line, place)
    return row | _served(line, place, index) if reach == Reach.DEPARTEMENTAL else row


def _unknown_place(line: Line) -> str:
    if code := line.value("code_insee"):
        return f"code INSEE inconnu : « {code[:10]} »"
    said = " ".join(filter(None, (line.value("commune"), line.value("code_postal"))))
    return f"commune inconnue : « {said[:40]} »" if said else "commune manquante"


def _position(line: Line, place: Place) -> tuple[float, float, bool]:
    latitude, longitude = both_coordinates(line.value("position"))
    return position_at(
        latitude or line.value("latitude"), longitude or line.value("longitude"), line.value("precision"), place
    )


def _served(line: Line, place: Place | None, index: PlaceIndex) -> EntryRow:
    """The departments that are served: those it says, or else its own."""
    codes: set[str] = set()
    for said in line.values("zones") or line.values("departement"):
        found = departements_of(index, said)
        if not found:
            raise Unreadable(f"département inconnu : « {said[:40]} »")
        codes |= found
    alone = next(iter(codes)) if len(codes) == 1 else None
    home = place.departement if place else alone
    if not codes and not home:
        raise Unreadable("département manquant")
    return {"departement": home, "zones": sorted(codes) if codes - {home} else []}


def _verified(day: date | None, by_year: bool) -> EntryRow:
    """A list is a confirmation, as old as it says itself."""
    return {
        "verified_at": day,
        "verified_method": Method.IMPORT.value if day else None,
        "verified_by_year": by_year,
    }


def _complete(row: EntryRow, twin: EntryRow) -> None:
    """The same place told by two lines: one often has its hours, the other its phone."""
    for names in _COMPLETED:
        if row[names[0]] in (None, "", []):
            row |= {name: twin[name] for name in names}
    row["needs"] = list(dict.fromkeys([*row["needs"], *twin["needs"]]))
