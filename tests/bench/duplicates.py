"""Entries that may be the same place, in the whole catalogue and among those just changed, at two sizes."""

import time

from catalogue.database import reading
from catalogue.duplicates import find_duplicates
from catalogue.likeness import Pair
from tests.bench.report import Report, entries
from tests.bench.synthetic import Loaded

SMALL, LARGE = 10_000, 100_000
CHANGED = 200  # entries that an import would have just changed


def measure(report: Report, databases: dict[int, Loaded]) -> None:
    """Adds what looking for pairs costs on SQLite databases by size, which hold both sizes compared."""
    report.title("Entries that may be the same place, SQLite")
    whole = {size: _timed(databases[size], None) for size in (SMALL, LARGE)}
    few = {size: _timed(databases[size], _changed(size)) for size in (SMALL, LARGE)}
    for size, (seconds, found) in whole.items():
        report.fact(f"same place, whole catalogue, {entries(size)}: pairs found", f"{len(found):,}")
        report.at_most(f"same place, whole catalogue, {entries(size)}", seconds, 120 * size / LARGE, " s")
    # Ten times as many entries in the same towns: each has more of them to be compared with, up to a bound.
    growth = whole[LARGE][0] / whole[SMALL][0]
    report.at_most(f"same place, whole catalogue, {entries(LARGE)} against {entries(SMALL)}", growth, 20)
    for size, (seconds, _) in few.items():
        report.fact(f"same place, {CHANGED} changed among {entries(size)}", f"{seconds:.2f} s")
    growth = few[LARGE][0] / few[SMALL][0]
    report.at_most(f"same place, {CHANGED} changed, {entries(LARGE)} against {entries(SMALL)}", growth, 10)
    wrong = sum(few[size][1] != _touching(whole[size][1], _changed(size)) for size in (SMALL, LARGE))
    report.right("same place, those of the changed as in the whole", len(few), wrong)


def _timed(loaded: Loaded, among: frozenset[int] | None) -> tuple[float, list[Pair]]:
    """Seconds of processor, the only ones that compare on a shared machine, and what was found."""
    with reading(loaded.engine) as connection:
        start = time.process_time()
        found = find_duplicates(connection, among)
        return time.process_time() - start, found


def _changed(size: int) -> frozenset[int]:
    """As many of them at any size, here and there."""
    return frozenset(range(1, size + 1, size // CHANGED))


def _touching(pairs: list[Pair], ids: frozenset[int]) -> list[Pair]:
    return [pair for pair in pairs if not ids.isdisjoint((pair.first_id, pair.second_id))]
