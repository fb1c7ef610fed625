"""What each field of a mapped list is read as, however people wrote it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from catalogue.exchange.mapped import Mapping
from tests.catalogue.lists import LINE, WHOLE, among, only_refusal, only_row, read, with_column, written

WHERE = [
    ({"insee": "1033"}, "01033"),
    ({"insee": 1033}, "01033"),
    ({"insee": 1033.0}, "01033"),
    ({"insee": "2a004"}, "2A004"),
    ({"insee": "49069"}, "49126"),
    ({"commune": "Nanterre", "cp": "92000"}, "92050"),
    ({"commune": "NANTERRE CEDEX 2", "cp": "92022"}, "92050"),
    ({"commune": "Nanterre La Défense", "cp": "92 000"}, "92050"),
    ({"commune": "VALSERHONE", "cp": 1200}, "01033"),
    ({"commune": "Paris", "cp": "75013"}, "75113"),
    ({"commune": "Paris 13", "cp": "75013"}, "75113"),
    ({"commune": "Champtoceaux", "cp": "49270"}, "49126"),
    ({"commune": "Boulogne", "cp": "92100"}, "92012"),
    ({"commune": "", "cp": "92800"}, "92062"),
    ({"commune": "Nanterre", "cp": "05000", "dep": "92"}, "92050"),
    ({"commune": "Puteaux", "dep": "92"}, "92062"),
    ({"commune": "Puteau", "dep": "Hauts-de-Seine"}, "92062"),
    ({"commune": "Valserhône", "dep": 1}, "01033"),
    ({"commune": "Ajaccio", "dep": "2a"}, "2A004"),
    ({"commune": "Puteaux", "cp": "92000"}, None),
    ({"commune": "Ailleurs", "cp": "92000"}, None),
    ({"commune": "Ailleurs", "cp": "92050"}, None),
    ({"commune": "", "cp": "92050"}, None),
    ({"commune": "Nanterre", "dep": "75"}, None),
    ({"commune": "Nanterre"}, None),
    ({"commune": "…", "dep": "92"}, None),
]


@pytest.mark.parametrize(("where", "insee"), WHERE)
def test_a_commune_is_known_by_its_code_or_by_its_name_and_where_it_is(
    tmp_path: Path, where: dict[str, Any], insee: str | None
) -> None:
    more = 'commune = "commune"\ncode_postal = "cp"\ndepartement = "dep"\n[valeurs]'
    blank = {"insee": "", "commune": "", "cp": "", "dep": None}
    found = read(written(tmp_path, WHOLE.replace("[valeurs]", more)), LINE | blank | where)
    assert [row["code_insee"] for row in found.rows.values()] == ([insee] if insee else [])
    assert len(found.refused) == (insee is None)


@pytest.mark.parametrize("said", ["48.9,2.2", "48.9, 2.2", "48,9 ; 2,2", "[48.9 2.2]", "48,9, 2,2", [48.9, 2.2]])
def test_a_position_may_be_in_one_column(tmp_path: Path, said: Any) -> None:
    row = only_row(read(written(tmp_path, with_column("position")), LINE | {"position": said}))
    among(row, latitude=48.9, longitude=2.2, exact=False)


@pytest.mark.parametrize("said", ["POINT (2.2 48.9)", "48.9", "2.2,48.9"])
def test_a_position_that_is_not_understood_is_refused(tmp_path: Path, said: str) -> None:
    found = read(written(tmp_path, with_column("position")), LINE | {"position": said})
    assert only_refusal(found).startswith("coordonnées")


def test_where_the_commune_has_no_position_a_line_must_have_one(tmp_path: Path) -> None:
    mapping = written(tmp_path, with_column("position") + 'precision = "point"')
    there = LINE | {"insee": "98611", "position": ""}
    assert only_refusal(read(mapping, there)) == "position inconnue"
    among(only_row(read(mapping, there | {"position": "-14.3,-178.1"})), latitude=-14.3, exact=True)


def test_a_list_may_say_which_positions_are_those_of_the_places(tmp_path: Path) -> None:
    content = with_column("position").replace("[valeurs]", 'precision = "type"\n[valeurs]')
    mapping = written(tmp_path, content + '[valeurs.precision]\nhousenumber = "point"')
    lines = [
        LINE | {"numero": f"n-{kind}", "position": "48.9,2.2", "type": kind} for kind in ("housenumber", "street", "")
    ]
    assert [row["exact"] for row in read(mapping, *lines).rows.values()] == [True, False, False]


@pytest.mark.parametrize(
    ("said", "day", "by_year"),
    [
        ("2022-05-09", date(2022, 5, 9), False),
        ("2022-05-09T10:00:00+02:00", date(2022, 5, 9), False),
        (datetime(2022, 5, 9, tzinfo=UTC), date(2022, 5, 9), False),
        ("09/05/2022", date(2022, 5, 9), False),
        ("9.5.2022 10:30", date(2022, 5, 9), False),
        ("lundi 9 mai 2022", date(2022, 5, 9), False),
        ("1er août 2022", date(2022, 8, 1), False),
        ("2022", date(2022, 1, 1), True),
        (2022, date(2022, 1, 1), True),
        ("", None, False),
    ],
)
def test_dates_are_read_as_they_are_written_in_france(
    tmp_path: Path, said: Any, day: date | None, by_year: bool
) -> None:
    row = only_row(read(written(tmp_path, with_column("verified_at")), LINE | {"verified_at": said}))
    among(row, verified_at=day, verified_by_year=by_year, verified_method="import" if day else None)


@pytest.mark.parametrize("said", ["hier", "13/13/2022", "30 février 2022", "9 zmai 2022", "09/05/22", "0022-05-09"])
def test_a_date_that_is_not_one_is_refused(tmp_path: Path, said: str) -> None:
    found = read(written(tmp_path, with_column("date_maj")), LINE | {"date_maj": said})
    assert only_refusal(found) == f"date illisible : « {said} »"


@pytest.mark.parametrize(
    ("field", "said", "known"),
    [
        ("accessible", "Oui", True),
        ("accessible", False, False),
        ("accessible", 1, True),
        ("accessible", None, None),
        ("site_web", "www.exemple.fr", "http://www.exemple.fr"),
        ("site_web", "exemple", None),
        ("courriel", "Écrire à lieu@exemple.fr", "lieu@exemple.fr"),
        ("telephone", 199001234, "01 99 00 12 34"),
        ("frais", "Payant", "payant"),
        ("publics", "Seniors; familles ;seniors;", ["seniors", "familles"]),
        ("description", "<p>On y mange.</p><br>", "On y mange."),
    ],
)
def test_each_field_is_read_as_people_write_it(tmp_path: Path, field: str, said: Any, known: Any) -> None:
    assert only_row(read(written(tmp_path, with_column(field)), LINE | {field: said}))[field] == known


def test_neither_yes_nor_no_is_refused(tmp_path: Path) -> None:
    found = read(written(tmp_path, with_column("accessible")), LINE | {"accessible": "en partie"})
    assert only_refusal(found) == "ni oui ni non : « en partie »"


def test_values_may_be_separated_by_line_breaks(tmp_path: Path) -> None:
    mapping = written(tmp_path, 'separateur = "\\n"' + with_column("publics"))
    assert only_row(read(mapping, LINE | {"publics": "seniors\nfamilles"}))["publics"] == ["seniors", "familles"]


def test_what_is_put_together_leaves_no_empty_place(tmp_path: Path) -> None:
    mapping = written(tmp_path, with_column("adresse").replace('"adresse"', '"{n°}, {voie}"'))
    for number, street, address in ((3.0, "rue Haute", "3, rue Haute"), ("", "rue Haute", "rue Haute"), ("", "", None)):
        assert only_row(read(mapping, LINE | {"N°": number, "Voie": street}))["adresse"] == address


WIDE = [
    ({"reach": "national"}, {"reach": "national", "departement": None, "zones": []}),
    ({"reach": "A distance"}, {"reach": "a-distance", "commune": None}),
    ({"reach": "national", "insee": "92050"}, {"commune": "Nanterre", "departement": "92", "latitude": None}),
    ({"reach": "departemental", "dep": "92"}, {"departement": "92", "zones": []}),
    ({"reach": "départemental", "insee": "92050"}, {"departement": "92", "zones": []}),
    ({"reach": "departemental", "zones": "92;Paris"}, {"departement": None, "zones": ["75", "92"]}),
    ({"reach": "departemental", "insee": "75056", "zones": "92"}, {"departement": "75", "zones": ["92"]}),
    ({"reach": "departemental", "dep": "Bretagne"}, {"departement": None, "zones": ["22", "29", "35", "44", "56"]}),
]


def wide(tmp_path: Path) -> Mapping:
    more = 'reach = "reach"\ndepartement = "dep"\nzones = "zones"\n[valeurs]'
    return written(tmp_path, WHOLE.replace("[valeurs]", more))


@pytest.mark.parametrize(("said", "known"), WIDE)
def test_what_has_no_place_says_where_it_serves(tmp_path: Path, said: dict[str, Any], known: dict[str, Any]) -> None:
    blank = {"insee": "", "dep": "", "zones": ""}
    among(only_row(read(wide(tmp_path), LINE | blank | said)), **known)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"reach": "departemental"}, "département manquant"),
        ({"reach": "departemental", "zones": "92;Cocagne"}, "département inconnu : « Cocagne »"),
        ({"reach": "national", "insee": "99999"}, "code INSEE inconnu : « 99999 »"),
        ({"reach": "mondiale"}, "portée inconnue : « mondiale »"),
        ({"reach": ""}, "commune manquante"),
    ],
)
def test_what_serves_nobody_knows_where_is_refused(tmp_path: Path, said: dict[str, Any], reason: str) -> None:
    found = read(wide(tmp_path), LINE | {"insee": "", "dep": "", "zones": ""} | said)
    assert only_refusal(found) == reason
