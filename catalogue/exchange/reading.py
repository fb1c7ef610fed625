"""What reading somebody else's list gives, whatever its format."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalogue.exchange.rows import Refused

EntryRow = dict[str, Any]
Key = tuple[str, str]  # source, source_id


@dataclass(frozen=True, slots=True)
class Record:
    """One line, row, object or feature of a document, as it was written there."""

    part: str  # the sheet or the list it is in ("structures", "services"), "" when a document has only one
    line: int  # the line or row for a table, the rank in its list otherwise, from 1
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Reading:
    """The rows of `initiatives` a document gives, what it refuses, and all the entries it tells of.

    `seen` also holds those that were refused: an entry that cannot be read has not disappeared.
    """

    file: str
    rows: dict[Key, EntryRow] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)
    merged: int = 0  # lines that told of an entry that another line told of
    lost: int = 0  # lines refused before one could know what entry they tell of
    left: Counter[str] = field(default_factory=Counter)  # columns that nothing reads, and how many lines fill them

    def refuse(self, line: int, reason: str, *, lost: bool = False) -> None:
        """Say why a line is not loaded, in French for the person who can correct it.

        `lost`: nobody knows what entry it tells of, so that none can be said to have disappeared.
        """
        self.refused.append(Refused(self.file, line, reason))
        self.lost += lost
