"""« Proposer »: a need, or a kind of place, that the guide lacks. Coordinators of the territory read it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from catalogue.entries import Proposal
from handlers import nested, words
from handlers.asked import YES, FreeWords, agreement, inner_flow, number_in, said
from handlers.desk import Desk
from handlers.dialogue import Choice, Flow, State, Step, Turn
from handlers.effects import Propose
from handlers.locale import gettext as _

NAME = "proposer"
WORDS, SURE = "proposer-mots", "proposer-accord"  # the steps
LONGEST = 300  # characters
PAGE = 10


class Proposals(Protocol):
    """What is looked up; `catalogue.proposals.Proposals` answers from the database."""

    def may_propose(self) -> bool:
        """Whether the person has a role."""

    def too_many(self) -> bool:
        """Whether as much was proposed today as may be in that role, from that territory."""

    def may_read(self) -> bool:
        """Whether the person is a coordinator."""

    def to_read(self) -> Sequence[Proposal]:
        """What nobody settled yet and comes from the territories the person coordinates, the oldest first."""


# The conversation.


def begin(state: State | None, value: str, desk: Desk) -> Turn:
    """« Proposer »: anybody who has a role."""
    if why := _why_not(desk):
        return said(state, why)
    return Turn(nested.inside(state, NAME), ())


def _why_not(desk: Desk) -> str:
    """Why the person may not propose anything now; "" when they may."""
    if not desk.proposals.may_propose():
        return _("Proposer un besoin demande un rôle dans le guide. Un coordinateur peut vous inviter.")
    if desk.proposals.too_many():
        return _("Beaucoup de propositions sont venues de chez vous aujourd'hui, merci. Revenez demain.")
    return ""


def _ask_words() -> str:
    return _("Quel besoin, ou quel type de lieu, manque dans le guide ? 300 caractères au plus.")


def _summary(state: State, desk: Desk) -> str:
    text = _("Votre proposition :\n« {words} »\nLes coordinateurs de votre territoire la liront.")
    return text.format(words=state.answers[WORDS])


def _finish(state: State, desk: Desk) -> Turn:
    if state.answers[SURE] != YES:
        return nested.ended(state, _("D'accord, rien n'est envoyé."))
    if why := _why_not(desk):
        return nested.ended(state, why)
    turn = nested.ended(state, _("Merci. C'est transmis aux coordinateurs de votre territoire."))
    return replace(turn, effects=(Propose(state.answers[WORDS]),))


def listed(state: State | None, value: str, desk: Desk) -> Turn:
    """What was proposed in the territories of a coordinator, ten at a time; `value` is how many were read."""
    if not desk.proposals.may_read():
        return said(state, _("Les propositions se lisent avec un rôle de coordinateur."))
    found = desk.proposals.to_read()
    if not found:
        return said(state, _("Aucune proposition n'attend pour vos territoires."), (_propose(),))
    first = min(number_in(value), len(found) - 1) // PAGE * PAGE
    text = "\n".join((_("Ce qui manque dans le guide, d'après vos territoires :"), *_page(found, first, desk)))
    left = len(found) - first - PAGE
    more = ((Choice(_("Voir la suite"), f"propositions:{first + PAGE}"),),) if left > 0 else ()
    return said(state, text, *more)


def _page(found: Sequence[Proposal], first: int, desk: Desk) -> list[str]:
    return [_line(one, desk.now) for one in found[first : first + PAGE]]


def _line(one: Proposal, now: datetime) -> str:
    day = words.day_and_month(one.at.astimezone(now.tzinfo).date())
    text = _("{number}. {day}, {role} : « {words} »")
    return text.format(number=one.id, day=day, role=_(one.role.label), words=one.words)


def _propose() -> Choice:
    return Choice(_("Proposer un besoin"), "proposer:")


def _held(state: State, desk: Desk) -> list[str]:
    written = state.answers.get(WORDS)
    return [_("votre proposition, pas encore envoyée : « {words} »").format(words=written)] if written else []


_ANYTHING = FreeWords(WORDS, _ask_words, LONGEST, lambda said, state, desk: "")
PROPOSING = inner_flow(NAME, (Step(WORDS, _ANYTHING, takes_words=True), agreement(SURE, _summary)), _finish, _held)

FLOWS: tuple[Flow, ...] = (PROPOSING,)
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"proposer": begin, "propositions": listed}
