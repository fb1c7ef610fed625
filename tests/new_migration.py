"""Writes the next migration: what catalogue/tables.py says and the migrations do not do yet.

    make migration name=add_reminders

Until the first release, 0001 itself may be written again:

    rm alembic/versions/0001_*.py && make migration name=first_tables
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script

from bot.migrations import changing, configuration, head, migrate
from catalogue.database import open_database


def write_migration(name: str) -> Path:
    """Compare the tables with an up-to-date database, and write the difference as a new revision."""
    number = int(head() or 0) + 1
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/empty.db")
        migrate(engine)
        with changing(engine) as connection:
            written = command.revision(
                configuration(connection), message=name, autogenerate=True, rev_id=f"{number:04}"
            )
        engine.dispose()
    assert isinstance(written, Script)
    path = Path(written.path)
    _tidy(path)
    return path


def _tidy(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("    # ###")))
    for ruff in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *ruff, path], check=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isidentifier():
        sys.exit("What does this migration do? For example: make migration name=add_reminders")
    print(write_migration(sys.argv[1]))
