"""A need and a place → the nearest entries, at three sizes, on both engines, against a k-d tree held in memory.

Positions are held by the process too. What tells that they are still those of the database comes with a statement that
a search makes anyway: it is counted in the whole search, and apart.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import cos, radians, sin
from statistics import fmean

import numpy as np
from scipy.spatial import cKDTree
from sqlalchemy import Connection

from catalogue import search
from catalogue.entries import Nearby
from catalogue.geo import EARTH_KM
from catalogue.needs import Need
from catalogue.positions import Positions, mark_of, positions_of
from tests.bench.clockwork import p50, p99, side_by_side
from tests.bench.report import Report, entries, micro
from tests.bench.synthetic import NEEDS, Catalogue, Loaded, People, inhabited

COUNT = 10
WITHIN_KM = 200.0
# A key's cell is under a metre wide: two methods may differ by that much.
EXACT_KM = 0.001
LONGEST_CHORD = 2 * sin(WITHIN_KM / EARTH_KM / 2)
CHECKED = 200
WARM_UP = 200
# Orama 3.1 (Node.js) on the same kind of catalogue and machine: measured once, not in this run.
ORAMA_100K_S = 0.135870
REACHED = {"SQLite": " (in this process)", "PostgreSQL": " (on this machine, by a Unix socket)"}


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody needs, and where they are: half of them only say their commune."""

    need: Need
    point: tuple[float, float]
    departement: str


def questions(count: int, seed: int = 11) -> list[Question]:
    """Questions as people would ask them."""
    people = People(seed)
    where = people.towns(count)
    latitude, longitude = people.around(where, people.random.random(count) < 0.5)
    needs = people.random.integers(len(NEEDS), size=count).tolist()
    points = zip(latitude.tolist(), longitude.tolist(), strict=True)
    return [
        Question(NEEDS[need], point, inhabited()[town].departement)
        for need, point, town in zip(needs, points, where.tolist(), strict=True)
    ]


# ---- the other way to find -----------------------------------------------------------------------


def _on_the_sphere(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    phi, theta = np.radians(latitude), np.radians(longitude)
    return np.column_stack((np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)))


class Trees:
    """A k-d tree for each need, of points on the unit sphere. Answers as `search.nearest` does, ties left aside."""

    def __init__(self, catalogue: Catalogue) -> None:
        points = _on_the_sphere(catalogue.latitude, catalogue.longitude)
        self._ids = {need: catalogue.local(need) + 1 for need in NEEDS}
        self._trees = {need: cKDTree(points[self._ids[need] - 1]) for need in NEEDS}

    def nearest(self, question: Question) -> list[tuple[float, int]]:
        """The nearest entries within what a search looks at, as (km, id)."""
        phi, theta = radians(question.point[0]), radians(question.point[1])
        point = (cos(phi) * cos(theta), cos(phi) * sin(theta), sin(phi))
        chords, found = self._trees[question.need].query(point, k=COUNT, distance_upper_bound=LONGEST_CHORD)
        near = int(np.searchsorted(chords, LONGEST_CHORD))
        km = 2 * EARTH_KM * np.arcsin(chords[:near] / 2)
        return list(zip(km.tolist(), self._ids[question.need][found[:near]].tolist(), strict=True))


def agree(ours: list[tuple[float, int]], theirs: list[tuple[float, int]]) -> bool:
    """Whether what we found begins with the nearest there are. Those equally near may come in any order."""
    pairs = list(zip(ours, theirs, strict=False))
    return len(pairs) == len(theirs) and all(abs(a - b) < EXACT_KM for (a, _), (b, _) in pairs)


# ---- measuring -----------------------------------------------------------------------------------


Held = Mapping[Need, Positions]


def held(connection: Connection) -> Held:
    """The positions of every need, as a process holds them once it has been asked for each."""
    return {need: positions_of(connection, need, mark_of(connection, need)) for need in NEEDS}


def nearest(positions: Held, question: Question) -> list[tuple[float, int]]:
    """The search that a k-d tree can be compared with."""
    return positions[question.need].nearest(question.point, COUNT, WITHIN_KM)


def asked_alone(connection: Connection, question: Question) -> list[tuple[float, int]]:
    """The same, after a statement that asks nothing but whether the positions are still true."""
    mark = mark_of(connection, question.need)
    return positions_of(connection, question.need, mark).nearest(question.point, COUNT, WITHIN_KM)


def near(connection: Connection, question: Question) -> Nearby:
    """The whole search: candidates read, ordered, and those without a place."""
    return search.near(connection, question.need, question.point, question.departement)


@contextmanager
def _connected(databases: dict[int, Loaded]) -> Iterator[dict[int, Connection]]:
    opened = {size: loaded.engine.connect() for size, loaded in databases.items()}
    try:
        yield opened
    finally:
        for connection in opened.values():
            connection.close()


def measure(report: Report, engine: str, databases: dict[int, Loaded], count: int) -> None:
    """Adds what searches cost on one engine's databases by size."""
    report.title(f"A need and a place, {engine}{REACHED[engine]}")
    largest = max(databases)
    trees = Trees(databases[largest].catalogue)
    asked = questions(count)
    with _connected(databases) as connections:
        positions = {size: held(connection) for size, connection in connections.items()}
        check(report, engine, positions[largest], trees, asked[:CHECKED])
        sides: dict[str, Callable[[Question], object]] = {"tree": trees.nearest}
        for size, connection in connections.items():
            sides[f"nearest {size}"] = partial(nearest, positions[size])
            sides[f"alone {size}"] = partial(asked_alone, connection)
            sides[f"near {size}"] = partial(near, connection)
        side_by_side(sides, questions(WARM_UP, seed=12))
        spent = side_by_side(sides, asked)
        read = " against ".join(_read(connections[size], asked[:CHECKED]) for size in (largest, min(databases)))
    _tell(report, engine, spent, list(databases), read)


def _read(connection: Connection, asked: list[Question]) -> str:
    """How many entries a whole search reads: what it costs follows."""
    found = [near(connection, question) for question in asked]
    return f"{fmean(len(one.near) + len(one.further) + len(one.wider) for one in found):.0f}"


def check(report: Report, engine: str, positions: Held, trees: Trees, asked: list[Question]) -> None:
    """Compares answers: a bench of wrong ones is worthless."""
    wrong = sum(not agree(nearest(positions, question), trees.nearest(question)) for question in asked)
    report.right(f"{engine}: same distances as the k-d tree", len(asked), wrong)


def _tell(report: Report, engine: str, spent: dict[str, list[float]], sizes: list[int], read: str) -> None:
    report.fact(f"scipy cKDTree of each need, in memory, {entries(max(sizes))}", _both(spent["tree"]))
    alone = ("alone", f"{COUNT} nearest, asking first whether they are true")
    for kind, words in (("nearest", f"{COUNT} nearest"), alone, ("near", "whole search")):
        for size in sizes:
            report.fact(f"{engine}, {words}, {entries(size)}", _both(spent[f"{kind} {size}"]))
    small, large = min(sizes), max(sizes)
    few, many = spent[f"nearest {small}"], spent[f"nearest {large}"]
    grown = f"{engine}, {COUNT} nearest, {entries(large)} against {entries(small)}"
    report.at_most(f"{grown}, p50", p50(many) / p50(few), 1.5)
    report.at_most(f"{grown}, p99", p99(many) / p99(few), 2.0)
    few, many = spent[f"near {small}"], spent[f"near {large}"]
    ratios = f"p50 {p50(many) / p50(few):.2f}, p99 {p99(many) / p99(few):.2f}"
    report.fact(f"{engine}, whole search, {entries(large)} against {entries(small)}, entries read {read}", ratios)
    asking = p50(spent[f"alone {large}"]) / p50(spent["tree"])
    against = f"{engine}, {COUNT} nearest, {entries(large)}, against the k-d tree, p50 (asking first: {asking:.2f})"
    report.at_most(against, p50(spent[f"nearest {large}"]) / p50(spent["tree"]), 4.0)
    orama = ORAMA_100K_S / p50(spent["nearest 100000"])
    report.at_least(f"{engine}, {COUNT} nearest, 100 k, against Orama 3.1 (recorded), times", orama, 200)


def _both(seconds: list[float]) -> str:
    return f"p50 {micro(p50(seconds))}, p99 {micro(p99(seconds))}"
