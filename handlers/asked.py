"""What several conversations ask the same way: words of one's own, some of several, yes or no at the end.

All of them are begun inside another conversation: each question is about the answer to the one before.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from catalogue.entries import Initiative
from catalogue.exchange import rows
from catalogue.needs import Labelled
from catalogue.spelling import fold
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
from handlers.locale import gettext as _

YES, NO = "oui", "non"
_NUMBER = 16  # digits


# What was done.


def tapped(event: Event) -> str:
    """The value of the button that was tapped, which may be forged; "" for anything else."""
    return event.text.partition(":")[2] if event.kind is Gesture.TAPPED else ""


def answered(event: Event, choices: Rows) -> str:
    """The value of the button, of these, that was tapped or whose label was written; "" for anything else."""
    folded = fold(event.text) if event.kind is Gesture.SAID else ""
    for one in (one for row in choices for one in row):
        if event.text == one.data or (folded and fold(one.label) == folded):
            return one.data.partition(":")[2]
    return ""


def number_in(value: str) -> int:
    """The number a button holds; 0, which is nothing's, for anything else."""
    return int(value) if value.isascii() and value.isdecimal() and len(value) < _NUMBER else 0


def entry_of(value: object, desk: Desk) -> Initiative | None:
    """The entry whose id a button or an answer holds; None when it is none that is shown."""
    return next(iter(desk.initiatives([number_in(str(value))])), None)


def gone_words() -> str:
    """What is said of an entry that is shown no more."""
    return _("Cette fiche n'est plus dans le guide.")


def readable(written: str) -> str:
    """Words on one line, without what cannot be seen, nor be stored: controls, marks that turn a line round."""
    return rows.text(written) or ""


# What is said.


def go_on() -> Choice:
    """Back to what was being done."""
    return Choice(_("Continuer"), "reprendre:")


def said(state: State | None, text: str, *rows: tuple[Choice, ...]) -> Turn:
    """A sentence, what may be tapped, and the way on."""
    return Turn(state, (Reply(text, choices=(*rows, (go_on(),))),))


def asked_again(posed: Posed, first: str = "", state: State | None = None, edits: bool = False) -> Unclear:
    """The same question: what was done is no answer to it, nor to another. `state`: what was understood all the same.

    `first`: what is said before it.
    """
    text = f"{first}\n{posed.text}" if first else posed.text
    choices = (*posed.choices, (Choice(_("Retour"), "retour:"),))
    return Unclear(Reply(text, choices=choices, edits=edits), nearly=True, state=state)


def two_a_row(buttons: Sequence[Choice]) -> Rows:
    """The buttons, two on each line."""
    return tuple(tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2))


# Some of several.


def marked(step: str, options: Iterable[Labelled], chosen: Collection[str]) -> Rows:
    """A button for each, two on each line, with a mark on those that were chosen."""
    buttons = [Choice(("✓ " if one.value in chosen else "") + _(one.label), f"{step}:{one.value}") for one in options]
    return two_a_row(buttons)


def toggled(chosen: Sequence[str], one: str) -> list[str]:
    """What is chosen once one more is touched; touched again, it is chosen no more."""
    return [other for other in chosen if other != one] if one in chosen else [*chosen, one]


# Questions.


@dataclass(frozen=True, slots=True)
class FreeWords:
    """Words of one's own. `objection` says, in a sentence, why they cannot be taken; "" when they can."""

    step: str
    ask: Callable[[], str]
    most: int
    objection: Callable[[str, State, Desk], str]

    def pose(self, state: State, desk: Desk) -> Posed:
        return Posed(self.ask())

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        written = readable(event.text) if event.kind is Gesture.SAID else ""
        why = self._refusal(written) or self.objection(written, state, desk)
        return asked_again(self.pose(state, desk), why) if why else Understood(state.answering(self.step, written))

    def _refusal(self, written: str) -> str:
        if not written:
            return _("Je ne sais lire ici que des mots.")
        too_long = _("C'est trop long : {most} caractères au plus, et vous en avez {count}.")
        return too_long.format(most=self.most, count=len(written)) if len(written) > self.most else ""


@dataclass(frozen=True, slots=True)
class YesOrNo:
    """A question whose answer is yes or no, whatever the two buttons say; `unclear` is said of another answer."""

    step: str
    ask: Callable[[State, Desk], str]
    labels: Callable[[], tuple[str, str]]
    unclear: Callable[[], str] = lambda: ""

    def pose(self, state: State, desk: Desk) -> Posed:
        yes, no = self.labels()
        return Posed(self.ask(state, desk), ((Choice(yes, f"{self.step}:{YES}"), Choice(no, f"{self.step}:{NO}")),))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        posed = self.pose(state, desk)
        value = answered(event, posed.choices) or fold(event.text)
        if value in (YES, NO):
            return Understood(state.answering(self.step, value))
        return asked_again(posed, self.unclear())


def agreement(step: str, summary: Callable[[State, Desk], str]) -> Step:
    """What will be sent, shown first, and sent only when that is agreed to."""
    return Step(step, YesOrNo(step, summary, lambda: (_("Envoyer"), _("Ne pas envoyer"))))


def inner_flow(
    name: str,
    steps: tuple[Step, ...],
    finish: Callable[[State, Desk], Turn],
    held: Callable[[State, Desk], list[str]],
) -> Flow:
    """A conversation that is only begun inside another, by an order: no link leads to it, nor anything that is said."""
    return Flow(
        name,
        steps=steps,
        finish=finish,
        actions={},
        preset=lambda payload, desk: State(name),
        opens=lambda payload, desk: None,
        hears=lambda state, event, desk: asked_again(Posed(_("Touchez un bouton."))),
        held=held,
        greeting=lambda: "",
    )
