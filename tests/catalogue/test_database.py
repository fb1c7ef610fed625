"""The two ways to use a database, on each engine."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from catalogue.database import open_database, read_rows, reading, writing


def test_the_rows_of_a_statement_are_tuples_whatever_the_engine(engine: Engine) -> None:
    with reading(engine) as connection:
        assert list(read_rows(connection, "SELECT ? || 'é', 1 WHERE 3 = ?", ["%s", 3])) == [("%sé", 1)]


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_numbers_come_back_exactly_as_they_were_sent(engine: Engine, real: float, whole: int) -> None:
    with reading(engine) as connection:
        rows = read_rows(connection, "SELECT CAST(? AS DOUBLE PRECISION), CAST(? AS BIGINT), ?", (real, whole, None))
        assert list(rows) == [(real, whole, None)]


def test_a_failure_is_said_as_sqlalchemy_says_it(engine: Engine) -> None:
    with reading(engine) as connection, pytest.raises(DBAPIError):
        read_rows(connection, "SELECT nothing FROM nowhere WHERE 1 = ?", (1,))
    with reading(engine) as connection:
        assert list(read_rows(connection, "SELECT ?", ("still there",))) == [("still there",)]


def test_what_is_being_written_is_read_in_the_same_transaction_and_taken_back_with_it(engine: Engine) -> None:
    def whole() -> None:
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO ticks (name, at) VALUES ('tell', '2026-11-22 10:00:00+00')"))
            assert list(read_rows(connection, "SELECT name FROM ticks WHERE name = ?", ("tell",))) == [("tell",)]
            raise KeyError

    with pytest.raises(KeyError):
        whole()
    with reading(engine) as connection:
        assert list(read_rows(connection, "SELECT name FROM ticks WHERE name = ?", ("tell",))) == []


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Engine]:
    opened = open_database(postgres_url)
    yield opened
    opened.dispose()


def test_a_connection_that_was_cut_is_replaced(postgresql: Engine) -> None:
    with reading(postgresql) as connection:
        ((pid,),) = read_rows(connection, "SELECT pg_backend_pid() WHERE 1 = ?", (1,))
        with postgresql.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(CAST(:pid AS INTEGER))"), {"pid": pid})
        with pytest.raises(DBAPIError) as failure:
            read_rows(connection, "SELECT ?", ("cut",))
        assert failure.value.connection_invalidated
    with reading(postgresql) as connection:
        assert list(read_rows(connection, "SELECT ?", ("again",))) == [("again",)]


def test_a_whole_number_is_sent_as_one_type_whatever_its_size(postgresql: Engine) -> None:
    for lent in range(2):
        with reading(postgresql) as connection:
            sizes = [read_rows(connection, "SELECT CAST(pg_typeof(?) AS TEXT)", (2**bits,)) for bits in (0, 15, 31, 62)]
            assert [row for rows in sizes for row in rows] == [("bigint",)] * 4, lent


def test_one_plan_serves_every_value_however_often_a_connection_is_lent(postgresql: Engine) -> None:
    for _ in range(3):
        with reading(postgresql) as connection:
            ((mode,),) = read_rows(connection, "SELECT current_setting(?)", ("plan_cache_mode",))
            assert mode == "force_generic_plan"
