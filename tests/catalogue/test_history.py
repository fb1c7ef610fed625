from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, select

from catalogue.database import reading, writing
from catalogue.history import NoSuchRevision, Revision, as_it_was, history, restore
from catalogue.initiatives import UNKNOWN, Author, change_initiative, save_initiatives
from catalogue.needs import Method
from catalogue.tables import initiatives, need_positions

PHONE = Author("correspondant", Method.TELEPHONE)
MONDAY = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 17, 9, 30, tzinfo=UTC)
ENTRY = UNKNOWN | {
    "source": "essai",
    "source_id": "1",
    "nom": "Repair café de Sceaux",
    "kind": "repair-cafe",
    "needs": ["equipement"],
    "latitude": 48.7789,
    "longitude": 2.2911,
    "verified_at": date(2025, 5, 1),
}


@pytest.fixture
def entry(engine: Engine) -> int:
    with writing(engine) as connection:
        save_initiatives(connection, [ENTRY], at=MONDAY)
        return connection.scalars(select(initiatives.c.id)).one()


def changed(engine: Engine, entry: int, **values: object) -> None:
    with writing(engine) as connection:
        assert change_initiative(connection, entry, values, PHONE, TUESDAY)


def revisions_of(engine: Engine, entry: int) -> list[Revision]:
    with reading(engine) as connection:
        return history(connection, entry)


def row(engine: Engine) -> dict[str, object]:
    with reading(engine) as connection:
        return dict(connection.execute(select(initiatives)).mappings().one())


def test_an_entry_begins_with_the_list_it_came_from(engine: Engine, entry: int) -> None:
    (created,) = revisions_of(engine, entry)
    assert (created.at, created.role, created.method) == (MONDAY, None, "import")
    assert (created.before, created.after) == (None, None)


def test_a_change_keeps_who_when_how_and_only_what_changed(engine: Engine, entry: int) -> None:
    changed(engine, entry, telephone="01 46 60 00 00", verified_at=date(2026, 11, 17))
    last = revisions_of(engine, entry)[0]
    assert (last.at, last.role, last.method) == (TUESDAY, "correspondant", "telephone")
    assert last.before == {"telephone": None, "verified_at": "2025-05-01"}
    assert last.after == {"telephone": "01 46 60 00 00", "verified_at": "2026-11-17"}


def test_saying_the_same_again_is_not_a_change(engine: Engine, entry: int) -> None:
    with writing(engine) as connection:
        assert not change_initiative(connection, entry, {"nom": ENTRY["nom"]}, PHONE)
    assert len(revisions_of(engine, entry)) == 1


def test_any_revision_can_be_restored_and_that_can_be_undone_too(engine: Engine, entry: int) -> None:
    first = row(engine)
    changed(engine, entry, verified_at=date(2026, 1, 1), needs=["equipement", "lien-social"])
    second = row(engine)
    changed(engine, entry, verified_at=date(2026, 2, 1), status="closed")
    third, second_id, created_id = row(engine), revisions_of(engine, entry)[1].id, revisions_of(engine, entry)[2].id

    with writing(engine) as connection:
        assert restore(connection, second_id, PHONE)
    assert row(engine) == second
    with writing(engine) as connection:
        assert restore(connection, created_id, PHONE)
    assert row(engine) == first
    last_but_two = revisions_of(engine, entry)[2].id
    with reading(engine) as connection:
        assert as_it_was(connection, last_but_two) == third
    assert len(revisions_of(engine, entry)) == 5


def test_what_is_restored_is_found_again(engine: Engine, entry: int) -> None:
    changed(engine, entry, status="closed")
    with reading(engine) as connection:
        assert connection.execute(select(need_positions)).all() == []
    created = revisions_of(engine, entry)[-1].id
    with writing(engine) as connection:
        restore(connection, created, PHONE)
    with reading(engine) as connection:
        assert [found.need for found in connection.execute(select(need_positions))] == ["equipement"]


def test_restoring_what_it_is_already_changes_nothing(engine: Engine, entry: int) -> None:
    with writing(engine) as connection:
        assert not restore(connection, revisions_of(engine, entry)[0].id, PHONE)
    assert len(revisions_of(engine, entry)) == 1


def test_a_revision_that_does_not_exist_is_said_so(engine: Engine, entry: int) -> None:
    with reading(engine) as connection, pytest.raises(NoSuchRevision, match="999"):
        as_it_was(connection, 999)


def test_no_entry_no_change(engine: Engine) -> None:
    with writing(engine) as connection, pytest.raises(KeyError):
        change_initiative(connection, 12, {"nom": "Rien"}, PHONE)
