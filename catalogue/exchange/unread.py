"""What reading a document gives in whatever format, and the limits past which it is no longer read."""

from typing import NamedTuple

from catalogue.exchange.reading import Record

MOST_CHARACTERS = 1_000_000  # of a record
DEEPEST = 20  # one inside the other: objects and lists of JSON, elements of XML

TOO_LONG = "dépasse un million de caractères"
UNREADABLE_CHARACTERS = "caractères illisibles"

_NO_CHARACTER = "\uffff"


class CannotRead(ValueError):
    """A document that cannot be read, or not to its end; the message says why, in a French sentence."""


class Unread(NamedTuple):
    """A line that cannot be read at all, and why, in French."""

    part: str
    line: int
    reason: str


Found = Record | Unread | None  # nothing: an empty row, which takes time all the same


def is_storable(text: str) -> bool:
    """Whether a database can hold a text: not half a character, nor the null one."""
    return "\0" not in text and _NO_CHARACTER not in text and is_whole(text)


def is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
