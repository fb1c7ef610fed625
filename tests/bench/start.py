"""How long the product takes to be ready on a catalogue it has already loaded, and how much memory it then holds."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from bot.migrations import migrate
from catalogue.database import open_database
from catalogue.exchange.shipped import load_shipped
from tests.bench.report import Report
from tests.bench.synthetic import add, entries_of, generate

ROOT = Path(__file__).parents[2]
TIMES = 3

# What `bonne-porte run` does before it listens, then a first answer, with results.
PROGRAM = """
from bot.app import conversation, open_catalogue
from bot.settings import Settings
from handlers.dialogue import Event, Gesture

runner = conversation(open_catalogue(Settings()))
turn = runner.preview(Event(Gesture.STARTED, "alimentation_69381"))
assert turn.replies[0].cards
print("ready", flush=True)
input()
"""


def measure(report: Report, folder: Path, size: int) -> None:
    """Adds what a start costs with the shipped catalogue and `size` more entries, on SQLite."""
    url = f"sqlite:///{folder / 'start.db'}"
    _prepare(url, size)
    _start(url)  # writes the compiled modules, which an installation has
    starts = sorted(_start(url) for _ in range(TIMES))
    seconds, megabytes = starts[TIMES // 2]
    report.title(f"A start with {size:,} entries more than those shipped (median of {TIMES})")
    report.at_most("from the command to the first answer", seconds, 3.0, " s")
    report.at_most("memory resident then, pages of the database included", megabytes, 200, " MB")


def _prepare(url: str, size: int) -> None:
    engine = open_database(url)
    migrate(engine)
    load_shipped(engine)
    add(engine, entries_of(generate(size), after=1_000_000))
    engine.dispose()


def _start(url: str) -> tuple[float, float]:
    """Seconds until ready, and megabytes resident then (0 where the system does not tell)."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "TELEGRAM_TOKEN": "", "PYTHONDONTWRITEBYTECODE": ""},
    ) as process:
        assert process.stdout
        assert process.stdin
        ready = process.stdout.readline()
        seconds = time.perf_counter() - start
        megabytes = _resident(process.pid)
        process.stdin.write("\n")
    assert ready == "ready\n"
    return seconds, megabytes


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0
