"""« Signaler une erreur »: what is not true on a card, said in two or three taps by anybody.

What comes of it is in handlers.settling.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from catalogue.entries import Initiative, Reported
from catalogue.needs import Reason, Role
from catalogue.spelling import fold
from handlers import nested
from handlers.asked import NO, YES, YesOrNo, asked_again, entry_of, gone_words, inner_flow, readable, said, tapped
from handlers.desk import Desk
from handlers.dialogue import (
    Choice,
    Event,
    Flow,
    Gesture,
    Posed,
    Reading,
    State,
    Step,
    Turn,
    Understood,
)
from handlers.effects import Report
from handlers.locale import gettext as _
from handlers.settling import ORDERS as SETTLING
from handlers.settling import correct_choice

NAME = "signalement"
MOST_WRITTEN = 500  # characters
_WORDS_FOR = {
    Reason.FERME: re.compile(r"\b(?:ferm\w*|n existe plus)\b"),
    Reason.HORAIRES: re.compile(r"\b(?:horaires?|heures?)\b"),
    Reason.ADRESSE: re.compile(r"\b(?:adresse|demenag\w*)\b"),
    Reason.TELEPHONE: re.compile(r"\b(?:telephone|numero)\b"),
    Reason.ACCUEIL: re.compile(r"\b(?:accueil\w*|mal recue?s?)\b"),
}
_NO_WORDS = frozenset(("non", "non merci", "non envoyer", "envoyer", "rien"))


class Reports(Protocol):
    """What is looked up; `catalogue.reports.Reports` answers from the database."""

    def has_said_enough(self) -> bool:
        """Whether this person reported so much in a day that the rest waits until tomorrow."""

    def may_correct(self, entry: Initiative) -> bool:
        """Whether this person may correct an entry themselves."""

    def to_settle(self, report_id: int) -> tuple[Reported, Role] | None:
        """What a report is about, and the role in which this person may settle it; None when they may not."""

    def names(self) -> Sequence[str]:
        """The names of the entries of which what this person said is kept as theirs."""


# Reporting.


def begin(state: State | None, value: str, desk: Desk) -> Turn:
    """What is not right on a card, asked inside whatever was being done: "<entry id>"."""
    entry = entry_of(value, desk)
    if entry is None:
        return said(state, gone_words())
    if desk.reports.has_said_enough():
        return said(state, _enough())
    return Turn(nested.inside(state, NAME, fiche=entry.id), ())


def _enough() -> str:
    return _("Merci, vous avez déjà beaucoup signalé aujourd'hui.\nRevenez demain pour la suite.")


@dataclass(frozen=True, slots=True)
class ReasonChoice:
    """What is not right: tapped, or named."""

    def pose(self, state: State, desk: Desk) -> Posed:
        entry = entry_of(state.answers["fiche"], desk)
        rows = tuple((Choice(_(reason.label), f"raison:{reason.value}"),) for reason in Reason)
        asked = _("{name} : qu'est-ce qui n'est pas juste ?").format(name=entry.nom if entry else "")
        if entry is None or not desk.reports.may_correct(entry):
            return Posed(asked, rows)
        themselves = _("Vous pouvez corriger cette fiche vous-même.")
        return Posed(f"{asked}\n{themselves}", (correct_choice(entry.id), *rows))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        reason = Reason.of(tapped(event)) if event.kind is Gesture.TAPPED else _named(fold(event.text))
        if reason:
            return Understood(state.answering("raison", reason.value))
        return asked_again(self.pose(state, desk), _("Touchez ce qui n'est pas juste."))


def _named(folded: str) -> Reason | None:
    labelled = (reason for reason in Reason if fold(_(reason.label)) == folded)
    return next(labelled, None) or next((one for one, words in _WORDS_FOR.items() if words.search(folded)), None)


@dataclass(frozen=True, slots=True)
class FewWords:
    """What somebody wants to add. Only "autre chose" must be said with words."""

    def pose(self, state: State, desk: Desk) -> Posed:
        careful = _("N'écrivez ni nom ni adresse personnelle.")
        if state.answers["raison"] == Reason.AUTRE:
            asked = _("Qu'est-ce qui n'est pas juste ? Écrivez-le en quelques mots.")
            return Posed(f"{asked}\n{careful}")
        asked = _("Voulez-vous ajouter un mot ? Écrivez-le ici.")
        return Posed(f"{asked}\n{careful}", ((Choice(_("Non, envoyer"), f"mot:{NO}"),),))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        said_no = event.kind is Gesture.SAID and fold(event.text) in _NO_WORDS
        if (said_no or event.text == f"mot:{NO}") and state.answers["raison"] != Reason.AUTRE:
            return self._written("", state, desk)
        written = readable(event.text) if event.kind is Gesture.SAID else ""
        if written:
            return self._written(written[:MOST_WRITTEN], state, desk)
        return asked_again(self.pose(state, desk), _("Je ne sais lire que du texte."))

    def _written(self, words: str, state: State, desk: Desk) -> Reading:
        state = state.answering("mot", words)
        # Nobody can be written to on the web: the question is not asked there.
        return Understood(state if desk.told_later else state.answering("dire", NO))


TOLD_LATER = YesOrNo(
    "dire",
    lambda state, desk: _("Voulez-vous savoir ce que ça devient ?"),
    lambda: (_("Oui"), _("Non")),
    lambda: _("Répondez par oui ou par non."),
)


def _send(state: State, desk: Desk) -> Turn:
    """What was said is noted, and where one was is taken up again."""
    entry, reason = entry_of(state.answers["fiche"], desk), Reason(state.answers["raison"])
    if entry is None:
        return nested.ended(state, gone_words())
    if desk.reports.has_said_enough():
        return nested.ended(state, _enough())
    words, to_be_told = state.answers["mot"], desk.told_later and state.answers["dire"] == YES
    lines = [_("Merci. Une personne qui connaît ce lieu va vérifier.")]
    if reason is Reason.ACCUEIL:
        lines = [_("Merci de l'avoir dit. La personne qui coordonne le guide ici va le lire.")]
    if len(words) == MOST_WRITTEN:
        lines.append(_("J'ai gardé le début de votre message."))
    if to_be_told:
        lines.append(_("Je vous écrirai ce que ça devient."))
    turn = nested.ended(state, "\n".join(lines))
    return replace(turn, effects=(Report(entry.id, reason, words, to_be_told),))


def _held(state: State, desk: Desk) -> list[str]:
    """What was said so far of the card, in words."""
    entry, reason = entry_of(state.answers["fiche"], desk), Reason.of(state.answers.get("raison", ""))
    lines = [_("ce que vous signalez : {name}").format(name=entry.nom)] if entry else []
    lines += [_("ce qui n'est pas juste : {reason}").format(reason=_(reason.label))] if reason else []
    return lines + ([_("votre mot : {words}").format(words=state.answers["mot"])] if state.answers.get("mot") else [])


def in_lines(desk: Desk) -> list[str]:
    """What is kept about the person, as « Mes données » tells it."""
    lines = [_("Vous avez signalé une erreur sur : {name}.").format(name=name) for name in desk.reports.names()]
    return [*lines, _("Je l'oublie une fois vérifié, ou après un an.")] if lines else []


_STEPS = (Step("raison", ReasonChoice()), Step("mot", FewWords(), takes_words=True), Step("dire", TOLD_LATER))
SIGNALEMENT = inner_flow(NAME, _STEPS, _send, _held)

FLOWS: tuple[Flow, ...] = (SIGNALEMENT,)
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"signaler": begin, **SETTLING}
