"""Every role × every action × own and foreign objects: whatever is pressed or forged, nothing beyond a role is written.

What each may do is said here, from the rules of the guide and not from its code: who answers for an entry runs it, or
looks after its commune; whoever coordinates a territory invites, revokes and decides there; everybody may report, and
ask to be told; what is somebody's own stays theirs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, get_args

import pytest
import time_machine
from sqlalchemy import Connection, Engine, event, insert, select, update

from bot.desk import CatalogueDesk
from bot.effects import apply
from catalogue import campaigns as campaigning
from catalogue.database import open_database, reading, writing
from catalogue.entries import Mandate
from catalogue.hours import PARIS
from catalogue.needs import (
    Ahead,
    CampaignAnswer,
    EventKind,
    Method,
    Outcome,
    Public,
    Reason,
    Rhythm,
    Role,
    Settled,
    Verdict,
)
from catalogue.places import PlaceIndex
from catalogue.roles import accept, held_by, invite, new_secret, revoke
from catalogue.tables import (
    campaign_answers,
    checks,
    corrections,
    mandates,
    metadata,
    reports,
    reviews,
    runs,
    subscriptions,
)
from handlers import effects as of
from handlers.dates import key_of
from handlers.dialogue import Event, Gesture
from handlers.engine import _OBEYED, advance
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

# What is not protected: what one says and is told, and numbers of nobody.
UNPROTECTED = {"inbox", "outbox", "conversations", "views", "ticks"}
_CARD = {"initiatives", "revisions", "need_positions", "need_areas", "word_positions", "word_parts"}
# Of what a role did, only that it was that role's is forgotten with it.
_MARKED = {"checks", "corrections", "reviews", "reports", "campaign_answers"}
_ENDED = {"roles", "mandates", "runs", "role_changes", "askings", *_MARKED}
_LATER = {"reminders", "subscriptions", "watches"}
_OWN = {*_LATER, "drafts"}  # only ever the rows of who acts
_HISTORY = {"revisions", "role_changes", "proposals"}  # only ever added to
_ENDING = (of.Forget, of.Leave, of.Revoke)

# What each action may write at all.
WRITES: Mapping[type[of.Effect], set[str]] = {
    of.Forget: _ENDED | _OWN,
    of.Drop: {"drafts"},
    of.Remind: {"reminders"},
    of.Unremind: {"reminders"},
    of.Subscribe: {"subscriptions"},
    of.Unsubscribe: {"subscriptions"},
    of.Watch: {"watches"},
    of.Unwatch: {"watches"},
    of.StopAll: {*_LATER, "reports"},
    of.Accept: {"roles", "mandates", "runs", "role_changes", "invitations"},
    of.Leave: _ENDED,
    of.Settle: {"occurrences", "askings", "events"},
    of.See: set(),
    of.Verify: {"checks", *_CARD},
    of.Arrange: {"roles"},
    of.Correct: {"corrections", "checks", *_CARD},
    of.Undo: {"corrections", *_CARD},
    of.Decide: {"corrections", *_CARD},
    of.Report: {"reports", "warnings"},
    of.SettleReport: {"reports", "warnings", *_CARD},
    of.Draft: {"drafts"},
    of.Add: _CARD,
    of.Invite: {"invitations", "role_changes"},
    of.Revoke: _ENDED,
    of.Review: {"reviews"},
    of.Moderate: {"reviews"},
    of.Propose: {"proposals"},
    of.AnswerCampaign: {"campaign_answers"},
}


# What anybody may ask for, of what is their own: there may be nothing to do.
FOR_EVERYBODY: set[type[of.Effect]] = {
    *(of.Forget, of.Drop, of.StopAll, of.See, of.Watch, of.Unwatch, of.Remind, of.Unremind, of.Leave, of.Draft),
    *(of.Subscribe, of.Unsubscribe, of.Report, of.Accept),
}


@dataclass(frozen=True, slots=True)
class World:
    """Two communes, those who look after them, and what is theirs; ids by name."""

    engine: Engine
    ids: Mapping[str, int]
    roles: Mapping[str, int]
    links: Mapping[str, str]
    before: "Snapshot"


@dataclass(frozen=True, slots=True)
class Act:
    """Something done, by a button or directly; who may, and the entry it is about, or the role it ends."""

    what: type[of.Effect]
    done: of.Effect | str
    may: frozenset[str]
    about: int | None = None


Row = Mapping[str, Any]
Snapshot = Mapping[str, Mapping[tuple[Any, ...], Row]]


# The world.


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    yield from _built(engine)


@pytest.fixture
def sqlite_world(sqlite_url: str) -> Iterator[World]:
    """What takes thousands of turns is played on one engine: that they say the same is shown elsewhere."""
    engine = open_database(sqlite_url)
    yield from _built(engine)
    engine.dispose()


def _built(engine: Engine) -> Iterator[World]:
    with time_machine.travel(BUILT, tick=False) as moment:
        built = _Building(engine).world()
        moment.move_to(NOW)
        yield built


class _Building:
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
        self._told_later()
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

    def _told_later(self) -> None:
        """What two people asked to be told, and what one is adding."""
        for who in (FIRST, SECOND):
            self._do(who, of.Remind(self.ids["date"], SATURDAY, (Ahead.VEILLE,)))
            self._do(who, of.Subscribe("92050", EventKind.DISCO_SOUPE, Rhythm.DIMANCHE))
            self._do(who, of.Watch(self.ids["first"]))
            self._do(who, of.Draft({"lieu": {"nom": who}}))
            self.ids[f"subscription {who}"] = self._last(subscriptions)

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


# Who may do what.


def _everything(world: World) -> list[Act]:
    """Every action, on every object there is."""
    ids, key = world.ids, (world.ids["date"], SATURDAY)
    entries = {
        "first": NANTERRE_S | {ORGANISER},
        "second": SCEAUX_S,
        "third": NANTERRE_S,
    }  # who answers for each
    acts = [
        Act(of.Forget, of.Forget(), WITH_A_ROLE),
        Act(of.Drop, of.Drop(), frozenset({FIRST, SECOND})),
        Act(of.StopAll, of.StopAll(), frozenset({FIRST, SECOND})),
        Act(of.Leave, of.Leave(), WITH_A_ROLE),
        Act(of.Remind, of.Remind(*key, tuple(Ahead)), EVERYBODY),
        Act(of.Unremind, of.Unremind(*key), frozenset({FIRST, SECOND})),
        Act(of.Subscribe, of.Subscribe("92071", None, Rhythm.AU_FIL), EVERYBODY),
        Act(of.Draft, of.Draft({"lieu": {}}), EVERYBODY),
        Act(of.Draft, of.Draft({}), frozenset({FIRST, SECOND})),
        Act(of.Propose, of.Propose("Un besoin : laver son linge."), WITH_A_ROLE),
        Act(of.Accept, of.Accept(world.links["free"]), EVERYBODY),
        Act(of.Accept, of.Accept(world.links["used"]), NO_ONE),
        Act(of.Accept, of.Accept(new_secret()), NO_ONE),
        *(Act(of.Settle, of.Settle(*key, said), entries["first"]) for said in Settled),
    ]
    for who in (FIRST, SECOND):
        acts.append(Act(of.Unsubscribe, of.Unsubscribe(ids[f"subscription {who}"]), frozenset({who})))
    for name, theirs in entries.items():
        acts += _on_an_entry(ids[name], theirs)
    return [*acts, *_on_what_is_asked(world), *_on_what_is_said(world), *_on_roles(world)]


def _on_an_entry(entry: int, theirs: frozenset[str]) -> list[Act]:
    runs = frozenset({ORGANISER, BOTH}) if ORGANISER in theirs else NO_ONE
    watching = frozenset({FIRST, SECOND}) if runs else NO_ONE
    told = {"monographie": entry, "dit": {"Pour qui": "Tout le monde."}}
    correcting = of.Correct(entry, "description", {"description": "On y cuisine."})
    closing = of.Correct(entry, "status", {"status": "closed"})
    return [
        Act(of.See, of.See(entry), NO_ONE),
        Act(of.Watch, of.Watch(entry), EVERYBODY - watching, entry),
        Act(of.Unwatch, of.Unwatch(entry), watching, entry),
        *(Act(of.Report, of.Report(entry, reason, "Un mot.", False), EVERYBODY, entry) for reason in Reason),
        Act(of.Review, of.Review(entry, "Utile.", ()), WITH_A_ROLE - runs, entry),
        *(Act(of.Correct, one, theirs, entry) for one in (correcting, closing)),
        Act(of.Add, of.Add(told), theirs, entry),
    ]


def _on_what_is_asked(world: World) -> list[Act]:
    ids = world.ids
    answering = {"first": frozenset({FIRST}), "second": SCEAUX_S, "third": NO_ONE}  # that question is nobody else's
    acts = [
        Act(of.Verify, of.Verify(ids[f"check {name}"], verdict, method), may, ids[name])
        for name, may in answering.items()
        for verdict in Verdict
        for method in (None, *Method)
    ]
    campaign = {"first": NANTERRE_S | {ORGANISER}, "second": SCEAUX_S, "third": NANTERRE_S}
    for name, may in campaign.items():
        for said in CampaignAnswer:
            acts.append(Act(of.AnswerCampaign, of.AnswerCampaign(ids["campaign"], ids[name], said), may, ids[name]))
            acts.append(Act(of.AnswerCampaign, of.AnswerCampaign(ids["over"], ids[name], said), NO_ONE))
    return acts


# One's own; and of what two people wrote, a coordinator decides, or a correspondent who wrote neither nor runs it.
_UNDOES = {"first": frozenset({FIRST}), "second": SCEAUX_S}
_DECIDES = {"first": frozenset({COORDINATOR}), "second": NO_ONE, "third": NANTERRE_S}
# Not who runs it, nor who said it; how somebody was received is the coordinator's to hear.
_SETTLES = {
    "first": frozenset({FIRST, COORDINATOR}),
    "second": SCEAUX_S,
    "one's own": frozenset({COORDINATOR, BOTH}),
    "welcome": frozenset({COORDINATOR}),
}
_OF_REPORT = {"one's own": "third", "welcome": "third"}
_PUBLISHES = {"first": frozenset({COORDINATOR}), "second": NO_ONE, "third": frozenset({COORDINATOR})}
_WROTE = {"first": SOCIAL, "second": SECOND, "third": FIRST}


def _on_what_is_said(world: World) -> list[Act]:
    ids = world.ids
    acts = [
        Act(of.Undo, of.Undo(ids[f"{what} {name}"]), may, ids[name])
        for name, may in _UNDOES.items()
        for what in ("correction", "site")
    ]
    for name, may in _DECIDES.items():
        acts += [Act(of.Undo, of.Undo(ids[f"conflict {name}"]), NO_ONE)]
        acts += [Act(of.Decide, of.Decide(ids[f"conflict {name}"], keep), may, ids[name]) for keep in (True, False)]
    for name, may in _SETTLES.items():
        number, entry = ids[f"report {name}"], ids[_OF_REPORT.get(name, name)]
        acts += [Act(of.SettleReport, of.SettleReport(number, outcome), may, entry) for outcome in Outcome]
    for name, may in _PUBLISHES.items():
        number = ids[f"avis {name}"]
        acts.append(Act(of.Moderate, of.Moderate(number, publish=True), may, ids[name]))
        acts.append(Act(of.Moderate, of.Moderate(number, publish=False), may | {_WROTE[name]}, ids[name]))
    return acts


# Below their own role, in their own territory.
_TAKEN_AWAY_BY = {SOCIAL: COORDINATOR, ORGANISER: COORDINATOR, FIRST: COORDINATOR, BOTH: COORDINATOR}


def _on_roles(world: World) -> list[Act]:
    acts = []
    for name, role_id in world.roles.items():
        by = frozenset({_TAKEN_AWAY_BY[name]}) if name in _TAKEN_AWAY_BY else NO_ONE
        acts.append(Act(of.Revoke, of.Revoke(role_id), by, role_id))
        own = frozenset({name}) if name in (FIRST, SECOND, BOTH) else NO_ONE
        acts.append(Act(of.Arrange, of.Arrange(role_id, 3, 4, 9, None), own))
        acts.append(Act(of.Arrange, of.Arrange(role_id, 99, 4, 3, None), NO_ONE))
    for role in Role:
        runs = role is Role.ORGANISATEUR
        for where, code in (("first", "92050"), ("second", "92071"), ("second", "92")):
            covered: dict[str, Any] = {"codes": () if runs else (code,)}
            covered["initiatives"] = (world.ids[where],) if runs else ()
            by = frozenset({COORDINATOR}) if where == "first" and role is not Role.COORDINATEUR else NO_ONE
            acts.append(Act(of.Invite, of.Invite(Mandate(0, role, **covered), new_secret()), by))
        acts.append(Act(of.Invite, of.Invite(Mandate(0, role, (), ()), new_secret()), NO_ONE))
    for place, may in ((NANTERRE, NANTERRE_S), (SCEAUX, SCEAUX_S)):
        there = {"code_insee": place.insee, "commune": place.nom, "departement": place.departement}
        what = {"nom": "Le Fournil", "kind": "autre", "needs": ["alimentation"], "verified_method": "visite"}
        acts.append(Act(of.Add, of.Add({**there, **what, "jeton": "a" * 32}), may))
    return acts


# The same, by buttons.

# What an order only begins: it is written at a later step, or not at all by who has no role.
_DRAWN_LATER = {"ajouter": EVERYBODY, "monographie": EVERYBODY}

FORGED = ("", "=", "=oui", "0", "0=oui", "-1=oui", "²=oui", "999999999=oui", "9" * 40, "a.b=c", "1.1.1=oui", "\x00")
_SAYS_NOTHING = of.See  # what changes nothing of what is protected


def _buttons(world: World) -> dict[str, list[Act]]:
    """What each order may lead to: every value of its buttons, on every object."""
    ids, roles_, date = world.ids, world.roles, _key(world)
    first, second, third = (ids[name] for name in ("first", "second", "third"))

    def each(what: type[of.Effect], values: Sequence[str], may: frozenset[str], entry: int | None = None) -> list[Act]:
        return [Act(what, value, may, entry) for value in values]

    def nothing(*values: object) -> list[Act]:
        return each(_SAYS_NOTHING, [str(value) for value in values or ("",)], NO_ONE)

    def saying(number: object, *said: str) -> list[str]:
        return [f"{number}={one}" for one in said]

    verdicts = (*Verdict, *Method, "ferme-oui", "erreur")
    answering = {"first": frozenset({FIRST}), "second": SCEAUX_S, "third": NO_ONE}
    looks_after = {"first": NANTERRE_S | {ORGANISER}, "second": SCEAUX_S, "third": NANTERRE_S}
    return {
        "aide": nothing(),
        "urgence": nothing(),
        "retour": nothing(),
        "recommencer": nothing(),
        "annuler": each(of.Drop, ["", "oui"], frozenset({FIRST, SECOND})),
        "mesdonnees": nothing(),
        "effacer": each(of.Forget, ["oui"], WITH_A_ROLE),
        "reprendre": nothing(),
        "agenda": nothing("92050"),
        "besoins": nothing("alimentation"),
        "fiche": nothing(first, second, third),
        "rdv": nothing(date),
        "rappeler": each(of.Remind, saying(date, "veille", "heures", "les-deux"), EVERYBODY),
        "prevenir": each(of.Subscribe, ["92071=tous=dimanche", "92050=disco-soupe=au-fil"], EVERYBODY),
        "suivre": each(of.Watch, [str(first), str(second)], EVERYBODY),
        "mesrappels": nothing(),
        "rappel-stop": each(of.Unremind, [date], frozenset({FIRST, SECOND})),
        "avis-stop": [
            act
            for who in (FIRST, SECOND)
            for act in each(of.Unsubscribe, [str(ids[f"subscription {who}"])], frozenset({who}))
        ],
        "suivi-stop": each(of.Unwatch, [str(first), str(second)], frozenset({FIRST, SECOND})),
        "tout-arreter": each(of.StopAll, ["oui"], frozenset({FIRST, SECOND})),
        "maintenu": each(of.Settle, saying(date, *Settled, "annule-oui"), looks_after["first"]),
        "accepter": [
            *each(of.Accept, [world.links["free"]], EVERYBODY),
            *nothing(world.links["used"], new_secret()),
        ],
        "quitter": each(of.Leave, ["oui"], WITH_A_ROLE),
        "verifier": [
            act
            for name, may in answering.items()
            for act in each(of.Verify, saying(ids[f"check {name}"], *verdicts), may, ids[name])
        ],
        "mesquestions": [
            act
            for name, number in roles_.items()
            for act in each(
                of.Arrange,
                saying(number, "n3", "j4", "h9", "p14", "n99", "jour"),
                frozenset({name}) & {FIRST, SECOND, BOTH},
            )
        ],
        "corriger": nothing(
            *(value for id_ in (first, second, third) for value in (id_, f"{id_}={ids['check first']}"))
        ),
        "corriger-non": nothing(first),
        "defaire": [
            act
            for name, may in {**_UNDOES, "third": NO_ONE}.items()
            for act in each(of.Undo, saying(ids[name], "telephone", "site_web", "nom"), may, ids[name])
        ],
        "trancher": [
            act
            for name, may in _DECIDES.items()
            for act in each(of.Decide, saying(ids[f"conflict {name}"], "garder", "refuser"), may, ids[name])
        ],
        "signaler": nothing(first, second, third),
        "signalement": [
            act
            for name, may in _SETTLES.items()
            for act in each(
                of.SettleReport,
                saying(ids[f"report {name}"], *Outcome, "ferme-oui"),
                may,
                ids[_OF_REPORT.get(name, name)],
            )
        ],
        "ajouter": each(of.Draft, ["", "reprendre", "nouveau", "oui", "jeter"], EVERYBODY),
        "monographie": each(of.Draft, [str(first), str(second), f"{third}=nouveau"], EVERYBODY),
        "equipe": nothing(),
        "equipe-roles": nothing(0, 5),
        "equipe-retirer": [
            act
            for name, key in _role_keys(world).items()
            for act in each(
                of.Revoke,
                [key, f"{key}=oui"],
                frozenset({_TAKEN_AWAY_BY[name]} if name in _TAKEN_AWAY_BY else ()),
                roles_[name],
            )
        ],
        "inviter": nothing(*Role),
        "avis": nothing(first, second, third, f"{first}=autre"),
        "avis-retirer": [
            act
            for name, who in _WROTE.items()
            for act in each(of.Moderate, saying(ids[f"avis {name}"], "oui", ""), frozenset({who}), ids[name])
        ],
        "moderer": [
            act
            for name, may in _PUBLISHES.items()
            for act in each(of.Moderate, saying(ids[f"avis {name}"], "publier", "refuser"), may, ids[name])
        ],
        "proposer": nothing("oui"),
        "propositions": nothing(0),
        "campagne": [
            act
            for name, may in looks_after.items()
            for act in [
                *each(of.AnswerCampaign, saying(f"{ids['campaign']}.{ids[name]}", *CampaignAnswer), may, ids[name]),
                *nothing(*saying(f"{ids['over']}.{ids[name]}", *CampaignAnswer)),
            ]
        ],
    }


def _key(world: World) -> str:
    with reading(world.engine) as connection:
        date = _desk(connection, NOBODY).occurrence(world.ids["date"], SATURDAY)
    assert date
    return key_of(date)


def _role_keys(world: World) -> dict[str, str]:
    return {name: f"{number}.{int(BUILT.timestamp())}" for name, number in world.roles.items()}


# What is done, and what it changed.


def _desk(connection: Connection, who: str) -> CatalogueDesk:
    here, index = NOW.astimezone(PARIS), PlaceIndex(PLACES)
    return CatalogueDesk(connection, index, shipped_understander(), here, CHANNEL, who, True, "bonne_porte_bot")


def press(connection: Connection, who: str, act: Act) -> set[type[of.Effect]]:
    """Taps a button from nothing, then the same again where that led; returns what the person is told is done."""
    state, told = None, set[type[of.Effect]]()
    for _ in range(2):
        turn = advance(state, Event(Gesture.TAPPED, str(act.done)), _desk(connection, who))
        apply(connection, CHANNEL, who, turn.effects, NOW)
        told |= {type(effect) for effect in turn.effects}
        state = turn.state
    return told


def apply_twice(connection: Connection, who: str, act: Act) -> set[type[of.Effect]]:
    """Does something directly, and once more; but a link, which is another each time."""
    assert not isinstance(act.done, str)
    for _ in range(1 if act.what is of.Invite else 2):
        apply(connection, CHANNEL, who, [act.done], NOW)
    return set()


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


class _Undone(Exception):
    """It is to be as if nothing had been done."""


Do = Callable[[Connection, str, Act], set[type[of.Effect]]]


def changed_by(world: World, do: Do, who: str, act: Act) -> tuple[list[Change], set[type[of.Effect]]]:
    """What something changes, and what is told of it; it is then undone."""
    wrote: list[str] = []
    found: list[Change] = []
    told = set[type[of.Effect]]()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        wrote.extend([statement] if not statement.lstrip().startswith("SELECT") else [])

    with suppress(_Undone), writing(world.engine) as connection:
        event.listen(connection, "before_cursor_execute", note)
        told = do(connection, who, act)
        found = changes(world.before, snapshot(connection)) if wrote else []
        raise _Undone
    return found, told


def beyond(world: World, act: Act, who: str, found: Sequence[Change]) -> list[str]:
    """What of some changes is beyond a role, in words."""
    if found and who not in act.may:
        return [f"{act.done}: {who} wrote {sorted({change.table for change in found})}"]
    return [
        f"{act.done}: {who} wrote {change.table}: {change.old} -> {change.new}"
        for change in found
        if change.table not in WRITES[act.what] or not _is_within(world, act, who, change)
    ]


def _is_within(world: World, act: Act, who: str, change: Change) -> bool:
    """Whether a row is of what the action is about: the person themselves, a role that ends, or an entry."""
    ended = {act.about} if act.what is of.Revoke else _roles_of(world, who)
    if change.table in _HISTORY:
        return change.old is None and (change.table != "revisions" or change.says("role") == {ROLES[who].value})
    if change.table in _OWN or (change.table == "reports" and act.what in (of.Forget, of.StopAll)):
        return change.says("person") == {who}
    if change.table == "roles" and act.what is of.Accept:
        return change.says("person") == {who}
    if change.table in ("roles", "mandates", "runs", "askings") and act.what in (*_ENDING, of.Arrange):
        return change.says("id" if change.table == "roles" else "role_id") <= ended
    if change.table in _MARKED and act.what in _ENDING:
        return change.differs() == {"role_id"} and change.says("role_id") <= ended
    entry = change.says("id" if change.table == "initiatives" else "initiative_id")
    return act.about is None or not entry or entry == {act.about}


def _roles_of(world: World, who: str) -> set[int | None]:
    with reading(world.engine) as connection:
        return {mandate.id for mandate in held_by(connection, (CHANNEL, who))}


# What it must show.


def test_every_order_and_every_effect_is_classified(world: World) -> None:
    assert set(_buttons(world)) == set(_OBEYED)
    assert set(WRITES) == set(get_args(of.Effect))
    assert {act.what for act in _everything(world)} == set(get_args(of.Effect))


def test_no_effect_writes_beyond_a_role_and_each_does_what_it_is_for(world: World) -> None:
    wrong, key = [], (world.ids["date"], SATURDAY)
    for act in _everything(world):
        for who in sorted(EVERYBODY):
            found, _told = changed_by(world, apply_twice, who, act)
            wrong += beyond(world, act, who, found)
            if who in act.may and not found and act.done != of.Settle(*key, Settled.NE_SAIS_PAS):
                wrong.append(f"{act.done}: {who} may, and nothing was written")
    assert wrong == []


def test_no_button_forged_or_replayed_writes_beyond_a_role_and_each_serves_who_may(sqlite_world: World) -> None:
    wrong = []
    for order, acts in _buttons(sqlite_world).items():
        served = set()
        malformed = acts[0] if order in ("ajouter", "annuler") else Act(_SAYS_NOTHING, "", NO_ONE)
        for act in (*acts, *(replace(malformed, done=value) for value in FORGED)):
            for who in sorted(EVERYBODY):
                pressed = replace(act, done=f"{order}:{act.done}")
                found, told = changed_by(sqlite_world, press, who, pressed)
                wrong += beyond(sqlite_world, pressed, who, found)
                if who not in act.may and not told <= FOR_EVERYBODY:
                    wrong.append(f"{pressed.done}: {who} is told it is done")
                served |= {who} if found else set()
        may = frozenset[str]().union(*(act.may for act in acts))
        wrong += [
            f"{order}: {who} may, and nothing was written" for who in may - served - _DRAWN_LATER.get(order, NO_ONE)
        ]
    assert wrong == []


# What was begun in a role, and is ended without it. Words are said, the others are buttons; the last is its label.
_ADDING = (
    *("ajouter:", "Le Fournil", "Nanterre", "kind:tiers-lieu", "needs:alimentation", "needs:fini", "On y mange."),
    *("adresse:passer", "telephone:passer", "lien:passer", "horaires:passer", "publics:passer", "frais:passer"),
    *("methode:visite", "Oui, l'ajouter au guide"),
)
_TELLING = ("monographie:{first}", *["Un lieu calme"] * 5, "Oui, le garder")
_CORRECTING = ("corriger:{first}", "champ:accessible", "valeur:oui", "Oui, corriger")
_INVITING = ("inviter:travailleur-social", "ou-inviter:tout", "Faire le lien")
_REVIEWING = ("avis:{second}", "Utile", "avis-publics:fin", "Envoyer")
_PROPOSING = ("proposer:", "Laver son linge", "Envoyer")

Loses = Callable[[Connection, World, str], None]


def _taken_away(connection: Connection, world: World, who: str) -> None:
    assert revoke(connection, world.roles[who], Role.COORDINATEUR, NOW)


def _moved_to_sceaux(connection: Connection, world: World, who: str) -> None:
    of_role = mandates.c.role_id == world.roles[who]
    connection.execute(update(mandates).where(of_role).values(code="92071"))
    connection.execute(update(runs).where(runs.c.role_id == world.roles[who]).values(initiative_id=world.ids["second"]))


def _played(world: World, who: str, story: Sequence[str], loses: Loses | None) -> set[str]:
    """The tables that the last tap of a story writes, once a role was lost."""
    found: set[str] = set()
    with suppress(_Undone), writing(world.engine) as connection:
        state, turn = None, None
        for number, one in enumerate(story):
            if turn and number == len(story) - 1:
                rows = [choice for reply in turn.replies for row in reply.choices for choice in row]
                one = next(choice.data for choice in rows if choice.label == one)
                if loses:
                    loses(connection, world, who)
                before = snapshot(connection)
            kind = Gesture.TAPPED if ":" in one else Gesture.SAID
            turn = advance(state, Event(kind, one.format(**world.ids)), _desk(connection, who))
            apply(connection, CHANNEL, who, turn.effects, NOW)
            state = turn.state
        found = {change.table for change in changes(before, snapshot(connection))} - {"drafts"}
        raise _Undone
    return found


@pytest.mark.parametrize(
    ("story", "people", "what"),
    [
        (_ADDING, {FIRST, COORDINATOR}, of.Add),
        (_TELLING, {FIRST, COORDINATOR, ORGANISER}, of.Add),
        (_CORRECTING, {FIRST, COORDINATOR, ORGANISER}, of.Correct),
        (_INVITING, {COORDINATOR}, of.Invite),
        (_REVIEWING, {FIRST, COORDINATOR, SOCIAL}, of.Review),
        (_PROPOSING, WITH_A_ROLE - {BOTH}, of.Propose),  # one role of two that is taken away leaves the other
    ],
)
def test_what_was_begun_in_a_role_is_not_ended_without_it(
    world: World, story: Sequence[str], people: frozenset[str], what: type[of.Effect]
) -> None:
    elsewhere = what not in (of.Review, of.Propose)  # which every professional may, of any place
    for who in sorted(people):
        written = _played(world, who, story, None)
        assert written
        assert written <= WRITES[what]
        assert _played(world, who, story, _taken_away) == set()
        if elsewhere:
            assert _played(world, who, story, _moved_to_sceaux) == set()
