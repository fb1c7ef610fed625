"""A name with a slip and a place → the best entries, at three sizes, on both engines, against tantivy held in memory.

Then how often the right entry is found from what people may type of the shipped ones.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from sqlalchemy import Connection, select

from bot.migrations import migrate
from catalogue import zorder
from catalogue.around import words_of_name
from catalogue.database import open_database, reading
from catalogue.exchange.shipped import load_shipped
from catalogue.geo import haversines, km
from catalogue.names import Match, find_by_words
from catalogue.spelling import fold
from catalogue.tables import initiatives, places
from tests.bench.clockwork import p50, p99, side_by_side
from tests.bench.near import EXACT_KM
from tests.bench.report import Report, entries, micro
from tests.bench.synthetic import KIND_WORDS, Catalogue, Loaded, People, generate, inhabited
from tests.bench.understanding import slipped

COUNT = 10
BOX_KM = 20.0  # what tantivy is asked to look at; ours looks as far as it needs to
CHECKED = 200
WARM_UP = 200
LARGEST = 1_000_000
ASKED_OF_SHIPPED = 300
MOST_TYPED = 5  # words of a name
LONG = 4  # letters: where a slip is made, when a word has that many


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody types of an entry, and where they are: near it. `town` is None when they do not tell it."""

    text: str
    point: tuple[float, float]
    kind: int
    town: int | None


def questions(catalogue: Catalogue, count: int, seed: int = 21) -> list[Question]:
    """A slip in each; half of them name the town too."""
    people, chance = People(seed), random.Random(seed)
    chosen = people.random.choice(np.flatnonzero(catalogue.reach == 0), size=count)
    latitude, longitude = people.around(catalogue.town[chosen], np.zeros(count, dtype=bool))
    points = zip(latitude.tolist(), longitude.tolist(), strict=True)
    return [
        _question(catalogue, entry, point, at % 2 == 0, chance)
        for at, (entry, point) in enumerate(zip(chosen.tolist(), points, strict=True))
    ]


def _question(
    catalogue: Catalogue, entry: int, point: tuple[float, float], tells: bool, chance: random.Random
) -> Question:
    kind, town = int(catalogue.dice[entry] % len(KIND_WORDS)), int(catalogue.town[entry])
    words = KIND_WORDS[kind] + (words_of_name(inhabited()[town].nom) if tells else [])
    return Question(" ".join(with_slips(words, 1, chance)), point, kind, town if tells else None)


def with_slips(words: Sequence[str], slips: int, chance: random.Random) -> list[str]:
    """The words with so many letters wrong, in the long ones where there are any."""
    found = list(words)
    for _ in range(slips):
        long = [at for at, word in enumerate(found) if len(word) >= LONG]
        at = chance.choice(long or range(len(found)))
        found[at] = slipped(found[at], 1, chance)
    return found


# ---- the other way to find -----------------------------------------------------------------------


class Tantivy:
    """The same names, and where they are, in a tantivy index held in memory."""

    def __init__(self, catalogue: Catalogue) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("nom")
        builder.add_integer_field("id", stored=True)
        for name in ("latitude", "longitude"):
            builder.add_float_field(name, indexed=True, fast=True)
        self._schema = builder.build()
        index = tantivy.Index(self._schema)
        writer = index.writer(256_000_000, 1)
        towns = [words_of_name(town.nom) for town in inhabited()]
        kinds = (catalogue.dice % len(KIND_WORDS)).tolist()
        columns = (kinds, catalogue.town.tolist(), catalogue.latitude.tolist(), catalogue.longitude.tolist())
        for at, (kind, town, latitude, longitude) in enumerate(zip(*columns, strict=True)):
            name = " ".join(dict.fromkeys(KIND_WORDS[kind] + towns[town]))
            writer.add_document(tantivy.Document(nom=name, id=at + 1, latitude=latitude, longitude=longitude))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()

    def best(self, question: Question) -> Any:
        """The ten best names that have every word, one slip allowed in each, in a box around the point."""
        latitude, longitude = question.point
        north = BOX_KM / zorder.KM_PER_DEGREE
        east = north / np.cos(np.radians(latitude))
        asked = [self._near(word) for word in question.text.split()]
        asked += [self._between("latitude", latitude, north), self._between("longitude", longitude, east)]
        return self._searcher.search(tantivy.Query.boolean_query([(tantivy.Occur.Must, one) for one in asked]), COUNT)

    def _near(self, word: str) -> tantivy.Query:
        return tantivy.Query.fuzzy_term_query(self._schema, "nom", word, distance=1, transposition_cost_one=True)

    def _between(self, field: str, middle: float, half: float) -> tantivy.Query:
        return tantivy.Query.range_query(
            self._schema, field, tantivy.FieldType.Float, float(middle - half), float(middle + half)
        )


@cache
def _tantivy(size: int) -> Tantivy:
    return Tantivy(generate(size))


# ---- measuring -----------------------------------------------------------------------------------


def find(connection: Connection, question: Question) -> list[Match]:
    return find_by_words(connection, question.text, question.point, COUNT)


def measure(report: Report, engine: str, databases: dict[int, Loaded], count: int) -> None:
    """Adds what finding by words costs on one engine's databases by size."""
    report.title(f"A name with a slip and a place, {engine}")
    largest = max(databases)
    catalogue, peer = databases[largest].catalogue, _tantivy(largest)
    asked = questions(catalogue, count)
    with ExitStack() as opened:
        connections = {size: opened.enter_context(loaded.engine.connect()) for size, loaded in databases.items()}
        check(report, engine, connections[largest], catalogue, asked[:CHECKED])
        sides: dict[str, Callable[[Question], object]] = {"tantivy": peer.best}
        sides |= {str(size): partial(find, connection) for size, connection in connections.items()}
        side_by_side(sides, questions(catalogue, WARM_UP, seed=22))
        spent = side_by_side(sides, asked)
    _tell(report, engine, spent, asked, list(databases))


def check(report: Report, engine: str, connection: Connection, catalogue: Catalogue, asked: list[Question]) -> None:
    """Compares with a reading of the whole, where the slip does not make another word that is known."""
    known = {word for words in (*KIND_WORDS, *map(words_of_name, (town.nom for town in inhabited()))) for word in words}
    clear = [question for question in asked if not known.issuperset(question.text.split())]
    wrong = sum(not _is_nearest(connection, catalogue, question) for question in clear)
    report.right(f"names, {engine}: the nearest that has the words is found", len(clear), wrong)


def _is_nearest(connection: Connection, catalogue: Catalogue, question: Question) -> bool:
    found = find(connection, question)
    has = (catalogue.dice % len(KIND_WORDS) == question.kind) & (catalogue.reach == 0)
    if question.town is not None:
        has &= catalogue.town == question.town
    points = zip(catalogue.latitude[has].tolist(), catalogue.longitude[has].tolist(), strict=True)
    nearest = km(min(haversines(*question.point, points)))
    return any(match.km is not None and match.km <= nearest + EXACT_KM for match in found)


def _tell(report: Report, engine: str, spent: dict[str, list[float]], asked: list[Question], sizes: list[int]) -> None:
    largest = max(sizes)
    report.fact(f"names, tantivy in memory, {entries(largest)}", _both(spent["tantivy"]))
    for size in sizes:
        report.fact(f"names, {engine}, {entries(size)}", _both(spent[str(size)]))
    told = [question.town is not None for question in asked]
    for kind, wanted in (("without the town", False), ("with the town", True)):
        ours, theirs = (
            p50([seconds for seconds, tells in zip(spent[side], told, strict=True) if tells is wanted])
            for side in (str(largest), "tantivy")
        )
        report.fact(f"names, {engine}, {entries(largest)}, {kind}, p50", f"{micro(ours)} (tantivy {micro(theirs)})")
    against = f"names, {engine}, {entries(largest)}, against tantivy, p50"
    ratio = p50(spent[str(largest)]) / p50(spent["tantivy"])
    if largest == LARGEST:
        report.at_most(against, ratio, 1.0)
    else:
        report.fact(against, f"{ratio:.2f}")


def _both(seconds: list[float]) -> str:
    return f"p50 {micro(p50(seconds))}, p99 {micro(p99(seconds))}"


# ---- quality -------------------------------------------------------------------------------------


def quality(report: Report, folder: Path) -> None:
    """Adds how often a shipped entry is among the first three for its name with mistakes and its town."""
    engine = open_database(f"sqlite:///{folder / 'names.db'}")
    migrate(engine)
    load_shipped(engine)
    with reading(engine) as connection:
        for where in ("there", "nowhere"):
            found = _found(connection, where == "there")
            words = f"names, shipped, one or two letters wrong, asked from {where}: in the first three, in %"
            report.at_least(words, 100 * found / ASKED_OF_SHIPPED, 98)
    engine.dispose()


def _found(connection: Connection, there: bool) -> int:
    """Of so many entries drawn, how many are found. One of the same name in the same commune is as good."""
    columns = (initiatives.c.id, initiatives.c.nom, initiatives.c.commune, initiatives.c.code_insee)
    rows = connection.execute(select(*columns).order_by(initiatives.c.id)).all()
    names = {row.id: (fold(row.nom), row.code_insee) for row in rows}
    towns = select(places.c.insee, places.c.latitude, places.c.longitude)
    points = {insee: (latitude, longitude) for insee, latitude, longitude in connection.execute(towns) if latitude}
    chance, right = random.Random(23), 0
    for row in chance.choices(rows, k=ASKED_OF_SHIPPED):
        point = points.get(row.code_insee) if there else None
        matches = find_by_words(connection, typed(row.nom, row.commune, chance), point, 3)
        right += names[row.id] in [names[match.id] for match in matches]
    return right


def typed(name: str, town: str, chance: random.Random) -> str:
    """A name as somebody may type it: its first words, half the time in another order, with slips; then the town."""
    words = with_slips(words_of_name(name)[:MOST_TYPED], chance.randint(1, 2), chance)
    if chance.random() < 0.5:
        chance.shuffle(words)
    return " ".join([*words, town])
