"""Each reminder has one moment: at the right hour of the place, before its date, never at night."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalogue.hours import PARIS
from catalogue.needs import Ahead
from handlers.planning import after_the_night, begins_at, due_at, is_night, is_soon, last_sunday, over_at

REUNION, GUADELOUPE = ZoneInfo("Indian/Reunion"), ZoneInfo("America/Guadeloupe")


def paris(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=PARIS).astimezone(UTC)  # type: ignore[arg-type, misc]


def said(at: datetime | None, zone: ZoneInfo = PARIS) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else ""


def eve(starts_at: datetime, all_day: bool = False, zone: ZoneInfo = PARIS) -> str:
    return said(due_at(starts_at, all_day, Ahead.VEILLE, zone), zone)


def hours(starts_at: datetime, all_day: bool = False, zone: ZoneInfo = PARIS) -> str:
    return said(due_at(starts_at, all_day, Ahead.HEURES, zone), zone)


@pytest.mark.parametrize(
    ("starts_at", "the_day_before"),
    [
        ((2026, 10, 25, 14), "2026-10-24 18:00"),
        ((2026, 10, 26, 14), "2026-10-25 18:00"),
        ((2027, 3, 28, 14), "2027-03-27 18:00"),
        ((2027, 3, 29, 14), "2027-03-28 18:00"),
        ((2028, 3, 1, 10), "2028-02-29 18:00"),
        ((2028, 2, 29, 10), "2028-02-28 18:00"),
        ((2027, 1, 1, 0, 30), "2026-12-31 18:00"),
    ],
)
def test_the_day_before_is_at_18_by_the_clock_whatever_the_clock_did(
    starts_at: tuple[int], the_day_before: str
) -> None:
    assert eve(paris(*starts_at)) == the_day_before


def test_two_hours_before_are_two_hours_of_a_stopwatch() -> None:
    assert hours(paris(2026, 11, 28, 14)) == "2026-11-28 12:00"
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS)  # there are two of them
    for fold in (0, 1):
        starts_at = twice.replace(fold=fold).astimezone(UTC)
        assert hours(starts_at) == "2026-10-24 20:30"
    assert hours(paris(2027, 3, 28, 2, 30)) == "2027-03-27 20:30", "that hour does not exist: it is half past three"


@pytest.mark.parametrize(
    ("starts_at", "leaves"),
    [
        ((2026, 11, 28, 10), "2026-11-28 08:00"),
        ((2026, 11, 28, 9, 30), "2026-11-28 08:00"),
        ((2026, 11, 28, 9), "2026-11-28 08:00"),
        ((2026, 11, 28, 8, 30), "2026-11-27 20:30"),
        ((2026, 11, 28, 2, 30), "2026-11-27 20:30"),
        ((2026, 11, 28, 22, 59), "2026-11-28 20:59"),
        ((2026, 11, 28, 23, 30), "2026-11-28 20:30"),
    ],
)
def test_what_would_fall_at_night_leaves_in_the_morning_or_the_evening_before(
    starts_at: tuple[int], leaves: str
) -> None:
    assert hours(paris(*starts_at)) == leaves


def test_an_all_day_date_has_only_the_day_before() -> None:
    assert eve(paris(2026, 11, 28), all_day=True) == "2026-11-27 18:00"
    assert hours(paris(2026, 11, 28), all_day=True) == ""


def test_overseas_the_hours_are_those_of_the_place() -> None:
    starts_at = datetime(2026, 11, 28, 10, tzinfo=REUNION).astimezone(UTC)
    assert eve(starts_at, zone=REUNION) == "2026-11-27 18:00"
    assert hours(starts_at, zone=REUNION) == "2026-11-28 08:00"
    assert eve(paris(2026, 11, 28), all_day=True, zone=GUADELOUPE) == "2026-11-27 18:00"
    assert said(begins_at(paris(2026, 11, 28), True, GUADELOUPE), GUADELOUPE) == "2026-11-28 00:00"


seconds = st.integers(int(paris(2026, 10, 1).timestamp()), int(paris(2028, 12, 31).timestamp()))
instants = seconds.map(lambda second: datetime.fromtimestamp(second, UTC))
zones = st.sampled_from([PARIS, REUNION, GUADELOUPE, ZoneInfo("Pacific/Tahiti"), ZoneInfo("America/Miquelon")])


@given(instants, st.booleans(), st.sampled_from(Ahead), zones)
@example(paris(2026, 10, 25, 2, 30), False, Ahead.HEURES, PARIS)
@example(paris(2027, 3, 28, 3), False, Ahead.HEURES, PARIS)
@example(paris(2027, 3, 28, 3), False, Ahead.VEILLE, PARIS)
def test_each_reminder_has_one_moment_before_its_date_and_never_at_night(
    starts_at: datetime, all_day: bool, ahead: Ahead, zone: ZoneInfo
) -> None:
    at = due_at(starts_at, all_day, ahead, zone)
    assert at == due_at(starts_at, all_day, ahead, zone)
    if at is None:
        assert all_day
        assert ahead is Ahead.HEURES
        return
    begins = begins_at(starts_at, all_day, zone)
    assert begins - timedelta(hours=49) < at < begins
    assert not is_night(at, zone)
    assert after_the_night(at, zone) == at
    assert begins <= over_at(starts_at, all_day, zone)


@given(instants, zones)
def test_the_night_ends_at_eight_by_the_clock_of_the_place(at: datetime, zone: ZoneInfo) -> None:
    morning = after_the_night(at, zone)
    assert not is_night(morning, zone)
    assert timedelta(0) <= morning - at <= timedelta(hours=12)
    assert morning == at or said(morning, zone).endswith("08:00")


def test_a_cancellation_of_today_or_of_tomorrow_morning_does_not_wait() -> None:
    night = paris(2026, 11, 28, 22)
    assert is_soon(paris(2026, 11, 28, 23), night, PARIS)
    assert is_soon(paris(2026, 11, 29, 11, 59), night, PARIS)
    assert not is_soon(paris(2026, 11, 29, 12), night, PARIS)


@given(instants)
def test_the_last_sunday_is_less_than_a_week_ago(now: datetime) -> None:
    sunday = last_sunday(now)
    assert f"{sunday.astimezone(PARIS):%u %H:%M}" == "7 18:00"
    assert timedelta(0) <= now - sunday <= timedelta(days=7, hours=1)
