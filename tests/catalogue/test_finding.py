"""Entries found by need, by words, with filters, as `bonne-porte search` finds them."""

from datetime import datetime

import pytest
from sqlalchemy import Connection, Engine

from catalogue.database import reading, writing
from catalogue.exchange.selection import Territory
from catalogue.finding import Found, Query, find
from catalogue.hours import PARIS
from catalogue.initiatives import UNKNOWN, Author, change_initiative, save_initiatives
from catalogue.needs import Kind, Method, Need, Public

TUESDAY = datetime(2026, 11, 24, 10, tzinfo=PARIS)
NANTERRE = (48.8922, 2.2069)
HAUTS_DE_SEINE = Territory("Hauts-de-Seine", frozenset({"92"}))


def entry(number: int, nom: str, **known: object) -> dict[str, object]:
    place = {"latitude": NANTERRE[0], "longitude": NANTERRE[1] + number / 100, "exact": True, "departement": "92"}
    said = {"source": "essai", "source_id": str(number), "nom": nom, "commune": "Nanterre", "code_insee": "92050"}
    return {**UNKNOWN, **said, **place, "kind": Kind.AUTRE.value, "needs": [Need.ALIMENTATION.value], **known}


ENTRIES = [
    entry(1, "L'Épicerie des voisins", frais="gratuit", publics=["etudiants"], horaires_osm="Tu 09:00-12:00"),
    entry(2, "La Cantine", kind="cantine-participative", publics=["tous-publics"], horaires_osm="We 09:00-12:00"),
    entry(3, "Le Panier", frais="payant", season="04-15/10-31", horaires_osm="Tu 09:00-12:00"),
    entry(4, "Les Fourneaux", departement="75", code_insee="75111", commune="Paris 11e Arrondissement"),
    entry(5, "L'Épicerie de loin", latitude=48.8922 + 0.5),
    entry(6, "Repair café", kind="repair-cafe", needs=["equipement"], commune="Sceaux", code_insee="92071"),
    entry(7, "Aide alimentaire", reach="departemental", latitude=None, longitude=None),
]


@pytest.fixture
def connection(engine: Engine) -> Connection:
    with writing(engine) as connection:
        save_initiatives(connection, ENTRIES)
    with reading(engine) as opened:
        yield opened


def names(found: list[Found]) -> list[str]:
    return [one.entry.nom for one in found]


def near(connection: Connection, **filters: object) -> list[str]:
    query = Query(need=Need.ALIMENTATION, point=NANTERRE, departement="92", **filters)  # type: ignore[arg-type]
    return names(find(connection, query, TUESDAY))


def test_the_nearest_come_first_and_what_has_no_place_last(connection: Connection) -> None:
    assert near(connection) == [
        "L'Épicerie des voisins",
        "La Cantine",
        "Le Panier",
        "Les Fourneaux",
        "Aide alimentaire",
    ]


def test_a_radius_leaves_out_what_is_further_and_what_has_no_place(connection: Connection) -> None:
    assert near(connection, within_km=1.8) == ["L'Épicerie des voisins", "La Cantine"]
    assert "L'Épicerie de loin" in near(connection, within_km=100.0)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"free": True}, ["L'Épicerie des voisins"]),
        ({"open_now": True}, ["L'Épicerie des voisins"]),  # the season of the other is over
        ({"kinds": frozenset({Kind.CANTINE_PARTICIPATIVE})}, ["La Cantine"]),
        ({"publics": frozenset({Public.ETUDIANTS})}, ["L'Épicerie des voisins", "La Cantine"]),
        ({"publics": frozenset({Public.SENIORS})}, ["La Cantine"]),
        ({"free": True, "kinds": frozenset({Kind.AMAP})}, []),
    ],
)
def test_what_is_not_known_of_an_entry_is_not_held_to_be_so(
    connection: Connection, filters: dict[str, object], expected: list[str]
) -> None:
    assert near(connection, **filters) == expected


def test_a_territory_is_searched_without_a_point(connection: Connection) -> None:
    found = find(connection, Query(need=Need.ALIMENTATION, territory=HAUTS_DE_SEINE), TUESDAY)
    assert set(names(found)) == {
        "L'Épicerie des voisins",
        "La Cantine",
        "Le Panier",
        "L'Épicerie de loin",
        "Aide alimentaire",
    }
    assert {one.km for one in found} == {None}


@pytest.mark.parametrize(
    "text",
    [
        "Repair café Sceaux",
        "repar cafe sceau",
        "sceaux cafe repair",
        "REPAIR-CAFÉ",
        "repère café",
        "repaircafe",
        "repair caf",
    ],
)
def test_words_are_found_whatever_their_spelling_and_order(connection: Connection, text: str) -> None:
    assert names(find(connection, Query(text=text), TUESDAY))[:1] == ["Repair café"]


def test_what_matches_better_comes_first_then_what_is_nearer(connection: Connection) -> None:
    found = find(connection, Query(text="épicerie", point=NANTERRE), TUESDAY)
    assert names(found)[:2] == ["L'Épicerie des voisins", "L'Épicerie de loin"]
    assert [one.match for one in found][:2] == [1.0, 1.0]
    assert names(find(connection, Query(text="épicerie loin", point=NANTERRE), TUESDAY))[0] == "L'Épicerie de loin"


def test_words_and_a_need_are_both_asked_for(connection: Connection) -> None:
    assert find(connection, Query(text="repair café", need=Need.ALIMENTATION), TUESDAY) == []
    assert names(find(connection, Query(text="aide alimentaire"), TUESDAY)) == ["Aide alimentaire"]


def test_an_entry_is_found_by_its_new_name_only_and_not_at_all_once_closed(engine: Engine) -> None:
    person = Author("correspondant", Method.VISITE)
    with writing(engine) as connection:
        save_initiatives(connection, ENTRIES)
        (found,) = find(connection, Query(text="fourneaux"), TUESDAY)
        change_initiative(connection, found.entry.id, {"nom": "Les Marmites"}, person)
        assert "Les Marmites" not in names(find(connection, Query(text="fourneaux"), TUESDAY))
        assert names(find(connection, Query(text="marmites"), TUESDAY)) == ["Les Marmites"]
        change_initiative(connection, found.entry.id, {"status": "closed"}, person)
        assert find(connection, Query(text="marmites"), TUESDAY) == []


@pytest.mark.parametrize("text", ["", " ", "🙂", "\0", "\ud800", "%_", "'; --", "a" * 4_000, "é " * 2_000, "ﷺ"])
@pytest.mark.parametrize("point", [None, NANTERRE])
def test_any_text_has_an_answer(connection: Connection, text: str, point: tuple[float, float] | None) -> None:
    assert len(find(connection, Query(text=text or "x", point=point), TUESDAY)) <= 10


def test_neither_a_need_nor_words_is_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="besoin"):
        find(connection, Query(point=NANTERRE), TUESDAY)
