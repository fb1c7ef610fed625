from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.freshness import freshness

TODAY = date(2026, 7, 1)


def test_what_was_verified_this_semester_is_wholly_fresh() -> None:
    assert freshness(TODAY, TODAY) == 1
    assert freshness(date(2026, 1, 1), TODAY) == 1


def test_freshness_falls_in_a_straight_line_and_is_nothing_after_two_years() -> None:
    assert freshness(date(2025, 4, 1), TODAY) == pytest.approx(0.5, abs=0.01)
    assert freshness(date(2024, 7, 1), TODAY) == 0
    assert freshness(date(2010, 1, 1), TODAY) == 0


def test_what_was_never_verified_is_not_fresh() -> None:
    assert freshness(None, TODAY) == 0


def test_a_date_in_the_future_is_no_fresher_than_today() -> None:
    assert freshness(TODAY + timedelta(days=400), TODAY) == 1


@given(st.dates(), st.dates(), st.dates())
def test_the_later_verification_is_never_the_less_fresh(one: date, other: date, today: date) -> None:
    earlier, later = sorted((one, other))
    assert 0 <= freshness(earlier, today) <= freshness(later, today) <= 1
