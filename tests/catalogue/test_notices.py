from datetime import date, datetime

import pytest

from catalogue.entries import Notice
from catalogue.hours import PARIS, openness
from catalogue.needs import NoticeKind
from catalogue.notices import hours_now, notice, read_notices, season_days, with_notice, without_notice

TODAY = date(2026, 11, 22)
SOON = notice(NoticeKind.FERMETURE, date(2026, 12, 1), date(2026, 12, 3), " Travaux. ")


@pytest.mark.parametrize(
    ("kind", "starts", "ends", "message", "hours", "said"),
    [
        (NoticeKind.FERMETURE, 3, 2, "", None, "avant le début"),
        (NoticeKind.HORAIRES, 2, 3, "", None, "OpenStreetMap"),
        (NoticeKind.HORAIRES, 2, 3, "", "le mardi", "OpenStreetMap"),
        (NoticeKind.FERMETURE, 2, 3, "", "Tu 14:00-17:00", "horaires"),
        (NoticeKind.MESSAGE, 2, 3, "  ", None, "message"),
        (NoticeKind.MESSAGE, 2, 3, "a" * 301, None, "300"),
    ],
)
def test_a_notice_that_makes_no_sense_is_refused(
    kind: NoticeKind, starts: int, ends: int, message: str, hours: str | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        notice(kind, date(2026, 12, starts), date(2026, 12, ends), message, hours)


def test_notices_are_kept_in_order_once_and_dropped_when_they_are_over() -> None:
    over = notice(NoticeKind.MESSAGE, date(2026, 11, 1), date(2026, 11, 2), "Fini.")
    later = notice(NoticeKind.HORAIRES, date(2026, 12, 5), date(2026, 12, 6), "", "Sa 14:00-17:00")
    stored = with_notice([], over, date(2026, 11, 1))
    for added in (later, SOON, SOON):
        stored = with_notice(stored, added, TODAY)
    assert read_notices(stored) == (SOON, later)
    assert read_notices(without_notice(stored, SOON)) == (later,)
    assert SOON.message == "Travaux."


@pytest.mark.parametrize("season", ["", "mai", "04-31/10-31", "04-15", "4-15/10-31", "04-15/13-01", "04-15/10-31/"])
def test_a_season_that_cannot_be_read_is_refused(season: str) -> None:
    with pytest.raises(ValueError, match="du jour au jour"):
        season_days(season)


def ten_o_clock(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 10, tzinfo=PARIS)


def is_open(instant: datetime, hours: str | None, season: str | None = None, *notices: Notice) -> str:
    return openness(hours_now(hours, season, notices), instant).state


def test_a_season_may_go_over_the_new_year() -> None:
    winter, summer = ten_o_clock(2027, 1, 12), ten_o_clock(2026, 7, 14)
    assert (is_open(winter, "Tu 09:00-12:00", "11-01/03-31"), is_open(summer, "Tu 09:00-12:00", "11-01/03-31")) == (
        "open",
        "closed",
    )


def test_a_season_includes_its_first_and_last_day() -> None:
    days = [ten_o_clock(2026, 4, 14), ten_o_clock(2026, 4, 15), ten_o_clock(2026, 10, 31), ten_o_clock(2026, 11, 1)]
    assert [is_open(day, "24/7", "04-15/10-31") for day in days] == ["closed", "open", "open", "closed"]


def test_only_the_days_of_a_notice_are_changed() -> None:
    days = [ten_o_clock(2026, 12, day) for day in (1, 2, 3, 4)]
    christmas = notice(NoticeKind.HORAIRES, date(2026, 12, 2), date(2026, 12, 3), "", "We 14:00-17:00; Th 09:00-11:00")
    assert [is_open(day, "Mo-Fr 09:00-12:00", None, christmas) for day in days] == ["open", "closed", "open", "open"]


def test_when_the_hours_are_not_known_only_the_closure_is() -> None:
    assert [is_open(ten_o_clock(2026, 12, day), None, None, SOON) for day in (3, 4)] == ["closed", "unknown"]
    assert hours_now(None, None, ()) is None
