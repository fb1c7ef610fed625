"""Events that people announce: written once, by who answers for them, and then events like any other."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from catalogue import event_additions
from catalogue.additions import SOURCE, Additions, add
from catalogue.database import reading, writing
from catalogue.event_additions import EventAdditions, calendar_of
from catalogue.events import extend_dates, in_area, mark_vanished, near, save_events
from catalogue.exchange.calendars_out import calendar_of as exported
from catalogue.needs import Need, Role, Settled
from catalogue.recurrence import dates_of
from catalogue.roles import Who
from catalogue.tables import askings, events, occurrences
from scheduler import asking
from tests.handlers.memory import NANTERRE
from tests.people import CHANNEL, People
from tests.scheduler.telling import COMPOSERS, a_date, paris

NOW = paris(11, 24, 10)
TOKEN = "c" * 32
ONCE = {"starts": ["2026-12-12T14:00"], "ends": "17:00", "rule": "", "until": ""}
OFTEN = {"starts": ["2026-12-02T15:00"], "ends": "", "rule": "FREQ=MONTHLY;BYDAY=1WE", "until": ""}
SOMEONE: Who = (CHANNEL, "2001")


def content(**said: Any) -> dict[str, Any]:
    known = {
        "jeton": TOKEN,
        "nom": "Disco soupe",
        "kind": "disco-soupe",
        "needs": ["alimentation"],
        "description": "On cuisine ensemble. Gratuit.",
        "initiative_id": None,
        "commune": "Nanterre",
        "code_postal": "92000",
        "code_insee": "92050",
        "departement": "92",
        "latitude": 48.8922,
        "longitude": 2.2069,
        "exact": True,
        "telephone": "01 47 29 50 50",
        "quand": ONCE,
    }
    return known | said


@pytest.fixture
def people(engine: Engine) -> People:
    """A guide whose correspondent of Nanterre is SOMEONE."""
    people = People(engine)
    people.with_a_role(SOMEONE[1], Role.CORRESPONDANT)
    return people


def announced(people: People, who: Who = SOMEONE, **said: Any) -> int | None:
    with writing(people.engine) as connection:
        return add(connection, who, content(**said), NOW)


def count(people: People) -> int:
    with reading(people.engine) as connection:
        return connection.scalar(select(func.count()).select_from(events)) or 0


# ---- written, once, by who answers for it ---------------------------------------------------------


def test_an_event_is_written_once_and_found_around(people: People) -> None:
    first = announced(people)
    assert first is not None
    assert announced(people, nom="Autre chose") == first
    with reading(people.engine) as connection:
        around = near(connection, (48.89, 2.2), NOW, NOW + timedelta(days=31), Need.ALIMENTATION)
        assert [(one.event.id, one.starts_at, one.ends_at) for one in around] == [
            (first, paris(12, 12, 14), paris(12, 12, 17))
        ]
        row = connection.execute(select(events)).mappings().one()
    assert (row["source"], row["source_id"], row["status"], row["nom"]) == (SOURCE, TOKEN, "planned", "Disco soupe")
    assert row["learnt_at"] == NOW


def test_whoever_does_not_answer_for_it_writes_nothing(people: People) -> None:
    ours, theirs = people.entry(1), people.entry(2, code_insee="92071", commune="Sceaux")
    organiser = people.with_a_role("2002", Role.ORGANISATEUR, (), initiatives=[ours])
    assert announced(people, (CHANNEL, "2003")) is None
    assert announced(people, code_insee="92071") is None
    assert announced(people, initiative_id=theirs) is None
    assert announced(people, initiative_id=999) is None
    assert announced(people, (CHANNEL, organiser.number)) is None
    assert announced(people, (CHANNEL, organiser.number), initiative_id=theirs) is None
    assert count(people) == 0
    assert announced(people, (CHANNEL, organiser.number), initiative_id=ours)


def test_dates_that_are_over_or_that_no_calendar_can_tell_are_not_written(people: People) -> None:
    assert announced(people, quand={**ONCE, "starts": ["2026-11-23T14:00"]}) is None
    assert announced(people, quand={**OFTEN, "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}) is None
    assert count(people) == 0


def test_whose_it_is_stays_as_a_person_said_whatever_its_name(people: People) -> None:
    namesake = people.entry(1, nom="Disco soupe")
    nobody_s = announced(people)
    theirs = announced(people, jeton="d" * 32, nom="Tout autre chose", initiative_id=namesake)
    with reading(people.engine) as connection:
        rows = connection.execute(select(events.c.id, events.c.initiative_id))
        whose = {row.id: row.initiative_id for row in rows}
    assert whose == {nobody_s: None, theirs: namesake}


# ---- its calendar ---------------------------------------------------------------------------------


def test_hours_are_those_of_the_clock_of_the_place_through_its_changes() -> None:
    often = {**OFTEN, "rule": "FREQ=MONTHLY;BYDAY=-1SU", "starts": ["2027-02-28T15:00"]}
    found = dates_of(calendar_of(content(quand=often)), paris(2, 1, year=2027), paris(5, 1, year=2027))
    assert [one.starts_at for one in found] == [
        paris(month, day, 15, year=2027) for month, day in ((2, 28), (3, 28), (4, 25))
    ]
    far = calendar_of(content(departement="974"))
    assert dates_of(far, NOW, NOW + timedelta(days=31))[0].starts_at == paris(12, 12, 11)


def test_several_days_and_an_end_after_midnight_are_told() -> None:
    several = {**ONCE, "starts": ["2026-12-12T20:00", "2026-12-19T20:00"], "ends": "01:00"}
    found = dates_of(calendar_of(content(quand=several)), NOW, NOW + timedelta(days=62))
    assert [(one.starts_at, one.ends_at) for one in found] == [
        (paris(12, day, 20), paris(12, day + 1, 1)) for day in (12, 19)
    ]


def test_what_recurs_ends_on_its_last_day_included() -> None:
    until = {**OFTEN, "until": "2027-02-03"}
    found = dates_of(calendar_of(content(quand=until)), NOW, NOW + timedelta(days=300))
    assert found[-1].starts_at == paris(2, 3, 15, year=2027)
    assert len(found) == 3


def test_a_title_is_kept_as_it_is_written_and_is_nothing_else_in_a_calendar(people: People) -> None:
    nom = 'BEGIN:VEVENT; "Bal", <b>=1+1</b> \\n \u202e END:VCALENDAR'
    id_ = announced(people, nom=nom)
    assert len(dates_of(calendar_of(content(nom=nom)), NOW, NOW + timedelta(days=60))) == 1
    with reading(people.engine) as connection:
        assert connection.scalar(select(events.c.nom).where(events.c.id == id_)) == nom
        assert exported(in_area(connection, None, None, NOW), "Essai", NOW).decode().count("\r\nBEGIN:VEVENT") == 1


# ---- an event like any other ----------------------------------------------------------------------


def test_its_dates_are_written_as_they_come_nearer_and_no_feed_makes_it_vanish(people: People) -> None:
    announced(people, quand=OFTEN)
    with writing(people.engine) as connection:
        save_events(connection, [], NOW)
        mark_vanished(connection, "mairie", frozenset(), NOW)
        extend_dates(connection, NOW + timedelta(days=60))
        starts = connection.scalars(select(occurrences.c.starts_at).order_by(occurrences.c.starts_at)).all()
        assert connection.scalar(select(events.c.vanished_at)) is None
    assert starts[-1] == paris(4, 7, 15, year=2027)


def test_it_is_in_the_calendars_one_subscribes_to_under_a_name_of_its_own(people: People) -> None:
    announced(people, quand=OFTEN)
    with reading(people.engine) as connection:
        text = exported(in_area(connection, None, None, NOW), "Essai", NOW).decode()
    assert f"UID:{TOKEN}@{SOURCE}" in text
    assert "DTSTART;TZID=Europe/Paris:20261202T150000" in text
    assert "RRULE:FREQ=MONTHLY;BYDAY=1WE" in text


def test_two_days_before_it_is_asked_whether_it_stands(people: People) -> None:
    id_ = announced(people) or 0
    before = paris(12, 11, 10)
    with writing(people.engine) as connection:
        assert asking.ask(connection, before, COMPOSERS) == 1
        assert connection.scalars(select(askings.c.event_id)).all() == [id_]
        asking.answer(connection, SOMEONE, (id_, paris(12, 12, 14)), Settled.OUI, before)
        assert connection.scalar(select(occurrences.c.confirmed_role)) == Role.CORRESPONDANT


# ---- what may be there already --------------------------------------------------------------------


def alike(people: People, **said: Any) -> list[str]:
    with reading(people.engine) as connection:
        found = EventAdditions(connection, SOMEONE, NOW).alike(content(**said))
    return [one.event.nom for one in found]


def test_events_of_the_commune_of_a_like_title_within_a_day_are_alike(people: People) -> None:
    for nom, day, insee in (
        ("Grande disco-soupe", 12, "92050"),
        ("Disco soupe", 13, "92050"),
        ("Disco soupe de printemps", 20, "92050"),
        ("Disco soupe d'à côté", 12, "92071"),
        ("Repair café", 12, "92050"),
    ):
        a_date(people.engine, paris(12, day, 13), nom, code_insee=insee)
    assert sorted(alike(people)) == ["Disco soupe", "Grande disco-soupe"]
    assert alike(people, nom="Bal") == []


def test_each_date_of_what_recurs_is_compared_and_an_event_told_once(people: People) -> None:
    other = announced(people, quand=OFTEN, jeton="e" * 32)
    assert other
    assert alike(people, quand=OFTEN) == ["Disco soupe"]
    assert alike(people, quand={**ONCE, "starts": ["2027-01-06T15:00"]}) == ["Disco soupe"]


def test_an_event_of_the_same_entry_at_the_same_hour_is_alike_whatever_its_title(people: People) -> None:
    entry = people.entry(1)
    a_date(people.engine, paris(12, 12, 15), "Bal", code_insee="92050", initiative_id=entry)
    a_date(people.engine, paris(12, 12, 20), "Concert", code_insee="92050", initiative_id=entry)
    assert alike(people, initiative_id=entry) == ["Bal"]
    assert alike(people) == []


def test_an_event_that_nobody_knows_where_is_alike_to_none(people: People) -> None:
    assert alike(people, latitude=None, longitude=None) == []


# ---- what is looked up ----------------------------------------------------------------------------


def test_entries_are_found_by_name_among_those_one_answers_for(people: People) -> None:
    ours = people.entry(1, nom="La Marmite")
    people.entry(2, nom="La Marmite", code_insee="92071", commune="Sceaux")
    with reading(people.engine) as connection:
        found = EventAdditions(connection, SOMEONE, NOW)
        assert [entry.id for entry in found.called("marmite", [NANTERRE])] == [ours]
        assert [entry.id for entry in found.called("la marmitte", [])] == [ours]
        assert found.called("fournil", [NANTERRE]) == []


def test_the_next_date_is_that_of_the_agenda_or_none_while_it_is_further(people: People) -> None:
    soon, far = announced(people), announced(people, jeton="d" * 32, quand={**ONCE, "starts": ["2027-06-12T14:00"]})
    with reading(people.engine) as connection:
        found = Additions(connection, SOMEONE, NOW).events
        assert (found.added(TOKEN), found.added("f" * 32)) == (soon, None)
        date = found.first_date(soon or 0)
        assert date
        assert date.starts_at == paris(12, 12, 14)
        assert found.first_date(far or 0) is None
        assert len(found.dates(content(quand=OFTEN))) == event_additions.SHOWN
