"""How a field of a card is asked for and read, typed or tapped: what every one of them does.

Pure: what is typed or tapped comes in, and columns go out, or what to say in plain French to ask again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from catalogue.entries import Initiative
from catalogue.exchange import rows
from catalogue.needs import Frais, Kind, Labelled, Need, Public, Status
from catalogue.notices import read_notices
from handlers.asked import answered, marked, tapped, toggled, two_a_row
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, Gesture, Posed, Rows
from handlers.locale import gettext as _

STEP = "valeur"  # what the buttons of a new value begin with
REMOVE, DONE, PAGE = "enlever", "fini", "page"
A_LINE, A_PARAGRAPH = 200, 500  # characters at most
PAGE_LENGTH = 10  # kinds shown at once

Values = Mapping[str, Any]
Draft = Mapping[str, Any]


class Refused(ValueError):
    """What was typed cannot be that field; the message says why, in French."""


@dataclass(frozen=True, slots=True)
class Again:
    """A value that is not whole yet: what to say, what can be tapped, what is known of it so far."""

    text: str
    choices: Rows = ()
    draft: Draft | None = None  # None: what was known before
    in_place: bool = False


class Field(Protocol):
    """Something a card says."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...

    def shown(self, entry: Initiative, today: date) -> str:
        """What an entry says of it, in words; "" when it is not known."""

    def pose(self, entry: Initiative, today: date) -> Posed:
        """How to say another value: a hint, and what can be tapped."""

    def read(self, entry: Initiative, draft: Draft, event: Event, desk: Desk) -> Values | Again:
        """The columns that what was typed or tapped leads to; or what to ask again. Never raises."""


def clean(said: str, most: int = A_LINE) -> str:
    """The words, one space apart, without what cannot be seen. Raises Refused."""
    if re.search("[\0\ufffd\ud800-\udfff]", said):
        raise Refused(_("Ce texte contient des signes illisibles. Écrivez-le autrement."))
    found = rows.text(said)
    if found is None:
        raise Refused(_("Je n'ai rien lu. Écrivez quelques mots."))
    if len(found) > most:
        raise Refused(_("C'est trop long : {most} signes au plus. Écrivez plus court.").format(most=most))
    return found


@dataclass(frozen=True, slots=True)
class Typed:
    """A field whose new value is typed."""

    name: str
    label: str
    hint: str
    shows: Callable[[Initiative], str | None]
    reads: Callable[[str], Values]  # raises Refused
    empty: Values | None = None  # what removing it writes; None when it cannot be
    removing: str = ""  # what that button says, when it is not « Enlever »

    def shown(self, entry: Initiative, today: date) -> str:
        return self.shows(entry) or ""

    def pose(self, entry: Initiative, today: date) -> Posed:
        possible = self.empty is not None and applied(entry, self.empty) != entry
        button = Choice(self.removing or _("Enlever"), f"{STEP}:{REMOVE}")
        return Posed(self.hint, ((button,),) if possible else ())

    def read(self, entry: Initiative, draft: Draft, event: Event, desk: Desk) -> Values | Again:
        choices = self.pose(entry, desk.now.date()).choices
        if tapped(event) == REMOVE and self.empty is not None:
            return self.empty
        if event.kind is not Gesture.SAID:
            return Again(self.hint, choices)
        try:
            return self.reads(event.text)
        except Refused as error:
            return Again(f"{error}\n{self.hint}", choices)


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field whose new value is one of a few."""

    name: str
    label: str
    hint: str
    options: tuple[tuple[str, str, Any], ...]  # of the button, in words, in the column
    empty: Values | None = None

    def shown(self, entry: Initiative, today: date) -> str:
        held = getattr(entry, self.name)
        return next((label for _slug, label, value in self.options if value == held), "")

    def pose(self, entry: Initiative, today: date) -> Posed:
        return Posed(self.hint, self._choices(0))

    def read(self, entry: Initiative, draft: Draft, event: Event, desk: Desk) -> Values | Again:
        touched, _equals, page = tapped(event).partition("=")
        if touched == PAGE:
            return Again(self.hint, self._choices(int(page) if re.fullmatch("[0-9]", page) else 0), in_place=True)
        found = answered(event, (self._buttons(),))
        if not found:
            return Again(f"{_('Touchez une des réponses.')}\n{self.hint}", self._choices(0))
        return {self.name: next(value for slug, _label, value in self.options if slug == found)}

    def _buttons(self) -> tuple[Choice, ...]:
        return tuple(Choice(label, f"{STEP}:{slug}") for slug, label, _value in self.options)

    def _choices(self, page: int) -> Rows:
        first = page * PAGE_LENGTH if page * PAGE_LENGTH < len(self.options) else 0
        following = page + 1 if first + PAGE_LENGTH < len(self.options) else 0
        buttons = two_a_row(self._buttons()[first : first + PAGE_LENGTH])
        more = ((Choice(_("Voir les autres"), f"{STEP}:{PAGE}={following}"),),)
        return (*buttons, *(more if len(self.options) > PAGE_LENGTH else ()))


@dataclass(frozen=True, slots=True)
class SeveralOf:
    """A field whose new value is some of several, the first tapped being the main one."""

    name: str
    label: str
    hint: str
    options: tuple[Labelled, ...]
    needed: bool

    def shown(self, entry: Initiative, today: date) -> str:
        return ", ".join(_(one.label) for one in getattr(entry, self.name))

    def pose(self, entry: Initiative, today: date) -> Posed:
        return Posed(self.hint, self._choices([one.value for one in getattr(entry, self.name)]))

    def read(self, entry: Initiative, draft: Draft, event: Event, desk: Desk) -> Values | Again:
        chosen = list(draft.get("chosen", [one.value for one in getattr(entry, self.name)]))
        found = answered(event, self._choices(chosen))
        if found == DONE:
            return {self.name: chosen}
        if not found:
            return Again(f"{_('Touchez une ou plusieurs réponses.')}\n{self.hint}", self._choices(chosen))
        chosen = toggled(chosen, found)
        return Again(self.hint, self._choices(chosen), {"chosen": chosen}, in_place=True)

    def _choices(self, chosen: Sequence[str]) -> Rows:
        done = ((Choice(_("C'est tout"), f"{STEP}:{DONE}"),),) if chosen or not self.needed else ()
        return (*marked(STEP, self.options, chosen), *done)


# What a card then says.


_READ: Mapping[str, Callable[[Any], Any]] = {
    "kind": Kind,
    "status": Status,
    "frais": lambda value: Frais(value) if value else None,
    "needs": lambda values: tuple(map(Need, values)),
    "publics": lambda values: tuple(map(Public, values)),
    "notices": read_notices,
}


def applied(entry: Initiative, values: Values) -> Initiative:
    """An entry as it is once columns have other values."""
    known = {name: value for name, value in values.items() if name in Initiative.__dataclass_fields__}
    return replace(entry, **{name: _READ[name](value) if name in _READ else value for name, value in known.items()})


def in_words(field: Field, entry: Initiative, today: date) -> str:
    """What an entry says of a field, even when it is not known."""
    return field.shown(entry, today) or _("non précisé")
