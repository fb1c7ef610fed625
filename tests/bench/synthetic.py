"""Synthetic catalogues spread like the people of France: of any size, and the same at every run."""

import csv
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, Table

from bot.migrations import migrate
from catalogue import zorder
from catalogue.around import words_of_name
from catalogue.database import open_database
from catalogue.name_words import NOWHERE, part_rows
from catalogue.needs import Frais, Kind, Method, Moment, Need, Public, Reach, Status
from catalogue.tables import initiatives, need_areas, need_positions, places, word_parts, word_positions

COMMUNES = Path(__file__).parents[2] / "catalogue" / "data" / "places" / "communes.csv"
SEED = 20_240_601
NEEDS = tuple(sorted(Need))  # in the order of the table's key
WITHOUT_A_PLACE = 0.01  # departmental mostly; the rest is for the whole country
AT_THE_TOWN_HALL = 0.05  # all that is known of these is their commune


@dataclass(frozen=True, slots=True)
class Town:
    """A line of communes.csv: a commune, or an arrondissement."""

    insee: str
    nom: str
    type: str
    parent: str | None
    codes_postaux: list[str]
    departement: str
    departement_nom: str
    population: int
    latitude: float | None
    longitude: float | None
    precision: str


@cache
def towns() -> tuple[Town, ...]:
    """Every commune and arrondissement of France."""
    with COMMUNES.open(encoding="utf-8", newline="") as lines:
        return tuple(_town(line) for line in csv.DictReader(lines))


def _town(line: dict[str, str]) -> Town:
    return Town(
        line["code_insee"],
        line["nom"],
        line["type"],
        line["commune_parente"] or None,
        [code for code in line["codes_postaux"].split("|") if code],
        line["departement"],
        line["departement_nom"],
        int(line["population"] or 0),
        float(line["latitude"]) if line["latitude"] else None,
        float(line["longitude"]) if line["longitude"] else None,
        line["precision"],
    )


@cache
def inhabited() -> tuple[Town, ...]:
    """Where people are counted once: arrondissements rather than the city they divide, and only known points."""
    divided = {town.parent for town in towns() if town.type == "ARM"}
    return tuple(t for t in towns() if t.population and t.latitude is not None and t.insee not in divided)


class People:
    """Draws people at random, as they live in France."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        population = np.array([town.population for town in inhabited()], dtype=float)
        self._share = population / population.sum()
        # The radius of a commune, roughly: 0.4 km for a village of 500, 1.9 km for Nanterre, 3.8 km for Toulouse.
        self._radius = 0.3 + 0.005 * np.sqrt(population)
        self._latitude = np.array([town.latitude for town in inhabited()], dtype=float)
        self._longitude = np.array([town.longitude for town in inhabited()], dtype=float)

    def towns(self, count: int) -> np.ndarray:
        """Indexes among `inhabited()`, in proportion to population."""
        return self.random.choice(len(self._share), size=count, p=self._share)

    def around(self, where: np.ndarray, at_the_centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Latitudes and longitudes: anywhere in the disc of each commune, or its very point."""
        km = self._radius[where] * np.sqrt(self.random.random(len(where))) * ~at_the_centre
        angle = self.random.random(len(where)) * 2 * np.pi
        latitude = self._latitude[where] + km * np.cos(angle) / zorder.KM_PER_DEGREE
        width = zorder.KM_PER_DEGREE * np.cos(np.radians(self._latitude[where]))
        return latitude, self._longitude[where] + km * np.sin(angle) / width


@dataclass(frozen=True, slots=True)
class Catalogue:
    """So many entries as columns. `needs` holds indexes in NEEDS, -1 where there is none."""

    town: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    exact: np.ndarray
    reach: np.ndarray  # indexes in Reach
    needs: np.ndarray
    verified: np.ndarray  # days before TODAY, -1 when never
    dice: np.ndarray  # what the rest is drawn from

    def __len__(self) -> int:
        return len(self.town)

    def local(self, need: Need) -> np.ndarray:
        """The indexes of the entries that have a place and answer a need."""
        return np.flatnonzero((self.needs == NEEDS.index(need)).any(axis=1) & (self.reach == 0))


def generate(count: int, seed: int = SEED) -> Catalogue:
    """A catalogue of `count` entries."""
    people = People(seed + count)
    random = people.random
    town = people.towns(count)
    exact = random.random(count) >= AT_THE_TOWN_HALL
    latitude, longitude = people.around(town, ~exact)
    wide = random.random(count) < WITHOUT_A_PLACE
    reach = np.where(wide, random.choice([1, 2, 3], size=count, p=[0.85, 0.12, 0.03]), 0)
    needs = random.permuted(np.tile(np.arange(len(NEEDS), dtype=np.int8), (count, 1)), axis=1)[:, :3].copy()
    needs[np.arange(3) >= random.integers(1, 4, size=count)[:, None]] = -1
    verified = np.where(random.random(count) < 0.7, random.integers(0, 1200, size=count), -1)
    return Catalogue(town, latitude, longitude, exact, reach, needs, verified, random.integers(0, 1 << 40, size=count))


TODAY = np.datetime64("2024-06-01")
BATCH = 20_000
Columns = dict[str, Sequence[Any]]


def _choices(*values: Any) -> np.ndarray:
    """Values to draw from, each as it is stored: lists as JSON."""
    found = np.empty(len(values), dtype=object)
    found[:] = [json.dumps(value) if isinstance(value, list) else value for value in values]
    return found


KINDS = _choices(*(kind.value for kind in Kind))
NAMES = _choices(*(f"{kind.label} de " for kind in Kind))
KIND_WORDS = [words_of_name(kind.label) for kind in Kind]
REACHES = _choices(*(reach.value for reach in Reach))
DESCRIPTIONS = _choices(
    "On y vient sans rendez-vous, on y est écouté, et l'on repart avec une adresse ou un coup de main.",
    "Un lieu ouvert à tous, tenu par ses habitants, où chacun apporte ce qu'il sait faire.",
    "Accueil, conseils et ateliers chaque semaine. Le premier café est offert.\nFermé pendant les vacances scolaires.",
    "Une équipe aide à remplir les dossiers, à trouver le bon guichet et à ne pas y aller seul.",
)
HOURS = _choices("Mo-Fr 09:00-12:00,14:00-17:30", "Tu-Sa 10:00-18:00", "We 14:00-19:00; Sa 09:30-12:30", None)
MOMENTS = _choices(
    [Moment.SEMAINE],
    [Moment.SEMAINE, Moment.WEEK_END],
    [Moment.SEMAINE, Moment.SOIR, Moment.WEEK_END],
    [],
)
PUBLICS = _choices(
    [Public.TOUS_PUBLICS], [], [Public.FAMILLES, Public.JEUNES], [Public.DEMANDEURS_EMPLOI], [Public.SENIORS]
)
COSTS = _choices(Frais.GRATUIT.value, Frais.GRATUIT.value, Frais.PAYANT.value, None)
ACCESSIBLE = _choices(True, False, None)
METHODS = _choices(Method.TELEPHONE.value, Method.IMPORT.value, Method.VISITE.value)
STREETS = _choices(*(f"{number} rue de la Mairie" for number in range(1, 98)))
PHONES = _choices(*(f"01 99 00 {number // 100:02} {number % 100:02}" for number in range(10_000)))  # nobody's


def entry_columns(catalogue: Catalogue, after: int) -> Iterator[Columns]:
    """The rows of `initiatives`, as columns, so many at a time."""
    for start in range(0, len(catalogue), BATCH):
        yield _entry_columns(catalogue, np.arange(start, min(start + BATCH, len(catalogue))), after)


def _entry_columns(catalogue: Catalogue, rows: np.ndarray, after: int) -> Columns:
    dice, town, exact = catalogue.dice[rows], catalogue.town[rows], catalogue.exact[rows]
    local, verified = catalogue.reach[rows] == 0, catalogue.verified[rows]

    def drawn(values: np.ndarray, salt: int) -> np.ndarray:
        return values[dice // salt % len(values)]

    here = [inhabited()[index] for index in town.tolist()]
    ids = (rows + 1 + after).tolist()
    columns = {
        "id": ids,
        "source": ["synthetic"] * len(rows),
        "source_id": [f"{id_:07}" for id_ in ids],
        "nom": drawn(NAMES, 1) + _choices(*(town.nom for town in here)),
        "kind": drawn(KINDS, 1),
        "needs": [_needs_json(*needs) for needs in catalogue.needs[rows].tolist()],
        "reach": REACHES[catalogue.reach[rows]],
        "status": [Status.ACTIVE.value] * len(rows),
        "description": drawn(DESCRIPTIONS, 7),
        "adresse": np.where(local & exact, drawn(STREETS, 11), None),
        "commune": [town.nom for town in here],
        "code_postal": [town.codes_postaux[0] if town.codes_postaux else None for town in here],
        "code_insee": [town.insee for town in here],
        "departement": [town.departement for town in here],
        "latitude": np.where(local, catalogue.latitude[rows], None),
        "longitude": np.where(local, catalogue.longitude[rows], None),
        "exact": local & exact,
        "telephone": np.where(dice % 3 > 0, drawn(PHONES, 13), None),
        "site_web": [f"https://example.org/{id_}" if dice % 2 else None for id_, dice in zip(ids, dice, strict=True)],
        "horaires_osm": drawn(HOURS, 17),
        "moments": drawn(MOMENTS, 17),
        "publics": drawn(PUBLICS, 19),
        "frais": drawn(COSTS, 23),
        "accessible": drawn(ACCESSIBLE, 29),
        "verified_at": np.where(verified >= 0, np.datetime_as_string(TODAY - verified), None),
        "verified_method": np.where(verified >= 0, drawn(METHODS, 31), None),
        "verified_by_year": [False] * len(rows),
        **{name: ["[]"] * len(rows) for name in ("zones", "services", "notices")},
    }
    return {name: column.tolist() if isinstance(column, np.ndarray) else column for name, column in columns.items()}


@cache
def _needs_json(*needs: int) -> str:
    return json.dumps([NEEDS[need].value for need in needs if need >= 0])


def position_columns(catalogue: Catalogue, after: int) -> Iterator[Columns]:
    """The rows of `need_positions`, in the order of its key: the table then grows at one end."""
    z = _keys(catalogue)
    entry, column = np.nonzero((catalogue.needs >= 0) & (catalogue.reach == 0)[:, None])
    need = catalogue.needs[entry, column]
    order = np.lexsort((entry, z[entry], need))
    slugs = _choices(*(need.value for need in NEEDS))
    for part in (order[start : start + BATCH] for start in range(0, len(order), BATCH)):
        rows = entry[part]
        yield {
            "need": slugs[need[part]].tolist(),
            "z": z[rows].tolist(),
            "initiative_id": (rows + 1 + after).tolist(),
            "latitude": catalogue.latitude[rows].tolist(),
            "longitude": catalogue.longitude[rows].tolist(),
        }


def _keys(catalogue: Catalogue) -> np.ndarray:
    points = zip(catalogue.latitude.tolist(), catalogue.longitude.tolist(), strict=True)
    return np.array([zorder.encode(*point) for point in points], dtype=np.int64)


def word_columns(catalogue: Catalogue, after: int) -> Iterator[Columns]:
    """The rows of `word_positions`, in the order of its key too."""
    vocabulary = np.array(_vocabulary(catalogue), dtype=object)
    number = {word: at for at, word in enumerate(vocabulary)}
    of_kinds = _words_of_each([[number[word] for word in words] for words in KIND_WORDS], catalogue.dice % len(KINDS))
    towns = [[number[word] for word in words if word in number] for words in _town_words()]
    entry, word = np.concatenate((of_kinds, _words_of_each(towns, catalogue.town)), axis=1)
    z = np.where(catalogue.reach == 0, _keys(catalogue), NOWHERE)[entry]
    order = np.lexsort((entry, z, word))
    again = (np.diff(word[order]) == 0) & (np.diff(entry[order]) == 0)  # a word of the kind and of the town
    order = order[np.concatenate(([True], ~again))]
    for rows in (order[start : start + BATCH] for start in range(0, len(order), BATCH)):
        yield {
            "word": vocabulary[word[rows]].tolist(),
            "z": z[rows].tolist(),
            "initiative_id": (entry[rows] + 1 + after).tolist(),
        }


def _words_of_each(words: Sequence[Sequence[int]], chosen: np.ndarray) -> np.ndarray:
    """Pairs of an entry and a word: all the words of the list chosen for each entry."""
    lengths = np.array([len(some) for some in words])
    starts, flat = np.cumsum(lengths) - lengths, np.concatenate([np.array(some, dtype=np.int64) for some in words])
    counts = lengths[chosen]
    entry = np.repeat(np.arange(len(chosen)), counts)
    at = np.arange(len(entry)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack((entry, flat[np.repeat(starts[chosen], counts) + at]))


def part_columns(catalogue: Catalogue) -> Iterator[Columns]:
    """The rows of `word_parts`."""
    rows = sorted((row["part"], row["word"]) for row in part_rows(_vocabulary(catalogue)))
    yield dict(zip(("part", "word"), zip(*rows, strict=True), strict=True))


def _vocabulary(catalogue: Catalogue) -> list[str]:
    used = (_town_words()[town] for town in np.unique(catalogue.town).tolist())
    return sorted({word for words in (*KIND_WORDS, *used) for word in words})


@cache
def _town_words() -> list[list[str]]:
    return [words_of_name(town.nom) for town in inhabited()]


def area_columns(catalogue: Catalogue, after: int) -> Iterator[Columns]:
    """The rows of `need_areas`: who has no place."""
    rows = [
        (NEEDS[need].value, _area(catalogue, index), index + 1 + after)
        for index in np.flatnonzero(catalogue.reach).tolist()
        for need in catalogue.needs[index].tolist()
        if need >= 0
    ]
    if rows:
        yield dict(zip(("need", "area", "initiative_id"), zip(*rows, strict=True), strict=True))


def _area(catalogue: Catalogue, index: int) -> str:
    reach: str = REACHES[catalogue.reach[index]]
    return inhabited()[catalogue.town[index]].departement if reach == Reach.DEPARTEMENTAL else reach


def place_columns() -> Iterator[Columns]:
    """The rows of `places`."""
    names = [name for name in Town.__dataclass_fields__ if name != "codes_postaux"]
    columns = {name: [getattr(town, name) for town in towns()] for name in names}
    yield columns | {"codes_postaux": [json.dumps(town.codes_postaux) for town in towns()]}


# ---- writing it --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loaded:
    """A database that holds a synthetic catalogue."""

    engine: Engine
    catalogue: Catalogue
    seconds: float


def load(url: str, catalogue: Catalogue) -> Loaded:
    """Makes the tables at `url`, and writes a catalogue and the places there."""
    engine = open_database(url)
    migrate(engine)
    start = time.perf_counter()
    add(engine, {places: place_columns()} | entries_of(catalogue))
    return Loaded(engine, catalogue, time.perf_counter() - start)


def entries_of(catalogue: Catalogue, after: int = 0) -> dict[Table, Iterator[Columns]]:
    """What each table is given; ids count from the one that follows `after`."""
    return {
        initiatives: entry_columns(catalogue, after),
        need_positions: position_columns(catalogue, after),
        need_areas: area_columns(catalogue, after),
        word_positions: word_columns(catalogue, after),
        word_parts: part_columns(catalogue),
    }


def add(engine: Engine, tables: dict[Table, Iterator[Columns]]) -> None:
    """Writes rows in large batches, the fast way of each engine."""
    on_postgresql = engine.dialect.name == "postgresql"
    write, prepared = (_copy, _postgresql) if on_postgresql else (_execute_many, _sqlite)
    with prepared(engine) as connection:
        for table, batches in tables.items():
            with _without_indexes(connection, table):
                for batch in batches:
                    write(connection, table, batch)
                    connection.commit()


@contextmanager
def _without_indexes(connection: Connection, table: Table) -> Iterator[None]:
    """An index is built faster than it is kept."""
    for index in table.indexes:
        index.drop(connection)
    connection.commit()
    yield
    for index in table.indexes:
        index.create(connection)
    connection.commit()


# What is written refers to what was just written: neither engine needs to check each row.


@contextmanager
def _sqlite(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        for setting in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
            connection.exec_driver_sql(f"PRAGMA {setting}")
        connection.commit()
        yield connection
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.invalidate()  # its settings go with it


def _execute_many(connection: Connection, table: Table, columns: Columns) -> None:
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # a word known already
    connection.exec_driver_sql(statement, list(zip(*columns.values(), strict=True)))


@contextmanager
def _postgresql(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.commit()
        yield connection
        connection.invalidate()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")  # autovacuum sees to it in production


def _copy(connection: Connection, table: Table, columns: Columns) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in zip(*columns.values(), strict=True):
            copy.write_row(row)
    driver.commit()  # nobody else has seen that anything was begun
