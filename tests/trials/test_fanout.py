"""`make trials` reminds ten thousand people and kills the product two hundred times; the tests do a short version."""

from pathlib import Path

from tests.trials.fanout import Outcome, trial
from tests.trials.test_kills import WHOLE

PEOPLE, KILLS = (10_000, 200) if WHOLE else (60, 4)
FAULTS = (
    {"kind": "error", "method": "sendMessage", "code": 429, "retry_after": 2},
    {"kind": "error", "method": "sendMessage", "code": 500, "times": 2},
    {"kind": "drop", "method": "sendMessage"},
    {"kind": "drop_after", "method": "sendMessage"},
    {"kind": "delay", "method": "sendMessage", "seconds": 1},
)


def nobody_is_forgotten(outcome: Outcome) -> None:
    print(outcome)
    assert outcome.reached == outcome.people
    assert outcome.unsettled == 0
    # sendMessage has no idempotency key: only what was in flight may come twice, is marked so, and never thrice.
    assert outcome.copies <= outcome.resent
    assert outcome.most <= 2
    assert outcome.early == 0
    assert outcome.problems == []


def test_everybody_is_reminded_however_often_the_product_is_killed(tmp_path: Path, shipped_url: str) -> None:
    nobody_is_forgotten(trial(tmp_path, shipped_url, PEOPLE, KILLS, seed=20261122))


def test_everybody_is_reminded_through_every_fault(tmp_path: Path, shipped_url: str) -> None:
    nobody_is_forgotten(trial(tmp_path, shipped_url, PEOPLE, KILLS, seed=20261123, faults=FAULTS))
