"""data·inclusion v1 coming in: what is refused, why, and which entry it tells of all the same."""

import pytest

from catalogue.exchange.national_schema import Fields
from tests.catalogue.test_data_inclusion import BOURGES, NANTERRE, read, reasons, service, structure


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
        ({"bonne_porte": {"publics": ["chats"]}}, "bonne_porte.publics : valeur inconnue : « chats »"),
        ({"bonne_porte": {"reach": "mondial"}}, "bonne_porte.reach : valeur inconnue : « mondial »"),
        ({"bonne_porte": {"status": "vivant"}}, "bonne_porte.status : valeur inconnue : « vivant »"),
        ({"bonne_porte": {"frais": "cher"}}, "bonne_porte.frais : valeur inconnue : « cher »"),
        ({"bonne_porte": {"moments": ["nuit"]}}, "bonne_porte.moments : valeur inconnue : « nuit »"),
        ({"bonne_porte": {"verified_method": "rêve"}}, "bonne_porte.verified_method : valeur inconnue : « rêve »"),
        ({"bonne_porte": {"verified_role": "roi"}}, "bonne_porte.verified_role : valeur inconnue : « roi »"),
        ({"bonne_porte": {"nom": " \u200b "}}, "bonne_porte.nom : manquant"),
        ({"bonne_porte": {"source_id": "a\u202eb"}}, "bonne_porte.source_id : caractères illisibles"),
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


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"latitude": 48.89}, "latitude : la latitude et la longitude vont ensemble"),
        ({"longitude": 2.2}, "longitude : la latitude et la longitude vont ensemble"),
        ({"latitude": 46.0, "longitude": 1.0}, "latitude : coordonnées loin de Nanterre"),
        ({**BOURGES, "latitude": 48.89, "longitude": 2.2}, "latitude : coordonnées loin de Bourges"),
    ],
)
def test_a_service_that_is_not_where_it_says_is_refused_alone(told: Fields, reason: str) -> None:
    found = read(structure(**NANTERRE), service(1, **told), service(2))
    assert [refused.reason for refused in found.refused] == [f"service « essai--1-1 », {reason}"]
    (row,) = found.rows.values()
    assert [one["id"] for one in row["services"]] == ["essai--1-2"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    (said,) = reasons(structure(1, **NANTERRE, siret="1", courriel="x", latitude="y"))
    assert said.count(" ; ") == 2


def test_services_without_a_structure_that_is_read_are_refused_and_said_why() -> None:
    assert reasons(service(1, "ailleurs"), structure(2, **NANTERRE, siret="1"), service(1, 2)) == [
        "service « essai--ailleurs-1 », structure inconnue : « essai--ailleurs »",
        "structure « essai--2 », siret : quatorze chiffres attendus : « 1 »",
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
    told = [structure(1, **NANTERRE, siret="1"), service(1), structure(2), service(1, 2, thematiques=["rire"])]
    found = read(*told, structure(3, **NANTERRE, bonne_porte={"source_id": "trois", "kind": "palais"}))
    assert (len(found.refused), found.lost) == (5, 0)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (service(1, "ailleurs"), "structure inconnue : « essai--ailleurs »"),
        (service(1, "ailleurs", frais="cher"), "frais : valeur inconnue : « cher »"),
        (service(1, code_insee="99999"), "code_insee : code INSEE inconnu : « 99999 »"),
        (service(1, commune="Nanterre"), "commune : commune inconnue : « Nanterre »"),
        (service(1, commune=["Bourges"]), "commune : texte attendu"),
        (service(1, **{**BOURGES, "code_insee": "9"}), "code_insee : code de cinq caractères attendu : « 9 »"),
        (service(1, **BOURGES, adresse={}), "adresse : texte attendu"),
    ],
)
def test_a_refused_service_that_does_not_say_where_it_is_given_is_lost(told: Fields, reason: str) -> None:
    found = read(structure(1, **NANTERRE), told)
    assert ([refused.reason for refused in found.refused], found.lost) == ([f"service « {told['id']} », {reason}"], 1)
    assert [source_id for _, source_id in found.rows] == ["essai--1"]


def test_a_service_that_comes_twice_is_lost_unless_it_is_told_at_the_same_place() -> None:
    told = [structure(1, **NANTERRE), structure(2, **NANTERRE), service(1, **BOURGES)]
    assert read(*told, service(1, **BOURGES, frais="gratuit")).lost == 0
    assert read(*told, service(1, **NANTERRE)).lost == 1
    assert read(*told, service(1, **BOURGES, structure_id="essai--2")).lost == 1
    assert read(*told, service(1, frais="cher")).lost == 1


def test_the_services_of_a_structure_without_a_name_of_its_own_are_refused_and_lost_with_it() -> None:
    found = read(structure(1, **NANTERRE, source=None), service(1), service(2, **BOURGES))
    assert [refused.reason for refused in found.refused] == [
        "structure « essai--1 », source : manquant",
        "service « essai--1-1 », sa structure est refusée : « essai--1 »",
        "service « essai--1-2 », sa structure est refusée : « essai--1 »",
    ]
    assert (found.lost, found.rows) == (3, {})


def test_every_line_is_loaded_or_refused_once() -> None:
    told = [structure(1, **NANTERRE), structure(1, **NANTERRE), structure(2), service(1, 2), service(1, 3), service(1)]
    found = read(
        *told, service(1), service(2, frais="cher"), structure(3, **NANTERRE, id=None), structure(4, siret="1")
    )
    assert sorted(refused.line for refused in found.refused) == [2, 3, 4, 5, 7, 8, 9, 10]


def test_a_structure_that_is_only_where_refused_services_are_is_refused_with_them() -> None:
    assert reasons(structure(1), service(1, **BOURGES, frais="cher")) == [
        "service « essai--1-1 », frais : valeur inconnue : « cher »",
        "structure « essai--1 », elle n'est que là où sont ses services, et ils sont refusés",
    ]


def test_what_no_database_takes_is_refused_wherever_it_is() -> None:
    for unreadable in ("essai\0", "essai\ud800"):
        told = [structure(1, **NANTERRE, source=unreadable), structure(2, **NANTERRE, id=unreadable)]
        found = read(*told, structure(3, **NANTERRE, bonne_porte={"source_id": unreadable}))
        assert (len(found.refused), found.lost) == (3, 3)
        assert {source_id for _, source_id in found.seen} == {"essai--3"}


def test_what_is_refused_in_our_own_columns_of_a_service_is_not_taken_for_those_of_its_place() -> None:
    damaged = service(1, **BOURGES, bonne_porte={"adresse": "1 rue\0", "accessible": True})
    found = read(structure(1, **NANTERRE), damaged, service(2, **BOURGES))
    assert [row["accessible"] for row in found.rows.values()] == [None, None]
