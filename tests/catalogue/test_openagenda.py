"""OpenAgenda's own export and the flat one: each event is loaded with all its dates, or refused and said why."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.exchange.openagenda import read_openagenda
from catalogue.exchange.reading import Reading
from catalogue.needs import EventStatus
from catalogue.recurrence import HORIZON, Date, dates_of
from catalogue.tables import events
from tests.catalogue.lists import INDEX

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
COLUMNS = {column.name for column in events.c} - {"id", "initiative_id", "known_until", "learnt_at", "vanished_at"}


@pytest.fixture(autouse=True, scope="module")
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def timing(day: int, begin: int = 14, end: int = 16) -> dict[str, str]:
    return {"begin": f"2026-12-{day:02}T{begin}:00:00.000+01:00", "end": f"2026-12-{day:02}T{end}:00:00+01:00"}


EVENT: dict[str, Any] = {
    "uid": 12345678,
    "slug": "disco-soupe",
    "title": {"fr": "Disco soupe", "en": "Disco soup"},
    "description": {"fr": "On cuisine ensemble."},
    "longDescription": {"fr": "<p>On cuisine ensemble. Et l'on danse.</p>"},
    "keywords": {"fr": ["cuisine", "sante"]},
    "location": {
        "name": "La Ferme",
        "address": "3 rue des Lilas, 92000 Nanterre",
        "postalCode": "92000",
        "city": "Nanterre",
        "insee": "92050",
        "latitude": 48.9,
        "longitude": 2.2,
    },
    "timings": [timing(5), timing(6), timing(12)],
    "status": 1,
    "attendanceMode": 1,
    "registration": [
        {"type": "email", "value": "bonjour@exemple.fr"},
        {"type": "phone", "value": "0123456789"},
        {"type": "link", "value": "https://exemple.fr/soupe"},
    ],
    "originAgenda": {"uid": 1, "slug": "nanterre", "title": "Nanterre"},
    "updatedAt": "2026-11-02T10:00:00.000Z",
}
FLAT = {
    "uid": "12345678",
    "title_fr": "Disco soupe",
    "description_fr": "On cuisine ensemble.",
    "longdescription_fr": "<p>On cuisine ensemble. Et l'on danse.</p>",
    "keywords_fr": ["cuisine", "sante"],
    "location_name": "La Ferme",
    "location_address": "3 rue des Lilas, 92000 Nanterre",
    "location_postalcode": "92000",
    "location_city": "Nanterre",
    "location_insee": "92050",
    "location_coordinates": {"lat": 48.9, "lon": 2.2},
    "timings": json.dumps(EVENT["timings"]),
    "status": '{"id": 1, "label": {"fr": "Programmé"}}',
    "attendancemode": '{"id": 1}',
    "registration": json.dumps(["bonjour@exemple.fr", "0123456789", "https://exemple.fr/soupe"]),
    "canonicalurl": "https://openagenda.com/nanterre/events/disco-soupe",
    "updatedat": "2026-11-02T10:00:00+00:00",
    "contributor_email": "jean@exemple.fr",
}


def read(document: object) -> Reading:
    return read_openagenda(json.dumps(document).encode(), "essai", "agenda.json", INDEX)


def row_of(**changed: Any) -> dict[str, Any]:
    reading = read({"total": 1, "events": [EVENT | changed]})
    assert reading.refused == []
    (row,) = reading.rows.values()
    return row


def dates(row: dict[str, Any]) -> list[Date]:
    return dates_of(row["ical"], NOW, NOW + HORIZON)


def test_an_event_becomes_a_row() -> None:
    row = row_of()
    assert row.keys() == COLUMNS
    del row["ical"]
    assert row == {
        "source": "essai",
        "source_id": "12345678",
        "nom": "Disco soupe",
        "kind": "disco-soupe",
        "needs": ["sante", "alimentation", "lien-social"],
        "description": "On cuisine ensemble. Et l'on danse.",
        "lieu": "La Ferme",
        "adresse": "3 rue des Lilas",
        "commune": "Nanterre",
        "code_postal": "92000",
        "code_insee": "92050",
        "departement": "92",
        "latitude": 48.9,
        "longitude": 2.2,
        "exact": True,
        "telephone": "01 23 45 67 89",
        "courriel": "bonjour@exemple.fr",
        "site_web": "https://exemple.fr/soupe",
        "lien_source": "https://openagenda.com/nanterre/events/disco-soupe",
        "status": "planned",
        "date_maj": date(2026, 11, 2),
    }


@pytest.mark.parametrize(
    "document",
    [
        [FLAT],
        {"total_count": 1, "results": [FLAT]},
        {"nhits": 1, "records": [{"recordid": "a", "fields": FLAT}]},
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "geometry": {"type": "Point", "coordinates": [2.2, 48.9]}, "properties": FLAT}
            ],
        },
    ],
)
def test_the_flat_export_gives_the_same_row(document: object) -> None:
    reading = read(document)
    assert reading.refused == []
    assert reading.rows == {("essai", "12345678"): row_of()}
    assert "jean@exemple.fr" not in str(reading.rows)


def test_all_its_dates_are_given() -> None:
    found = dates(row_of())
    assert [each.starts_at for each in found] == [datetime(2026, 12, day, 13, tzinfo=UTC) for day in (5, 6, 12)]
    assert {(each.ends_at or NOW) - each.starts_at for each in found} == {timedelta(hours=2)}
    assert {each.status for each in found} == {EventStatus.PLANNED}


def test_a_date_that_lasts_longer_does() -> None:
    row = row_of(timings=[timing(5, end=20), timing(6), timing(12), timing(12, 18, 19)])
    assert [((each.ends_at or NOW) - each.starts_at).seconds // 3600 for each in dates(row)] == [6, 2, 2, 1]
    assert {each.status for each in dates(row)} == {EventStatus.PLANNED}


def test_a_date_that_is_given_twice_is_one() -> None:
    assert len(dates(row_of(timings=[timing(5), timing(5), timing(5, end=17)]))) == 1


def test_without_its_dates_the_first_and_the_last_are_known() -> None:
    days = {"firstdate_begin": "2026-12-05T14:00:00+01:00", "firstdate_end": "2026-12-05T16:00:00+01:00"}
    days |= {"lastdate_begin": "2026-12-12T14:00:00+01:00", "lastdate_end": "2026-12-12T16:00:00+01:00"}
    reading = read([{**FLAT, "timings": None, **days}])
    (row,) = reading.rows.values()
    assert [each.starts_at.day for each in dates(row)] == [5, 12]


@pytest.mark.parametrize(
    ("status", "expected", "of_all"),
    [
        (1, EventStatus.PLANNED, "planned"),
        (2, EventStatus.MOVED, "planned"),
        (3, EventStatus.MOVED, "planned"),
        (4, EventStatus.CANCELLED, "cancelled"),
        (5, EventStatus.FULL, "planned"),
        (6, EventStatus.CANCELLED, "cancelled"),
        ({"id": 5}, EventStatus.FULL, "planned"),
        ('{"id": 6}', EventStatus.CANCELLED, "cancelled"),
        (None, EventStatus.PLANNED, "planned"),
    ],
)
def test_what_becomes_of_it_is_said_of_each_date(status: object, expected: EventStatus, of_all: str) -> None:
    row = row_of(status=status, timings=[timing(5), timing(6), timing(12, end=20)])
    assert [each.status for each in dates(row)] == [expected] * 3
    assert row["status"] == of_all


def test_what_has_moved_online_says_so() -> None:
    assert row_of(status=3)["description"].startswith("Se passe en ligne. ")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"title": None}, "titre manquant"),
        ({"title": {"fr": " "}}, "titre manquant"),
        ({"timings": []}, "date manquante"),
        ({"timings": "[{"}, "date manquante"),
        ({"timings": [{"begin": "demain"}]}, "date illisible : « demain »"),
        ({"timings": [{"begin": "2025-12-05T14:00:00+01:00"}]}, "aucune date à venir"),
        ({"location": None}, "on ne sait pas où"),
        ({"location": {"name": "Chez nous", "city": "Bruxelles"}}, "on ne sait pas où : « Bruxelles »"),
        ({"attendanceMode": 2}, "on ne sait pas où : c'est en ligne"),
        ({"location": EVENT["location"] | {"latitude": 43.6, "longitude": 1.44}}, "coordonnées loin de Nanterre"),
        ({"location": EVENT["location"] | {"latitude": "nord"}}, "coordonnées illisibles : « nord », « 2.2 »"),
    ],
)
def test_an_event_that_cannot_be_used_is_refused_and_said_why(changed: dict[str, Any], reason: str) -> None:
    reading = read({"events": [EVENT | changed]})
    assert [refused.reason for refused in reading.refused] == [reason]
    # What is over is expected by nobody any more.
    seen = set() if reason == "aucune date à venir" else {("essai", "12345678")}
    assert (reading.rows, reading.seen, reading.lost) == ({}, seen, 0)


def test_an_event_without_an_identifier_is_lost() -> None:
    reading = read({"events": [EVENT | {"uid": None}, "rien"]})
    assert (len(reading.refused), reading.lost, reading.seen) == (2, 2, set())


@pytest.mark.parametrize(
    ("changed", "exact"),
    [
        ({"latitude": None, "longitude": None}, False),
        ({"latitude": 0, "longitude": 0}, False),
        ({"insee": "00000"}, True),
        ({"insee": None, "city": None, "postalCode": None}, True),
    ],
)
def test_an_event_is_where_its_code_its_town_or_its_position_says(changed: dict[str, Any], exact: bool) -> None:
    row = row_of(location=EVENT["location"] | changed)
    assert (row["code_insee"], row["exact"]) == ("92050", exact)


def test_a_permanent_exhibition_keeps_its_last_thousand_dates() -> None:
    day = datetime(2024, 12, 1, 9, tzinfo=UTC)
    every_day = [(day + timedelta(days=number)).isoformat() for number in range(1_500)]
    row = row_of(timings=[{"begin": said, "end": said} for said in every_day])
    assert len(dates(row)) == 92


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"<html></html>", b"3", b"{", b"[{]", b'{"events": 3}', b"BEGIN:VCALENDAR"]
)
def test_what_is_no_export_is_refused_once(content: bytes) -> None:
    reading = read_openagenda(content, "essai", "agenda.json", INDEX)
    assert (len(reading.refused), reading.lost, reading.rows) == (1, 1, {})


def test_an_empty_agenda_has_no_row_and_no_refusal() -> None:
    assert read({"total": 0, "events": [], "after": ["a", 1]}) == Reading("agenda.json")


@given(st.binary(max_size=100))
def test_any_bytes_give_a_reading(content: bytes) -> None:
    assert read_openagenda(content, "essai", "agenda.json", INDEX).rows == {}


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=5,
) | st.sampled_from(
    ["fr", "[[[", "[" * 5_000, '{"id": 9}', "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", 10**400]
)


@given(
    whole=st.sampled_from([EVENT, FLAT]),
    changed=st.dictionaries(st.sampled_from(sorted({*EVENT, *FLAT})), ANYTHING, max_size=4),
    located=st.dictionaries(st.sampled_from(sorted(EVENT["location"])), ANYTHING, max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_whatever_an_event_holds_it_is_a_row_or_refused(
    whole: dict[str, Any], changed: dict[str, Any], located: dict[str, Any]
) -> None:
    place = {"location": whole["location"] | located} if "location" in whole else {}
    reading = read([whole | place | changed])
    assert len(reading.rows) + len(reading.refused) == 1
    for row in reading.rows.values():
        assert row.keys() == COLUMNS
        assert dates_of(row["ical"], NOW - timedelta(days=1), NOW + timedelta(days=730))
        "".join(str(value) for value in row.values()).encode()


@pytest.mark.parametrize(
    ("title", "nom", "expected"),
    [
        (
            "***COMPLET *** Les chouettes ***Sur liste d'attente***",
            "Les chouettes Sur liste d'attente",
            "full",
        ),
        ("ANNULÉ - Café solidaire", "Café solidaire", "cancelled"),
        ("Café solidaire (annulé)", "Café solidaire", "cancelled"),
        ("Reportée : disco soupe", "disco soupe", "cancelled"),
        ("Reporté au 12 mars : disco soupe", "Reporté au 12 mars : disco soupe", "planned"),
        ("COMPLET Atelier vélo", "Atelier vélo", "full"),
        ("Complet de jogging à coudre", "Complet de jogging à coudre", "planned"),
        ("Pain demi-complet", "Pain demi-complet", "planned"),
    ],
)
def test_what_a_title_says_becomes_of_an_event_is_heard(title: str, nom: str, expected: str) -> None:
    row = row_of(title={"fr": title})
    assert row["nom"] == nom
    assert {date.status.value for date in dates(row)} == {expected}


def test_a_description_is_read_without_the_marks_of_markdown() -> None:
    long = "**Le soir !**\n-----\n\nVenez *tous*\n\n*   À 19 h\n\n[[ici](https://a.fr) ou là](https://a.fr/x) un_mot"
    row = row_of(description={"fr": "Sortie"}, longDescription={"fr": long})
    assert row["description"] == "Sortie. Le soir ! Venez tous À 19 h ici ou là un_mot"


def test_a_short_description_that_the_export_cut_is_not_said_twice() -> None:
    words = "Une visite des restaurants et des hôtels de la ville, puis une rencontre avec ceux qui y travaillent"
    row = row_of(
        description={"fr": f"{words} tous les jours, éc..."}, longDescription={"fr": f"<p>{words} souvent.</p>"}
    )
    assert row["description"] == f"{words} souvent."


def test_an_address_does_not_say_its_commune_twice() -> None:
    location = EVENT["location"]
    assert row_of(location={**location, "address": "Esplanade Marvel 92000 Nanterre"})["adresse"] == "Esplanade Marvel"
    row = row_of(location={**location, "name": "Nanterre", "address": "92000 Nanterre"})
    assert (row["lieu"], row["adresse"]) == (None, None)


def test_the_telephone_of_the_place_is_that_of_the_event_when_it_has_none() -> None:
    there = {**EVENT["location"], "phone": "01 46 29 32 96"}
    assert row_of(location=there)["telephone"] == "01 23 45 67 89"
    assert row_of(location=there, registration=[])["telephone"] == "01 46 29 32 96"
