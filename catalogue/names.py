"""Finding entries by their name, their commune or their kind: accents, order and a few wrong letters do not matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from sqlalchemy import Connection

from catalogue.around import words_of_name
from catalogue.database import read_rows
from catalogue.geo import haversine, km
from catalogue.known_words import KnownWords
from catalogue.name_spellings import Sought, closeness, seek, widened
from catalogue.search import NEAR_KM
from catalogue.word_search import Found, Words, WordSearch

MOST_WORDS = 8  # of what is typed
SHORT_LIST = 40  # entries whose words are compared one by one, or as many as are asked for
NEAR = haversine(NEAR_KM)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that was found."""

    id: int
    score: float  # from 0 to 1: how well its words are those that were typed
    km: float | None  # from the point; None when there is none, or the entry has no place


def find_by_words(
    connection: Connection,
    text: str,
    point: tuple[float, float] | None,
    count: int = 10,
    within_km: float | None = None,
) -> list[Match]:
    """At most `count` entries whose words are those typed: all exact, then all near, then those that have most of them.

    Those that match as well are in order of distance from `point`, in degrees. Where the words are seldom together,
    fewer may be told than there are further away. With `within_km`, what is further or has no place is left out. Any
    text has an answer.
    """
    typed = words_of_name(text)[:MOST_WORDS]
    words = KnownWords(connection, point)
    search = WordSearch(connection, words, point, count, within_km)
    sought = seek(words, typed)
    found = search.having_all(_closest(sought))
    good = len(found) >= search.enough or any(_far(away) <= NEAR for away in found.values())
    if point and good and all(map(_as_close, sought)):
        return _by_distance(sought, found)[:count]
    if not good:
        sought = widened(words, sought)
        found |= search.having_all(_all(sought))
    if not found:
        found = search.having_most(_closest(sought)) or search.having_most(_all(sought))
    return _ranked(connection, sought, found, max(count, SHORT_LIST))[:count]


def _closest(sought: Sequence[Sought]) -> list[Words]:
    return [tuple(word.closest()) for word in sought if word.spellings]


def _all(sought: Sequence[Sought]) -> list[Words]:
    return [tuple(word.spellings) for word in sought if word.spellings]


def _as_close(sought: Sought) -> bool:
    """Whether all that a word may be is as close to it."""
    return bool(sought.spellings) and len({*sought.closest().values()}) == 1


def _by_distance(sought: Sequence[Sought], found: Found) -> list[Match]:
    """Entries that have the closest words there are: none matches better than another."""
    score = _score([max(word.spellings.values()) for word in sought])
    nearest = sorted((_far(away), id_) for id_, away in found.items())
    return [Match(id_, score, _km(far)) for far, id_ in nearest]


def _ranked(connection: Connection, sought: Sequence[Sought], found: Found, most: int) -> list[Match]:
    """Entries by how well they match, then by distance, then by how little else is in their name."""
    near = sorted(found, key=lambda id_: _far(found[id_]))[:most]
    words = _words_of(connection, near)
    ordered = []
    for id_ in near:
        score = _score([_closeness(word, words[id_]) for word in sought])
        ordered.append((-score, _far(found[id_]), len(words[id_]), id_))
    return [Match(id_, -score, _km(far)) for score, far, _words, id_ in sorted(ordered)]


def _words_of(connection: Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    words: dict[int, list[str]] = {id_: [] for id_ in ids}
    for start in range(0, len(ids), SHORT_LIST):
        some = [*ids[start : start + SHORT_LIST]]
        for id_, word in read_rows(connection, _WORDS, some + some[:1] * (SHORT_LIST - len(some))):
            words[id_].append(word)
    return words


_WORDS = "SELECT initiative_id, word FROM word_positions WHERE initiative_id IN (?" + ", ?" * (SHORT_LIST - 1) + ")"


def _closeness(sought: Sought, words: Sequence[str]) -> float:
    """How close to a word the closest of others is."""
    known = max([sought.spellings.get(word, 0.0) for word in words], default=0.0)
    return known or max([closeness(sought.typed, word, sought.unfinished) for word in words], default=0.0)


def _score(close: Sequence[float]) -> float:
    """From 0 to 1, for how close each typed word is. One that is missing costs more than all of them misspelt."""
    share = sum(map(bool, close)) / len(close)
    return round(sum(close) / len(close) * share**3, 4)


def _far(away: float | None) -> float:
    return inf if away is None else away


def _km(far: float) -> float | None:
    return None if far == inf else km(far)
