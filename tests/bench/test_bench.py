"""The bench measures right answers, and says all it measures. Never how long: that is for `make bench`."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Connection

from catalogue import search
from catalogue.database import reading
from catalogue.geo import distance_km, hectometres
from tests.bench import near
from tests.bench.__main__ import QUICK_SIZES, run
from tests.bench.clockwork import side_by_side
from tests.bench.synthetic import NEEDS, TODAY, Catalogue, Loaded, generate, inhabited, load
from tests.postgres import postgres_programs

SIZE = 10_000


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """A synthetic catalogue on SQLite."""
    database = load(f"sqlite:///{tmp_path_factory.mktemp('bench') / 'synthetic.db'}", generate(SIZE))
    yield database
    database.engine.dispose()


@pytest.fixture
def connection(loaded: Loaded) -> Iterator[Connection]:
    with reading(loaded.engine) as opened:
        yield opened


def whole_reading(catalogue: Catalogue, question: near.Question) -> list[tuple[float, int]]:
    """Every entry for a need as (km, id), nearest first, measured one by one."""
    points = zip(catalogue.latitude.tolist(), catalogue.longitude.tolist(), strict=True)
    distances = [distance_km(*question.point, *point) for point in points]
    return sorted((distances[index], index + 1) for index in catalogue.local(question.need).tolist())


def test_a_catalogue_is_the_same_at_every_run() -> None:
    one, other = generate(500), generate(500)
    assert (one.latitude == other.latitude).all()
    assert (one.needs == other.needs).all()


def test_entries_are_where_people_are(loaded: Loaded) -> None:
    towns = [inhabited()[index] for index in loaded.catalogue.town.tolist()]
    parisians = sum(town.departement == "75" for town in towns)
    everybody = sum(town.population for town in inhabited())
    expected = SIZE * sum(town.population for town in inhabited() if town.departement == "75") / everybody
    assert 0.8 * expected < parisians < 1.2 * expected


def test_a_search_finds_what_a_reading_of_everything_finds(loaded: Loaded, connection: Connection) -> None:
    positions = near.held(connection)
    for question in near.questions(60, seed=3):
        there = [found for found in whole_reading(loaded.catalogue, question) if found[0] <= near.WITHIN_KM]
        assert near.agree(near.nearest(positions, question), there[: near.COUNT]), question
        assert near.asked_alone(connection, question) == near.nearest(positions, question)


def test_a_k_d_tree_finds_what_a_reading_of_everything_finds(loaded: Loaded) -> None:
    trees = near.Trees(loaded.catalogue)
    for question in near.questions(20, seed=4):
        there = [found for found in whole_reading(loaded.catalogue, question) if found[0] <= near.WITHIN_KM]
        assert near.agree(trees.nearest(question), there[: near.COUNT]), question


def test_the_whole_search_orders_what_is_near_by_distance_then_freshness(
    loaded: Loaded, connection: Connection
) -> None:
    for question in near.questions(60, seed=5):
        found = search.near(connection, question.need, question.point, question.departement)
        there = [(km, id_) for km, id_ in whole_reading(loaded.catalogue, question) if km <= search.NEAR_KM]
        if any(_undecided(km) for km, _id in there):
            continue
        expected = sorted(there, key=lambda one: (hectometres(one[0]), _age(loaded.catalogue, one[1]), one[1]))
        assert [entry.id for entry in found.near] == [id_ for _km, id_ in expected[: search.MOST_NEAR]], question


def _undecided(km: float) -> bool:
    """So near where a shown distance changes, or the limit, that the width of a key's cell decides."""
    return abs(km * 10 % 1 - 0.5) < 10 * near.EXACT_KM or abs(km - search.NEAR_KM) < near.EXACT_KM


def _age(catalogue: Catalogue, id_: int) -> int:
    days = int(catalogue.verified[id_ - 1])
    return days if days >= 0 else int(TODAY.astype(int))


def test_every_need_has_entries(loaded: Loaded) -> None:
    assert min(len(loaded.catalogue.local(need)) for need in NEEDS) > SIZE / 16
    assert np.isfinite(loaded.catalogue.latitude).all()


def test_both_sides_answer_every_question() -> None:
    asked: dict[str, list[int]] = {"one": [], "other": []}
    spent = side_by_side({name: asked[name].append for name in asked}, list(range(50)))
    assert asked == {"one": list(range(50)), "other": list(range(50))}
    assert {name: len(seconds) for name, seconds in spent.items()} == {"one": 50, "other": 50}


def test_the_quick_bench_says_all_it_measures(capsys: pytest.CaptureFixture[str]) -> None:
    report = run(quick=True)
    said = capsys.readouterr().out
    assert all(str(line) in said for line in report.lines)
    assert not [line for line in report.missed() if line.target == "all"]
    engines = ["SQLite", "PostgreSQL"] if postgres_programs() else ["SQLite"]
    for engine in engines:
        assert sum(line.what.startswith(engine) for line in report.lines) == 6 + 4 * len(QUICK_SIZES)
    for aimed in ("turn against a bare echo", "from the command to the first answer", "memory resident"):
        assert any(line.what.startswith(aimed) and line.target for line in report.lines), aimed
