"""A synthetic catalogue is always the same, spread as people are, and found like any other."""

import re
from collections import Counter
from datetime import timedelta
from math import sqrt

import pytest
from sqlalchemy import Engine, func, insert, select

from catalogue.database import reading, writing
from catalogue.exchange.reading import EntryRow
from catalogue.gazetteer import read_shipped_places
from catalogue.geo import distance_km
from catalogue.hours import moments, to_osm
from catalogue.initiatives import initiatives_by_id
from catalogue.needs import Kind, Need, Reach
from catalogue.places import Place
from catalogue.search import near
from catalogue.synthetic import AT_THE_TOWN_HALL, VERIFIED_BEFORE, VERIFIED_WITHIN_DAYS, WITHOUT_A_PLACE, seed
from catalogue.synthetic import synthetic_rows as rows_of
from catalogue.tables import initiatives, places, revisions

NANTERRE = Place("92050", "Nanterre", "COM", None, ("92000",), "92", "Hauts-de-Seine", 96_000, 48.8922, 2.2069)
SCEAUX = Place("92071", "Sceaux", "COM", None, ("92330",), "92", "Hauts-de-Seine", 20_000, 48.7789, 2.2911)
PARIS = Place("75056", "Paris", "COM", None, ("75001",), "75", "Paris", 2_100_000, 48.8566, 2.3522)
PARIS_11 = Place("75111", "Paris 11e Arrondissement", "ARM", "75056", (), "75", "Paris", 140_000, 48.8594, 2.3765)
EMPTY = Place("55039", "Beaumont-en-Verdunois", "COM", None, ("55100",), "55", "Meuse", 0, 49.245, 5.39)
NOWHERE = Place("98611", "Alo", "COM", None, ("98610",), "986", "Wallis-et-Futuna", 2_000, None, None)
FORMER = Place("92001", "Ancienne", "ANC", "92050", (), "92", "Hauts-de-Seine", 0, 48.9, 2.2)
TOWNS = [NANTERRE, SCEAUX, PARIS, PARIS_11, EMPTY, NOWHERE, FORMER]
COUNT = 20_000


@pytest.fixture(scope="module")
def communes() -> dict[str, Place]:
    """Every shipped commune and arrondissement."""
    return {place.insee: place for place in read_shipped_places() if place.type != "ANC"}


@pytest.fixture(scope="module")
def rows(communes: dict[str, Place]) -> list[EntryRow]:
    """A synthetic catalogue of France."""
    return list(rows_of(COUNT, 7, communes.values()))


def share(rows: list[EntryRow], departement: str) -> float:
    return sum(row["departement"] == departement for row in rows) / len(rows)


def test_the_same_seed_gives_the_same_entries_whatever_the_order_of_the_places() -> None:
    made = list(rows_of(200, 7, TOWNS))
    assert made == list(rows_of(200, 7, reversed(TOWNS)))
    assert made == list(rows_of(500, 7, TOWNS))[:200]
    assert made != list(rows_of(200, 8, TOWNS))


def test_entries_are_where_people_are_counted_once_and_known_to_be() -> None:
    found = Counter(row["code_insee"] for row in rows_of(2_000, 7, TOWNS))
    assert found.keys() == {NANTERRE.insee, SCEAUX.insee, PARIS_11.insee}
    assert found[PARIS_11.insee] > found[NANTERRE.insee] > found[SCEAUX.insee] > 0


def test_nobody_anywhere_is_refused() -> None:
    with pytest.raises(ValueError, match="aucune commune"):
        next(rows_of(1, 7, [EMPTY, NOWHERE]))


@pytest.mark.parametrize("departement", ["75", "69", "13", "59", "92", "23", "974"])
def test_a_department_has_the_share_of_its_people(
    rows: list[EntryRow], communes: dict[str, Place], departement: str
) -> None:
    divided = {place.parent for place in communes.values()}
    people = [place for place in communes.values() if place.insee not in divided]
    expected = sum(place.population for place in people if place.departement == departement)
    assert share(rows, departement) == pytest.approx(expected / sum(place.population for place in people), abs=0.005)


def test_all_needs_and_all_kinds_are_there_one_to_three_needs_each(rows: list[EntryRow]) -> None:
    main = Counter(row["needs"][0] for row in rows)
    assert main.keys() == {need.value for need in Need}
    assert min(main.values()) > COUNT / 16 * 0.8
    assert {len(row["needs"]) for row in rows} == {1, 2, 3}
    assert all(len(set(row["needs"])) == len(row["needs"]) for row in rows)
    assert {row["kind"] for row in rows} == {kind.value for kind in Kind}


def test_an_entry_is_in_its_commune_at_its_town_hall_or_nowhere(
    rows: list[EntryRow], communes: dict[str, Place]
) -> None:
    kinds: Counter[str] = Counter()
    for row in rows:
        town = communes[row["code_insee"]]
        if row["reach"] != Reach.LOCAL:
            kinds["nowhere"] += 1
            assert row["latitude"] is row["longitude"] is row["adresse"] is None
        elif not row["exact"]:
            kinds["town hall"] += 1
            assert (row["latitude"], row["longitude"]) == (town.latitude, town.longitude)
        else:
            away = distance_km(row["latitude"], row["longitude"], town.latitude or 0.0, town.longitude or 0.0)
            assert away < 0.31 + 0.00501 * sqrt(town.population)
    assert kinds["nowhere"] / COUNT == pytest.approx(WITHOUT_A_PLACE, abs=0.003)
    assert kinds["town hall"] / COUNT == pytest.approx(AT_THE_TOWN_HALL, abs=0.006)
    assert {row["reach"] for row in rows} == {reach.value for reach in Reach}


def test_what_an_entry_says_of_itself_can_be_read_and_leads_to_nobody(rows: list[EntryRow]) -> None:
    for row in rows[:2_000]:
        assert row["telephone"] is None or re.fullmatch(r"01 99 00 \d\d \d\d", row["telephone"])
        assert row["courriel"] is None or row["courriel"].endswith("@example.org")
        assert row["site_web"] is None or row["site_web"].startswith("https://example.org/")
        assert row["horaires_osm"] is None or to_osm(row["horaires_osm"]) == row["horaires_osm"]
        assert row["moments"] == moments(row["horaires_osm"])
        assert row["nom"].endswith(f" – {row['commune']}")
        if row["verified_at"]:
            assert timedelta(0) < VERIFIED_BEFORE - row["verified_at"] <= timedelta(VERIFIED_WITHIN_DAYS)
    assert len({row["source_id"] for row in rows}) == COUNT


def test_names_differ_enough_to_be_searched(rows: list[EntryRow]) -> None:
    assert len({row["nom"] for row in rows}) > COUNT * 0.9
    assert len({row["nom"].partition(" – ")[0] for row in rows}) > 5_000


@pytest.fixture
def peopled(engine: Engine) -> Engine:
    """A database that has a few towns."""
    with writing(engine) as connection:
        for town in TOWNS:
            known = {name: getattr(town, name) for name in Place.__dataclass_fields__}
            stored = known | {"codes_postaux": list(town.codes_postaux), "precision": "commune"}
            connection.execute(insert(places), stored)
    return engine


def test_a_seeded_database_is_searched_like_any_other(peopled: Engine) -> None:
    assert seed(peopled, 1_200, 7, lambda *step: None) == 1_200
    with reading(peopled) as connection:
        assert connection.scalar(select(func.count()).select_from(initiatives)) == 1_200
        assert connection.scalar(select(func.count()).select_from(revisions)) == 1_200
        for need in Need:
            found = near(connection, need, (48.8594, 2.3765), "75")
            assert len(found.near) == 30
            entries = initiatives_by_id(connection, [candidate.id for candidate in (*found.near, *found.wider)])
            assert all(need in entry.needs for entry in entries)


def test_the_rows_are_kept_as_they_were_made(peopled: Engine) -> None:
    seed(peopled, 50, 7, lambda *step: None)
    with reading(peopled) as connection:
        kept = connection.execute(select(initiatives).order_by(initiatives.c.source_id)).mappings().all()
    assert [{name: row[name] for name in row if name != "id"} for row in kept] == list(rows_of(50, 7, TOWNS))


def test_progress_is_told_after_each_batch(peopled: Engine) -> None:
    told: list[tuple[str, int, int]] = []
    seed(peopled, 1_001, 7, lambda *step: told.append(step))
    assert told == [("synthetic", done, 1_001) for done in (0, 1_000, 1_001)]


def test_a_database_is_seeded_only_once(peopled: Engine) -> None:
    seed(peopled, 3, 7, lambda *step: None)
    with pytest.raises(ValueError, match="déjà des lieux synthétiques"):
        seed(peopled, 3, 8, lambda *step: None)
    with reading(peopled) as connection:
        assert connection.scalar(select(func.count()).select_from(initiatives)) == 3


def test_a_database_without_a_commune_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="aucune commune"):
        seed(engine, 3, 7, lambda *step: None)
