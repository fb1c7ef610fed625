"""The migrations make exactly the tables of catalogue/tables.py, on both engines."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.migrations import NewerDatabase, changing, configuration, current_revision, downgrade, head, migrate
from catalogue.database import open_database, reading, writing
from catalogue.tables import initiatives, metadata, need_areas
from tests.postgres import Server

ROOT = Path(__file__).parent.parent
TABLES = set(metadata.tables) | {"alembic_version"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Engine]]:
    """Two databases of the same engine without a single table."""
    names: list[str] = []
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path / name}" for name in ("one.db", "two.db")]
    else:
        server: Server = request.getfixturevalue("postgres_server")
        names = [server.create(), server.create()]
        urls = [server.url(name) for name in names]
    engines = [open_database(url) for url in urls]
    yield engines
    for engine in engines:
        engine.dispose()
    for name in names:
        server.drop(name)


@pytest.fixture
def empty(empty_databases: list[Engine]) -> Engine:
    return empty_databases[0]


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def schema(engine: Engine) -> set[tuple[str, ...]]:
    """Every object of a database as the engine itself describes it, alembic's own left out."""
    with reading(engine) as connection:
        found = [
            tuple(str(value) for value in row)
            for query in DESCRIPTIONS[engine.dialect.name]
            for row in connection.execute(text(query))
        ]
    return {row for row in found if row[0] != "alembic_version"}


AN_INITIATIVE = {
    "id": 1,
    "source": "test",
    "source_id": "1",
    "nom": "Un toit pour tous",
    "kind": "autre",
    "needs": ["logement"],
    "reach": "departemental",
    "status": "open",
    "description": "",
    "exact": False,
    "moments": [],
    "publics": [],
    "verified_by_year": False,
    "zones": [],
    "services": [],
    "notices": [],
}

# The order of columns is left out: a column added later comes last, wherever it is written in the tables.
DESCRIPTIONS = {
    "sqlite": [
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'",
        "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "SELECT t.name, c.name, c.type, c.'notnull', c.dflt_value, c.pk"
        " FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
        "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "SELECT t.name, i.origin, (SELECT group_concat(name) FROM pragma_index_info(i.name))"
        " FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table'",
        "SELECT t.name, k.'table', k.'from', k.'to', k.on_delete"
        " FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k WHERE t.type = 'table'",
    ],
    "postgresql": [
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
    ],
}


def test_a_database_goes_up_down_to_nothing_and_up_again(empty: Engine) -> None:
    migrate(empty)
    assert tables(empty) == TABLES
    assert current_revision(empty) == head()

    downgrade(empty, "base")
    assert tables(empty) == {"alembic_version"}
    assert current_revision(empty) is None

    migrate(empty)
    assert tables(empty) == TABLES


def test_the_migrations_say_the_same_as_the_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_migrated_database_is_in_every_detail_what_the_tables_create(empty_databases: list[Engine]) -> None:
    migrated, created = empty_databases
    migrate(migrated)
    metadata.create_all(created)

    assert schema(migrated) == schema(created)
    assert len(schema(created)) > len(metadata.tables)


def test_entries_of_the_first_version_are_kept_by_the_second(empty: Engine) -> None:
    migrate(empty)
    downgrade(empty, "0001")
    old = {name: value for name, value in AN_INITIATIVE.items() if name not in ("zones", "services", "notices")}
    with writing(empty) as connection:
        names = ", ".join(old)
        values = {name: json.dumps(value) if isinstance(value, list) else value for name, value in old.items()}
        connection.execute(
            text(f"INSERT INTO initiatives ({names}) VALUES ({', '.join(f':{name}' for name in old)})"), values
        )

    migrate(empty)
    with reading(empty) as connection:
        row = connection.execute(select(initiatives)).mappings().one()
    assert (row["nom"], row["needs"], row["zones"], row["services"], row["notices"]) == (
        "Un toit pour tous",
        ["logement"],
        [],
        [],
        [],
    )


def test_there_is_exactly_one_head_and_it_is_the_last_file(engine: Engine) -> None:
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(configuration(connection))
    assert script.get_heads() == [head()]


def test_migrating_an_up_to_date_database_only_asks_where_it_is(engine: Engine) -> None:
    migrate(engine)
    said: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_rest: said.append(statement))
    migrate(engine)
    assert len(said) <= 4
    assert "alembic" in said[-1]


def test_two_processes_may_start_on_the_same_empty_database(empty: Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)
    program = (
        "from bot.migrations import migrate; from catalogue.database import open_database;"
        f"engine = open_database({url!r}); migrate(engine); engine.dispose()"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert tables(empty) == TABLES


def test_a_database_that_a_later_version_changed_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase, match="9999"):
        migrate(engine)


def change_halfway(engine: Engine) -> None:
    with changing(engine) as connection:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        connection.execute(text("ALTER TABLE nowhere ADD COLUMN other INTEGER"))


def test_a_change_that_fails_halfway_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(SQLAlchemyError):
        change_halfway(engine)
    assert tables(engine) == TABLES


def test_changing_a_table_keeps_the_rows_that_refer_to_it(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(initiatives), [AN_INITIATIVE])
        connection.execute(insert(need_areas), [{"need": "logement", "area": "92", "initiative_id": 1}])

    with changing(engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("initiatives") as batch:
            batch.alter_column("description", nullable=True)

    with reading(engine) as connection:
        assert connection.scalar(select(need_areas.c.area)) == "92"
        if engine.dialect.name == "sqlite":
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_change_that_leaves_orphans_on_sqlite_is_refused(sqlite_url: str) -> None:
    engine = open_database(sqlite_url)
    with pytest.raises(RuntimeError, match="1 rows"), changing(engine) as connection:
        connection.execute(insert(need_areas), [{"need": "logement", "area": "92", "initiative_id": 1}])
    with reading(engine) as connection:
        assert connection.scalar(select(need_areas.c.area)) is None
    engine.dispose()
