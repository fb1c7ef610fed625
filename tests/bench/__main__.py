"""`make bench`, or `python -m tests.bench [--quick] [--only PART]`: every figure beside what was aimed at.

Misses are listed, and do not fail: a shared machine is noisy, and the ratios are what to trust.
"""

import argparse
import gc
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import duplicates, names, near, reminders, start, turn, understanding
from tests.bench.report import Report, entries
from tests.bench.synthetic import Loaded, generate, load
from tests.postgres import postgres_programs, private_postgres

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = SIZES[:2]
MEMORY = "1GB"  # for PostgreSQL's pages: a quarter of a small machine's, as its manual advises
PARTS = ("near", "names", "turn", "duplicates", "start", "understanding", "reminders")


def run(quick: bool, parts: Collection[str] = PARTS) -> Report:
    """Measures these parts; what is written is removed at the end."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(temporary)
        if not {"near", "names", "turn", "duplicates"}.isdisjoint(parts):
            _on_sqlite(report, folder, quick, parts)
        if "names" in parts:
            names.quality(report, folder)
        if "start" in parts:
            start.measure(report, folder, 100_000)
        if "reminders" in parts:
            reminders.measure(report, folder, quick)
    if "understanding" in parts:
        understanding.measure(report, quick)
    if not {"near", "names"}.isdisjoint(parts):
        _on_postgresql(report, quick, parts)
    report.end()
    return report


def _on_sqlite(report: Report, folder: Path, quick: bool, parts: Collection[str]) -> None:
    with _loaded(report, "SQLite", quick, lambda size: f"sqlite:///{folder / f'{size}.db'}") as databases:
        _searches(report, "SQLite", databases, quick, parts)
        if "turn" in parts:
            turn.measure(report, {size: loaded.engine for size, loaded in databases.items()}, 40 if quick else 300)
        if "duplicates" in parts:
            duplicates.measure(report, databases)


def _on_postgresql(report: Report, quick: bool, parts: Collection[str]) -> None:
    programs = postgres_programs()
    if programs is None:
        report.title("PostgreSQL is not installed: not measured.")
        return
    with (
        private_postgres(programs, memory=MEMORY) as server,
        _loaded(report, "PostgreSQL", quick, lambda _size: server.url(server.create())) as databases,
    ):
        _searches(report, "PostgreSQL", databases, quick, parts)


def _searches(report: Report, engine: str, databases: dict[int, Loaded], quick: bool, parts: Collection[str]) -> None:
    if "near" in parts:
        near.measure(report, engine, databases, 300 if quick else 2_000)
    if "names" in parts:
        names.measure(report, engine, databases, 300 if quick else 2_000)


@contextmanager
def _loaded(report: Report, engine: str, quick: bool, url: Callable[[int], str]) -> Iterator[dict[int, Loaded]]:
    report.title(f"Synthetic catalogues, {engine}")
    databases = {size: load(url(size), generate(size)) for size in (QUICK_SIZES if quick else SIZES)}
    for size, loaded in databases.items():
        report.fact(f"{engine}, {entries(size)} entries written in", f"{loaded.seconds:.1f} s")
    # What only the bench holds must not be gone through again and again while something else is measured.
    gc.collect()
    gc.freeze()
    try:
        yield databases
    finally:
        for loaded in databases.values():
            loaded.engine.dispose()
        gc.unfreeze()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 k and 100 k entries, fewer questions: two minutes")
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART", help=f"one of {', '.join(PARTS)}")
    asked = parser.parse_args()
    run(asked.quick, asked.only or PARTS)
