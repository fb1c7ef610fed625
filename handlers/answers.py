"""How the questions of orientation are answered: a need, a place, a precision."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogue.entries import Candidate
from catalogue.needs import Need
from catalogue.spelling import fold
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, Gesture, Posed, Reading, Reply, Rows, State, Unclear, Understood
from handlers.hearing import hear, known_place, located, needing, small_talk, which_place
from handlers.locale import gettext as _
from handlers.questions import best_question, keep, options
from handlers.words import at

LONG_ANSWER, CLEARLY = 5, 0.8  # words of an answer to "Où ?" that may say another need; how likely it must be
ECHO = 40  # characters of what was typed that are said back


def _need_buttons() -> Rows:
    buttons = [Choice(_(need.label), f"besoin:{need.value}") for need in Need]
    dates = (Choice(_("Que se passe-t-il près de chez moi ?"), "agenda:"),)
    return (*(tuple(buttons[i : i + 2]) for i in range(0, len(buttons), 2)), dates)


@dataclass(frozen=True, slots=True)
class NeedChoice:
    """One of the sixteen needs, tapped or said."""

    def pose(self, state: State, desk: Desk) -> Posed:
        place = desk.place(state.answers["lieu"]["insee"]) if "lieu" in state.answers else None
        if place:
            return Posed(_("De quoi avez-vous besoin, {at_place} ?").format(at_place=at(place.nom)), _need_buttons())
        return Posed(_("De quoi avez-vous besoin ?"), _need_buttons())

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if event.kind is Gesture.TAPPED:
            return self._tapped(state, event.text.partition(":")[2])
        if event.kind is Gesture.SAID:
            return hear(state, event.text, desk) or self._not_understood(event.text, desk)
        return Unclear(Reply(_("Je n'ai pas compris. Touchez ce qui vous ressemble le plus."), choices=_need_buttons()))

    def _tapped(self, state: State, slug: str) -> Reading:
        need = Need.of(slug)
        if need:
            return Understood(needing(state, [need]))
        return Unclear(Reply(_("Touchez ce qui vous ressemble le plus."), choices=_need_buttons()))

    def _not_understood(self, said: str, desk: Desk) -> Reading:
        kindly = small_talk(said, desk)
        first = kindly or _("Je n'ai pas compris. Dites-le autrement, ou touchez ce qui vous ressemble le plus.")
        ask = _("De quoi avez-vous besoin ?")
        return Unclear(Reply(f"{first}\n{ask}" if kindly else first, choices=_need_buttons()))


@dataclass(frozen=True, slots=True)
class PlaceAnswer:
    """A commune, typed, tapped or read from a shared position (which is forgotten once read)."""

    def pose(self, state: State, desk: Desk) -> Posed:
        return Posed(_("Où cherchez-vous ? Écrivez une commune ou un code postal."))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if event.kind is Gesture.SHARED and event.latitude is not None and event.longitude is not None:
            return self._shared(state, event.latitude, event.longitude, desk)
        if event.kind is Gesture.TAPPED:
            return self._tapped(state, event.text.partition(":")[2], desk)
        if event.kind is Gesture.SAID:
            return self._said(state, event.text, desk)
        return Unclear(ask_place_again(_("Je ne sais lire que du texte ou une position.")))

    def _shared(self, state: State, latitude: float, longitude: float, desk: Desk) -> Reading:
        place = desk.place_at(latitude, longitude)
        if not place:
            return Unclear(ask_place_again(_("Cette position est loin de toutes les communes que je connais.")))
        # What is kept is the commune; the point serves this turn's search and is forgotten.
        return Understood(state.answering("lieu", {"insee": place.insee, "shared": True}), (latitude, longitude))

    def _tapped(self, state: State, insee: str, desk: Desk) -> Reading:
        place = desk.place(insee)
        return Understood(located(state, place)) if place else Unclear(ask_place_again(_("D'accord.")))

    def _said(self, state: State, said: str, desk: Desk) -> Reading:
        match = desk.find_place(said, known_place(state, desk))
        if match.places and match.sure:
            return _with_another_need(located(state, match.places[0]), said, desk)
        if match.places:
            return Unclear(which_place(match), nearly=True)
        if heard := hear(state, said, desk):
            return heard
        return Unclear(ask_place_again(small_talk(said, desk) or _unknown(said)))


def _with_another_need(state: State, said: str, desk: Desk) -> Reading:
    """The place, and the need when another one was clearly said along with it."""
    needs = desk.understand(said, None).needs if len(said.split()) >= LONG_ANSWER else ()
    return Understood(needing(state, [needs[0][0]]) if needs and needs[0][1] >= CLEARLY else state)


def _unknown(said: str) -> str:
    one_line = " ".join(said.split())
    echo = one_line if len(one_line) <= ECHO else one_line[: ECHO - 1] + "…"
    return _("Je ne connais pas « {words} ».").format(words=echo)


def ask_place_again(words_first: str) -> Reply:
    ask = _("Écrivez le nom de votre commune, ou son code postal.")
    return Reply(f"{words_first}\n{ask}", choices=((Choice(_("Retour"), "retour:"),),), asks_position=True)


@dataclass(frozen=True, slots=True)
class Precision:
    """The question worth asking next, chosen from what remains."""

    step: str

    def pose(self, state: State, desk: Desk) -> Posed | None:
        entries = remaining(state, desk)
        asked = [state.answers[step]["question"] for step in PRECISIONS if step in state.answers]
        question = best_question(entries, asked)
        if not question:
            return None
        answers = [
            Choice(option.label, f"{self.step}:{question.name}={option.value}") for option in options(question, entries)
        ]
        anything = Choice(_("Peu importe"), f"{self.step}:{question.name}=")
        rows = tuple(tuple(answers[i : i + 2]) for i in range(0, len(answers), 2))
        return Posed(question.ask(), (*rows, (anything,)))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        """Only what is offered now is an answer: a button's data can be forged or old."""
        posed = self.pose(state, desk)
        if not posed:
            back = (Choice(_("Revenir à la liste"), "suite:0"),)
            return Unclear(Reply(_("Cette question ne se pose plus."), choices=(back,)))
        for choice in (choice for row in posed.choices for choice in row):
            tapped = event.kind is Gesture.TAPPED and event.text == choice.data
            said = event.kind is Gesture.SAID and fold(event.text) == fold(choice.label)
            if tapped or said:
                name, _equals, value = choice.data.partition(":")[2].partition("=")
                answered = state.answering(self.step, {"question": name, "value": value})
                return Understood(answered.noting(shown=0))
        return Unclear(Reply(_("Touchez une des réponses proposées."), choices=posed.choices))


PRECISIONS = ("precision", "precision2")


def remaining(state: State, desk: Desk) -> list[Candidate]:
    """What was found and what the answers since have left, in order."""
    entries: Sequence[Candidate] = desk.candidates([id_ for part in state.memo.get("found", ()) for id_ in part])
    for step in PRECISIONS:
        if step in state.answers:
            entries = keep(state.answers[step]["question"], state.answers[step]["value"], entries)
    return list(entries)
