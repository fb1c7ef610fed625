"""What the running process must not load before it needs it: each costs every start, and is kept for ever."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# To read what somebody gives, to print, to change the schema, and for who has a Telegram bot.
LATER = {
    *("aiohttp", "alembic", "data_inclusion", "dateutil", "defusedxml", "httpx", "icalendar", "ijson", "openpyxl"),
    *("psycopg", "recurring_ical_events", "segno", "telegram", "typst", "x_wr_timezone"),
}

# What `bonne-porte run` does before it listens, and a first answer.
START = """
import sys
from bot.__main__ import main
from bot.app import conversation, open_catalogue
from bot.settings import Settings
from handlers.dialogue import Event, Gesture

runner = conversation(open_catalogue(Settings()))
turn = runner.preview(Event(Gesture.STARTED, "numerique_17300"))
assert turn.replies[0].cards
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_a_start_without_telegram_loads_nothing_that_it_does_not_need(shipped_url: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", START],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": shipped_url, "TELEGRAM_TOKEN": ""},
    )
    loaded = set(started.stdout.split())
    assert {"bot", "catalogue", "sqlalchemy"} <= loaded
    assert loaded & LATER == set()
