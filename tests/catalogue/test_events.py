from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, update

from catalogue import events as dated
from catalogue.database import reading, writing
from catalogue.entries import Occurrence
from catalogue.event_dates import pair
from catalogue.events import Saved, save_events
from catalogue.exchange.calendars_out import calendar_of
from catalogue.exchange.selection import Territory
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.needs import EventKind, EventStatus, Need
from catalogue.recurrence import HORIZON, Date
from catalogue.recurrence import dates_of as dates_in_calendar
from catalogue.tables import events, initiatives, occurrences, places

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SCEAUX, FAR = (48.7789, 2.29113), (43.6, 1.44)
WEEKLY = "DTSTART;TZID=Europe/Paris:20261128T140000\nDTEND;TZID=Europe/Paris:20261128T160000\nRRULE:FREQ=WEEKLY"
FIRST = datetime(2026, 11, 28, 13, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


def calendar(*vevents: str, uid: str = "1") -> str:
    written = "".join(f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\n{lines}\nEND:VEVENT\n" for lines in vevents)
    whole = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//essai//FR\n{written}END:VCALENDAR\n"
    return whole.replace("\n", "\r\n")


def once(day: str, hour: str = "14", lasting: int = 2) -> str:
    start = f"{day}T{hour}0000"
    return f"DTSTART;TZID=Europe/Paris:{start}\nDURATION:PT{lasting}H"


def event(source_id: str = "1", *vevents: str, **known: Any) -> dict[str, Any]:
    unknown = {column.name: None for column in events.c if column.name not in OURS}
    place = {"latitude": SCEAUX[0], "longitude": SCEAUX[1], "exact": True, "code_insee": "92071", "departement": "92"}
    told = {"nom": f"Rendez-vous {source_id}", "kind": "atelier", "needs": ["equipement"], "description": ""}
    ical = calendar(*(vevents or (WEEKLY,)), uid=source_id)
    status = {"source": "mairie", "source_id": source_id, "status": "planned", "ical": ical}
    return unknown | place | told | status | known


OURS = {"id", "initiative_id", "known_until", "learnt_at", "vanished_at"}


def saved(engine: Engine, *rows: dict[str, Any], now: datetime = NOW) -> Saved:
    with writing(engine) as connection:
        return save_events(connection, rows, now)


def dates_of(engine: Engine, event_id: int = 1) -> list[tuple[datetime, datetime, str]]:
    theirs = select(occurrences).where(occurrences.c.event_id == event_id).order_by(occurrences.c.original_at)
    with reading(engine) as connection:
        return [(row.original_at, row.starts_at, row.status) for row in connection.execute(theirs)]


def found(engine: Engine, days: int = 31, need: Need | None = None, now: datetime = NOW) -> list[Occurrence]:
    with reading(engine) as connection:
        return dated.near(connection, SCEAUX, now, now + timedelta(days=days), need)


def named(dates: Sequence[Occurrence]) -> list[tuple[str, datetime]]:
    return [(each.event.nom.removeprefix("Rendez-vous "), each.starts_at) for each in dates]


def one(engine: Engine, original_at: datetime = FIRST) -> Occurrence:
    with reading(engine) as connection:
        date = dated.occurrence(connection, 1, original_at)
    assert date
    return date


def confirmed(engine: Engine, original_at: datetime = FIRST) -> bool:
    with writing(engine) as connection:
        return dated.confirm(connection, 1, original_at, "correspondant", NOW)


def made(engine: Engine, status: EventStatus, original_at: datetime = FIRST, now: datetime = NOW) -> bool:
    with writing(engine) as connection:
        return dated.set_status(connection, 1, original_at, status, now)


# Writing.


def test_an_event_is_written_with_its_dates_of_three_months(engine: Engine) -> None:
    assert saved(engine, event()) == Saved([1], [], 0)
    assert [start for start, _, _ in dates_of(engine)] == [FIRST + n * WEEK for n in range(13)]
    assert {status for *_, status in dates_of(engine)} == {"planned"}


def test_the_same_calendar_read_again_changes_nothing(engine: Engine) -> None:
    saved(engine, event())
    before = dates_of(engine)
    assert saved(engine, event(), now=NOW + timedelta(hours=6)) == Saved([], [], 1)
    assert dates_of(engine) == before


def test_an_event_whose_words_change_keeps_its_dates_and_gets_those_that_have_come(engine: Engine) -> None:
    saved(engine, event())
    saved(engine, event(description="Autre chose"), now=NOW + timedelta(days=1))
    assert len(dates_of(engine)) == 13
    saved(engine, event(description="Encore autre chose"), now=NOW + timedelta(days=8))
    assert len(dates_of(engine)) == 14


def test_an_event_that_moved_elsewhere_is_found_there(engine: Engine) -> None:
    saved(engine, event())
    assert saved(engine, event(latitude=FAR[0], longitude=FAR[1], departement="31")) == Saved([], [1], 0)
    assert found(engine) == []


def test_a_date_put_off_keeps_its_row_and_is_said_to_be_moved(engine: Engine) -> None:
    saved(engine, event())
    put_off = "RECURRENCE-ID;TZID=Europe/Paris:20261128T140000\n" + once("20261129")
    saved(engine, event("1", WEEKLY, put_off))
    assert dates_of(engine)[0] == (FIRST, FIRST + timedelta(days=1), "moved")
    assert len(dates_of(engine)) == 13


@pytest.mark.parametrize("other_day", ["20261128", "20261129", "20261215", "20270601"])
def test_the_only_date_of_an_event_is_the_same_one_whatever_its_day(engine: Engine, other_day: str) -> None:
    saved(engine, event("1", once("20261128")))
    saved(engine, event("1", once(other_day, "18")))
    ((original, start, status),) = dates_of(engine)
    assert (original, f"{start.astimezone(PARIS):%Y%m%d%H}", status) == (FIRST, other_day + "18", "moved")
    assert saved(engine, event("1", once(other_day, "18"))) == Saved([], [], 1)


def test_a_series_at_another_hour_moves_each_of_its_dates(engine: Engine) -> None:
    saved(engine, event())
    later = event("1", WEEKLY.replace("T14", "T15").replace("T16", "T17"))
    saved(engine, later)
    hour = timedelta(hours=1)
    assert dates_of(engine) == [(FIRST + n * WEEK, FIRST + n * WEEK + hour, "moved") for n in range(13)]
    saved(engine, later | {"description": "Venez nombreux"})
    assert len(dates_of(engine)) == 13


def test_a_date_no_longer_given_is_cancelled_and_never_deleted(engine: Engine) -> None:
    saved(engine, event())
    saved(engine, event("1", WEEKLY + "\nEXDATE;TZID=Europe/Paris:20261205T140000"))
    assert [status for *_, status in dates_of(engine)][:3] == ["planned", "cancelled", "planned"]
    saved(engine, event())
    assert [status for *_, status in dates_of(engine)][:3] == ["planned", "planned", "planned"]


def test_what_took_place_is_not_cancelled_because_it_is_no_longer_told(engine: Engine) -> None:
    saved(engine, event("1", once("20261128") + "\nRRULE:FREQ=DAILY;COUNT=3"))
    during_the_second = FIRST + timedelta(days=1, hours=1)
    saved(engine, event("1", once("20261130")), now=during_the_second)
    assert [status for *_, status in dates_of(engine)] == ["planned", "planned", "planned"]


def test_a_confirmation_stays_while_the_date_stays(engine: Engine) -> None:
    saved(engine, event())
    assert confirmed(engine)
    saved(engine, event(description="Autre chose"))
    assert one(engine).confirmed_at == NOW
    saved(engine, event("1", WEEKLY.replace("T16", "T17")))
    assert one(engine).confirmed_at == NOW


def test_a_confirmation_does_not_survive_another_hour_or_a_cancellation(engine: Engine) -> None:
    saved(engine, event())
    confirmed(engine)
    saved(engine, event("1", WEEKLY.replace("T14", "T15")))
    assert one(engine).confirmed_at is None
    confirmed(engine)
    saved(engine, event("1", WEEKLY.replace("T14", "T15") + "\nEXDATE;TZID=Europe/Paris:20261128T150000"))
    assert (one(engine).status, one(engine).confirmed_at) == (EventStatus.CANCELLED, None)


def test_what_a_person_cancelled_stays_cancelled_when_the_calendar_says_it_again(engine: Engine) -> None:
    saved(engine, event())
    assert made(engine, EventStatus.CANCELLED)
    saved(engine, event("1", WEEKLY + "\nEXDATE;TZID=Europe/Paris:20261205T140000"))
    assert [status for *_, status in dates_of(engine)][:3] == ["cancelled", "cancelled", "planned"]
    moved = "RECURRENCE-ID;TZID=Europe/Paris:20261128T140000\n" + once("20261129")
    saved(engine, event("1", WEEKLY, moved))
    assert one(engine).status is EventStatus.MOVED


def test_a_cancelled_event_has_only_cancelled_dates(engine: Engine) -> None:
    saved(engine, event(), event("2"))
    saved(engine, event(status="cancelled"))
    assert {(date.event.id, date.status) for date in found(engine)} == {
        (1, EventStatus.CANCELLED),
        (2, EventStatus.PLANNED),
    }


def test_dates_that_cannot_be_read_leave_those_that_were_known(engine: Engine) -> None:
    saved(engine, event())
    before = dates_of(engine)
    report = saved(engine, event(ical="n'importe quoi"), event("2"))
    assert [nom for nom, _why in report.unreadable] == ["Rendez-vous 1"]
    assert dates_of(engine) == before
    assert len(dates_of(engine, 2)) == 13


def test_dates_come_as_time_goes(engine: Engine) -> None:
    saved(engine, event(), event("2", once("20261128")))
    later = NOW + timedelta(days=28)
    with writing(engine) as connection:
        assert dated.extend_dates(connection, NOW + timedelta(days=6)) == 0
        assert dated.extend_dates(connection, later, most=1) == 1
        assert dated.extend_dates(connection, later) == 1
        assert dated.extend_dates(connection, later) == 0
    assert [start for start, _, _ in dates_of(engine)] == [FIRST + n * WEEK for n in range(17)]
    assert {status for *_, status in dates_of(engine)} == {"planned"}


def test_dates_that_come_later_do_not_undo_what_a_person_said(engine: Engine) -> None:
    saved(engine, event())
    made(engine, EventStatus.FULL)
    with writing(engine) as connection:
        dated.extend_dates(connection, NOW + timedelta(days=5, hours=20) + HORIZON)
        update_all = update(events).values(known_until=NOW)
        connection.execute(update_all)
        dated.extend_dates(connection, NOW)
    assert one(engine).status is EventStatus.FULL


def test_what_vanished_is_marked_when_it_had_dates_to_come_and_unmarked_when_it_is_back(engine: Engine) -> None:
    saved(engine, event(), event("2"), event("3", once("20261122", "09", 1)), now=NOW - timedelta(hours=5))
    day = select(events.c.source_id, events.c.vanished_at).order_by(events.c.source_id)
    with writing(engine) as connection:
        assert dated.mark_vanished(connection, "mairie", frozenset({"1"}), NOW) == 1
        assert dated.mark_vanished(connection, "mairie", frozenset({"1"}), NOW) == 0
        assert dated.mark_vanished(connection, "une autre", frozenset(), NOW) == 0
        assert [row.vanished_at for row in connection.execute(day)] == [None, date(2026, 11, 22), None]
    assert {each.event.id for each in found(engine)} == {1}
    with writing(engine) as connection:
        assert dated.mark_vanished(connection, "mairie", frozenset({"1", "2"}), NOW) == 0
    assert {each.event.id for each in found(engine)} == {1, 2}


# Whose they are.


def initiative(nom: str, **known: object) -> dict[str, Any]:
    place = {"latitude": SCEAUX[0], "longitude": SCEAUX[1], "needs": ["alimentation"], "code_insee": "92071"}
    return {**UNKNOWN, "source": "liste", "source_id": nom, "nom": nom, "kind": "autre", **place, **known}


@pytest.mark.parametrize(
    ("nom", "lieu", "whose"),
    [
        ("L'Épicerie des Blagis", None, "Epicerie des Blagis"),
        ("Café des bricoleurs", "Epicerie des Blagis", "Epicerie des Blagis"),
        ("Repair café", None, None),
        ("Épicerie", "Salle des fêtes", None),
        ("Épicerie des Blagis", "MJC", "Epicerie des Blagis"),
        ("Le Verger", None, None),
        ("🎉", "…", None),
    ],
)
def test_an_event_is_tied_to_the_initiative_of_its_commune_that_has_its_name(
    engine: Engine, nom: str, lieu: str | None, whose: str | None
) -> None:
    entries = [initiative("Epicerie des Blagis"), initiative("Repair café de Sceaux"), initiative("MJC de Sceaux")]
    elsewhere = initiative("Le Verger", code_insee="92002", latitude=48.75, longitude=2.3)
    with writing(engine) as connection:
        save_initiatives(connection, [*entries, elsewhere])
        save_events(connection, [event(nom=nom, lieu=lieu)], NOW)
        theirs = select(initiatives.c.nom).join(events, events.c.initiative_id == initiatives.c.id)
        assert connection.scalar(theirs) == whose


def test_whose_an_event_is_changes_with_its_name_and_is_looked_for_while_it_is_not_known(engine: Engine) -> None:
    def whose(**known: Any) -> int | None:
        saved(engine, event(**known))
        with reading(engine) as connection:
            found: int | None = connection.scalar(select(events.c.initiative_id))
        return found

    assert whose(nom="Le Verger") is None
    with writing(engine) as connection:
        save_initiatives(connection, [initiative("Le Verger"), initiative("La Grange")])
    assert whose(nom="Le Verger", description="On plante") == 1
    assert whose(nom="Le Verger", description="On récolte") == 1
    assert whose(nom="La Grange") == 2
    assert whose(nom="Ailleurs") is None


def test_the_next_dates_of_an_initiative_are_told_soonest_first(engine: Engine) -> None:
    with writing(engine) as connection:
        save_initiatives(connection, [initiative("MJC de Sceaux")])
        save_events(connection, [event(nom="MJC de Sceaux"), event("2", once("20261130"), lieu="MJC de Sceaux")], NOW)
        dates = dated.next_dates(connection, 1, FIRST + timedelta(hours=1))
        assert [each.starts_at for each in dates] == [FIRST, FIRST + timedelta(days=2), FIRST + WEEK]
        assert len(dated.next_dates(connection, 1, NOW, 5)) == 5
        assert dated.next_dates(connection, 2, NOW) == []


# Finding.


def test_what_is_near_comes_soonest_first_then_nearest(engine: Engine) -> None:
    away = {"latitude": SCEAUX[0] + 0.02}
    saved(
        engine,
        event("loin", once("20261128"), **away),
        event("ici", once("20261128")),
        event("avant", once("20261127")),
    )
    dates = found(engine)
    assert [nom for nom, _ in named(dates)] == ["avant", "ici", "loin"]
    assert [round(each.km or 0, 1) for each in dates] == [0, 0, 2.2]


def test_only_what_begins_in_time_or_is_in_progress_is_told(engine: Engine) -> None:
    saved(
        engine,
        event("hier", once("20261121")),
        event("en cours", once("20261122", "10")),
        event("demain", once("20261123")),
        event("plus tard", once("20261201")),
        now=NOW - timedelta(days=2),
    )
    assert [nom for nom, _ in named(found(engine, days=7))] == ["en cours", "demain"]


def test_what_is_further_is_looked_for_when_little_is_near(engine: Engine) -> None:
    saved(engine, event("15 km", once("20261128"), latitude=SCEAUX[0] + 0.135), event("toulouse", latitude=FAR[0]))
    assert [nom for nom, _ in named(found(engine))] == ["15 km"]


def test_what_is_on_foot_is_enough_when_there_is_a_lot(engine: Engine) -> None:
    near = [event(str(n), once("20261128")) for n in range(67)]
    saved(engine, *near, event("plus loin", once("20261127"), latitude=SCEAUX[0] + 0.05))
    assert "plus loin" not in dict(named(found(engine)))
    with reading(engine) as connection:
        assert len(dated.near(connection, SCEAUX, NOW, NOW + WEEK, None, most=300)) == 68


def test_a_need_holds_the_search_in(engine: Engine) -> None:
    saved(engine, event(), event("2", needs=["alimentation", "lien-social"]))
    assert {each.event.id for each in found(engine, need=Need.LIEN_SOCIAL)} == {2}
    assert found(engine, need=Need.EMPLOI) == []


def test_what_is_enough_is_counted_among_the_kinds_that_are_wanted(engine: Engine) -> None:
    near = [event(str(n), once("20261128")) for n in range(67)]
    further = event("loin", once("20261128"), kind="fete-du-troc", latitude=SCEAUX[0] + 0.05)
    saved(engine, *near, further)
    with reading(engine) as connection:

        def of(*kinds: EventKind) -> list[Occurrence]:
            return dated.near(connection, SCEAUX, NOW, NOW + WEEK, None, kinds=kinds)

        assert [nom for nom, _ in named(of(EventKind.FETE_DU_TROC))] == ["loin"]
        assert len(of(EventKind.ATELIER)) == 67
        assert of() == []


def test_what_has_no_position_is_near_nothing_and_still_known(engine: Engine) -> None:
    saved(engine, event(latitude=None, longitude=None))
    assert found(engine) == []
    assert one(engine).event.nom == "Rendez-vous 1"


def test_a_date_is_found_by_its_key_whatever_became_of_it(engine: Engine) -> None:
    saved(engine, event(), event("2"))
    with writing(engine) as connection:
        dated.mark_vanished(connection, "mairie", frozenset(), NOW)
        keys = [(1, FIRST), (2, FIRST + WEEK), (3, FIRST), (1, FIRST + timedelta(hours=1))]
        assert set(dated.occurrences(connection, keys)) == {(1, FIRST), (2, FIRST + WEEK)}
        assert dated.occurrence(connection, 3, FIRST) is None
        assert dated.occurrences(connection, []) == {}
    assert one(engine).event.vanished_at == date(2026, 11, 22)


def test_what_is_over_or_cancelled_cannot_be_confirmed(engine: Engine) -> None:
    saved(engine, event())
    assert not confirmed(engine, FIRST + timedelta(hours=1))
    made(engine, EventStatus.CANCELLED)
    assert not confirmed(engine)
    assert made(engine, EventStatus.PLANNED)
    assert confirmed(engine)
    assert not made(engine, EventStatus.CANCELLED, now=FIRST + timedelta(hours=2))
    saved(engine, event(status="cancelled"))
    assert not confirmed(engine, FIRST + WEEK)


def test_the_events_of_a_territory_and_a_need_that_have_dates_to_come(engine: Engine) -> None:
    paris = {"code_insee": "75113", "departement": "75"}
    saved(engine, event(), event("2", needs=["emploi"]), event("3", **paris), now=NOW)
    saved(engine, event("4", once("20261121")), now=NOW - timedelta(days=3))

    def ids(territory: Territory | None, need: Need | None = None) -> list[int]:
        with reading(engine) as connection:
            return [row["id"] for row in dated.in_area(connection, territory, need, NOW)]

    assert ids(None) == [1, 2, 3]
    assert ids(Territory("Hauts-de-Seine", frozenset({"92"}))) == [1, 2]
    assert ids(Territory("Hauts-de-Seine", frozenset({"92"})), Need.EMPLOI) == [2]
    assert ids(Territory("Sceaux", frozenset({"92"}), frozenset({"92071"}))) == [1, 2]
    with writing(engine) as connection:
        connection.execute(insert(places).values(THIRTEENTH))
    assert ids(Territory("Paris", frozenset({"75"}), frozenset({"75056"}))) == [3]


def test_the_calendar_of_a_territory_says_what_became_of_each_date_here(engine: Engine) -> None:
    saved(engine, event(), event("2", once("20261128")), event("3"), event("4"))
    made(engine, EventStatus.CANCELLED)
    made(engine, EventStatus.FULL, FIRST + WEEK)
    made(engine, EventStatus.MOVED, FIRST + 2 * WEEK)
    with writing(engine) as connection:
        dated.set_status(connection, 2, FIRST, EventStatus.CANCELLED, NOW)
        rows = dated.in_area(connection, None, None, NOW)
    assert [len(row["dates"]) for row in rows] == [13, 1, 0, 0]
    for row in rows:
        written = calendar_of([row], "Sceaux", NOW).decode()
        told = [
            (each.original_at, each.starts_at, each.status) for each in dates_in_calendar(written, NOW, HORIZON + NOW)
        ]
        assert told == dates_of(engine, row["id"])


def test_a_series_at_another_hour_is_told_at_that_hour_and_what_was_cancelled_of_it_still_is(engine: Engine) -> None:
    saved(engine, event())
    saved(engine, event("1", WEEKLY.replace("T14", "T15").replace("T16", "T17")))
    made(engine, EventStatus.CANCELLED, FIRST + WEEK)
    with reading(engine) as connection:
        written = calendar_of(dated.in_area(connection, None, None, NOW), "Sceaux", NOW).decode()
    told = dates_in_calendar(written, NOW, NOW + HORIZON)
    assert [each.starts_at for each in told] == [FIRST + n * WEEK + timedelta(hours=1) for n in range(13)]
    assert [each.status for each in told][:3] == ["planned", "cancelled", "planned"]


THIRTEENTH = {
    "insee": "75113",
    "nom": "Paris 13e Arrondissement",
    "type": "ARM",
    "parent": "75056",
    "codes_postaux": ["75013"],
    "departement": "75",
    "departement_nom": "Paris",
    "population": 178_000,
    "precision": "commune",
}


# Recognising dates.

instants = st.integers(0, 40).map(lambda hours: NOW + timedelta(hours=6 * hours))
a_date = st.builds(lambda at, start: Date(at, start, None, False, EventStatus.PLANNED), instants, instants)
a_row = st.builds(lambda at, start: {"original_at": at, "starts_at": start}, instants, instants)


@given(
    st.lists(a_row, unique_by=lambda row: row["original_at"], max_size=12),
    st.lists(a_date, unique_by=lambda each: each.original_at, max_size=12),
)
def test_each_date_is_recognised_once_or_new_and_each_row_is_used_once(
    known: list[dict[str, datetime]], given_dates: list[Date]
) -> None:
    found = pair(known, given_dates, NOW, NOW + HORIZON)
    told = [each.original_at for _, each in found.same] + [each.original_at for each in found.new]
    used = [row["original_at"] for row, _ in found.same] + [row["original_at"] for row in found.gone]
    assert sorted(told) == sorted(each.original_at for each in given_dates)
    assert len(used) == len(set(used))
    assert not {each.original_at for each in found.new} & {row["original_at"] for row in known}
