"""`make trials` kills fifty times while five hundred people talk; the tests do a short version of the same."""

import os
from pathlib import Path

from tests.trials.kills import trial

WHOLE = os.environ.get("TRIALS") == "1"
PEOPLE, KILLS = (500, 50) if WHOLE else (24, 4)


def test_killed_while_people_talk_it_answers_everything_once(tmp_path: Path, shipped_url: str) -> None:
    outcome = trial(tmp_path, shipped_url, PEOPLE, KILLS, seed=20261121)
    print(outcome)
    assert outcome.handled == outcome.updates == outcome.reached
    assert outcome.astray == outcome.unsettled == 0
    # sendMessage has no idempotency key: only what was in flight at a kill may come twice, and is marked so.
    assert outcome.copies <= outcome.resent
    assert outcome.problems == []
