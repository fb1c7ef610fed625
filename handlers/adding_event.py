"""Announcing an event: short questions, each answer kept, to be gone on with later, as a new place is added.

Who may is read in the database when it is begun, after each answer, and again when it is written. What is written is
what was kept: a button only says which.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from catalogue.entries import CalendarEvent, Initiative, Occurrence
from catalogue.needs import Frais, Role
from catalogue.places import Place
from catalogue.spelling import fold
from handlers import later
from handlers.asked import YES, number_in, two_a_row
from handlers.dates import day_in_words, key_of, read_key, whole_date
from handlers.desk import Desk
from handlers.dialogue import Choice, Flow, Reply, Rows, State, Turn
from handlers.effects import Add, TakeBack
from handlers.event_questions import HERE, STEPS, When, following, gone_by
from handlers.field_places import placed
from handlers.forms import EVENT, TOKEN, Content, Form, back, begun_on, draft, message, over, to_the_town, without
from handlers.locale import gettext as _
from handlers.words import capital


class EventAdditions(Protocol):
    """What is looked up; `catalogue.event_additions.EventAdditions` answers from the database."""

    def may(self, initiative_id: int | None, code_insee: str, departement: str) -> bool:
        """Whether it is this person's to announce an event of an entry (None: of none) in a commune."""

    def called(self, words: str, around: Sequence[Place]) -> Sequence[Initiative]:
        """At most three entries of that name that are this person's to speak of, in some communes or anywhere."""

    def dates(self, content: Content) -> Sequence[Occurrence]:
        """The first dates to come of a new event, as they will be; none when they are over."""

    def alike(self, content: Content) -> Sequence[Occurrence]:
        """At most three known dates that may be those of a new event; likeliest first."""

    def added(self, token: str) -> int | None:
        """The event that was made of a token."""

    def to_take_back(self, token: str) -> CalendarEvent | None:
        """The event of a token, announced within the hour and this person's to answer for; None for any other."""

    def first_date(self, event_id: int) -> Occurrence | None:
        """The next date of an event that the agenda shows; None while it is further away."""


def may_announce(desk: Desk) -> bool:
    """Whether this person answers for places or for communes of the guide, now."""
    return any(mandate.role is not Role.TRAVAILLEUR_SOCIAL for mandate in desk.mandates())


def announce_choice(initiative_id: int | None = None) -> Choice:
    """The button that begins it; of an entry, when one is told."""
    return Choice(_("Annoncer un rendez-vous"), f"annoncer:{initiative_id or ''}")


def _may(state: State, desk: Desk) -> bool:
    lieu = state.answers.get("lieu")
    if lieu is None or not may_announce(desk):
        return may_announce(desk)
    place = desk.place(lieu["insee"])
    return place is not None and desk.additions.events.may(lieu["fiche"], place.insee, place.departement)


def _not_yours() -> str:
    return _("Ce n'est plus à vous d'annoncer ce rendez-vous. Merci quand même.")


def announce(state: State | None, value: str, desk: Desk) -> Turn:
    """« Annoncer »: "", "<entry id>", "reprendre", "nouveau", "nouveau=<entry id>", "changer", "changer=<step>",
    "oui=<token>", "voir=<token>", "meme=<date>"."""
    if not may_announce(desk):
        text = _("Merci d'y penser. Les correspondants du guide annoncent les rendez-vous.\nParlez-en à l'un d'eux.")
        return to_the_town(state, text, desk)
    what, _equals, detail = value.partition("=")
    kept = draft(desk).get(EVENT, {})
    if what == "oui":
        return _confirm(state, detail, kept, desk)
    if what == "voir" and (known := _added(detail, desk)):
        return _show(state, known, desk)
    if what == "meme":
        return _the_same(state, detail, kept, desk)
    if what == "changer" and kept:
        return _change(state, detail, kept)
    if what == "reprendre" and kept:
        return Turn(_FORM.at(state, kept), ())
    entry = number_in(detail if what == "nouveau" else what)
    return _which_way(state, entry, kept, desk) if what != "nouveau" and kept else _begin(state, entry, desk)


def _begin(state: State | None, entry_id: int, desk: Desk) -> Turn:
    """From nothing, or from an entry that is theirs, whose commune is known."""
    begun: dict[str, Any] = {"jeton": desk.additions.token(), "debut": desk.now.date().isoformat()}
    entry = desk.additions.told(entry_id) if entry_id else None
    place = desk.place(entry.code_insee or "") if entry else None
    if entry and place and desk.additions.events.may(entry.id, place.insee, place.departement):
        begun["lieu"] = {"fiche": entry.id, "nom": entry.nom, "insee": place.insee}
    return Turn(_FORM.at(state, begun), ())


def _which_way(state: State | None, entry_id: int, kept: Content, desk: Desk) -> Turn:
    text = _("Vous aviez commencé à annoncer {name}, {day}.\nJ'ai gardé vos réponses.")
    rows: Rows = (
        (Choice(_("Reprendre là où j'en étais"), "annoncer:reprendre"),),
        (Choice(_("Recommencer"), f"annoncer:nouveau={entry_id or ''}"),),
        (Choice(_("Continuer"), "reprendre:"),),
    )
    return Turn(state, (Reply(text.format(name=_name(kept), day=begun_on(kept, desk)), choices=rows),))


def _name(kept: Content) -> str:
    return f"« {kept['nom']} »" if kept.get("nom") else _("un rendez-vous")


# ---- what it will be -----------------------------------------------------------------------------


def _summary(state: State, desk: Desk) -> Turn:
    """The card as it will be shown; the date again, when it went by meanwhile."""
    content = _columns(state.answers, desk)  # None for what is theirs no more: `_may` said so before
    dates = desk.additions.events.dates(content) if content else ()
    if content is None or not dates:
        state = _FORM.at(state, state.without("quand").answers)
        return Turn(state, (message(When(), state, desk, gone_by()),))
    card = whole_date(dates[0], desk.now)
    then = [_("Puis {when}.").format(when=day_in_words(one, desk.now)) for one in dates[1:]]
    more = tuple(filter(None, (*then, following(dates, content["quand"]))))
    rows: Rows = (
        (Choice(_("Oui, l'annoncer"), f"annoncer:oui={state.answers['jeton']}"),),
        (Choice(_("Changer une réponse"), "annoncer:changer"),),
        back(),
    )
    shown = replace(card, lines=(card.lines[0], *more, *card.lines[1:]), choices=())
    text = _("Voici le rendez-vous, comme tout le monde le verra.")
    return Turn(state, (Reply(text, (shown,), _("Est-ce juste ?"), rows),))


def _columns(answers: Content, desk: Desk) -> dict[str, Any] | None:
    """The answers as what an event says; None when its commune or its entry is no longer known."""
    lieu = answers["lieu"]
    place = desk.place(lieu["insee"])
    entry = desk.additions.told(lieu["fiche"]) if lieu["fiche"] else None
    if place is None or (lieu["fiche"] and not entry):
        return None
    where = _of_entry(entry) if entry and answers["adresse"] == HERE else _elsewhere(answers, place, desk)
    return {
        **{name: answers[name] for name in ("jeton", "nom", "kind", "needs", "quand")},
        **where,
        **answers["joindre"],
        "initiative_id": lieu["fiche"],
        "description": _described(answers["description"], answers["frais"]),
    }


def _of_entry(entry: Initiative) -> dict[str, Any]:
    names = ("adresse", "commune", "code_postal", "code_insee", "departement", "latitude", "longitude", "exact")
    return {"lieu": entry.nom, **{name: getattr(entry, name) for name in names}}


def _elsewhere(answers: Content, place: Place, desk: Desk) -> dict[str, Any]:
    """ "Salle des fêtes, 3 rue du Pont, 92150 Suresnes" is a room, a street with a number, and the town."""
    parts = [part for part in map(str.strip, answers["adresse"].split(",")) if part and not _is_town(part, place)]
    street = next((part for part in parts if any(map(str.isdecimal, part))), None)
    room = ", ".join(part for part in parts if part != street) or None
    where = {name: value for name, value in placed(street, "", place, desk).items() if name != "complement_adresse"}
    if point := answers.get("point"):
        where |= {"latitude": point[0], "longitude": point[1], "exact": True}
    return {"lieu": room, **where}


def _is_town(part: str, place: Place) -> bool:
    return fold(part) == fold(place.nom) or part.startswith(tuple(place.codes_postaux))


def _described(said: str, frais: str) -> str:
    """Events say what they cost in their own words: that is stored, in French."""
    price = Frais.of(frais)
    ended = said if not said or said.endswith((".", "!", "?", "…")) else f"{said}."
    return " ".join(filter(None, (ended, f"{price.label}." if price else "")))


# ---- another answer ------------------------------------------------------------------------------

_LABELS: dict[str, Callable[[], str]] = {
    "lieu": lambda: _("Qui l'organise"),
    "nom": lambda: _("Le titre"),
    "kind": lambda: _("Le genre"),
    "needs": lambda: _("Les besoins"),
    "quand": lambda: _("Quand"),
    "adresse": lambda: _("Où"),
    "description": lambda: _("Ce qu'on y fait"),
    "frais": lambda: _("Le prix"),
    "joindre": lambda: _("S'inscrire"),
}
# What goes with an answer: elsewhere there are other streets, another way to ask, other events of that day.
_ALONG = {"lieu": ("quand", "adresse", "point", "joindre"), "adresse": ("point",)}


def _change(state: State | None, step: str, kept: Content) -> Turn:
    if step in _LABELS:
        dropped = (step, *_ALONG.get(step, ()))
        return Turn(_FORM.at(state, {name: value for name, value in kept.items() if name not in dropped}), ())
    buttons = [Choice(label(), f"annoncer:changer={name}") for name, label in _LABELS.items() if name in kept]
    rows = (*two_a_row(buttons), (Choice(_("Rien"), "annoncer:reprendre"),))
    return Turn(state, (Reply(_("Que faut-il changer ? Je garde le reste."), choices=rows),))


# ---- what is done --------------------------------------------------------------------------------


def _added(token: str, desk: Desk) -> int | None:
    """The event that was made of a token, which a button carries."""
    return desk.additions.events.added(token) if len(token) == TOKEN else None


def _confirm(state: State | None, token: str, kept: Content, desk: Desk) -> Turn:
    """What was kept goes in the agenda; once, however many times it is tapped."""
    if _added(token, desk):
        return _done(state, token, _("C'est déjà dans l'agenda. Merci."))
    if kept.get("jeton") != token or not _FORM.is_whole(kept):
        return over(state, _("Ce bouton n'est plus valable."), (announce_choice(),))
    if not _may(State(EVENT, kept), desk):
        return over(state, _not_yours())
    content = _columns(kept, desk)
    if content is None or not desk.additions.events.dates(content):
        return Turn(_FORM.at(state, kept), ())  # asked again
    done = _done(state, token, _("C'est fait : {name} est dans l'agenda. Merci.").format(name=content["nom"]))
    return replace(done, effects=(Add(content), without(EVENT, desk)))


def _done(state: State | None, token: str, text: str) -> Turn:
    see = (Choice(_("Voir le rendez-vous"), f"annoncer:voir={token}"),)
    another = (Choice(_("Annoncer un autre rendez-vous"), "annoncer:"),)
    wrong = (Choice(_("Le retirer de l'agenda"), f"rdv-retirer:{token}"),)
    return over(state, text, see, another, wrong)


def _settling(date: Occurrence) -> tuple[Choice]:
    return (Choice(_("Est-il maintenu ?"), f"maintenu:{key_of(date)}"),)


def take_back(state: State | None, value: str, desk: Desk) -> Turn:
    """« Le retirer de l'agenda », for an hour, after one confirmation: "<token>", "<token>=oui"."""
    token, _equals, sure = value.partition("=")
    event_id = _added(token, desk)
    if event_id is None:
        return over(state, _("Ce rendez-vous n'est pas, ou plus, dans l'agenda."), (announce_choice(),))
    event = desk.additions.events.to_take_back(token)
    if event is None:
        date = desk.additions.events.first_date(event_id)
        text = _("On retire un rendez-vous dans l'heure seulement. Ensuite, on annule chaque date.")
        theirs = date is not None and desk.may_settle(date.event)
        return over(state, text, *([_settling(date)] if date and theirs else []))
    if sure != YES:
        text = _("Retirer « {name} » de l'agenda, avec toutes ses dates ?").format(name=event.nom)
        return over(state, text, (Choice(_("Oui, le retirer"), f"rdv-retirer:{token}={YES}"),))
    text = _("C'est retiré de l'agenda. Qui avait demandé un rappel sera prévenu.")
    return replace(over(state, text, (announce_choice(),)), effects=(TakeBack(token),))


def _show(state: State | None, event_id: int, desk: Desk) -> Turn:
    date = desk.additions.events.first_date(event_id)
    if date is None:
        return over(state, _("L'agenda le montrera trois mois avant sa date."), (announce_choice(),))
    return later.show_date(state, key_of(date), desk)


def _the_same(state: State | None, key: str, kept: Content, desk: Desk) -> Turn:
    """It is in the agenda already: who answers for it may say that it takes place."""
    named = read_key(key)
    date = desk.occurrence(*named) if named else None
    if date is None or not kept:
        return over(state, _("Ce bouton n'est plus valable."), (announce_choice(),))
    rows = [(Choice(_("Voir le rendez-vous"), f"rdv:{key_of(date)}"),)]
    if desk.may_settle(date.event):
        rows.append(_settling(date))
    when = capital(day_in_words(date, desk.now))
    text = _("Merci. Il est déjà dans l'agenda : {name}.\n{when}.").format(name=date.event.nom, when=when)
    return replace(over(state, text, *rows), effects=(without(EVENT, desk),))


_FORM = Form(EVENT, STEPS, may=_may, sorry=_not_yours, show=_summary)
FLOWS: tuple[Flow, ...] = (_FORM.flow(),)
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"annoncer": announce, "rdv-retirer": take_back}


def in_lines(desk: Desk) -> list[str]:
    """What is kept about the person, as « Mes données » tells it."""
    kept = draft(desk).get(EVENT)
    if not kept:
        return []
    text = _("Un rendez-vous que vous annoncez : {name}, commencé {day}.")
    return [text.format(name=_name(kept), day=begun_on(kept, desk))]
