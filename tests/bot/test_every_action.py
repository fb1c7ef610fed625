"""Every role × every action × own and foreign objects: whatever is pressed or forged, nothing beyond a role is written.

What each may do is said here, from the rules of the guide and not from its code: who answers for an entry runs it, or
looks after its commune; whoever coordinates a territory invites, revokes and decides there; everybody may report, and
ask to be told; what is somebody's own stays theirs.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_args

import pytest
from sqlalchemy import Connection, Engine, event, update

from bot.effects import apply
from catalogue.database import open_database, writing
from catalogue.needs import Role, Settled
from catalogue.roles import revoke
from catalogue.tables import mandates, runs
from handlers import effects as of
from handlers.dialogue import Event, Gesture
from handlers.engine import _OBEYED, advance
from tests.bot.every_action_rules import (
    DRAWN_LATER,
    ENDING,
    FOR_EVERYBODY,
    FORGED,
    HISTORY,
    MARKED,
    OWN,
    SAYS_NOTHING,
    WRITES,
    Act,
    buttons,
    everything,
)
from tests.bot.every_action_world import (
    BOTH,
    COORDINATOR,
    EVERYBODY,
    FIRST,
    NO_ONE,
    NOW,
    ORGANISER,
    ROLES,
    SOCIAL,
    WITH_A_ROLE,
    Change,
    World,
    built,
    changes,
    desk,
    snapshot,
)
from tests.people import CHANNEL
from tests.scheduler.telling import SATURDAY


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    yield from built(engine)


@pytest.fixture
def sqlite_world(sqlite_url: str) -> Iterator[World]:
    """What takes thousands of turns is played on one engine: that they say the same is shown elsewhere."""
    engine = open_database(sqlite_url)
    yield from built(engine)
    engine.dispose()


# What is done, and what it changed.


def press(connection: Connection, who: str, act: Act, wrote: Sequence[str]) -> set[type[of.Effect]]:
    """Taps a button from nothing, then the same again where that led; returns what the person is told is done.

    What led nowhere and wrote nothing would be the very same tap: it is not made again.
    """
    state, told = None, set[type[of.Effect]]()
    for _ in range(2):
        turn = advance(state, Event(Gesture.TAPPED, str(act.done)), desk(connection, who))
        apply(connection, CHANNEL, who, turn.effects, NOW)
        told |= {type(effect) for effect in turn.effects}
        state = turn.state
        if state is None and not wrote:
            break
    return told


def apply_twice(connection: Connection, who: str, act: Act, wrote: Sequence[str]) -> set[type[of.Effect]]:
    """Does something directly, and once more if it wrote anything; but a link, which is another each time."""
    assert not isinstance(act.done, str)
    apply(connection, CHANNEL, who, [act.done], NOW)
    if wrote and act.what is not of.Invite:
        apply(connection, CHANNEL, who, [act.done], NOW)
    return set()


class _Undone(Exception):
    """It is to be as if nothing had been done."""


Do = Callable[[Connection, str, Act, Sequence[str]], set[type[of.Effect]]]


def changed_by(world: World, do: Do, who: str, act: Act) -> tuple[list[Change], set[type[of.Effect]]]:
    """What something changes, and what is told of it; it is then undone."""
    wrote: list[str] = []
    found: list[Change] = []
    told = set[type[of.Effect]]()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        wrote.extend([statement] if not statement.lstrip().startswith("SELECT") else [])

    with suppress(_Undone), writing(world.engine) as connection:
        event.listen(connection, "before_cursor_execute", note)
        told = do(connection, who, act, wrote)
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
    if change.table in HISTORY:
        return change.old is None and (change.table != "revisions" or change.says("role") == {ROLES[who].value})
    if change.table in OWN or (change.table == "reports" and act.what in (of.Forget, of.StopAll)):
        return change.says("person") == {who}
    if change.table == "roles" and act.what is of.Accept:
        return change.says("person") == {who}
    if change.table in ("roles", "mandates", "runs", "askings") and act.what in (*ENDING, of.Arrange):
        return change.says("id" if change.table == "roles" else "role_id") <= ended
    if change.table in MARKED and act.what in ENDING:
        return change.differs() == {"role_id"} and change.says("role_id") <= ended
    entry = change.says("id" if change.table == "initiatives" else "initiative_id")
    return act.about is None or not entry or entry == {act.about}


def _roles_of(world: World, who: str) -> set[int | None]:
    return {row["id"] for row in world.before["roles"].values() if row["person"] == who}


# What it must show.


def test_every_order_and_every_effect_is_classified(world: World) -> None:
    assert set(buttons(world)) == set(_OBEYED)
    assert set(WRITES) == set(get_args(of.Effect))
    assert {act.what for act in everything(world)} == set(get_args(of.Effect))


def test_no_effect_writes_beyond_a_role_and_each_does_what_it_is_for(world: World) -> None:
    wrong, key = [], (world.ids["date"], SATURDAY)
    for act in everything(world):
        for who in sorted(EVERYBODY):
            found, _told = changed_by(world, apply_twice, who, act)
            wrong += beyond(world, act, who, found)
            if who in act.may and not found and act.done != of.Settle(*key, Settled.NE_SAIS_PAS):
                wrong.append(f"{act.done}: {who} may, and nothing was written")
    assert wrong == []


def test_no_button_forged_or_replayed_writes_beyond_a_role_and_each_serves_who_may(sqlite_world: World) -> None:
    wrong = []
    for order, acts in buttons(sqlite_world).items():
        served = set()
        malformed = acts[0] if order in ("ajouter", "annuler") else Act(SAYS_NOTHING, "", NO_ONE)
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
            f"{order}: {who} may, and nothing was written" for who in may - served - DRAWN_LATER.get(order, NO_ONE)
        ]
    assert wrong == []


# What was begun in a role, and is ended without it. Words are said, the others are buttons; the last is its label.
_ADDING = (
    *("ajouter:", "Le Fournil", "Nanterre", "kind:tiers-lieu", "needs:alimentation", "needs:fini", "On y mange."),
    *("adresse:passer", "telephone:passer", "lien:passer", "horaires:passer", "publics:passer", "frais:passer"),
    *("methode:visite", "Oui, l'ajouter au guide"),
)
_ANNOUNCING = (
    *("annoncer:{first}", "Disco soupe", "kind:disco-soupe", "needs:fini", "samedi 12 décembre 14h", "quand:oui"),
    *("adresse:ici", "description:passer", "frais:passer", "joindre:passer", "Oui, l'annoncer"),
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
            turn = advance(state, Event(kind, one.format(**world.ids)), desk(connection, who))
            apply(connection, CHANNEL, who, turn.effects, NOW)
            state = turn.state
        found = {change.table for change in changes(before, snapshot(connection))} - {"drafts"}
        raise _Undone
    return found


@pytest.mark.parametrize(
    ("story", "people", "what"),
    [
        (_ADDING, {FIRST, COORDINATOR}, of.Add),
        (_ANNOUNCING, {FIRST, COORDINATOR, ORGANISER}, of.Add),
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
