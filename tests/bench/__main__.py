"""`make bench`, or `python -m tests.bench [--quick]`: every figure beside what was aimed at.

Misses are listed, and do not fail: a shared machine is noisy, and the ratios are what to trust.
"""

import argparse
import gc
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import near, start, turn, understanding
from tests.bench.report import Report, entries
from tests.bench.synthetic import Loaded, generate, load
from tests.postgres import postgres_programs, private_postgres

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = SIZES[:2]


def run(quick: bool) -> Report:
    """Measures everything; what is written is removed at the end."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(temporary)
        _on_sqlite(report, folder, quick)
        start.measure(report, folder, 100_000)
    understanding.measure(report, quick)
    _on_postgresql(report, quick)
    report.end()
    return report


def _on_sqlite(report: Report, folder: Path, quick: bool) -> None:
    databases = _loaded(report, "SQLite", quick, lambda size: f"sqlite:///{folder / f'{size}.db'}")
    near.measure(report, "SQLite", databases, 300 if quick else 2_000)
    turn.measure(report, {size: loaded.engine for size, loaded in databases.items()}, 40 if quick else 300)
    _close(databases)


def _on_postgresql(report: Report, quick: bool) -> None:
    programs = postgres_programs()
    if programs is None:
        report.title("PostgreSQL is not installed: not measured.")
        return
    with private_postgres(programs) as server:
        databases = _loaded(report, "PostgreSQL", quick, lambda _size: server.url(server.create()))
        near.measure(report, "PostgreSQL", databases, 300 if quick else 2_000)
        _close(databases)


def _loaded(report: Report, engine: str, quick: bool, url: Callable[[int], str]) -> dict[int, Loaded]:
    report.title(f"A need and a place, {engine}")
    databases = {size: load(url(size), generate(size)) for size in (QUICK_SIZES if quick else SIZES)}
    for size, loaded in databases.items():
        report.fact(f"{engine}, {entries(size)} entries written in", f"{loaded.seconds:.1f} s")
    # What only the bench holds must not be gone through again and again while something else is measured.
    gc.collect()
    gc.freeze()
    return databases


def _close(databases: dict[int, Loaded]) -> None:
    for loaded in databases.values():
        loaded.engine.dispose()
    gc.unfreeze()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 k and 100 k entries, fewer questions: under a minute")
    run(parser.parse_args().quick)
