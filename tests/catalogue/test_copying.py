"""An installation goes from an engine to the other and back without a difference, or does not go at all."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select, text, update

from catalogue.copying import PAGE, CannotCopy, copy_database
from catalogue.database import open_database, reading, writing
from catalogue.exchange.reading import EntryRow
from catalogue.initiatives import UNKNOWN, Author, change_initiative, save_initiatives
from catalogue.needs import Method
from catalogue.tables import conversations, duplicates, inbox, initiatives, loads, metadata, outbox

AT = datetime(2026, 3, 29, 1, 59, 59, 123456, UTC)
IN_GUADELOUPE = timezone(timedelta(hours=-4))
Contents = dict[str, list[tuple[Any, ...]]]


def silently(what: str, done: int, total: int) -> None:
    pass


def contents(engine: Engine) -> Contents:
    """All the rows of all the tables, as Python values."""
    with reading(engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def entry(number: int, **known: object) -> EntryRow:
    where = {"latitude": 48.8922 + number / 3, "longitude": -0.1, "exact": True, "code_postal": "92000"}
    named = {"source": "essai", "source_id": str(number), "nom": f"Café n° {number} ☕", "kind": "cafe-associatif"}
    return {**UNKNOWN, **where, **named, "needs": ["lien-social"], **known}


def fill(engine: Engine) -> None:
    """A row or more of what an installation holds besides the shipped catalogue."""
    structure = {
        "id": "a--1",
        "nom": "L'Œuvre 👩‍🍳\u2028",
        "siret": None,
        "score": 0.1 + 0.2,
        "liste": [1, [], {"é": True}],
    }
    with writing(engine) as connection:
        save_initiatives(connection, [entry(1, structure=structure, services=[structure]), entry(2)], at=AT)
        (id_, other) = connection.scalars(select(initiatives.c.id).where(initiatives.c.source == "essai"))
        told = Author("correspondant", Method.TELEPHONE)
        change_initiative(connection, id_, {"verified_at": date(2026, 2, 28), "accessible": False}, told, AT)
        connection.execute(insert(duplicates), {"first_id": id_, "second_id": other, "score": 2 / 3, "at": AT})
        for person in ("Zoé", "zoe", "été", "Été", "🙂", "-1", "10", "9", "a b", "a'b"):
            state = {"flow": "orientation", "answers": {"lieu": {"insee": "2A004"}}, "said": "a\u0000b"}
            moment = AT.astimezone(IN_GUADELOUPE)
            known = {"channel": "web", "person": person, "state": state, "history": [], "updated_at": moment}
            connection.execute(insert(conversations), known)
        for key in ("1", "2", "3"):
            event = {"channel": "telegram", "key": key, "person": "7", "event": None, "origin": {}, "received_at": AT}
            connection.execute(insert(inbox), event)
            sent = {
                "channel": "telegram",
                "person": "7",
                "message": {"text": "\n\t«»"},
                "dedupe_key": key,
                "due_at": AT,
            }
            connection.execute(insert(outbox), {**sent, "state": "sent", "attempts": 1, "resent": False, "urgency": 0})
        connection.execute(delete(outbox).where(outbox.c.dedupe_key == "3"))


@pytest.fixture
def source(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    """A small installation on SQLite."""
    engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'source.db')}")
    fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def other(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    """An empty database on SQLite."""
    engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'other.db')}")
    yield engine
    engine.dispose()


def is_empty(engine: Engine) -> bool:
    return not any(contents(engine).values())


def test_the_shipped_catalogue_and_what_was_lived_go_to_postgresql_and_back(
    shipped_engine: Engine, postgres_url: str, other: Engine
) -> None:
    fill(shipped_engine)
    ours = contents(shipped_engine)
    on_postgresql = open_database(postgres_url)
    there = copy_database(shipped_engine, on_postgresql, silently)
    back = copy_database(on_postgresql, other, silently)
    on_postgresql.dispose()
    assert contents(other) == ours
    assert {copy.table: copy.rows for copy in there} == {name: len(rows) for name, rows in ours.items()}
    assert back == there
    assert len(ours["initiatives"]) > 9_000


def test_progress_is_told_for_each_page_then_for_the_rows_read_again(source: Engine, engine: Engine) -> None:
    rows = [{"source": f"{number:05}", "digest": "", "loaded_at": AT} for number in range(PAGE + 1)]
    with writing(source) as connection:
        connection.execute(insert(loads), rows)
    told: list[tuple[str, int, int]] = []
    copy_database(source, engine, lambda *step: told.append(step))
    steps = [(0, PAGE + 1), (PAGE, PAGE + 1), (PAGE + 1, PAGE + 1)]
    assert [step[1:] for step in told if step[0] == "loads"] == steps
    assert [step[1:] for step in told if step[0] == "loads (vérification)"] == steps[1:]


def test_what_is_written_afterwards_never_takes_the_id_of_what_was_copied(
    source: Engine, engine: Engine, other: Engine
) -> None:
    copy_database(source, engine, silently)
    copy_database(engine, other, silently)
    for copy in (engine, other):
        with writing(copy) as connection:
            before = connection.scalar(select(func.max(initiatives.c.id))) or 0
            save_initiatives(connection, [entry(3)])
            assert connection.scalar(select(func.max(initiatives.c.id))) == before + 1
            sent = {"channel": "web", "person": "7", "dedupe_key": "new", "due_at": AT, "state": "created"}
            connection.execute(insert(outbox), {**sent, "attempts": 0, "resent": False, "urgency": 0})
            ids = connection.scalars(select(outbox.c.id).order_by(outbox.c.id)).all()
            assert ids == [1, 2, 4], "the third was given to a row that is gone"


def test_an_entry_written_before_the_copy_is_found_and_changed_after_it(source: Engine, engine: Engine) -> None:
    copy_database(source, engine, silently)
    with writing(engine) as connection:
        saved = save_initiatives(connection, [entry(2), entry(3)])
    assert (saved.created, saved.changed, saved.unchanged) == (1, 0, 1)


def test_what_the_source_is_told_meanwhile_is_not_copied(engine: Engine, other: Engine) -> None:
    fill(engine)
    before = contents(engine)

    def meanwhile(what: str, done: int, total: int) -> None:
        with writing(engine) as connection:
            connection.execute(update(conversations).values(state={"later": True}))
            connection.execute(delete(outbox))

    copy_database(engine, other, meanwhile)
    assert contents(other) == before


def test_a_database_that_is_not_empty_is_refused_and_left_as_it_was(source: Engine, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(loads), {"source": "places", "digest": "d", "loaded_at": AT})
    before = contents(engine)
    with pytest.raises(CannotCopy, match="« loads »"):
        copy_database(source, engine, silently)
    assert contents(engine) == before


def test_a_database_is_not_copied_into_itself(engine: Engine, tmp_path: Path) -> None:
    same = open_database(engine.url.render_as_string(hide_password=False))
    with pytest.raises(CannotCopy, match="la même base"):
        copy_database(engine, same, silently)
    same.dispose()


def test_a_database_called_by_another_of_its_names_is_still_itself(source: Engine, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "source.db")
    same = open_database(f"sqlite:///{tmp_path / 'link.db'}")
    with pytest.raises(CannotCopy, match="la même base"):
        copy_database(source, same, silently)
    same.dispose()


def test_databases_of_two_versions_are_refused(source: Engine, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CannotCopy, match="9999"):
        copy_database(source, engine, silently)


def test_a_database_that_never_held_the_product_is_refused(engine: Engine, tmp_path: Path) -> None:
    nothing = open_database(f"sqlite:///{tmp_path / 'nothing.db'}")
    with pytest.raises(CannotCopy, match="vérifiez son adresse"):
        copy_database(nothing, engine, silently)
    nothing.dispose()


@pytest.mark.parametrize("interrupted", ["places", "initiatives (vérification)", "outbox (vérification)"])
def test_a_copy_that_is_interrupted_leaves_nothing(source: Engine, engine: Engine, interrupted: str) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == interrupted:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_database(source, engine, stop)
    assert is_empty(engine)
    assert copy_database(source, engine, silently), "and nothing is left that prevents another"


# What a database may do to rows behind the back of who writes them.
WHEN_WRITTEN = {
    "changed": {
        "sqlite": """
            CREATE TRIGGER meddle AFTER INSERT ON conversations WHEN new.person IN ('9', '10')
            BEGIN UPDATE conversations SET history = '["secret"]' WHERE person = new.person; END""",
        "postgresql": """
            CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN IF NEW.person IN ('9', '10') THEN NEW.history = '["secret"]'; END IF; RETURN NEW; END $$""",
    },
    "lost": {
        "sqlite": """
            CREATE TRIGGER meddle BEFORE INSERT ON conversations WHEN new.person IN ('9', '10')
            BEGIN SELECT RAISE(IGNORE); END""",
        "postgresql": """
            CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN IF NEW.person IN ('9', '10') THEN RETURN NULL; END IF; RETURN NEW; END $$""",
    },
}
ON_POSTGRESQL = "CREATE TRIGGER meddle BEFORE INSERT ON conversations FOR EACH ROW EXECUTE FUNCTION meddle()"


@pytest.mark.parametrize("what", WHEN_WRITTEN)
def test_rows_that_did_not_arrive_as_they_left_are_counted_and_nothing_is_kept(
    source: Engine, engine: Engine, what: str
) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql(WHEN_WRITTEN[what][engine.dialect.name])
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(ON_POSTGRESQL)
    with pytest.raises(CannotCopy, match=r"« conversations ».* : 2\.") as refused:
        copy_database(source, engine, silently)
    assert "secret" not in str(refused.value)
    assert is_empty(engine)


def test_a_null_character_is_refused_by_postgresql_in_plain_words(source: Engine, postgres_url: str) -> None:
    with writing(source) as connection:
        save_initiatives(connection, [entry(1, nom="Chez\0moi")])
    target = open_database(postgres_url)
    with pytest.raises(CannotCopy, match="« initiatives » contient le caractère nul") as refused:
        copy_database(source, target, silently)
    assert "Chez" not in str(refused.value)
    assert is_empty(target)
    target.dispose()


def test_a_value_too_long_for_postgresql_is_refused_without_being_shown(source: Engine, postgres_url: str) -> None:
    with writing(source) as connection:
        save_initiatives(connection, [entry(1, code_postal="92000 Nanterre")])
    target = open_database(postgres_url)
    with pytest.raises(CannotCopy, match="« initiatives »") as refused:
        copy_database(source, target, silently)
    assert "Nanterre" not in str(refused.value)
    assert refused.value.__cause__ is None
    target.dispose()


def test_text_that_holds_a_null_character_goes_from_sqlite_to_sqlite(source: Engine, other: Engine) -> None:
    with writing(source) as connection:
        save_initiatives(connection, [entry(1, nom="Chez\0moi")])
    copy_database(source, other, silently)
    assert contents(other) == contents(source)


def test_nothing_is_written_to_the_source(source: Engine, engine: Engine) -> None:
    before = contents(source)
    copy_database(source, engine, silently)
    assert contents(source) == before == contents(engine)
