"""Intercommunalities: their communes, the names people give them, and what their codes cover."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue import intercommunalities
from catalogue.gazetteer import read_shipped_places
from catalogue.intercommunalities import (
    FILE,
    called,
    covers,
    departement_of,
    expanded,
    get,
    is_siren,
    meet,
    those_with,
    to_choose_from,
    unknown,
)
from catalogue.places import PlaceIndex

VALLEE_SUD, GRAND_PARIS, LYON = "200057966", "200054781", "200046977"
OUEST = "200057982"  # Paris Ouest La Défense: Nanterre
REUNION = "249740119"
NOBODYS = "200099999"


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_shipped_list_has_every_intercommunality_once_and_only_known_communes() -> None:
    sirens = [row["siren"] for row in rows()]
    assert len(sirens) == 1266
    assert sirens == sorted(set(sirens))
    assert all(is_siren(siren) and siren.isdecimal() for siren in sirens)
    known = {place.insee for place in read_shipped_places() if place.type in ("COM", "ARM")}
    for row in rows():
        communes = row["communes"].split("|")
        assert row["nom"]
        assert communes == sorted(set(communes))
        assert known.issuperset(communes)


def test_a_commune_is_in_one_intercommunality_and_in_one_of_the_grand_paris_besides() -> None:
    whole = [code for row in rows() if row["type"] != "EPT" for code in row["communes"].split("|")]
    assert len(whole) == len(set(whole))
    parts = [code for row in rows() if row["type"] == "EPT" for code in row["communes"].split("|")]
    assert len(parts) == len(set(parts))
    assert set(parts) <= set(expanded([GRAND_PARIS]))
    assert those_with(["92071"]) == {VALLEE_SUD, GRAND_PARIS}
    assert those_with(["75056"]) == {GRAND_PARIS}


@pytest.mark.parametrize(
    ("siren", "codes"),
    [
        (VALLEE_SUD, {"92071", "92002"}),
        (GRAND_PARIS, {"75056", "75101", "75120", "92050"}),
        (LYON, {"69123", "69381", "69389"}),
        ("200054807", {"13055", "13201", "13216", "13001"}),
    ],
)
def test_its_communes_come_with_their_arrondissements(siren: str, codes: set[str]) -> None:
    assert codes <= set(expanded([siren]))
    assert all(covers([siren], code, None) for code in codes)


def test_a_territory_covers_by_commune_department_and_intercommunality() -> None:
    assert covers([VALLEE_SUD], "92071", "92")
    assert not covers([VALLEE_SUD], "92050", "92")
    assert not covers([VALLEE_SUD], None, "92")
    assert covers(["92050", VALLEE_SUD], "92050", "92")
    assert covers(["92"], None, "92")
    assert not covers([], "92071", "92")
    assert not covers([NOBODYS], "92071", "92")
    assert not covers(["92"], None, None)


def test_what_is_not_known_any_more_keeps_its_code_and_covers_nothing() -> None:
    assert unknown(["92050", VALLEE_SUD, NOBODYS, "92"]) == [NOBODYS]
    assert expanded(["92", NOBODYS]) == [NOBODYS, "92"]
    assert get(NOBODYS) is None
    assert departement_of(NOBODYS) == ""


@pytest.mark.parametrize(
    ("code", "departement"),
    [(VALLEE_SUD, "92"), (REUNION, "974"), ("97411", "974"), ("2A004", "2A"), ("92", "92"), ("75056", "75")],
)
def test_the_department_of_a_code_is_known(code: str, departement: str) -> None:
    assert departement_of(code) == departement


@pytest.mark.parametrize(
    ("codes", "others", "they_do"),
    [
        ([VALLEE_SUD], ["92071"], True),
        ([VALLEE_SUD], ["92"], True),
        ([VALLEE_SUD], [GRAND_PARIS], True),
        ([VALLEE_SUD], [OUEST], False),
        ([VALLEE_SUD], ["92050", "75"], False),
        (["92"], ["92050"], True),
        ([NOBODYS], ["92"], False),
        ([], ["92"], False),
    ],
)
def test_two_territories_meet_where_they_have_a_commune_in_common(
    codes: list[str], others: list[str], they_do: bool
) -> None:
    assert meet(codes, others) is meet(others, codes) is they_do


def test_a_department_has_the_intercommunalities_of_its_communes() -> None:
    found = those_with(["92"])
    assert {VALLEE_SUD, OUEST, GRAND_PARIS} <= found
    assert "200057867" not in found  # Plaine Commune, in Seine-Saint-Denis


@pytest.mark.parametrize(
    ("said", "siren"),
    [
        (VALLEE_SUD, VALLEE_SUD),
        ("200 057 966", VALLEE_SUD),
        ("Vallée Sud", VALLEE_SUD),
        ("VALLEE SUD - GRAND PARIS", VALLEE_SUD),
        ("l'agglo Vallée Sud", VALLEE_SUD),
        ("valee sud", VALLEE_SUD),
        ("gran paris seine ouest", "200057974"),
        ("Plaine Comune", "200057867"),
        ("métropole du Grand Paris", GRAND_PARIS),
        ("métropole de Lyon", LYON),
        ("grenoble alpes métropole", "200040715"),
        ("CU d'Arras", "200033579"),
        ("communauté urbaine d’Arras", "200033579"),
        ("agglo de La Rochelle", "241700434"),
        ("nantes metropole", "244400404"),
        ("Cotentin", "200067205"),
    ],
)
def test_a_name_is_understood_whatever_its_accents_its_kind_and_a_few_slips(
    place_index: PlaceIndex, said: str, siren: str
) -> None:
    assert [one.siren for one in called(said, place_index)] == [siren]


@pytest.mark.parametrize(
    "said",
    [
        *("Sceaux", "92050", "92", "Hauts-de-Seine", "92330", "Arras", "La Rochelle", "Grenoble", "Le Puy", "nanter"),
        *("Pays de la Loire", "Mont Saint Michel", "Boulogne", "cc", "métropole", "communauté de communes", ""),
        *(NOBODYS, "agglo zzzzzz", "²" * 9, "٣" * 9),
    ],
)
def test_a_commune_a_department_or_nothing_is_not_an_intercommunality(place_index: PlaceIndex, said: str) -> None:
    assert called(said, place_index) == []


def test_the_intercommunality_of_a_commune_is_never_the_commune(place_index: PlaceIndex) -> None:
    assert [one.siren for one in called("agglo de Nanterre", place_index)] == [GRAND_PARIS, OUEST]
    assert [one.siren for one in called("l'agglo de nantere", place_index)] == [GRAND_PARIS, OUEST]
    assert [one.nom for one in called("agglo de Niort", place_index)] == ["Communauté d'agglomération du Niortais"]
    assert called("agglo de Boulogne", place_index)  # of that name, whatever communes are called so


def test_of_two_of_the_same_name_both_are_shown_with_their_department(place_index: PlaceIndex) -> None:
    found = called("communauté de communes des Quatre Rivières", place_index)
    assert to_choose_from(found) == [
        "Communauté de communes des Quatre Rivières (247000623, 70)",
        "Communauté de communes des Quatre Rivières (247400666, 74)",
    ]
    assert called("quatre rivieres", place_index) == found


@pytest.fixture
def next_year(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A list in which Vallée Sud has lost Sceaux to Paris Ouest La Défense, and nothing else is known."""
    lines = (f"{VALLEE_SUD},EPT,Vallée Sud,92002|92007", f"{OUEST},EPT,Paris Ouest La Défense,92050|92071")
    file = tmp_path / "next_year.csv"
    file.write_text("\n".join(["siren,type,nom,communes", *lines]), encoding="utf-8")
    monkeypatch.setattr(intercommunalities, "FILE", file)
    _read_again()
    yield
    _read_again()


def _read_again() -> None:
    intercommunalities._known.cache_clear()
    intercommunalities._communes.cache_clear()


def test_a_new_list_changes_what_a_code_covers(next_year: None) -> None:
    assert not covers([VALLEE_SUD], "92071", "92")
    assert covers([OUEST], "92071", "92")
    assert those_with(["92071"]) == {OUEST}
    assert unknown([VALLEE_SUD, GRAND_PARIS]) == [GRAND_PARIS]
    assert expanded([VALLEE_SUD, GRAND_PARIS]) == [GRAND_PARIS, "92002", "92007"]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_whatever_is_said_is_answered(words: str) -> None:
    index = PlaceIndex([])
    assert all(get(one.siren) == one for one in called(words, index))
    assert all(get(one.siren) == one for one in called("agglo " + words, index))
