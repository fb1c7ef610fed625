"""Lists through their mappings: the shipped ones, the example of the guide, and what is refused."""

import csv
import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from catalogue.exchange.mapped import Mapping, read_mapped, read_mapping
from catalogue.exchange.reading import Reading, Record
from catalogue.exchange.shipped import SHIPPED
from tests.catalogue.lists import INDEX, LINE, WHOLE, among, only_refusal, only_row, read, written

GUIDE = Path(__file__).parents[2] / "docs" / "correspondances.md"

LISTED: dict[str, Any] = {
    "id": "cnfs-62592a1d05457b0790816e6c",
    "date_maj": "2022-05-09",
    "nom": "MAIRIE DE NANTERRE",
    "categorie": "numerique",
    "description": "Prendre en main un ordinateur",
    "adresse": "1 rue de la Mairie",
    "complement": "",
    "commune": "Nanterre",
    "code_postal": "92000",
    "code_insee": "92050",
    "departement": "92",
    "latitude": "48.9",
    "longitude": "2.2",
    "coord_precision": "point",
    "telephone": "",
    "courriel": "",
    "site_web": "",
    "horaires": "",
}
COLLECTED: dict[str, Any] = {
    "nom": "Repair Café",
    "description": "Réparations bénévoles ",
    "adresse": "",
    "commune": "Nanterre",
    "code_postal": "92000",
    "site_web": "",
    "horaires": "Samedi 10h-12h",
    "source_url": "https://exemple.fr/repair",
    "annee_source": "2020-2022",
    "code_insee": "92050",
    "departement": "92",
    "latitude": "48.89222",
    "longitude": "2.20694",
    "coord_precision": "commune",
    "kind": "repair-cafe",
    "besoins": "equipement;lien-social",
    "publics": "",
    "frais": "gratuit",
}


def shipped(name: str) -> Mapping:
    return read_mapping(SHIPPED / "initiatives" / f"{name}.toml")


def test_a_collected_line_says_what_it_is_and_is_known_by_its_name_and_commune() -> None:
    row = only_row(read(shipped("collaboratives"), COLLECTED))
    among(
        row,
        source="collaboratives",
        source_id="repair-cafe-92050",
        kind="repair-cafe",
        needs=["equipement", "lien-social"],
        frais="gratuit",
        description="Réparations bénévoles.",
        horaires="Samedi 10h-12h",
        moments=["week-end"],
        lien_source="https://exemple.fr/repair",
        exact=False,
        verified_at=date(2022, 1, 1),
        verified_by_year=True,
        verified_method="import",
        date_maj=None,
        reach="local",
    )


def test_a_maison_france_services_is_free_and_for_everyone() -> None:
    line = LISTED | {"id": "fs-1", "categorie": "france-services", "telephone": "0450568749", "complement": "Hall"}
    among(
        only_row(read(shipped("france-services"), line)),
        source_id="fs-1",
        kind="france-services",
        needs=["droits", "numerique"],
        publics=["tous-publics"],
        frais="gratuit",
        telephone="04 50 56 87 49",
        complement_adresse="Hall",
        exact=True,
        latitude=48.9,
        verified_at=date(2022, 5, 9),
        verified_by_year=False,
        date_maj=date(2022, 5, 9),
    )


def test_a_place_of_digital_help_is_told_plainly() -> None:
    paperwork = {"description": "Prendre en main un ordinateur;Devenir autonome dans les démarches administratives"}
    among(
        only_row(read(shipped("numerique"), LISTED | paperwork)),
        source_id="62592a1d05457b0790816e6c",
        nom="Mairie de Nanterre",
        needs=["numerique", "droits"],
        description="Prendre en main un ordinateur et devenir autonome dans les démarches administratives.",
    )
    assert only_row(read(shipped("numerique"), LISTED))["needs"] == ["numerique"]


def test_a_number_that_several_towns_give_is_completed_by_the_commune() -> None:
    other = {"code_insee": "92062", "latitude": "48.88"}
    found = read(shipped("numerique"), LISTED | {"id": "di-7"}, LISTED | {"id": "di-7"} | other)
    assert [source_id for _, source_id in found.rows] == ["di-7-92050", "di-7-92062"]


def test_lines_of_the_same_place_are_merged_where_the_mapping_says_so() -> None:
    first = LISTED | {"horaires": "Mo-Fr 09:00-12:00"}
    second = LISTED | {
        "id": LISTED["id"].replace("cnfs", "di"),
        "telephone": "+33147295050",
        "horaires": "Sa 09:00-12:00",
    }
    found = read(shipped("numerique"), first, second)
    among(only_row(found), telephone="01 47 29 50 50", horaires="Mo-Fr 09:00-12:00", moments=["semaine"])
    assert found.merged == 1


def test_a_line_of_another_kind_than_expected_is_refused() -> None:
    found = read(shipped("numerique"), LISTED | {"categorie": "cantine"})
    assert only_refusal(found) == "valeur inattendue dans categorie : « cantine »"


def test_a_column_may_have_to_be_empty(tmp_path: Path) -> None:
    mapping = written(tmp_path, f'{WHOLE}[attendu]\n"Fermé le" = ""')
    found = read(mapping, LINE | {"FERMÉ LE": None}, LINE | {"numero": "8", "FERMÉ LE": "2025"})
    assert [source_id for _, source_id in found.rows] == ["7"]
    assert [refused.reason for refused in found.refused] == ["valeur inattendue dans Fermé le : « 2025 »"]


BAD_LINES = [
    ({"nom": " "}, "nom manquant"),
    ({"nom": "https://exemple.fr"}, "le nom est une adresse de site"),
    ({"code_insee": "99999"}, "code INSEE inconnu : « 99999 »"),
    ({"code_insee": "", "commune": "Ailleurs"}, "commune inconnue : « Ailleurs 92000 »"),
    ({"code_insee": "", "commune": "", "code_postal": ""}, "commune manquante"),
    ({"latitude": "ici"}, "coordonnées illisibles"),
    ({"latitude": "nan"}, "coordonnées impossibles"),
    ({"latitude": "2.20694", "longitude": "48.89222"}, "coordonnées loin de Nanterre"),
    ({"longitude": ""}, "coordonnées illisibles"),
    ({"kind": "château"}, "type de lieu inconnu : « château »"),
    ({"kind": ""}, "type de lieu manquant"),
    ({"besoins": "equipement;or"}, "besoin inconnu : « or »"),
    ({"besoins": ""}, "aucun besoin"),
    ({"publics": "chats"}, "public inconnu"),
    ({"frais": "cher"}, "frais inconnus"),
    ({"description": "\ud800"}, "caractères illisibles"),
]


@pytest.mark.parametrize(("wrong", "reason"), BAD_LINES)
def test_a_bad_line_is_refused_with_its_number_and_why_and_the_rest_is_loaded(
    wrong: dict[str, str], reason: str
) -> None:
    found = read(shipped("collaboratives"), COLLECTED, COLLECTED | wrong, COLLECTED | {"nom": "Un autre"})
    assert [(refused.file, refused.line) for refused in found.refused] == [("liste.csv", 3)]
    assert found.refused[0].reason.startswith(reason)
    assert len(found.rows) == 2


def test_a_line_without_identifier_or_with_that_of_another_is_refused(tmp_path: Path) -> None:
    found = read(written(tmp_path, WHOLE), LINE, LINE | {"nom": "Autre"}, LINE | {"numero": " "})
    assert [refused.reason for refused in found.refused] == ["déjà dans le fichier : « 7 »", "identifiant manquant"]


def test_what_is_refused_is_still_known_to_be_in_the_list(tmp_path: Path) -> None:
    found = read(written(tmp_path, WHOLE), LINE | {"nom": ""}, LINE | {"numero": "8", "insee": "99999"})
    assert found.rows == {}
    assert found.seen == {("essai", "7"), ("essai", "8")}


def test_a_list_without_the_columns_that_are_wanted_is_refused_whole_once(tmp_path: Path) -> None:
    found = read(written(tmp_path, WHOLE), {"Nom": "A"}, {"Nom": "B"})
    assert [(refused.line, refused.reason) for refused in found.refused] == [(1, "colonnes manquantes : numero, insee")]


def test_each_sheet_has_its_own_columns(tmp_path: Path) -> None:
    reading = Reading("liste.xlsx")
    records = [Record("Lisez-moi", 2, {"Titre": "À lire"}), Record("Lieux", 2, LINE)]
    read_mapped(records, written(tmp_path, WHOLE), reading, INDEX)
    assert [refused.reason for refused in reading.refused] == [
        "colonnes manquantes dans « Lisez-moi » : numero, nom, insee"
    ]
    assert len(reading.rows) == 1


def test_columns_are_known_whatever_their_case_and_accents(tmp_path: Path) -> None:
    among(only_row(read(written(tmp_path, WHOLE), {"NUMÉRO": 7, " Nom :": "Ici", "Insee": "92050"})), source_id="7")


def guide_example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def test_the_example_of_the_guide_gives_what_the_guide_says(tmp_path: Path) -> None:
    lines = csv.DictReader(io.StringIO(guide_example("csv")))
    found = read(written(tmp_path, guide_example("toml")), *lines)
    reserve, grenier, cafe = found.rows.values()
    among(reserve, adresse="12 rue des Lilas", code_postal="92000", commune="Nanterre", exact=True)
    among(reserve, needs=["alimentation", "budget"], publics=["familles", "etudiants"], verified_at=date(2026, 9, 12))
    among(grenier, adresse="place du Marché", latitude=48.885, exact=False, verified_by_year=True)
    among(cafe, kind="cafe-associatif", needs=["equipement", "lien-social"], telephone="01 99 00 12 35")
    among(cafe, source_id="Café des Voisins 92800", verified_at=None, verified_method=None)
    assert [refused.reason for refused in found.refused] == ["valeur inattendue dans Statut : « fermé »"]
