"""The words of names as they are kept: where each is, and by what the known words near a typed one are found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select, text

from catalogue import zorder
from catalogue.around import words_of_name
from catalogue.needs import Kind, Reach, Status
from catalogue.spelling import sound_of_word
from catalogue.tables import word_parts, word_positions

NOWHERE = -1  # the key of what has no place
# What a part is, besides what is left of a word. Digits: every collation puts them before letters, and the range of the
# words that begin alike is then the same everywhere.
WHOLE, HEARD = "0", "1"

Entry = Mapping[str, Any]
Value = TypeVar("Value")

_BATCH = 500  # SQLite takes a limited number of values in one statement
_FORGET = delete(word_positions).where(word_positions.c.initiative_id.in_(bindparam("ids", expanding=True)))
_KNOWN = select(word_parts.c.word).where(word_parts.c.part.in_(bindparam("parts", expanding=True)))
# Two processes may learn the same word at once.
_LEARN = text("INSERT INTO word_parts (part, word) VALUES (:part, :word) ON CONFLICT DO NOTHING")


def word_rows(id_: int, row: Entry) -> list[dict[str, Any]]:
    """The rows of word_positions for an entry, by its name, its commune and its kind; none when it may not be shown."""
    if row["status"] != Status.ACTIVE or row["merged_into"] is not None:
        return []
    said = (row["nom"], row["commune"] or "", Kind(row["kind"]).label)
    words = dict.fromkeys(word for words in map(words_of_name, said) for word in words)
    return [{"word": word, "z": _key(row), "initiative_id": id_} for word in words]


def _key(row: Entry) -> int:
    placed = row["reach"] == Reach.LOCAL and row["latitude"] is not None
    return zorder.encode(row["latitude"], row["longitude"]) if placed else NOWHERE


def part_rows(words: Iterable[str]) -> list[dict[str, str]]:
    """The rows of word_parts for folded words: each whole, as it sounds, and without each of its letters."""
    return [{"part": part, "word": word} for word in words for part in _parts(word)]


def _parts(word: str) -> list[str]:
    left = without_a_letter(word) if word.isalpha() else []
    return list(dict.fromkeys([WHOLE + word, HEARD + sound_of_word(word), word, *left]))


def without_a_letter(word: str) -> list[str]:
    """What is left of a word without each of its letters.

    Words that are a slip apart have that in common, or it is one of them (R. Mor and A. Fraenkel, 1982).
    """
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def save_words(connection: Connection, entries: Sequence[tuple[int, Entry]]) -> None:
    """Replace what entries are found by when people say their names. Words that nobody uses any more may stay."""
    for ids in _batches([id_ for id_, _ in entries]):
        connection.execute(_FORGET, {"ids": ids})
    rows = [found for id_, row in entries for found in word_rows(id_, row)]
    if rows:
        connection.execute(insert(word_positions), rows)
        _learn(connection, sorted({row["word"] for row in rows}))


def _learn(connection: Connection, words: Sequence[str]) -> None:
    known: set[str] = set()
    for some in _batches(words):
        known.update(connection.scalars(_KNOWN, {"parts": [WHOLE + word for word in some]}))
    new = part_rows(word for word in words if word not in known)
    if new:
        connection.execute(_LEARN, new)


def _batches(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
