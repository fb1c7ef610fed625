from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opening_hours import validate

from catalogue.hours import Openness, moments, openness, ordinary_week, to_osm, town_hall_hours
from catalogue.needs import Moment

PARIS = ZoneInfo("Europe/Paris")


def at(day: str, hour: int, minute: int = 0) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=PARIS)


# Wednesday 10 to Tuesday 16 September 2025: an ordinary week.
TUESDAY, WEDNESDAY, SATURDAY = "2025-09-16", "2025-09-10", "2025-09-13"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Lu 13:30 - 17:00; Ma 09:00 - 12:00 / 13:30 - 17:00", "Mo 13:30-17:00; Tu 09:00-12:00,13:30-17:00; PH off"),
        ("Ma 09:00 - 12:00; Me 09:00 - 12:00; Je 09:00 - 12:00", "Tu-Th 09:00-12:00; PH off"),
        ("Mercredi 18h-19h30", "We 18:00-19:30; PH off"),
        ("Mercredi-samedi 9h30-12h / 14h-17h", "We-Sa 09:30-12:00,14:00-17:00; PH off"),
        ("Mo-Fr 9h-12h30,13h30-17h", "Mo-Fr 09:00-12:30,13:30-17:00; PH off"),
        ("Mo-Fr 09:00-12:00; We off", "Mo-Fr 09:00-12:00; We off; PH off"),
        ("Sa[1] 14:00-18:00", "Sa[1] 14:00-18:00; PH off"),
        ("Mar-Oct Sa 14:00-18:00", "Mar-Oct Sa 14:00-18:00; PH off"),
        ("We 14:00-18:00", "We 14:00-18:00; PH off"),
        ("mar 9h-12h", "Tu 09:00-12:00; PH off"),
        ("Mar 09:00-12:00", "Tu 09:00-12:00; PH off"),
        ("Sa 9h-12h, Mar 14h-18h", "Tu 14:00-18:00; Sa 09:00-12:00; PH off"),
        ("Mercredi soir à partir de 18h15", "We 18:15+; PH off"),
        ("dimanche et jours fériés 14h-18h", "Su 14:00-18:00; PH 14:00-18:00"),
    ],
)
def test_hours_that_are_plain_are_read(said: str, read: str) -> None:
    assert to_osm(said) == read


@pytest.mark.parametrize(
    "said",
    [
        "",
        "4e samedi du mois 14h-17h30 (2019), autres quartiers dates variables",
        "Premier samedi du mois",
        "9h-12h",
        "WE 14h-18h",
        "we 14:00-18:00",
        "Mardi à vendredi et un samedi par mois",
        "samedi-lundi 9h-12h",
        "Lu 09:00 - 12:00; Lu 14:00 - 17:00",
        "Je 09:00 - 12:00 / 09:00 - 16:30",
        "Lu 09:00 - 25:00",
        "Mo-Th 08:00-12:00; Fr 17:00-12:00",
        "Mo 14:00-14:00",
        "Mo-Fr 09:00-12:00; Sa",
        "Mo",
        "We 08:00",
    ],
)
def test_hours_that_could_mean_something_else_are_not_read(said: str) -> None:
    assert to_osm(said) is None


def test_a_slot_left_at_midnight_in_a_form_says_nothing() -> None:
    assert to_osm("Me 00:00 - 00:00 / 09:00 - 12:00; Ve 00:00 - 00:00") == "We 09:00-12:00; PH off"
    assert to_osm("Me 00:00 - 00:00") is None


def test_closing_after_midnight_is_understood() -> None:
    hours = to_osm("Fr 18:00-02:00")
    assert openness(hours, at(SATURDAY, 1)).state == "open"


def test_a_source_that_speaks_of_public_holidays_is_believed() -> None:
    assert to_osm("Mo-Sa 09:00-12:00; PH 10:00-11:00") == "Mo-Sa 09:00-12:00; PH 10:00-11:00"
    assert to_osm("24/7") == "24/7"


def test_a_public_service_is_closed_on_bastille_day_and_open_the_day_after() -> None:
    hours = to_osm("Lu 09:00 - 12:00; Ma 09:00 - 12:00")
    assert openness(hours, at("2025-07-14", 10)) == Openness("closed", at("2025-07-15", 9))
    assert openness(hours, at("2025-07-15", 10)) == Openness("open", at("2025-07-15", 12))


def test_a_later_rule_for_a_day_replaces_the_earlier_one() -> None:
    hours = to_osm("Mo-Fr 09:00-12:00; Tu 14:30-17:30")
    assert openness(hours, at(WEDNESDAY, 10)).state == "open"
    assert openness(hours, at(TUESDAY, 10)) == Openness("closed", at(TUESDAY, 14, 30))


def test_the_hours_of_a_town_hall_are_read_from_its_list() -> None:
    listed = (
        '[["lundi","mardi",[["09:00:00","12:00:00"],["14:00:00","17:00:00"]]],["jeudi","",[["09:00:00","12:00:00"]]]]'
    )
    assert town_hall_hours(listed) == "Mo,Tu 09:00-12:00,14:00-17:00; Th 09:00-12:00; PH off"


def test_a_day_listed_twice_by_a_town_hall_has_both_hours() -> None:
    listed = '[["lundi","lundi",[["14:00:00","17:00:00"]]],["lundi","mardi",[["09:00:00","12:00:00"]]]]'
    assert town_hall_hours(listed) == "Mo 09:00-12:00,14:00-17:00; Tu 09:00-12:00; PH off"


@pytest.mark.parametrize(
    "listed",
    [
        "",
        "[]",
        "null",
        "3",
        "[[]]",
        '[["lundi","lundi",[["13:30:30","17:00:00"]]]]',
        '[["lundi","lundi",[["17:00:00","09:00:00"]]]]',
        '[["lundi","lundi",[["09:00:00","17:00:00"],["10:00:00","12:00:00"]]]]',
        '[["monday","monday",[["09:00:00","12:00:00"]]]]',
        '[["lundi","lundi",[[9, 12]]]]',
        '[[["lundi"],"lundi",[]]]',
        "[" * 100_000,
    ],
)
def test_a_town_hall_list_that_makes_no_sense_is_not_read(listed: str) -> None:
    assert town_hall_hours(listed) is None


def test_the_next_change_is_told_on_the_clock_of_the_place() -> None:
    now = datetime(2025, 9, 15, 6, 30, tzinfo=UTC)  # 8:30 in Paris, 10:30 in Saint-Denis de La Réunion
    hours = "Mo-Fr 09:00-12:00"
    assert openness(hours, now) == Openness("closed", at("2025-09-15", 9))
    there = openness(hours, now, departement="974")
    assert there.state == "open"
    assert there.until is not None
    assert there.until.hour == 12
    assert there.until.utcoffset() == now.astimezone(ZoneInfo("Indian/Reunion")).utcoffset()


@pytest.mark.parametrize(("day", "opens"), [("2025-03-30", 2), ("2025-10-26", 1)])
def test_nine_in_the_morning_stays_nine_when_clocks_change(day: str, opens: int) -> None:
    found = openness("Mo-Su 09:00-12:00", at(day, 0))
    assert found.until is not None
    assert found.until == at(day, 9)
    assert found.until.astimezone(UTC).hour == 9 - opens


def test_what_never_changes_has_no_next_change() -> None:
    assert openness("24/7", at(TUESDAY, 3)) == Openness("open", None)


def test_what_school_holidays_change_is_unknown_for_their_dates_are() -> None:
    assert openness(to_osm("mardi 14h-18h sauf vacances scolaires"), at(TUESDAY, 15)) == Openness("unknown", None)
    assert ordinary_week("Tu 14:00-18:00; SH off") is None


def test_until_when_a_door_stays_open_is_unknown_when_only_its_opening_is_said() -> None:
    hours = to_osm("mardi 9h-12h et à partir de 18h")
    assert openness(hours, at(TUESDAY, 10)) == Openness("open", at(TUESDAY, 12))
    assert openness(hours, at(TUESDAY, 15)) == Openness("closed", at(TUESDAY, 18))
    assert openness(hours, at(TUESDAY, 20)) == Openness("unknown", None)


@pytest.mark.parametrize("hours", [None, "", "sur rendez-vous", "Mo-Fr 99:00", "Mo " * 10_000])
def test_hours_that_cannot_be_read_are_unknown(hours: str | None) -> None:
    assert openness(hours, at(TUESDAY, 10)) == Openness("unknown", None)
    assert moments(hours) == []


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        ("Mo-Fr 09:00-12:00; PH off", [Moment.SEMAINE]),
        ("We 18:00-19:30; PH off", [Moment.SOIR]),
        ("Mo-Fr 14:00-18:20", [Moment.SEMAINE]),
        ("Mo-Fr 14:00-18:30", [Moment.SEMAINE, Moment.SOIR]),
        ("Fr 18:00-02:00", [Moment.SOIR]),
        ("Sa 10:00-12:00", [Moment.WEEK_END]),
        ("Sa[1] 14:00-18:00", [Moment.WEEK_END]),
        ("Su[-1] 14:00-18:00", [Moment.WEEK_END]),
        ("Mo 06:00-08:00", []),
        ("24/7", [Moment.SEMAINE, Moment.SOIR, Moment.WEEK_END]),
    ],
)
def test_the_hours_tell_when_one_can_come(hours: str, found: list[Moment]) -> None:
    assert moments(hours) == found


DAYS = st.sampled_from(["Lu", "Ma", "Me", "Je", "Ve", "Sa", "Di"])
OSM_WORDS = st.sampled_from(
    ["Mo", "Fr", "-", ",", ";", " ", "09:00", "24:00", "PH", "off", "[1]", "week", "h", "sunset", "é"]
)


@given(st.lists(DAYS, min_size=1, max_size=7, unique=True), st.integers(0, 1438), st.data())
def test_a_day_written_in_french_is_open_just_when_it_says(days: list[str], start: int, data: st.DataObject) -> None:
    end = data.draw(st.integers(start + 1, 1439))
    clock = [f"{minute // 60:02}:{minute % 60:02}" for minute in (start, end)]
    hours = to_osm("; ".join(f"{day} {clock[0]} - {clock[1]}" for day in days))
    for number, day in enumerate(["Lu", "Ma", "Me", "Je", "Ve", "Sa", "Di"]):
        opening = datetime(2025, 9, 8 + number, *divmod(start, 60), tzinfo=PARIS)
        assert (openness(hours, opening).state == "open") == (day in days)


@given(st.one_of(st.text(max_size=60), st.lists(OSM_WORDS, max_size=12).map("".join)))
def test_whatever_is_written_is_read_or_refused_and_never_fails(said: str) -> None:
    hours = to_osm(said)
    assert hours is None or validate(hours)
    assert openness(said, at(TUESDAY, 10)).state in ("open", "closed", "unknown")
    assert set(moments(said)) <= set(Moment)
    assert town_hall_hours(said) is None
