"""« Donner un avis »: what helped and for whom, as professionals say it. A coordinator reads it before it is shown."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from catalogue.entries import Initiative, Opinion
from catalogue.needs import Public
from handlers import nested
from handlers.asked import (
    YES,
    FreeWords,
    agreement,
    answered,
    asked_again,
    entry_of,
    gone_words,
    inner_flow,
    marked,
    number_in,
    said,
    toggled,
)
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, Flow, Gesture, Posed, Reading, State, Step, Turn, Understood
from handlers.effects import Moderate, Review
from handlers.locale import gettext as _
from handlers.moderating import ORDERS as MODERATING
from handlers.moderating import card_choice, line, named, why_refused

NAME = "avis"
WORDS, PUBLICS, SURE = "avis-mots", "avis-publics", "avis-accord"  # the steps
LONGEST = 500  # characters
_ENTRY, _CHOSEN = "fiche", "publics"  # among the answers: the entry spoken of, and for whom, until that is done
_DONE, _ANOTHER = "fin", "autre"


class Reviews(Protocol):
    """What is looked up; `catalogue.reviews.Reviews` answers from the database."""

    def of(self, initiative_id: int) -> Sequence[Opinion]:
        """At most three that may be shown, the latest first."""

    def may_review(self, initiative_id: int) -> bool:
        """Whether the person may say what helped there."""

    def too_many(self) -> bool:
        """Whether the person said as much as one may in a day."""

    def mine(self) -> Sequence[Opinion]:
        """What the person said in the roles they have, the latest first."""

    def to_moderate(self, review_id: int) -> Opinion | None:
        """One that is the person's to show or not, even once that is decided; None for any other."""


# Beside the entry.


def lines(entry: Initiative, desk: Desk) -> list[str]:
    """What professionals say of an entry, a line each: only what a coordinator read."""
    return [line(one, desk.now) for one in desk.reviews.of(entry.id)]


def choice(entry: Initiative, desk: Desk) -> tuple[Choice, ...]:
    """The button that begins an avis; nothing for who may not."""
    return (Choice(_("Donner un avis"), f"avis:{entry.id}"),) if desk.reviews.may_review(entry.id) else ()


def in_lines(desk: Desk) -> list[str]:
    """What is kept about the person, as « Mes données » tells it."""
    mine = desk.reviews.mine()
    names = {entry.id: entry.nom for entry in desk.initiatives([one.initiative_id for one in mine])}
    text = _("votre avis sur {name} : « {words} »")
    unknown = _("un lieu fermé")
    return [text.format(name=names.get(one.initiative_id, unknown), words=one.words) for one in mine]


# The conversation.


@dataclass(frozen=True, slots=True)
class ForWhom:
    """Several publics, touched one after the other; or none."""

    def pose(self, state: State, desk: Desk) -> Posed:
        chosen = _chosen(state)
        done = Choice(_("C'est tout") if chosen else _("Passer"), f"{PUBLICS}:{_DONE}")
        return Posed(_("Pour qui ? Vous pouvez en toucher plusieurs."), (*marked(PUBLICS, Public, chosen), (done,)))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        value = answered(event, self.pose(state, desk).choices)
        if value == _DONE:
            return Understood(state.answering(PUBLICS, [public.value for public in _chosen(state)]))
        if value:
            touched = toggled(_chosen(state), value)
            state = state.answering(_CHOSEN, [public.value for public in Public if public in touched])
        return asked_again(self.pose(state, desk), state=state, edits=event.kind is Gesture.TAPPED)


def _chosen(state: State) -> list[Public]:
    return [public for slug in state.answers.get(_CHOSEN, ()) if (public := Public.of(slug))]


# What would let somebody be found: an e-mail address, a telephone number however it is spaced.
_EMAIL = re.compile(r"[^\s@,;:<>()]+@[^\s@,;<>()]+\.[^\W\d_]{2,}")
_PHONE = re.compile(r"(?<![\d+])(?!\d\d[/.]\d\d[/.]\d{4}\b)(?:(?:\+|00)[ .\-()]*\d{2,3}|0)(?:[ .\-_/()]{0,3}\d){8,}")


def _names_somebody(written: str, state: State, desk: Desk) -> str:
    """Why words are refused: they hold a way to reach somebody that is not the entry's own (domain: privacy)."""
    entry = entry_of(state.answers[_ENTRY], desk)
    plain = unicodedata.normalize("NFKC", written)
    known = _digits(entry.telephone) if entry and entry.telephone else ""
    phones = [_digits(found[0])[-9:] for found in _PHONE.finditer(plain)]
    own = (entry.courriel or "").lower() if entry else ""
    emails = [found[0].lower() for found in _EMAIL.finditer(plain)]
    if any(phone not in known for phone in phones) or any(email != own for email in emails):
        return _("Ce texte contient un numéro de téléphone ou une adresse de courriel. Enlevez-les.")
    return ""


def _digits(written: str) -> str:
    return re.sub(r"\D", "", written)


def _summary(state: State, desk: Desk) -> str:
    entry, chosen = entry_of(state.answers[_ENTRY], desk), _chosen(state)
    parts = [_("Votre avis sur {name} :").format(name=entry.nom) if entry else _("Votre avis :")]
    parts.append(_("« {words} »").format(words=state.answers[WORDS]))
    if chosen:
        parts.append(_("Pour : {publics}.").format(publics=named(chosen)))
    parts.append(_("Un coordinateur le lit avant qu'il soit montré. Votre rôle et le mois sont écrits, rien d'autre."))
    return "\n".join(parts)


def _finish(state: State, desk: Desk) -> Turn:
    entry = entry_of(state.answers[_ENTRY], desk)
    if state.answers[SURE] != YES:
        return nested.ended(state, _("D'accord, rien n'est envoyé."))
    if entry is None:
        return nested.ended(state, gone_words())
    if why := _why_not(entry, desk):
        return nested.ended(state, why)
    text = _("Merci. Un coordinateur va lire votre avis. Ensuite, il sera montré avec la fiche.")
    turn = nested.ended(state, text, (Choice(_("Voir mon avis"), f"avis:{entry.id}"),))
    return replace(turn, effects=(Review(entry.id, state.answers[WORDS], tuple(_chosen(state))),))


def _why_not(entry: Initiative, desk: Desk) -> str:
    """Why the person may not speak of an entry now; "" when they may."""
    if not desk.reviews.may_review(entry.id):
        return _("Seuls les professionnels invités donnent un avis, et pas sur leur propre lieu.")
    if desk.reviews.too_many():
        return _("Vous avez donné beaucoup d'avis aujourd'hui, merci. Revenez demain.")
    return ""


# The orders.


def begin(state: State | None, value: str, desk: Desk) -> Turn:
    """« Donner un avis »: "<entry id>"; "<entry id>=autre" for who already gave one."""
    id_, _equals, more = value.partition("=")
    entry = entry_of(id_, desk)
    if entry is None:
        return said(state, gone_words())
    mine = next((one for one in desk.reviews.mine() if one.initiative_id == entry.id), None)
    if mine and more != _ANOTHER:
        return _given(state, entry, mine)
    if why := _why_not(entry, desk):
        return said(state, why, (card_choice(entry.id),))
    return Turn(nested.inside(state, NAME, **{_ENTRY: entry.id}), ())


def _given(state: State | None, entry: Initiative, mine: Opinion) -> Turn:
    becomes = _("Un coordinateur doit encore le lire.")
    if mine.published:
        becomes = _("Il est montré avec la fiche.")
    elif mine.refused:
        why = why_refused(mine) or _("Un coordinateur ne l'a pas retenu.")
        becomes = f"{why} {_('Vous pouvez en écrire un autre.')}"
    text = _("Votre avis sur {name} :\n« {words} »").format(name=entry.nom, words=mine.words)
    take_back = () if mine.refused else (Choice(_("Le retirer"), f"avis-retirer:{mine.id}"),)
    another = Choice(_("En écrire un autre"), f"avis:{entry.id}={_ANOTHER}")
    return said(state, f"{text}\n{becomes}", (another, *take_back))


def take_back(state: State | None, value: str, desk: Desk) -> Turn:
    """Takes back an avis of one's own, after one confirmation: "<id>", "<id>=oui"."""
    id_, _equals, sure = value.partition("=")
    mine = next((one for one in desk.reviews.mine() if one.id == number_in(id_) and not one.refused), None)
    if mine is None:
        return said(state, _("Je ne retrouve pas cet avis parmi les vôtres."))
    if sure != YES:
        text = _("Retirer votre avis ?\n« {words} »").format(words=mine.words)
        return said(state, text, (Choice(_("Oui, le retirer"), f"avis-retirer:{mine.id}={YES}"),))
    turn = said(state, _("C'est retiré. Je n'en garde pas les mots."), (card_choice(mine.initiative_id),))
    return replace(turn, effects=(Moderate(mine.id, publish=False),))


def _held(state: State, desk: Desk) -> list[str]:
    written = state.answers.get(WORDS)
    return [_("votre avis, pas encore envoyé : « {words} »").format(words=written)] if written else []


def _ask_words() -> str:
    return _("Qu'est-ce qui a aidé ? 500 caractères au plus.\nN'écrivez rien qui permette de reconnaître une personne.")


REVIEWING = inner_flow(
    NAME,
    (
        Step(WORDS, FreeWords(WORDS, _ask_words, LONGEST, _names_somebody), takes_words=True),
        Step(PUBLICS, ForWhom()),
        agreement(SURE, _summary),
    ),
    _finish,
    _held,
)

FLOWS: tuple[Flow, ...] = (REVIEWING,)
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {
    "avis": begin,
    "avis-retirer": take_back,
    **MODERATING,
}
