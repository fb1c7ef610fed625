"""The national workbook, as its makers have it filled in: a sheet each, rows of explanations, no source."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from catalogue.exchange.documents import CannotRead
from catalogue.exchange.imports import read_document
from tests.catalogue.test_data_inclusion import INDEX, MANGER

STRUCTURES = ("__ignore__", "id", "nom", "date_maj", "adresse", "commune", "code_postal", "code_insee", "telephone")
SERVICES = ("__ignore__", "id", "structure_id", "nom", "description", "date_maj", "thematiques", "publics", "frais")
EXPLAINED = ("x", "Identifiant unique", "Nom de la structure", "AAAA-MM-JJ", "Numéro et voie")
EXAMPLE = ("x", "exemple-1", "Centre social d'exemple", date(2026, 1, 1), "1 rue de l'Exemple", "Nanterre", "92000")
OURS = (None, "s-1", "Le Fournil partagé", date(2026, 3, 2), "12 rue des Tisserands", "Nanterre", 92000, 92050, None)
SERVICE = (None, "v-1", "s-1", "Repas partagés", "On y cuisine. " * 10, date(2026, 3, 2), f"{MANGER}, {MANGER}", None)


def book(folder: Path, structures: list[tuple[Any, ...]], services: list[tuple[Any, ...]]) -> Path:
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, header, rows in (("Structures", STRUCTURES, structures), ("Services", SERVICES, services)):
        sheet = workbook.create_sheet(title)
        for row in (header, *rows):
            sheet.append(row)
    path = folder / "Modèle 2026.xlsx"
    workbook.save(path)
    return path


def test_the_national_workbook_is_read_without_its_explanations(tmp_path: Path) -> None:
    path = book(tmp_path, [EXPLAINED, EXAMPLE, OURS], [("x", "Identifiant", "Structure"), SERVICE])
    read = read_document(path, path.name, INDEX)
    ((key, row),) = read.rows.items()
    assert key == ("Modèle 2026", "s-1")
    assert (row["nom"], row["code_insee"], row["needs"]) == ("Le Fournil partagé", "92050", ["alimentation"])
    assert [(refused.line, refused.reason) for refused in read.refused] == [
        (2, "structures : ligne d'explication ou d'exemple (__ignore__)"),
        (3, "structures : ligne d'explication ou d'exemple (__ignore__)"),
        (2, "services : ligne d'explication ou d'exemple (__ignore__)"),
    ]
    assert not read.lost


def test_whose_list_it_is_may_be_said(tmp_path: Path) -> None:
    path = book(tmp_path, [OURS], [])
    assert set(read_document(path, path.name, INDEX, source="ville-de-nanterre").rows) == {("ville-de-nanterre", "s-1")}


@pytest.mark.parametrize("mark", [False, 0, "faux", " "])
def test_a_row_that_is_said_not_to_be_ignored_is_read(tmp_path: Path, mark: object) -> None:
    path = book(tmp_path, [(mark, *OURS[1:])], [])
    assert len(read_document(path, path.name, INDEX).rows) == 1


def test_a_workbook_that_only_holds_explanations_gives_nothing_and_says_why(tmp_path: Path) -> None:
    path = book(tmp_path, [EXPLAINED, EXAMPLE], [])
    read = read_document(path, path.name, INDEX)
    assert (read.rows, len(read.refused)) == ({}, 2)


def test_a_source_that_one_row_leaves_out_is_not_made_up(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    path.write_text(
        "source,id,nom,date_maj,adresse,commune,code_postal,code_insee\n"
        "essai,1,Un lieu,2026-03-02,12 rue des Tisserands,Nanterre,92000,92050\n"
        ",2,Un autre lieu,2026-03-02,13 rue des Tisserands,Nanterre,92000,92050\n"
    )
    read = read_document(path, path.name, INDEX)
    assert set(read.rows) == {("essai", "1")}
    assert [refused.reason for refused in read.refused] == ["structure « 2 », source : manquant"]


def test_a_table_of_something_else_is_told(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    path.write_text("nom,ville,rue\na,b,c\n")
    with pytest.raises(CannotRead, match="data·inclusion"):
        read_document(path, path.name, INDEX)
