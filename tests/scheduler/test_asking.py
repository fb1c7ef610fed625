"""« Maintenu ? »: the right person is asked, two days before, by day, and what they say is what is told."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from catalogue.database import reading, writing
from catalogue.entries import Mandate
from catalogue.events import occurrence
from catalogue.needs import EventStatus, Role, Settled
from catalogue.roles import WEEKLY_BUDGET as WEEKLY
from catalogue.roles import accept, held_by, invite, leave, new_secret
from catalogue.tables import askings, events, initiatives, occurrences, outbox
from scheduler.asking import SILENCE, answer, ask
from scheduler.retention import forget, stop_telling
from tests.scheduler.telling import (
    CHANNEL,
    COMPOSERS,
    NOON,
    SATURDAY,
    a_date,
    change,
    letters,
    paris,
    send,
    texts,
    tick,
)
from tests.scheduler.telling import ask as remind

THURSDAY = paris(11, 26, 15)  # two days before, less an hour
FIRST, SECOND, THIRD = "301", "302", "303"

Give = Callable[..., None]


@pytest.fixture
def give(engine: Engine) -> Give:
    """Gives a role to somebody."""

    def given(person: str, *codes: str, runs: tuple[int, ...] = ()) -> None:
        role = Role.ORGANISATEUR if runs else Role.CORRESPONDANT
        with writing(engine) as connection:
            secret = new_secret()
            invite(connection, Mandate(0, role, codes, runs), secret, Role.COORDINATEUR, NOON)
            assert accept(connection, (CHANNEL, person), secret, NOON)

    return given


def asked(engine: Engine, now: datetime = THURSDAY) -> list[str]:
    """Who is asked by a tick."""
    before = {row.id for row in letters(engine)}
    with writing(engine) as connection:
        ask(connection, now, COMPOSERS)
    return [row.person for row in letters(engine) if row.id not in before]


def said(engine: Engine, person: str, event_id: int, what: Settled, now: datetime = THURSDAY) -> bool:
    with writing(engine) as connection:
        return answer(connection, (CHANNEL, person), (event_id, SATURDAY), what, now)


def date_of(engine: Engine, event_id: int) -> Any:
    with reading(engine) as connection:
        return occurrence(connection, event_id, SATURDAY)


def a_place(engine: Engine) -> int:
    values = {column.name: None for column in initiatives.c if column.name != "id"}
    lists: dict[str, object] = {name: [] for name in ("needs", "moments", "publics", "zones", "notices", "services")}
    known = {"source": "liste", "source_id": "1", "nom": "Lieu", "kind": "autre", "reach": "local", "status": "active"}
    row = values | lists | known | {"description": "", "exact": True, "verified_by_year": False}
    with writing(engine) as connection:
        return int(connection.execute(insert(initiatives).values(row).returning(initiatives.c.id)).scalar_one())


def in_nanterre(engine: Engine, **known: Any) -> int:
    return a_date(engine, code_insee="92050", **known)


def test_the_correspondent_of_the_commune_is_asked_once_two_days_before(engine: Engine, give: Give) -> None:
    in_nanterre(engine)
    give(FIRST, "92050")
    give(SECOND, "92071")
    assert asked(engine, SATURDAY - timedelta(days=2, minutes=1)) == []
    assert asked(engine) == [FIRST]
    assert asked(engine, THURSDAY + timedelta(minutes=1)) == []
    assert texts(engine) == ["Une question, pour que personne ne se déplace pour rien."]
    assert "Maintenu ?" in str(letters(engine)[0].message)


def test_the_correspondent_of_the_intercommunality_is_asked(engine: Engine, give: Give) -> None:
    in_nanterre(engine)
    give(FIRST, "200057966", "200099999")  # Vallée Sud-Grand Paris; nobody's
    assert asked(engine) == []
    give(SECOND, "200057982")  # Paris Ouest La Défense
    assert asked(engine) == [SECOND]


def test_a_date_that_is_confirmed_cancelled_or_gone_is_not_asked_about(engine: Engine, give: Give) -> None:
    give(FIRST, "92")
    confirmed, cancelled, gone = (in_nanterre(engine, nom=nom) for nom in ("Café", "Soupe", "Troc"))
    change(engine, confirmed, confirmed_at=NOON)
    change(engine, cancelled, status="cancelled")
    with writing(engine) as connection:
        connection.execute(update(events).where(events.c.id == gone).values(vanished_at=NOON.date()))
    assert asked(engine) == []


def test_the_organiser_is_asked_first_and_a_correspondent_after_a_day_of_silence(engine: Engine, give: Give) -> None:
    place = a_place(engine)
    in_nanterre(engine, initiative_id=place)
    give(FIRST, "92050")
    give(SECOND, runs=(place,))
    assert asked(engine) == [SECOND]
    send(engine, THURSDAY)
    assert asked(engine, THURSDAY + SILENCE - timedelta(minutes=1)) == []
    assert asked(engine, THURSDAY + SILENCE) == [FIRST]


def test_who_does_not_know_is_followed_by_another_at_once(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92050")
    give(SECOND, "92")
    assert asked(engine) == [FIRST]
    assert said(engine, FIRST, event_id, Settled.NE_SAIS_PAS)
    assert asked(engine) == [SECOND]
    assert said(engine, SECOND, event_id, Settled.NE_SAIS_PAS)
    assert asked(engine) == []


def test_questions_are_spread_over_those_who_look_after_a_commune(engine: Engine, give: Give) -> None:
    give(FIRST, "92050")
    give(SECOND, "92050")
    for number in range(6):
        in_nanterre(engine, nom=f"Café {number}")
    assert sorted(asked(engine)) == [FIRST] * 3 + [SECOND] * 3


def test_nobody_is_asked_more_than_their_weekly_budget_and_what_most_wait_for_comes_first(
    engine: Engine, give: Give
) -> None:
    give(FIRST, "92050")
    ids = [in_nanterre(engine, nom=f"Café {number}") for number in range(WEEKLY + 2)]
    remind(engine, ids[-1], "1", "2")
    remind(engine, ids[-2], "1")
    assert asked(engine) == [FIRST] * WEEKLY
    with reading(engine) as connection:
        chosen = set(connection.scalars(select(askings.c.event_id)))
    assert chosen == {*ids[-2:], *ids[: WEEKLY - 2]}


def test_nobody_is_asked_at_night(engine: Engine, give: Give) -> None:
    in_nanterre(engine)
    give(FIRST, "92050")
    assert asked(engine, paris(11, 26, 23)) == []
    assert asked(engine, paris(11, 27, 8)) == [FIRST]


def test_nobody_is_asked_when_it_is_too_late_to_tell(engine: Engine, give: Give) -> None:
    in_nanterre(engine)
    give(FIRST, "92050")
    assert asked(engine, SATURDAY - timedelta(minutes=59)) == []


def test_a_question_that_was_lost_is_put_again(engine: Engine, give: Give) -> None:
    in_nanterre(engine)
    give(FIRST, "92050")
    asked(engine)
    with writing(engine) as connection:
        connection.execute(delete(outbox))
    assert asked(engine, THURSDAY + timedelta(minutes=1)) == [FIRST]
    send(engine, THURSDAY + timedelta(minutes=2))
    assert asked(engine, THURSDAY + timedelta(minutes=3)) == []


def test_a_date_is_confirmed_in_the_role_of_who_says_it(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92050")
    asked(engine)
    assert said(engine, FIRST, event_id, Settled.OUI)
    date = date_of(engine, event_id)
    assert (date.confirmed_at, date.confirmed_role) == (THURSDAY, Role.CORRESPONDANT)
    assert asked(engine) == []


def test_whoever_is_reminded_of_a_date_is_told_at_once_that_it_is_cancelled(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92050")
    remind(engine, event_id, "1")
    asked(engine)
    send(engine, THURSDAY)
    assert said(engine, FIRST, event_id, Settled.ANNULE)
    tick(engine, THURSDAY)
    assert texts(engine) == ["Annulé : Repair café, samedi 28 novembre à 14 h. N'y allez pas."]


def test_what_was_cancelled_by_mistake_is_brought_back(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92050")
    asked(engine)
    said(engine, FIRST, event_id, Settled.ANNULE)
    assert date_of(engine, event_id).status is EventStatus.CANCELLED
    assert said(engine, FIRST, event_id, Settled.OUI)
    date = date_of(engine, event_id)
    assert (date.status, date.confirmed_at) == (EventStatus.PLANNED, THURSDAY)


def test_what_its_calendar_cancelled_is_not_brought_back_by_an_old_button(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92050")
    asked(engine)
    change(engine, event_id, status="cancelled")
    for what in (Settled.OUI, Settled.ANNULE, Settled.OUI):
        assert not said(engine, FIRST, event_id, what)
    assert date_of(engine, event_id).status is EventStatus.CANCELLED


def test_a_mistake_that_was_put_right_brings_nothing_back_later(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92050")
    give(SECOND, "92050")
    asked(engine)
    said(engine, FIRST, event_id, Settled.NE_SAIS_PAS)
    asked(engine)
    assert said(engine, FIRST, event_id, Settled.ANNULE)
    assert said(engine, SECOND, event_id, Settled.OUI)
    change(engine, event_id, status="cancelled")
    assert not said(engine, SECOND, event_id, Settled.OUI)
    assert date_of(engine, event_id).status is EventStatus.CANCELLED


def test_nobody_answers_for_what_is_not_theirs(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92071")
    for person in (FIRST, SECOND):
        for what in Settled:
            assert not said(engine, person, event_id, what)
    date = date_of(engine, event_id)
    assert (date.status, date.confirmed_at) == (EventStatus.PLANNED, None)
    with reading(engine) as connection:
        assert connection.execute(select(askings)).all() == []


def test_a_button_tapped_after_the_role_was_given_back_does_nothing(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92050")
    asked(engine)
    with writing(engine) as connection:
        leave(connection, (CHANNEL, FIRST), THURSDAY)
    assert not said(engine, FIRST, event_id, Settled.ANNULE)
    assert date_of(engine, event_id).status is EventStatus.PLANNED


def test_who_erases_everything_has_no_role_left_and_who_stops_their_reminders_keeps_it(
    engine: Engine, give: Give
) -> None:
    for person, act, kept in ((FIRST, forget, 0), (SECOND, stop_telling, 1)):
        give(person, "92050")
        with writing(engine) as connection:
            act(connection, CHANNEL, person)
            assert len(held_by(connection, (CHANNEL, person))) == kept


def test_a_date_nobody_knows_or_that_is_over_cannot_be_answered_for(engine: Engine, give: Give) -> None:
    event_id = in_nanterre(engine)
    give(FIRST, "92050")
    assert not said(engine, FIRST, event_id + 1, Settled.OUI)
    assert not said(engine, FIRST, event_id, Settled.OUI, SATURDAY + timedelta(hours=3))
    with reading(engine) as connection:
        assert connection.scalar(select(occurrences.c.confirmed_at)) is None
