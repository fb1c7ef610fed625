"""The world of the test of every action: two communes, those who look after them, and what is theirs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy import Connection, Engine, insert, select

from bot.desk import CatalogueDesk
from bot.effects import apply
from catalogue import campaigns as campaigning
from catalogue.database import reading, writing
from catalogue.entries import Mandate
from catalogue.hours import PARIS
from catalogue.needs import Ahead, EventKind, Public, Reason, Rhythm, Role
from catalogue.places import PlaceIndex
from catalogue.roles import accept, held_by, invite, new_secret, revoke
from catalogue.tables import campaign_answers, checks, corrections, metadata, photos, reports, reviews, subscriptions
from handlers import effects as of
from tests.handlers.memory import NANTERRE, SCEAUX, shipped_understander
from tests.people import CHANNEL, PLACES, People
from tests.scheduler.telling import SATURDAY, a_date, paris

BUILT, NOW = paris(11, 24, 10), paris(11, 24, 10, 30)  # what was corrected may still be undone
NOBODY, SOCIAL, ORGANISER, REVOKED = "nobody", "social worker", "organiser", "revoked"
FIRST, SECOND, COORDINATOR = "correspondent of Nanterre", "correspondent of Sceaux", "coordinator of Nanterre"
BOTH = "correspondent of Nanterre, who runs the first entry"
EVERYBODY = frozenset({NOBODY, SOCIAL, ORGANISER, REVOKED, FIRST, SECOND, COORDINATOR, BOTH})
WITH_A_ROLE = EVERYBODY - {NOBODY, REVOKED}
NO_ONE = frozenset[str]()
ROLES = {
    SOCIAL: Role.TRAVAILLEUR_SOCIAL,
    ORGANISER: Role.ORGANISATEUR,
    FIRST: Role.CORRESPONDANT,
    SECOND: Role.CORRESPONDANT,
    COORDINATOR: Role.COORDINATEUR,
    BOTH: Role.CORRESPONDANT,
}
STRANGER, ANOTHER = "a resident", "another correspondent of Sceaux"
NANTERRE_S = frozenset({FIRST, COORDINATOR, BOTH})  # who looks after Nanterre
SCEAUX_S = frozenset({SECOND})

_INDEX = PlaceIndex(PLACES)

# What is not protected: what one says and is told, and numbers of nobody.
UNPROTECTED = {"inbox", "outbox", "conversations", "views", "ticks"}


Row = Mapping[str, Any]
Snapshot = Mapping[str, Mapping[tuple[Any, ...], Row]]


@dataclass(frozen=True, slots=True)
class World:
    """Two communes, those who look after them, and what is theirs; ids by name."""

    engine: Engine
    ids: Mapping[str, int]
    roles: Mapping[str, int]
    links: Mapping[str, str]
    before: "Snapshot"


def built(engine: Engine) -> Iterator[World]:
    with time_machine.travel(BUILT, tick=False) as moment:
        built = Building(engine).world()
        moment.move_to(NOW)
        yield built


class Building:
    def __init__(self, engine: Engine) -> None:
        self.engine, self.people = engine, People(engine)
        self.ids: dict[str, int] = {}
        self.roles: dict[str, int] = {}
        self.links: dict[str, str] = {}

    def world(self) -> World:
        self._entries_and_roles()
        self._corrected()
        self._asked()
        self._said()
        self._announced()
        self._told_later()
        self._photographed()
        self._links()
        with reading(self.engine) as connection:
            return World(self.engine, self.ids, self.roles, self.links, snapshot(connection))

    def _entries_and_roles(self) -> None:
        self.ids |= {"first": self.people.entry(1), "third": self.people.entry(3)}
        self.ids["second"] = self.people.entry(2, code_insee="92071", commune="Sceaux", code_postal="92330")
        self.ids["date"] = a_date(self.engine, code_insee="92050", initiative_id=self.ids["first"])
        self._give(SOCIAL, Role.TRAVAILLEUR_SOCIAL, ["92050"])
        self._give(ORGANISER, Role.ORGANISATEUR, [], initiatives=[self.ids["first"]])
        self._give(FIRST, Role.CORRESPONDANT, ["92050"])
        self._give(BOTH, Role.CORRESPONDANT, ["92050"])
        self.people.with_a_role(BOTH, Role.ORGANISATEUR, [], initiatives=[self.ids["first"]])
        self._give(SECOND, Role.CORRESPONDANT, ["92071"])
        self._give(ANOTHER, Role.CORRESPONDANT, ["92071"])
        self._give(COORDINATOR, Role.COORDINATEUR, ["92050"])
        self._give(REVOKED, Role.CORRESPONDANT, ["92050"])

    def _give(self, name: str, role: Role, codes: Sequence[str], **more: Any) -> None:
        self.people.with_a_role(name, role, codes, **more)
        with reading(self.engine) as connection:
            self.roles[name] = held_by(connection, (CHANNEL, name))[0].id

    def _asked(self) -> None:
        """Questions: those of the rounds, and that of a campaign; one campaign is over."""
        for name, who in (("first", FIRST), ("second", SECOND), ("third", REVOKED)):
            role = {"role_id": self.roles.get(who), "role": "correspondant", "asked_at": BUILT, "departement": "92"}
            self.ids[f"check {name}"] = self._row(checks, {**role, "initiative_id": self.ids[name]})
        for name, days in (("campaign", 30), ("over", -1)):
            with writing(self.engine) as connection:
                ends_on = BUILT.date() + timedelta(days=days)
                question = "Avez-vous une salle fraîche ?"
                self.ids[name] = campaigning.start(connection, question, ["92"], [], ends_on, Role.COORDINATEUR, BUILT)
                for entry, who in (("first", ORGANISER), ("second", SECOND), ("third", REVOKED)):
                    to = {"role_id": self.roles.get(who), "asked_at": BUILT}
                    row = {"campaign_id": self.ids[name], "initiative_id": self.ids[entry], **to}
                    connection.execute(insert(campaign_answers).values(row))

    def _corrected(self) -> None:
        """What may be undone, then what waits for a decision; the revoked one is revoked once they corrected."""
        for name, who in (("first", FIRST), ("second", SECOND)):
            self._do(who, of.Correct(self.ids[name], "telephone", {"telephone": "01 02 03 04 05"}))
            self.ids[f"correction {name}"] = self._last(corrections)
        self._do(REVOKED, of.Correct(self.ids["third"], "telephone", {"telephone": "01 02 03 04 05"}))
        with writing(self.engine) as connection:
            assert revoke(connection, self.roles.pop(REVOKED), Role.COORDINATEUR, BUILT)
        for name, earlier, later in (("first", FIRST, ORGANISER), ("second", SECOND, ANOTHER)):
            self._do(earlier, of.Correct(self.ids[name], "site_web", {"site_web": "https://un.example"}))
            self.ids[f"site {name}"] = self._last(corrections)
            self._do(later, of.Correct(self.ids[name], "site_web", {"site_web": "https://deux.example"}))
            self.ids[f"conflict {name}"] = self._last(corrections)
        self._do(COORDINATOR, of.Correct(self.ids["third"], "telephone", {"telephone": "01 06 07 08 09"}))
        self.ids["conflict third"] = self._last(corrections)

    def _said(self) -> None:
        """Reports, by a resident and by a correspondent themselves; avis that wait."""
        for name, entry, who, reason in (
            ("first", "first", STRANGER, Reason.HORAIRES),
            ("second", "second", STRANGER, Reason.HORAIRES),
            ("one's own", "third", FIRST, Reason.TELEPHONE),
            ("welcome", "third", STRANGER, Reason.ACCUEIL),
        ):
            self._do(who, of.Report(self.ids[entry], reason, "", to_be_told=True))
            self.ids[f"report {name}"] = self._last(reports)
        for name, who in (("first", SOCIAL), ("second", SECOND), ("third", FIRST)):
            self._do(who, of.Review(self.ids[name], "Un bon accueil.", (Public.FAMILLES,)))
            self.ids[f"avis {name}"] = self._last(reviews)

    def _announced(self) -> None:
        """Events that their correspondents have just announced, one of them of an entry that somebody runs."""
        for name, who, place, entry in (
            ("first", FIRST, NANTERRE, self.ids["first"]),
            ("second", SECOND, SCEAUX, None),
        ):
            self.links[f"event {name}"] = f"{len(self.links):032x}"
            where = {"code_insee": place.insee, "commune": place.nom, "departement": place.departement, "exact": False}
            what = {"nom": "Fête du troc", "kind": "fete-du-troc", "needs": ["equipement"], "description": ""}
            quand = {"starts": ["2026-12-13T14:00"], "ends": "", "rule": "", "until": ""}
            told = {"quand": quand, "initiative_id": entry, "jeton": self.links[f"event {name}"]}
            self._do(who, of.Add({**where, **what, **told}))

    def _told_later(self) -> None:
        """What two people asked to be told, and what one is adding."""
        for who in (FIRST, SECOND):
            self._do(who, of.Remind(self.ids["date"], SATURDAY, (Ahead.VEILLE,)))
            self._do(who, of.Subscribe("92050", EventKind.DISCO_SOUPE, Rhythm.DIMANCHE))
            self._do(who, of.Watch(self.ids["first"]))
            self._do(who, of.Draft({"lieu": {"nom": who}}))
            self.ids[f"subscription {who}"] = self._last(subscriptions)

    def _photographed(self) -> None:
        """A photo of the poster of each entry, and one that was not attached yet."""
        row = {"jpeg": b"\xff\xd8", "width": 1, "height": 1, "received_at": BUILT}
        self.ids["photo that waits"] = self._row(photos, row)
        for name in ("first", "second", "third"):
            attached = {"initiative_id": self.ids[name], "attached_at": BUILT, "by_role": "correspondant"}
            self.ids[f"photo {name}"] = self._row(photos, row | attached)

    def _links(self) -> None:
        for name in ("free", "used"):
            self.links[name] = new_secret()
            mandate = Mandate(0, Role.CORRESPONDANT, ("92071",), ())
            with writing(self.engine) as connection:
                invite(connection, mandate, self.links[name], Role.COORDINATEUR, BUILT)
                assert name == "free" or accept(connection, (CHANNEL, ANOTHER), self.links[name], BUILT)

    def _do(self, who: str, effect: of.Effect) -> None:
        with writing(self.engine) as connection:
            apply(connection, CHANNEL, who, [effect], BUILT)

    def _row(self, table: Any, row: Row) -> int:
        with writing(self.engine) as connection:
            return int(connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one())

    def _last(self, table: Any) -> int:
        with reading(self.engine) as connection:
            return int(connection.scalars(select(table.c.id).order_by(table.c.id.desc())).first() or 0)


def desk(connection: Connection, who: str) -> CatalogueDesk:
    here = NOW.astimezone(PARIS)
    return CatalogueDesk(connection, _INDEX, shipped_understander(), here, CHANNEL, who, True, "bonne_porte_bot")


def snapshot(connection: Connection) -> Snapshot:
    """Everything that is protected."""
    found = {}
    for table in metadata.sorted_tables:
        if table.name not in UNPROTECTED:
            rows = connection.execute(select(table)).mappings().all()
            found[table.name] = {tuple(row[column.name] for column in table.primary_key): dict(row) for row in rows}
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """A row that was added (no `old`), removed (no `new`) or changed."""

    table: str
    old: Row | None
    new: Row | None

    def says(self, column: str) -> set[Any]:
        return {row[column] for row in (self.old, self.new) if row and row.get(column) is not None}

    def differs(self) -> set[str]:
        """The columns that are no longer the same."""
        old, new = self.old or {}, self.new or {}
        return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def changes(before: Snapshot, after: Snapshot) -> list[Change]:
    return [
        Change(table, before[table].get(key), after[table].get(key))
        for table in before
        for key in before[table].keys() | after[table].keys()
        if before[table].get(key) != after[table].get(key)
    ]
