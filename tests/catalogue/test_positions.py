"""What a process holds of positions is what the database has: whoever wrote it, and as soon as it is committed."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from catalogue.database import open_database, reading, taken_back, writing
from catalogue.geo import distance_km
from catalogue.initiatives import UNKNOWN, Author, change_initiative, find_again, save_initiatives
from catalogue.needs import Kind, Method, Need, Status
from catalogue.positions import Positions, mark_of, positions_of
from catalogue.search import near
from catalogue.tables import initiatives, need_marks
from catalogue.zorder import encode

NANTERRE, SCEAUX = (48.892, 2.207), (48.778, 2.290)
FOOD, CARE = Need.ALIMENTATION, Need.SANTE


@pytest.fixture
def elsewhere(engine: Engine, database_url: str) -> Iterator[Engine]:
    """The same database, as another process holds it."""
    other = open_database(database_url)
    yield other
    other.dispose()


def entry(number: int = 1, point: tuple[float, float] = NANTERRE, need: Need = FOOD, **known: Any) -> dict[str, Any]:
    said = {"nom": f"Lieu {number}", "description": "Un lieu.", "kind": Kind.AUTRE.value, "needs": [need.value]}
    where = {"latitude": point[0], "longitude": point[1], "exact": True, "departement": "92"}
    return {**UNKNOWN, "source": "essai", "source_id": str(number), **said, **where, **known}


def save(engine: Engine, *rows: dict[str, Any]) -> None:
    with writing(engine) as connection:
        save_initiatives(connection, rows)


def found(connection: Connection, need: Need = FOOD, point: tuple[float, float] = NANTERRE) -> list[tuple[int, float]]:
    """The ids of what is near, and how far each is, to the metre."""
    return [(one.id, round(one.km or 0.0, 3)) for one in near(connection, need, point, "92").near]


def numbers(engine: Engine, need: Need = FOOD, point: tuple[float, float] = NANTERRE) -> list[int]:
    """The numbers of the entries that a search finds."""
    with reading(engine) as connection:
        known = {row.id: int(row.source_id) for row in connection.execute(select(initiatives))}
        return [known[id_] for id_, _ in found(connection, need, point)]


def marks(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        return {row.need: row.mark for row in connection.execute(select(need_marks))}


def held(engine: Engine, need: Need = FOOD) -> Positions:
    with reading(engine) as connection:
        return positions_of(connection, need, mark_of(connection, need))


def test_what_another_process_writes_is_found_by_the_next_search(engine: Engine, elsewhere: Engine) -> None:
    assert numbers(elsewhere) == []
    save(engine, entry(1), entry(2))
    assert numbers(elsewhere) == [1, 2]
    save(engine, entry(1, status=Status.CLOSED.value))
    assert numbers(elsewhere) == [2]
    save(engine, entry(1), entry(2, need=CARE))
    assert (numbers(elsewhere), numbers(elsewhere, CARE)) == ([1], [2])


def test_what_moved_is_where_it_went(engine: Engine, elsewhere: Engine) -> None:
    save(engine, entry(1))
    assert numbers(elsewhere) == [1]
    save(engine, entry(1, SCEAUX))
    with reading(elsewhere) as connection:
        ((_, from_nanterre),) = found(connection)
        ((_, from_sceaux),) = found(connection, point=SCEAUX)
    assert (from_nanterre, from_sceaux) == (round(distance_km(*NANTERRE, *SCEAUX), 3), 0.0)


def test_what_is_not_committed_is_found_only_by_who_writes_it(engine: Engine, elsewhere: Engine) -> None:
    save(engine, entry(1))
    assert numbers(engine) == [1]
    with writing(engine) as connection:
        save_initiatives(connection, [entry(2)])
        assert len(found(connection)) == 2
        assert (numbers(engine), numbers(elsewhere)) == ([1], [1])
    assert (numbers(engine), numbers(elsewhere)) == ([1, 2], [1, 2])


def test_what_is_given_up_is_found_by_nobody(engine: Engine, elsewhere: Engine) -> None:
    save(engine, entry(1))
    with suppress(ZeroDivisionError), writing(engine) as connection:
        save_initiatives(connection, [entry(2)])
        assert len(found(connection)) == 2
        raise ZeroDivisionError
    assert len(held(engine).nearest(NANTERRE, 10, 1.0)) == 1
    assert (numbers(engine), numbers(elsewhere)) == ([1], [1])


def test_what_is_only_tried_changes_no_mark(engine: Engine) -> None:
    save(engine, entry(1))
    before = marks(engine)
    with writing(engine) as connection:
        with taken_back(connection):
            save_initiatives(connection, [entry(2), entry(3, need=CARE)])
            assert (len(found(connection)), len(found(connection, CARE))) == (2, 1)
        assert (len(found(connection)), len(found(connection, CARE))) == (1, 0)
    assert marks(engine) == before


def test_what_was_written_before_a_trial_is_not_forgotten_with_it(engine: Engine) -> None:
    with writing(engine) as connection:
        save_initiatives(connection, [entry(1)])
        with taken_back(connection):
            save_initiatives(connection, [entry(2), entry(3, need=CARE)])
        assert len(found(connection)) == 1
    assert (marks(engine).keys(), numbers(engine)) == ({FOOD.value}, [1])


@pytest.mark.parametrize("said", [{"telephone": "01 40 00 00 00"}, {"nom": "Autrement"}, {"vanished_at": None}])
def test_what_changes_no_position_has_nothing_read_again(engine: Engine, said: dict[str, Any]) -> None:
    save(engine, entry(1))
    before = held(engine)
    save(engine, entry(1, **said))
    assert held(engine) is before


def test_only_the_need_that_changed_is_read_again(engine: Engine) -> None:
    save(engine, entry(1), entry(2, need=CARE))
    food, care = held(engine), held(engine, CARE)
    save(engine, entry(3, need=CARE))
    assert held(engine) is food
    assert held(engine, CARE) is not care


def test_every_need_is_read_again_once_entries_are_found_another_way(engine: Engine) -> None:
    save(engine, entry(1))
    before = held(engine)
    with writing(engine) as connection:
        find_again(connection)
    assert held(engine) is not before
    assert numbers(engine) == [1]


def test_an_entry_is_not_written_where_nothing_would_say_so(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(RuntimeError, match="writing"):
        save_initiatives(connection, [entry(1)])


def test_a_search_finds_all_that_was_committed_before_it_began(engine: Engine, elsewhere: Engine) -> None:
    """Entries are added one by one while three threads search: none ever misses one that was there."""
    added, done = [0], Event()

    def search(process: Engine) -> list[tuple[int, int]]:
        short = []
        while not done.is_set():
            there = added[0]
            with reading(process) as connection:
                many = len(found(connection))
            if many < there:
                short.append((many, there))
        return short

    with ThreadPoolExecutor(3) as threads:
        searching = [threads.submit(search, process) for process in (engine, elsewhere, elsewhere)]
        try:
            for number in range(1, 30):
                save(engine, entry(number))
                added[0] = number
        finally:
            done.set()
        assert [one.result() for one in searching] == [[], [], []]
    assert numbers(elsewhere) == list(range(1, 30))


def test_a_long_writing_keeps_nobody_else_from_writing(postgres_url: str) -> None:
    """An import is one transaction: a correspondent adds an entry for the same need in the meantime."""
    importing, correcting = open_database(postgres_url), open_database(postgres_url)
    save(importing, entry(1))
    with writing(importing) as connection:
        save_initiatives(connection, [entry(2)])
        save(correcting, entry(3))
        assert numbers(correcting) == [1, 3]
    assert numbers(correcting) == [1, 2, 3]
    importing.dispose()
    correcting.dispose()


def test_two_who_write_for_the_same_needs_end_one_after_the_other(engine: Engine, elsewhere: Engine) -> None:
    """In whatever order each wrote: nobody waits for who waits for them."""

    def write(process: Engine, first: int, needs: tuple[Need, Need]) -> None:
        for number in range(first, first + 15):
            with writing(process) as connection:
                for at, need in enumerate(needs):
                    save_initiatives(connection, [entry(10 * number + at, need=need)])

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(write, engine, 0, (FOOD, CARE))
        other = threads.submit(write, elsewhere, 100, (CARE, FOOD))
        one.result(), other.result()
    assert (len(numbers(engine)), len(numbers(elsewhere, CARE))) == (30, 30)


def test_a_need_that_nothing_answers_and_one_entry_alone(engine: Engine) -> None:
    assert Positions([]).nearest(NANTERRE, 3, 20.0) == []
    alone = Positions([(encode(*SCEAUX), *SCEAUX, 7)])
    assert [id_ for _, id_ in alone.nearest(NANTERRE, 3, 20.0)] == [7]
    assert alone.nearest(NANTERRE, 3, 5.0) == []


def test_those_as_near_as_the_last_one_are_there_too() -> None:
    luck = random.Random(5)
    beside = [(NANTERRE[0] + luck.uniform(0, 1e-5), NANTERRE[1], id_) for id_ in range(40)]
    rows = sorted((encode(latitude, longitude), latitude, longitude, id_) for latitude, longitude, id_ in beside)
    assert len(Positions(rows).nearest(NANTERRE, 10, 20.0)) == 40


def test_a_person_who_closes_an_entry_leaves_a_mark(engine: Engine) -> None:
    save(engine, entry(1))
    before = marks(engine)
    with reading(engine) as connection:
        id_ = connection.scalar(select(initiatives.c.id))
    with writing(engine) as connection:
        change_initiative(connection, id_ or 0, {"status": Status.CLOSED.value}, Author("correspondant", Method.BOT))
    assert before.keys() == marks(engine).keys() == {FOOD.value}
    assert before != marks(engine)
