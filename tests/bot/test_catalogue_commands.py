"""The commands of those who look after the catalogue, on the shipped one."""

import csv
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader
from sqlalchemy import select

from bot.__main__ import main
from catalogue.database import open_database, reading
from catalogue.tables import initiatives

Command = Callable[..., Result]

NANTERRE = {"commune": "Nanterre", "code_postal": "92000", "code_insee": "92050"}
STRUCTURE = {"source": "essai", "id": "essai--1", "nom": "Le Verger partagé", "date_maj": "2026-11-01", **NANTERRE}
SERVICE = {
    "source": "essai",
    "id": "essai--s1",
    "structure_id": "essai--1",
    "nom": "Repas du jeudi",
    "description": "On cuisine et on mange ensemble chaque jeudi.",
    "date_maj": "2026-11-01",
    "thematiques": ["equipement-et-alimentation--alimentation"],
}


@pytest.fixture
def bonne_porte(shipped_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on a shipped catalogue of the test's own."""
    monkeypatch.setenv("DATABASE_URL", shipped_url)
    monkeypatch.setenv("TELEGRAM_TOKEN", "")
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def a_list(tmp_path: Path) -> Callable[..., Path]:
    def written(*structures: dict[str, object], services: tuple[dict[str, object], ...] = (SERVICE,)) -> Path:
        path = tmp_path / "liste.json"
        path.write_text(json.dumps({"structures": structures, "services": services}), encoding="utf-8")
        return path

    return written


def number_of(url: str, nom: str) -> int:
    engine = open_database(url)
    with reading(engine) as connection:
        found = connection.scalars(select(initiatives.c.id).where(initiatives.c.nom == nom)).one()
    engine.dispose()
    return found


def said(result: Result, code: int = 0) -> str:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout


def refusal(result: Result) -> str:
    assert result.exit_code == 1
    line = result.stderr.splitlines()[-1]
    assert line.startswith("bonne-porte : ")
    return line


def test_a_list_is_tried_then_taken_in_then_taken_in_again(bonne_porte: Command, a_list: Callable[..., Path]) -> None:
    path = a_list(STRUCTURE)
    tried = said(bonne_porte("import", path, "--dry-run"))
    assert tried == "essai : 1 créée. (essai : rien n'est écrit)\n  Le Verger partagé : créée\n"
    assert said(bonne_porte("import", path)).startswith("essai : 1 créée.\n")
    assert said(bonne_porte("import", path)).startswith("essai : 1 inchangée.\n")
    changed = said(bonne_porte("import", a_list({**STRUCTURE, "telephone": "+33147295050"}), "--dry-run"))
    assert "Le Verger partagé : structure, telephone" in changed


def test_what_is_refused_is_said_line_by_line(bonne_porte: Command, a_list: Callable[..., Path]) -> None:
    bad = {**STRUCTURE, "id": "essai--2", "code_insee": "99999", "code_postal": "00000", "commune": "Nulle-Part"}
    result = bonne_porte("import", a_list(STRUCTURE, bad))
    assert said(result).startswith("essai : 1 créée.\n")
    assert "Ligne refusée : liste.json, ligne 2 : " in result.stderr
    assert "1 refusées" in result.stderr


def test_columns_that_nothing_reads_are_said(bonne_porte: Command, a_list: Callable[..., Path]) -> None:
    """As lists of before version 1 have them: what they say of hours would be lost without a word."""
    old = {**STRUCTURE, "horaires_ouverture": "Mo-Fr 09:00-18:00", "thematiques": None, "labels_autres": []}
    more = {"id": "2", "typo\x1blogie": "ASSO", "\u200b": "x", "score_qualite": 0.9}
    result = bonne_porte("import", a_list(old, {**old, **more}))
    assert result.exit_code == 0
    said = next(line for line in result.stderr.splitlines() if "laissées de côté" in line)
    assert said.endswith("laissées de côté : horaires_ouverture (2), typo logie (1), sans nom (1).")
    assert "laissées" not in bonne_porte("import", a_list(STRUCTURE)).stderr


def test_what_is_imported_is_found_and_its_history_told(
    bonne_porte: Command, shipped_url: str, a_list: Callable[..., Path]
) -> None:
    said(bonne_porte("import", a_list(STRUCTURE)))
    found = said(bonne_porte("search", "--text", "vergé partager", "--near", "92050"))
    assert found.startswith("Le Verger partagé  [")
    number = number_of(shipped_url, "Le Verger partagé")
    said(bonne_porte("entry", number, "--status", "suspended", "--method", "telephone"))
    told = said(bonne_porte("history", number))
    assert "coordinateur, par téléphone" in told
    assert "status : active → suspended" in told
    assert "création" in told
    assert "Le Verger partagé" not in said(bonne_porte("search", "--text", "verger partagé", "--near", "92050"))


def test_a_revision_is_brought_back(bonne_porte: Command, shipped_url: str) -> None:
    number = number_of(shipped_url, "Mon Épicerie")
    created = said(bonne_porte("history", number)).split()[0]
    said(bonne_porte("entry", number, "--status", "closed", "--method", "visite"))
    assert "remise" in said(bonne_porte("restore", created, "--method", "courriel"))
    assert "status : closed → active" in said(bonne_porte("history", number))


def test_a_closure_is_announced_and_taken_back(bonne_porte: Command, shipped_url: str) -> None:
    number = number_of(shipped_url, "Mon Épicerie")
    closure = ("notice", number, "--kind", "fermeture", "--from", "2026-12-20", "--to", "2027-01-03")
    assert said(bonne_porte(*closure, "--method", "telephone")) == "C'est noté.\n"
    assert said(bonne_porte(*closure, "--method", "telephone")) == "La fiche le disait déjà.\n"
    assert said(bonne_porte(*closure, "--remove", "--method", "telephone")) == "C'est noté.\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("history", 999_999), "aucune fiche ne porte le numéro 999999"),
        (("restore", 999_999, "--method", "bot"), "aucune modification"),
        (("entry", 1, "--method", "bot"), "donnez --status ou --season"),
        (("entry", 1, "--season", "mai", "--method", "bot"), "04-15/10-31"),
        (("entry", 999_999, "--status", "closed", "--method", "bot"), "aucune fiche"),
        (
            ("notice", 1, "--kind", "message", "--from", "2026-12-02", "--to", "2026-12-01", "--method", "bot"),
            "la fin vient avant le début",
        ),
        (("search",), "donnez --need ou --text"),
        (("search", "--need", "alimentation"), "donnez --near ou --territory"),
        (("search", "--need", "alimentation", "--near", "xyzzyx"), "xyzzyx"),
        (("search", "--need", "alimentation", "--near", "0,0"), "50 km"),
        (("import", "nulle-part.json"), "n'existe pas"),
        (("import", "http://example.org/liste.json"), "https"),
        (("import", "https://127.0.0.1/liste.json"), ""),
        (("export", "--format", "csv", "--output", "/nulle/part.csv"), "ne peut pas être écrit"),
        (("copy", "--from", "mysql://a", "--to", "sqlite:///b"), "sqlite:///"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(bonne_porte: Command, arguments: tuple[object, ...], why: str) -> None:
    assert why in refusal(bonne_porte(*arguments))


def test_a_file_that_is_not_a_list_is_said_so(bonne_porte: Command, tmp_path: Path) -> None:
    path = tmp_path / "photo.json"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    assert "photo.json" in refusal(bonne_porte("import", path))
    path.write_text('[{"a": 1}]', encoding="utf-8")
    assert "--mapping" in refusal(bonne_porte("import", path))


def test_a_search_explains_itself_in_words_and_in_json(bonne_porte: Command) -> None:
    near = ("search", "--need", "numerique", "--near", "92050", "--kind", "france-services", "--free")
    words = said(bonne_porte(*near, "--count", 1))
    assert " · " in words.splitlines()[-1]
    found = [json.loads(line) for line in said(bonne_porte(*near, "--json")).splitlines()]
    assert len(found) == 10
    assert [one["km"] for one in found] == sorted(one["km"] for one in found)
    assert {one["kind"] for one in found} == {"france-services"}


@pytest.mark.parametrize("near", ["92050", "Nanterre", "92000 Nanterre", "48.8922,2.2069"])
def test_near_takes_a_code_a_name_a_postcode_or_a_point(bonne_porte: Command, near: str) -> None:
    assert "Nanterre" in said(bonne_porte("search", "--need", "alimentation", "--near", near))


def test_a_territory_holds_the_search_in(bonne_porte: Command) -> None:
    lines = said(
        bonne_porte("search", "--need", "numerique", "--territory", "92", "--json", "--count", 50)
    ).splitlines()
    assert {json.loads(line)["code_insee"][:2] for line in lines} == {"92"}


def test_every_format_is_written(bonne_porte: Command, tmp_path: Path) -> None:
    for format_ in ("csv", "geojson", "data-inclusion", "guide"):
        output = tmp_path / f"nanterre.{format_}"
        told = said(bonne_porte("export", "--format", format_, "--output", output, "--territory", "92050"))
        assert told.endswith(" : 22 fiches.\n")
    with (tmp_path / "nanterre.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["code_insee"] for row in csv.DictReader(file)} == {"92050"}
    assert len(json.loads((tmp_path / "nanterre.geojson").read_text("utf-8"))["features"]) == 22
    assert len(json.loads((tmp_path / "nanterre.data-inclusion").read_text("utf-8"))["structures"]) == 22
    pages = PdfReader(BytesIO((tmp_path / "nanterre.guide").read_bytes())).pages
    assert "Mon Épicerie" in "".join(page.extract_text() for page in pages)


def test_what_was_exported_comes_back_the_same(bonne_porte: Command, tmp_path: Path) -> None:
    first, second = tmp_path / "un.json", tmp_path / "deux.json"
    said(bonne_porte("export", "--format", "data-inclusion", "--output", first, "--territory", "92"))
    said(bonne_porte("import", first))
    said(bonne_porte("export", "--format", "data-inclusion", "--output", second, "--territory", "92"))
    assert first.read_bytes() == second.read_bytes()


def test_an_installation_is_copied_and_checked(bonne_porte: Command, shipped_url: str, tmp_path: Path) -> None:
    told = said(bonne_porte("copy", "--from", shipped_url, "--to", f"sqlite:///{tmp_path / 'copie.db'}"))
    assert "initiatives : 9132 lignes, relues et identiques.\n" in told
    assert "a déjà des lignes" in refusal(
        bonne_porte("copy", "--from", shipped_url, "--to", f"sqlite:///{tmp_path / 'copie.db'}")
    )


def test_invented_entries_are_added_once(bonne_porte: Command) -> None:
    assert said(bonne_porte("seed", "--entries", 50)) == "50 fiches inventées, de source « synthetic ».\n"
    assert "déjà" in refusal(bonne_porte("seed", "--entries", 50))
