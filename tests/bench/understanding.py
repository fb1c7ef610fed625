"""What it costs to understand a message, to get ready to, and to find a misspelt commune."""

import random
import string
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import extract

from catalogue.gazetteer import read_shipped_places, read_usual_names
from catalogue.places import PlaceIndex
from catalogue.spelling import fold
from catalogue.understanding import read_understander
from tests.bench.report import Report, micro
from tests.understanding.quality.__main__ import read_messages

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
SEED = 9
HOSTILE = 1_000_000  # characters

# Resident megabytes and seconds of what understanding holds, places already read.
PROGRAM = """
import gc, resource, time
from pathlib import Path
from catalogue.gazetteer import read_shipped_places, read_usual_names
from catalogue.places import PlaceIndex
from catalogue.understanding import read_understander

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

places = read_shipped_places()
gc.collect()
before, start = resident(), time.perf_counter()
held = PlaceIndex(places, read_usual_names()), read_understander()
seconds = time.perf_counter() - start
gc.collect()
print(resident() - before, seconds)
"""


def measure(report: Report, quick: bool) -> None:
    """Adds what understanding costs."""
    report.title("Understanding a message")
    _ready(report)
    index, understander = PlaceIndex(read_shipped_places(), read_usual_names()), read_understander()
    texts = [message.text for name in ("examples", "tuning", "test") for message in read_messages(name)]
    took = sorted(_seconds(lambda text=text: understander.understand(text, index)) for text in texts)
    report.at_most(f"{len(texts)} different messages, each once, p50", took[len(took) // 2] * 1000, 1, " ms")
    report.at_most("p99", took[int(len(took) * 0.99)] * 1000, 5, " ms")
    alone = sorted(_seconds(lambda text=text: understander.emergency(text)) for text in texts)
    report.fact("only whether someone is in danger, p50", micro(alone[len(alone) // 2]))
    worst = max(_seconds(lambda text=text: understander.understand(text, index)) for text in hostile_texts())
    report.at_most("the slowest of the hostile megabytes", worst * 1000, 100, " ms")
    _misspelt(report, index, 200 if quick else 1_000)


def hostile_texts() -> list[str]:
    """Megabytes of what nobody types."""
    pieces = (
        "x",
        "é",
        "à nanterre ",
        "st ",
        "92000 ",
        "🙂",
        "\0",
        "pas ",
        "a b ",
        "ﷺ",
        "le 13e ",
        "\ud800",
        "İ",
        ",.;",
    )
    return [piece * (HOSTILE // len(piece)) for piece in pieces]


def _ready(report: Report) -> None:
    runs = []
    for _ in range(3):
        said = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
        runs.append(tuple(map(float, said.stdout.split())))
    report.at_most(
        "ready, places already read (median of 3)", median(seconds for _megabytes, seconds in runs), 1.5, " s"
    )
    report.at_most("memory of the index, the lexicon and the model", median(held for held, _seconds in runs), 80, " MB")


def _misspelt(report: Report, index: PlaceIndex, count: int) -> None:
    chance = random.Random(SEED)
    names = sorted({fold(place.nom) for place in read_shipped_places() if len(place.nom) > 3})
    for slips in (1, 2):
        asked = [(name, slipped(name, slips, chance)) for name in chance.choices(names, k=count)]
        ours, found = _ask([said for _name, said in asked], lambda said: list(index.find(said).places[:3]))
        peer, others = _ask(
            [said for _name, said in asked],
            lambda said: [
                name for name, _slips, _at in extract(said, names, scorer=Levenshtein.distance, score_cutoff=2, limit=3)
            ],
        )
        # A former commune's name may lead to the commune it belongs to.
        right = sum(
            any(place in index.find(name).places for place in places)
            for (name, _said), places in zip(asked, found, strict=True)
        )
        peer_right = sum(name in answers for (name, _said), answers in zip(asked, others, strict=True))
        letters = "one letter" if slips == 1 else "two letters"
        report.fact(f"a commune with {letters} wrong: p50", micro(ours))
        report.at_least(f"  times faster than rapidfuzz process.extract ({micro(peer)})", peer / ours, 50)
        report.at_least(
            f"  found in the first three, in % (process.extract: {100 * peer_right / count:.1f})",
            100 * right / count,
            100 * peer_right / count,
        )


def slipped(name: str, slips: int, chance: random.Random) -> str:
    """The name with letters left out, added, changed or swapped."""
    for _ in range(slips):
        at, kind = chance.randrange(len(name)), chance.randrange(4)
        letter = chance.choice(string.ascii_lowercase)
        swapped = name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
        name = (
            name[:at] + name[at + 1 :],
            name[:at] + letter + name[at:],
            name[:at] + letter + name[at + 1 :],
            swapped,
        )[kind]
    return name


def _ask(questions: list[str], answer: Callable[[str], list[T]]) -> tuple[float, list[list[T]]]:
    """The median seconds of an answer, and the answers."""
    took, answers = [], []
    for question in questions:
        start = time.perf_counter()
        answers.append(answer(question))
        took.append(time.perf_counter() - start)
    return median(took), answers


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
