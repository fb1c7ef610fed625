from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.database import open_database, reading
from catalogue.gazetteer import read_places
from catalogue.geo import distance_km
from catalogue.places import Place, PlaceIndex, PlaceMatch
from catalogue.spelling import fold
from catalogue.territories import REGIONS

Find = Callable[[str], PlaceMatch]


@pytest.fixture(scope="session")
def places(shipped_database: Path) -> list[Place]:
    """Every place of France."""
    engine = open_database(f"sqlite:///{shipped_database}")
    with reading(engine) as connection:
        found = read_places(connection)
    engine.dispose()
    return found


@pytest.fixture(scope="session")
def index(places: list[Place]) -> PlaceIndex:
    return PlaceIndex(places)


def names(match: PlaceMatch) -> list[str]:
    return [place.nom for place in match.places]


@pytest.mark.parametrize(
    ("said", "insee"),
    [
        ("Nanterre", "92050"),
        ("  NANTERRE !", "92050"),
        ("92000", "92050"),
        ("92 000", "92050"),
        ("92050", "92050"),
        ("2a004", "2A004"),
        ("nanterre 92", "92050"),
        ("nanterre (92000)", "92050"),
        ("Nanterre (Hauts-de-Seine)", "92050"),
        ("12 rue Henri-Barbusse 92000 Nanterre", "92050"),
        ("12 rue de Paris 92000", "92050"),
        ("12 rue de la Paix, Nanterre", "92050"),
        ("Nanterre, France", "92050"),
        ("à Nanterre", "92050"),
        ("je suis à Nanterre", "92050"),
        ("je cherche un repas à Nanterre", "92050"),
        ("vers Sceaux", "92071"),
        ("j'habite au Mans", "72181"),
        ("72015 Le Mans Cedex", "72181"),
        ("le mans cedex 2", "72181"),
        ("Le Havre", "76351"),
        ("havre", "76351"),
        ("la rochelle", "17300"),
        ("L’Haÿ-les-Roses", "94038"),
        ("l hay les roses", "94038"),
        ("st-germain-en-laye", "78551"),
        ("Ste Geneviève des Bois", "91549"),
        ("ivry s/ seine", "94041"),
        ("st denis 974", "97411"),
        ("saint-denis, la réunion", "97411"),
        ("93200", "93066"),
        ("Paris", "75056"),
        ("Paris 13", "75113"),
        ("paris 13e", "75113"),
        ("75013", "75113"),
        ("75013 Paris", "75113"),
        ("75116", "75116"),
        ("13e arrondissement de Paris", "75113"),
        ("Lyon 7ème", "69387"),
        ("Marseille 1er", "13201"),
        ("Y", "80829"),
    ],
)
def test_what_people_type_is_the_place_they_mean(index: PlaceIndex, said: str, insee: str) -> None:
    match = index.find(said)
    assert (match.places[0].insee, match.sure) == (insee, True)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("bojensi", "Beaugency"),
        ("klamsi", "Clamecy"),
        ("gebviler", "Guebwiller"),
        ("gain gan", "Guingamp"),
        ("besanson", "Besançon"),
        ("niderbron", "Niederbronn-les-Bains"),
        ("Romorentin", "Romorantin-Lanthenay"),
        ("mouthié sur boheme", "Mouthiers-sur-Boëme"),
        ("riom es montange", "Riom-ès-Montagnes"),
        ("stjeanpieddeport", "Saint-Jean-Pied-de-Port"),
        ("toussi dans l'yonne", "Toucy"),
        ("plaibenn dans le finistère", "Pleyben"),
        ("tane en alsace", "Thann"),
        ("sarten en corse", "Sartène"),
        ("vill st georges 94", "Villeneuve-Saint-Georges"),
    ],
)
def test_what_is_written_by_ear_or_by_half_is_heard(index: PlaceIndex, said: str, name: str) -> None:
    assert names(index.find(said))[0] == name


@pytest.mark.parametrize(
    ("said", "insee"),
    [
        ("Fontaine à côté de Grenoble", "38169"),
        ("Avon, à côté de Fontainebleau", "77014"),
        ("saint martin à coté de la rochelle", "17369"),
        ("Saint-Louis en Alsace", "68297"),
        ("Castelnau à coté de montpellier", "34057"),
        ("beaumont vers Clermont Ferrand", "63032"),
        ("une dame qui vit à Guéret, dans la Creuse", "23096"),
    ],
)
def test_a_town_is_told_by_what_it_is_near(index: PlaceIndex, said: str, insee: str) -> None:
    assert index.find(said).places[0].insee == insee


@pytest.mark.parametrize(
    "said", ["Bruxelles", "à genève, en suisse", "nulle part je suis à la rue", "chépa", "Haute-Savoie"]
)
def test_another_country_or_nowhere_is_no_misspelt_commune(index: PlaceIndex, said: str) -> None:
    assert index.find(said).places == ()


def test_every_region_is_made_of_departments(places: list[Place]) -> None:
    known = {place.departement for place in places}
    assert [name for name, departements in REGIONS.items() if not departements or departements - known] == []


def test_a_postcode_wins_over_the_same_insee_code(index: PlaceIndex) -> None:
    assert index.get("13001") is not None
    assert names(index.find("13001")) == ["Marseille 1er Arrondissement"]


def test_towns_of_the_same_name_are_listed_and_the_most_populated_comes_first(index: PlaceIndex) -> None:
    match = index.find("Saint-Denis")
    populations = [place.population for place in match.places]
    assert {place.departement for place in match.places} >= {"974", "93"}
    assert populations == sorted(populations, reverse=True)
    assert not match.sure


def test_a_village_that_has_the_short_name_of_a_city_is_not_taken_for_it(index: PlaceIndex) -> None:
    match = index.find("Boulogne")
    assert names(match)[:2] == ["Boulogne-Billancourt", "Boulogne-sur-Mer"]
    assert "Boulogne" in names(match)
    assert not match.sure


def test_a_postcode_shared_by_several_communes_asks_which(index: PlaceIndex) -> None:
    match = index.find("01400")
    assert names(match)[0] == "Châtillon-sur-Chalaronne"
    assert len(match.places) == 10
    assert not match.sure
    assert names(index.find("01400 neuville les dames")) == ["Neuville-les-Dames"]


def test_a_town_and_a_postcode_that_disagree_ask_which(index: PlaceIndex) -> None:
    match = index.find("Nanterre 92100")
    assert set(names(match)) == {"Nanterre", "Boulogne-Billancourt"}
    assert not match.sure
    assert names(index.find("nanterre 93")) == ["Nanterre"]
    assert not index.find("nanterre 93").sure


def test_marseille_13_may_be_the_whole_city_of_department_13(index: PlaceIndex) -> None:
    match = index.find("marseille 13")
    assert names(match) == ["Marseille 13e Arrondissement", "Marseille"]
    assert not match.sure


def test_the_beginning_of_a_name_is_only_a_guess(index: PlaceIndex) -> None:
    assert names(index.find("nanter"))[0] == "Nanterre"
    assert not index.find("nanter").sure
    assert names(index.find("je suis à nanter"))[0] == "Nanterre"
    assert names(index.find("la roch"))[0] == "La Rochelle"
    assert len(index.find("mon").places) == 0  # "mon" is only said around a town
    assert len(index.find("montr").places) == 5
    assert index.find("nt").places == ()


def test_the_beginning_of_a_name_with_its_department_looks_there_first(index: PlaceIndex) -> None:
    assert names(index.find("saint germain 78"))[0] == "Saint-Germain-en-Laye"


def test_a_former_commune_is_found_by_the_name_people_still_use(index: PlaceIndex) -> None:
    (own_code,) = index.find("Champtoceaux").places
    assert (own_code.type, own_code.parent) == ("ANC", "49126")
    # Its code became that of the new commune, which is what is kept.
    assert names(index.find("Bellegarde-sur-Valserine")) == ["Valserhône"]


def test_every_place_is_found_by_its_own_name(index: PlaceIndex, places: list[Place]) -> None:
    current = [place for place in places if place.type != "ANC"]
    assert [place for place in current if place not in index.find(place.nom).places] == []
    assert [place for place in places if not index.find(place.nom).places] == []


def test_every_commune_comes_first_with_its_postcode(index: PlaceIndex, places: list[Place]) -> None:
    divided = {place.parent for place in places if place.type == "ARM"}
    whole = [place for place in places if place.type != "ANC" and place.codes_postaux and place.insee not in divided]
    assert len(whole) > 34_000
    wrong = [place for place in whole if index.find(f"{place.nom} {place.codes_postaux[0]}").places[0] != place]
    assert wrong == []


def test_whatever_is_found_can_be_found_again_by_its_code(index: PlaceIndex) -> None:
    shown = {place for found in index.names.values() for place in found}
    assert len(shown) > 36_000
    assert [place for place in shown if index.get(place.insee) is not place] == []
    assert index.get("99999") is None


@pytest.mark.parametrize("said", ["", "   ", "🙂", "merci", "oui", "9999999", "00000", "'", "qqqqqq", "Paris 99"])
def test_what_is_no_place_finds_nothing(index: PlaceIndex, said: str) -> None:
    assert index.find(said) == PlaceMatch((), False)


@pytest.mark.parametrize(
    "said",
    ["x" * 10**6, "\0" * 10**6, "à " * 10**6, "a," * 10**6, "1 " * 10**6, "12345 " * 10**5, "🙂é" * 10**6, "ﷺ" * 10**6],
)
def test_a_million_characters_are_no_place(index: PlaceIndex, said: str) -> None:
    assert index.find(said).places == ()


@given(st.text(max_size=80))
def test_whatever_is_typed_never_fails(said: str) -> None:
    for place in HAMLETS.find(said).places:
        assert HAMLETS.get(place.insee) is place


@given(st.sampled_from(["Nanterre", "Le Havre", "Saint-Ouen-l'Aumône", "Œuilly", "Évry-Courcouronnes"]), st.data())
def test_case_accents_and_hyphens_do_not_matter(nom: str, data: st.DataObject) -> None:
    written = "".join(data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in nom)
    assert fold(written.replace("-", data.draw(st.sampled_from(["-", " ", "‑", " – "])))) == fold(nom)


def hamlet(insee: str, nom: str, **others: object) -> Place:
    place = Place(insee, nom, "COM", None, ("48000",), "48", "Lozère", 100, 44.5, 3.5)
    return replace(place, **others)  # type: ignore[arg-type]


HAMLETS = PlaceIndex(
    [
        hamlet("48001", "Le Bourg"),
        hamlet("48002", "Bourg", population=1_000),
        hamlet("48003", "Grandville", population=5_000),
        hamlet("48004", "Grandville", population=501),
        hamlet("48005", "Petitville", population=5_000),
        hamlet("48006", "Petitville", population=500),
        hamlet("48007", "Vieux-Bourg", type="ANC", parent="48002", latitude=None, longitude=None, population=0),
        hamlet("48008", "Neuville", population=5_000),
        hamlet("48009", "Neuville", type="ANC", parent="48003", population=0),
    ]
)


@pytest.mark.parametrize(
    ("said", "insee", "sure"),
    [
        ("Petitville", "48005", True),  # ten times more populated
        ("Grandville", "48003", False),  # not quite
        ("le bourg", "48001", True),
        ("bourg", "48002", True),
        ("Vieux-Bourg", "48002", True),  # without a point of its own: the commune it belongs to
        ("Neuville", "48008", False),  # nobody knows how many live in a former commune
    ],
)
def test_the_first_of_a_name_is_sure_when_it_is_ten_times_more_populated(said: str, insee: str, sure: bool) -> None:
    match = HAMLETS.find(said)
    assert (match.places[0].insee, match.sure) == (insee, sure)


def test_the_nearest_place_is_the_very_nearest(index: PlaceIndex, places: list[Place]) -> None:
    candidates = [place for place in places if place.type != "ANC" and place.insee not in ("75056", "69123", "13055")]
    for point in ((48.89, 2.2), (47.0, -4.4), (42.5, 9.6), (44.1, 7.7), (-21.1, 55.2), (4.5, -52.8), (46.8, -56.2)):
        distances = {
            distance_km(*point, place.latitude, place.longitude)
            for place in candidates
            if place.latitude is not None and place.longitude is not None
        }
        found = index.nearest(*point)
        if min(distances) > 50:
            assert found is None
        else:
            assert found is not None
            assert found.latitude is not None
            assert found.longitude is not None
            assert distance_km(*point, found.latitude, found.longitude) == min(distances)


def test_in_a_divided_city_the_nearest_is_an_arrondissement(index: PlaceIndex) -> None:
    paris = index.get("75056")
    assert paris is not None
    found = index.nearest(paris.latitude or 0.0, paris.longitude or 0.0)
    assert found is not None
    assert found.type == "ARM"


@pytest.mark.parametrize(
    "point", [(0, 0), (51.5, -20), (90, 0), (-90, 180), (nan, 2), (48, inf), (1e308, 2), (48, 181), (91, 0)]
)
def test_nothing_is_near_the_open_sea_or_an_impossible_point(index: PlaceIndex, point: tuple[float, float]) -> None:
    assert index.nearest(*point) is None


def test_a_commune_placed_in_the_middle_of_its_archipelago_is_nowhere(index: PlaceIndex) -> None:
    (bora_bora,) = index.find("Bora-Bora").places
    assert bora_bora.latitude is None
