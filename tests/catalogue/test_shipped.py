import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select, update

from catalogue import zorder
from catalogue.database import open_database, reading, writing
from catalogue.exchange.names import readable_name
from catalogue.exchange.rows import phone
from catalogue.exchange.services import services_sentence
from catalogue.exchange.shipped import LoadReport, load_shipped
from catalogue.gazetteer import read_places, town_hall
from catalogue.initiatives import Saved, save_initiatives
from catalogue.places import PlaceIndex
from catalogue.tables import initiatives, metadata, need_areas, need_positions, places, word_positions

COMMUNES = """\
code_insee,nom,codes_postaux,departement,departement_nom,region_nom,population,latitude,longitude,precision,type,commune_parente
92050,Nanterre,92000,92,Hauts-de-Seine,Île-de-France,96277,48.89222,2.20694,commune,COM,
49126,Orée d'Anjou,49270|49530,49,Maine-et-Loire,Pays de la Loire,16700,47.33927,-1.20637,commune,COM,
75056,Paris,75001|75002,75,Paris,Île-de-France,2103778,48.85659,2.35222,commune,COM,
75101,Paris 1er Arrondissement,75001,75,Paris,Île-de-France,15114,48.86026,2.33653,commune,ARM,75056
"""
FORMER = """\
code_insee,nom,departement,latitude,longitude,commune_parente
49069,Champtoceaux,49,47.32237,-1.26011,49126
49126,Drain,49,47.33927,-1.20637,49126
"""
TOWN_HALLS = """\
code_insee,nom,adresse,telephone,site,horaires_json
92050,Nanterre,"88 rue du 8-mai-1945, 92000 Nanterre",0147295050,https://www.nanterre.fr,"[[""lundi"",""vendredi"",[[""09:00:00"",""17:00:00""]]]]"
75056,Paris,"Place de l'Hôtel-de-Ville, 75004 Paris",3975,https://www.paris.fr,[]
49126,Orée d'Anjou,"4 rue des Arts, 49530 Orée-d'Anjou",02 40 83 50 13,,[]
"""

COLLECTED: dict[str, str] = {
    "nom": "Repair Café",
    "categorie": "repair-cafe",
    "description": "Réparations bénévoles ",
    "adresse": "",
    "commune": "Nanterre",
    "code_postal": "92000",
    "site_web": "",
    "horaires": "Samedi 10h-12h",
    "rrule": "",
    "source_url": "https://exemple.fr/repair",
    "annee_source": "2020-2022",
    "statut": "actif",
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
LISTED: dict[str, str] = {
    "id": "cnfs-62592a1d05457b0790816e6c",
    "source": "conseiller-numerique-2022",
    "licence": "Licence Ouverte 2.0",
    "date_maj": "2022-05-09",
    "nom": "Médiathèque",
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


def written(*rows: dict[str, str]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """A migrated SQLite database, where one engine is enough: what is read does not depend on it."""
    engine = open_database(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small catalogue: four communes, and no initiative yet."""
    for name in ("places", "initiatives"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for name, content in (("communes", COMMUNES), ("communes_anciennes", FORMER), ("mairies", TOWN_HALLS)):
        (tmp_path / "data" / "places" / f"{name}.csv").write_text(content, encoding="utf-8")
    return tmp_path / "data"


def loading(engine: Engine, folder: Path, source: str, *rows: dict[str, str]) -> LoadReport:
    (folder / "initiatives" / f"{source}.csv").write_text(written(*rows), encoding="utf-8")
    return load_shipped(engine, folder=folder)


def only_entry(engine: Engine) -> dict[str, Any]:
    with reading(engine) as connection:
        return dict(connection.execute(select(initiatives)).mappings().one())


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with reading(engine) as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
            for name, table in metadata.tables.items()
            if name != "loads"
        }


def counts(report: LoadReport, source: str) -> tuple[int, int, int]:
    found = next(each for each in report.sources if each.source == source)
    return found.created, found.changed, found.unchanged


def test_a_collected_entry_says_what_its_line_says(engine: Engine, folder: Path) -> None:
    report = loading(engine, folder, "collaboratives", COLLECTED)
    assert report.refused == ()
    entry = only_entry(engine)
    assert entry["kind"] == "repair-cafe"
    assert entry["needs"] == ["equipement", "lien-social"]
    assert entry["description"] == "Réparations bénévoles."
    assert entry["horaires"] == "Samedi 10h-12h"
    assert entry["horaires_osm"] == "Sa 10:00-12:00; PH off"
    assert entry["moments"] == ["week-end"]
    assert entry["frais"] == "gratuit"
    assert entry["lien_source"] == "https://exemple.fr/repair"
    assert not entry["exact"]
    assert (entry["verified_at"], entry["verified_by_year"], entry["verified_method"]) == (
        date(2022, 1, 1),
        True,
        "import",
    )


def test_an_entry_is_found_by_each_of_its_needs_where_it_is(engine: Engine, folder: Path) -> None:
    loading(engine, folder, "collaboratives", COLLECTED)
    entry = only_entry(engine)
    with reading(engine) as connection:
        keys = (need_positions.c.need, need_positions.c.z, need_positions.c.initiative_id)
        found = {tuple(row) for row in connection.execute(select(*keys))}
    z = zorder.encode(48.89222, 2.20694)
    assert found == {("equipement", z, entry["id"]), ("lien-social", z, entry["id"])}


def test_a_line_that_gives_no_year_was_never_verified(engine: Engine, folder: Path) -> None:
    loading(engine, folder, "collaboratives", COLLECTED | {"annee_source": ""})
    entry = only_entry(engine)
    assert (entry["verified_at"], entry["verified_method"], entry["verified_by_year"]) == (None, None, False)


def test_a_maison_france_services_is_free_and_for_everyone(engine: Engine, folder: Path) -> None:
    line = LISTED | {"id": "fs-1", "categorie": "france-services", "horaires": "Lu 09:00 - 12:00"}
    loading(engine, folder, "france-services", line)
    entry = only_entry(engine)
    assert (entry["needs"], entry["publics"], entry["frais"]) == (["droits", "numerique"], ["tous-publics"], "gratuit")
    assert (entry["verified_at"], entry["verified_by_year"], entry["date_maj"]) == (
        date(2022, 5, 9),
        False,
        date(2022, 5, 9),
    )
    assert entry["exact"]


def test_digital_help_with_paperwork_answers_both_needs(engine: Engine, folder: Path) -> None:
    line = LISTED | {"description": "Devenir autonome dans les démarches administratives"}
    loading(engine, folder, "numerique", line)
    assert only_entry(engine)["needs"] == ["numerique", "droits"]


def test_a_wrong_postcode_gives_way_to_the_insee_code(engine: Engine, folder: Path) -> None:
    loading(engine, folder, "numerique", LISTED | {"code_postal": "05000"})
    assert only_entry(engine)["code_postal"] == "92000"


def test_a_line_without_a_position_takes_its_commune_s(engine: Engine, folder: Path) -> None:
    nowhere = {"latitude": "", "longitude": "", "coord_precision": "", "code_insee": "", "commune": "NANTERRE CEDEX 2"}
    loading(engine, folder, "numerique", LISTED | nowhere)
    entry = only_entry(engine)
    assert (entry["code_insee"], entry["latitude"], entry["longitude"], entry["exact"]) == (
        "92050",
        48.89222,
        2.20694,
        False,
    )


def test_the_code_of_a_former_commune_is_that_of_the_new_one(engine: Engine, folder: Path) -> None:
    there = {"code_insee": "49069", "departement": "49", "latitude": "47.33", "longitude": "-1.2"}
    loading(engine, folder, "numerique", LISTED | there)
    entry = only_entry(engine)
    assert (entry["code_insee"], entry["commune"]) == ("49126", "Orée d'Anjou")


def test_a_place_told_by_two_lists_is_one_entry_with_what_both_know(engine: Engine, folder: Path) -> None:
    first = LISTED | {"horaires": "Mo-Fr 09:00-12:00"}
    second = LISTED | {"id": LISTED["id"].replace("cnfs", "di"), "telephone": "+33147295050", "horaires": ""}
    report = loading(engine, folder, "numerique", first, second)
    entry = only_entry(engine)
    assert (entry["telephone"], entry["horaires"]) == ("01 47 29 50 50", "Mo-Fr 09:00-12:00")
    assert report.sources[-1].merged == 1


def test_two_towns_that_number_their_places_alike_keep_both(engine: Engine, folder: Path) -> None:
    other = {"code_insee": "75101", "departement": "75", "latitude": "48.86", "longitude": "2.33"}
    report = loading(engine, folder, "numerique", LISTED | {"id": "di-7"}, LISTED | {"id": "di-7", **other})
    assert counts(report, "numerique") == (2, 0, 0)


BAD_LINES = [
    ({"nom": " "}, "nom manquant"),
    ({"nom": "Un \0 lieu"}, "caractères illisibles"),
    ({"code_insee": "99999"}, "code INSEE inconnu"),
    ({"code_insee": "", "commune": "Ailleurs"}, "commune inconnue"),
    ({"latitude": "ici"}, "coordonnées illisibles"),
    ({"latitude": "nan"}, "coordonnées impossibles"),
    ({"latitude": "148"}, "coordonnées impossibles"),
    ({"latitude": "2.20694", "longitude": "48.89222"}, "coordonnées loin de Nanterre"),
    ({"longitude": ""}, "coordonnées illisibles"),
    ({"kind": "château"}, "type de lieu inconnu"),
    ({"besoins": "equipement;or"}, "besoin inconnu"),
    ({"besoins": ""}, "aucun besoin"),
    ({"publics": "chats"}, "public inconnu"),
    ({"frais": "cher"}, "frais inconnus"),
]


@pytest.mark.parametrize(("wrong", "reason"), BAD_LINES)
def test_a_bad_line_is_refused_with_its_number_and_why_and_the_rest_is_loaded(
    sqlite_engine: Engine, folder: Path, wrong: dict[str, str], reason: str
) -> None:
    other = COLLECTED | {"nom": "Un autre"}
    report = loading(sqlite_engine, folder, "collaboratives", COLLECTED, COLLECTED | wrong, other)
    (refused,) = report.refused
    assert (refused.file, refused.line) == ("collaboratives.csv", 3)
    assert refused.reason.startswith(reason)
    assert counts(report, "collaboratives") == (2, 0, 0)


def test_lines_that_are_not_what_the_header_says_are_refused(sqlite_engine: Engine, folder: Path) -> None:
    lines = written(COLLECTED, COLLECTED | {"nom": "Le lieu\nsur deux lignes"}, COLLECTED | {"nom": "Un autre"})
    header, first, *rest = lines.splitlines()
    broken = "\n".join([header, first, "trop,court", f"{first},trop", "", *rest]).encode() + b"\n\xff" + b"," * 20
    (folder / "initiatives" / "collaboratives.csv").write_bytes(broken)
    report = load_shipped(sqlite_engine, folder=folder)
    assert [(refused.line, refused.reason) for refused in report.refused] == [
        (3, "2 colonnes au lieu de 21"),
        (4, "22 colonnes au lieu de 21"),
        (9, "caractères illisibles"),
    ]
    assert counts(report, "collaboratives") == (3, 0, 0)


def test_a_line_longer_than_any_line_is_refused(sqlite_engine: Engine, folder: Path) -> None:
    endless = COLLECTED | {"description": "x" * 200_000}
    report = loading(sqlite_engine, folder, "collaboratives", COLLECTED, endless, COLLECTED | {"nom": "Un autre"})
    assert [(refused.line, refused.reason) for refused in report.refused] == [
        (3, "case trop longue, ou guillemet jamais refermé")
    ]
    assert counts(report, "collaboratives") == (2, 0, 0)


@pytest.mark.parametrize("content", ["", "nom,kind\nUn lieu,autre\n", "\0"])
def test_a_file_without_its_columns_is_refused_whole(sqlite_engine: Engine, folder: Path, content: str) -> None:
    (folder / "initiatives" / "collaboratives.csv").write_text(content, encoding="utf-8")
    report = load_shipped(sqlite_engine, folder=folder)
    assert counts(report, "collaboratives") == (0, 0, 0)
    assert [refused.file for refused in report.refused] == ["collaboratives.csv"]


def test_bad_places_are_refused_and_the_rest_is_loaded(sqlite_engine: Engine, folder: Path) -> None:
    bad = [
        "9205,Nanterre,92000,92,Hauts-de-Seine,Île-de-France,1,48.9,2.2,commune,COM,",
        "92051,,92000,92,Hauts-de-Seine,Île-de-France,1,48.9,2.2,commune,COM,",
        "92052,Ville,92000,75,Paris,Île-de-France,1,48.9,2.2,commune,COM,",
        "92053,Ville,92000,92,Hauts-de-Seine,Île-de-France,beaucoup,48.9,2.2,commune,COM,",
        "92054,Ville,92000,92,Hauts-de-Seine,Île-de-France,1,nord,2.2,commune,COM,",
        "92055,Ville,92000,92,Hauts-de-Seine,Île-de-France,1,48.9,2.2,commune,VILLE,",
        "92050,Encore Nanterre,92000,92,Hauts-de-Seine,Île-de-France,1,48.9,2.2,commune,COM,",
    ]
    (folder / "places" / "communes.csv").write_text(COMMUNES + "\n".join(bad) + "\n", encoding="utf-8")
    report = load_shipped(sqlite_engine, folder=folder)
    assert [refused.line for refused in report.refused] == [6, 7, 8, 9, 10, 11, 12]
    assert len({refused.reason for refused in report.refused}) == 7
    assert counts(report, "places") == (6, 0, 0)


def test_loading_twice_changes_nothing_and_the_second_time_reads_nothing(engine: Engine, folder: Path) -> None:
    first = loading(engine, folder, "collaboratives", COLLECTED)
    before = everything(engine)
    second = load_shipped(engine, folder=folder)
    assert counts(first, "places") == (6, 0, 0)
    assert [source.skipped for source in first.sources] == [False, False]
    assert [source.skipped for source in second.sources] == [True, True]
    assert everything(engine) == before


def test_a_file_that_changed_changes_only_what_it_says(engine: Engine, folder: Path) -> None:
    other = COLLECTED | {"nom": "Un autre"}
    loading(engine, folder, "collaboratives", COLLECTED, other)
    moved = COLLECTED | {"latitude": "48.9", "besoins": "equipement"}
    report = loading(engine, folder, "collaboratives", moved, other, COLLECTED | {"nom": "Un nouveau"})
    assert counts(report, "collaboratives") == (1, 1, 1)
    with reading(engine) as connection:
        found = connection.execute(
            select(need_positions.c.need, need_positions.c.z)
            .join(initiatives)
            .where(initiatives.c.nom == COLLECTED["nom"])
        ).all()
    assert [tuple(row) for row in found] == [("equipement", zorder.encode(48.9, 2.20694))]


def test_places_that_changed_make_what_depends_on_them_be_read_again(engine: Engine, folder: Path) -> None:
    loading(engine, folder, "numerique", LISTED)
    renamed = COMMUNES.replace("92050,Nanterre,92000", "92050,Nanterre-Ville,92001")
    (folder / "places" / "communes.csv").write_text(renamed, encoding="utf-8")
    report = load_shipped(engine, folder=folder)
    assert counts(report, "places") == (0, 1, 5)
    assert counts(report, "numerique") == (0, 1, 0)
    entry = only_entry(engine)
    assert (entry["commune"], entry["code_postal"]) == ("Nanterre-Ville", "92001")


def test_what_disappeared_from_a_file_is_marked_so_until_it_is_there_again(engine: Engine, folder: Path) -> None:
    def vanished() -> dict[str, bool]:
        with reading(engine) as connection:
            rows = connection.execute(select(initiatives.c.nom, initiatives.c.vanished_at))
            return {nom: gone is not None for nom, gone in rows}

    loading(engine, folder, "collaboratives", COLLECTED)
    report = loading(engine, folder, "collaboratives", COLLECTED | {"nom": "Un autre"})
    assert counts(report, "collaboratives") == (1, 0, 0)
    assert vanished() == {"Repair Café": True, "Un autre": False}
    loading(engine, folder, "collaboratives", COLLECTED, COLLECTED | {"nom": "Un autre"})
    assert vanished() == {"Repair Café": False, "Un autre": False}


@pytest.mark.parametrize(
    "told", [{"status": "closed"}, {"verified_method": "telephone", "verified_role": "correspondant"}]
)
def test_a_list_does_not_undo_what_a_person_said(engine: Engine, folder: Path, told: dict[str, str]) -> None:
    loading(engine, folder, "collaboratives", COLLECTED)
    with writing(engine) as connection:
        connection.execute(update(initiatives).values(told))
    before = only_entry(engine)
    report = loading(engine, folder, "collaboratives", COLLECTED | {"description": "Tout autre chose"})
    assert counts(report, "collaboratives") == (0, 0, 0)
    assert report.sources[-1].kept == 1
    assert only_entry(engine) == before


def test_progress_is_told_for_each_source_until_its_last_row(sqlite_engine: Engine, folder: Path) -> None:
    (folder / "initiatives" / "collaboratives.csv").write_text(written(COLLECTED), encoding="utf-8")
    told: list[tuple[str, int, int]] = []
    load_shipped(sqlite_engine, lambda *step: told.append(step), folder)
    assert (told[0], ("places", 6, 6) in told, told[-1]) == (("places", 0, 6), True, ("collaboratives", 1, 1))


def a_row(engine: Engine, folder: Path, **others: Any) -> dict[str, Any]:
    loading(engine, folder, "collaboratives", COLLECTED)
    return only_entry(engine) | others


def areas(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        return [(row.need, row.area) for row in connection.execute(select(need_areas).order_by(need_areas.c.need))]


@pytest.mark.parametrize(("reach", "area"), [("departemental", "92"), ("national", "national"), ("a-distance",) * 2])
def test_what_has_no_place_is_found_by_where_it_serves(engine: Engine, folder: Path, reach: str, area: str) -> None:
    row = a_row(engine, folder, reach=reach)
    with writing(engine) as connection:
        assert save_initiatives(connection, [row]) == Saved(0, 1, 0)
    assert areas(engine) == [("equipement", area), ("lien-social", area)]
    with reading(engine) as connection:
        assert connection.execute(select(need_positions)).all() == []


def test_a_closed_entry_is_found_by_nothing(engine: Engine, folder: Path) -> None:
    row = a_row(engine, folder, status="closed")
    with writing(engine) as connection:
        save_initiatives(connection, [row])
    with reading(engine) as connection:
        assert connection.execute(select(need_positions)).all() == []
    assert areas(engine) == []


@pytest.mark.parametrize("insee", ["92050", "75101", "49069", "49126"])
def test_a_town_hall_is_that_of_the_place_or_of_what_it_belongs_to(engine: Engine, folder: Path, insee: str) -> None:
    load_shipped(engine, folder=folder)
    with reading(engine) as connection:
        index = PlaceIndex(read_places(connection))
        hall = town_hall(connection, index, insee)
        assert town_hall(connection, index, "99999") is None
    assert hall is not None
    expected = {
        "92050": ("Nanterre", "01 47 29 50 50", "Mo-Fr 09:00-17:00; PH off"),
        "75101": ("Paris", "3975", None),
        "49069": ("Orée d'Anjou", "02 40 83 50 13", None),
        "49126": ("Orée d'Anjou", "02 40 83 50 13", None),
    }
    assert (hall.commune, hall.telephone, hall.horaires_osm) == expected[insee]


def test_a_former_commune_that_kept_its_code_is_still_known_by_its_name(engine: Engine, folder: Path) -> None:
    load_shipped(engine, folder=folder)
    with reading(engine) as connection:
        index = PlaceIndex(read_places(connection))
    assert [place.nom for place in index.find("Drain").places] == ["Orée d'Anjou"]
    assert [place.nom for place in index.find("Champtoceaux").places] == ["Champtoceaux"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("0147295050", "01 47 29 50 50"),
        ("+33 (0)1.47.29.50.50", "01 47 29 50 50"),
        ("+590690230136", "06 90 23 01 36"),
        ("0 809 36 12 12", "08 09 36 12 12"),
        ("3949", "3949"),
        ("+32 2 123 45 67", "+32 2 123 45 67"),
        ("", None),
    ],
)
def test_a_french_phone_number_is_written_two_by_two(given: str, shown: str | None) -> None:
    assert phone(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("COMMUNE DE NANTERRE", "Commune de Nanterre"),
        ("CENTRE COMMUNAL D ACTION SOCIALE", "Centre communal d'action sociale"),
        ("EMPLOI SOLIDARITE", "EMPLOI SOLIDARITE"),
        ("COMMUNE DE PUTEAUX", "COMMUNE DE PUTEAUX"),
        ("Mairie de Nanterre", "Mairie de Nanterre"),
    ],
)
def test_a_shouted_name_is_lowered_only_when_no_accent_is_guessed(given: str, shown: str) -> None:
    assert readable_name(given, "Nanterre") == shown


def test_the_name_of_a_town_takes_its_article() -> None:
    assert readable_name("MAIRIE DU HAVRE", "Le Havre") == "Mairie du Havre"
    assert readable_name("VILLE D ANTONY", "Antony") == "Ville d'Antony"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Prendre en main un ordinateur", "Prendre en main un ordinateur."),
        (
            "Accéder à du matériel;S'équiper en matériel informatique",
            "Accéder à du matériel et s'équiper en matériel informatique.",
        ),
        (
            "Prendre en main un smartphone ou une tablette;Prendre en main un ordinateur;"
            "Utiliser le numérique au quotidien;Approfondir ma culture numérique",
            "Prendre en main un smartphone ou une tablette, prendre en main un ordinateur, "
            "utiliser le numérique au quotidien et d'autres aides.",
        ),
        ("<b>Centre</b> social &amp; cul\xadturel", "Centre social & culturel."),
        (".", "Aide au numérique."),
        ("", "Aide au numérique."),
    ],
)
def test_a_description_is_a_sentence(given: str, shown: str) -> None:
    assert services_sentence(given) == shown


def test_the_shipped_catalogue_is_loaded_whole(shipped_engine: Engine) -> None:
    with reading(shipped_engine) as connection:
        sources = connection.execute(select(initiatives.c.source, func.count()).group_by(initiatives.c.source))
        assert {row[0]: row[1] for row in sources} == {
            "collaboratives": 92,
            "france-services": 2845,
            "numerique": 6195,
        }
        types = connection.execute(select(places.c.type, func.count()).group_by(places.c.type))
        assert {row[0]: row[1] for row in types} == {"COM": 34969, "ARM": 45, "ANC": 2576}
        needs = connection.scalars(select(initiatives.c.needs)).all()
        located = connection.scalar(select(func.count()).select_from(need_positions))
        assert located == sum(Counter(need for found in needs for need in found).values())
        hours = select(func.count(initiatives.c.horaires), func.count(initiatives.c.horaires_osm))
        given, read = connection.execute(hours).one()
        assert read / given > 0.98


def test_starting_again_reads_nothing_that_has_not_changed(shipped_engine: Engine) -> None:
    report = load_shipped(shipped_engine)
    assert report.sources
    assert all(source.skipped for source in report.sources)


def test_entries_older_than_the_words_of_names_are_found_by_them_too(sqlite_engine: Engine, folder: Path) -> None:
    loading(sqlite_engine, folder, "collaboratives", COLLECTED)
    with writing(sqlite_engine) as connection:
        connection.execute(delete(word_positions))
    load_shipped(sqlite_engine, folder=folder)
    with reading(sqlite_engine) as connection:
        assert connection.scalar(
            select(func.count()).select_from(word_positions).where(word_positions.c.word == "repair")
        )
