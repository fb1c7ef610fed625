"""Adding a place to the guide: short questions, each answer kept, to be gone on with later.

Who may is read in the database when it is begun, after each answer, and again when it is written. What is written is
what was kept: a button only says which.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from catalogue.entries import Initiative
from catalogue.needs import Kind, Role
from catalogue.places import Place
from handlers import adding_event, monograph, whole
from handlers.adding_event import EventAdditions, announce_choice, may_announce
from handlers.adding_questions import STEPS, Town
from handlers.asked import two_a_row
from handlers.cards import whole_card
from handlers.desk import Desk
from handlers.dialogue import Choice, Flow, Reply, Rows, State, Turn
from handlers.effects import Add
from handlers.field_places import placed
from handlers.forms import PLACE, Content, Form, added, back, begun_on, draft, message, over, to_the_town, without
from handlers.locale import gettext as _


class Additions(Protocol):
    """What is looked up; `catalogue.additions.Additions` answers from the database."""

    def token(self) -> str:
        """What makes a new place one, however many times it is sent."""

    def draft(self) -> Content:
        """What this person was giving: a place, a tale of one, or both; {} for nothing."""

    def kinds(self, code_insee: str, departement: str) -> Sequence[Kind]:
        """The kinds of places this person may add in a commune; none outside of their territory."""

    def alike(self, nom: str, place: Place) -> Sequence[Initiative]:
        """At most three entries that may be the place of that name, there or within a kilometre; likeliest first."""

    def preview(self, content: Content) -> Initiative:
        """A new entry as it will be."""

    def added(self, token: str) -> int | None:
        """The entry that was made of a token."""

    def told(self, initiative_id: int) -> Initiative | None:
        """An entry of which this person may tell more."""

    @property
    def events(self) -> EventAdditions:
        """What this person may announce."""


def _looks_after(desk: Desk) -> bool:
    """Whether this person looks after places of the guide, now."""
    return any(mandate.role in (Role.CORRESPONDANT, Role.COORDINATEUR) for mandate in desk.mandates())


def _not_yours() -> str:
    return _("Ce n'est plus à vous d'ajouter ce lieu. Merci quand même.")


def add(state: State | None, value: str, desk: Desk) -> Turn:
    """« Ajouter »: "", "reprendre", "nouveau", "changer", "changer=<step>", "oui=<token>", "fiche=<token>"."""
    if not _looks_after(desk):
        return _thanks(state, desk)
    what, _equals, detail = value.partition("=")
    kept = draft(desk).get(PLACE, {})
    if what == "oui":
        return _confirm(state, detail, kept, desk)
    if what == "fiche" and (known := added(detail, desk)):
        return whole.details(state, str(known), desk)
    if what == "changer" and kept:
        return _change(state, detail, kept)
    if what == "reprendre" and kept:
        return Turn(_FORM.at(state, kept), ())
    if what != "nouveau" and kept:
        return _which_way(state, kept, desk)
    begun = {"jeton": desk.additions.token(), "debut": desk.now.date().isoformat()}
    return Turn(_FORM.at(state, begun), ())


def _thanks(state: State | None, desk: Desk) -> Turn:
    """For who does not write in the guide: whom to tell."""
    helps = any(mandate.role is Role.TRAVAILLEUR_SOCIAL for mandate in desk.mandates())
    if helps:
        said = _(
            "Merci. Pour l'instant, les correspondants du guide ajoutent les lieux.\nParlez-en à celui de chez vous."
        )
    else:
        said = _("Merci d'y penser. Les correspondants du guide ajoutent les lieux.\nParlez-en à l'un d'eux.")
    return to_the_town(state, said, desk, *(((announce_choice(),),) if may_announce(desk) else ()))


def _which_way(state: State | None, kept: Content, desk: Desk) -> Turn:
    text = _("Vous aviez commencé à ajouter {name}, {day}.\nJ'ai gardé vos réponses.")
    rows: Rows = (
        (Choice(_("Reprendre là où j'en étais"), "ajouter:reprendre"),),
        (Choice(_("Recommencer"), "ajouter:nouveau"),),
        (Choice(_("Continuer"), "reprendre:"),),
    )
    said = text.format(name=_name(kept), day=begun_on(kept, desk))
    return Turn(state, (Reply(said, choices=rows),))


def _name(kept: Content) -> str:
    return f"« {kept['nom']} »" if kept.get("nom") else _("un lieu")


def _summary(state: State, desk: Desk) -> Turn:
    """The card as it will be shown."""
    content = _columns(state.answers, desk)
    if content is None:  # only a commune that left the catalogue since it was answered comes here
        state = _FORM.at(state, state.without("lieu").answers)
        return Turn(state, (message(Town(), state, desk),))
    card = whole_card(desk.additions.preview(content), desk.now)
    rows: Rows = (
        (Choice(_("Oui, l'ajouter au guide"), f"ajouter:oui={state.answers['jeton']}"),),
        (Choice(_("Changer une réponse"), "ajouter:changer"),),
        back(),
    )
    text = _("Voici la fiche, comme tout le monde la verra.")
    return Turn(state, (Reply(text, (replace(card, choices=()),), _("Est-ce juste ?"), rows),))


def _columns(answers: Content, desk: Desk) -> dict[str, Any] | None:
    """The answers as what an entry says; None when its commune is no longer known."""
    place = desk.place(answers["lieu"]["insee"])
    if place is None:
        return None
    where = dict(placed(*_street_and_postcode(answers["adresse"], place), place, desk))
    if point := answers.get("point"):
        where |= {"latitude": point[0], "longitude": point[1], "exact": True}
    return {
        **{name: answers[name] for name in ("jeton", "nom", "kind", "needs", "description", "publics")},
        **where,
        **answers["telephone"],
        **answers["lien"],
        **answers["horaires"],
        "frais": answers["frais"] or None,
        "verified_method": answers["methode"],
    }


def _street_and_postcode(said: str, place: Place) -> tuple[str | None, str]:
    """ "12 rue de l'Essai, 92000 Nanterre" is a street, and which postcode of its commune; any other is a street."""
    street, postcode, _town = said.partition(next((code for code in place.codes_postaux if code in said), "\n"))
    return street.strip(" ,") or None, postcode.strip()


_LABELS: dict[str, Callable[[], str]] = {
    "nom": lambda: _("Le nom"),
    "lieu": lambda: _("La commune"),
    "kind": lambda: _("Le genre"),
    "needs": lambda: _("Les besoins"),
    "description": lambda: _("Ce qu'on y fait"),
    "adresse": lambda: _("L'adresse"),
    "telephone": lambda: _("Le téléphone"),
    "lien": lambda: _("Le courriel, le site"),
    "horaires": lambda: _("Les horaires"),
    "publics": lambda: _("Pour qui"),
    "frais": lambda: _("Le prix"),
    "methode": lambda: _("Comment je le sais"),
}
# What goes with an answer: a new name may be that of a known place, a new town has other streets.
_ALONG = {"nom": ("lieu",), "lieu": ("adresse", "point"), "adresse": ("point",)}


def _change(state: State | None, step: str, kept: Content) -> Turn:
    if step in _LABELS:
        dropped = (step, *_ALONG.get(step, ()))
        return Turn(_FORM.at(state, {name: value for name, value in kept.items() if name not in dropped}), ())
    buttons = [Choice(label(), f"ajouter:changer={name}") for name, label in _LABELS.items() if name in kept]
    rows = (*two_a_row(buttons), (Choice(_("Rien"), "ajouter:reprendre"),))
    return Turn(state, (Reply(_("Que faut-il changer ? Je garde le reste."), choices=rows),))


def _confirm(state: State | None, token: str, kept: Content, desk: Desk) -> Turn:
    """What was kept goes in the guide; once, however many times it is tapped."""
    if added(token, desk):
        return _done(state, token, _("C'est déjà dans le guide. Merci."))
    content = _columns(kept, desk) if kept.get("jeton") == token and _FORM.is_whole(kept) else None
    if content is None:
        text = _("Ce bouton n'est plus valable.")
        return over(state, text, (Choice(_("Ajouter un lieu"), "ajouter:"),))
    if Kind.of(content["kind"]) not in desk.additions.kinds(content["code_insee"], content["departement"]):
        return over(state, _not_yours())
    done = _done(state, token, _("C'est fait : {name} est dans le guide. Merci.").format(name=content["nom"]))
    return replace(done, effects=(Add(content), without(PLACE, desk)))


def _done(state: State | None, token: str, text: str) -> Turn:
    more: Rows = (
        (Choice(_("Voir la fiche"), f"ajouter:fiche={token}"),),
        (Choice(_("Raconter ce lieu (monographie)"), f"monographie:{token}"),),
        (Choice(_("Ajouter un autre lieu"), "ajouter:"),),
    )
    return over(state, text, *more)


_FORM = Form(PLACE, STEPS, may=lambda state, desk: _looks_after(desk), sorry=_not_yours, show=_summary)
FLOWS: tuple[Flow, ...] = (_FORM.flow(), *monograph.FLOWS, *adding_event.FLOWS)
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {
    "ajouter": add,
    **monograph.ORDERS,
    **adding_event.ORDERS,
}


def in_lines(desk: Desk) -> list[str]:
    """What is kept about the person, as « Mes données » tells it."""
    told = [*monograph.in_lines(desk), *adding_event.in_lines(desk)]
    kept = draft(desk).get(PLACE)
    if not kept:
        return told
    text = _("Un lieu que vous ajoutez : {name}, commencé {day}.")
    return [text.format(name=_name(kept), day=begun_on(kept, desk)), *told]
