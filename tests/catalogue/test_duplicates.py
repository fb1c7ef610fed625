"""Two entries of one place are brought together; two desks, two villages, two buses are not."""

import random
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from catalogue.database import open_database, reading, writing
from catalogue.duplicates import LIKELY, MOST_TOGETHER, decide, find_duplicates, propose, undecided
from catalogue.geo import distance_km
from catalogue.history import history
from catalogue.initiatives import UNKNOWN, Author, change_initiative, save_initiatives
from catalogue.likeness import Pair
from catalogue.merging import last_kept
from catalogue.needs import Method, Need
from catalogue.search import near
from catalogue.tables import duplicates, initiatives

MONDAY = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 17, 9, 30, tzinfo=UTC)
ANA = Author("coordinateur", Method.TELEPHONE)
Row = dict[str, Any]

HERE = {
    "commune": "Loches",
    "code_postal": "37600",
    "code_insee": "37132",
    "departement": "37",
    "latitude": 47.12664,
    "longitude": 0.99111,
    "exact": True,
}
THERE = {"commune": "Beaulieu-lès-Loches", "code_insee": "37020", "latitude": 47.13264, "longitude": 1.01611}
FRANCE_SERVICES = {**HERE, "nom": "France services Loches", "adresse": "24 bis Avenue du Général de Gaulle"}
TOWN_HALL = {**HERE, "nom": "Mairie de Loches", "adresse": "Place de l'Hôtel de Ville", "telephone": "02 47 91 19 50"}
POST_OFFICE = {**HERE, "nom": "La Poste", "adresse": "1 rue de la Poste"}


def entry(number: int, **known: Any) -> Row:
    identity = {"source": "essai", "source_id": str(number), "kind": "autre", "needs": ["numerique"]}
    return {**UNKNOWN, **identity, **known}


def saved(connection: Connection, *entries: Row) -> list[int]:
    """The ids of entries once written, in their order."""
    save_initiatives(connection, [entry(number, **known) for number, known in enumerate(entries)])
    ids = {row.source_id: row.id for row in connection.execute(select(initiatives.c.source_id, initiatives.c.id))}
    return [ids[str(number)] for number in range(len(entries))]


def pairs_of(engine: Engine, *entries: Row) -> list[Pair]:
    with writing(engine) as connection:
        saved(connection, *entries)
        return find_duplicates(connection)


def ids_of(pairs: Collection[Pair]) -> list[tuple[int, int]]:
    return [(pair.first_id, pair.second_id) for pair in pairs]


# ---- what is found -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FRANCE_SERVICES, {**HERE, "nom": "MFS LOCHES", "adresse": "24 B AV DU GENERAL DE GAULLE"}),
        (FRANCE_SERVICES, {**HERE, "nom": "Espace France Service", "adresse": "24 av. Gal de Gaulle, 37600 Loches"}),
        (
            {**POST_OFFICE, "nom": "France services La Poste de Loches"},
            {**POST_OFFICE, "latitude": 47.1268, "adresse": "1 R DE LA POSTE"},
        ),
        ({**TOWN_HALL, "nom": "COMMUNE DE LOCHES"}, {**TOWN_HALL, "telephone": "02 47 91 19 50"}),
        ({**HERE, "exact": False, "nom": "L'Intervalle"}, {**HERE, "nom": "L'Intervalle", "adresse": "3 rue Haute"}),
        ({**POST_OFFICE}, {**POST_OFFICE, **THERE, "latitude": 47.1270, "longitude": 0.9912}),
        (
            {"nom": "Réseau Entraide", "reach": "national", "site_web": "https://www.entraide.example.org/aide/"},
            {"nom": "Réseau entraide", "reach": "national", "site_web": "http://entraide.example.org/aide"},
        ),
    ],
    ids=["abbreviated", "written otherwise", "hosted", "town hall", "no address", "two sides of a border", "national"],
)
def test_the_same_place_told_twice_is_found(engine: Engine, one: Row, other: Row) -> None:
    (pair,) = pairs_of(engine, one, other)
    assert pair.score >= LIKELY
    assert pair.first_id < pair.second_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TOWN_HALL, {**TOWN_HALL, "nom": "Médiathèque de Loches"}),
        (TOWN_HALL, {**TOWN_HALL, "nom": "CCAS de Loches"}),
        (TOWN_HALL, {**TOWN_HALL, "nom": "France services de Loches"}),
        (TOWN_HALL, {**TOWN_HALL, "nom": "Mairie annexe de Loches"}),
        (POST_OFFICE, {**POST_OFFICE, **THERE}),
        (POST_OFFICE, {**POST_OFFICE, "adresse": "17 rue de la Poste"}),
        (POST_OFFICE, {**POST_OFFICE, "adresse": "12 place de Verdun", "latitude": 47.1386}),
        ({**FRANCE_SERVICES, "nom": "Mairie du 13e"}, {**FRANCE_SERVICES, "nom": "Mairie du 14e"}),
        ({**FRANCE_SERVICES, "nom": "Bus numérique Nord"}, {**FRANCE_SERVICES, "nom": "Bus numérique Sud"}),
        (
            {**HERE, "nom": "Croix-Rouge française", "site_web": "https://www.croix-rouge.example.org"},
            {"nom": "Croix-Rouge française", "reach": "national", "site_web": "https://www.croix-rouge.example.org"},
        ),
    ],
    ids=[
        *("library", "social centre", "another counter", "annexe", "two villages", "two numbers", "two districts"),
        *("two of a series", "two buses", "a branch and the whole"),
    ],
)
def test_what_is_beside_or_alike_is_not_the_same_place(engine: Engine, one: Row, other: Row) -> None:
    assert pairs_of(engine, one, other) == []


def test_why_is_said_in_words(engine: Engine) -> None:
    twin = {**FRANCE_SERVICES, "telephone": "02 47 19 82 36", "courriel": "efs@loches.example.org"}
    (pair,) = pairs_of(engine, twin, {**twin, "courriel": "EFS@loches.example.org"})
    assert pair.reasons == ("Même nom", "Même adresse", "Au même endroit", "Même téléphone", "Même courriel")


def test_a_switchboard_brings_nobody_together_and_twins_are_still_found(engine: Engine) -> None:
    names = random.Random(3).sample([f"{a}{b}{c}ier" for a in "bdlmp" for b in "aeiou" for c in "rstv"], 90)
    assert len(names) > MOST_TOGETHER
    crowd = [
        {**HERE, "nom": name, "telephone": "02 47 00 00 00", "adresse": f"{n} quai Haut"}
        for n, name in enumerate(names)
    ]
    with writing(engine) as connection:
        ids = saved(connection, *crowd, {**crowd[0], "nom": crowd[0]["nom"].upper()})
        assert ids_of(find_duplicates(connection)) == [(ids[0], ids[-1])]


def test_a_place_told_forty_times_is_found_each_time(engine: Engine) -> None:
    with writing(engine) as connection:
        ids = saved(connection, *[POST_OFFICE] * (2 * MOST_TOGETHER))
        pairs = find_duplicates(connection)
    assert {id_ for pair in ids_of(pairs) for id_ in pair} == set(ids)


def test_an_entry_merged_into_another_is_left_aside(engine: Engine) -> None:
    with writing(engine) as connection:
        one, other = saved(connection, FRANCE_SERVICES, FRANCE_SERVICES)
        change_initiative(connection, other, {"merged_into": one}, ANA, MONDAY)
        assert find_duplicates(connection) == find_duplicates(connection, {other}) == []


def test_among_a_few_gives_what_the_whole_gives_for_them(engine: Engine) -> None:
    luck = random.Random(8)
    choices: dict[str, list[Any]] = {
        "nom": ["La Poste", "Mairie", "France services", "Le Cube", "Le cube de Loches"],
        "adresse": [None, "1 rue Haute", "1 R HAUTE", "8 place Basse"],
        "telephone": [None, "02 47 00 00 00", "02 47 00 00 01"],
        "site_web": [None, "https://example.org/cube"],
        "exact": [True, False],
    }
    places: list[Row] = [HERE, {**HERE, **THERE}, {**HERE, **THERE, "latitude": 47.1270, "longitude": 0.9912}]
    places += [{"reach": "national"}, {"reach": "departemental", "departement": "37"}]
    rows = [luck.choice(places) | {name: luck.choice(values) for name, values in choices.items()} for _ in range(150)]
    rows = [row | {"exact": row["exact"] and "latitude" in row} for row in rows]
    with writing(engine) as connection:
        ids = saved(connection, *rows)
        whole = find_duplicates(connection)
        assert len(whole) > 20
        for few in (ids[:1], ids[:40], luck.sample(ids, 15)):
            touching = [pair for pair in whole if not {pair.first_id, pair.second_id}.isdisjoint(few)]
            assert find_duplicates(connection, few) == touching


@pytest.fixture(scope="module")
def shipped(shipped_database: Path) -> tuple[dict[int, Any], list[Pair]]:
    """The shipped entries by id, and the pairs there are among them."""
    engine = open_database(f"sqlite:///{shipped_database}")
    with reading(engine) as connection:
        rows = {row.id: row for row in connection.execute(select(initiatives))}
        pairs = find_duplicates(connection)
    engine.dispose()
    return rows, pairs


def test_no_pair_of_the_shipped_catalogue_is_of_two_places(shipped: tuple[dict[int, Any], list[Pair]]) -> None:
    rows, pairs = shipped
    assert len(pairs) > 700
    for pair in pairs:
        one, other = rows[pair.first_id], rows[pair.second_id]
        beside = distance_km(one.latitude, one.longitude, other.latitude, other.longitude) <= 0.15
        assert one.code_insee == other.code_insee or (one.exact and other.exact and beside)


def test_what_two_shipped_lists_tell_of_is_found(shipped: tuple[dict[int, Any], list[Pair]]) -> None:
    rows, pairs = shipped
    told = {(rows[pair.first_id].source_id, rows[pair.second_id].nom) for pair in pairs}
    for france_services, nom in (
        ("fs-431", "France Services Haut-Chablais"),
        ("fs-852", "France Service Loches"),
        ("fs-97", "Maison France Services de Chaudes-Aigues"),
        ("fs-2272", "Espace France services"),
    ):
        assert (france_services, nom) in told


def test_neighbours_of_the_shipped_catalogue_are_told_apart(shipped: tuple[dict[int, Any], list[Pair]]) -> None:
    rows, pairs = shipped
    told = {frozenset((rows[pair.first_id].nom, rows[pair.second_id].nom)) for pair in pairs}
    for one, other in (
        ("France services Pilat rhodanien", "COMMUNAUTE DE COMMUNES PILAT RHODANIEN"),
        ("Médiathèque Vézère Monédières Millesources", "CC VEZERE-MONEDIERES-MILLESOURCES"),
        ("Mairie de Beaumont", "Mairie Archamps"),
        ("Bus France services Nice mobile", "France Services Nice Pasteur"),
    ):
        assert frozenset((one, other)) not in told


# ---- what is decided -----------------------------------------------------------------------------


@pytest.fixture
def three(engine: Engine) -> list[int]:
    """Three entries of one place: the first says the least."""
    with writing(engine) as connection:
        ids = saved(
            connection,
            FRANCE_SERVICES,
            {**FRANCE_SERVICES, "telephone": "02 47 19 82 36", "needs": ["droits"]},
            {**FRANCE_SERVICES, "telephone": "02 47 00 00 00", "courriel": "efs@loches.example.org"},
        )
        propose(connection, find_duplicates(connection), MONDAY)
        return ids


def waiting(engine: Engine, *limits: Any) -> list[tuple[int, int]]:
    with reading(engine) as connection:
        return ids_of(undecided(connection, 10, *limits))


def row_of(engine: Engine, id_: int) -> Any:
    with reading(engine) as connection:
        return connection.execute(select(initiatives).where(initiatives.c.id == id_)).one()


def said(engine: Engine, first: int, second: int, same: bool, keep: int | None = None) -> None:
    with writing(engine) as connection:
        decide(connection, first, second, same, keep, ANA, TUESDAY)


def found_near(engine: Engine) -> set[int]:
    with reading(engine) as connection:
        return {
            candidate.id
            for need in (Need.NUMERIQUE, Need.DROITS)
            for candidate in near(connection, need, (HERE["latitude"], HERE["longitude"]), "37").near
        }


def test_pairs_wait_best_first_with_their_reasons(engine: Engine, three: list[int]) -> None:
    with reading(engine) as connection:
        pairs = undecided(connection, 10)
        assert pairs == find_duplicates(connection)
        assert undecided(connection, 2) == pairs[:2]
    assert [pair.score for pair in pairs] == sorted((pair.score for pair in pairs), reverse=True)
    assert len(pairs) == 3


def test_pairs_of_some_communes_alone(engine: Engine, three: list[int]) -> None:
    assert waiting(engine, {"37132"}) == waiting(engine)
    assert waiting(engine, {"37020"}) == waiting(engine, set()) == []


def test_proposing_again_changes_the_score_of_what_waits_and_nothing_else(engine: Engine, three: list[int]) -> None:
    one, other, _ = three
    said(engine, one, other, same=False)
    with writing(engine) as connection:
        again = [Pair(pair.first_id, pair.second_id, 0.99, ()) for pair in find_duplicates(connection)]
        propose(connection, again, TUESDAY)
        rows = connection.execute(select(duplicates)).all()
        assert {pair.score for pair in undecided(connection, 10)} == {0.99}
    assert (one, other) not in waiting(engine)
    decided = next(row for row in rows if row.decision)
    assert (decided.first_id, decided.second_id, decided.decision, decided.role) == (one, other, "different", ANA.role)
    assert decided.score < 0.99
    assert decided.at == TUESDAY


def test_nothing_to_propose_is_no_trouble(engine: Engine) -> None:
    with writing(engine) as connection:
        propose(connection, [], MONDAY)
        assert undecided(connection, 10) == []


def test_the_one_that_is_kept_takes_what_it_lacks_and_the_other_is_no_longer_shown(
    engine: Engine, three: list[int]
) -> None:
    one, other, third = three
    said(engine, other, one, same=True, keep=one)
    kept, merged = row_of(engine, one), row_of(engine, other)
    assert (kept.telephone, kept.needs, kept.merged_into) == ("02 47 19 82 36", ["numerique", "droits"], None)
    assert merged.merged_into == one
    assert found_near(engine) == {one, third}
    assert waiting(engine) == [(one, third)]


def test_what_is_already_said_is_never_replaced(engine: Engine, three: list[int]) -> None:
    _, other, third = three
    said(engine, other, third, same=True, keep=other)
    assert row_of(engine, other).telephone == "02 47 19 82 36"
    assert row_of(engine, other).courriel == "efs@loches.example.org"


def test_hours_verification_and_position_are_taken_whole(engine: Engine) -> None:
    rich = {
        "horaires": "Lu 9-12",
        "horaires_osm": "Mo 09:00-12:00",
        "moments": ["semaine"],
        "verified_at": date(2026, 5, 1),
        "verified_method": "visite",
        "verified_role": "correspondant",
        "publics": ["familles"],
        "accessible": True,
    }
    poor = {**FRANCE_SERVICES, "latitude": 47.0, "exact": False, "accessible": False, "publics_precisions": "Tous"}
    with writing(engine) as connection:
        kept, other = saved(connection, poor, FRANCE_SERVICES | rich)
        decide(connection, kept, other, True, kept, ANA, TUESDAY)
    row = row_of(engine, kept)._mapping
    assert {name: row[name] for name in rich} == rich | {"accessible": False}
    assert (row["latitude"], row["exact"]) == (HERE["latitude"], True)
    assert row["publics_precisions"] is None  # it went with publics that were not known


def test_a_merge_is_a_revision_of_each(engine: Engine, three: list[int]) -> None:
    one, other, _ = three
    said(engine, one, other, same=True, keep=one)
    with reading(engine) as connection:
        kept, merged = (history(connection, id_)[0] for id_ in (one, other))
    assert (kept.role, kept.method, kept.at) == ("coordinateur", "telephone", TUESDAY)
    assert merged.after == {"merged_into": one}


def test_saying_later_that_they_are_different_shows_the_other_again(engine: Engine, three: list[int]) -> None:
    one, other, third = three
    said(engine, one, other, same=True, keep=other)
    said(engine, one, other, same=False)
    assert row_of(engine, one).merged_into is None
    assert found_near(engine) == set(three)
    assert (one, other) not in waiting(engine)
    assert (one, third) in waiting(engine)


def test_a_chain_ends_at_the_last_one_kept(engine: Engine, three: list[int]) -> None:
    one, other, third = three
    said(engine, one, other, same=True, keep=other)
    said(engine, other, third, same=True, keep=third)
    with reading(engine) as connection:
        assert [last_kept(connection, id_) for id_ in three] == [third] * 3
    assert row_of(engine, third).needs == ["numerique", "droits"]
    assert waiting(engine) == []


def test_what_is_merged_is_not_merged_elsewhere(engine: Engine, three: list[int]) -> None:
    one, other, third = three
    said(engine, one, other, same=True, keep=other)
    for first, second, keep in ((one, third, third), (one, third, one), (one, other, one)):
        with pytest.raises(ValueError, match=f"la fiche {one} est déjà réunie à la fiche {other}"):
            said(engine, first, second, same=True, keep=keep)


def test_saying_the_same_twice_changes_nothing_more(engine: Engine, three: list[int]) -> None:
    one, other, _ = three
    for _ in range(2):
        said(engine, one, other, same=True, keep=one)
    with reading(engine) as connection:
        assert len(history(connection, other)) == 2


def test_a_pair_nobody_proposed_may_be_decided(engine: Engine) -> None:
    with writing(engine) as connection:
        one, other = saved(connection, TOWN_HALL, {**POST_OFFICE, **THERE})
        decide(connection, other, one, True, one, ANA, TUESDAY)
        (row,) = connection.execute(select(duplicates)).all()
    assert (row.first_id, row.second_id, row.decision, row.score) == (one, other, "same", 0.0)


@pytest.mark.parametrize(
    ("said_of", "message"),
    [
        (lambda ids: (ids[0], ids[0], True, ids[0]), "comparée à elle-même"),
        (lambda ids: (ids[0], 999, True, ids[0]), "aucune fiche ne porte le numéro 999"),
        (lambda ids: (998, ids[0], False, None), "aucune fiche ne porte le numéro 998"),
        (lambda ids: (ids[0], ids[1], True, None), "laquelle des deux fiches garder"),
        (lambda ids: (ids[0], ids[1], True, ids[2]), "laquelle des deux fiches garder"),
    ],
)
def test_what_cannot_be_decided_is_said_in_french(
    engine: Engine, three: list[int], said_of: Callable[[list[int]], tuple[int, int, bool, int | None]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        said(engine, *said_of(three))


def test_an_unknown_entry_leads_nowhere(engine: Engine) -> None:
    with reading(engine) as connection, pytest.raises(ValueError, match="aucune fiche ne porte le numéro 5"):
        last_kept(connection, 5)
