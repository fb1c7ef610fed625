"""data·inclusion v1 coming in: what it says becomes what we say. Its other tests use the same records and places."""

import json
from collections.abc import Iterable
from datetime import date
from typing import get_args, get_origin

import pytest
from data_inclusion.schema import v1

from catalogue.exchange.data_inclusion import read_data_inclusion
from catalogue.exchange.data_inclusion_out import as_data_inclusion
from catalogue.exchange.national_schema import Fields
from catalogue.exchange.own_columns import BonnePorte
from catalogue.exchange.reading import EntryRow, Reading, Record
from catalogue.exchange.thematiques import LISTS, THEMATIQUE_OF, THEMATIQUES, need_of, needs_of
from catalogue.needs import Need
from catalogue.places import Place, PlaceIndex
from catalogue.tables import initiatives

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
    ("zone", "served"),
    [
        (None, ("departemental", "92", [])),
        (["france"], ("a-distance", "92", [])),
        (["18"], ("departemental", "18", [])),
        (["2B", "2A"], ("departemental", "2A", ["2A", "2B"])),
        (["200054781"], ("departemental", "92", [])),
    ],
)
def test_nobody_is_sent_to_an_address_from_which_one_is_only_helped_at_a_distance(zone: object, served: object) -> None:
    row = row_of(
        structure(1, **NANTERRE, **RUE, latitude=48.9, longitude=2.2),
        *(service(number, modes_accueil=["a-distance"], zone_eligibilite=zone) for number in (1, 2)),
    )
    assert (row["reach"], row["departement"], row["zones"]) == served
    assert (row["adresse"], row["latitude"], row["exact"]) == (None, None, False)
    assert (row["commune"], row["structure"]["adresse"]) == ("Nanterre", RUE["adresse"])


@pytest.mark.parametrize("modes", [None, ["en-presentiel"], ["a-distance", "en-presentiel"]])
def test_one_service_where_people_may_be_received_makes_a_place_of_an_address(modes: list[str] | None) -> None:
    row = row_of(
        structure(1, **NANTERRE, **RUE),
        service(1, modes_accueil=["a-distance"], zone_eligibilite=["france"]),
        service(2, modes_accueil=modes),
    )
    assert (row["reach"], row["adresse"]) == ("local", RUE["adresse"])


def test_what_is_only_at_a_distance_elsewhere_makes_no_place_there() -> None:
    found = read(structure(1, **NANTERRE), service(1, **BOURGES, modes_accueil=["a-distance"]))
    assert sorted(row["reach"] for row in found.rows.values()) == ["departemental", "local"]


def test_the_zone_of_an_intercommunalite_is_the_department_it_is_told_from() -> None:
    zone = service(1, zone_eligibilite=["200054781"], modes_accueil=["en-presentiel"])
    row = row_of(structure(1, code_postal="92000"), zone)
    assert (row["reach"], row["departement"], row["zones"]) == ("departemental", "92", [])
    assert row_of(structure(1, **NANTERRE), zone)["reach"] == "local"
    assert "ni adresse ni zone connue" in reasons(structure(1), zone)[0]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({}, "ni adresse ni zone connue : on ne saurait pas qui y envoyer"),
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
        ({"nom": "Repair Café de la rue Haute"}, "repair-cafe", ["equipement"]),
        ({"nom": "L'Épicerie sociale et solidaire"}, "epicerie-solidaire", ["alimentation"]),
        ({"nom": "Sel de la vallée"}, "sel", ["lien-social", "engagement"]),
        ({"nom": "Maison France services de Pons"}, "france-services", ["droits", "numerique"]),
        ({"nom": "Médiathèque Elsa-Triolet"}, "bibliotheque", ["loisirs"]),
        ({"nom": "Tiers-lieu du Cher"}, "tiers-lieu", []),
        ({"nom": "Maison de quartier"}, "autre", []),
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


def test_what_services_are_for_comes_before_what_their_place_is() -> None:
    row = row_of(structure(1, **NANTERRE, nom="Épicerie solidaire"), service(1, thematiques=[SITES]))
    assert (row["kind"], row["needs"]) == ("epicerie-solidaire", ["numerique"])


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
