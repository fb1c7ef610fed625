"""Hostile texts that the catalogue holds leave it whole, and what opens them runs nothing: files, pages, calendars."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner, Result
from icalendar import Calendar
from pypdf import PdfReader
from sqlalchemy import Engine, insert, select

from bot.__main__ import main
from bot.channels.web import create_app
from bot.commands.campaigns import _question
from bot.console import Trouble
from bot.poster import CannotPrint, Poster, pdf, place_called
from bot.runner import Runner
from bot.settings import Settings
from catalogue.database import open_database, reading, writing
from catalogue.exchange import rows
from catalogue.exchange.data_inclusion import read_data_inclusion
from catalogue.exchange.imports import read_document
from catalogue.exchange.reading import Reading, Record
from catalogue.exchange.tables_out import unescaped
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.needs import Need
from catalogue.places import PlaceIndex
from catalogue.tables import events, initiatives, occurrences
from tests.channels.hostile import CLEANED, HELD, PLAIN, TOO_LONG
from tests.channels.visitor import Visitor
from tests.handlers.memory import NANTERRE, shipped_understander

NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)
LATER = NOON + timedelta(hours=3)
SOURCE = "hostile"
SAID = ("nom", "description", "lieu")  # of an event
IN_NANTERRE = {"commune": "Nanterre", "code_postal": "92000", "code_insee": "92050", "departement": "92"}
WRITTEN = PLAIN | {name: one.written for name, one in CLEANED.items()}
Command = Callable[..., Result]


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def bonne_porte(shipped_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, on a shipped catalogue where a place of Nanterre says each hostile text everywhere."""
    monkeypatch.setenv("DATABASE_URL", shipped_url)
    monkeypatch.setenv("TELEGRAM_TOKEN", "")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_URL", "https://exemple.fr")
    engine = open_database(shipped_url)
    with writing(engine) as connection:
        save_initiatives(connection, [entry(name, text) for name, text in HELD.items()])
    engine.dispose()
    return lambda *arguments: CliRunner().invoke(main, list(map(str, arguments)))


def entry(name: str, text: str) -> dict[str, Any]:
    """A place that says a text wherever it may."""
    free = ("nom", "adresse", "horaires", "publics_precisions", "frais_precisions", "conditions_acces")
    known: dict[str, Any] = {**UNKNOWN, "source": SOURCE, "source_id": name, "kind": "autre", **IN_NANTERRE}
    known |= {"needs": ["alimentation"], "latitude": 48.8922, "longitude": 2.2069, **dict.fromkeys(free, text)}
    return known | {"description": f"On y mange. {text}", "site_web": f"http://[{text}{'x' * 70}"}


def exported(bonne_porte: Command, format_: str, path: Path) -> Path:
    result = bonne_porte("export", "--format", format_, "--output", path, "--territory", "92050")
    assert result.exit_code == 0, result.output
    return path


def test_a_spreadsheet_takes_no_text_for_a_formula_and_gives_each_back(bonne_porte: Command, tmp_path: Path) -> None:
    content = exported(bonne_porte, "csv", tmp_path / "fiches.csv").read_bytes().decode("utf-8-sig")
    rows = {
        row["source_id"]: row for row in csv.DictReader(io.StringIO(content, newline="")) if row["source"] == SOURCE
    }
    assert {name: unescaped(row["nom"]) for name, row in rows.items()} == HELD
    assert {name: unescaped(row["conditions_acces"]) for name, row in rows.items()} == HELD
    cells = [cell for row in rows.values() for name, cell in row.items() if name not in ("latitude", "longitude")]
    assert [cell for cell in cells if re.match(r"[\s\"']*[=+\-@]", cell) and not cell.startswith("'")] == []


def test_a_map_is_given_each_text_as_it_is(bonne_porte: Command, tmp_path: Path) -> None:
    content = json.loads(exported(bonne_porte, "geojson", tmp_path / "fiches.geojson").read_bytes())
    said = {one["id"].partition("--")[2]: one["properties"] for one in content["features"]}
    assert {name: (said[name]["nom"], said[name]["adresse"]) for name in HELD} == {n: (t, t) for n, t in HELD.items()}


def test_data_inclusion_is_valid_and_read_again_gives_what_a_card_keeps(
    bonne_porte: Command, tmp_path: Path, place_index: PlaceIndex
) -> None:
    path = exported(bonne_porte, "data-inclusion", tmp_path / "fiches.json")
    read = read_document(path, path.name, place_index, None, None)
    assert read.refused == []
    again = {key[1]: row for key, row in read.rows.items() if key[0] == SOURCE}
    kept = seen_on_a_card(HELD)
    assert {name: again[name]["nom"] for name in HELD} == kept
    assert {name: again[name]["conditions_acces"] for name in HELD} == kept


OWN_WORDS = (
    *("nom", "description", "adresse", "complement_adresse", "commune", "telephone", "courriel", "site_web"),
    *("lien_source", "horaires", "publics_precisions", "frais_precisions", "conditions_acces"),
)


@pytest.mark.parametrize("name", CLEANED)
def test_our_own_columns_are_cleaned_like_the_words_of_any_list(name: str) -> None:
    said = CLEANED[name].written
    notice = {"kind": "message", "starts": "2026-12-24", "ends": "2026-12-31", "message": said}
    read = Reading("liste.json")
    own = {**dict.fromkeys(OWN_WORDS, said), "notices": [notice]}
    record = {**structure("1", "Le Fournil"), "bonne_porte": json.dumps(own)}
    read_data_inclusion([Record("structures", 1, record)], read, PlaceIndex([NANTERRE]))
    if CLEANED[name].on_a_card is None:
        (refused,) = read.refused
        assert refused.reason.startswith("structure « 1 », bonne_porte.")
        assert "caractères illisibles" in refused.reason
        return
    (row,) = read.rows.values()
    expected = dict.fromkeys(OWN_WORDS, CLEANED[name].on_a_card) | {"description": in_clean_lines(said)}
    assert {one: row[one] for one in OWN_WORDS} == expected
    assert [one["message"] for one in row["notices"]] == [CLEANED[name].on_a_card]


def in_clean_lines(said: str) -> str:
    """A description, whose lines stay lines."""
    return "\n".join(line for one in said.split("\n") if (line := rows.text(one)))


@pytest.mark.parametrize("source_id", ["a\u200bb", " a", "a\u202eb"])
def test_an_identifier_that_hides_something_is_refused(source_id: str) -> None:
    read = Reading("liste.json")
    record = {**structure("1", "Le Fournil"), "bonne_porte": {"source_id": source_id}}
    read_data_inclusion([Record("structures", 1, record)], read, PlaceIndex([NANTERRE]))
    (refused,) = read.refused
    assert refused.reason == "structure « 1 », bonne_porte.source_id : caractères illisibles"


def test_a_number_in_which_something_is_hidden_is_still_a_number() -> None:
    assert rows.phone("01\u200b47 00\u00a000 99") == "01 47 00 00 99"


def seen_on_a_card(texts: dict[str, str]) -> dict[str, str | None]:
    """What reading keeps of texts: what every card keeps."""
    return {name: CLEANED[name].on_a_card if name in CLEANED else text for name, text in texts.items()}


def test_the_guide_is_printed_with_each_text_and_none_is_taken_for_markup(bonne_porte: Command, tmp_path: Path) -> None:
    pages = PdfReader(exported(bonne_porte, "guide", tmp_path / "guide.pdf")).pages
    printed = bare(" ".join(page.extract_text() for page in pages))
    without_a_font = {"arabic", "emoji", "joined emoji"}  # in the guide: tests.bot.test_guide
    for name in PLAIN.keys() - without_a_font:
        assert printed.count(bare(PLAIN[name])) >= 3, name


def bare(text: str) -> str:
    """A text without its spaces, its apostrophes as they are typed."""
    return re.sub(r"[\s\u200b-\u200d\u2060]", "", text.replace("’", "'"))


@pytest.mark.parametrize("text", [*HELD.values(), TOO_LONG])
def test_a_poster_of_what_is_no_place_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(CannotPrint) as refused:
        place_called(text, PlaceIndex([NANTERRE]))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("name", ["tags", "typst", "braces"])
def test_a_poster_prints_the_name_of_a_place_as_it_is(name: str) -> None:
    poster = Poster("https://exemple.fr", NOON.date(), Need.ALIMENTATION, replace(NANTERRE, nom=PLAIN[name]))
    (page,) = PdfReader(BytesIO(pdf(poster))).pages
    assert bare(PLAIN[name]) in bare(page.extract_text())


async def test_a_calendar_holds_one_event_whatever_its_name_says(
    shipped_engine: Engine, place_index: PlaceIndex
) -> None:
    visitor = Visitor(create_app(Runner(shipped_engine, place_index, shipped_understander()), Settings()))
    for number, text in enumerate(HELD.values()):
        event_id = an_event(shipped_engine, number, text)
        response = await visitor.open(f"/rendez-vous/{event_id}.ics?date={int(LATER.timestamp())}")
        (event,) = Calendar.from_ical(response.content).walk("VEVENT")
        assert in_lines(event["SUMMARY"]) == in_lines(event["DESCRIPTION"]) == in_lines(text)
        assert in_lines(event["LOCATION"]).startswith(in_lines(text))
        assert event["STATUS"] == "TENTATIVE"
        assert response.content.count(b"\r\nBEGIN:") == response.content.count(b"\r\nEND:VEVENT\r\n") == 1


async def test_so_does_the_calendar_of_a_territory(shipped_engine: Engine, place_index: PlaceIndex) -> None:
    visitor = Visitor(create_app(Runner(shipped_engine, place_index, shipped_understander()), Settings()))
    for number, text in enumerate(HELD.values()):
        an_event(shipped_engine, number, text)
    response = await visitor.open("/agenda/92050.ics")
    said = [in_lines(event["SUMMARY"]) for event in Calendar.from_ical(response.content).walk("VEVENT")]
    assert {in_lines(text) for text in HELD.values()} <= set(said)
    assert len([one for one in said if one in set(map(in_lines, HELD.values()))]) == len(HELD)


def in_lines(text: object) -> str:
    """A text as a calendar writes it: there is only one way to end lines."""
    return str(text).replace("\r\n", "\n")


def an_event(engine: Engine, number: int, text: str) -> int:
    """The id of a meeting whose words all say a text."""
    alone = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", f"UID:{number}", f"DTSTART:{LATER:%Y%m%dT%H%M%SZ}")
    row: dict[str, Any] = {"source": SOURCE, "source_id": f"{number}@essai", "kind": "cafe-solidaire"}
    row |= {"status": "planned", "needs": ["lien-social"], "exact": False, "learnt_at": NOON, **IN_NANTERRE}
    row |= {"ical": "\r\n".join((*alone, "END:VEVENT", "END:VCALENDAR", "")), **dict.fromkeys(SAID, text)}
    date = {"original_at": LATER, "starts_at": LATER, "all_day": False, "status": "planned", "z": -1}
    with writing(engine) as connection:
        id_ = connection.execute(insert(events).values(row).returning(events.c.id)).scalar_one()
        connection.execute(insert(occurrences), {"event_id": id_, **date})
    return int(id_)


# ---- the doors of the command line -----------------------------------------------------------------------


def test_an_imported_list_is_taken_in_as_it_is_written_or_refused_in_a_line(
    bonne_porte: Command, tmp_path: Path, shipped_engine: Engine
) -> None:
    path = tmp_path / "liste.json"
    path.write_text(
        json.dumps({"structures": [structure(name, text) for name, text in WRITTEN.items()], "services": []})
    )
    result = bonne_porte("import", path)
    assert result.exit_code == 0, result.output
    assert obeyed(result.output) == []
    with reading(shipped_engine) as connection:
        of_source = select(initiatives.c.source_id, initiatives.c.nom).where(initiatives.c.source == "liste")
        found = dict(connection.execute(of_source).all())
    assert found == {name: kept for name, kept in seen_on_a_card(WRITTEN).items() if kept}
    assert result.stderr.count("Ligne refusée") == len(WRITTEN) - len(found)


def structure(name: str, text: str) -> dict[str, str]:
    where = {field: IN_NANTERRE[field] for field in ("commune", "code_postal", "code_insee")}
    return {"source": "liste", "id": name, "nom": text, "date_maj": "2026-11-01", "description": "On y mange.", **where}


def obeyed(text: str) -> list[str]:
    """The characters of a text that a terminal obeys."""
    return re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


@pytest.mark.parametrize(
    "written",
    [
        "https://exemple.fr/\x1b]0;x\x07",
        "https://exemple.fr/\u202egnp.exe",
        "http://[exemple.fr",
        "http://aucun",
        "javascript:alert(1)",
        "https://exemple.fr/<script>",
        'https://exemple.fr/"onclick="alert(1)',
    ],
)
def test_a_site_that_hides_something_or_leads_nowhere_is_not_taken_in(written: str) -> None:
    assert rows.web_address(written) is None


def test_an_email_address_that_hides_something_is_not_taken_in() -> None:
    assert rows.email("a\x1b[0m@exemple.fr") is rows.email("a\u202e@exemple.fr") is None
    assert rows.email("Écrire à a@exemple.fr") == "a@exemple.fr"


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN.keys())
def test_the_question_of_a_campaign_is_kept_as_it_is_written(text: str) -> None:
    assert _question(f"{text} : vrai ou faux ?") == f"{text} : vrai ou faux ?"


@pytest.mark.parametrize("name", ["escapes", "null", "half a character", "lines", "line ends"])
def test_a_question_that_is_not_one_line_of_text_is_refused(name: str) -> None:
    with pytest.raises(Trouble, match="la question tient sur une ligne"):
        _question(f"Avez-vous {CLEANED[name].written} ?")
    with pytest.raises(Trouble, match="il en faut de 10 à 200"):
        _question(f"{TOO_LONG}?")
