"""data·inclusion v1 going out, and coming back the same. The real structures beside this file: data·inclusion and ANCT,
Licence Ouverte 2.0.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from data_inclusion.schema import v1
from sqlalchemy import Engine, select

from catalogue.database import open_database, reading, writing
from catalogue.exchange.data_inclusion import read_data_inclusion
from catalogue.exchange.data_inclusion_out import OLDEST, write_json
from catalogue.exchange.documents import records
from catalogue.exchange.national_schema import Fields
from catalogue.exchange.reading import EntryRow, Key, Reading
from catalogue.exchange.thematiques import THEMATIQUE_OF
from catalogue.initiatives import UNKNOWN, Author, change_initiative, save_initiatives
from catalogue.needs import Method, Need, NoticeKind
from catalogue.notices import Stored, notice, read_notices, with_notice
from catalogue.places import PlaceIndex
from catalogue.tables import initiatives
from tests.catalogue.test_data_inclusion import (
    BOURGES,
    INDEX,
    LIEN,
    MANGER,
    NANTERRE,
    PAPIERS,
    RUE,
    out,
    read,
    reasons,
    row_of,
    service,
    structure,
)

REAL = Path(__file__).parent / "data_inclusion_structures.json"
VISIT = Author("correspondant", Method.VISITE)

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
        {"nom": "Long " * 40 + "nom", "description": "Très long. " * 1000 + "Fin."},
        {"description": "Un jardin.\nPour qui : tout le monde.\nAmbiance : calme."},
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
