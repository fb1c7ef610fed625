"""Orientation: what one needs, where, at most two more questions, and what there is."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.entries import Candidate, Initiative
from catalogue.geo import distance_km
from catalogue.needs import Need, Reach
from catalogue.places import Place
from handlers import words
from handlers.cards import (
    address,
    contact_card,
    distance_words,
    reach_words,
    short_card,
    town_hall_words,
    whole_card,
)
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, EventKind, Flow, Reading, Reply, State, Step, Turn, Unclear, Understood
from handlers.locale import gettext as _
from handlers.locale import ngettext
from handlers.questions import Question, answer_label, best_question, keep, options

PAGE = 3
MOST_PLACES = 5
ECHO = 40  # characters of what was typed that are said back

Rows = tuple[tuple[Choice, ...], ...]

# Words that name a need on their own: the labels of the buttons, and what each need covers.
NEED_WORDS: dict[Need, str] = {
    Need.ALIMENTATION: "manger faim nourriture alimentation colis epicerie repas cuisiner paniers courses amap",
    Need.LIEN_SOCIAL: "isolement seul seule solitude rencontrer voisins monde amis cafe",
    Need.EQUIPEMENT: "reparer meubles vetements electromenager emprunter donner troquer equipement troc",
    Need.LOGEMENT: "logement loger loyer hebergement colocation dormir habitat insalubrite appartement",
    Need.MOBILITE: "transport permis velo covoiturage deplacer garage voiture mobilite bus",
    Need.EMPLOI: "emploi travail travailler cv metier formation former",
    Need.PROJET: "projet entreprise coworking creer activite",
    Need.NUMERIQUE: "internet ordinateur numerique wifi connexion telephone smartphone",
    Need.DROITS: "papiers demarches caf rsa titre avocat droits administratif",
    Need.BUDGET: "argent factures dettes microcredit budget facture",
    Need.FAMILLE: "enfants famille garde parentalite creche separation enfant",
    Need.SANTE: "sante moral soins mutuelle addictions medecin docteur",
    Need.FRANCAIS: "francais lire ecrire calcul",
    Need.LOISIRS: "sortir bouger culture sport vacances jardiner loisirs jardin",
    Need.ENGAGEMENT: "benevolat benevole aider engagement",
    Need.HANDICAP: "handicap mdph aidants aidant autonomie",
}


def _folded(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFD", text[:500].lower()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


_LABELS = {_folded(need.label): need for need in Need} | {_folded(need.value): need for need in Need}
_WORDS = {word: need for need, said in NEED_WORDS.items() for word in said.split()}


def need_in(text: str) -> Need | None:
    """The one need some words name, or None when they name none, or several."""
    folded = _folded(text)
    named = {_WORDS[word] for word in folded.split() if word in _WORDS}
    return _LABELS.get(folded) or (named.pop() if len(named) == 1 else None)


@dataclass(frozen=True, slots=True)
class NeedChoice:
    """One of the sixteen needs, tapped or said."""

    def choices(self, state: State, desk: Desk) -> Rows:
        buttons = [Choice(_(need.label), f"besoin:{need.value}") for need in Need]
        return tuple(tuple(buttons[i : i + 2]) for i in range(0, len(buttons), 2))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        need = None
        if event.kind is EventKind.TAPPED:
            need = Need.of(event.text.partition(":")[2])
        elif event.kind is EventKind.SAID:
            need = need_in(event.text)
        if need:
            return Understood(state.answering("besoin", need.value))
        return Unclear(
            Reply(_("Je n'ai pas compris. Touchez ce qui vous ressemble le plus."), choices=self.choices(state, desk))
        )


@dataclass(frozen=True, slots=True)
class PlaceAnswer:
    """A commune, typed, tapped or read from a shared position (which is forgotten once read)."""

    def choices(self, state: State, desk: Desk) -> Rows:
        return ()

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if event.kind is EventKind.SHARED and event.latitude is not None and event.longitude is not None:
            return self._shared(state, event.latitude, event.longitude, desk)
        if event.kind is EventKind.TAPPED:
            return self._tapped(state, event.text.partition(":")[2], desk)
        if event.kind is EventKind.SAID:
            return self._said(state, event.text, desk)
        return Unclear(_ask_place_again(_("Je ne sais lire que du texte ou une position.")))

    def _shared(self, state: State, latitude: float, longitude: float, desk: Desk) -> Reading:
        place = desk.place_at(latitude, longitude)
        if not place:
            return Unclear(_ask_place_again(_("Cette position est loin de toutes les communes que je connais.")))
        # What is kept is the commune; the point serves this turn's search and is forgotten.
        return Understood(state.answering("lieu", {"insee": place.insee, "shared": True}), (latitude, longitude))

    def _tapped(self, state: State, insee: str, desk: Desk) -> Reading:
        place = desk.place(insee)
        return _understood(state, place) if place else Unclear(_ask_place_again(_("D'accord.")))

    def _said(self, state: State, said: str, desk: Desk) -> Reading:
        match = desk.find_place(said)
        if match.places and match.sure:
            return _understood(state, match.places[0])
        if not match.places:
            unknown = _("Je ne connais pas « {words} ».").format(words=_echo(said))
            return Unclear(_ask_place_again(unknown))
        if len(match.places) == 1:
            place = match.places[0]
            choices = (Choice(_("Oui"), f"lieu:{place.insee}"), Choice(_("Non, ailleurs"), "lieu:autre"))
            return Unclear(Reply(f"{_named(place)} ?", choices=(choices,)))
        several = tuple((Choice(_named(place), f"lieu:{place.insee}"),) for place in match.places[:MOST_PLACES])
        elsewhere = ((Choice(_("Ailleurs"), "lieu:autre"),),)
        return Unclear(Reply(_("De quelle commune parlez-vous ?"), choices=several + elsewhere))


def _understood(state: State, place: Place) -> Understood:
    return Understood(state.answering("lieu", {"insee": place.insee, "shared": False}))


def _ask_place_again(words_first: str) -> Reply:
    ask = _("Écrivez le nom de votre commune, ou son code postal.")
    return Reply(f"{words_first}\n{ask}", choices=((Choice(_("Retour"), "retour:"),),), asks_position=True)


def _echo(said: str) -> str:
    one_line = " ".join(said.split())
    return one_line if len(one_line) <= ECHO else one_line[: ECHO - 1] + "…"


def _named(place: Place) -> str:
    code = place.codes_postaux[0] if place.codes_postaux else place.departement
    return f"{place.nom} ({code})"


@dataclass(frozen=True, slots=True)
class Precision:
    """The question worth asking next, chosen from what remains."""

    step: str

    def question(self, state: State, desk: Desk) -> Question | None:
        asked = [state.answers[step]["question"] for step in PRECISIONS if step in state.answers]
        return best_question(_remaining(state, desk), asked)

    def choices(self, state: State, desk: Desk) -> Rows:
        question = self.question(state, desk)
        if not question:
            return ()
        buttons = [
            Choice(option.label, f"{self.step}:{question.name}={option.value}")
            for option in options(question, _remaining(state, desk))
        ]
        anything = Choice(_("Peu importe"), f"{self.step}:{question.name}=")
        return (*(tuple(buttons[i : i + 2]) for i in range(0, len(buttons), 2)), (anything,))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        """Only what is offered now is an answer: a button's data can be forged or old."""
        for choice in (choice for row in self.choices(state, desk) for choice in row):
            tapped = event.kind is EventKind.TAPPED and event.text == choice.data
            said = event.kind is EventKind.SAID and _folded(event.text) == _folded(choice.label)
            if tapped or said:
                name, _equals, value = choice.data.partition(":")[2].partition("=")
                answered = state.answering(self.step, {"question": name, "value": value})
                return Understood(answered.noting(shown=0))
        return Unclear(Reply(_("Touchez une des réponses proposées."), choices=self.choices(state, desk)))


PRECISIONS = ("precision", "precision2")


def _remaining(state: State, desk: Desk) -> list[Candidate]:
    """What was found and what the answers since have left, in order."""
    entries: Sequence[Candidate] = desk.candidates([id_ for part in state.memo.get("found", ()) for id_ in part])
    for step in PRECISIONS:
        if step in state.answers:
            entries = keep(state.answers[step]["question"], state.answers[step]["value"], entries)
    return list(entries)


def _worth_asking(step: str) -> Any:
    precision = Precision(step)
    return lambda state, desk: precision.question(state, desk) is not None


def _ask_precision(step: str) -> Any:
    precision = Precision(step)

    def ask(state: State, desk: Desk) -> str:
        question = precision.question(state, desk)
        return question.ask() if question else ""

    return ask


def _show(state: State, desk: Desk) -> Turn:
    """The results, three at a time."""
    need, place = Need(state.answers["besoin"]), desk.place(state.answers["lieu"]["insee"])
    if place is None:
        # Only a commune that left the catalogue since it was answered comes here.
        return Turn(state.without("lieu"), (_ask_place_again(_("Je ne retrouve plus cette commune.")),))
    if "found" not in state.memo:
        found = desk.near(need, place)
        parts = [[entry.id for entry in part] for part in (found.near, found.further, found.wider)]
        state = state.noting(found=parts, shown=0)
    return Turn(state, (_page(state, need, place, desk),))


def _page(state: State, need: Need, place: Place, desk: Desk) -> Reply:
    entries = _remaining(state, desk)
    first = min(state.memo.get("shown", 0), max(0, len(entries) - 1))
    shown = entries[first : first + PAGE]
    km = {entry.id: entry.km for entry in shown}
    initiatives = desk.initiatives([entry.id for entry in shown])
    cards = tuple(short_card(entry, _where(entry, km.get(entry.id), state, place), desk.now) for entry in initiatives)
    more = len(entries) > first + PAGE
    hall = desk.town_hall(place.insee) if not more else None
    return Reply(
        _heading(state, need, place, entries, first),
        cards=cards,
        after=town_hall_words(hall, desk.now) if hall else "",
        choices=_below_results(first, more, bool(shown)),
    )


def _heading(state: State, need: Need, place: Place, entries: Sequence[Candidate], first: int) -> str:
    about = f"{_(need.label)}, {words.at(place.nom)}"
    chosen = [
        answer_label(state.answers[step]["question"], state.answers[step]["value"])
        for step in PRECISIONS
        if step in state.answers and state.answers[step]["value"]
    ]
    about = " · ".join((about, *chosen))
    if first:
        return _("{about} : la suite.").format(about=about)
    near = set(state.memo["found"][0])
    count = sum(entry.id in near for entry in entries)
    if count:
        return ngettext("{about} : {count} lieu près de là.", "{about} : {count} lieux près de là.", count).format(
            about=about, count=count
        )
    if entries:
        return _("{about} : je ne connais rien tout près. Voici plus loin, ou à distance.").format(about=about)
    return _("{about} : je ne connais rien pour le moment. Un humain peut vous aider.").format(about=about)


def _where(entry: Initiative, km: float | None, state: State, place: Place) -> str:
    """Where it is, as precisely as is true: a distance only between true points."""
    if entry.reach is not Reach.LOCAL:
        return reach_words(entry.reach)
    shared = state.answers["lieu"]["shared"]
    if km is None and not shared and None not in (place.latitude, entry.latitude):
        km = distance_km(place.latitude or 0, place.longitude or 0, entry.latitude or 0, entry.longitude or 0)
    where = distance_words(km, shared) if entry.exact and km is not None else words.at(entry.commune or place.nom)
    if entry.id in state.memo["found"][1]:
        where = _("Plus loin, {where}").format(where=where)
    postal = address(entry) if entry.adresse or entry.exact else ""
    line = _("{where} : {address}").format(where=where, address=postal) if postal else where
    return line[0].upper() + line[1:]


def _below_results(first: int, more: bool, some: bool) -> Rows:
    paging = []
    if first:
        paging.append(Choice(_("Revoir le début"), "suite:0"))
    if more:
        paging.append(Choice(_("Voir la suite"), f"suite:{first + PAGE}"))
    rows = [tuple(paging)] if paging else []
    if some:
        rows.append((Choice(_("Ce n'est pas ça"), "autre:"),))
    rows.append((Choice(_("Un autre besoin ici"), "changer:besoin"), Choice(_("Un autre lieu"), "changer:lieu")))
    return tuple(rows)


def _more(state: State, value: str, desk: Desk) -> Turn:
    asked = int(value) if value.isascii() and value.isdecimal() and len(value) < 5 else 0
    turn = _show(state.noting(shown=asked - asked % PAGE), desk)
    return Turn(turn.state, tuple(_edited(reply) for reply in turn.replies))


def _edited(reply: Reply) -> Reply:
    return Reply(reply.text, reply.cards, reply.after, reply.choices, edits=True)


def _details(state: State, value: str, desk: Desk) -> Turn:
    return _one(state, value, desk, whole=True)


def _contact(state: State, value: str, desk: Desk) -> Turn:
    return _one(state, value, desk, whole=False)


def _one(state: State, value: str, desk: Desk, *, whole: bool) -> Turn:
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 16 else 0
    entries = desk.initiatives([number])
    back = (Choice(_("Revenir à la liste"), f"suite:{state.memo.get('shown', 0)}"),)
    if not entries:
        return Turn(state, (Reply(_("Cette fiche n'est plus dans le guide."), choices=(back,), edits=True),))
    card = (whole_card if whole else contact_card)(entries[0], desk.now)
    return Turn(
        state, (Reply("", cards=(card,), choices=(back, (Choice(_("Ce n'est pas ça"), "autre:"),)), edits=True),)
    )


def _not_that(state: State, value: str, desk: Desk) -> Turn:
    rows = [
        (Choice(_("Le besoin"), "changer:besoin"), Choice(_("Le lieu"), "changer:lieu")),
        (Choice(_("Revenir à la liste"), f"suite:{state.memo.get('shown', 0)}"),),
    ]
    if any(step in state.answers for step in PRECISIONS):
        rows.insert(1, (Choice(_("Les précisions"), "changer:precisions"),))
    return Turn(state, (Reply(_("Que faut-il changer ? Je garde le reste."), choices=tuple(rows), edits=True),))


def _change(state: State, value: str, desk: Desk) -> Turn:
    if value == "precisions":
        return Turn(state.without(*PRECISIONS).noting(shown=0), ())
    if value not in ("besoin", "lieu"):
        return Turn(state, ())
    return Turn(State(state.flow, state.without(value, *PRECISIONS).answers), ())


def _hears(state: State, event: Event, desk: Desk) -> Reading:
    """Words once the results are shown: another need, or another place; the rest is kept."""
    if event.kind is EventKind.SHARED:
        return PlaceAnswer().read(state, event, desk)
    if event.kind is EventKind.SAID:
        need = need_in(event.text)
        if need:
            return Understood(state.answering("besoin", need.value))
        if desk.find_place(event.text).places:
            return PlaceAnswer().read(state, event, desk)
    text = _("Je n'ai pas compris. Écrivez un autre besoin ou une autre commune, ou touchez un bouton.")
    return Unclear(Reply(text, choices=_below_results(0, False, True)))


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


def _held(state: State, desk: Desk) -> list[str]:
    lines = []
    if need := Need.of(state.answers.get("besoin", "")):
        lines.append(_("votre besoin : {need}").format(need=_(need.label)))
    if "lieu" in state.answers and (place := desk.place(state.answers["lieu"]["insee"])):
        lines.append(_("votre commune : {place}").format(place=place.nom))
    lines += [
        _("votre précision : {answer}").format(answer=answer_label(**state.answers[step]))
        for step in PRECISIONS
        if step in state.answers
    ]
    if state.memo.get("found"):
        lines.append(_("la liste des lieux que je vous ai montrée"))
    return lines


def _ask_place(state: State, desk: Desk) -> str:
    return _("Où cherchez-vous ? Écrivez une commune ou un code postal.")


def _ask_need(state: State, desk: Desk) -> str:
    place = desk.place(state.answers["lieu"]["insee"]) if "lieu" in state.answers else None
    if place:
        return _("De quoi avez-vous besoin, {at_place} ?").format(at_place=words.at(place.nom))
    return _("De quoi avez-vous besoin ?")


ORIENTATION = Flow(
    "orientation",
    steps=(
        Step("besoin", ask=_ask_need, answer=NeedChoice()),
        Step("lieu", ask=_ask_place, answer=PlaceAnswer(), asks_position=True),
        *(
            Step(step, ask=_ask_precision(step), answer=Precision(step), when=_worth_asking(step), beside=True)
            for step in PRECISIONS
        ),
    ),
    finish=_show,
    actions={
        "suite": _more,
        "fiche": _details,
        "contact": _contact,
        "autre": _not_that,
        "changer": _change,
    },
    preset=_preset,
    hears=_hears,
    held=_held,
    greeting=lambda: _("Bonjour. Je vous aide à trouver un lieu ou un coup de main près de chez vous."),
)
