"""Orientation: what one needs, where, at most two more questions, and what there is."""

import re

from catalogue.needs import Need
from handlers import results, whole
from handlers.answers import PRECISIONS, NeedChoice, PlaceAnswer, Precision
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, Flow, Gesture, Reading, Reply, State, Step, Turn, Unclear
from handlers.hearing import hear, located, small_talk
from handlers.locale import gettext as _
from handlers.questions import answer_label

_AN_ENTRY = re.compile(r"f([1-9]\d{0,14})", re.ASCII)


def _hears(state: State, event: Event, desk: Desk) -> Reading:
    """Words once the results are shown: another need, or another place; the rest is kept."""
    if event.kind is Gesture.SHARED:
        return PlaceAnswer().read(state, event, desk)
    text = _("Je n'ai pas compris. Écrivez un autre besoin ou une autre commune, ou touchez un bouton.")
    if event.kind is Gesture.SAID:
        if heard := hear(state, event.text, desk):
            return heard
        text = small_talk(event.text, desk) or text
    return Unclear(Reply(text, choices=results.below_results(0, False, True)))


def _preset(payload: str, desk: Desk) -> State:
    """What a poster's link carries: a need's slug and an INSEE code, in any order, joined by "_"; nothing else."""
    state = State("orientation")
    for part in payload[:64].split("_"):
        need, place = Need.of(part), desk.place(part) if part else None
        if need:
            state = state.answering("besoin", need.value)
        elif place:
            state = state.answering("lieu", {"insee": place.insee, "shared": False})
    return state


def _opens(payload: str, desk: Desk) -> Turn | None:
    """What a printed guide's link shows: the entry whose number follows "f"; its commune is where one is looking."""
    found = _AN_ENTRY.fullmatch(payload)
    if not found:
        return None
    entry = next(iter(desk.initiatives([int(found[1])])), None)
    place = desk.place(entry.code_insee) if entry and entry.code_insee else None
    state = located(State("orientation"), place) if place else State("orientation")
    go_on = ((Choice(_("Chercher autre chose"), "reprendre:"),),)
    if entry is None:
        return Turn(state, (Reply(_("Cette fiche n'est plus dans le guide."), choices=go_on),))
    return whole.shown(state, entry, desk, go_on)


def _held(state: State, desk: Desk) -> list[str]:
    lines = []
    if need := Need.of(state.answers.get("besoin", "")):
        lines.append(_("votre besoin : {need}").format(need=_(need.label)))
    also = [need for slug in state.answers.get("aussi", ()) if (need := Need.of(slug))]
    if also:
        lines.append(_("votre autre besoin : {need}").format(need=", ".join(_(need.label) for need in also)))
    if "lieu" in state.answers and (place := desk.place(state.answers["lieu"]["insee"])):
        lines.append(_("votre commune : {place}").format(place=place.nom))
    lines += [
        _("votre précision : {answer}").format(answer=answer_label(**state.answers[step]))
        for step in PRECISIONS
        if step in state.answers
    ]
    if state.memo.get("found") or state.memo.get("seen"):
        lines.append(_("la liste des lieux que je vous ai montrée"))
    return lines


ORIENTATION = Flow(
    "orientation",
    steps=(
        Step("besoin", NeedChoice()),
        Step("lieu", PlaceAnswer(), asks_position=True),
        *(Step(name, Precision(name), beside=True) for name in PRECISIONS),
    ),
    finish=results.show,
    actions={
        "suite": results.more,
        "contact": whole.contact,
        "autre": results.not_that,
        "changer": results.change,
        "essayer": results.instead,
    },
    preset=_preset,
    opens=_opens,
    hears=_hears,
    held=_held,
    greeting=lambda: _("Bonjour. Je vous aide à trouver un lieu ou un coup de main près de chez vous."),
)
