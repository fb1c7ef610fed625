"""The commands of dated events, on the shipped catalogue."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result
from icalendar import Calendar
from sqlalchemy import select

from bot.__main__ import main
from catalogue.database import open_database, reading
from catalogue.tables import events, feeds
from tests.catalogue.test_events_in import calendar, vevent
from tests.catalogue.test_fetch import Internet, Site, certificate, internet, page, site

__all__ = ["certificate", "internet", "site"]  # fixtures

Command = Callable[..., Result]
URL = "https://guide.example/agenda.ics"


@pytest.fixture
def bonne_porte(shipped_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command, one morning of November, on a shipped catalogue of the test's own."""
    monkeypatch.setenv("DATABASE_URL", shipped_url)
    monkeypatch.setenv("TELEGRAM_TOKEN", "")
    with time_machine.travel(datetime(2026, 11, 22, 10, 0, tzinfo=UTC), tick=False):
        yield lambda *arguments: CliRunner().invoke(main, ["events", *map(str, arguments)])


@pytest.fixture
def a_calendar(tmp_path: Path) -> Callable[..., Path]:
    def written(*vevents: str) -> Path:
        path = tmp_path / "mairie.ics"
        path.write_bytes(calendar(*vevents))
        return path

    return written


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal(result: Result) -> str:
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    line = result.stderr.splitlines()[-1]
    assert line.startswith("bonne-porte : ")
    return line


def listed(bonne_porte: Command, nom: str, *options: object) -> list[dict[str, object]]:
    lines = said(bonne_porte("list", "--near", "92050", "--json", *options)).splitlines()
    return [date for date in map(json.loads, lines) if date["nom"] == nom]


def test_a_calendar_is_tried_then_taken_in_then_taken_in_again(
    bonne_porte: Command, a_calendar: Callable[..., Path]
) -> None:
    path = a_calendar(vevent("1"))
    assert said(bonne_porte("import", path, "--dry-run")) == "mairie : 1 créé. (essai : rien n'est écrit)\n"
    assert said(bonne_porte("import", path)) == "mairie : 1 créé.\n"
    assert said(bonne_porte("import", path)) == "mairie : 1 inchangé.\n"
    path = a_calendar(vevent("2"), vevent("3"))
    assert said(bonne_porte("import", path)) == "mairie : 2 créés, 1 absent du calendrier, marqué.\n"
    assert said(bonne_porte("import", a_calendar())) == "mairie : 2 absents du calendrier, marqués.\n"
    assert said(bonne_porte("import", path, "--source", "autre")) == "autre : rien.\n"


def test_what_is_refused_is_said_with_its_reason(bonne_porte: Command, a_calendar: Callable[..., Path]) -> None:
    result = bonne_porte("import", a_calendar(vevent("1"), vevent("2", day="20250101")))
    assert said(result) == "mairie : 1 créé, 1 refusé, dit ci-dessus.\n"
    assert "Ligne refusée : mairie.ics, ligne 2 : " in result.stderr


def test_an_address_is_imported_and_followed(
    bonne_porte: Command, shipped_url: str, internet: Internet, site: Site
) -> None:
    site.pages["/agenda.ics"] = page(calendar(vevent("1")))
    source = said(bonne_porte("import", URL, "--follow")).removesuffix(" : 1 créé.\n")
    assert source.startswith("guide.example-")
    engine = open_database(shipped_url)
    with reading(engine) as connection:
        assert connection.execute(select(feeds.c.url, feeds.c.source)).all() == [(URL, source)]
    engine.dispose()


def test_two_addresses_may_not_be_followed_under_one_name(bonne_porte: Command, internet: Internet, site: Site) -> None:
    site.pages |= {"/agenda.ics": page(calendar(vevent("1"))), "/autre.ics": page(calendar(vevent("2")))}
    said(bonne_porte("import", URL, "--follow", "--source", "mairie"))
    other = bonne_porte("import", "https://guide.example/autre.ics", "--follow", "--source", "mairie")
    assert "« mairie » est déjà le nom d'un autre calendrier" in refusal(other)
    assert len(listed(bonne_porte, "Repair café")) == 1


def test_dates_near_a_place_are_listed_in_words_and_in_json(
    bonne_porte: Command, a_calendar: Callable[..., Path]
) -> None:
    said(bonne_porte("import", a_calendar(vevent("1"))))
    words = said(bonne_porte("list", "--near", "Nanterre", "--days", 7))
    assert "samedi 28 novembre de 14 h à 17 h, dans 6 jours : Repair café  [" in words
    assert "Pas confirmé" in words
    (date,) = listed(bonne_porte, "Repair café", "--need", "equipement")
    assert (date["starts_at"], date["status"], date["confirmed"]) == ("2026-11-28T13:00:00+00:00", "planned", False)
    assert listed(bonne_porte, "Repair café", "--need", "emploi") == []


def test_a_date_is_confirmed_then_cancelled(bonne_porte: Command, a_calendar: Callable[..., Path]) -> None:
    said(bonne_porte("import", a_calendar(vevent("1"))))
    (date,) = listed(bonne_porte, "Repair café")
    assert said(bonne_porte("confirm", date["id"], "2026-11-28")) == "C'est noté.\n"
    assert listed(bonne_porte, "Repair café")[0]["confirmed"]
    assert said(bonne_porte("cancel", date["id"], "2026-11-28T14:00")) == "C'est noté.\n"
    assert listed(bonne_porte, "Repair café")[0]["status"] == "cancelled"
    assert "annulée" in refusal(bonne_porte("confirm", date["id"], "2026-11-28"))
    assert "Annulé" in said(bonne_porte("list", "--near", "Nanterre", "--days", 7))


def test_an_hour_is_asked_for_when_there_are_two_dates_a_day(
    bonne_porte: Command, a_calendar: Callable[..., Path]
) -> None:
    twice = vevent("1").replace("\nLOCATION", "\nRRULE:FREQ=DAILY;COUNT=2;BYHOUR=14,18\nLOCATION")
    said(bonne_porte("import", a_calendar(twice)))
    number = listed(bonne_porte, "Repair café")[0]["id"]
    assert "donnez aussi l'heure" in refusal(bonne_porte("cancel", number, "2026-11-28"))
    said(bonne_porte("cancel", number, "2026-11-28T18:00"))
    assert [date["status"] for date in listed(bonne_porte, "Repair café")] == ["planned", "cancelled"]


def test_the_calendar_of_a_territory_is_written(
    bonne_porte: Command, a_calendar: Callable[..., Path], tmp_path: Path
) -> None:
    said(bonne_porte("import", a_calendar(vevent("1"))))
    output = tmp_path / "nanterre.ics"
    where = ("export", "--territory", "92050", "--need", "equipement")
    assert said(bonne_porte(*where, "--output", output)) == f"{output} : 3 rendez-vous.\n"
    written = Calendar.from_ical(output.read_bytes())
    assert "Repair café" in [str(event["SUMMARY"]) for event in written.walk("VEVENT")]
    assert "STATUS:CANCELLED" not in said(bonne_porte(*where))
    said(bonne_porte("cancel", listed(bonne_porte, "Repair café")[0]["id"], "2026-11-28"))
    assert said(bonne_porte(*where)).startswith("BEGIN:VCALENDAR")
    assert said(bonne_porte(*where)).count("STATUS:CANCELLED") == 1
    assert "ne peut pas être écrit" in refusal(bonne_porte(*where, "--output", "/nulle/part.ics"))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("import", "nulle-part.ics"), "n'existe pas"),
        (("import", "http://example.org/agenda.ics"), "https"),
        (("import", "agenda.ics", "--follow"), "--follow demande une adresse"),
        (("list", "--near", "xyzzyx"), "xyzzyx"),
        (("export", "--territory", "xyzzyx"), "xyzzyx"),
        (("confirm", 999_999, "2026-11-28"), "aucune date du rendez-vous 999999 ne commence le 28/11/2026"),
        (("cancel", 999_999, "2026-11-28T14:00"), "le 28/11/2026 à 14:00"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(bonne_porte: Command, arguments: tuple[object, ...], why: str) -> None:
    assert why in refusal(bonne_porte(*arguments))


def test_a_file_that_is_no_calendar_is_said_so_and_changes_nothing(
    bonne_porte: Command, a_calendar: Callable[..., Path], tmp_path: Path
) -> None:
    said(bonne_porte("import", a_calendar(vevent("1"))))
    photo = tmp_path / "mairie.png"
    for content in (b"\x89PNG\r\n\x1a\n" + bytes(200), b"{", b""):
        photo.write_bytes(content)
        assert "aucun rendez-vous n'a pu être lu" in refusal(bonne_porte("import", photo))
    assert len(listed(bonne_porte, "Repair café")) == 1


def test_the_shipped_events_are_near_their_town_and_to_be_confirmed(bonne_porte: Command) -> None:
    dates = listed(bonne_porte, "Electrolab", "--days", 14)
    assert [date["starts_at"] for date in dates] == ["2026-11-24T18:00:00+00:00", "2026-12-01T18:00:00+00:00"]
    assert not any(date["confirmed"] for date in dates)


def test_the_shipped_events_lead_to_the_page_that_tells_of_them(bonne_porte: Command, shipped_url: str) -> None:
    engine = open_database(shipped_url)
    with reading(engine) as connection:
        rows = connection.execute(select(events.c.description, events.c.site_web)).all()
    engine.dispose()
    assert len(rows) == 10
    assert all(row.description and "http" not in row.description and row.site_web for row in rows)
