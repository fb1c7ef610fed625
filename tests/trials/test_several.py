"""`make trials` reminds ten thousand people and restarts PostgreSQL five times; the tests do a short version."""

from pathlib import Path

from bot.migrations import migrate
from catalogue.database import open_database
from tests.conftest import missing
from tests.postgres import postgres_programs, private_postgres
from tests.trials.several import trial
from tests.trials.test_kills import WHOLE

PEOPLE, RESTARTS = (10_000, 5) if WHOLE else (300, 2)


def test_two_schedulers_and_three_senders_remind_everybody_while_postgresql_restarts(tmp_path: Path) -> None:
    programs = postgres_programs()
    if programs is None:
        missing("PostgreSQL", "REQUIRE_POSTGRES")
    with private_postgres(programs) as server:  # its own: what else is connected would be cut
        database = server.create()
        engine = open_database(server.url(database))
        migrate(engine)
        engine.dispose()
        outcome = trial(tmp_path, server, database, PEOPLE, RESTARTS)
    print(outcome)
    assert outcome.reached == outcome.people
    assert outcome.untold == outcome.unsettled == 0
    # What was on the wire when PostgreSQL stopped is in doubt: it alone may come twice, is marked so, and never thrice.
    assert outcome.copies <= outcome.resent
    assert outcome.most <= 2
