"""The sentences the model is learned from: written for this, none was ever sent by anyone.

A file a need, in French, by style of writing; `aucun.txt` says no need; `urgences.txt` are emergencies and
`non_urgences.txt` what only looks like one; `histoires`, `refus` and `vies` are of every need, by need; a file a
language, by label. A place is between braces, and a second need
follows "++"; an emergency, where the need is that of the file, follows "!!".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalogue.needs import Emergency, Need

FOLDER = Path(__file__).parent
NONE = "aucun"
MIXED = ("histoires", "refus", "vies")  # every need, under its heading
LANGUAGES = ("en", "es", "pt", "ar", "uk", "ru", "tr", "ro")

# What someone in danger needs besides the number to call.
NEED_IN_DANGER = {
    "suicide": "sante",
    "violences": "famille",
    "enfance": "famille",
    "sans-abri": "logement",
    "urgence-medicale": "sante",
    "harcelement": "famille",
    "maltraitance": "handicap",
}
_DANGER = re.compile(r" !!([a-z]+(?:-[a-z]+)?)$")
_SECOND = re.compile(r"\s\+\+\s?([a-z]+(?:-[a-z]+)?)\s*$")
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message and what it means; `need` is None where it was not said."""

    text: str
    language: str
    style: str
    need: str | None
    second: str | None
    emergency: str
    places: tuple[tuple[int, int], ...]  # where places are in the text


def read_corpus(folder: Path = FOLDER) -> list[Sentence]:
    """Every sentence, in order. Raises ValueError, naming the line, for a label that does not exist."""
    return [sentence for file in sorted(folder.glob("*.txt")) for sentence in _read(file)]


def _read(file: Path) -> Iterator[Sentence]:
    heading = ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("##"):
            heading = line[2:].strip()
        elif line.strip():
            try:
                yield _sentence(file.stem, heading, line.strip())
            except (KeyError, ValueError) as error:
                raise ValueError(f"{file.name}, line {number}: no label {error}") from error


def _sentence(name: str, heading: str, line: str) -> Sentence:
    danger = _DANGER.search(line)
    line = _DANGER.sub("", line)
    second = _SECOND.search(line)
    marked = _SECOND.sub("", line)
    language = name.split("_")[0] if name.split("_")[0] in LANGUAGES else "fr"
    emergency = NONE
    need: str | None
    if name.startswith("urgences"):
        emergency, need = heading, NEED_IN_DANGER[heading]
    elif heading.startswith("urgence "):
        emergency = heading.removeprefix("urgence ").removesuffix("e") if heading.endswith("aucune") else heading[8:]
        need = None if emergency == NONE else NEED_IN_DANGER[emergency]
    elif name.startswith(("non_urgences", *MIXED)) or language != "fr":
        need = heading
    else:
        need = name.split("_")[0]
    if need not in (None, NONE):
        need = Need(need).value
    if danger:
        emergency = Emergency(danger[1]).value
    text, places = _unmarked(marked)
    return Sentence(text, language, heading, need, second[1] if second else None, emergency, places)


def _unmarked(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    text, places, at = "", [], 0
    for found in _PLACE.finditer(marked):
        text += marked[at : found.start()]
        places.append((len(text), len(text) + len(found[1])))
        text += found[1]
        at = found.end()
    return text + marked[at:], tuple(places)
