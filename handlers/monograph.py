"""Telling more of a place, the « monographie »: a few words to each question, to be gone on with later."""

from collections.abc import Callable
from dataclasses import replace

from catalogue.entries import Initiative
from handlers.desk import Desk
from handlers.dialogue import (
    Card,
    Choice,
    Flow,
    Reply,
    Rows,
    State,
    Step,
    Turn,
)
from handlers.effects import Add
from handlers.forms import LONGEST_WORDS, TALE, Form, Words, added, back, begun_on, draft, over, without
from handlers.locale import gettext as _

# What is told, and the heading it has in the description: that is stored, in French.
HEADINGS = {
    "quoi": "Ce que c'est",
    "qui": "Qui le fait vivre",
    "pour-qui": "Pour qui",
    "venir": "Comment venir",
    "ambiance": "L'ambiance",
}
_QUESTIONS: dict[str, Callable[[], str]] = {
    "quoi": lambda: _("Racontez ce lieu avec vos mots. Qu'est-ce que c'est ?"),
    "qui": lambda: _("Qui le fait vivre ? Sans dire de nom."),
    "pour-qui": lambda: _("Pour qui est-ce ?"),
    "venir": lambda: _("Comment fait-on pour venir la première fois ?"),
    "ambiance": lambda: _("Quelle est l'ambiance ?"),
}


def tell(state: State | None, value: str, desk: Desk) -> Turn:
    """« Raconter ce lieu »: "<entry id>", "<token of a new place>", "<entry id>=oui"."""
    number, _equals, said = value.partition("=")
    is_an_id = number.isascii() and number.isdecimal() and len(number) < 16
    entry = desk.additions.told(int(number) if is_an_id else added(number, desk) or 0)
    if not entry:
        return over(state, _not_yours())
    kept = draft(desk).get(TALE, {})
    kept = kept if kept.get("fiche") == entry.id else {}
    if said == "oui" and _FORM.is_whole(kept):
        content = {TALE: entry.id, "dit": {heading: kept[name] for name, heading in HEADINGS.items()}}
        done = over(state, _("C'est fait, merci. Ce lieu est raconté."), _card_of(entry))
        return replace(done, effects=(Add(content), without(TALE, desk)))
    if said == "nouveau" or not kept:
        kept = {"fiche": entry.id, "nom-du-lieu": entry.nom, "debut": desk.now.date().isoformat()}
    return Turn(_FORM.at(state, kept), ())


def _not_yours() -> str:
    return _("Ce n'est pas à vous de raconter ce lieu. Merci quand même.")


def _card_of(entry: Initiative) -> tuple[Choice, ...]:
    return (Choice(_("Voir la fiche"), f"fiche:{entry.id}"),)


def _told(state: State, desk: Desk) -> Turn:
    """What was told, before it is written."""
    answers = state.answers
    lines = tuple(f"{heading} : {answers[name]}" for name, heading in HEADINGS.items() if answers.get(name))
    if not lines:
        nothing = over(state, _("Vous n'avez rien écrit : la fiche reste comme elle est."))
        return replace(nothing, effects=(without(TALE, desk),))
    choices: Rows = (
        (Choice(_("Oui, le garder"), f"monographie:{answers['fiche']}=oui"),),
        (Choice(_("Recommencer"), f"monographie:{answers['fiche']}=nouveau"),),
        back(),
    )
    card = Card(answers["nom-du-lieu"], lines)
    return Turn(state, (Reply(_("Voici ce que la fiche dira en plus."), (card,), "", choices),))


_FORM = Form(
    TALE,
    tuple(Step(name, Words(name, ask, LONGEST_WORDS)) for name, ask in _QUESTIONS.items()),
    may=lambda state, desk: bool(desk.additions.told(state.answers["fiche"])),
    sorry=_not_yours,
    show=_told,
)
FLOWS: tuple[Flow, ...] = (_FORM.flow(),)
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"monographie": tell}


def in_lines(desk: Desk) -> list[str]:
    """What is kept about the person, as « Mes données » tells it."""
    kept = draft(desk).get(TALE)
    if not kept:
        return []
    text = _("Un lieu que vous racontez : {name}, commencé {day}.")
    return [text.format(name=kept["nom-du-lieu"], day=begun_on(kept, desk))]
