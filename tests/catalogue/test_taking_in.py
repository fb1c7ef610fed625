from datetime import date

import pytest
from sqlalchemy import Engine, select

from catalogue.database import reading, writing
from catalogue.exchange.reading import EntryRow, Reading
from catalogue.exchange.taking_in import SourceReport, take_in
from catalogue.initiatives import UNKNOWN, Author, change_initiative
from catalogue.needs import Method
from catalogue.tables import initiatives, revisions

TODAY = date(2026, 11, 22)
VISIT = Author("correspondant", Method.VISITE)


def entry(source_id: str, **known: object) -> EntryRow:
    place = {"latitude": 48.78, "longitude": 2.29, "needs": ["alimentation"]}
    return {
        **UNKNOWN,
        "source": "liste",
        "source_id": source_id,
        "nom": f"Lieu {source_id}",
        "kind": "autre",
        **place,
    } | known


def a_list(*rows: EntryRow, refused: tuple[str, ...] = ()) -> Reading:
    read = Reading("liste.csv", rows={(row["source"], row["source_id"]): row for row in rows})
    read.seen = {*read.rows, *(("liste", source_id) for source_id in refused)}
    return read


def taken(engine: Engine, *rows: EntryRow, refused: tuple[str, ...] = (), **how: bool) -> SourceReport:
    (report,) = take_in(engine, a_list(*rows, refused=refused), TODAY, lambda *_: None, **how)
    return report


def saved(engine: Engine) -> dict[str, tuple[str, date | None]]:
    with reading(engine) as connection:
        rows = connection.execute(select(initiatives.c.source_id, initiatives.c.nom, initiatives.c.vanished_at))
        return {source_id: (nom, vanished) for source_id, nom, vanished in rows}


def test_a_list_taken_in_twice_changes_nothing_the_second_time(engine: Engine) -> None:
    rows = [entry("1"), entry("2")]
    assert taken(engine, *rows) == SourceReport("liste", created=2)
    assert taken(engine, *rows) == SourceReport("liste", unchanged=2)


def test_what_changed_in_the_list_changes_here(engine: Engine) -> None:
    taken(engine, entry("1"), entry("2"))
    assert taken(engine, entry("1"), entry("2", nom="Un autre nom")) == SourceReport("liste", changed=1, unchanged=1)
    assert saved(engine)["2"] == ("Un autre nom", None)


def test_what_the_list_no_longer_has_is_marked_and_unmarked_when_it_is_back(engine: Engine) -> None:
    taken(engine, entry("1"), entry("2"))
    assert taken(engine, entry("1")) == SourceReport("liste", unchanged=1, vanished=1)
    assert saved(engine)["2"] == ("Lieu 2", TODAY)
    assert taken(engine, entry("1")) == SourceReport("liste", unchanged=1)
    taken(engine, entry("1"), entry("2"))
    assert saved(engine)["2"] == ("Lieu 2", None)


def test_what_was_refused_has_not_disappeared(engine: Engine) -> None:
    taken(engine, entry("1"), entry("2"))
    assert taken(engine, entry("1"), refused=("2",)).vanished == 0


def test_a_list_of_one_department_says_nothing_of_the_others(engine: Engine) -> None:
    taken(engine, entry("1", departement="92"), entry("2", departement="92"), entry("3", departement="75"))
    assert taken(engine, entry("1", departement="92")).vanished == 1
    assert saved(engine)["3"] == ("Lieu 3", None)


def test_a_list_that_lacks_much_of_its_source_is_taken_for_a_part_of_it_unless_it_is_said_whole(engine: Engine) -> None:
    rows = [entry(str(number)) for number in range(20)]
    taken(engine, *rows)
    assert taken(engine, *rows[:14]) == SourceReport("liste", unchanged=14, doubted=6)
    assert {vanished for _, vanished in saved(engine).values()} == {None}
    assert taken(engine, *rows[:14], whole=True) == SourceReport("liste", unchanged=14, vanished=6)
    assert saved(engine)["19"] == ("Lieu 19", TODAY)


def test_nothing_has_disappeared_when_a_line_could_not_be_read(engine: Engine) -> None:
    taken(engine, entry("1"), entry("2"))
    read = a_list(entry("1"))
    read.refuse(2, "caractères illisibles", lost=True)
    assert take_in(engine, read, TODAY, lambda *_: None) == [SourceReport("liste", unchanged=1)]


def corrected(engine: Engine, source_id: str) -> None:
    with writing(engine) as connection:
        id_ = connection.scalars(select(initiatives.c.id).where(initiatives.c.source_id == source_id)).one()
        change_initiative(connection, id_, {"nom": "Corrigé ici"}, VISIT)


def test_what_was_corrected_here_is_kept(engine: Engine) -> None:
    taken(engine, entry("1"), entry("2"))
    corrected(engine, "1")
    assert taken(engine, entry("1", nom="La liste"), entry("2")) == SourceReport("liste", unchanged=1, kept=1)
    assert saved(engine)["1"] == ("Corrigé ici", None)


def test_unless_it_is_forced(engine: Engine) -> None:
    taken(engine, entry("1"))
    corrected(engine, "1")
    assert taken(engine, entry("1", nom="La liste"), force=True) == SourceReport("liste", changed=1)
    assert saved(engine)["1"] == ("La liste", None)


def test_a_dry_run_says_everything_and_writes_nothing(engine: Engine) -> None:
    taken(engine, entry("1"), entry("2"), entry("3"))
    before = saved(engine)
    report = taken(engine, entry("1", nom="Autre", telephone="01"), entry("2"), entry("4"), dry_run=True)
    assert report == SourceReport(
        "liste",
        created=1,
        changed=1,
        unchanged=1,
        vanished=1,
        changes=(("Lieu 4", ()), ("Autre", ("nom", "telephone")), ("Lieu 3", ("vanished_at",))),
    )
    assert saved(engine) == before
    with reading(engine) as connection:
        assert len(connection.execute(select(revisions)).all()) == 3


def test_each_source_of_a_document_is_all_written_or_not_at_all(engine: Engine) -> None:
    good, bad = entry("1"), entry("2", source="une autre") | {"nom": None}
    with pytest.raises(Exception, match="nom"):
        take_in(engine, a_list(good, bad, entry("3", source="une autre")), TODAY, lambda *_: None)
    assert set(saved(engine)) == {"1"}


def test_progress_goes_from_none_to_all(engine: Engine) -> None:
    told: list[tuple[str, int, int]] = []
    take_in(engine, a_list(*(entry(str(n)) for n in range(5))), TODAY, lambda *step: told.append(step))
    assert (told[0], told[-1]) == (("liste", 0, 5), ("liste", 5, 5))
