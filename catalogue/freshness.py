"""How fresh an entry is: the rule of data·inclusion's `score_qualite`."""

from datetime import date

FRESH_DAYS = 183  # six months
STALE_DAYS = 730  # two years


def freshness(verified_at: date | None, today: date) -> float:
    """1 within six months of the last verification, then a line down to 0 at two years; 0 when never verified."""
    if verified_at is None:
        return 0.0
    age = (today - verified_at).days
    return min(1.0, max(0.0, (STALE_DAYS - age) / (STALE_DAYS - FRESH_DAYS)))
