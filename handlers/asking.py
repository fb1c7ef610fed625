"""« Maintenu ? »: the question put to who organises a date or looks after its commune, and what their taps do.

Everything here is an order: it holds in the button, which may be tapped days later, or forged. Whether it is theirs to
say is read anew each time, from the roles they have then.
"""

from datetime import datetime

from catalogue.entries import Occurrence
from catalogue.needs import EventStatus, Settled
from handlers.cards import contact_lines
from handlers.dates import day_in_words, in_words, is_over, key_of, place_words, read_key, title_of
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reply, Rows, State, Turn
from handlers.effects import Settle
from handlers.locale import gettext as _
from handlers.words import capital

SURE = "annule-oui"  # the second tap: a cancellation is told at once to whoever counts on the date


def question_reply(occurrence: Occurrence, now: datetime) -> Reply:
    """What is asked two days before a date: its fields first, then three buttons."""
    key = key_of(occurrence)
    lines = (capital(in_words(occurrence, now)), place_words(occurrence.event), *contact_lines(occurrence.event))
    rows = tuple((Choice(_(said.label), f"maintenu:{key}={said.value}"),) for said in Settled)
    card = Card(title_of(occurrence), tuple(filter(None, lines)))
    return Reply(_("Une question, pour que personne ne se déplace pour rien."), (card,), _("Maintenu ?"), rows)


def settle(state: State | None, value: str, desk: Desk) -> Turn:
    """What an answer does: "<key>=oui", "<key>=annule", "<key>=annule-oui", "<key>=ne-sais-pas"."""
    named, _equals, said = value.partition("=")
    key = read_key(named)
    date = desk.occurrence(*key) if key else None
    role = desk.may_settle(date.event) if date else None
    if date is None or role is None:
        return _said(state, _("Ce n'est plus à vous de répondre pour ce rendez-vous. Merci quand même."))
    name, when = date.event.nom, day_in_words(date, desk.now)
    if is_over(date, desk.now):
        return _said(state, _("C'est passé : {name}, {when}. Merci.").format(name=name, when=when))
    if date.status is EventStatus.CANCELLED and not desk.cancelled_here(date):
        text = _("Son calendrier l'annonce annulé : {name}, {when}. C'est là qu'il faut le corriger.")
        return _said(state, text.format(name=name, when=when))
    if said == SURE:
        return _cancelled(state, date, name, when)
    match Settled.of(said):
        case Settled.OUI:
            return _stands(state, date, name, when)
        case Settled.ANNULE:
            return _make_sure(state, date, name, when)
        case Settled.NE_SAIS_PAS:
            text = _("Merci de l'avoir dit. Je demande à quelqu'un d'autre, s'il y a quelqu'un.")
            return _said(state, text, _effect(date, Settled.NE_SAIS_PAS))
    return Turn(state, (question_reply(date, desk.now),))


def _stands(state: State | None, date: Occurrence, name: str, when: str) -> Turn:
    text = _("Merci. C'est noté : {name}, {when}, est maintenu. Les rappels le diront.").format(name=name, when=when)
    rows: Rows = ((Choice(_("Finalement, c'est annulé"), f"maintenu:{key_of(date)}={Settled.ANNULE.value}"),),)
    return _said(state, text, _effect(date, Settled.OUI), choices=rows)


def _make_sure(state: State | None, date: Occurrence, name: str, when: str) -> Turn:
    text = _("{name}, {when} : c'est annulé ?\nJe préviens tout de suite les personnes qui ont demandé un rappel.")
    key = key_of(date)
    rows: Rows = (
        (Choice(_("Oui, c'est annulé"), f"maintenu:{key}={SURE}"),),
        (Choice(_("Non, c'est maintenu"), f"maintenu:{key}={Settled.OUI.value}"),),
    )
    return _said(state, text.format(name=name, when=when), choices=rows)


def _cancelled(state: State | None, date: Occurrence, name: str, when: str) -> Turn:
    text = _("C'est noté : {name}, {when}, est annulé. Les personnes concernées sont prévenues.")
    again = Choice(_("C'était une erreur : il a lieu"), f"maintenu:{key_of(date)}={Settled.OUI.value}")
    return _said(state, text.format(name=name, when=when), _effect(date, Settled.ANNULE), choices=((again,),))


def _effect(date: Occurrence, said: Settled) -> Settle:
    return Settle(date.event.id, date.original_at, said)


def _said(state: State | None, text: str, *effects: Settle, choices: Rows = ()) -> Turn:
    return Turn(state, (Reply(text, choices=choices, edits=True),), effects)
