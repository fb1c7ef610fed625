"""How somebody else's list is read, as a value: our fields, and where each is found in it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from catalogue.exchange.readers import Reader
from catalogue.spelling import fold

_PIECE = re.compile(r"\{([^{}]+)\}")

Texts = tuple[str, ...]


def key_of(words: str) -> str:
    """Words as they are compared: whatever their case, their accents and their signs, unless they are only signs."""
    return fold(words) or words.strip()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a line is when a column of it holds some words (each as `key_of` gives it)."""

    column: str
    words: Texts
    kind: str | None  # instead of what the line says
    needs: Texts  # added to what the line says

    def applies(self, said: str) -> bool:
        """Whether one of the words, whole, is in what the column says."""
        return any(f" {words} " in f" {key_of(said)} " for words in self.words)


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a list is read. A field is in `columns` or in `constants`, never in both. See docs/correspondances.md."""

    source: str
    columns: dict[str, str]  # the column of each field, or several: "{numero} {voie}"
    constants: dict[str, Texts]  # what each field is on every line
    translations: dict[str, dict[str, Texts]]  # by field, what the list says (as key_of gives it), in our words
    readers: dict[str, Reader]  # of fields that are not read as usual
    rules: tuple[Rule, ...]
    expected: dict[str, Texts]  # what a column must hold (as key_of gives it) for its line to be loaded
    separator: str  # between several values in one cell
    merges: bool  # lines with the same identifier; all but the first are refused otherwise

    def wanted(self) -> list[str]:
        """The columns that a list must have, each once."""
        named = [column for told in self.columns.values() for column in _PIECE.findall(told) or [told]]
        return list(dict.fromkeys([*named, *(rule.column for rule in self.rules), *self.expected]))


def put_together(told: str, cell: Callable[[str], str]) -> str:
    """What a column holds, or several: "{numero}, {voie}". What only stood between them goes with those left empty."""
    if not _PIECE.search(told):
        return cell(told)
    return " ".join(_PIECE.sub(lambda piece: cell(piece[1]), told).split()).strip(" ,;-")
