import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import Engine, func, select

from catalogue.database import reading
from catalogue.events import near
from catalogue.exchange.events_in import EventsReport, read_events, take_in_events
from catalogue.exchange.reading import Reading
from catalogue.tables import events, initiatives, occurrences
from tests.catalogue.lists import INDEX

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    """What is over is refused: it must be the same day for ever."""
    with time_machine.travel(NOW, tick=False):
        yield


def vevent(uid: str, summary: str = "Repair café", day: str = "20261128") -> str:
    when = f"DTSTART;TZID=Europe/Paris:{day}T140000\nDTEND;TZID=Europe/Paris:{day}T170000"
    where = "LOCATION:Maison des voisins\\, 92000 Nanterre\nGEO:48.89;2.21"
    return f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nSUMMARY:{summary}\n{when}\n{where}\nEND:VEVENT\n"


def calendar(*vevents: str) -> bytes:
    whole = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//essai//FR\n{''.join(vevents)}END:VCALENDAR\n"
    return whole.replace("\n", "\r\n").encode()


def read(content: bytes, source: str = "mairie") -> Reading:
    return read_events(content, source, "calendrier.ics", INDEX)


def taken(engine: Engine, content: bytes, now: datetime = NOW, *, dry_run: bool = False) -> EventsReport:
    (report,) = take_in_events(engine, read(content), now, source="mairie", dry_run=dry_run)
    return report


def vanished(engine: Engine) -> dict[str, date | None]:
    with reading(engine) as connection:
        found = connection.execute(select(events.c.source_id, events.c.vanished_at))
        return {row.source_id: row.vanished_at for row in found}


def test_a_calendar_taken_in_twice_changes_nothing_the_second_time(engine: Engine) -> None:
    content = calendar(vevent("1"), vevent("2", "Disco soupe"))
    assert taken(engine, content) == EventsReport("mairie", created=2)
    assert taken(engine, content) == EventsReport("mairie", unchanged=2)
    with reading(engine) as connection:
        found = near(connection, (48.89, 2.21), NOW, NOW + timedelta(days=7), None)
    assert sorted(each.event.nom for each in found) == ["Disco soupe", "Repair café"]


def test_what_changed_what_is_new_and_what_vanished_is_told(engine: Engine) -> None:
    taken(engine, calendar(vevent("1"), vevent("2"), vevent("3")))
    report = taken(engine, calendar(vevent("1"), vevent("2", day="20261129"), vevent("4")))
    assert report == EventsReport("mairie", created=1, changed=1, unchanged=1, vanished=1)
    assert vanished(engine) == {"1": None, "2": None, "3": NOW.date(), "4": None}
    assert taken(engine, calendar(vevent("1"), vevent("2"), vevent("3"), vevent("4"))).vanished == 0
    assert vanished(engine)["3"] is None


def test_what_took_place_does_not_vanish(engine: Engine) -> None:
    taken(engine, calendar(vevent("1"), vevent("2", day="20261205")))
    assert taken(engine, calendar(vevent("2", day="20261205")), NOW + timedelta(days=7)).vanished == 0
    assert vanished(engine)["1"] is None


def test_a_calendar_that_holds_nothing_any_more_lets_all_it_held_vanish(engine: Engine) -> None:
    taken(engine, calendar(vevent("1")))
    assert taken(engine, calendar()) == EventsReport("mairie", vanished=1)


def test_nothing_vanishes_when_a_part_could_not_be_read(engine: Engine) -> None:
    taken(engine, calendar(vevent("1"), vevent("2")))
    without_uid = vevent("2").replace("UID:2\n", "")
    assert taken(engine, calendar(vevent("1"), without_uid)) == EventsReport("mairie", unchanged=1, refused=1)
    assert taken(engine, b"<html>Erreur</html>") == EventsReport("mairie", refused=1)
    assert set(vanished(engine).values()) == {None}


def test_a_series_that_its_calendar_ended_has_vanished(engine: Engine) -> None:
    weekly = vevent("1").replace("END:VEVENT", "RRULE:FREQ=WEEKLY\nEND:VEVENT")
    taken(engine, calendar(weekly, vevent("2")))
    ended = weekly.replace("FREQ=WEEKLY", "FREQ=WEEKLY;UNTIL=20200101T000000Z").replace("DTSTART:2026", "DTSTART:2019")
    report = taken(engine, calendar(ended, vevent("2")))
    assert (report.vanished, report.refused) == (1, 1)
    assert vanished(engine)["1"] is not None
    assert vanished(engine)["2"] is None


def test_what_is_refused_is_counted_and_has_not_vanished(engine: Engine) -> None:
    taken(engine, calendar(vevent("1"), vevent("2")))
    unreadable = vevent("2").replace("DTSTART;TZID=Europe/Paris:2026", "DTSTART;TZID=Europe/Paris:le ")
    assert taken(engine, calendar(vevent("1"), unreadable)) == EventsReport("mairie", unchanged=1, refused=1)
    assert vanished(engine)["2"] is None


def test_an_event_whose_dates_cannot_be_followed_is_refused_with_its_name(engine: Engine) -> None:
    found = read(calendar(vevent("1"), vevent("2")))
    found.rows["mairie", "1"]["ical"] = "illisible"
    assert take_in_events(engine, found, NOW) == [EventsReport("mairie", created=2, refused=1)]
    assert [refused.reason.partition(" : ")[0] for refused in found.refused] == ["Repair café"]


def test_a_dry_run_says_everything_and_writes_nothing(engine: Engine) -> None:
    taken(engine, calendar(vevent("1"), vevent("2")))
    report = taken(engine, calendar(vevent("1", "Autre nom"), vevent("3")), dry_run=True)
    assert report == EventsReport("mairie", created=1, changed=1, vanished=1)
    assert vanished(engine) == {"1": None, "2": None}
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(occurrences)) == 2


def test_the_same_identifier_in_two_calendars_is_two_events(engine: Engine) -> None:
    for source in ("mairie", "centre social"):
        take_in_events(engine, read(calendar(vevent("1")), source), NOW)
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(events)) == 2


def test_each_format_is_recognised_by_what_it_holds() -> None:
    assert set(read(calendar(vevent("1"))).rows) == {("mairie", "1")}
    assert set(read(b"\xef\xbb\xbf" + calendar(vevent("1"))).rows) == {("mairie", "1")}
    agenda = {
        "uid": 7,
        "title": {"fr": "Repair café"},
        "description": {"fr": "On répare ensemble"},
        "timings": [{"begin": "2026-11-28T14:00:00+01:00", "end": "2026-11-28T17:00:00+01:00"}],
        "location": {"name": "Maison des voisins", "city": "Nanterre", "postalCode": "92000", "insee": "92050"},
    }
    found = read(b" \n" + json.dumps({"total": 1, "events": [agenda]}).encode())
    assert [row["nom"] for row in found.rows.values()] == ["Repair café"]


def test_the_shipped_events_are_those_of_known_initiatives_and_nobody_has_confirmed_them(
    shipped_engine: Engine,
) -> None:
    with reading(shipped_engine) as connection:
        shipped = connection.execute(select(events)).mappings().all()
        names = connection.execute(select(initiatives.c.id, initiatives.c.nom)).all()
        confirmed = select(func.count(occurrences.c.confirmed_at))
        assert connection.scalar(confirmed) == 0
    known = {row.id: row.nom for row in names}
    assert len(shipped) == 10
    assert [known[event["initiative_id"]] for event in shipped] == [event["nom"] for event in shipped]
    assert not any(event["exact"] for event in shipped)  # only their communes have a known position
    assert all("DTSTART;TZID=Europe/Paris:202601" in event["ical"] for event in shipped)
