"""A database that stops answering for a while, then answers again."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from catalogue.database import writing
from catalogue.tables import metadata


def lose_the_tables(engine: Engine) -> None:
    """A database that was not migrated, or of which nothing is left."""
    _rename_tables(engine, "", "lost_")


@contextmanager
def out_of_reach(engine: Engine) -> Iterator[None]:
    """The database has no table until the end of the block; everything is then as it was."""
    lose_the_tables(engine)
    try:
        yield
    finally:
        _rename_tables(engine, "lost_", "")


def _rename_tables(engine: Engine, before: str, after: str) -> None:
    with writing(engine) as connection:
        for name in metadata.tables:
            connection.execute(text(f"ALTER TABLE {before}{name} RENAME TO {after}{name}"))
