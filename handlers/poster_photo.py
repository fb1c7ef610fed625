"""A photo of the poster, beside a card: sent when it is asked for, shown back, and kept by one more tap.

It helps who verifies the card, and is shown to nobody else. Whether a card is theirs is read anew at each tap, and
again when a photo is attached or removed.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from catalogue.hours import PARIS
from catalogue.pictures import MOST, Flaw
from handlers import nested, words
from handlers.asked import go_on, inner_flow, number_in, said
from handlers.correcting import begun, entry_of, no_more, what_next
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
from handlers.effects import AttachPhoto, FetchPhoto, RemovePhoto
from handlers.locale import gettext as _

NAME = "affiche"
PHOTO = "photo"
KEEP, ANOTHER = "affiche-garder", "affiche-autre"


class Photo(Protocol):
    """A photo of an entry, and when it was attached (UTC)."""

    @property
    def id(self) -> int: ...
    @property
    def initiative_id(self) -> int: ...
    @property
    def attached_at(self) -> datetime: ...


class Photos(Protocol):
    """What is looked up; `catalogue.photos.Photos` answers from the database."""

    def waits(self, photo_id: int) -> bool:
        """Whether a photo was received, and is attached to nothing yet."""

    def of(self, initiative_id: int) -> Sequence[Photo]:
        """The photos of an entry this person answers for, the oldest first."""

    def one(self, photo_id: int) -> Photo | None:
        """A photo of an entry this person answers for."""


def held_photo(state: State | None) -> int:
    """The number of the photo that a conversation is about to keep; 0 for none."""
    return state.answers.get(PHOTO, 0) if state and state.flow == NAME else 0


# Sent.


def _begin(state: State | None, value: str, desk: Desk) -> Turn:
    return begun(NAME, state, value, desk)


class ThePhoto:
    """A photo, which is not fetched unless it is asked for here."""

    def pose(self, state: State, desk: Desk) -> Posed:
        entry = entry_of(state, desk)
        if entry is None:
            return Posed(_("Vous ne pouvez plus corriger cette fiche."), ((Choice(_("Continuer"), "affiche-non:"),),))
        text = _(
            "{name}\nEnvoyez la photo de l'affiche.\n"
            "Elle aide à vérifier la fiche. Les habitants ne la voient pas. Sans visage, si possible."
        )
        return Posed(text.format(name=entry.nom), ((_give_up(),),))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if entry_of(state, desk) is None:
            return Understood(state.answering(PHOTO, 0))
        if event.photo:
            looking = Reply(_("Je regarde la photo."), choices=((_give_up(),),))
            return Unclear(looking, nearly=True, effects=(FetchPhoto(event.photo),))
        if event.kind is not Gesture.RECEIVED:
            return self._again(_("Ici, j'attends une photo."), state, desk)
        number = number_in(event.text)
        if desk.photos.waits(number):
            return Understood(state.answering(PHOTO, number))
        return self._again(_why(event.text), state, desk)

    def _again(self, why: str, state: State, desk: Desk) -> Unclear:
        posed = self.pose(state, desk)
        return Unclear(Reply(f"{why}\n{posed.text}", choices=posed.choices, asks_photo=True), nearly=True)


def _give_up() -> Choice:
    return Choice(_("Annuler"), "affiche-non:")


def _why(flaw: str) -> str:
    """Why a photo cannot be kept, in words."""
    unreadable = _("Je n'ai pas pu lire cette photo. Je lis les images JPEG, PNG et WebP.")
    reasons = {
        Flaw.TOO_HEAVY: _("Cette photo est trop lourde : 10 Mo au plus."),
        Flaw.TOO_LARGE: _("Cette photo est trop grande. Prenez-la en moins haute définition."),
        Flaw.OUT_OF_REACH: _("Je n'ai pas pu recevoir cette photo. Envoyez-la de nouveau."),
    }
    return next((text for one, text in reasons.items() if one == flaw), unreadable)


# Shown back, and kept.


def _shown(state: State, desk: Desk) -> Turn:
    entry, photo = entry_of(state, desk), state.answers[PHOTO]
    if entry is None:
        return no_more(state)
    another = Choice(_("Une autre"), f"{ANOTHER}:")
    if not desk.photos.waits(photo):
        text = _("Cette photo n'est plus là : elle a attendu trop longtemps.")
        return Turn(state, (Reply(text, choices=((another, _give_up()),)),))
    rows: Rows = ((Choice(_("Garder"), f"{KEEP}:"), another), (_give_up(),))
    text = _("{name}\nVoici la photo. On lit bien l'affiche ?").format(name=entry.nom)
    return Turn(state, (Reply(text, choices=rows, photo=photo),))


def _keep(state: State, value: str, desk: Desk) -> Turn:
    entry, photo = entry_of(state, desk), state.answers[PHOTO]
    if entry is None or not desk.photos.waits(photo):
        return _shown(state, desk)
    text = _("C'est gardé. Merci.\nQui vérifie ou corrige cette fiche peut voir la photo, pendant un an.")
    if len(desk.photos.of(entry.id)) >= MOST:
        text += "\n" + _("La plus ancienne est enlevée : une fiche en garde trois.")
    turn = nested.ended(state, text, (_remove(photo),), *what_next(state))
    return replace(turn, effects=(AttachPhoto(photo, entry.id),))


def _another(state: State, value: str, desk: Desk) -> Turn:
    return Turn(state.without(PHOTO), ())


def _leave(state: State | None, value: str, desk: Desk) -> Turn:
    text = _("D'accord. La fiche n'a pas changé.")
    return nested.ended(state, text) if state and state.flow == NAME else said(state, text)


def _hears(state: State, event: Event, desk: Desk) -> Reading:
    """Words said once the photo is shown back."""
    asked = Reply(_("Touchez une des réponses proposées."), choices=((Choice(_("Continuer"), "reprendre:"),),))
    return Unclear(asked, nearly=True)


def _held(state: State, desk: Desk) -> list[str]:
    return [_("une photo d'affiche, pas encore gardée : une heure au plus")] if held_photo(state) else []


# Seen again, and removed.


def _see(state: State | None, value: str, desk: Desk) -> Turn:
    """ "<entry id>": its photos, the last one last."""
    found = desk.photos.of(number_in(value))
    if not found:
        return said(state, _("Je n'ai pas d'affiche à vous montrer pour cette fiche."))
    replies = [Reply(_dated(one, desk), choices=((_remove(one.id),),), photo=one.id) for one in found]
    replies[-1] = replace(replies[-1], choices=(*replies[-1].choices, (go_on(),)))
    return Turn(state, tuple(replies))


def _dated(photo: Photo, desk: Desk) -> str:
    day = words.full_day(photo.attached_at.astimezone(PARIS).date(), desk.now.date())
    return _("Affiche ajoutée le {day}").format(day=day)


def _remove(photo_id: int) -> Choice:
    return Choice(_("Enlever l'image"), f"affiche-enlever:{photo_id}")


def _removed(state: State | None, value: str, desk: Desk) -> Turn:
    """ "<photo id>", then "<photo id>=oui"."""
    number, _equals, sure = value.partition("=")
    found = desk.photos.one(number_in(number))
    if not found:
        return said(state, _("Cette photo n'est plus là, ou vous ne pouvez pas l'enlever."))
    if sure != "oui":
        yes = Choice(_("Oui, l'enlever"), f"affiche-enlever:{found.id}=oui")
        keep = Choice(_("Non, la garder"), "reprendre:")
        return Turn(state, (Reply(_("Enlever l'affiche du guide ?"), choices=((yes, keep),)),))
    turn = said(state, _("La photo est enlevée."), (Choice(_("Corriger"), f"corriger:{found.initiative_id}"),))
    return replace(turn, effects=(RemovePhoto(found.id),))


_STEPS = (Step(PHOTO, ThePhoto(), takes_photo=True),)
POSTER_PHOTO = replace(inner_flow(NAME, _STEPS, _shown, _held), actions={KEEP: _keep, ANOTHER: _another}, hears=_hears)
FLOWS: tuple[Flow, ...] = (POSTER_PHOTO,)
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {
    "affiche": _begin,
    "affiche-non": _leave,
    "affiche-voir": _see,
    "affiche-enlever": _removed,
}
