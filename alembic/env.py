"""Run by alembic with the connection that bot.migrations hands it."""

from typing import Any, Literal

from alembic import context

from catalogue.tables import Instant, metadata


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """A migration must not change with our code: our own column type is written as what it stores."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_item,
    render_as_batch=True,  # SQLite changes a table by copying it
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
