"""When an event takes place: both changes of clock, what differs for one date, and what would take too long."""

import resource
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.hours import PARIS
from catalogue.needs import EventStatus
from catalogue.recurrence import HORIZON, Date, Unreadable, dates_of

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
AT = "DTSTART;TZID=Europe/Paris:20261128T140000"
TWO_HOURS = "DURATION:PT2H"


def calendar(*events: str, head: str = "") -> str:
    parts = "".join(f"BEGIN:VEVENT\nUID:1@exemple.fr\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{parts}END:VCALENDAR\n".replace("\n", "\r\n")


def an_event(*lines: str) -> str:
    return "\n".join(lines)


def dates(*events: str, start: datetime = NOW, end: datetime = NOW + HORIZON, head: str = "") -> list[Date]:
    return dates_of(calendar(*events, head=head), start, end)


def local(found: list[Date]) -> list[str]:
    return [f"{each.starts_at.astimezone(PARIS):%d/%m/%Y %H:%M}" for each in found]


def test_one_date_has_its_hours_in_utc() -> None:
    (only,) = dates(an_event(AT, TWO_HOURS))
    starts_at = datetime(2026, 11, 28, 13, tzinfo=UTC)
    assert only == Date(starts_at, starts_at, starts_at + timedelta(hours=2), False, EventStatus.PLANNED)


def test_an_event_without_an_end_has_none() -> None:
    assert [each.ends_at for each in dates(an_event(AT))] == [None]


def test_an_hour_without_a_time_zone_is_that_of_paris() -> None:
    assert local(dates("DTSTART:20261128T140000")) == ["28/11/2026 14:00"]


def test_an_hour_without_a_time_zone_is_that_of_its_calendar() -> None:
    found = dates("DTSTART:20261128T140000", head="X-WR-TIMEZONE:Indian/Reunion\n")
    assert local(found) == ["28/11/2026 11:00"]


def test_a_time_zone_that_does_not_exist_is_passed_over() -> None:
    assert local(dates("DTSTART:20261128T140000", head="X-WR-TIMEZONE:Nulle/Part\n")) == ["28/11/2026 14:00"]


def test_an_event_of_the_day_begins_at_local_midnight() -> None:
    (only,) = dates("DTSTART;VALUE=DATE:20261128")
    assert only.all_day
    assert (only.starts_at, only.ends_at) == (
        datetime(2026, 11, 27, 23, tzinfo=UTC),
        datetime(2026, 11, 28, 23, tzinfo=UTC),
    )


def test_an_event_of_the_day_is_over_at_local_midnight() -> None:
    midnight = datetime(2026, 11, 28, 23, tzinfo=UTC)
    day = "DTSTART;VALUE=DATE:20261128"
    assert dates(day, start=midnight) == []
    assert len(dates(day, start=midnight - timedelta(minutes=1))) == 1
    assert dates(day, end=midnight - timedelta(days=1)) == []


def test_what_is_going_on_is_still_a_date_and_what_is_over_is_not() -> None:
    event = an_event(AT, TWO_HOURS)
    ends_at = datetime(2026, 11, 28, 15, tzinfo=UTC)
    assert len(dates(event, start=ends_at - timedelta(seconds=1))) == 1
    assert dates(event, start=ends_at) == []
    assert dates(event, end=datetime(2026, 11, 28, 13, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=MONTHLY;BYDAY=4SA", ["28/11/2026", "26/12/2026", "23/01/2027"]),
        ("FREQ=MONTHLY;BYDAY=-1SA", ["28/11/2026", "26/12/2026", "30/01/2027"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["28/11/2026", "30/11/2026", "31/12/2026", "29/01/2027"]),
        ("FREQ=WEEKLY;COUNT=3", ["28/11/2026", "05/12/2026", "12/12/2026"]),
        ("FREQ=WEEKLY;UNTIL=20261205T130000Z", ["28/11/2026", "05/12/2026"]),
    ],
)
def test_a_rule_gives_its_dates(rule: str, expected: list[str]) -> None:
    found = dates(an_event(AT, f"RRULE:{rule}"), end=datetime(2027, 2, 1, tzinfo=UTC))
    assert local(found) == [f"{day} 14:00" for day in expected]


def test_the_hour_stays_the_same_through_both_changes_of_clock() -> None:
    event = an_event("DTSTART;TZID=Europe/Paris:20261010T140000", "RRULE:FREQ=WEEKLY")
    found = dates(event, start=datetime(2026, 10, 1, tzinfo=UTC), end=datetime(2027, 4, 30, tzinfo=UTC))
    assert {f"{each.starts_at.astimezone(PARIS):%H:%M}" for each in found} == {"14:00"}
    assert {each.starts_at.hour for each in found} == {12, 13}


def test_half_past_two_happens_once_the_night_it_comes_twice() -> None:
    event = an_event("DTSTART;TZID=Europe/Paris:20261023T023000", "RRULE:FREQ=DAILY;COUNT=4")
    found = dates(event, start=datetime(2026, 10, 20, tzinfo=UTC), end=datetime(2026, 10, 30, tzinfo=UTC))
    assert [f"{each.starts_at:%d %H:%M}" for each in found] == ["23 00:30", "24 00:30", "25 00:30", "26 01:30"]


def test_half_past_two_happens_once_the_night_it_does_not_come() -> None:
    event = an_event("DTSTART;TZID=Europe/Paris:20270327T023000", "RRULE:FREQ=DAILY;COUNT=3")
    found = dates(event, start=datetime(2027, 3, 20, tzinfo=UTC), end=datetime(2027, 3, 30, tzinfo=UTC))
    assert [f"{each.starts_at:%d %H:%M}" for each in found] == ["27 01:30", "28 01:30", "29 00:30"]
    assert local(found)[1] == "28/03/2027 03:30"  # RFC 5545, 3.3.5: by the clock of before


def test_a_leap_day_comes_every_four_years() -> None:
    event = an_event("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY")
    found = dates(event, end=datetime(2033, 1, 1, tzinfo=UTC))
    assert [f"{each.starts_at.astimezone(PARIS):%d/%m/%Y}" for each in found] == ["29/02/2028", "29/02/2032"]


def test_dates_are_added_and_taken_away_one_by_one() -> None:
    event = an_event(
        AT,
        "RRULE:FREQ=WEEKLY;COUNT=3",
        "EXDATE;TZID=Europe/Paris:20261205T140000",
        "RDATE;TZID=Europe/Paris:20261224T180000",
    )
    assert local(dates(event)) == ["28/11/2026 14:00", "12/12/2026 14:00", "24/12/2026 18:00"]


WEEKLY = an_event(AT, TWO_HOURS, "RRULE:FREQ=WEEKLY;COUNT=3", "LOCATION:Ici")
SECOND = datetime(2026, 12, 5, 13, tzinfo=UTC)


def one_differs(*lines: str) -> list[Date]:
    return dates(WEEKLY, an_event("RECURRENCE-ID;TZID=Europe/Paris:20261205T140000", *lines))


def test_a_date_that_is_moved_keeps_when_it_was_to_begin() -> None:
    found = one_differs("DTSTART;TZID=Europe/Paris:20261206T100000", "DTEND;TZID=Europe/Paris:20261206T110000")
    assert local(found) == ["28/11/2026 14:00", "06/12/2026 10:00", "12/12/2026 14:00"]
    assert [each.original_at for each in found][1] == SECOND
    assert [each.status for each in found] == [EventStatus.PLANNED, EventStatus.MOVED, EventStatus.PLANNED]


def test_a_date_that_is_elsewhere_is_moved() -> None:
    found = one_differs("DTSTART;TZID=Europe/Paris:20261205T140000", "LOCATION:Ailleurs")
    assert (found[1].status, found[1].starts_at) == (EventStatus.MOVED, SECOND)


def test_a_date_that_only_lasts_longer_is_not_moved() -> None:
    found = one_differs("DTSTART;TZID=Europe/Paris:20261205T140000", "DURATION:PT5H")
    assert (found[1].status, found[1].ends_at) == (EventStatus.PLANNED, SECOND + timedelta(hours=5))


def test_one_date_is_cancelled() -> None:
    found = one_differs("DTSTART;TZID=Europe/Paris:20261206T140000", "STATUS:CANCELLED")
    assert [each.status for each in found] == [EventStatus.PLANNED, EventStatus.CANCELLED, EventStatus.PLANNED]


def test_all_the_dates_are_cancelled() -> None:
    moved = an_event("RECURRENCE-ID;TZID=Europe/Paris:20261205T140000", "DTSTART:20261206T100000", "STATUS:CONFIRMED")
    for others in ((), (moved,)):
        found = dates(an_event(WEEKLY, "STATUS:CANCELLED"), *others)
        assert [each.status for each in found] == [EventStatus.CANCELLED] * 3


def test_what_is_full_is_said_to_be() -> None:
    found = dates(an_event(WEEKLY, "X-BONNEPORTE-STATUS:FULL"))
    assert {each.status for each in found} == {EventStatus.FULL}


def test_all_the_next_dates_are_moved_and_each_keeps_when_it_was_to_begin() -> None:
    later = an_event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Paris:20261205T140000",
        "DTSTART;TZID=Europe/Paris:20261205T160000",
        TWO_HOURS,
    )
    found = dates(WEEKLY, later)
    assert local(found) == ["28/11/2026 14:00", "05/12/2026 16:00", "12/12/2026 16:00"]
    assert [each.original_at for each in found] == [each.original_at for each in dates(WEEKLY)]


def test_a_date_that_is_read_again_from_another_day_is_the_same() -> None:
    whole = dates(WEEKLY)
    assert dates(WEEKLY, start=NOW + timedelta(days=10)) == whole[1:]


def test_a_time_zone_of_its_own_is_followed() -> None:
    clock = (
        "BEGIN:VTIMEZONE\nTZID:La-Réunion\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0400\n"
        "TZOFFSETTO:+0400\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    assert local(dates("DTSTART;TZID=La-Réunion:20261128T140000", head=clock)) == ["28/11/2026 11:00"]


HOURS = ",".join(map(str, range(24)))
MINUTES = ",".join(map(str, range(60)))
MANY = ",".join(["20261201T100000"] * 5_000)
BOMBS = {
    "every second": an_event(AT, "RRULE:FREQ=SECONDLY"),
    "every minute": an_event(AT, "RRULE:FREQ=MINUTELY;INTERVAL=1"),
    "every hour": an_event(AT, "RRULE:FREQ=HOURLY;BYSETPOS=2"),
    "since the year 1": an_event("DTSTART:00010101T000000", "RRULE:FREQ=DAILY"),
    "since the year 1, once a year": an_event("DTSTART:00010101T000000", "RRULE:FREQ=YEARLY"),
    "a 30th of February, day by day": an_event(AT, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    "a 30th of February, week by week": an_event(AT, "RRULE:FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30"),
    "a 30th of February, month by month": an_event(AT, "RRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"),
    "a 30th of February, year by year": an_event(AT, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    "three rules that give nothing": an_event(AT, *(f"RRULE:FREQ=DAILY;BYSETPOS={n}" for n in (2, 3, 4))),
    "ten rules": an_event(AT, *(f"RRULE:FREQ=DAILY;INTERVAL={n}" for n in range(1, 11))),
    "every day but the same one": an_event(AT, "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO"),
    "no interval": an_event(AT, "RRULE:FREQ=DAILY;INTERVAL=0"),
    "a huge count": an_event(AT, "RRULE:FREQ=DAILY;COUNT=1000000000"),
    "every minute of the day": an_event(AT, f"RRULE:FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={MINUTES}"),
    "every second of the day": an_event(AT, f"RRULE:FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={MINUTES};BYSECOND={MINUTES}"),
    "every hour of the day": an_event(AT, f"RRULE:FREQ=DAILY;BYHOUR={HOURS}"),
    "an endless list": an_event(AT, f"RRULE:FREQ=YEARLY;BYYEARDAY={','.join(['1'] * 50_000)}"),
    "thousands of dates": an_event(AT, f"RDATE:{MANY}"),
    "thousands of dates taken away": an_event(AT, "RRULE:FREQ=DAILY", f"EXDATE:{MANY}"),
    "dates that last for years": an_event(AT, "DURATION:P9999D", "RRULE:FREQ=DAILY"),
    "a date that lasts for ever": an_event(AT, "DURATION:P999999999D"),
    "no date": "SUMMARY:Rien",
    "a date of no calendar": "DTSTART:20261331T140000",
    "no rule": an_event(AT, "RRULE:FREQ=JAMAIS"),
    "an old form": an_event(AT, "RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_would_take_too_long_is_refused(bomb: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Unreadable):
        dates(BOMBS[bomb])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_thousands_of_dates_that_differ_are_refused() -> None:
    others = [an_event(f"RECURRENCE-ID:20261205T{n // 60:02}{n % 60:02}00Z", AT) for n in range(1_200)]
    with pytest.raises(Unreadable, match="trop de dates modifiées"):
        dates(WEEKLY, *others)


def test_a_time_zone_that_changes_every_second_is_refused() -> None:
    clock = (
        "BEGIN:VTIMEZONE\nTZID:Seconde\nBEGIN:STANDARD\nDTSTART:16010101T000000\nRRULE:FREQ=SECONDLY\n"
        "TZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    with pytest.raises(Unreadable, match="fuseau"):
        dates("DTSTART;TZID=Seconde:20261128T140000", head=clock)


@given(st.text() | st.text(alphabet="BEGIN:VCALDRTSO;=0123456789\n", max_size=200))
def test_any_text_gives_dates_or_is_refused(said: str) -> None:
    with suppress(Unreadable):
        assert dates_of(said, NOW, NOW + HORIZON) == []


LINES = (
    *(AT, TWO_HOURS, "DTSTART;VALUE=DATE:20261128", "DTSTART:20270328T023000", "DTEND:20261128T100000Z"),
    *("RRULE:FREQ=WEEKLY", "RRULE:FREQ=MONTHLY;BYDAY=-1SA", "RRULE:FREQ=DAILY;UNTIL=20261231", "RRULE:", "EXDATE:"),
    *("RDATE;VALUE=PERIOD:20261201T100000Z/PT1H", "RDATE;VALUE=DATE:20261201", "EXDATE;VALUE=DATE:20261205"),
    *("RECURRENCE-ID:20261205T130000Z", "RECURRENCE-ID;VALUE=DATE:20261205", "SEQUENCE:2", "SEQUENCE:x"),
    *("RECURRENCE-ID;RANGE=THISANDFUTURE:20261205T130000Z", "STATUS:CANCELLED", "DURATION:-PT2H", "DTSTART:140000"),
    *("DTSTART;TZID=Nulle/Part:20261128T140000", "DTSTART:00010101T000000", "DTEND:99991231T235959", "UID:2"),
)


@given(st.lists(st.lists(st.sampled_from(LINES), min_size=1, max_size=6), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_any_lines_give_dates_in_order_each_once_or_are_refused(events: list[list[str]]) -> None:
    try:
        found = dates(*map("\n".join, events))
    except Unreadable:
        return
    assert [each.starts_at for each in found] == sorted(each.starts_at for each in found)
    assert len({each.original_at for each in found}) == len(found)
    assert all(each.starts_at < NOW + HORIZON and (each.ends_at or each.starts_at) >= NOW for each in found)


@given(
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.times(),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY;BYDAY=-1SU", "YEARLY"]),
)
@settings(deadline=None)
def test_each_date_is_at_the_hour_that_was_said(day: date, hour: object, frequency: str) -> None:
    first = datetime.combine(day, hour).replace(microsecond=0, fold=0)  # type: ignore[arg-type]
    event = an_event(f"DTSTART;TZID=Europe/Paris:{first:%Y%m%dT%H%M%S}", f"RRULE:FREQ={frequency}")
    found = dates(event, start=first.replace(tzinfo=PARIS), end=first.replace(tzinfo=PARIS) + HORIZON)
    shown = {each.starts_at.astimezone(PARIS).replace(tzinfo=None, fold=0) for each in found}
    assert len(shown) == len(found) >= 1
    never = {each for each in shown if each.time() != first.time()}
    assert never <= {each for each in shown if (each.month, each.hour) == (3, 3)}  # the night without two o'clock
