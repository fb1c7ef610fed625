"""A feed that other programs read: the same dates as came in, and what each of them is."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import recurring_ical_events  # type: ignore[import-untyped]
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from catalogue.entries import CalendarEvent, Occurrence
from catalogue.exchange.calendars import read_calendar
from catalogue.exchange.calendars_out import calendar_of, calendar_of_one
from catalogue.hours import PARIS
from catalogue.needs import EventKind, EventStatus, Need
from catalogue.places import PlaceIndex
from catalogue.recurrence import Date, dates_of, instant
from tests.catalogue.lists import INDEX

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TWO_YEARS = timedelta(days=730)
RECURRING = Path(__file__).parent / "data" / "evenements_recurrents.ics"

ROW: dict[str, Any] = {
    "source": "essai",
    "source_id": "7",
    "nom": "Disco soupe, et danse ; pour tous",
    "kind": "disco-soupe",
    "needs": ["alimentation", "lien-social"],
    "description": "Venez nombreux. " * 20,
    "lieu": "La Ferme",
    "adresse": "3 rue des Lilas",
    "code_postal": "92000",
    "commune": "Nanterre",
    "latitude": 48.9,
    "longitude": 2.2,
    "exact": True,
    "site_web": "https://exemple.fr/soupe",
    "status": "planned",
}


@pytest.fixture(autouse=True, scope="module")
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def ical(*events: str, head: str = "") -> str:
    parts = "".join(f"BEGIN:VEVENT\nUID:7\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\n{head}{parts}END:VCALENDAR\n".replace("\n", "\r\n")


WEEKLY = "DTSTART;TZID=Europe/Paris:20261128T140000\nDURATION:PT2H\nRRULE:FREQ=WEEKLY;COUNT=3"
MOVED = "RECURRENCE-ID;TZID=Europe/Paris:20261205T140000\nDTSTART;TZID=Europe/Paris:20261206T100000"


def feed(*rows: dict[str, Any]) -> Any:
    written = calendar_of(rows, "Rendez-vous à Nanterre", NOW)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    found = Calendar.from_ical(written)
    assert isinstance(found, Calendar)
    return found


def the_event(calendar: Any) -> Any:
    (event,) = calendar.walk("VEVENT")
    assert event.errors == []
    return event


def read_back(calendar: Any, start: datetime) -> list[tuple[datetime, datetime]]:
    """What any other program makes of it: begins and ends."""
    found = recurring_ical_events.of(calendar).between(start.astimezone(PARIS), (start + TWO_YEARS).astimezone(PARIS))
    ends = ((instant(each["DTSTART"].dt), instant(each["DTEND"].dt)) for each in found)
    # What begins at an hour that does not exist may be said to end before: then it has no end.
    return sorted((begins, max(begins, end)) for begins, end in ends)


def given_dates(text: str, start: datetime) -> list[tuple[datetime, datetime]]:
    return sorted((each.starts_at, each.ends_at or each.starts_at) for each in dates_of(text, start, start + TWO_YEARS))


def test_a_feed_says_what_it_is_and_when_to_ask_again() -> None:
    calendar = feed()
    assert (calendar["VERSION"], calendar["PRODID"]) == ("2.0", "-//La Bonne Porte//Rendez-vous//FR")
    assert calendar["X-WR-CALNAME"] == "Rendez-vous à Nanterre"
    assert calendar["X-PUBLISHED-TTL"] == "PT12H"
    assert calendar["REFRESH-INTERVAL"].dt == timedelta(hours=12)
    assert [clock["TZID"] for clock in calendar.walk("VTIMEZONE")] == ["Europe/Paris"]


def test_an_event_says_what_we_know_of_it() -> None:
    event = the_event(feed(ROW | {"ical": ical(WEEKLY)}))
    assert (event["UID"], event["DTSTAMP"].dt) == ("7@essai", NOW)
    assert (event["SUMMARY"], event["DESCRIPTION"]) == (ROW["nom"], ROW["description"])
    assert event["LOCATION"] == "La Ferme, 3 rue des Lilas, 92000 Nanterre"
    assert event["GEO"].to_ical() == "48.9;2.2"
    assert event["CATEGORIES"].cats == ["disco-soupe", "alimentation", "lien-social"]
    assert (event["STATUS"], event["URL"]) == ("CONFIRMED", "https://exemple.fr/soupe")


def test_an_identifier_that_is_one_already_stays_as_it_is() -> None:
    assert the_event(feed(ROW | {"source_id": "7@exemple.fr", "ical": ical(WEEKLY)}))["UID"] == "7@exemple.fr"


def test_the_position_of_a_commune_is_not_that_of_the_event() -> None:
    assert "GEO" not in the_event(feed(ROW | {"exact": False, "ical": ical(WEEKLY)}))


def test_what_is_not_known_is_not_said() -> None:
    nothing = dict.fromkeys(("lieu", "adresse", "code_postal", "commune", "site_web"))
    event = the_event(feed(ROW | nothing | {"description": "", "ical": ical(WEEKLY)}))
    assert not {"LOCATION", "URL", "DESCRIPTION"} & event.keys()


def test_what_is_cancelled_is_said_to_be() -> None:
    assert the_event(feed(ROW | {"status": "cancelled", "ical": ical(WEEKLY)}))["STATUS"] == "CANCELLED"
    calendar = feed(ROW | {"ical": ical(WEEKLY, f"{MOVED}\nSTATUS:CANCELLED")})
    assert [event["STATUS"] for event in calendar.walk("VEVENT")] == ["CONFIRMED", "CANCELLED"]


def test_a_date_that_is_elsewhere_says_where() -> None:
    calendar = feed(ROW | {"ical": ical(f"{WEEKLY}\nLOCATION:Ici", f"{MOVED}\nLOCATION:Ailleurs")})
    assert [event["LOCATION"] for event in calendar.walk("VEVENT")] == [
        "La Ferme, 3 rue des Lilas, 92000 Nanterre",
        "Ailleurs",
    ]


def test_an_event_that_cannot_be_read_does_not_spoil_the_others() -> None:
    calendar = feed(ROW | {"ical": "rien"}, ROW | {"ical": ical(WEEKLY)})
    assert len(calendar.walk("VEVENT")) == 1


def test_what_could_pass_for_another_line_does_not() -> None:
    nasty = "Soupe\r\nSTATUS:CANCELLED\nEND:VEVENT"
    event = the_event(feed(ROW | {"nom": nasty, "lieu": nasty, "source_id": nasty, "ical": ical(WEEKLY)}))
    assert event["STATUS"] == "CONFIRMED"


CLOCK = (
    "BEGIN:VTIMEZONE\nTZID:Chez nous\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0400\n"
    "TZOFFSETTO:+0400\nEND:STANDARD\nEND:VTIMEZONE\n"
)


@pytest.mark.parametrize(
    "text",
    [
        ical(WEEKLY),
        ical(WEEKLY, MOVED),
        ical(WEEKLY, MOVED.replace("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE")),
        ical("DTSTART;VALUE=DATE:20261128\nRRULE:FREQ=MONTHLY;BYDAY=-1SA\nEXDATE;VALUE=DATE:20261226"),
        ical("DTSTART:20261128T130000Z\nRRULE:FREQ=WEEKLY;UNTIL=20270601T000000Z"),
        ical("DTSTART:20261128T130000Z\nRRULE:FREQ=WEEKLY", head="X-WR-TIMEZONE:Europe/Paris\n"),
        ical(
            "DTSTART:20261128T130000\nRRULE:FREQ=WEEKLY\nEXDATE:20270102T130000\nRDATE:20261224T180000,20261225T180000"
        ),
        ical("DTSTART;TZID=America/Martinique:20261128T130000\nRRULE:FREQ=WEEKLY"),
        ical("DTSTART:20261128T130000Z\nRDATE;VALUE=PERIOD:20261201T100000Z/PT5H,20261202T100000Z/20261202T110000Z"),
        ical("DTSTART;TZID=Chez nous:20261128T130000\nRRULE:FREQ=WEEKLY", head=CLOCK),
        ical("DTSTART;TZID=Europe/Paris:20260927T023000\nRRULE:FREQ=WEEKLY"),
    ],
)
def test_the_same_dates_are_read_back_for_two_years(text: str) -> None:
    start = datetime(2026, 9, 1, tzinfo=UTC)
    expected = given_dates(text, start)
    assert len(expected) > 1
    assert read_back(feed(ROW | {"ical": text}), start) == expected


def test_a_real_list_goes_out_with_the_dates_it_came_with(place_index: PlaceIndex) -> None:
    start = datetime(2026, 1, 1, tzinfo=PARIS)
    came = Calendar.from_ical(RECURRING.read_bytes())
    assert isinstance(came, Calendar)
    rows = read_calendar(RECURRING.read_bytes(), "essai", "agenda.ics", place_index).rows
    gone = feed(*rows.values())
    assert len(rows) == 10
    assert read_back(gone, start) == read_back(came, start)
    assert sorted(event["UID"] for event in gone.walk("VEVENT")) == sorted(uid for _source, uid in rows)


def test_what_goes_out_comes_back_as_the_same_row() -> None:
    located = {"UID": "7@exemple.fr", "SUMMARY": "Permanence", "LOCATION": "MJC\\, 3 rue des Lilas\\, 92000 Nanterre"}
    lines = "".join(f"{name}:{value}\n" for name, value in located.items())
    text = (
        f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}GEO:48.9;2.2\nCATEGORIES:sante\n{WEEKLY}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    (first,) = read_calendar(text.encode(), "essai", "agenda.ics", INDEX).rows.values()
    (again,) = read_calendar(calendar_of([first], "Essai", NOW), "essai", "agenda.ics", INDEX).rows.values()
    dates = {
        name: dates_of(row.pop("ical"), NOW, NOW + TWO_YEARS) for name, row in (("first", first), ("again", again))
    }
    assert again == first
    assert dates["again"] == dates["first"]


RULES = (
    *("FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA", "FREQ=MONTHLY;BYDAY=4SA", "FREQ=MONTHLY;BYDAY=-1FR"),
    *("FREQ=YEARLY", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=DAILY;COUNT=50", "FREQ=WEEKLY;UNTIL=20271231T000000Z"),
)


@given(
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    hour=st.sampled_from(["023000", "003000", "140000", "235900"]),
    zone=st.sampled_from([";TZID=Europe/Paris", ";TZID=Indian/Reunion", "", "Z"]),
    rule=st.sampled_from(RULES),
    lasts=st.sampled_from(["PT30M", "PT2H", "P1D", "P1DT3H"]),
    without=st.integers(0, 60),
)
@settings(max_examples=40, deadline=None)
def test_any_rule_goes_out_with_its_dates(day: date, hour: str, zone: str, rule: str, lasts: str, without: int) -> None:
    utc = zone == "Z"
    parameter, end = ("", "Z") if utc else (zone, "")
    taken = f"{day + timedelta(days=7 * without):%Y%m%d}T{hour}{end}"
    text = ical(
        f"DTSTART{parameter}:{day:%Y%m%d}T{hour}{end}\nDURATION:{lasts}\nRRULE:{rule}\nEXDATE{parameter}:{taken}"
    )
    start = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=1)
    assert read_back(feed(ROW | {"ical": text}), start) == given_dates(text, start)


def known(text: str, **became: str) -> list[dict[str, Any]]:
    """The rows of `occurrences` of a calendar, some of which became something else: `_20261205="full"`."""
    found = dates_of(text, NOW, NOW + TWO_YEARS)
    names = Date.__dataclass_fields__
    rows = [{name: getattr(each, name) for name in names} | {"status": each.status.value} for each in found]
    return [row | {"status": became.get(f"_{row['starts_at']:%Y%m%d}", row["status"])} for row in rows]


def told(calendar: Any) -> list[tuple[datetime, datetime, datetime | None, str]]:
    found = dates_of(calendar.to_ical().decode(), NOW, NOW + TWO_YEARS)
    return [(each.original_at, each.starts_at, each.ends_at, each.status.value) for each in found]


ALL_DAY = "DTSTART;VALUE=DATE:20261128\nRRULE:FREQ=WEEKLY;COUNT=3"
AWAY = f"{MOVED}\nLOCATION:Ailleurs"


@pytest.mark.parametrize("status", ["cancelled", "full", "moved"])
@pytest.mark.parametrize(
    "text",
    [
        ical(WEEKLY),
        ical(ALL_DAY),
        ical("DTSTART:20261205T130000Z\nRDATE:20261206T090000Z,20261209T130000Z"),
        ical(
            "DTSTART;TZID=Chez nous:20261121T130000\nDTEND;TZID=Chez nous:20261121T140000\nRRULE:FREQ=WEEKLY",
            head=CLOCK,
        ),
        ical("DTSTART;TZID=America/Martinique:20261205T130000\nRRULE:FREQ=MONTHLY;BYDAY=1SA;COUNT=4"),
        ical("DTSTART;TZID=Europe/Paris:20261205T140000\nDURATION:PT2H"),
        ical("DTSTART;VALUE=DATE:20261206"),
    ],
)
def test_what_a_person_said_of_a_date_is_said_of_it_alone(text: str, status: str) -> None:
    dates = known(text, _20261204=status, _20261205=status)
    assert [row["status"] for row in dates].count(status) == 1
    expected = [(row["original_at"], row["starts_at"], row["ends_at"], row["status"]) for row in dates]
    assert told(feed(ROW | {"ical": text, "dates": dates})) == expected


@pytest.mark.parametrize("status", ["cancelled", "planned"])
def test_what_a_person_said_goes_before_what_its_calendar_said_of_that_date(status: str) -> None:
    text = ical(WEEKLY, "RECURRENCE-ID;TZID=Europe/Paris:20261205T140000\nDTSTART;TZID=Europe/Paris:20261205T140000")
    said = text.replace("END:VEVENT\r\nEND:VCAL", "STATUS:CANCELLED\r\nEND:VEVENT\r\nEND:VCAL")
    calendar = feed(ROW | {"ical": said, "dates": known(said, _20261205=status)})
    assert [status for *_, status in told(calendar)] == ["planned", status, "planned"]
    assert len(calendar.walk("VEVENT")) == 2


def test_a_date_put_off_elsewhere_then_cancelled_stays_where_it_was_told() -> None:
    text = ical(f"{WEEKLY}\nLOCATION:Ici", AWAY)
    calendar = feed(ROW | {"ical": text, "dates": known(text, _20261206="cancelled")})
    usual, changed = calendar.walk("VEVENT")
    assert (usual["STATUS"], changed["STATUS"], changed["LOCATION"]) == ("CONFIRMED", "CANCELLED", "Ailleurs")
    assert changed["DTSTART"].dt == datetime(2026, 12, 6, 10, tzinfo=PARIS)


def test_what_a_person_said_of_dates_that_follow_a_change_of_hour_is_said_of_them() -> None:
    text = ical(WEEKLY, MOVED.replace("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE"))
    calendar = feed(ROW | {"ical": text, "dates": known(text, _20261213="cancelled")})
    assert [status for *_, status in told(calendar)] == ["planned", "moved", "cancelled"]


def test_dates_that_became_nothing_else_are_told_as_their_calendar_does() -> None:
    text = ical(WEEKLY, AWAY)
    assert feed(ROW | {"ical": text, "dates": known(text)}) == feed(ROW | {"ical": text})


def test_a_date_that_its_calendar_took_away_is_not_told_again() -> None:
    gone = known(ical(WEEKLY), _20261205="cancelled")
    text = ical(f"{WEEKLY}\nEXDATE;TZID=Europe/Paris:20261205T140000")
    assert feed(ROW | {"ical": text, "dates": gone}) == feed(ROW | {"ical": text})


def an_occurrence(**changed: Any) -> Occurrence:
    said: dict[str, Any] = {name: ROW.get(name) for name in CalendarEvent.__dataclass_fields__}
    kinds = {"kind": EventKind.DISCO_SOUPE, "needs": (Need.ALIMENTATION, Need.LIEN_SOCIAL)}
    at = datetime(2026, 11, 28, 13, tzinfo=UTC)
    usual = {"original_at": at, "starts_at": at, "ends_at": at + timedelta(hours=2), "all_day": False}
    sure: dict[str, Any] = {"status": EventStatus.PLANNED, "confirmed_at": None}
    return Occurrence(CalendarEvent(**{**said, **kinds, "id": 7}), **{**usual, **sure, **changed})


def one(occurrence: Occurrence) -> Any:
    calendar = Calendar.from_ical(calendar_of_one(occurrence, NOW))
    assert isinstance(calendar, Calendar)
    return the_event(calendar)


def test_one_date_is_an_event_of_its_own() -> None:
    event = one(an_occurrence())
    assert event["UID"] == "7-1795870800@la-bonne-porte"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (
        datetime(2026, 11, 28, 13, tzinfo=UTC),
        datetime(2026, 11, 28, 15, tzinfo=UTC),
    )
    assert event["LOCATION"] == "La Ferme, 3 rue des Lilas, 92000 Nanterre"
    assert event["CATEGORIES"].cats == ["disco-soupe", "alimentation", "lien-social"]


def test_a_date_that_is_moved_is_the_same_event_elsewhen() -> None:
    later = datetime(2026, 11, 29, 13, tzinfo=UTC)
    moved = one(an_occurrence(starts_at=later, ends_at=None, status=EventStatus.MOVED))
    assert (moved["UID"], moved["DTSTART"].dt) == ("7-1795870800@la-bonne-porte", later)
    assert "DTEND" not in moved


def test_a_date_that_lasts_all_day_has_no_hours() -> None:
    midnight = datetime(2026, 11, 27, 23, tzinfo=UTC)
    event = one(an_occurrence(starts_at=midnight, ends_at=midnight + timedelta(days=1), all_day=True))
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 11, 28), date(2026, 11, 29))


@pytest.mark.parametrize(
    ("status", "confirmed_at", "said"),
    [
        (EventStatus.PLANNED, None, "TENTATIVE"),
        (EventStatus.PLANNED, NOW, "CONFIRMED"),
        (EventStatus.MOVED, None, "TENTATIVE"),
        (EventStatus.CANCELLED, None, "CANCELLED"),
        (EventStatus.CANCELLED, NOW, "CANCELLED"),
    ],
)
def test_one_date_says_how_sure_it_is(status: EventStatus, confirmed_at: datetime | None, said: str) -> None:
    assert one(an_occurrence(status=status, confirmed_at=confirmed_at))["STATUS"] == said
