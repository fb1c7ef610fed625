"""Real structures of data·inclusion v1, damaged: each is loaded whole, or refused and said why."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from random import Random

from data_inclusion.schema import v1
from sqlalchemy import Engine

from catalogue.exchange.given_values import json_value
from catalogue.exchange.national_schema import Fields
from catalogue.exchange.reading import Reading
from catalogue.exchange.rows import text
from catalogue.exchange.taking_in import take_in
from catalogue.places import PlaceIndex
from tests.catalogue.test_data_inclusion import MANGER, PAPIERS, read
from tests.catalogue.test_data_inclusion_out import REAL, stored

TOLD = 300  # records, of which two thirds are damaged
SERVICE: Fields = {
    "nom": "Accueil",
    "description": "Un accueil pour tous.",
    "thematiques": [MANGER, PAPIERS],
    "publics": ["familles"],
    "frais": "payant",
    "frais_precisions": "1 €",
    "nombre_semaines": 3,
    "volume_horaire_hebdomadaire": 1.5,
    "lien_mobilisation": "https://exemple.org/",
}
OTHERS: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    "",
    " ",
    "x",
    [],
    {},
    ["x"],
    [None],
    [[]],
    {"x": [{}]},
    "null",
    "[1",
    "{}",
    date(2026, 1, 1),
)
ABSURD = (10**400, -(10**18), 1e308, float("nan"), float("inf"), -0.0, "1e400", "9" * 400, "-91", "181", "١٢")
CODES = (
    "92050",
    "99999",
    "2A004",
    "00000",
    "9205",
    "920500",
    "75056",
    "97",
    "200054781",
    "france",
    "99100",
    "2026-02-30",
)
CONTROLS = ("\0", "\x1b[31m", "\r\n", "\x7f", "\u202e", "\ud800", "\ufeff", "\u2028", "\x85", "'); --", "<b>", "=1+1")


def shortened(value: object, random: Random) -> object:
    return str(value)[: random.randrange(4)]


def lengthened(value: object, random: Random) -> object:
    return str(value) * random.choice((30, 300, 12_000 // max(1, len(str(value)))))


def with_a_control(value: object, random: Random) -> object:
    at = random.randrange(len(str(value)) + 1)
    return str(value)[:at] + random.choice(CONTROLS) + str(value)[at:]


def in_another_type(value: object, random: Random) -> object:
    return random.choice((*OTHERS, [value], {"value": value}, repr(value)))


def absurd(_: object, random: Random) -> object:
    return random.choice(ABSURD)


def wrong_code(value: object, random: Random) -> object:
    code = random.choice(CODES)
    return [code] if isinstance(value, list) else code


DAMAGES: tuple[Callable[[object, Random], object], ...] = (
    *(shortened, lengthened, with_a_control),
    *(in_another_type, absurd, wrong_code),
)


def damaged(record: Fields, random: Random) -> Fields:
    """A record with one to three fields removed, or given another value."""
    record = {**record}
    model = v1.Service if "structure_id" in record else v1.Structure
    for name in random.sample([*record, *model.model_fields, "bonne_porte"], random.randint(1, 3)):
        if random.random() < 0.15:
            record.pop(name, None)
        else:
            record[name] = random.choice(DAMAGES)(record.get(name), random)
    return record


def told(count: int, random: Random) -> Iterator[Fields]:
    """Structures, each with up to two services at its place or elsewhere; two records in three are damaged."""
    real = json.loads(REAL.read_text(encoding="utf-8"))
    while count > 0:
        structure = {**random.choice(real), "id": f"essai--{count}"}
        family = [structure]
        for number in range(random.choice((0, 1, 1, 2))):
            there = random.choice((structure, random.choice(real), {}))
            where = {name: there[name] for name in ("commune", "code_insee", "code_postal", "adresse") if name in there}
            ids = {"structure_id": structure["id"], "id": f"{structure['id']}-{number}"}
            given = {name: structure[name] for name in ("source", "date_maj")}
            modes = {"modes_accueil": random.choice((["a-distance"], ["en-presentiel"]))}
            zone = random.choice(({}, {"zone_eligibilite": random.choice((["18"], ["france"], ["200054781"]))}))
            family.append(SERVICE | where | ids | given | modes | zone)
        for record in family:
            yield damaged(record, random) if random.random() < 2 / 3 else record
        count -= len(family)


def assert_each_is_loaded_or_refused(records: list[Fields], found: Reading) -> None:
    """Every line: in a row, or refused once for a reason that can be shown and kept."""
    loaded = {record["id"] for row in found.rows.values() for record in (row["structure"], *row["services"])}
    refused = Counter(refusal.line for refusal in found.refused)
    assert set(refused.values()) <= {1}
    for line, record in enumerate(records, 1):
        assert line in refused or json_value("id", record["id"]) in loaded, record
    for refusal in found.refused:
        assert refusal.reason.startswith(("structure", "service"))
        assert text(refusal.reason) == refusal.reason


def assert_entries_are_whole(engine: Engine, found: Reading) -> None:
    """What is in the database is what was read, column by column, and nothing else."""
    entries = {(row["source"], row["source_id"]): row for row in stored(engine)}
    assert {key: row | {"id": None} for key, row in entries.items()} == {
        key: row | {"id": None} for key, row in found.rows.items()
    }


def silently(source: str, done: int, total: int) -> None:
    pass


def test_a_damaged_record_is_loaded_whole_or_refused_and_said_why(engine: Engine, place_index: PlaceIndex) -> None:
    records = list(told(TOLD, Random(22)))
    found = read(*records, index=place_index)
    assert_each_is_loaded_or_refused(records, found)
    assert found.rows
    assert found.refused
    take_in(engine, found, date(2026, 11, 22), silently)
    assert_entries_are_whole(engine, found)
