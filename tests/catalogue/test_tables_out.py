"""What leaves as a table comes back the same, runs nothing in a spreadsheet, and is chosen by territory and need."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, update

from catalogue.database import reading, writing
from catalogue.exchange.selection import PAGE, Territory, select_entries, select_wider, territory_of
from catalogue.exchange.tables_out import COLUMNS, escaped, unescaped, write_csv, write_geojson
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.needs import Need, Reach, Status
from catalogue.places import Place
from catalogue.tables import initiatives, places

HAUTS_DE_SEINE = Territory("Hauts-de-Seine (92)", frozenset({"92"}))
NANTERRE = Territory("Nanterre", frozenset({"92"}), frozenset({"92050"}))


def entry(number: int, **known: object) -> dict[str, Any]:
    return {
        **UNKNOWN,
        "source": "essai",
        "source_id": f"{number:05}",
        "nom": f"Lieu {number}",
        "kind": "autre",
        "needs": ["alimentation", "lien-social"],
        "commune": "Nanterre",
        "code_insee": "92050",
        "departement": "92",
        "latitude": 48.89222,
        "longitude": 2.20694,
        "exact": True,
        **known,
    }


def save(engine: Engine, *rows: dict[str, Any]) -> None:
    with writing(engine) as connection:
        save_initiatives(connection, rows)


def as_csv(*rows: dict[str, Any]) -> str:
    file = io.StringIO(newline="")
    assert write_csv(rows, file) == len(rows)
    return file.getvalue()


def lines_of(written: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"), newline="")))


def as_geojson(*rows: dict[str, Any]) -> dict[str, Any]:
    file = io.StringIO()
    assert write_geojson(rows, file) == len(rows)
    found: dict[str, Any] = json.loads(file.getvalue())
    return found


# ---- CSV ---------------------------------------------------------------------------------------------


def test_a_line_says_each_thing_as_a_spreadsheet_reads_it() -> None:
    known = {"accessible": False, "verified_at": date(2026, 10, 3), "longitude": -61.5, "telephone": None}
    (line,) = lines_of(as_csv(entry(1, **known)))
    assert tuple(line) == COLUMNS
    assert set(COLUMNS) < {column.name for column in initiatives.c}
    assert line["needs"] == "alimentation;lien-social"
    assert (line["exact"], line["accessible"], line["telephone"]) == ("oui", "non", "")
    assert (line["latitude"], line["longitude"]) == ("48.89222", "-61.5")
    assert line["verified_at"] == "2026-10-03"


def test_a_whole_number_of_degrees_west_is_still_a_number() -> None:
    (line,) = lines_of(as_csv(entry(1, latitude=-21, longitude=-61.0)))
    assert (line["latitude"], line["longitude"]) == ("-21", "-61")


def test_it_is_the_csv_of_rfc_4180_in_utf_8_with_its_mark() -> None:
    said = 'Un café, "le Bon",\nau coin ; été'
    written = as_csv(entry(1, description=said))
    assert written.startswith("\ufeffsource,source_id,nom,")
    assert written.endswith("\r\n")
    assert '"Un café, ""le Bon"",\nau coin ; été"' in written
    assert lines_of(written)[0]["description"] == said


def test_without_entries_there_is_only_the_header() -> None:
    assert as_csv() == "\ufeff" + ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize(
    "formula",
    [
        '=HYPERLINK("https://ailleurs.fr","Gagné")',
        "+33 1 47 29 50 50",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "  =1+1",
        "\u00a0=1+1",
        '"=1+1"',
        "'=1+1",
        "''+1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
    ],
)
def test_a_text_that_would_run_as_a_formula_begins_with_an_apostrophe_and_comes_back(formula: str) -> None:
    (line,) = lines_of(as_csv(entry(1, nom=formula)))
    assert line["nom"] == f"'{formula}"
    assert unescaped(line["nom"]) == formula


@pytest.mark.parametrize("plain", ["Lieu", "L'Étoile", "'Aujourd'hui", "1 + 1", "a=b", "01 47 29 50 50", "(+33)", ""])
def test_any_other_text_is_left_as_it_is(plain: str) -> None:
    assert escaped(plain) == plain
    assert unescaped(plain) == plain


@given(st.text(alphabet=st.one_of(st.sampled_from("='\"+-@ \t\r\n＝"), st.characters(codec="utf-8"))))
def test_what_is_escaped_comes_back_and_never_begins_as_a_formula(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert not escaped(text).lstrip(' "\u00a0').startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


def test_every_shipped_entry_leaves_and_comes_back_in_order(shipped_engine: Engine) -> None:
    file = io.StringIO(newline="")
    with reading(shipped_engine) as connection:
        count = write_csv(select_entries(connection), file)
        known = connection.execute(select(initiatives.c.source, initiatives.c.source_id, initiatives.c.nom)).all()
    lines = lines_of(file.getvalue())
    assert count == len(lines) == len(known)
    assert [(one["source"], one["source_id"], unescaped(one["nom"])) for one in lines] == sorted(map(tuple, known))


# ---- GeoJSON -----------------------------------------------------------------------------------------


def test_a_place_is_a_point_with_what_a_map_shows() -> None:
    row = entry(7, latitude=48.892220123, longitude=2.2, telephone="01 47 29 50 50", verified_at=date(2026, 10, 3))
    (feature,) = as_geojson(row)["features"]
    assert feature["type"] == "Feature"
    assert feature["geometry"] == {"type": "Point", "coordinates": [2.2, 48.89222]}
    said = feature["properties"]
    assert feature["id"] == said["id"] == "essai--00007"
    assert (said["nom"], said["kind"], said["needs"]) == ("Lieu 7", "autre", ["alimentation", "lien-social"])
    assert (said["commune"], said["code_insee"], said["telephone"]) == ("Nanterre", "92050", "01 47 29 50 50")
    assert (said["verified_at"], said["precise"], said["courriel"]) == ("2026-10-03", True, None)


def test_a_point_that_is_only_its_town_hall_is_said_not_to_be_precise() -> None:
    (feature,) = as_geojson(entry(1, exact=False))["features"]
    assert feature["geometry"] is not None
    assert feature["properties"]["precise"] is False


@pytest.mark.parametrize("known", [{"reach": Reach.NATIONAL.value}, {"latitude": None, "longitude": None}])
def test_what_has_no_place_has_no_geometry(known: dict[str, object]) -> None:
    (feature,) = as_geojson(entry(1, **known))["features"]
    assert feature["geometry"] is None


def test_a_collection_says_whom_to_thank_and_may_be_empty() -> None:
    collection = as_geojson()
    assert collection["type"] == "FeatureCollection"
    assert collection["features"] == []
    assert "Licence Ouverte 2.0" in collection["attribution"]["france-services"]


def test_each_entry_is_written_before_the_next_one_is_read() -> None:
    for write in (write_csv, write_geojson):
        file = io.StringIO()

        def rows(written: io.StringIO = file) -> Iterator[dict[str, Any]]:
            for number in range(3):
                yield entry(number)
                assert f"Lieu {number}" in written.getvalue()

        assert write(rows(), file) == 3


# ---- which entries -----------------------------------------------------------------------------------


def chosen(engine: Engine, *asked: Any, also_closed: bool = False) -> list[str]:
    with reading(engine) as connection:
        return [row["nom"] for row in select_entries(connection, *asked, also_closed=also_closed)]


def wider(engine: Engine, *asked: Any) -> list[str]:
    with reading(engine) as connection:
        return [row["nom"] for row in select_wider(connection, *asked)]


def test_everything_comes_once_in_order_however_many_pages_it_takes(engine: Engine) -> None:
    numbers = range(2 * PAGE)
    save(engine, *(entry(number, source="b") for number in reversed(numbers)), entry(0, source="a", nom="Premier"))
    assert chosen(engine) == ["Premier", *(f"Lieu {number}" for number in numbers)]


def test_a_row_has_every_column(engine: Engine) -> None:
    save(engine, entry(1, publics=["femmes"], verified_at=date(2026, 1, 1)))
    with reading(engine) as connection:
        (row,) = select_entries(connection)
    assert set(row) == {column.name for column in initiatives.c}
    assert (row["publics"], row["verified_at"], row["exact"]) == (["femmes"], date(2026, 1, 1), True)


def test_a_territory_is_a_commune_a_department_or_several_of_either(engine: Engine) -> None:
    save(
        engine,
        entry(1),
        entry(2, code_insee="92071"),
        entry(3, code_insee="75101", departement="75"),
        entry(4, code_insee="2A004", departement="2A"),
    )
    assert chosen(engine, NANTERRE) == ["Lieu 1"]
    assert chosen(engine, HAUTS_DE_SEINE) == ["Lieu 1", "Lieu 2"]
    assert chosen(engine, Territory("", frozenset({"75", "2A"}))) == ["Lieu 3", "Lieu 4"]
    assert chosen(engine, Territory("", frozenset(), frozenset({"92071", "2A004"}))) == ["Lieu 2", "Lieu 4"]
    assert chosen(engine) == ["Lieu 1", "Lieu 2", "Lieu 3", "Lieu 4"]


def test_a_city_is_all_its_arrondissements(engine: Engine) -> None:
    row = dict.fromkeys(column.name for column in places.c) | {"codes_postaux": [], "precision": "commune"}
    paris = {"departement": "75", "departement_nom": "Paris", "population": 1}
    with writing(engine) as connection:
        for insee, kind, parent in (("75056", "COM", None), ("75101", "ARM", "75056")):
            place = {"insee": insee, "nom": insee, "type": kind, "parent": parent}
            connection.execute(insert(places), {**row, **paris, **place})
    save(engine, entry(1, code_insee="75101", departement="75"), entry(2))
    city = Place("75056", "Paris", "COM", None, (), "75", "Paris", 1, None, None)
    assert chosen(engine, territory_of(city)) == ["Lieu 1"]


def test_a_former_commune_is_the_one_it_belongs_to() -> None:
    drain = Place("49126", "Drain", "ANC", "49126", (), "49", "Maine-et-Loire", 0, None, None)
    champtoceaux = Place("49069", "Champtoceaux", "ANC", "49126", (), "49", "Maine-et-Loire", 0, None, None)
    assert territory_of(drain).communes == territory_of(champtoceaux).communes == {"49126"}


def test_a_need_is_any_of_those_an_entry_answers(engine: Engine) -> None:
    save(engine, entry(1, needs=["sante", "lien-social"]), entry(2, needs=["alimentation"]))
    assert chosen(engine, None, Need.LIEN_SOCIAL) == ["Lieu 1"]
    assert chosen(engine, NANTERRE, Need.ALIMENTATION) == ["Lieu 2"]
    assert chosen(engine, NANTERRE, Need.LOGEMENT) == []


def test_what_is_closed_comes_only_when_asked_for_and_twins_never_do(engine: Engine) -> None:
    save(engine, entry(1), entry(2, status=Status.CLOSED.value), entry(3, status=Status.SUSPENDED.value), entry(4))
    with writing(engine) as connection:
        twin = initiatives.c.source_id == "00004"
        connection.execute(update(initiatives).where(twin).values(merged_into=1))
    assert chosen(engine) == ["Lieu 1"]
    assert chosen(engine, also_closed=True) == ["Lieu 1", "Lieu 2", "Lieu 3"]


def test_a_departmental_entry_is_in_each_department_it_serves(engine: Engine) -> None:
    departemental = Reach.DEPARTEMENTAL.value
    save(
        engine,
        entry(1, reach=departemental, departement="75", code_insee="75101", zones=["75", "92"]),
        entry(2, reach=departemental),
        entry(3, reach=departemental, departement="75", code_insee="75101"),
    )
    assert chosen(engine, HAUTS_DE_SEINE) == wider(engine, HAUTS_DE_SEINE) == ["Lieu 1", "Lieu 2"]


def test_what_serves_a_place_without_one_is_its_departments_the_countrys_or_at_a_distance(engine: Engine) -> None:
    reaches = enumerate([Reach.LOCAL, Reach.DEPARTEMENTAL, Reach.NATIONAL, Reach.A_DISTANCE])
    save(
        engine,
        *(entry(number, reach=reach.value) for number, reach in reaches),
        entry(4, reach=Reach.DEPARTEMENTAL.value, departement="33"),
        entry(5, reach=Reach.NATIONAL.value, status=Status.CLOSED.value),
        entry(6, reach=Reach.NATIONAL.value, needs=["sante"]),
    )
    assert wider(engine, NANTERRE, Need.ALIMENTATION) == ["Lieu 1", "Lieu 2", "Lieu 3"]
    assert wider(engine, None) == ["Lieu 1", "Lieu 2", "Lieu 3", "Lieu 4", "Lieu 6"]


def test_the_shipped_entries_of_nanterre_and_of_its_department(shipped_engine: Engine) -> None:
    with reading(shipped_engine) as connection:
        of_nanterre = list(select_entries(connection, NANTERRE))
        of_the_department = list(select_entries(connection, HAUTS_DE_SEINE))
    assert {row["code_insee"] for row in of_nanterre} == {"92050"}
    assert {row["departement"] for row in of_the_department} == {"92"}
    assert {row["id"] for row in of_nanterre} < {row["id"] for row in of_the_department}
