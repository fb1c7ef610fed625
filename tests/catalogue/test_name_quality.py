"""How often the right entry is found from words with mistakes, on the shipped catalogue."""

import random

import pytest
from sqlalchemy import Engine, Row, select

from catalogue.database import reading
from catalogue.names import find_by_words
from catalogue.spelling import fold
from catalogue.tables import initiatives
from tests.bench.understanding import slipped

ASKED = 150
MANNERS = ("one letter", "two letters", "words swapped and one letter")


def with_mistakes(entry: Row[tuple[int, str, str, str]], manner: str, chance: random.Random) -> str:
    """The name and the town of an entry, as somebody in a hurry writes them."""
    words = fold(entry.nom).split() + fold(entry.commune).split()
    if manner.startswith("words"):
        chance.shuffle(words)
    return slipped(" ".join(words), 2 if manner == "two letters" else 1, chance)


@pytest.mark.parametrize("manner", MANNERS)
def test_the_right_entry_is_among_the_first_three(shipped_engine: Engine, manner: str) -> None:
    chance = random.Random(manner)
    columns = (initiatives.c.id, initiatives.c.nom, initiatives.c.commune, initiatives.c.code_insee)
    with reading(shipped_engine) as connection:
        entries = connection.execute(select(*columns).order_by(initiatives.c.id)).all()
        namesakes: dict[tuple[str, str], set[int]] = {}
        for entry in entries:
            namesakes.setdefault((fold(entry.nom), entry.code_insee), set()).add(entry.id)
        right = 0
        for entry in chance.choices(entries, k=ASKED):
            found = find_by_words(connection, with_mistakes(entry, manner, chance), None, 3)
            right += not namesakes[fold(entry.nom), entry.code_insee].isdisjoint(match.id for match in found)
    assert right >= 0.96 * ASKED
