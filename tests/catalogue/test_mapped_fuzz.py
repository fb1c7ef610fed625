"""Whatever a list holds, each of its lines is loaded whole or refused, and its mapping followed or said to be wrong."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from catalogue.database import open_database, writing
from catalogue.exchange.mapped import WrongMapping
from catalogue.exchange.readers import FIELDS as READ
from catalogue.initiatives import save_initiatives
from tests.catalogue.lists import COLUMNS, WHOLE, read, written


@pytest.fixture(scope="module")
def empty_engine(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One SQLite database for all the lines; what is saved is taken back."""
    engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path_factory.mktemp('lines') / 'test.db')}")
    yield engine
    engine.dispose()


NASTY = """\
92050 2A004 75013 2022 0199001234 1e999 nan -0 48,9 48.9;2.2 =1+1 <b> ';-- {nom} … 24/7 oui 31/02/2022 sel
sante;droits 92;2a national departemental a-distance point www.exemple.fr https://exemple.fr a@b.fr Paris"""
ANYTHING = (
    st.text(st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from(NASTY.split())
    | st.sampled_from(["", " ", "\0", "\u200b", "\ud800", "9" * 40, "x" * 5_000, "Nanterre cedex", "9 mai 2022"])
    | st.sampled_from(["Mo-Fr 09:00-12:00", "lundi 9h-12h", "09:00 lundi", "du lundi", "Sa[4] 14:00-17:00"])
    | st.sampled_from([None, True, 0, -1, 10**30, float("nan"), float("inf"), 1e308, Decimal("1E+5"), [], [None, "a"]])
    | st.floats(-200, 200)
    | st.datetimes()
    | st.dates()
)
FIELDS = [field for field in READ if field not in ("id", "position")]
USUAL = """
source = "essai"
doublons = "fusionner"
[colonnes]
id = "{id} {nom}"
""" + "\n".join(f'{field} = "{field}"' for field in FIELDS)
OTHERWISE = (
    USUAL.replace("longitude =", "position =")
    .replace('latitude = "latitude"', "")
    .replace('id = "{id} {nom}"', 'id = "id"')
    + """
[lecture]
id = "avec la commune"
nom = "capitales"
description = "services numériques"
verified_at = "dernière année"
[valeurs.needs]
"=1+1" = ["sante", "droits"]
[[si]]
colonne = "nom"
contient = ["Paris", "…"]
needs = "projet"
kind = "sel"
[attendu]
kind = ["autre", "sel", "Paris"]
telephone = ""
"""
)
SOUND = dict.fromkeys(FIELDS, "") | {"nom": "Un lieu", "kind": "autre", "needs": "droits", "code_insee": "92050"}
BATCH = 25


@given(
    mapping=st.sampled_from([USUAL, OTHERWISE]),
    changes=st.lists(st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=4), min_size=BATCH, max_size=BATCH),
)
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_a_line_holds_it_is_loaded_whole_or_refused_with_a_reason(
    empty_engine: Engine, tmp_path: Path, mapping: str, changes: list[dict[str, Any]]
) -> None:
    """10,000 lines."""
    lines = [SOUND | {"id": number % 20} | change for number, change in enumerate(changes)]
    found = read(written(tmp_path, mapping), *lines)
    assert len(found.rows) + found.merged + len(found.refused) == BATCH
    assert all(refused.reason and 2 <= refused.line < BATCH + 2 for refused in found.refused)
    assert all(row.keys() == COLUMNS for row in found.rows.values())
    assert found.seen >= found.rows.keys()
    with writing(empty_engine) as connection:
        savepoint = connection.begin_nested()
        assert save_initiatives(connection, list(found.rows.values())).created == len(found.rows)
        assert save_initiatives(connection, list(found.rows.values())).unchanged == len(found.rows)
        savepoint.rollback()


PIECES = [*WHOLE.split(), "[[si]]", "[valeurs.kind]", "{", "\n", "1"]


@given(content=st.text(st.characters(codec="utf-8")) | st.lists(st.sampled_from(PIECES)).map(" ".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_mapping_holds_it_is_followed_or_said_to_be_wrong(tmp_path: Path, content: str) -> None:
    with suppress(WrongMapping):
        assert written(tmp_path, content).source
