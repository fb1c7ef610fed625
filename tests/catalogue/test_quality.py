"""The score is the package's own, on the day it is asked for; what is said to be missing is what raises it."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import time_machine
from data_inclusion.schema.v1 import Service
from data_inclusion.schema.v1.score_qualite import score as package_score
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from catalogue.database import open_database, reading, writing
from catalogue.exchange.data_inclusion_out import as_data_inclusion
from catalogue.exchange.selection import Territory
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.places import PlaceIndex
from catalogue.quality import quality, territory_quality
from catalogue.tables import initiatives

TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
Row = dict[str, Any]

POOR: Row = {**UNKNOWN, "source": "essai", "source_id": "1", "nom": "Le Cube", "kind": "autre", "needs": ["numerique"]}
RICH: Row = POOR | {
    "adresse": "1 rue Haute",
    "telephone": "01 99 00 00 00",
    "description": "On y apprend. " * 20,
    "publics": ["familles"],
    "frais": "gratuit",
    "verified_at": date(2026, 9, 1),
}
# The only thing that nobody can say here is how one gets a service: one criterion of eight.
BEST = 0.88
SERVICE: Row = {
    "source": "essai",
    "structure_id": "essai--1",
    "id": "essai--1--service",
    "nom": "Atelier",
    "description": "Un atelier.",
    "date_maj": "2026-09-01",
}


# ---- the score is the package's ------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped_rows(shipped_database: Path) -> Iterator[list[Row]]:
    engine = open_database(f"sqlite:///{shipped_database}")
    with reading(engine) as connection:
        yield [dict(row) for row in connection.execute(select(initiatives)).mappings()]
    engine.dispose()


def test_shipped_entries_are_scored_as_the_service_their_export_makes(
    shipped_rows: list[Row], place_index: PlaceIndex
) -> None:
    sample = random.Random(5).sample(shipped_rows, 300)
    _, services = as_data_inclusion(sample, place_index)
    rows = {f"{row['source']}--{row['source_id']}": row for row in sample}
    with time_machine.travel(NOON, tick=False):
        for service in services:
            row = rows[service["structure_id"]]
            contact = {name: row[name] for name in ("telephone", "courriel")}
            expected, _ = package_score(Service.model_validate(service | contact))
            assert quality(row, TODAY).score == expected, row["source_id"]


descriptions = st.sampled_from([5, 49, 50, 199, 200, 1_999, 2_000, 10_000]).map(lambda length: "é" * length)
# The package gives 0 on the 180th day, and 1 the day before: see quality._recent.
days = st.integers(0, 900).filter(lambda age: age != 180).map(lambda age: str(TODAY - timedelta(days=age)))
optional = {
    "source": st.sampled_from(["essai", "france-travail"]),
    "adresse": st.just("1 rue Haute"),
    "telephone": st.just("0199000000"),
    "courriel": st.just("ici@example.org"),
    "lien_mobilisation": st.just("https://example.org"),
    "publics": st.sampled_from([["familles"], ["seniors", "jeunes"]]),
    "frais": st.sampled_from(["gratuit", "payant"]),
    "frais_precisions": st.just("2 euros"),
    "thematiques": st.just(["equipement-et-alimentation--alimentation"]),
    "modes_accueil": st.sampled_from([["en-presentiel"], ["a-distance"]]),
    "modes_mobilisation": st.sampled_from([["telephoner"], ["envoyer-un-courriel", "se-presenter"]]),
    "mobilisable_par": st.just(["usagers"]),
}
services = st.fixed_dictionaries({"description": descriptions, "date_maj": days}, optional=optional).map(
    lambda said: SERVICE | said
)


@given(st.lists(services, min_size=1, max_size=3))
def test_an_entry_is_scored_as_its_services_by_the_package(offered: list[Row]) -> None:
    row = POOR | {"source": offered[0]["source"], "reach": "departemental", "needs": [], "services": offered}
    with time_machine.travel(NOON, tick=False):
        expected = [package_score(Service.model_validate(said | {"source": row["source"]}))[0] for said in offered]
    assert quality(row, TODAY).score == round(fmean(expected), 2)


def test_what_a_service_does_not_say_its_entry_does() -> None:
    given = POOR | {"services": [SERVICE]}
    assert quality(given | {"telephone": "01 99 00 00 00"}, TODAY).score > quality(given, TODAY).score
    assert "Ajouter un téléphone" not in quality(given | {"telephone": "01 99 00 00 00"}, TODAY).missing


def test_it_is_the_day_asked_for_that_counts_and_not_the_clock() -> None:
    later = TODAY + timedelta(days=800)
    assert quality(RICH, TODAY).score == BEST
    assert quality(RICH, later).score < BEST
    with time_machine.travel(NOON + timedelta(days=800)):
        assert quality(RICH, TODAY).score == BEST


def test_an_entry_is_as_recent_as_the_last_time_it_was_edited_or_verified() -> None:
    old = {"date_maj": date(2020, 1, 1), "verified_at": None}
    assert quality(RICH | old, TODAY).score < BEST
    assert quality(RICH | old | {"verified_at": date(2026, 11, 1)}, TODAY).score == BEST
    service = SERVICE | {"description": RICH["description"], "date_maj": "2026-11-01"}
    assert quality(RICH | old | {"services": [service]}, TODAY).score == BEST


@given(st.text(), st.sampled_from([None, "gratuit", "payant"]), st.none() | st.dates())
def test_any_entry_has_a_score(description: str, frais: str | None, verified: date | None) -> None:
    row = RICH | {"description": description * 50, "frais": frais, "verified_at": verified}
    assert 0 < quality(row, TODAY).score <= BEST


# ---- what would raise it -------------------------------------------------------------------------


def test_what_is_missing_is_said_in_plain_words() -> None:
    assert set(quality(POOR, TODAY).missing) == {
        "Ajouter l'adresse",
        "Ajouter un téléphone",
        "Dire à qui c'est ouvert",
        "Dire si c'est gratuit ou payant",
        "Compléter la description : entre 200 et 2 000 caractères",
        "Confirmer la fiche : personne ne l'a encore fait",
    }
    assert quality(RICH, TODAY).missing == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"verified_at": date(2022, 5, 9)}, "Confirmer la fiche : elle date de mai 2022"),
        ({"verified_at": date(2022, 8, 9)}, "Confirmer la fiche : elle date d'août 2022"),
        ({"verified_at": date(2019, 1, 1), "verified_by_year": True}, "Confirmer la fiche : elle date de 2019"),
        ({"description": "é" * 3_000}, "Raccourcir la description : entre 200 et 2 000 caractères"),
        ({"frais": "payant"}, "Dire le prix"),
        ({"needs": []}, "Dire à quels besoins la fiche répond"),
        (
            {"services": [SERVICE | {"modes_mobilisation": ["envoyer-un-courriel"], "description": "é" * 300}]},
            "Ajouter un courriel",
        ),
    ],
)
def test_each_lack_has_its_sentence(change: Row, sentence: str) -> None:
    assert quality(RICH | change, TODAY).missing == (sentence,)


def test_the_most_valuable_comes_first() -> None:
    half = RICH | {"description": "é" * 100, "telephone": None, "verified_at": TODAY - timedelta(days=200)}
    assert quality(half, TODAY).missing == (
        "Ajouter un téléphone",
        "Compléter la description : entre 200 et 2 000 caractères",
        "Confirmer la fiche : elle date de mai 2026",
    )


def test_doing_what_is_said_raises_the_score_each_time() -> None:
    row, scores = POOR, [quality(POOR, TODAY).score]
    for name in ("adresse", "telephone", "publics", "frais", "description", "verified_at"):
        row = row | {name: RICH[name]}
        scores.append(quality(row, TODAY).score)
    assert scores == sorted(set(scores))
    assert scores[-1] == BEST


# ---- a territory ---------------------------------------------------------------------------------

NANTERRE = {"commune": "Nanterre", "code_insee": "92050", "departement": "92"}
TOURS = {"commune": "Tours", "code_insee": "37261", "departement": "37"}
HAUTS_DE_SEINE = Territory("Hauts-de-Seine", frozenset({"92"}))
THE_TOWN = Territory("Nanterre", frozenset({"92"}), frozenset({"92050"}))


@pytest.fixture
def three(engine: Engine) -> Engine:
    """Two entries in Nanterre, a good one and a poor one; one in Tours; and two that are not shown."""
    rows = [
        RICH | NANTERRE,
        POOR | NANTERRE | {"telephone": "01 99 00 00 01"},
        POOR | TOURS,
        POOR | NANTERRE | {"status": "closed"},
        POOR | NANTERRE | {"merged_into": 1},
    ]
    with writing(engine) as connection:
        save_initiatives(connection, [row | {"source_id": str(number)} for number, row in enumerate(rows)])
    return engine


@pytest.mark.parametrize("territory", [HAUTS_DE_SEINE, THE_TOWN])
def test_a_territory_is_the_mean_of_its_open_entries(three: Engine, territory: Territory) -> None:
    with reading(three) as connection:
        found = territory_quality(connection, territory, TODAY)
    scores = [BEST, quality(POOR | {"telephone": "01 99 00 00 01"}, TODAY).score]
    assert (found.entries, found.score) == (2, fmean(scores))
    assert [tenth for tenth, count in enumerate(found.tenths) for _ in range(count)] == [2, 8]
    assert len(found.tenths) == 10


def test_a_territory_says_what_would_raise_it_and_for_how_many(three: Engine) -> None:
    with reading(three) as connection:
        found = territory_quality(connection, None, TODAY)
    assert found.entries == 3
    assert dict(found.missing) == {
        "Confirmer la fiche": 2,
        "Compléter la description": 2,
        "Dire à qui c'est ouvert": 2,
        "Dire si c'est gratuit ou payant": 2,
        "Ajouter l'adresse": 2,
        "Ajouter un téléphone": 1,
    }
    assert found.missing[-1][0] == "Ajouter un téléphone"


def test_a_territory_without_entries_has_nothing_to_say(engine: Engine) -> None:
    with reading(engine) as connection:
        found = territory_quality(connection, HAUTS_DE_SEINE, TODAY)
    assert (found.entries, found.score, sum(found.tenths), found.missing) == (0, 0.0, 0, ())
