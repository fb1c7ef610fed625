"""data·inclusion v1, in and out. The real structures beside this file: data·inclusion and ANCT, Licence Ouverte 2.0."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from data_inclusion.schema import v1
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from catalogue.database import open_database, reading, writing
from catalogue.exchange.data_inclusion import read_data_inclusion
from catalogue.exchange.data_inclusion_out import OLDEST, as_data_inclusion, write_json
from catalogue.exchange.documents import records
from catalogue.exchange.national_schema import Fields
from catalogue.exchange.own_columns import BonnePorte
from catalogue.exchange.reading import EntryRow, Key, Reading, Record
from catalogue.exchange.rows import text
from catalogue.exchange.thematiques import LISTS, THEMATIQUE_OF, THEMATIQUES, need_of, needs_of
from catalogue.initiatives import UNKNOWN, Author, change_initiative, save_initiatives
from catalogue.needs import Method, Need, NoticeKind
from catalogue.notices import Stored, notice, read_notices, with_notice
from catalogue.places import Place, PlaceIndex
from catalogue.tables import initiatives

REAL = Path(__file__).parent / "data_inclusion_structures.json"
VISIT = Author("correspondant", Method.VISITE)

PLACES = """\
92050 | Nanterre                 | COM |       | 92000       | 92  | Hauts-de-Seine | 96277   | 48.89222 | 2.20694
17300 | La Rochelle              | COM |       | 17000       | 17  | Charente-Maritime | 78535 | 46.16011 | -1.15123
18033 | Bourges                  | COM |       | 18000       | 18  | Cher           | 64541   | 47.08417 | 2.39694
18103 | Graçay                   | COM |       | 18310       | 18  | Cher           | 1300    | 47.14361 | 1.84667
75056 | Paris                    | COM |       | 75001 75013 | 75  | Paris          | 2103778 | 48.85659 | 2.35222
75113 | Paris 13e Arrondissement | ARM | 75056 | 75013       | 75  | Paris          | 178000  | 48.83231 | 2.35531
2A004 | Ajaccio                  | COM |       | 20000 20090 | 2A  | Corse-du-Sud   | 76320   | 41.91865 | 8.73688
2B033 | Bastia                   | COM |       | 20200       | 2B  | Haute-Corse    | 48503   | 42.70278 | 9.45
01053 | Bourg-en-Bresse          | COM |       | 01000       | 01  | Ain            | 42176   | 46.20528 | 5.22583
49126 | Orée d'Anjou             | COM |       | 49270 49530 | 49  | Maine-et-Loire | 16700   | 47.33927 | -1.20637
49069 | Champtoceaux             | ANC | 49126 | 49270       | 49  | Maine-et-Loire | 0       | 47.32    | -1.26
98611 | Alo                      | COM |       | 98610       | 986 | Wallis-et-Futuna | 1000  |          |
"""


def a_place(line: str) -> Place:
    insee, nom, type_, parent, codes, departement, named, population, *point = (
        part.strip() for part in line.split("|")
    )
    latitude, longitude = (float(degrees) if degrees else None for degrees in point)
    who = (insee, nom, type_, parent or None, tuple(codes.split()))
    return Place(*who, departement, named, int(population), latitude, longitude)


INDEX = PlaceIndex(map(a_place, PLACES.splitlines()))

NANTERRE = {"commune": "Nanterre", "code_postal": "92000", "code_insee": "92050"}
BOURGES = {"commune": "Bourges", "code_postal": "18000", "code_insee": "18033"}
RUE = {"adresse": "12 rue des Tisserands"}
MANGER = "equipement-et-alimentation--alimentation"
LIEN = "remobilisation--lien-social"
PAPIERS = "difficultes-administratives-ou-juridiques--accompagnement-aux-demarches-administratives"
SITES = "numerique--acceder-a-des-services-en-ligne"


def structure(number: object = 1, /, **fields: object) -> Fields:
    known = {"source": "essai", "id": f"essai--{number}", "nom": "Le Fournil partagé", "date_maj": "2026-03-02"}
    return {name: value for name, value in {**known, **fields}.items() if value is not None}


def service(number: object = 1, of: object = 1, /, **fields: object) -> Fields:
    known = {"source": "essai", "id": f"essai--{of}-{number}", "structure_id": f"essai--{of}", "nom": "Repas du midi"}
    told = {"description": "Un repas chaud, à table.", "date_maj": "2026-04-01"}
    return {name: value for name, value in {**known, **told, **fields}.items() if value is not None}


def read(*told: Fields, part: str = "", index: PlaceIndex = INDEX) -> Reading:
    found = Reading("essai.json")
    read_data_inclusion([Record(part, line, fields) for line, fields in enumerate(told, 1)], found, index)
    return found


def row_of(*told: Fields) -> EntryRow:
    """The only row that records lead to."""
    found = read(*told)
    assert not found.refused
    (row,) = found.rows.values()
    return row


def reasons(*told: Fields) -> list[str]:
    return [refused.reason for refused in read(*told).refused]


def out(rows: Iterable[EntryRow], index: PlaceIndex = INDEX) -> tuple[list[Fields], list[Fields]]:
    structures, services = as_data_inclusion(rows, index)
    for record in structures:
        v1.Structure.model_validate(record)
    for record in services:
        v1.Service.model_validate(record)
    return structures, services


# The vocabulary


@pytest.mark.parametrize("thematique", v1.Thematique)
def test_every_thematique_has_one_need(thematique: v1.Thematique) -> None:
    category = thematique.value.partition("--")[0]
    exact = [need for need, prefixes in THEMATIQUES.items() if thematique.value in prefixes]
    wide = [need for need, prefixes in THEMATIQUES.items() if category in prefixes]
    assert (exact or wide) == [need_of(thematique.value)]


def test_what_tells_a_need_is_told_back_as_that_need() -> None:
    assert {need: need_of(thematique) for need, thematique in THEMATIQUE_OF.items()} == {need: need for need in Need}
    assert set(THEMATIQUE_OF.values()) <= {thematique.value for thematique in v1.Thematique}


def test_the_most_frequent_need_comes_first_then_the_order_of_the_buttons() -> None:
    assert needs_of([SITES, PAPIERS, LIEN, MANGER, SITES]) == ["numerique", "alimentation", "lien-social", "droits"]


def test_the_fields_that_hold_lists_are_those_of_the_schema() -> None:
    fields = v1.Structure.model_fields | v1.Service.model_fields
    several = {
        name for name, field in fields.items() if {get_origin(one) for one in get_args(field.annotation)} & {set, list}
    }
    assert several == LISTS


def test_every_column_can_be_told_but_those_that_only_this_database_understands() -> None:
    ours = {"id", "source", "structure", "services", "merged_into", "vanished_at"}
    assert set(BonnePorte.__annotations__) == {column.name for column in initiatives.c} - ours


# Reading


def test_a_structure_and_its_services_are_one_entry() -> None:
    row = row_of(
        service(
            2, nom="Colis du vendredi", thematiques=[MANGER], publics=["familles"], frais="payant", **NANTERRE, **RUE
        ),
        structure(
            1, **NANTERRE, **RUE, latitude=48.9, longitude=2.2, telephone="+33145678901", site_web="https://a.fr"
        ),
        service(1, thematiques=[LIEN, MANGER], publics=["jeunes", "familles"], frais="payant", frais_precisions="1 €"),
    )
    assert (row["source"], row["source_id"], row["nom"]) == ("essai", "essai--1", "Le Fournil partagé")
    assert (row["commune"], row["departement"], row["reach"]) == ("Nanterre", "92", "local")
    assert (row["latitude"], row["longitude"], row["exact"]) == (48.9, 2.2, True)
    assert row["needs"] == ["alimentation", "lien-social"]
    assert row["publics"] == ["familles", "jeunes"]
    assert (row["frais"], row["frais_precisions"]) == ("payant", "1 €")
    assert row["description"] == "Propose : Repas du midi et Colis du vendredi."
    assert (row["telephone"], row["site_web"]) == ("01 45 67 89 01", "https://a.fr")
    assert (row["date_maj"], row["verified_at"]) == (date(2026, 3, 2), date(2026, 4, 1))
    assert [one["id"] for one in row["services"]] == ["essai--1-1", "essai--1-2"]
    assert row["services"][0]["thematiques"] == sorted([LIEN, MANGER])


def test_services_given_elsewhere_are_another_entry_of_the_same_structure() -> None:
    there = {**BOURGES, "adresse": "3 place du Marché"}
    found = read(
        structure(1, **NANTERRE, **RUE, horaires_accueil="Mo-Fr 09:00-12:00", telephone="01 40 00 00 00"),
        service(1, thematiques=[PAPIERS]),
        service(2, thematiques=[MANGER], **there, latitude=47.08, longitude=2.4, telephone="02 48 00 00 00"),
        service(3, thematiques=[LIEN], **there | {"adresse": "3, Place du marche"}),
        service(4, thematiques=[LIEN], **NANTERRE),
    )
    assert not found.refused
    home, away = sorted(found.rows.values(), key=lambda row: row["source_id"])
    assert away["source_id"].startswith("essai--1@18033-")
    assert (away["commune"], away["latitude"], away["exact"]) == ("Bourges", 47.08, True)
    assert away["needs"] == ["alimentation", "lien-social"]
    assert away["telephone"] == "02 48 00 00 00"
    assert away["horaires"] is None, "the structure is not open there"
    assert home["needs"] == ["lien-social", "droits"]
    assert home["structure"] == away["structure"]


def test_a_structure_without_a_place_whose_services_have_one_is_only_there() -> None:
    (row,) = read(structure(1), service(1, thematiques=[MANGER], **NANTERRE, **RUE)).rows.values()
    assert row["source_id"].startswith("essai--1@92050-")


@pytest.mark.parametrize("cell", [f"{MANGER},{LIEN}", f"{LIEN} ; {MANGER}", f"{MANGER}|{LIEN}", f"{MANGER}\n{LIEN}"])
def test_a_cell_holds_several_values(cell: str) -> None:
    for written in (cell, json.dumps([LIEN, MANGER]), f'{{{LIEN},"{MANGER}"}}'):
        assert row_of(structure(1, **NANTERRE), service(1, thematiques=written))["needs"] == [
            "alimentation",
            "lien-social",
        ]


def test_a_cell_holds_french_labels() -> None:
    labels = "Alimentation, Utiliser des services de mobilité douce, partagée ou collective"
    row = row_of(
        structure(1, **NANTERRE, reseaux_porteurs="Mission Locale"),
        service(1, thematiques=labels, publics="Étudiants ; Séniors", frais="Gratuit", modes_accueil="En présentiel"),
    )
    assert (row["needs"], row["publics"], row["frais"]) == (
        ["alimentation", "mobilite"],
        ["etudiants", "seniors"],
        "gratuit",
    )
    assert row["structure"]["reseaux_porteurs"] == ["mission-locale"]
    assert row["services"][0]["thematiques"] == [
        "equipement-et-alimentation--alimentation",
        "mobilite--mobilite-douce-partagee-collective",
    ]


def test_what_a_spreadsheet_did_to_values_is_undone() -> None:
    row = row_of(
        structure(
            *(1,),
            date_maj="02/03/2026",
            code_postal="1000",
            code_insee="1053",
            commune="",
            latitude="46,2",
            longitude="5,23",
        ),
        service(1, nombre_semaines="3", volume_horaire_hebdomadaire="1,5", publics="", date_maj="2026-04-01T00:00:00"),
    )
    assert (row["commune"], row["code_postal"], row["latitude"]) == ("Bourg-en-Bresse", "01000", 46.2)
    assert row["structure"]["date_maj"] == "2026-03-02"
    assert "commune" not in row["structure"]
    assert (row["services"][0]["nombre_semaines"], row["services"][0]["volume_horaire_hebdomadaire"]) == (3, 1.5)
    assert "publics" not in row["services"][0]


def test_the_part_of_a_document_says_what_a_record_is() -> None:
    (refused,) = read(structure(1, **NANTERRE), part="Services").refused
    assert refused.reason.startswith("service « essai--1 », ")
    assert "structure_id : manquant" in refused.reason


def test_fields_the_schema_does_not_know_are_not_kept() -> None:
    assert "note_interne" not in row_of(structure(1, **NANTERRE, note_interne="à rappeler"))["structure"]


# Where it is, and whom it serves


@pytest.mark.parametrize(
    ("told", "commune", "code_postal"),
    [
        ({"code_insee": "18103", "code_postal": "99999"}, "Graçay", "18310"),
        ({"code_insee": "49069"}, "Orée d'Anjou", "49270"),
        ({"commune": "GRACAY CEDEX", "code_postal": "18310"}, "Graçay", "18310"),
        ({"code_insee": "99999", "commune": "Graçay", "code_postal": "18310"}, "Graçay", "18310"),
        ({"commune": "Paris", "code_postal": "75013"}, "Paris 13e Arrondissement", "75013"),
    ],
)
def test_a_commune_is_found_by_its_code_or_surely_by_its_name(told: Fields, commune: str, code_postal: str) -> None:
    row = row_of(structure(1, **told))
    assert (row["commune"], row["code_postal"], row["exact"]) == (commune, code_postal, False)


def test_coordinates_alone_are_a_place() -> None:
    row = row_of(structure(1, latitude=47.1, longitude=2.4))
    assert (row["reach"], row["departement"], row["commune"], row["exact"]) == ("local", "18", None, True)


@pytest.mark.parametrize(
    ("zone", "modes", "served"),
    [
        (["france"], None, ("national", None, [])),
        (["99100"], ["a-distance", "en-presentiel"], ("national", None, [])),
        (["france"], ["a-distance"], ("a-distance", None, [])),
        (["2B", "2A"], None, ("departemental", "2A", ["2A", "2B"])),
        (["18103", "18033", "241800432"], None, ("departemental", "18", [])),
    ],
)
def test_what_has_no_place_serves_its_zone(zone: list[str], modes: list[str] | None, served: object) -> None:
    row = row_of(structure(1), service(1, zone_eligibilite=zone, modes_accueil=modes))
    assert (row["reach"], row["departement"], row["zones"]) == served


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({}, "ni adresse ni zone : on ne saurait pas qui y envoyer"),
        ({"code_insee": "99999"}, "code INSEE inconnu : « 99999 »"),
        ({"commune": "Nanterre"}, "commune inconnue : « Nanterre »"),
        ({**NANTERRE, "latitude": 45.0, "longitude": 2.0}, "coordonnées loin de Nanterre"),
        ({**NANTERRE, "latitude": 48.9}, "la latitude et la longitude vont ensemble"),
        ({"latitude": 0, "longitude": 0}, "coordonnées loin de toute commune"),
        ({"code_insee": "98611"}, "position inconnue"),
    ],
)
def test_what_nobody_could_be_sent_to_is_refused(told: Fields, reason: str) -> None:
    assert reasons(structure(1, **told), service(1)) == [
        f"structure « essai--1 », {reason}",
        "service « essai--1-1 », sa structure est refusée : « essai--1 »",
    ]


# What it is, and what it answers


@pytest.mark.parametrize(
    ("told", "kind", "needs"),
    [
        ({"nom": "Repair Café de la rue Haute"}, "repair-cafe", []),
        ({"nom": "L'Épicerie sociale et solidaire"}, "epicerie-solidaire", []),
        ({"nom": "Sel de la vallée"}, "sel", []),
        ({"nom": "La Médiathèque", "reseaux_porteurs": ["france-service"]}, "france-services", ["droits", "numerique"]),
        ({"reseaux_porteurs": ["restos-du-coeur"]}, "autre", ["alimentation"]),
        ({"reseaux_porteurs": ["ccas-cias", "croix-rouge"]}, "autre", []),
        ({"description": "Prendre en main un ordinateur;Accéder à du matériel"}, "espace-numerique", ["numerique"]),
        (
            {"description": "Réaliser des démarches administratives avec un accompagnement"},
            *("espace-numerique", ["numerique", "droits"]),
        ),
        ({"description": "Accéder à du matériel;Manger ensemble"}, "autre", []),
    ],
)
def test_without_a_thematique_only_what_leaves_no_doubt_is_told(told: Fields, kind: str, needs: list[str]) -> None:
    row = row_of(structure(1, **NANTERRE, **told))
    assert (row["kind"], row["needs"]) == (kind, needs)


def test_the_thematiques_come_before_what_could_be_guessed() -> None:
    row = row_of(structure(1, **NANTERRE, reseaux_porteurs=["mission-locale"]), service(1, thematiques=[SITES]))
    assert (row["kind"], row["needs"]) == ("espace-numerique", ["numerique"])


def test_what_services_do_not_agree_on_is_not_known() -> None:
    row = row_of(
        structure(1, **NANTERRE),
        service(
            1,
            frais="gratuit",
            publics=["jeunes"],
            conditions_acces="Sur rendez-vous",
            horaires_accueil="Mo 09:00-12:00",
        ),
        service(2, frais="payant", conditions_acces="Sans rendez-vous"),
    )
    assert (row["frais"], row["publics"], row["conditions_acces"], row["horaires"]) == (None, [], None, None)


def test_one_service_for_everyone_is_for_everyone() -> None:
    row = row_of(structure(1, **NANTERRE), service(1, publics=["jeunes"]), service(2, publics=["tous-publics"]))
    assert row["publics"] == ["tous-publics"]


def test_hours_are_kept_as_given_and_understood_when_they_can_be() -> None:
    row = row_of(structure(1, **NANTERRE, horaires_accueil="Mo-Fr 09:00-12:00"))
    assert (row["horaires"], row["horaires_osm"]) == ("Mo-Fr 09:00-12:00", "Mo-Fr 09:00-12:00; PH off")
    assert row["moments"] == ["semaine"]
    row = row_of(structure(1, **NANTERRE, horaires_accueil="sur rendez-vous"))
    assert (row["horaires"], row["horaires_osm"], row["moments"]) == ("sur rendez-vous", None, [])


def test_a_description_is_told_as_one_reads() -> None:
    assert (
        row_of(structure(1, **NANTERRE, description="<p>un lieu\n pour  tous</p>"))["description"]
        == "Un lieu pour tous."
    )
    names = [service(number, nom=f"Aide {number}") for number in range(1, 8)]
    assert row_of(structure(1, **NANTERRE), *names)["description"] == (
        "Propose : Aide 1, Aide 2, Aide 3, Aide 4, Aide 5 et d'autres services."
    )


# What is refused


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"nom": "ab"}, "nom : trop court (3 caractères au moins) : « ab »"),
        ({"nom": None}, "nom : manquant"),
        ({"siret": "1.2E13"}, "siret : quatorze chiffres attendus : « 1.2E13 »"),
        ({"code_postal": "9200"[:3]}, "code_postal : cinq chiffres attendus : « 920 »"),
        ({"courriel": "accueil"}, "courriel : adresse électronique illisible : « accueil »"),
        ({"site_web": "a.fr"}, "site_web : adresse illisible, elle commence par https:// ou http:// : « a.fr »"),
        ({"date_maj": "hier"}, "date_maj : date illisible : « hier »"),
        ({"date_maj": "1732233600"}, "date_maj : date illisible : « 1732233600 »"),
        ({"date_maj": "1999-12-31"}, "date_maj : La date de dernière modification doit être au 21e siècle"),
        ({"latitude": "nord"}, "latitude : nombre attendu : « nord »"),
        ({"latitude": float("nan")}, "latitude : nombre attendu"),
        ({"latitude": True}, "latitude : nombre attendu"),
        ({"reseaux_porteurs": ["x"]}, "reseaux_porteurs : valeur inconnue : « x »"),
        ({"adresse": ["1 rue"]}, "adresse : texte attendu"),
        ({"adresse": "1 rue\0"}, "adresse : caractères illisibles"),
        ({"bonne_porte": "{"}, "bonne_porte : JSON illisible"),
        ({"bonne_porte": ["kind"]}, "bonne_porte : objet attendu"),
        ({"bonne_porte": {"kind": "palais"}}, "bonne_porte.kind : valeur inconnue : « palais »"),
        ({"bonne_porte": {"needs": ["rire"]}}, "bonne_porte.needs : valeur inconnue : « rire »"),
        ({"bonne_porte": {"accessible": "oui"}}, "bonne_porte.accessible : vrai ou faux attendu : « oui »"),
        ({"bonne_porte": {"secret": 1}}, "bonne_porte.secret : champ inconnu"),
        (
            {"bonne_porte": {"horaires_osm": "le matin"}},
            "bonne_porte.horaires_osm : horaires qui ne sont pas au format OpenStreetMap",
        ),
        ({"bonne_porte": {"adresse": "1 rue\0"}}, "bonne_porte.adresse : caractères illisibles"),
        ({"bonne_porte": {"season": "été"}}, "bonne_porte.season : une saison s'écrit du jour au jour : 04-15/10-31"),
    ],
)  # fmt: skip
def test_a_structure_that_is_not_as_the_schema_wants_is_refused_and_said_why(told: Fields, reason: str) -> None:
    (said,) = reasons(
        structure(1, **{**NANTERRE, **told})
        if told.get("nom", 1)
        else {**NANTERRE, "source": "essai", "id": "essai--1", "date_maj": "2026-03-02"}
    )
    assert said == f"structure « essai--1 », {reason}"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"publics": []}, "publics : liste vide"),
        (
            {"publics": ["tous-publics", "jeunes"]},
            "publics : `tous-publics` ne peut pas être utilisé avec d’autres valeurs",
        ),
        ({"thematiques": ["rire"]}, "thematiques : valeur inconnue : « rire »"),
        ({"thematiques": {"rire": 1}}, "thematiques : liste attendue"),
        ({"nombre_semaines": 0}, "nombre_semaines : 1 au moins"),
        ({"nombre_semaines": 1.5}, "nombre_semaines : nombre entier attendu"),
        ({"frais": "cher"}, "frais : valeur inconnue : « cher »"),
        (
            {"zone_eligibilite": ["partout"]},
            "zone_eligibilite : « france », ou des codes de communes, de départements ou d'EPCI attendus : « partout »",
        ),
    ],
)
def test_a_service_that_is_not_as_the_schema_wants_is_refused_alone(told: Fields, reason: str) -> None:
    found = read(structure(1, **NANTERRE), service(1, **told), service(2))
    assert [refused.reason for refused in found.refused] == [f"service « essai--1-1 », {reason}"]
    (row,) = found.rows.values()
    assert [one["id"] for one in row["services"]] == ["essai--1-2"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    (said,) = reasons(structure(1, **NANTERRE, siret="1", courriel="x", latitude="y"))
    assert said.count(" ; ") == 2


def test_services_without_a_structure_that_is_read_are_refused_and_said_why() -> None:
    assert reasons(service(1, "ailleurs"), structure(2, **NANTERRE, siret="1"), service(1, 2)) == [
        "structure « essai--2 », siret : quatorze chiffres attendus : « 1 »",
        "service « essai--ailleurs-1 », structure inconnue : « essai--ailleurs »",
        "service « essai--2-1 », sa structure est refusée : « essai--2 »",
    ]


def test_what_comes_twice_is_refused_the_second_time() -> None:
    found = read(
        structure(1, **NANTERRE), structure(1, nom="Un autre", **BOURGES), service(1), service(1, frais="payant")
    )
    assert [(one.line, one.reason) for one in found.refused] == [
        (2, "structure « essai--1 », déjà dans le document"),
        (4, "service « essai--1-1 », déjà dans le document"),
    ]
    (row,) = found.rows.values()
    assert (row["nom"], row["frais"]) == ("Le Fournil partagé", None)


def test_what_is_refused_is_told_of_all_the_same() -> None:
    found = read(
        structure(1, **NANTERRE, siret="1"),
        service(1, 1, **BOURGES),
        structure(2, **NANTERRE),
        service(1, 2, **BOURGES, thematiques=["rire"]),
        structure(3, **NANTERRE, bonne_porte={"source_id": "trois", "kind": "palais"}),
    )
    assert {source_id.partition("-0")[0] for _, source_id in found.seen} == {
        *("essai--1", "essai--1@18033", "essai--2", "essai--2@18033", "trois")
    }
    assert [source_id for _, source_id in found.rows] == ["essai--2"]


def test_a_refused_structure_is_told_of_wherever_it_is_and_whatever_comes_with_it() -> None:
    found = read(
        structure(1, latitude=48.9, longitude=2.2, siret="1"),
        service(1, 1, **BOURGES),
        structure(2, **NANTERRE),
        structure(2, **NANTERRE, source="autre"),
    )
    assert {("essai", "essai--1"), ("essai", "essai--2"), ("autre", "essai--2")} <= found.seen
    assert (len(found.refused), found.lost) == (3, 0)
    assert [source_id for _, source_id in found.rows] == ["essai--2"]


@pytest.mark.parametrize(
    "told",
    [
        structure(1, **NANTERRE, source=None),
        structure(1, **NANTERRE, id=None),
        structure(1, **NANTERRE, id=["1"]),
        structure(1, **NANTERRE, id="essai\0"),
        structure(1, **NANTERRE, bonne_porte="{"),
        structure(1, **NANTERRE, bonne_porte={"source_id": 7}),
        service(1, 2, source=None),
        service(1, 2, id=None),
        service(1, 2, structure_id=["essai--2"]),
    ],
)
def test_when_nobody_knows_which_entry_is_refused_it_is_lost(told: Fields) -> None:
    found = read(told, structure(2, **NANTERRE))
    assert (len(found.refused), found.lost) == (1, 1)
    assert [source_id for _, source_id in found.rows] == ["essai--2"]


def test_what_is_refused_under_its_name_is_not_lost() -> None:
    told = [structure(1, **NANTERRE, siret="1"), service(1), structure(2), service(1, "ailleurs")]
    found = read(*told, structure(3, **NANTERRE, bonne_porte={"source_id": "trois", "kind": "palais"}))
    assert (len(found.refused), found.lost) == (5, 0)


# Our own columns


OWN: dict[str, Any] = {
    "source_id": "le-fournil",
    "nom": "X",
    "kind": "cantine-participative",
    "needs": ["lien-social", "alimentation"],
    "status": "suspended",
    "exact": False,
    "accessible": True,
    "horaires_osm": "We 14:00-17:00; PH off",
    "season": "04-15/10-31",
    "verified_at": "2026-10-01",
    "verified_method": "visite",
    "verified_role": "correspondant",
    "notices": [
        {"kind": "fermeture", "starts": "2026-12-24", "ends": "2026-12-31", "message": "Fêtes", "horaires_osm": None}
    ],
}


@pytest.mark.parametrize("written", [OWN, json.dumps(OWN)])
def test_what_we_say_ourselves_wins_over_what_would_be_inferred(written: object) -> None:
    row = row_of(structure(1, **NANTERRE, horaires_accueil="Mo 09:00-12:00", bonne_porte=written), service(1))
    assert {name: row[name] for name in OWN} == OWN | {"verified_at": date(2026, 10, 1)}
    assert row["moments"] == ["semaine"]
    assert "bonne_porte" not in row["structure"]
    ((told,), _) = out([row])
    assert told["nom"] == "Cantine participative X"
    assert told["horaires_accueil"] == "We 14:00-17:00; PH off"
    assert {name: told["bonne_porte"][name] for name in OWN if name not in ("kind", "horaires_osm", "exact")} == {
        name: value for name, value in OWN.items() if name not in ("kind", "horaires_osm", "exact")
    }


def test_only_what_would_not_be_inferred_is_said() -> None:
    row = row_of(
        structure(1, **NANTERRE, bonne_porte={"kind": "amap", "reach": "local"}), service(1, thematiques=[MANGER])
    )
    ((told,), _) = out([row])
    assert told["bonne_porte"] == {"kind": "amap"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kind": "grève"}, "valeur inconnue : « grève »"),
        ({"starts": "demain"}, "date illisible : « demain »"),
        ({"ends": "2026-02-31"}, "date illisible : « 2026-02-31 »"),
        ({"ends": None}, "texte attendu"),
        ({"ends": "2026-12-23"}, "la fin vient avant le début"),
        ({"message": 3}, "texte attendu"),
        ({"message": "a" * 301}, "le message dépasse 300 caractères"),
        ({"kind": "message", "message": " "}, "donnez le message"),
        ({"kind": "horaires"}, "donnez les horaires, en syntaxe OpenStreetMap (« We 14:00-17:00 »)"),
        ({"kind": "horaires", "horaires_osm": "le matin"}, "horaires qui ne sont pas au format OpenStreetMap"),
        ({"horaires_osm": "We 14:00-17:00"}, "seul un avis d'horaires a des horaires"),
        ({"auteur": "x"}, "champ inconnu : « x »"),
    ],
)
def test_a_notice_that_makes_no_sense_is_refused_and_said_why(changed: Fields, reason: str) -> None:
    (known,) = OWN["notices"]
    (said,) = reasons(structure(1, **NANTERRE, bonne_porte={"notices": [known | changed]}))
    assert said == f"structure « essai--1 », bonne_porte.notices : {reason}"


def test_notices_are_kept_as_if_they_were_given_here() -> None:
    told = [
        {"kind": "message", "starts": "2026-12-26", "ends": "2026-12-27", "message": " Appelez \n avant. "},
        {"kind": "fermeture", "starts": "24/12/2026", "ends": "25/12/2026", "message": ""},
    ]
    row = row_of(structure(1, **NANTERRE, bonne_porte={"notices": [*told, *told]}))
    assert row["notices"] == [
        {"kind": "fermeture", "starts": "2026-12-24", "ends": "2026-12-25", "message": "", "horaires_osm": None},
        {
            **{"kind": "message", "starts": "2026-12-26", "ends": "2026-12-27"},
            **{"message": "Appelez avant.", "horaires_osm": None},
        },
    ]


def test_a_place_elsewhere_has_its_own_columns_too() -> None:
    found = read(structure(1, **NANTERRE), service(1, **BOURGES, bonne_porte={"accessible": False}))
    assert sorted(str(row["accessible"]) for row in found.rows.values()) == ["False", "None"]
    (told,), (offered,) = out(found.rows.values())
    assert "bonne_porte" not in told
    assert offered["bonne_porte"] == {"accessible": False}


# Going out


def entry(**known: object) -> EntryRow:
    where = {"commune": "Nanterre", "code_postal": "92000", "code_insee": "92050", "departement": "92"}
    point = {"latitude": 48.9, "longitude": 2.2, "exact": True}
    said = {"source": "liste", "source_id": "7", "nom": "La Réserve", "kind": "ressourcerie", "needs": ["equipement"]}
    return {**UNKNOWN, **where, **point, **said, **known}


def untold(rows: Mapping[Key, EntryRow]) -> dict[Key, EntryRow]:
    """Rows without their number, nor what data·inclusion says of them."""
    return {key: row | {"id": None, "structure": None, "services": []} for key, row in rows.items()}


def back(row: EntryRow) -> EntryRow:
    """The same entry once out and in again."""
    structures, services = out([row])
    found = read(*services, *structures)
    assert not found.refused
    assert out(found.rows.values()) == (structures, services)
    (again,) = untold(found.rows).values()
    return again


def test_an_entry_of_ours_goes_out_as_a_structure_and_a_service() -> None:
    (told,), (offered,) = out([entry(verified_at=date(2026, 1, 5), publics=["jeunes"], frais="gratuit")])
    assert (told["id"], told["date_maj"], told["latitude"]) == ("liste--7", "2026-01-05", 48.9)
    assert told["bonne_porte"]["source_id"] == "7"
    assert (offered["id"], offered["structure_id"]) == ("liste--7--service", "liste--7")
    assert offered["thematiques"] == [THEMATIQUE_OF[Need.EQUIPEMENT]]
    assert (offered["publics"], offered["frais"], offered["modes_accueil"]) == (
        ["jeunes"],
        "gratuit",
        ["en-presentiel"],
    )
    assert list(told) == [name for name in (*v1.Structure.model_fields, "bonne_porte") if name in told]
    assert list(offered) == [name for name in v1.Service.model_fields if name in offered]


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"nom": "Lo", "description": "Bon"},
        {"nom": "Long " * 40, "description": "Très long. " * 1000},
        {"site_web": "pas une adresse", "courriel": "pas non plus", "lien_source": "x"},
        {"date_maj": date(1998, 5, 1), "verified_at": date(2024, 1, 1), "verified_by_year": True},
        {"needs": [], "kind": "autre", "description": ""},
        {"needs": ["lien-social", "alimentation"], "publics": ["tous-publics", "jeunes"], "frais": "payant"},
        {"latitude": 48.91, "exact": False},
        {"latitude": None, "longitude": None, "exact": False, "reach": "national"},
        {"commune": None, "code_postal": None, "code_insee": None, "departement": None},
        {"reach": "a-distance", "commune": None, "code_insee": None, "code_postal": None, "latitude": None,
         "longitude": None, "exact": False, "departement": None},
        {"reach": "departemental", "zones": ["17", "18"], "departement": "18", "commune": None, "code_insee": None,
         "code_postal": None, "latitude": None, "longitude": None, "exact": False},
        {"horaires": "Mercredi 14h-17h", "horaires_osm": "We 14:00-17:00; PH off", "moments": ["semaine"]},
        {"horaires": "le matin", "status": "closed", "season": "06-01/08-31"},
        {"verified_at": date(2026, 5, 1), "verified_method": "telephone", "verified_role": "correspondant"},
    ],
)  # fmt: skip
def test_an_entry_that_goes_out_and_comes_in_is_the_same(known: Fields) -> None:
    row = entry(id=None, **known)
    assert back(row) == row


def test_notices_go_out_and_come_back_the_same() -> None:
    closed = notice(NoticeKind.FERMETURE, date(2026, 12, 24), date(2026, 12, 31), "Fêtes")
    late = notice(NoticeKind.HORAIRES, date(2027, 1, 2), date(2027, 1, 9), "", "We 14:00-17:00")
    said = notice(NoticeKind.MESSAGE, date(2020, 1, 2), date(2020, 1, 9), "Entrez par la cour, c'est « ouvert ».")
    stored: list[Stored] = []
    for one in (closed, late, said):
        stored = with_notice(stored, one, said.starts)
    row = entry(id=None, notices=stored)
    assert back(row) == row
    assert read_notices(back(row)["notices"]) == (said, closed, late)


@pytest.mark.parametrize("row", [entry(), row_of(structure(1, **NANTERRE), service(1))])
def test_that_its_source_lost_an_entry_does_not_go_out(row: EntryRow) -> None:
    assert out([row | {"vanished_at": date(2026, 5, 1)}]) == out([row | {"vanished_at": None}])


def test_what_nobody_dated_is_not_said_to_be_fresh() -> None:
    ((told,), _) = out([entry()])
    assert told["date_maj"] == OLDEST.isoformat()
    assert {name: told["bonne_porte"][name] for name in ("date_maj", "verified_at")} == {
        "date_maj": None,
        "verified_at": None,
    }


def test_an_entry_of_ours_never_takes_the_identifier_of_another() -> None:
    theirs = row_of(structure(1, source="liste", id="liste--7", **NANTERRE))
    structures, _ = out([entry(), theirs])
    assert [told["id"] for told in structures] == ["liste--7", "liste--7--bonne-porte"]
    assert structures[1]["bonne_porte"]["source_id"] == "7"


# Round trips, as they are made: through the database

DOCUMENT: list[Fields] = [
    structure(1, nom="Épicerie solidaire « Le Panier »", **NANTERRE, **RUE, latitude=48.8934, longitude=2.2071,
              telephone="+33147000001", courriel="accueil@exemple.org", site_web="https://exemple.org/panier?a=1&b=2",
              description="Une épicerie.\n\n- le mardi\n- le jeudi <b>matin</b>", siret="12345678900017",
              reseaux_porteurs=["federation-des-acteurs-de-la-solidarite"], accessibilite_lieu="https://exemple.org/erp/1"),
    service(1, 1, nom="Courses à prix réduit", thematiques=[MANGER], type="aide-materielle", frais="payant",
            frais_precisions="10 % du prix", publics=["beneficiaires-des-minimas-sociaux", "familles"],
            **NANTERRE, **RUE, conditions_acces="Sur orientation", modes_accueil=["en-presentiel"],
            mobilisable_par=["professionnels"],
            modes_mobilisation=["envoyer-un-courriel", "telephoner"], contact_nom_prenom="Accueil"),
    service(2, 1, nom="Ateliers cuisine", thematiques=[LIEN, MANGER], publics=["tous-publics"], frais="payant",
            volume_horaire_hebdomadaire=1.5, nombre_semaines=6, type="atelier", lien_mobilisation="https://exemple.org/i"),
    service(3, 1, nom="Permanence de Bourges", thematiques=[PAPIERS], **BOURGES, adresse="1 bis, rue d'Auron",
            horaires_accueil="We 14:00-17:00", telephone="02 48 00 00 01", zone_eligibilite=["18", "241800432"]),
    structure(2, nom="Ligne d'écoute", telephone="0 800 000 000"),
    service(1, 2, thematiques=["sante--sante-mentale"], modes_accueil=["a-distance"], zone_eligibilite=["france"]),
    structure(3, nom="Fonds d'aide", site_web="http://exemple.fr"),
    service(1, 3, thematiques=["mobilite--financer-ma-mobilite"], zone_eligibilite=["99100"], frais="gratuit"),
    structure(4, nom="Bus des deux Corses"),
    service(1, 4, zone_eligibilite=["2A", "2B"], thematiques=["sante--acces-aux-soins"]),
    structure(5, nom="Navette du canton"),
    service(1, 5, zone_eligibilite=["18033", "18103"], thematiques=["mobilite--acceder-a-un-vehicule"]),
    structure(6, nom="Tiers-lieu du Cher", commune="GRACAY CEDEX", code_postal="18310"),
    structure(7, nom="Mairie déléguée", code_insee="49069", commune="Champtoceaux", code_postal="49270"),
    structure(8, nom="La Roulotte", latitude=46.16, longitude=-1.15, adresse="sur le port"),
    structure(9, nom="MISSION LOCALE", reseaux_porteurs=["mission-locale", "plie"], code_insee="75113"),
    structure(10, nom="Ordinateurs", description="Prendre en main un ordinateur;Accéder à du matériel", **BOURGES),
    structure(11, nom="N" * 150, description="D" * 10_000, **NANTERRE, lien_source="https://exemple.org/11"),
    structure(12, nom="Siège de l'association", **NANTERRE, adresse="9 rue Haute"),
    service(1, 12, nom="Jardin partagé", thematiques=[LIEN], code_insee="92050", adresse="Rue Basse", latitude=48.9,
            longitude=2),
    service(2, 12, nom="Compost", thematiques=[LIEN], **NANTERRE, adresse="RUE BASSE"),
    structure(13, nom="Réseau sans murs"),
    service(1, 13, thematiques=["famille--garde-denfants"], code_insee="17300", adresse="Quai 3"),
    structure(14, nom="Maison etc.", horaires_accueil="sur rendez-vous", **BOURGES),
    structure(15, nom="Café associatif 🥖 d'ici", horaires_accueil='Mo-Fr 09:00-12:00; Sa "marché"', **BOURGES),
    structure(16, nom="Médiathèque", source="autre-source", **NANTERRE, complement_adresse="Bâtiment C"),
    service(1, 16, thematiques=[], publics=["etudiants", "jeunes"], publics_precisions="16 à 25 ans"),
    structure(17, nom="Accorderie", code_insee="2A004", latitude=41.9, longitude=8.7, date_maj="2001-01-01"),
    structure(18, nom="Bagagerie", code_insee="75056", telephone="appelez le 01 40 00 00 00 poste 12"),
    structure(19, nom="Ressourcerie", reseaux_porteurs=["ressourceries"], code_insee="92050", code_postal="75001"),
    structure(20, nom="Halte-garderie parentale", **NANTERRE, latitude=49, longitude=2),
    service(1, 20, thematiques=["famille--garde-denfants"], mobilisation_precisions="Dire « bonjour » ; puis entrer"),
    service(2, 20, nom="Halte", **NANTERRE, courriel="halte@exemple.org"),
    structure(21, nom="SEL du Marais", code_insee="17300"),
    structure(22, nom="Point conseil", reseaux_porteurs=["points-conseil-budget"], code_insee="2B033"),
]  # fmt: skip


def saved(engine: Engine, found: Reading) -> list[EntryRow]:
    """The rows of a reading, as the database gives them back."""
    with writing(engine) as connection:
        save_initiatives(connection, list(found.rows.values()))
    return stored(engine)


def stored(engine: Engine) -> list[EntryRow]:
    with reading(engine) as connection:
        return [{**row} for row in connection.execute(select(initiatives)).mappings()]


def sorted_lists(record: Fields) -> Fields:
    return {name: sorted(set(value)) if isinstance(value, list) else value for name, value in record.items()}


def by_source_and_id(told: Iterable[Fields]) -> list[Fields]:
    return sorted(map(sorted_lists, told), key=lambda record: (record["source"], record["id"]))


def test_a_document_that_comes_in_goes_out_the_same(engine: Engine, tmp_path: Path) -> None:
    structures, services = out(saved(engine, read(*reversed(DOCUMENT))))
    assert structures == by_source_and_id(record for record in DOCUMENT if "structure_id" not in record)
    assert services == by_source_and_id(record for record in DOCUMENT if "structure_id" in record)
    path = tmp_path / "essai.json"
    path.write_text(write_json(structures, services), encoding="utf-8")
    again = Reading("essai.json")
    read_data_inclusion(records(path, again), again, INDEX)
    assert not again.refused
    assert write_json(*out(saved(engine, again))) == path.read_text(encoding="utf-8")


def test_real_structures_come_in_and_go_out_the_same(place_index: PlaceIndex) -> None:
    told = json.loads(REAL.read_text(encoding="utf-8"))
    found = read(*told, index=place_index)
    assert not found.refused
    assert out(found.rows.values(), place_index) == (by_source_and_id(told), [])


def test_what_was_corrected_here_goes_out_and_comes_back(engine: Engine) -> None:
    entries = {row["source_id"]: row for row in saved(engine, read(*DOCUMENT))}
    away = next(name for name in entries if name.startswith("essai--1@"))
    corrections: dict[str, Fields] = {
        "essai--1": {"telephone": "01 47 00 00 99", "adresse": "14 rue des Tisserands", "frais": "gratuit",
                     "publics": ["seniors"], "courriel": None, "needs": ["lien-social"], "horaires": "Lundi 9h-12h",
                     "horaires_osm": "Mo 09:00-12:00; PH off", "accessible": True, "status": "suspended"},
        away: {"telephone": "02 48 99 99 99", "horaires": None, "horaires_osm": None, "moments": [], "nom": "Bourges"},
        "essai--20": {"nom": "La Halte", "description": "", "latitude": 48.89, "longitude": 2.2, "site_web": "https://h.fr"},
        "essai--7": {"exact": True, "latitude": 47.33, "longitude": -1.25, "date_maj": date(2026, 6, 1)},
        "essai--17": {"exact": False, "latitude": 41.91865, "longitude": 8.73688, "nom": "A", "courriel": "faux"},
    }  # fmt: skip
    with writing(engine) as connection:
        for source_id, values in corrections.items():
            change_initiative(connection, entries[source_id]["id"], values, VISIT)
    structures, services = out(stored(engine))
    told = {record["id"]: record for record in (*structures, *services)}
    assert (told["essai--1"]["telephone"], "courriel" in told["essai--1"]) == ("01 47 00 00 99", False)
    assert told["essai--1"]["adresse"] == told["essai--1-1"]["adresse"] == "14 rue des Tisserands"
    assert told["essai--1"]["horaires_accueil"] == "Mo 09:00-12:00; PH off"
    assert told["essai--1-2"]["frais"] == "gratuit"
    assert told["essai--1-2"]["publics"] == ["seniors"]
    assert (told["essai--1-3"]["telephone"], "horaires_accueil" in told["essai--1-3"]) == ("02 48 99 99 99", False)
    assert told["essai--1-3"]["bonne_porte"] == {"nom": "Bourges"}
    assert (told["essai--20"]["nom"], told["essai--20"]["latitude"]) == ("La Halte", 48.89)
    assert (told["essai--7"]["longitude"], told["essai--7"]["date_maj"]) == (-1.25, "2026-06-01")
    assert "latitude" not in told["essai--17"]
    found = read(*structures, *services)
    assert not found.refused
    for source_id, values in corrections.items():
        row = next(row for (_, name), row in found.rows.items() if name == source_id)
        assert {name: row[name] for name in values} == values
    assert out(found.rows.values()) == (structures, services)


@pytest.fixture(scope="module")
def shipped_out(shipped_database: Path, place_index: PlaceIndex) -> tuple[list[Fields], list[Fields]]:
    """The whole shipped catalogue, out."""
    engine = open_database(f"sqlite:///{shipped_database}")
    rows = stored(engine)
    engine.dispose()
    structures, services = out(rows, place_index)
    assert len(structures) == len(services) == len(rows)
    return structures, services


@pytest.fixture(scope="module")
def shipped_back(shipped_out: tuple[list[Fields], list[Fields]], place_index: PlaceIndex) -> Reading:
    """The same, in again."""
    structures, services = shipped_out
    return read(*structures, *services, index=place_index)


def test_the_shipped_catalogue_that_goes_out_and_comes_in_goes_out_the_same(
    engine: Engine, shipped_out: tuple[list[Fields], list[Fields]], shipped_back: Reading, place_index: PlaceIndex
) -> None:
    assert not shipped_back.refused
    again = out(saved(engine, shipped_back), place_index)
    assert write_json(*again) == write_json(*shipped_out)


def test_the_shipped_catalogue_loses_nothing(shipped_back: Reading, shipped_engine: Engine) -> None:
    before = {(row["source"], row["source_id"]): row for row in stored(shipped_engine)}
    assert untold(shipped_back.rows) == untold(before)


# Whatever is sent

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
DAYS = st.dates(date(2000, 1, 1), date(2026, 1, 1)).map(date.isoformat)
WHERE: dict[str, st.SearchStrategy[Any]] = {
    "code_insee": st.sampled_from(["92050", "18033", "49069", "75113"]),
    "commune": st.sampled_from(["Nanterre", "BOURGES", "ailleurs"]),
    "code_postal": st.sampled_from(["92000", "18000"]),
    "adresse": st.sampled_from(["1 rue Haute", "1 RUE HAUTE", "2 place Basse"]),
    "latitude": st.floats(46, 49),
    "longitude": st.floats(1, 3),
}
ANY: dict[str, st.SearchStrategy[Any]] = WHERE | {
    "telephone": st.sampled_from(["01 40 00 00 00", "+33240000000", "le matin"]),
    "courriel": st.sampled_from(["a@exemple.org", "b@exemple.org"]),
    "horaires_accueil": st.sampled_from(["Mo-Fr 09:00-12:00", "sur rendez-vous", "Lundi 9h-12h"]),
    "lien_source": st.just("https://exemple.org/"),
}
STRUCTURES = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["a", "b"]),
        "id": st.sampled_from("1234"),
        "nom": TEXTS.map("Lieu {}".format),
        "date_maj": DAYS,
    },
    optional=ANY
    | {
        "description": TEXTS.map("Vraiment {}".format),
        "reseaux_porteurs": st.lists(st.sampled_from([one.value for one in v1.ReseauPorteur]), min_size=1, max_size=3),
    },
)
SERVICES = st.fixed_dictionaries(
    {
        **{"source": st.just("a"), "structure_id": st.sampled_from("1234"), "id": st.sampled_from("56789")},
        **{"nom": TEXTS.map("Aide {}".format), "description": TEXTS.map("Vraiment {}".format), "date_maj": DAYS},
    },
    optional=ANY
    | {
        "thematiques": st.lists(st.sampled_from([one.value for one in v1.Thematique]), max_size=4),
        "publics": st.sampled_from([["jeunes"], ["seniors", "familles"], ["tous-publics"]]),
        "frais": st.sampled_from(["gratuit", "payant"]),
        "zone_eligibilite": st.sampled_from([["france"], ["17", "18"], ["18033"], ["241800432"]]),
        "modes_accueil": st.sampled_from([["a-distance"], ["en-presentiel"]]),
        "lien_mobilisation": st.just("https://exemple.org/aide"),
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STRUCTURES | SERVICES, max_size=12))
def test_what_comes_in_goes_out_as_it_came_and_never_changes_again(told: list[Fields]) -> None:
    found = read(*told)
    first = out(found.rows.values())
    for record in (*first[0], *first[1]):
        given_ = next(one for one in told if one["id"] == record["id"])
        assert record == sorted_lists(
            {name: value.strip() if isinstance(value, str) else value for name, value in given_.items()}
        )
    again = read(*first[0], *first[1])
    assert again.rows == found.rows
    assert not again.refused or len(again.refused) < len(told)
    assert out(again.rows.values()) == first


CORRECTIONS: dict[str, st.SearchStrategy[Any]] = {
    "nom": st.sampled_from(["X", "Le nouveau nom", "L" * 200, "Centre social bleu"]),
    "kind": st.sampled_from(["autre", "amap"]),
    "needs": st.sampled_from([[], ["sante", "alimentation"]]),
    "description": st.sampled_from(["", "abc", "Une autre.", "D" * 11_000]),
    "adresse": st.sampled_from([None, "5 rue Neuve", "1 rue Haute"]),
    "commune": st.sampled_from(["Bourges", None]),
    "code_postal": st.sampled_from(["18000", None]),
    "code_insee": st.sampled_from(["18033", "17300", "92050"]),
    "latitude": st.sampled_from([47.2, 48.8]),
    "exact": st.booleans(),
    "telephone": st.sampled_from([None, "01 40 00 00 00", "0140000000"]),
    "courriel": st.sampled_from([None, "a@exemple.org", "faux"]),
    "site_web": st.sampled_from([None, "https://exemple.org/site", "faux"]),
    "horaires": st.sampled_from([None, "Lundi 9h-12h", "Mo-Fr 09:00-12:00"]),
    "horaires_osm": st.sampled_from([None, "Mo-Fr 09:00-12:00; PH off"]),
    "publics": st.sampled_from([[], ["seniors", "familles"], ["tous-publics", "jeunes"]]),
    "frais": st.sampled_from([None, "gratuit", "payant"]),
    "date_maj": st.sampled_from([None, date(1990, 1, 1), date(2026, 2, 2)]),
    "status": st.sampled_from(["active", "closed"]),
}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STRUCTURES | SERVICES, max_size=6), st.fixed_dictionaries({}, optional=CORRECTIONS))
def test_whatever_was_corrected_comes_back(told: list[Fields], values: Fields) -> None:
    rows = {key: row | values for key, row in read(*told).rows.items()}
    first = out(rows.values())
    again = read(*first[0], *first[1])
    assert untold(again.rows) == untold(rows)
    assert out(again.rows.values()) == first


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)
NAMES = st.sampled_from([*v1.Service.model_fields, *v1.Structure.model_fields, "bonne_porte"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(NAMES, ANYTHING | st.sampled_from(["essai--1", "92050", "2026-01-01"])), max_size=4))
def test_whatever_is_sent_is_read_or_refused_in_french(told: list[Fields]) -> None:
    broken = [
        {**(service(number) if "structure_id" in fields else structure(number)), **fields}
        for number, fields in enumerate(told)
    ]
    found = read(*told, *broken)
    for reason in (refused.reason for refused in found.refused):
        assert reason.startswith(("structure", "service"))
        assert text(reason) == reason
    out(found.rows.values())


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(list(BonnePorte.__annotations__)), ANYTHING | st.sampled_from(["local", "amap", "2026-01-01"])
    )
)
def test_whatever_we_are_said_to_say_is_read_or_refused(own: Fields) -> None:
    found = read(structure(1, **NANTERRE, bonne_porte=own))
    assert found.seen
    assert len(found.rows) + len(found.refused) == 1
    if found.rows:
        again = read(*out(found.rows.values())[0])
        assert untold(again.rows) == untold(found.rows)
        assert out(again.rows.values()) == out(found.rows.values())
