"""A calendar that somebody else wrote: each of its events is loaded with its place, or refused and said why."""

import resource
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.exchange.calendars import read_calendar
from catalogue.exchange.reading import Reading
from catalogue.places import PlaceIndex
from catalogue.recurrence import HORIZON, dates_of
from catalogue.tables import events
from tests.catalogue.lists import INDEX

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
RECURRING = Path(__file__).parent / "data" / "evenements_recurrents.ics"
COLUMNS = {column.name for column in events.c} - {"id", "initiative_id", "known_until", "learnt_at", "vanished_at"}
EVENT = {
    "UID": "UID:1@exemple.fr",
    "SUMMARY": "SUMMARY:Disco soupe",
    "DTSTART": "DTSTART;TZID=Europe/Paris:20261128T140000",
    "LOCATION": "LOCATION:La Ferme\\, 3 rue des Lilas\\, 92000 Nanterre",
}


@pytest.fixture(autouse=True, scope="module")
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def an_event(*more: str, **changed: str | None) -> str:
    lines = [line for line in {**EVENT, **changed}.values() if line]
    return "\n".join(["BEGIN:VEVENT", *lines, *more, "END:VEVENT\n"])


def written(*parts: str) -> bytes:
    return ("BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(parts) + "END:VCALENDAR\n").replace("\n", "\r\n").encode()


def read(*parts: str) -> Reading:
    return read_calendar(written(*parts), "essai", "agenda.ics", INDEX)


def row_of(*parts: str) -> dict[str, Any]:
    reading = read(*parts)
    assert reading.refused == []
    (row,) = reading.rows.values()
    assert row.keys() == COLUMNS
    return row


def refusal_of(*parts: str) -> str:
    reading = read(*parts)
    assert reading.rows == {}
    (refused,) = reading.refused
    return refused.reason


def test_an_event_becomes_a_row() -> None:
    more = (
        "GEO:48.9;2.2",
        "URL:https://exemple.fr/soupe",
        "LAST-MODIFIED:20261102T101010Z",
        "DESCRIPTION:Venez\\, <b>tous</b>.",
    )
    row = row_of(an_event(*more))
    ical = row.pop("ical")
    assert row == {
        "source": "essai",
        "source_id": "1@exemple.fr",
        "nom": "Disco soupe",
        "kind": "disco-soupe",
        "needs": ["alimentation", "lien-social"],
        "description": "Venez, tous .",
        "lieu": "La Ferme",
        "adresse": "3 rue des Lilas",
        "commune": "Nanterre",
        "code_postal": "92000",
        "code_insee": "92050",
        "departement": "92",
        "latitude": 48.9,
        "longitude": 2.2,
        "exact": True,
        "telephone": None,
        "courriel": None,
        "site_web": "https://exemple.fr/soupe",
        "lien_source": None,
        "status": "planned",
        "date_maj": date(2026, 11, 2),
    }
    assert [each.starts_at for each in dates_of(ical, NOW, NOW + HORIZON)] == [datetime(2026, 11, 28, 13, tzinfo=UTC)]


def test_nobody_is_kept() -> None:
    who = ("ORGANIZER;CN=Jean:mailto:jean@exemple.fr", "ATTENDEE:mailto:marie@exemple.fr", "CONTACT:Jean", "X-NOM:Jean")
    alarm = ("BEGIN:VALARM", "ATTENDEE:mailto:jean@exemple.fr", "DESCRIPTION:Jean", "END:VALARM")
    kept = str(row_of(an_event(*who, *alarm, SUMMARY='SUMMARY;X-DE="jean@exemple.fr";LANGUAGE=fr:Repas'))).lower()
    assert "jean" not in kept
    assert "marie" not in kept


def test_what_changes_at_each_reading_is_not_kept() -> None:
    assert row_of(an_event("DTSTAMP:20261101T000000Z")) == row_of(an_event("DTSTAMP:20261122T000000Z"))


def test_control_characters_are_taken_away() -> None:
    row = row_of(an_event(SUMMARY="SUMMARY:Disco\x00 \x1bsoupe\x7f"))
    assert row["nom"] == "Disco soupe"
    assert not set("\x00\x1b\x7f") & set(row["ical"])


def test_lines_that_were_cut_are_put_together_again() -> None:
    assert row_of(an_event(SUMMARY="SUMMARY:Disco\n  sou\n\tpe"))["nom"] == "Disco soupe"


def test_a_calendar_in_the_letters_of_windows_is_read() -> None:
    content = written(an_event(SUMMARY="SUMMARY:Café à Nanterre")).decode().encode("cp1252")
    (row,) = read_calendar(content, "essai", "agenda.ics", INDEX).rows.values()
    assert row["nom"] == "Café à Nanterre"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"SUMMARY": None}, "titre manquant"),
        ({"SUMMARY": "SUMMARY:<br>"}, "titre manquant"),
        ({"DTSTART": None}, "date manquante"),
        ({"DTSTART": "DTSTART:demain"}, "date manquante ou illisible"),
        ({"DTSTART": f"{EVENT['DTSTART']}\n{EVENT['DTSTART']}"}, "date ou répétition illisible"),
        ({"DTSTART": "DTSTART;20261128"}, "ligne illisible (DTSTART)"),
        ({"DTSTART": "DTSTART;TZID=Nulle/Part:20261128T140000"}, "fuseau horaire inconnu : « Nulle/Part »"),
        ({"DTSTART": "DTSTART:20251128T140000"}, "aucune date à venir"),
        (
            {"RRULE": "RRULE:FREQ=WEEKLY;UNTIL=20261101T000000Z", "DTSTART": "DTSTART:20260101T140000"},
            "aucune date à venir",
        ),
        ({"RRULE": "RRULE:FREQ=SECONDLY"}, "répétition plus fréquente que chaque jour, ou inconnue"),
        ({"UID": None}, "identifiant (UID) manquant"),
        ({"UID": f"UID:{'x' * 300}"}, "identifiant (UID) trop long"),
        ({"LOCATION": None}, "on ne sait pas où"),
        ({"LOCATION": "LOCATION:Salle polyvalente"}, "on ne sait pas où : « Salle polyvalente »"),
        ({"LOCATION": "LOCATION:En ligne (Zoom)"}, "on ne sait pas où : c'est en ligne"),
        ({"GEO": "GEO:nord;sud"}, "coordonnées illisibles : « nord », « sud »"),
        ({"GEO": "GEO:43.6;1.44"}, "coordonnées loin de Nanterre"),
    ],
)
def test_an_event_that_cannot_be_used_is_refused_and_said_why(changed: dict[str, str | None], reason: str) -> None:
    assert refusal_of(an_event(**changed)) == reason


def test_an_event_that_is_refused_has_not_disappeared() -> None:
    assert read(an_event(SUMMARY=None)).seen == {("essai", "1@exemple.fr")}
    assert read(an_event(UID=None)).lost == 1


def test_a_damaged_event_only_loses_itself() -> None:
    reading = read(an_event(UID="UID:2", DTSTART="DTSTART:jamais"), an_event())
    assert [(refused.line, refused.reason) for refused in reading.refused] == [(1, "date manquante ou illisible")]
    assert list(reading.rows) == [("essai", "1@exemple.fr")]


def test_the_events_of_one_uid_are_one_row() -> None:
    recurs = an_event("RRULE:FREQ=WEEKLY;COUNT=3")
    moved = an_event("RECURRENCE-ID;TZID=Europe/Paris:20261205T140000", DTSTART="DTSTART:20261206T100000")
    row = row_of(moved, recurs)
    assert [each.status.value for each in dates_of(row["ical"], NOW, NOW + HORIZON)] == ["planned", "moved", "planned"]


def test_what_is_cancelled_is_a_row_that_says_so() -> None:
    assert row_of(an_event("STATUS:CANCELLED"))["status"] == "cancelled"
    reading = read("METHOD:CANCEL\n", an_event("STATUS:CONFIRMED"))
    (row,) = reading.rows.values()
    assert row["status"] == "cancelled"
    assert [each.status.value for each in dates_of(row["ical"], NOW, NOW + HORIZON)] == ["cancelled"]


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Paris",
        '"Europe/Paris"',
        "Romance Standard Time",
        "/freeassociation.sourceforge.net/Europe/Paris",
        "/Europe/Paris",
    ],
)
def test_a_time_zone_is_known_by_any_of_its_names(zone: str) -> None:
    row = row_of(an_event("RRULE:FREQ=WEEKLY", DTSTART=f"DTSTART;TZID={zone}:20261128T140000"))
    assert "TZID=Europe/Paris" in row["ical"]


def clock(name: str, offset: str) -> str:
    change = f"DTSTART:19700101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\n"
    return f"BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\n{change}END:STANDARD\nEND:VTIMEZONE\n"


def test_two_calendars_may_give_one_name_to_two_time_zones() -> None:
    event = an_event(DTSTART="DTSTART;TZID=Chez nous:20261128T140000")
    hours = [
        dates_of(row_of(event, clock("Chez nous", offset))["ical"], NOW, NOW + HORIZON)[0].starts_at.hour
        for offset in ("+0400", "-0400")
    ]
    assert hours == [10, 18]


@pytest.mark.parametrize(
    ("location", "position", "expected"),
    [
        ("92000 Nanterre", None, ("Nanterre", None, None, False)),
        ("Nanterre", None, ("Nanterre", None, None, False)),
        ("MJC, Puteaux, France", None, ("Puteaux", "MJC", None, False)),
        ("MJC - 4 bis av. Foch - 75013 Paris", None, ("Paris 13e Arrondissement", "MJC", "4 bis av. Foch", False)),
        ("La Ferme", "48.8923;2.2071", ("Nanterre", "La Ferme", None, True)),
        ("", "48.8923;2.2071", ("Nanterre", None, None, True)),
        ("92000 Nanterre", "0;0", ("Nanterre", None, None, False)),
        ("Boulogne", "48.83;2.24", ("Boulogne-Billancourt", "Boulogne", None, True)),
    ],
)
def test_an_event_is_where_its_address_or_its_position_says(
    location: str, position: str | None, expected: tuple[str, str | None, str | None, bool]
) -> None:
    escaped = location.replace(",", "\\,")
    row = row_of(an_event(LOCATION=f"LOCATION:{escaped}", GEO=f"GEO:{position}" if position else None))
    assert (row["commune"], row["lieu"], row["adresse"], row["exact"]) == expected


def test_without_a_position_it_is_that_of_the_commune() -> None:
    row = row_of(an_event())
    assert (row["latitude"], row["longitude"], row["exact"]) == (48.89222, 2.20694, False)


@pytest.mark.parametrize(
    ("title", "kind", "needs"),
    [
        ("Repair Café du Luth", "repair-cafe", ["equipement", "lien-social"]),
        ("Café réparation", "repair-cafe", ["equipement", "lien-social"]),
        ("Disco-soupe de rentrée", "disco-soupe", ["alimentation", "lien-social"]),
        ("Gratiferia", "fete-du-troc", ["equipement", "lien-social"]),
        ("Troc de plantes", "fete-du-troc", ["equipement", "lien-social"]),
        ("Café des parents", "cafe-solidaire", ["lien-social"]),
        ("Chantier de plantation", "vegetalisation", ["loisirs", "lien-social"]),
        ("Atelier cuisine", "atelier", ["loisirs", "lien-social"]),
        ("Distribution de paniers", "distribution", ["alimentation"]),
        ("AMAP du Luth", "distribution", ["alimentation"]),
        ("Permanence CAF", "permanence", ["droits"]),
        ("Rencontre des voisins", "rencontre", ["lien-social"]),
        ("Concert", "autre", ["lien-social"]),
    ],
)
def test_what_an_event_is_is_told_by_its_title(title: str, kind: str, needs: list[str]) -> None:
    row = row_of(an_event(SUMMARY=f"SUMMARY:{title}"))
    assert (row["kind"], row["needs"]) == (kind, needs)


def test_our_own_words_in_the_categories_come_first() -> None:
    row = row_of(an_event("CATEGORIES:Divers,permanence,sante", SUMMARY="SUMMARY:Atelier"))
    assert (row["kind"], row["needs"]) == ("permanence", ["sante", "droits"])


def test_a_long_description_is_cut_short() -> None:
    row = row_of(an_event(f"DESCRIPTION:{'long ' * 1_000}"))
    assert len(row["description"]) <= 2_000
    assert row["description"].endswith("…")


def test_the_recurring_events_of_a_real_list_are_all_read(place_index: PlaceIndex) -> None:
    reading = read_calendar(RECURRING.read_bytes(), "essai", "agenda.ics", place_index)
    assert reading.refused == []
    kinds = {row["nom"]: row["kind"] for row in reading.rows.values()}
    assert len(kinds) == 10
    assert kinds["Céan – Cafés des bricoleurs"] == "repair-cafe"
    assert all(dates_of(row["ical"], NOW, NOW + HORIZON) for row in reading.rows.values())


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"<html></html>", b"%PDF-1.7", b"{}", b"BEGIN:VCARD\r\nEND:VCARD\r\n", b"BEGIN:VEVENT"]
)
def test_what_is_no_calendar_is_refused_once(content: bytes) -> None:
    reading = read_calendar(content, "essai", "agenda.ics", INDEX)
    assert [refused.reason for refused in reading.refused] == ["ce n'est pas un calendrier (iCalendar)"]
    assert reading.lost == 1


def test_a_calendar_that_is_cut_is_said_to_be() -> None:
    whole = written(an_event(), an_event(UID="UID:2"))
    reading = read_calendar(whole[:-40], "essai", "agenda.ics", INDEX)
    assert list(reading.rows) == [("essai", "1@exemple.fr")]
    assert reading.refused[-1].reason.startswith("ce calendrier est coupé avant sa fin")
    assert reading.lost == 1


def test_a_calendar_of_bombs_is_not_read_to_its_end() -> None:
    bombs = (an_event("RRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", UID=f"UID:{n}") for n in range(300))
    reading = read(*bombs)
    assert (len(reading.refused), reading.lost) == (202, 1)
    assert reading.refused[-1].reason == "trop de dates illisibles : la suite n'est pas lue"


@pytest.mark.parametrize(
    "content",
    [
        b"BEGIN:VCALENDAR\r\n" * 10_000,
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        + b"RDATE:20261201\r\n" * 10_000
        + b"END:VEVENT\r\nEND:VCALENDAR",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART"
        + b";A=b" * 10_000
        + b":1\r\nEND:VEVENT\r\nEND:VCALENDAR",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:" + b"x" * 5_000_000,
    ],
)
def test_what_is_piled_up_is_refused(content: bytes) -> None:
    reading = read_calendar(content, "essai", "agenda.ics", INDEX)
    assert reading.rows == {}
    assert len(reading.refused) >= 1


def test_a_calendar_without_events_has_no_row_and_no_refusal() -> None:
    assert read() == Reading("agenda.ics")


def test_ten_thousand_events_take_little_room() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reading = read(*(an_event(f"DESCRIPTION:{'mot ' * 60}", UID=f"UID:{n}") for n in range(10_000)))
    assert len(reading.rows) == 10_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


@given(
    st.binary(max_size=200) | st.binary(max_size=100).map(lambda said: b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + said)
)
def test_any_bytes_give_a_reading(content: bytes) -> None:
    reading = read_calendar(content, "essai", "agenda.ics", INDEX)
    assert reading.rows == {}
    assert reading.refused


SAMPLE = RECURRING.read_bytes()


@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 40), st.binary(max_size=8)), min_size=1, max_size=12)
)
@settings(max_examples=100, deadline=None)
def test_a_calendar_that_is_damaged_gives_rows_that_can_be_used(changes: list[tuple[int, int, bytes]]) -> None:
    content = SAMPLE
    for at, length, said in changes:
        content = content[:at] + said + content[at + length :]
    reading = read_calendar(content, "essai", "agenda.ics", INDEX)
    for row in reading.rows.values():
        assert row.keys() == COLUMNS
        assert isinstance(dates_of(row["ical"], NOW, NOW + HORIZON), list)
        "".join(str(value) for value in row.values()).encode()
    assert reading.rows.keys() <= reading.seen


def test_what_a_title_says_becomes_of_a_date_is_heard() -> None:
    row = row_of(an_event(SUMMARY="SUMMARY:ANNULÉ : Café solidaire"))
    assert (row["nom"], row["status"]) == ("Café solidaire", "cancelled")
    row = row_of(an_event(SUMMARY="SUMMARY:Café solidaire (complet)"))
    assert (row["nom"], row["status"]) == ("Café solidaire", "planned")
    assert "X-BONNEPORTE-STATUS:FULL" in row["ical"]


def test_a_title_that_says_a_date_of_many_is_cancelled_cancels_that_one() -> None:
    weekly = an_event("RRULE:FREQ=WEEKLY;COUNT=3")
    changed = {"DTSTART": "DTSTART:20261205T130000Z", "SUMMARY": "SUMMARY:Annulé – Café"}
    one = an_event("RECURRENCE-ID:20261205T130000Z", **changed)
    row = row_of(weekly, one)
    assert row["status"] == "planned"
    assert row["ical"].count("STATUS:CANCELLED") == 1
