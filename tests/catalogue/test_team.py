"""The state of a territory, counted by hand; what a coordinator may give and take away, and nothing beyond."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text

from catalogue.database import open_database, reading, writing
from catalogue.entries import Figures, Load, Mandate
from catalogue.gazetteer import read_places
from catalogue.intercommunalities import departement_of, those_with
from catalogue.needs import Kind, Role
from catalogue.places import PlaceIndex
from catalogue.roles import MOST_LINKS, Who, accept, every_role, held_by, invitation, looked_after, new_secret
from catalogue.roles import invite as make_link
from catalogue.roles import revoke as take_away
from catalogue.tables import checks, corrections, initiatives, invitations, places, reports
from catalogue.team import (
    Team,
    figures_of,
    in_territory,
    invite,
    may_give,
    members,
    revoke,
    within,
)
from tests.handlers.memory import NANTERRE
from tests.people import People
from tests.scheduler.telling import a_place

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COORDINATOR, CORRESPONDENT, STRANGER = ("telegram", "900"), ("telegram", "100"), ("telegram", "999")
ELSEWHERE = {"commune": "Sceaux", "code_insee": "92071", "code_postal": "92330"}
IN_PARIS = {"commune": "Paris", "code_insee": "75056", "code_postal": "75001", "departement": "75"}
VALLEE_SUD, GRAND_PARIS, NOBODYS = "200057966", "200054781", "200099999"  # Sceaux is in the first two
NOTHING = Figures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None, (), 0, 0, None, 0)


def give(
    engine: Engine, who: Who, role: Role, *codes: str, runs: tuple[int, ...] = (), kinds: tuple[Kind, ...] = ()
) -> int:
    """Gives a role to somebody; returns its number."""
    secret = new_secret()
    with writing(engine) as connection:
        make_link(connection, Mandate(0, role, codes, runs, kinds), secret, Role.COORDINATEUR, NOW)
        assert accept(connection, who, secret, NOW)
        return next(one.id for one in held_by(connection, who) if one.role is role)


def coordinator(engine: Engine, *codes: str) -> int:
    return give(engine, COORDINATOR, Role.COORDINATEUR, *(codes or ("92050",)))


def asked(engine: Engine, entry: int, role_id: int | None, days_ago: float, took: float | None = None) -> None:
    at = NOW - timedelta(days=days_ago)
    row: dict[str, Any] = {"initiative_id": entry, "role_id": role_id, "role": "correspondant", "asked_at": at}
    if took is not None:
        row |= {"answered_at": at + timedelta(days=took), "answer": "oui"}
    with writing(engine) as connection:
        connection.execute(insert(checks), row)


def reported(engine: Engine, entry: int, days_ago: int, settled_days_ago: int | None = None) -> None:
    settled = None if settled_days_ago is None else NOW - timedelta(days=settled_days_ago)
    row = {"initiative_id": entry, "reason": "ferme", "to_be_told": False, "times_put": 0}
    with writing(engine) as connection:
        connection.execute(insert(reports), {**row, "at": NOW - timedelta(days=days_ago), "settled_at": settled})


def corrected(engine: Engine, entry: int, state: str) -> None:
    row = {"initiative_id": entry, "field": "telephone", "before": {}, "after": {}, "role": "correspondant"}
    with writing(engine) as connection:
        connection.execute(insert(corrections), {**row, "at": NOW, "state": state})


def figures(engine: Engine, *codes: str) -> Figures:
    with reading(engine) as connection:
        return figures_of(connection, codes, NOW)


def test_entries_of_a_territory_are_counted_as_by_hand(engine: Engine, people: People) -> None:
    people.entry(1, verified_at=date(2026, 11, 1))  # by a list
    people.entry(2, verified_at=date(2026, 11, 1), verified_role="correspondant", verified_method="visite")
    people.entry(3, verified_at=date(2026, 5, 23), verified_role="correspondant")  # 183 days: the last day
    people.entry(4, verified_at=date(2026, 5, 22), verified_role="correspondant")
    people.entry(5)
    people.entry(6, status="closed", verified_at=date(2026, 11, 1))
    people.entry(7, merged_into=1)
    people.entry(8, **ELSEWHERE)
    people.entry(9, code_insee=None, latitude=None, longitude=None, reach="departemental")
    people.entry(10, **IN_PARIS)
    found = figures(engine, "92050")
    assert (found.entries, found.fresh, found.fresh_by_people, found.unattended) == (5, 3, 2, 5)
    assert figures(engine, "92").entries == 7
    assert figures(engine, "92071", "75").entries == 2
    assert figures(engine, "92050", "92").entries == 7


def test_a_territory_where_there_is_nothing_has_no_figure(engine: Engine, people: People) -> None:
    people.entry(1)
    assert figures(engine, "75") == NOTHING
    assert figures(engine) == NOTHING


def test_an_entry_is_looked_after_by_commune_department_and_kind(engine: Engine, people: People) -> None:
    people.entry(1, kind="epicerie-solidaire")
    people.entry(2, kind="jardin-partage")
    people.entry(3, kind="jardin-partage", **ELSEWHERE)
    give(engine, STRANGER, Role.ORGANISATEUR, runs=(1,))
    give(engine, COORDINATOR, Role.COORDINATEUR, "92")
    assert figures(engine, "92").unattended == 3
    give(engine, CORRESPONDENT, Role.CORRESPONDANT, "92050", kinds=(Kind.JARDIN_PARTAGE, Kind.AMAP))
    assert figures(engine, "92").unattended == 2
    give(engine, ("telegram", "101"), Role.CORRESPONDANT, "92", kinds=(Kind.EPICERIE_SOLIDAIRE,))
    assert figures(engine, "92").unattended == 1
    give(engine, ("telegram", "102"), Role.CORRESPONDANT, "92071")
    assert figures(engine, "92").unattended == 0


def test_the_entries_of_an_intercommunality_are_counted_and_looked_after(engine: Engine, people: People) -> None:
    people.entry(1)
    people.entry(2, kind="jardin-partage", **ELSEWHERE)
    people.entry(3, kind="amap", **ELSEWHERE)
    people.entry(4, code_insee=None, latitude=None, longitude=None, reach="departemental")
    people.entry(5, **(IN_PARIS | {"code_insee": "75101"}))
    assert figures(engine, VALLEE_SUD).entries == 2
    assert figures(engine, VALLEE_SUD, "92050").entries == 3
    assert figures(engine, GRAND_PARIS).entries == 4
    assert figures(engine, NOBODYS) == NOTHING
    assert figures(engine, "92").unattended == 4
    number = give(engine, CORRESPONDENT, Role.CORRESPONDANT, VALLEE_SUD, NOBODYS, kinds=(Kind.JARDIN_PARTAGE,))
    give(engine, COORDINATOR, Role.COORDINATEUR, GRAND_PARIS)
    assert figures(engine, "92").unattended == 3
    assert figures(engine, "92071").unattended == 1
    for codes in (("92",), ("92071",), (VALLEE_SUD,), (GRAND_PARIS,)):
        assert figures(engine, *codes).loads == (Load(number, 0, 0),)
    assert figures(engine, "92050").loads == figures(engine, "75").loads == ()
    give(engine, ("telegram", "101"), Role.CORRESPONDANT, GRAND_PARIS)
    assert figures(engine, "92").unattended == 1  # what has no commune is in no intercommunality
    assert figures(engine, "75").unattended == 0


def test_who_looks_after_a_whole_country_of_intercommunalities_is_counted_too(engine: Engine, people: People) -> None:
    people.entry(1)
    people.entry(2, **ELSEWHERE)
    every_one = those_with([f"{number:02}" for number in (*range(1, 96), 971, 972, 973, 974, 976)])
    assert len(every_one) > 1200
    give(engine, CORRESPONDENT, Role.CORRESPONDANT, *every_one)
    assert figures(engine, "92").unattended == 0
    assert figures(engine, *every_one).entries == 2
    with reading(engine) as connection:
        there = looked_after(connection, initiatives.c.code_insee, initiatives.c.departement)
        assert len(connection.scalars(select(initiatives.c.id).where(there)).all()) == 2


def test_questions_and_answers_are_counted_as_by_hand(engine: Engine, people: People) -> None:
    entry, other = people.entry(1), people.entry(2, **ELSEWHERE)
    first = give(engine, CORRESPONDENT, Role.CORRESPONDANT, "92050")
    second = give(engine, ("telegram", "101"), Role.CORRESPONDANT, "92")
    give(engine, ("telegram", "102"), Role.CORRESPONDANT, "75")
    for days_ago, took in ((1, None), (10, 2), (29, None), (31, 1), (59, None), (61, 6), (89, None), (91, 40)):
        asked(engine, entry, first, days_ago, took)
    asked(engine, entry, None, 5, 3)  # of a role that ended
    asked(engine, other, second, 5, 20)
    found = figures(engine, "92050")
    assert (found.asked, found.answered) == (4, 2)
    assert (found.asked_before, found.answered_before) == (2, 1)
    assert (found.asked_in_90_days, found.answered_in_90_days) == (8, 4)
    assert found.median_days == pytest.approx(2.5)  # of 1, 2, 3 and 6
    assert found.loads == (Load(first, 3, 2), Load(second, 0, 0))
    assert figures(engine, "92").loads == (Load(first, 3, 2), Load(second, 1, 0))


def test_reports_and_conflicts_are_counted_as_by_hand(engine: Engine, people: People) -> None:
    entry, other = people.entry(1), people.entry(2, **ELSEWHERE)
    for days_ago, settled in ((3, None), (40, None), (50, 10), (50, 35), (2, 1)):
        reported(engine, entry, days_ago, settled)
    reported(engine, other, 300)
    for state in ("waiting", "applied", "kept", "refused"):
        corrected(engine, entry, state)
    found = figures(engine, "92050")
    assert (found.reports, found.reports_before, found.oldest_report_days, found.conflicts) == (2, 2, 40, 1)


@pytest.mark.parametrize("codes", [("92050",), ("92",), ("92050", "75", "2A", "971")])
def test_a_territory_is_read_by_its_index(sqlite_url: str, codes: tuple[str, ...]) -> None:
    engine = open_database(sqlite_url)
    wanted = select(initiatives.c.id).where(in_territory(codes))
    written = wanted.compile(engine, compile_kwargs={"literal_binds": True})
    with reading(engine) as connection:
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {written}"))]
    engine.dispose()
    assert any("ix_initiatives_code_insee" in step for step in plan)
    assert not any("SCAN" in step for step in plan)


@pytest.mark.parametrize(
    ("code", "departement"),
    [
        ("92050", "92"),
        ("92", "92"),
        ("97105", "971"),
        ("974", "974"),
        ("98735", "987"),
        ("2A004", "2A"),
        ("01001", "01"),
    ],
)
def test_a_commune_is_in_its_department(code: str, departement: str) -> None:
    assert departement_of(code) == departement
    assert within([code], {departement})
    assert not within([code, "75056"], {departement})


@pytest.mark.parametrize(
    ("codes", "territory", "is_within"),
    [
        ({"92071", "92002"}, {VALLEE_SUD}, True),
        ({"92071", "92050"}, {VALLEE_SUD}, False),
        ({VALLEE_SUD}, {"92"}, True),
        ({VALLEE_SUD}, {GRAND_PARIS}, True),
        ({GRAND_PARIS}, {"92", VALLEE_SUD}, False),
        ({"92"}, {VALLEE_SUD}, False),
        ({"75101"}, {GRAND_PARIS}, True),
        ({NOBODYS}, {"92", "20", "99"}, False),
        ({NOBODYS}, {"92", NOBODYS}, True),
        ({"92071"}, {NOBODYS}, False),
    ],
)
def test_an_intercommunality_is_where_all_its_communes_are(
    codes: set[str], territory: set[str], is_within: bool
) -> None:
    assert within(codes, territory) is is_within


def test_what_an_intercommunality_coordinates_is_its_communes(engine: Engine, people: People) -> None:
    entry = people.entry(1, **ELSEWHERE)
    coordinator(engine, VALLEE_SUD)
    for mandate in (
        Mandate(0, Role.CORRESPONDANT, ("92071",), ()),
        Mandate(0, Role.CORRESPONDANT, (VALLEE_SUD,), ()),
        Mandate(0, Role.ORGANISATEUR, (), (entry,)),
    ):
        assert invited(engine, mandate)
    assert not invited(engine, OF_NANTERRE)
    assert not invited(engine, Mandate(0, Role.CORRESPONDANT, (GRAND_PARIS,), ()))
    assert not invited(engine, Mandate(0, Role.CORRESPONDANT, ("92",), ()))


OF_NANTERRE = Mandate(0, Role.CORRESPONDANT, ("92050",), ())


def invited(engine: Engine, mandate: Mandate, who: Who = COORDINATOR) -> bool:
    """Whether a link is made, which is told to give what it gives."""
    secret = new_secret()
    with writing(engine) as connection:
        made = invite(connection, who, mandate, secret, NOW)
        assert may_give(connection, who, mandate) is made
        assert invitation(connection, secret, NOW) == (mandate if made else None)
    return made


@pytest.mark.parametrize(
    ("mandate", "theirs"),
    [
        (OF_NANTERRE, True),
        (Mandate(0, Role.CORRESPONDANT, ("92050", "75101"), (), (Kind.AMAP,)), True),
        (Mandate(0, Role.TRAVAILLEUR_SOCIAL, ("75",), ()), True),
        (Mandate(0, Role.CORRESPONDANT, ("92071",), ()), False),
        (Mandate(0, Role.CORRESPONDANT, ("92050", "92071"), ()), False),
        (Mandate(0, Role.CORRESPONDANT, ("92",), ()), False),
        (Mandate(0, Role.CORRESPONDANT, (), ()), False),
        (Mandate(0, Role.TRAVAILLEUR_SOCIAL, (), ()), False),
        (Mandate(0, Role.COORDINATEUR, ("92050",), ()), False),
        (Mandate(0, Role.ORGANISATEUR, ("92050",), ()), False),
        (Mandate(0, Role.ORGANISATEUR, (), ()), False),
        (Mandate(0, Role.CORRESPONDANT, ("%",), ()), False),
    ],
)
def test_a_coordinator_gives_what_is_within_their_codes(engine: Engine, mandate: Mandate, theirs: bool) -> None:
    coordinator(engine, "92050", "75")
    assert invited(engine, mandate) is theirs


def test_an_organiser_is_invited_for_entries_of_the_territory(engine: Engine, people: People) -> None:
    here, elsewhere = people.entry(1), people.entry(2, **ELSEWHERE)
    coordinator(engine)
    assert invited(engine, Mandate(0, Role.ORGANISATEUR, (), (here,)))
    assert not invited(engine, Mandate(0, Role.ORGANISATEUR, (), (elsewhere,)))
    assert not invited(engine, Mandate(0, Role.ORGANISATEUR, (), (here, elsewhere)))
    assert not invited(engine, Mandate(0, Role.ORGANISATEUR, (), (here, 999)))
    assert not invited(engine, Mandate(0, Role.CORRESPONDANT, ("92050",), (here,)))


@pytest.mark.parametrize("role", [Role.CORRESPONDANT, Role.TRAVAILLEUR_SOCIAL, None])
def test_nobody_but_a_coordinator_gives_a_role(engine: Engine, role: Role | None) -> None:
    if role:
        give(engine, STRANGER, role, "92050")
    coordinator(engine)
    assert not invited(engine, OF_NANTERRE, STRANGER)
    with reading(engine) as connection:
        assert members(connection, STRANGER, NOW) == []


def test_no_more_links_are_made_than_a_day_allows(engine: Engine) -> None:
    coordinator(engine)
    with writing(engine) as connection:
        for _ in range(MOST_LINKS - 1):
            assert invite(connection, COORDINATOR, OF_NANTERRE, new_secret(), NOW)
        assert not invite(connection, COORDINATOR, OF_NANTERRE, new_secret(), NOW)
        assert invite(connection, COORDINATOR, OF_NANTERRE, new_secret(), NOW + timedelta(days=1))
        kept = connection.scalars(select(invitations.c.digest)).all()
    assert len(set(kept)) == MOST_LINKS + 1


def test_a_coordinator_sees_and_takes_away_what_is_within_their_codes(engine: Engine, people: People) -> None:
    here, elsewhere = people.entry(1), people.entry(2, **ELSEWHERE)
    own = coordinator(engine, "92050")
    theirs = [
        give(engine, CORRESPONDENT, Role.CORRESPONDANT, "92050"),
        give(engine, ("telegram", "101"), Role.ORGANISATEUR, runs=(here,)),
        give(engine, ("telegram", "102"), Role.TRAVAILLEUR_SOCIAL, "92050"),
    ]
    others = [
        own,
        give(engine, COORDINATOR, Role.CORRESPONDANT, "92050"),
        give(engine, ("telegram", "103"), Role.CORRESPONDANT, "92050", "92071"),
        give(engine, ("telegram", "104"), Role.CORRESPONDANT, "92"),
        give(engine, ("telegram", "105"), Role.ORGANISATEUR, runs=(here, elsewhere)),
        give(engine, ("telegram", "106"), Role.COORDINATEUR, "92050"),
        give(engine, ("telegram", "107"), Role.TRAVAILLEUR_SOCIAL),
        999,
        -1,
    ]
    with writing(engine) as connection:
        assert [one.mandate.id for one in members(connection, COORDINATOR, NOW)] == theirs
        assert [revoke(connection, COORDINATOR, id_, NOW) for id_ in others] == [False] * len(others)
        for id_ in theirs:
            assert not revoke(connection, CORRESPONDENT, id_, NOW)
            assert revoke(connection, COORDINATOR, id_, NOW)
            assert not revoke(connection, COORDINATOR, id_, NOW)
        assert members(connection, COORDINATOR, NOW) == []
        assert len(every_role(connection)) == len(others) - 2
        assert held_by(connection, CORRESPONDENT) == []


def test_a_coordinator_who_is_revoked_does_nothing_more(engine: Engine) -> None:
    own = coordinator(engine)
    role_id = give(engine, CORRESPONDENT, Role.CORRESPONDANT, "92050")
    with writing(engine) as connection:
        assert take_away(connection, own, Role.COORDINATEUR, NOW)
        assert members(connection, COORDINATOR, NOW) == []
        assert not revoke(connection, COORDINATOR, role_id, NOW)
        assert not invite(connection, COORDINATOR, OF_NANTERRE, new_secret(), NOW)


def test_what_was_asked_of_each_role_is_told_with_it(engine: Engine, people: People) -> None:
    entry = people.entry(1)
    coordinator(engine)
    first = give(engine, CORRESPONDENT, Role.CORRESPONDANT, "92050")
    give(engine, ("telegram", "101"), Role.CORRESPONDANT, "92050")
    for days_ago, took in ((1, None), (10, 2), (80, 5), (91, 1)):
        asked(engine, entry, first, days_ago, took)
    with reading(engine) as connection:
        told = [(one.asked, one.answered, one.median_days) for one in members(connection, COORDINATOR, NOW)]
    assert told == [(3, 2, pytest.approx(3.5)), (0, 0, None)]


def test_a_commune_is_looked_up_with_its_arrondissements(engine: Engine) -> None:
    paris = a_place("75056", "Paris", "75", 48.8566, 2.3522) | {"departement_nom": "Paris"}
    first = a_place("75101", "Paris 1er", "75", 48.8626, 2.3363) | {
        "departement_nom": "Paris",
        "type": "ARM",
        "parent": "75056",
    }
    with writing(engine) as connection:
        for row in (paris, first):
            connection.execute(insert(places), row)
        team = Team(connection, COORDINATOR, NOW, PlaceIndex(read_places(connection)))
        assert team.codes_of("75056") == ("75056", "75101")
        assert team.codes_of("75101") == ("75101",)
        assert team.codes_of("99999") == ()


def test_who_coordinates_nothing_has_no_figure(engine: Engine, people: People) -> None:
    people.entry(1)
    with reading(engine) as connection:
        found: Any = Team(connection, STRANGER, NOW, PlaceIndex([NANTERRE])).figures()
    assert found == NOTHING
