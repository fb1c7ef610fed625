"""What is given answer by answer and kept as one goes: a draft, gone on with later; and how its words are read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from catalogue.exchange import rows
from catalogue.spelling import fold
from handlers import nested, words
from handlers.cards import town_hall_words
from handlers.desk import Desk
from handlers.dialogue import (
    Choice,
    Event,
    Flow,
    Gesture,
    Posed,
    Question,
    Reading,
    Reply,
    Rows,
    State,
    Step,
    Turn,
    Unclear,
    Understood,
)
from handlers.effects import Draft
from handlers.hearing import known_place
from handlers.locale import gettext as _

Content = Mapping[str, Any]

# The conversations, and what is given in them, as it is kept.
PLACE, TALE, EVENT = "ajout", "monographie", "annonce"
TOKEN = 32  # hexadecimal digits
LONGEST_NAME, LONGEST_WORDS = 120, 600  # characters
SKIP = "passer"
_BESIDE_ANSWERS = ("jeton", "debut", "point", "fiche", "nom-du-lieu")  # kept too, but asked by no step
_LATER = "suite"  # the answers after the question that is asked, when one answer is being changed
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # what no database takes
_NOT_KNOWN = frozenset((
    "passer", "je ne sais pas", "ne sais pas", "sais pas", "on ne sait pas", "inconnu", "aucun", "aucune", "non",
    "rien",
))  # fmt: skip


# ---- keeping each answer -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Form:
    """A conversation of which each answer is kept at once, as long as it is theirs to give."""

    name: str
    steps: tuple[Step, ...]
    may: Callable[[State, Desk], bool]
    sorry: Callable[[], str]  # said when it is no longer theirs
    show: Callable[[State, Desk], Turn]  # once all is answered

    def flow(self) -> Flow:
        return Flow(
            self.name,
            tuple(replace(step, question=Kept(self, step.question), takes_words=True) for step in self.steps),
            finish=self._finish,
            actions={},
            preset=lambda payload, desk: State(self.name),
            opens=lambda payload, desk: None,
            hears=self._hears,
            held=lambda state, desk: [],  # told from what is kept: in_lines
            greeting=lambda: "",
        )

    def at(self, state: State | None, answers: Content) -> State:
        """The conversation that asks what is not answered yet, begun where another was."""
        return nested.inside(state, self.name, **self._in_order(answers))

    def is_whole(self, answers: Content) -> bool:
        return all(step.name in answers for step in self.steps)

    def keeping(self, state: State, desk: Desk) -> Understood:
        """An answer was given: it is kept, or all is given up."""
        if not self.may(state, desk):
            # No question is left: `_finish` then says that it is over.
            return Understood(replace(state, answers={**state.answers, **dict.fromkeys(self._names())}))
        answers = {**state.answers, **state.answers.get(_LATER, {})}
        given = {name: answers[name] for name in (*_BESIDE_ANSWERS, *self._names()) if name in answers}
        kept = Draft({**draft(desk), self.name: given})
        return Understood(replace(state, answers=self._in_order(answers)), effects=(kept,))

    def _in_order(self, answers: Content) -> dict[str, Any]:
        """Those after the question that is asked are set aside: « Retour » goes back from it, not from the last."""
        known, names = dict(answers), self._names()
        asked = next((number for number, name in enumerate(names) if name not in known), len(names))
        later = {name: known.pop(name) for name in names[asked:] if name in known}
        return {**known, _LATER: later}

    def _names(self) -> tuple[str, ...]:
        return tuple(step.name for step in self.steps)

    def _finish(self, state: State, desk: Desk) -> Turn:
        given_up = None in map(state.answers.get, self._names())
        if given_up or not self.may(state, desk):
            return replace(over(state, self.sorry()), effects=(without(self.name, desk),))
        return self.show(state, desk)

    def _hears(self, state: State, event: Event, desk: Desk) -> Reading:
        """Words once all is answered."""
        shown = self._finish(state, desk).replies[-1]
        return Unclear(Reply(_("Touchez un des boutons, pour que je ne me trompe pas."), choices=shown.choices))


@dataclass(frozen=True, slots=True)
class Kept:
    """A question of a form."""

    form: Form
    question: Question

    def pose(self, state: State, desk: Desk) -> Posed | None:
        return self.question.pose(state, desk)

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        reading = self.question.read(state, event, desk)
        return self.form.keeping(reading.state, desk) if isinstance(reading, Understood) else reading


def draft(desk: Desk) -> dict[str, Any]:
    """What is kept of what the person gives: of each form, by its name."""
    return dict(desk.additions.draft() or {})


def without(name: str, desk: Desk) -> Draft:
    """Keeps nothing more of a form."""
    return Draft({kept: value for kept, value in draft(desk).items() if kept != name})


def begun_on(kept: Content, desk: Desk) -> str:
    """ "le mardi 24 novembre" """
    return _("le {day}").format(day=words.full_day(date.fromisoformat(kept["debut"]), desk.now.date()))


def over(state: State | None, text: str, *more: tuple[Choice, ...]) -> Turn:
    """What is said when it is over; another conversation, if there is one, goes on."""
    if state and state.flow in (PLACE, TALE, EVENT):
        return nested.ended(state, text, *more)
    return Turn(state, (Reply(text, choices=(*more, (Choice(_("Continuer"), "reprendre:"),))),))


def to_the_town(state: State | None, text: str, desk: Desk, *rows: tuple[Choice, ...]) -> Turn:
    """For who may not write in the guide: whom else to tell, and what they may do."""
    place = known_place(state, desk)
    hall = desk.town_hall(place.insee) if place else None
    more = town_hall_words(hall, alone=True) if hall else _("La mairie de votre commune peut aussi le faire savoir.")
    return over(state, f"{text}\n{more}", *rows)


def added(token: str, desk: Desk) -> int | None:
    """The entry that was made of a token, which a button carries."""
    return desk.additions.added(token) if len(token) == TOKEN else None


# ---- reading words -------------------------------------------------------------------------------


def message(question: Question, state: State, desk: Desk, first: str = "", asks_position: bool = False) -> Reply:
    """A question asked in answer to something."""
    asked = question.pose(state, desk) or Posed("")
    text = f"{first}\n{asked.text}" if first else asked.text
    return Reply(text, choices=(*asked.choices, back()), asks_position=asks_position)


def back() -> tuple[Choice, ...]:
    """The way to the question before."""
    return (Choice(_("Retour"), "retour:"),)


def again(question: Question, state: State, desk: Desk, first: str = "") -> Unclear:
    """The same question: what was done is no answer to it."""
    return Unclear(message(question, state, desk, first), nearly=True, state=state)


def readable(event: Event) -> str:
    """What was written, one space between words; "" for what is no text."""
    if event.kind is not Gesture.SAID or _NO_TEXT.search(event.text) or rows.text(event.text) is None:
        return ""
    return rows.text(event.text) or ""


def tapped(event: Event) -> str:
    """The value of the button; "" when none was tapped."""
    return event.text.partition(":")[2] if event.kind is Gesture.TAPPED else ""


def skips(event: Event) -> bool:
    """Whether the answer is that one does not know."""
    return tapped(event) == SKIP or fold(readable(event)[:LONGEST_NAME]) in _NOT_KNOWN


def skip(name: str) -> Rows:
    """The button that says that one does not know."""
    return ((Choice(_("Je ne sais pas"), f"{name}:{SKIP}"),),)


def only_words() -> str:
    return _("Je n'ai pas pu lire. Écrivez votre réponse avec des mots.")


@dataclass(frozen=True, slots=True)
class Words:
    """Whatever is written, kept as it is."""

    name: str
    ask: Callable[[], str]
    longest: int
    may_skip: bool = True

    def pose(self, state: State, desk: Desk) -> Posed:
        return Posed(self.ask(), skip(self.name) if self.may_skip else ())

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if self.may_skip and skips(event):
            return Understood(state.answering(self.name, ""))
        said = readable(event)
        if len(said) > self.longest:
            text = _("C'est trop long : {count} caractères au plus.").format(count=self.longest)
            return again(self, state, desk, text)
        return Understood(state.answering(self.name, said)) if said else again(self, state, desk, only_words())
