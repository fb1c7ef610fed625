"""Correcting a card in the chat: a field, its old value, the new one, what it will say, and it is done.

Whether a card is theirs to correct is read anew at each tap, and again when the correction is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from catalogue.entries import Conflict, Correction, Initiative
from catalogue.needs import Status
from catalogue.spelling import fold
from handlers import nested
from handlers.asked import inner_flow, number_in, said, tapped, two_a_row
from handlers.deciding import ORDERS as DECIDING
from handlers.desk import Desk
from handlers.dialogue import (
    Choice,
    Event,
    Flow,
    Gesture,
    Posed,
    Reading,
    Reply,
    Rows,
    State,
    Step,
    Turn,
    Unclear,
    Understood,
)
from handlers.effects import Correct, Undo
from handlers.field_answers import STEP, Again, Field, applied, in_words
from handlers.fields import every_field
from handlers.locale import gettext as _
from handlers.locale import ngettext

NAME = "correction"
WHICH, SURE = "champ", "corriger-oui"
WHERE = "adresse"  # the field for which a position may be shared


class Corrections(Protocol):
    """What is looked up; `catalogue.corrections.Corrections` answers from the database."""

    def entry(self, initiative_id: int) -> Initiative | None:
        """An entry, even suspended or closed, when this person may correct it."""

    def is_contradicted(self, initiative_id: int, field: str, values: Mapping[str, Any]) -> bool:
        """Whether another person said something else of that field lately: somebody will have to decide."""

    def undoable(self, initiative_id: int, field: str) -> Correction | None:
        """The last correction of this person's that may still be taken back."""

    def conflict(self, correction_id: int) -> Conflict | None:
        """Two corrections between which this person may decide."""

    def made(self) -> int:
        """How many corrections this person made."""


# Beginning.


def _begin(state: State | None, value: str, desk: Desk) -> Turn:
    return begun(NAME, state, value, desk)


def begun(flow: str, state: State | None, value: str, desk: Desk) -> Turn:
    """A conversation about a card of theirs: "<entry id>", or "<entry id>=<check id>" from a question put to them."""
    id_, _equals, check = value.partition("=")
    entry = desk.corrections.entry(number_in(id_))
    if not entry:
        return _not_theirs(state, number_in(id_), desk)
    return Turn(nested.inside(state, flow, fiche=entry.id, question=number_in(check)), ())


def _not_theirs(state: State | None, id_: int, desk: Desk) -> Turn:
    if not desk.initiatives([id_]):
        return said(state, _("Cette fiche n'est plus dans le guide, ou vous ne pouvez pas la corriger."))
    text = _("Vous ne pouvez pas corriger cette fiche vous-même.\nVous pouvez dire ce qui n'est pas juste.")
    return said(state, text, (Choice(_("Signaler une erreur"), f"signaler:{id_}"),))


def entry_of(state: State, desk: Desk) -> Initiative | None:
    """The card a conversation is about, while it is theirs to correct."""
    return desk.corrections.entry(state.answers.get("fiche", 0)) or None


def _given_up(state: State) -> Understood:
    """No question is left: `_shown` then says that it is over."""
    return Understood(state.answering(WHICH, "").answering(STEP, {}))


def no_more(state: State) -> Turn:
    """What is said when it is not theirs any more."""
    return nested.ended(state, _("Vous ne pouvez plus corriger cette fiche. Rien n'a été changé."))


def _over() -> Posed:
    return Posed(_("Vous ne pouvez plus corriger cette fiche."), ((Choice(_("Continuer"), f"{WHICH}:"),),))


# What to correct, and what is true.


class WhichField:
    """One of the fields of a card, touched or written."""

    def pose(self, state: State, desk: Desk) -> Posed:
        entry = entry_of(state, desk)
        if entry is None:
            return _over()
        return Posed(_("Que faut-il corriger ?\n{name}").format(name=entry.nom), self._choices(state, desk))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        entry = entry_of(state, desk)
        if entry is None:
            return _given_up(state)
        field = self._chosen(event)
        if field is None:
            return Unclear(Reply(_("Touchez ce qu'il faut corriger."), choices=self._choices(state, desk)))
        chosen = state.without("brouillon", STEP).answering(WHICH, field.name)
        posed = _asked(field, entry, desk)
        # Said here, and not by the step: only an address may be answered by a position.
        reply = Reply(posed.text, choices=(*posed.choices, (_back(),)), asks_position=field.name == WHERE)
        return Unclear(reply, state=chosen)

    def _chosen(self, event: Event) -> Field | None:
        fields = every_field()
        if event.kind is Gesture.TAPPED:
            return fields.get(tapped(event))
        named = fold(event.text) if event.kind is Gesture.SAID and len(event.text) < 50 else ""
        return next((field for field in fields.values() if named in (fold(field.label), fold(field.name))), None)

    def _choices(self, state: State, desk: Desk) -> Rows:
        buttons = [Choice(field.label, f"{WHICH}:{name}") for name, field in every_field().items()]
        return (*two_a_row(buttons), self._poster(state, desk), (Choice(_("Ne rien corriger"), "corriger-non:"),))

    def _poster(self, state: State, desk: Desk) -> tuple[Choice, ...]:
        """What is no field of the card: handlers.poster_photo."""
        id_, check = state.answers["fiche"], state.answers["question"]
        to_send = Choice(_("Photographier l'affiche"), f"affiche:{id_}={check}" if check else f"affiche:{id_}")
        to_see = (Choice(_("Voir l'affiche"), f"affiche-voir:{id_}"),) if desk.photos.of(id_) else ()
        return (to_send, *to_see)


def _back() -> Choice:
    return Choice(_("Retour"), "retour:")


def _asked(field: Field, entry: Initiative, desk: Desk) -> Posed:
    """The old value, then how to say the new one."""
    today = desk.now.date()
    posed = field.pose(entry, today)
    known = field.shown(entry, today)
    old = _("Aujourd'hui : {value}").format(value=known) if known else _("Aujourd'hui, ce n'est pas précisé.")
    return Posed(f"{field.label}\n{old}\n{posed.text}", posed.choices)


class NewValue:
    """What a field says from now on."""

    def pose(self, state: State, desk: Desk) -> Posed:
        entry, field = entry_of(state, desk), _field(state)
        return _asked(field, entry, desk) if entry and field else _over()

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        entry, field = entry_of(state, desk), _field(state)
        if entry is None or field is None:
            return _given_up(state)
        found = field.read(entry, state.answers.get("brouillon", {}), event, desk)
        if isinstance(found, Again):
            choices = (*found.choices, (_back(),))
            may_share = field.name == WHERE and not found.choices
            reply = Reply(found.text, choices=choices, asks_position=may_share, edits=found.in_place)
            return Unclear(reply, state=state if found.draft is None else state.answering("brouillon", found.draft))
        if applied(entry, found) == entry:
            text = _("La fiche le dit déjà. Écrivez autre chose, ou revenez en arrière.")
            return Unclear(Reply(text, choices=(*field.pose(entry, desk.now.date()).choices, (_back(),))))
        return Understood(state.without("brouillon").answering(STEP, dict(found)))


def _field(state: State) -> Field | None:
    return every_field().get(state.answers.get(WHICH, ""))


# What it will say, and the last tap.


def _shown(state: State, desk: Desk) -> Turn:
    """The old value and the new one, as they are read on the card."""
    entry, field = entry_of(state, desk), _field(state)
    if entry is None or field is None:
        return no_more(state)
    text = f"{entry.nom}\n{_before_and_after(field, entry, applied(entry, state.answers[STEP]), desk.now.date())}"
    if state.answers[STEP].get("status") == Status.CLOSED.value:
        text += "\n" + _("La fiche ne sera plus montrée à personne.")
    rows: Rows = (
        (Choice(_("Oui, corriger"), f"{SURE}:oui"), Choice(_("Non, recommencer"), f"{SURE}:non")),
        (Choice(_("Ne rien corriger"), "corriger-non:"),),
    )
    question = _("C'est bien cela ?")
    return Turn(state, (Reply(f"{text}\n{question}", choices=rows),))


def _before_and_after(field: Field, before: Initiative, after: Initiative, today: date) -> str:
    old, new = (in_words(field, one, today) for one in (before, after))
    return _("{field}\nAvant : {old}\nAprès : {new}").format(field=field.label, old=old, new=new)


def _sure(state: State, value: str, desk: Desk) -> Turn:
    """The last tap; "non" asks for the same field again."""
    if value != "oui":
        return Turn(state.without(STEP, "brouillon"), ())
    entry, field = entry_of(state, desk), _field(state)
    if entry is None or field is None:
        return no_more(state)
    values = state.answers[STEP]
    if applied(entry, values) == entry:
        return nested.ended(state, _("La fiche le dit déjà."), *what_next(state))
    effects = (Correct(entry.id, field.name, values),)
    if desk.corrections.is_contradicted(entry.id, field.name, values):
        text = _(
            "Merci. Quelqu'un d'autre a corrigé ce point il y a peu, autrement.\n"
            "Je garde les deux réponses. Une personne va choisir."
        )
        return replace(nested.ended(state, text, *what_next(state)), effects=effects)
    text = _("C'est corrigé. Merci.\n{field} : {value}")
    new = in_words(field, applied(entry, values), desk.now.date())
    undo = (Choice(_("Annuler cette correction"), f"defaire:{entry.id}={field.name}"),)
    turn = nested.ended(state, text.format(field=field.label, value=new), undo, *what_next(state))
    return replace(turn, effects=effects)


def what_next(state: State) -> Rows:
    """What may be done of that card afterwards."""
    id_, check = state.answers["fiche"], state.answers["question"]
    again = Choice(_("Corriger autre chose"), f"corriger:{id_}={check}" if check else f"corriger:{id_}")
    rest: Rows = ((Choice(_("Tout le reste est juste"), f"verifier:{check}=oui"),),) if check else ()
    return ((again,), *rest)


def _leave(state: State | None, value: str, desk: Desk) -> Turn:
    """« Ne rien corriger »."""
    if state is None or state.flow != NAME:
        return said(state, _("D'accord. Rien n'a été changé."))
    return nested.ended(state, _("D'accord. Rien n'a été changé."))


def _hears(state: State, event: Event, desk: Desk) -> Reading:
    """Words said once the result is shown."""
    if "fiche" not in state.answers or not state.answers.get(STEP):
        return Unclear(Reply(_("Touchez une des réponses proposées."), choices=((_back(),),)))
    return Unclear(_shown(state, desk).replies[-1])


def _held(state: State, desk: Desk) -> list[str]:
    field = _field(state)
    return [_("une correction commencée : {field}").format(field=field.label)] if field else []


# Undoing.


def _undo(state: State | None, value: str, desk: Desk) -> Turn:
    """ "<entry id>=<field>": the last correction of that field, if it is theirs and less than an hour old."""
    id_, _equals, name = value.partition("=")
    field, found = every_field().get(name), desk.corrections.undoable(number_in(id_), name)
    again = (Choice(_("Corriger"), f"corriger:{number_in(id_)}"),)
    if not found or field is None:
        text = _(
            "Cette correction ne peut plus être annulée.\nUne correction s'annule dans l'heure, si rien n'a changé."
        )
        return said(state, text, again)
    turn = said(state, _("C'est annulé. La fiche est comme avant : {field}.").format(field=field.label), again)
    return replace(turn, effects=(Undo(found.id),))


# What is kept.


def in_lines(desk: Desk) -> list[str]:
    """What is kept about the person, as « Mes données » tells it."""
    made = desk.corrections.made()
    if not made:
        return []
    text = ngettext("{count} correction faite dans votre rôle", "{count} corrections faites dans votre rôle", made)
    return [text.format(count=made)]


_STEPS = (Step(WHICH, WhichField()), Step(STEP, NewValue(), takes_words=True))
CORRECTION = replace(inner_flow(NAME, _STEPS, _shown, _held), actions={SURE: _sure}, hears=_hears)
FLOWS: tuple[Flow, ...] = (CORRECTION,)
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {
    "corriger": _begin,
    "corriger-non": _leave,
    "defaire": _undo,
    **DECIDING,
}
