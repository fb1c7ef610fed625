"""Who may do what, on which object, and what each action may write: said from the rules of the guide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.database import reading
from catalogue.entries import Mandate
from catalogue.needs import Ahead, CampaignAnswer, Method, Outcome, Reason, Refusal, Rhythm, Role, Settled, Verdict
from catalogue.places import Place
from catalogue.roles import new_secret
from handlers import effects as of
from handlers.dates import key_of
from tests.bot.every_action_world import (
    BOTH,
    BUILT,
    COORDINATOR,
    EVERYBODY,
    FIRST,
    NANTERRE_S,
    NO_ONE,
    NOBODY,
    ORGANISER,
    SCEAUX_S,
    SECOND,
    SOCIAL,
    WITH_A_ROLE,
    World,
    desk,
)
from tests.handlers.memory import NANTERRE, SCEAUX
from tests.scheduler.telling import SATURDAY

_CARD = {"initiatives", "revisions", "need_positions", "need_marks", "need_areas", "word_positions", "word_parts"}
# Of what a role did, only that it was that role's is forgotten with it.
MARKED = {"checks", "corrections", "reviews", "reports", "campaign_answers"}
_ENDED = {"roles", "mandates", "runs", "role_changes", "askings", *MARKED}
_LATER = {"reminders", "subscriptions", "watches"}
OWN = {*_LATER, "drafts", "photo_fetches"}  # only ever the rows of who acts
HISTORY = {"revisions", "role_changes", "proposals"}  # only ever added to
ENDING = (of.Forget, of.Leave, of.Revoke)

# What each action may write at all.
WRITES: Mapping[type[of.Effect], set[str]] = {
    of.Forget: _ENDED | OWN,
    of.Drop: {"drafts"},
    of.Remind: {"reminders"},
    of.Unremind: {"reminders"},
    of.Subscribe: {"subscriptions"},
    of.Unsubscribe: {"subscriptions"},
    of.Watch: {"watches"},
    of.Unwatch: {"watches"},
    of.StopAll: {*_LATER, "reports"},
    of.Accept: {"roles", "mandates", "runs", "role_changes", "invitations", "tries"},  # a second time, it was used
    of.Try: {"tries"},
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
    of.Add: {*_CARD, "events", "occurrences"},
    of.TakeBack: {"events"},
    of.Invite: {"invitations", "role_changes"},
    of.Revoke: _ENDED,
    of.Review: {"reviews"},
    of.Moderate: {"reviews"},
    of.Propose: {"proposals"},
    of.AnswerCampaign: {"campaign_answers"},
    of.FetchPhoto: {"photo_fetches"},
    of.AttachPhoto: {"photos", "revisions"},
    of.RemovePhoto: {"photos", "revisions"},
}


# What anybody may ask for, of what is their own: there may be nothing to do.
FOR_EVERYBODY: set[type[of.Effect]] = {
    *(of.Forget, of.Drop, of.StopAll, of.See, of.Watch, of.Unwatch, of.Remind, of.Unremind, of.Leave, of.Draft),
    *(of.Subscribe, of.Unsubscribe, of.Report, of.Accept, of.Try),
}


@dataclass(frozen=True, slots=True)
class Act:
    """Something done, by a button or directly; who may, and the entry it is about, or the role it ends."""

    what: type[of.Effect]
    done: of.Effect | str
    may: frozenset[str]
    about: int | None = None


# Who may do what.


def everything(world: World) -> list[Act]:
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
        Act(of.FetchPhoto, of.FetchPhoto("file-1"), EVERYBODY),  # only ever asked for in a conversation
        Act(of.Accept, of.Accept(world.links["free"]), EVERYBODY),
        Act(of.Accept, of.Accept(world.links["used"]), NO_ONE),
        Act(of.Accept, of.Accept(new_secret()), NO_ONE),
        Act(of.Try, of.Try(), EVERYBODY),
        *(Act(of.Settle, of.Settle(*key, said), entries["first"]) for said in Settled),
    ]
    for who in (FIRST, SECOND):
        acts.append(Act(of.Unsubscribe, of.Unsubscribe(ids[f"subscription {who}"]), frozenset({who})))
    for name, theirs in entries.items():
        acts += _on_an_entry(ids[name], theirs)
    for name, theirs in entries.items():
        acts += _on_photos(world, name, theirs)
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


def _on_photos(world: World, name: str, theirs: frozenset[str]) -> list[Act]:
    entry, waiting = world.ids[name], world.ids["photo that waits"]
    return [
        Act(of.AttachPhoto, of.AttachPhoto(waiting, entry), theirs, entry),
        Act(of.AttachPhoto, of.AttachPhoto(world.ids[f"photo {name}"], entry), NO_ONE),
        Act(of.RemovePhoto, of.RemovePhoto(world.ids[f"photo {name}"]), theirs, entry),
        Act(of.RemovePhoto, of.RemovePhoto(waiting), NO_ONE),
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
_ANNOUNCED = {"first": NANTERRE_S | {ORGANISER}, "second": SCEAUX_S}
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
        acts.append(Act(of.Moderate, of.Moderate(number, publish=False), frozenset({_WROTE[name]}), ids[name]))
        acts.append(Act(of.Moderate, of.Moderate(number, False, Refusal.VAGUE), may | {_WROTE[name]}, ids[name]))
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
        acts.append(Act(of.Add, of.Add(_event(place)), may))
    for name, may in _ANNOUNCED.items():
        acts.append(Act(of.TakeBack, of.TakeBack(world.links[f"event {name}"]), may))
    # An event of an entry is for who answers for it: in its own commune, or in any that runs it.
    for name, place, may in (
        ("first", NANTERRE, NANTERRE_S | {ORGANISER}),
        ("first", SCEAUX, frozenset({ORGANISER, BOTH})),
        ("second", SCEAUX, SCEAUX_S),
        ("third", NANTERRE, NANTERRE_S),
    ):
        acts.append(Act(of.Add, of.Add(_event(place, world.ids[name])), may, world.ids[name]))
    return acts


def _event(place: Place, entry: int | None = None) -> dict[str, Any]:
    where = {"code_insee": place.insee, "commune": place.nom, "departement": place.departement, "exact": False}
    what = {"nom": "Disco soupe", "kind": "disco-soupe", "needs": ["alimentation"], "description": ""}
    quand = {"starts": ["2026-12-12T14:00"], "ends": "17:00", "rule": "", "until": ""}
    return {**where, **what, "quand": quand, "initiative_id": entry, "jeton": "b" * 32}


# The same, by buttons.

# What an order only begins: it is written at a later step, or not at all by who has no role.
DRAWN_LATER = {"ajouter": EVERYBODY, "annoncer": EVERYBODY, "monographie": EVERYBODY}

FORGED = ("", "=", "=oui", "0", "0=oui", "-1=oui", "²=oui", "999999999=oui", "9" * 40, "a.b=c", "1.1.1=oui", "\x00")
SAYS_NOTHING = of.See  # what changes nothing of what is protected


def buttons(world: World) -> dict[str, list[Act]]:
    """What each order may lead to: every value of its buttons, on every object."""
    ids, roles_, date = world.ids, world.roles, _key(world)
    first, second, third = (ids[name] for name in ("first", "second", "third"))

    def each(what: type[of.Effect], values: Sequence[str], may: frozenset[str], entry: int | None = None) -> list[Act]:
        return [Act(what, value, may, entry) for value in values]

    def nothing(*values: object) -> list[Act]:
        return each(SAYS_NOTHING, [str(value) for value in values or ("",)], NO_ONE)

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
            *each(of.Try, [world.links["used"], new_secret()], EVERYBODY),
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
        "affiche": nothing(first, second, f"{third}={ids['check first']}"),
        "affiche-non": nothing(first),
        "affiche-voir": nothing(first, second, third),
        "affiche-enlever": [
            act
            for name, may in looks_after.items()
            for act in [
                *each(of.RemovePhoto, saying(ids[f"photo {name}"], "oui"), may, ids[name]),
                *nothing(ids[f"photo {name}"], *saying(ids["photo that waits"], "oui")),
            ]
        ],
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
        "annoncer": each(
            of.Draft,
            [*("", "reprendre", "nouveau", "changer", "voir", "oui"), str(first), f"nouveau={second}", f"meme={date}"],
            EVERYBODY,
        ),
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
        "rdv-retirer": [
            act
            for name, may in _ANNOUNCED.items()
            for act in each(of.TakeBack, saying(world.links[f"event {name}"], "oui", ""), may)
        ],
        "avis": nothing(first, second, third, f"{first}=autre"),
        "avis-retirer": [
            act
            for name, who in _WROTE.items()
            for act in each(of.Moderate, saying(ids[f"avis {name}"], "oui", ""), frozenset({who}), ids[name])
        ],
        "moderer": [
            act
            for name, may in _PUBLISHES.items()
            for act in each(of.Moderate, saying(ids[f"avis {name}"], "publier", *Refusal), may, ids[name])
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
        date = desk(connection, NOBODY).occurrence(world.ids["date"], SATURDAY)
    assert date
    return key_of(date)


def _role_keys(world: World) -> dict[str, str]:
    return {name: f"{number}.{int(BUILT.timestamp())}" for name, number in world.roles.items()}
