"""Roles: given by a link that serves once, read at each action, taken away at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, insert, select

from catalogue.database import reading, writing
from catalogue.entries import CalendarEvent, Mandate
from catalogue.needs import Role
from catalogue.roles import (
    LINK_LASTS,
    accept,
    answerable,
    covers,
    every_role,
    held_by,
    invitation,
    invite,
    leave,
    may_settle,
    new_secret,
    revoke,
)
from catalogue.tables import initiatives, invitations, role_changes, roles
from tests.handlers.memory import TUESDAY, happening

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOMEBODY, ANOTHER = ("telegram", "101"), ("telegram", "102")
NANTERRE = Mandate(0, Role.CORRESPONDANT, ("92050",), ())


@pytest.fixture
def a_place(engine: Engine) -> int:
    values = {column.name: None for column in initiatives.c if column.name != "id"}
    lists: dict[str, object] = {name: [] for name in ("needs", "moments", "publics", "zones", "notices", "services")}
    known = {"source": "liste", "source_id": "1", "nom": "Lieu", "kind": "autre", "reach": "local", "status": "active"}
    with writing(engine) as connection:
        row = values | lists | known | {"description": "", "exact": True, "verified_by_year": False}
        return int(connection.execute(insert(initiatives).values(row).returning(initiatives.c.id)).scalar_one())


def link(engine: Engine, mandate: Mandate = NANTERRE) -> str:
    secret = new_secret()
    with writing(engine) as connection:
        invite(connection, mandate, secret, Role.COORDINATEUR, NOW)
    return secret


def take(engine: Engine, who: tuple[str, str], secret: str, now: datetime = NOW) -> bool:
    with writing(engine) as connection:
        return accept(connection, who, secret, now)


def held(engine: Engine, who: tuple[str, str]) -> list[tuple[Role, tuple[str, ...], tuple[int, ...]]]:
    with reading(engine) as connection:
        return [(one.role, one.codes, one.initiatives) for one in held_by(connection, who)]


def event(**known: object) -> CalendarEvent:
    return happening(1, TUESDAY, **{f"event_{name}": value for name, value in known.items()}).event


def test_a_link_gives_its_role_once(engine: Engine) -> None:
    secret = link(engine)
    assert take(engine, SOMEBODY, secret)
    assert held(engine, SOMEBODY) == [(Role.CORRESPONDANT, ("92050",), ())]
    assert not take(engine, ANOTHER, secret)
    assert not take(engine, SOMEBODY, secret)
    assert held(engine, ANOTHER) == []


def test_a_link_is_worth_nothing_after_48_hours(engine: Engine) -> None:
    secret = link(engine)
    assert not take(engine, SOMEBODY, secret, NOW + LINK_LASTS)
    assert take(engine, SOMEBODY, secret, NOW + LINK_LASTS - timedelta(seconds=1))


def test_nothing_that_is_kept_is_worth_a_role(engine: Engine) -> None:
    secret = link(engine)
    with reading(engine) as connection:
        kept = connection.execute(select(invitations)).mappings().one()
    assert secret not in str(dict(kept))
    assert not take(engine, SOMEBODY, kept["digest"])


def test_of_many_who_use_a_link_at_once_one_has_the_role(engine: Engine) -> None:
    secret = link(engine)
    people = [("telegram", str(number)) for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda who: take(engine, who, secret), people))
    assert taken.count(True) == 1
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(roles)) == 1


def test_looking_at_a_link_does_not_use_it(engine: Engine) -> None:
    secret = link(engine)
    for _ in range(2):
        with writing(engine) as connection:
            assert invitation(connection, secret, NOW) == NANTERRE
    assert take(engine, SOMEBODY, secret)


def test_a_second_link_adds_to_a_role(engine: Engine) -> None:
    take(engine, SOMEBODY, link(engine))
    take(engine, SOMEBODY, link(engine, Mandate(0, Role.CORRESPONDANT, ("92050", "92071"), ())))
    assert held(engine, SOMEBODY) == [(Role.CORRESPONDANT, ("92050", "92071"), ())]


def test_a_role_that_is_revoked_is_worth_nothing_at_once(engine: Engine) -> None:
    take(engine, SOMEBODY, link(engine))
    with writing(engine) as connection:
        assert may_settle(connection, SOMEBODY, event()) is Role.CORRESPONDANT
        (found,) = every_role(connection)
        assert revoke(connection, found.mandate.id, Role.COORDINATEUR, NOW)
        assert may_settle(connection, SOMEBODY, event()) is None
        assert not revoke(connection, found.mandate.id, Role.COORDINATEUR, NOW)


def test_somebody_gives_back_their_roles_and_nobody_elses(engine: Engine) -> None:
    take(engine, SOMEBODY, link(engine))
    take(engine, ANOTHER, link(engine))
    with writing(engine) as connection:
        assert leave(connection, SOMEBODY, NOW) == 1
    assert (held(engine, SOMEBODY), len(held(engine, ANOTHER))) == ([], 1)


def test_every_change_of_a_role_is_kept_without_who_had_it(engine: Engine) -> None:
    take(engine, SOMEBODY, link(engine))
    take(engine, ANOTHER, link(engine))
    with writing(engine) as connection:
        revoke(connection, every_role(connection)[0].mandate.id, Role.COORDINATEUR, NOW)
        leave(connection, ANOTHER, NOW)
        rows = connection.execute(select(role_changes).order_by(role_changes.c.id)).mappings().all()
    told = [(row["change"], row["by_role"]) for row in rows]
    given = [("invited", "coordinateur"), ("accepted", None)]
    assert told == [*given, *given, ("revoked", "coordinateur"), ("left", None)]
    assert "101" not in str([dict(row) for row in rows])


@pytest.mark.parametrize(
    ("mandate", "covered"),
    [
        (NANTERRE, True),
        (Mandate(0, Role.CORRESPONDANT, ("92",), ()), True),
        (Mandate(0, Role.CORRESPONDANT, ("92071", "75"), ()), False),
        (Mandate(0, Role.CORRESPONDANT, ("200057982",), ()), True),  # Paris Ouest La Défense
        (Mandate(0, Role.COORDINATEUR, ("200054781",), ()), True),  # Métropole du Grand Paris
        (Mandate(0, Role.CORRESPONDANT, ("200057966",), ()), False),  # Vallée Sud-Grand Paris
        (Mandate(0, Role.CORRESPONDANT, ("200099999",), ()), False),  # nobody's
        (Mandate(0, Role.CORRESPONDANT, (), (5,)), False),
        (Mandate(0, Role.ORGANISATEUR, (), (5,)), True),
        (Mandate(0, Role.ORGANISATEUR, (), (6,)), False),
        (Mandate(0, Role.ORGANISATEUR, ("92050",), ()), False),
        (Mandate(0, Role.COORDINATEUR, ("92",), ()), True),
    ],
)
def test_a_role_covers_its_territory_or_what_is_run(mandate: Mandate, covered: bool) -> None:
    assert covers(mandate, event(initiative_id=5)) is covered


def test_an_event_nobody_knows_where_is_nobodys(engine: Engine) -> None:
    nowhere = event(code_insee=None, departement=None)
    assert not covers(NANTERRE, nowhere)
    assert not covers(Mandate(0, Role.ORGANISATEUR, (), ()), nowhere)


def test_who_is_answerable_is_found_by_the_intercommunality_of_the_commune(engine: Engine) -> None:
    take(engine, SOMEBODY, link(engine, Mandate(0, Role.CORRESPONDANT, ("200057982",), ())))
    take(engine, ANOTHER, link(engine, Mandate(0, Role.CORRESPONDANT, ("200057966", "200099999"), ())))
    with reading(engine) as connection:
        assert set(answerable(connection, [event()])) == {SOMEBODY}
        assert set(answerable(connection, [event(code_insee="92071")])) == {ANOTHER}
        assert answerable(connection, [event(code_insee=None)]) == {}


def test_who_is_answerable_is_found_by_commune_department_and_entry(engine: Engine, a_place: int) -> None:
    a_third = ("telegram", "103")
    take(engine, SOMEBODY, link(engine, Mandate(0, Role.CORRESPONDANT, ("92",), ())))
    take(engine, ANOTHER, link(engine, Mandate(0, Role.ORGANISATEUR, (), (a_place,))))
    take(engine, a_third, link(engine, Mandate(0, Role.CORRESPONDANT, ("75",), ())))
    with reading(engine) as connection:
        assert set(answerable(connection, [event()])) == {SOMEBODY}
        assert set(answerable(connection, [event(initiative_id=a_place)])) == {SOMEBODY, ANOTHER}
        assert answerable(connection, []) == {}
