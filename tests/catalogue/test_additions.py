"""New entries of who looks after the guide: written once, in a role that is read again; what is unfinished is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from catalogue.additions import DRAFT_LASTS, SOURCE, Additions, add, drop_old, keep
from catalogue.database import reading, writing
from catalogue.entries import Mandate
from catalogue.history import history
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.needs import Kind, Role
from catalogue.roles import accept, invite, leave, new_secret
from catalogue.tables import drafts, initiatives
from tests.handlers.memory import NANTERRE, SCEAUX

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WHO, OTHER = ("telegram", "1"), ("telegram", "2")
TOKEN = "0123456789abcdef" * 2
CONTENT = {
    "jeton": TOKEN,
    "nom": "La Marmite",
    "kind": "cantine-participative",
    "needs": ["alimentation"],
    "description": "On y cuisine ensemble.",
    "publics": [],
    "adresse": "12 rue de l'Essai",
    "frais": None,
    "telephone": "01 47 29 50 50",
    "commune": "Nanterre",
    "code_postal": "92000",
    "code_insee": "92050",
    "departement": "92",
    "latitude": 48.8922,
    "longitude": 2.2069,
    "exact": False,
    "verified_method": "visite",
}


def give_role(engine: Engine, who: tuple[str, str], role: Role, *codes: str, kinds: tuple[Kind, ...] = ()) -> None:
    with writing(engine) as connection:
        secret = new_secret()
        invite(connection, Mandate(0, role, codes, (), kinds), secret, Role.COORDINATEUR, NOW)
        assert accept(connection, who, secret, NOW)


def added(engine: Engine, content: dict[str, Any], who: tuple[str, str] = WHO, now: datetime = NOW) -> int | None:
    with writing(engine) as connection:
        return add(connection, who, content, now)


def count(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).select_from(initiatives)) or 0)


def row(engine: Engine, id_: int | None) -> Any:
    with reading(engine) as connection:
        return connection.execute(select(initiatives).where(initiatives.c.id == id_)).mappings().one()


def known(engine: Engine, number: int, **values: Any) -> int:
    """An entry of a list, in Nanterre."""
    given = {name: value for name, value in CONTENT.items() if name in UNKNOWN or name in ("nom", "kind", "needs")}
    entry = {**UNKNOWN, **given, "source": "liste", "source_id": str(number), **values}
    with writing(engine) as connection:
        save_initiatives(connection, [entry])
        of_source = (initiatives.c.source == "liste", initiatives.c.source_id == str(number))
        return int(connection.scalars(select(initiatives.c.id).where(*of_source)).one())


def test_an_entry_is_written_with_who_knows_it_and_how(engine: Engine) -> None:
    give_role(engine, WHO, Role.CORRESPONDANT, "92050")
    entry = row(engine, added(engine, CONTENT))
    assert (entry["source"], entry["source_id"], entry["nom"]) == (SOURCE, TOKEN, "La Marmite")
    assert (entry["verified_at"], entry["verified_method"]) == (NOW.date(), "visite")
    assert (entry["verified_role"], entry["status"], entry["reach"]) == ("correspondant", "active", "local")
    with reading(engine) as connection:
        (created,) = history(connection, entry["id"])
    assert (created.role, created.method, created.at, created.after) == ("correspondant", "visite", NOW, None)


def test_the_same_content_twice_makes_one_entry(engine: Engine) -> None:
    give_role(engine, WHO, Role.CORRESPONDANT, "92050")
    first = added(engine, CONTENT)
    assert added(engine, CONTENT, now=NOW + timedelta(seconds=1)) == first
    assert count(engine) == 1


def test_the_day_of_an_entry_is_that_of_paris(engine: Engine) -> None:
    give_role(engine, WHO, Role.CORRESPONDANT, "92050")
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert row(engine, added(engine, CONTENT, now=late))["verified_at"] == NOW.date()


@pytest.mark.parametrize(
    ("role", "codes", "kinds"),
    [
        (Role.CORRESPONDANT, ("92071",), ()),
        (Role.CORRESPONDANT, ("92050",), (Kind.JARDIN_PARTAGE,)),
        (Role.COORDINATEUR, ("75",), ()),
        (Role.TRAVAILLEUR_SOCIAL, ("92050",), ()),
        (Role.ORGANISATEUR, ("92050",), ()),
    ],
)
def test_nobody_adds_what_they_do_not_look_after(
    engine: Engine, role: Role, codes: tuple[str, ...], kinds: tuple[Kind, ...]
) -> None:
    give_role(engine, WHO, role, *codes, kinds=kinds)
    assert added(engine, CONTENT) is None
    assert added(engine, CONTENT, OTHER) is None
    assert count(engine) == 0


def test_a_role_that_ended_adds_nothing(engine: Engine) -> None:
    give_role(engine, WHO, Role.COORDINATEUR, "92")
    with writing(engine) as connection:
        leave(connection, WHO, NOW)
    assert added(engine, CONTENT) is None
    assert count(engine) == 0


def test_the_kinds_one_may_add_are_those_of_ones_roles_there(engine: Engine) -> None:
    give_role(engine, WHO, Role.CORRESPONDANT, "92050", kinds=(Kind.AMAP, Kind.SEL))
    with reading(engine) as connection:
        theirs = Additions(connection, WHO, NOW)
        assert theirs.kinds("92050", "92") == [Kind.AMAP, Kind.SEL]
        assert theirs.kinds("92071", "92") == []
        assert Additions(connection, OTHER, NOW).kinds("92050", "92") == []


def test_a_preview_is_the_entry_that_will_be(engine: Engine) -> None:
    give_role(engine, WHO, Role.CORRESPONDANT, "92050")
    with reading(engine) as connection:
        shown = Additions(connection, WHO, NOW).preview(CONTENT)
    id_ = added(engine, CONTENT)
    with reading(engine) as connection:
        entry = Additions(connection, WHO, NOW).told(id_ or 0)
    assert entry is not None
    assert all(getattr(shown, name) == getattr(entry, name) for name in entry.__dataclass_fields__ if name != "id")


# ---- what may be there already ---------------------------------------------------------------------


def alike(engine: Engine, nom: str, place: Any = NANTERRE) -> list[int]:
    with reading(engine) as connection:
        return [entry.id for entry in Additions(connection, WHO, NOW).alike(nom, place)]


def test_the_most_alike_come_first_and_once(engine: Engine) -> None:
    near = known(engine, 1, nom="Marmite et Cie")
    same = known(engine, 2, nom="La Marmite")
    known(engine, 3, nom="Bibliothèque des Essais")
    assert alike(engine, "la marmite") == [same, near]


def test_a_closed_or_merged_entry_is_not_alike(engine: Engine) -> None:
    kept = known(engine, 1)
    known(engine, 2, status="closed")
    known(engine, 3, merged_into=kept)
    assert alike(engine, "La Marmite") == [kept]


def test_an_entry_of_another_commune_is_alike_within_a_kilometre_only(engine: Engine) -> None:
    known(engine, 1)
    assert alike(engine, "La Marmite", SCEAUX) == []
    beside = known(engine, 2, code_insee="92002", commune="Antony", latitude=48.7820, longitude=2.2911)
    assert alike(engine, "La Marmite", SCEAUX) == [beside]


# ---- what is not finished --------------------------------------------------------------------------


def test_a_draft_is_kept_replaced_and_dropped(engine: Engine) -> None:
    with writing(engine) as connection:
        keep(connection, WHO, {"ajout": {"nom": "Un"}}, NOW)
        keep(connection, OTHER, {"ajout": {"nom": "Autre"}}, NOW)
        keep(connection, WHO, {"ajout": {"nom": "Deux"}}, NOW)
        assert Additions(connection, WHO, NOW).draft() == {"ajout": {"nom": "Deux"}}
        keep(connection, WHO, {}, NOW)
        assert Additions(connection, WHO, NOW).draft() == {}
        assert connection.scalars(select(drafts.c.person)).all() == ["2"]


def test_a_draft_is_dropped_after_thirty_days(engine: Engine) -> None:
    later = NOW + DRAFT_LASTS
    with writing(engine) as connection:
        keep(connection, WHO, {"ajout": {}}, NOW)
        keep(connection, OTHER, {"ajout": {"nom": "Autre"}}, NOW + timedelta(seconds=1))
        assert Additions(connection, WHO, later).draft() == {}
        assert Additions(connection, OTHER, later).draft() != {}
        assert drop_old(connection, later) == 1
        assert connection.scalars(select(drafts.c.person)).all() == ["2"]


# ---- what more is told of a place ------------------------------------------------------------------


def test_what_is_told_comes_under_the_description(engine: Engine) -> None:
    id_ = known(engine, 1, description="On y mange.\nPour qui : personne.")
    give_role(engine, WHO, Role.COORDINATEUR, "92")
    told = {"monographie": id_, "dit": {"Ce que c'est": "Une cuisine.", "Pour qui": "", "L'ambiance": "Joyeuse."}}
    assert added(engine, told) == id_
    assert added(engine, told) == id_
    assert row(engine, id_)["description"] == "On y mange.\nCe que c'est : Une cuisine.\nL'ambiance : Joyeuse."
    with reading(engine) as connection:
        changes = history(connection, id_)
    assert [(one.role, one.method) for one in changes] == [("coordinateur", "bot"), (None, "import")]


@pytest.mark.parametrize("role", [Role.CORRESPONDANT, Role.TRAVAILLEUR_SOCIAL, Role.ORGANISATEUR])
def test_nobody_tells_of_what_is_not_theirs(engine: Engine, role: Role) -> None:
    id_ = known(engine, 1)
    give_role(engine, WHO, role, "92071")
    assert added(engine, {"monographie": id_, "dit": {"L'ambiance": "Joyeuse."}}) is None
    assert added(engine, {"monographie": id_ + 1, "dit": {"L'ambiance": "Joyeuse."}}) is None
    assert row(engine, id_)["description"] == "On y cuisine ensemble."
