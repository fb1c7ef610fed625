"""One entry, whole: what is known of it, what professionals say, its next dates, and what one may do about it."""

from dataclasses import replace

from catalogue.entries import Initiative
from catalogue.needs import EventStatus
from handlers import reviewing
from handlers.adding_event import announce_choice
from handlers.asked import number_in
from handlers.cards import contact_card, whole_card
from handlers.dates import day_in_words, key_of
from handlers.desk import Desk
from handlers.dialogue import Choice, Reply, Rows, State, Turn
from handlers.effects import See
from handlers.locale import gettext as _


def details(state: State | None, value: str, desk: Desk) -> Turn:
    """One entry, whole. Also from a message that came days later, with no conversation."""
    entry = _entry(value, desk)
    if entry is None:
        return _gone(state)
    return shown(state, entry, desk, _back_to_list(state), edits=_in_a_list(state))


def shown(state: State | None, entry: Initiative, desk: Desk, back: Rows, edits: bool = False) -> Turn:
    """A turn that shows an entry; `back` are the buttons that leave it."""
    card = whole_card(entry, desk.now)
    card = replace(card, lines=(*card.lines, *reviewing.lines(entry, desk)))
    said, dates = _dates(entry, desk)
    rows = (*dates, *_watching(entry, desk), *_about(entry, desk), *back)
    return _seen(state, entry, Reply("", (card,), said, rows, edits=edits))


def contact(state: State, value: str, desk: Desk) -> Turn:
    """How to reach an entry."""
    entry = _entry(value, desk)
    if entry is None:
        return _gone(state)
    rows = (*_about(entry, desk), *_back_to_list(state))
    return _seen(state, entry, Reply("", (contact_card(entry, desk.now),), choices=rows, edits=True))


def _entry(value: str, desk: Desk) -> Initiative | None:
    return next(iter(desk.initiatives([number_in(value)])), None)


def _gone(state: State | None) -> Turn:
    words = _("Cette fiche n'est plus dans le guide.")
    return Turn(state, (Reply(words, choices=_back_to_list(state)[:1], edits=_in_a_list(state)),))


def _in_a_list(state: State | None) -> bool:
    """Whether the last results are still what the conversation is about."""
    return state is not None and "shown" in state.memo


def _back_to_list(state: State | None) -> Rows:
    if state is None or not _in_a_list(state):
        return ((Choice(_("Continuer"), "reprendre:"),),)
    back = (Choice(_("Revenir à la liste"), f"suite:{state.memo['shown']}"),)
    return (back, (Choice(_("Ce n'est pas ça"), "autre:"),)) if "found" in state.memo else (back,)


def _dates(entry: Initiative, desk: Desk) -> tuple[str, Rows]:
    """The next dates of an entry, each with its button."""
    dates = desk.next_dates(entry.id)
    live = [date for date in dates if date.status is not EventStatus.CANCELLED]
    lines = [
        _("Annulé : {name}, {when}.").format(name=date.event.nom, when=day_in_words(date, desk.now))
        for date in dates
        if date.status is EventStatus.CANCELLED
    ]
    lines += [_("Prochains rendez-vous :")] if live else []
    rows = [(Choice(f"{date.event.nom}, {day_in_words(date, desk.now)}", f"rdv:{key_of(date)}"),) for date in live]
    return "\n".join(lines), tuple(rows)


def _watching(entry: Initiative, desk: Desk) -> Rows:
    """To hear of what becomes of it, where one can be written to."""
    return ((Choice(_("Me prévenir si ça ferme ou déménage"), f"suivre:{entry.id}"),),) if desk.told_later else ()


def _about(entry: Initiative, desk: Desk) -> Rows:
    """What may be said of a card: by anyone, and by those who have a role for it."""
    theirs = (Choice(_("Corriger"), f"corriger:{entry.id}"),) if desk.corrections.entry(entry.id) else ()
    tale = (Choice(_("Raconter ce lieu"), f"monographie:{entry.id}"),) if theirs else ()
    poster = (Choice(_("Voir l'affiche"), f"affiche-voir:{entry.id}"),) if desk.photos.of(entry.id) else ()
    event = (announce_choice(entry.id),) if theirs else ()
    rows = (
        theirs + tale,
        poster,
        event,
        reviewing.choice(entry, desk),
        (Choice(_("Signaler une erreur"), f"signaler:{entry.id}"),),
    )
    return tuple(row for row in rows if row)


def _seen(state: State | None, entry: Initiative, reply: Reply) -> Turn:
    """Who opens an entry is counted once in a conversation."""
    opened = state.memo.get("seen", []) if state else []
    if entry.id in opened:
        return Turn(state, (reply,))
    return Turn(state.noting(seen=[*opened, entry.id]) if state else None, (reply,), (See(entry.id),))
