"""What is written to people later, as they asked: before a date, when it changes, what is to come, what closes."""

from collections.abc import Sequence
from datetime import datetime

from catalogue.entries import Initiative, Occurrence
from catalogue.needs import EventStatus, Status
from handlers import words
from handlers.cards import calls
from handlers.dates import (
    by_event,
    date_card,
    date_choices,
    in_words,
    instant_words,
    key_of,
    listed_card,
    sureness,
    then_words,
    way_there,
)
from handlers.dialogue import Card, Choice, Reply, Rows
from handlers.locale import gettext as _
from handlers.locale import ngettext

MOST_TOLD = 8  # events in one message of dates to come


def reminder_reply(occurrence: Occurrence, now: datetime) -> Reply:
    """What is written before a date, to who asked for it."""
    said = _("Rappel : {name}, {when}.").format(name=occurrence.event.nom, when=in_words(occurrence, now))
    return Reply(said, cards=(_told_card(occurrence, now),), choices=_stopping(occurrence))


def change_reply(before_at: datetime, occurrence: Occurrence, now: datetime, others: Sequence[Occurrence]) -> Reply:
    """What is written when a date is cancelled, moved, no longer announced, or on after all; `others` is what is near.

    `before_at`: when the person believed it would begin.
    """
    before, name = instant_words(before_at, occurrence, now), occurrence.event.nom
    others = [other for other in others if other.status is not EventStatus.CANCELLED]
    cards = (_told_card(occurrence, now), *(date_card(other, now, told_later=True) for other in others))
    if occurrence.status is EventStatus.CANCELLED:
        said = [_("Annulé : {name}, {before}. N'y allez pas.").format(name=name, before=before)]
    else:
        said = [_changed(name, before, before_at, occurrence, now)]
    if others:
        said.append(_("Voici ce qu'il y a d'autre près de là."))
    elsewhere: Rows = ((Choice(_("Les rendez-vous"), "agenda:"),),)
    return Reply("\n".join(said), cards=cards, choices=(*elsewhere, *_stopping(occurrence)))


def _changed(name: str, before: str, before_at: datetime, occurrence: Occurrence, now: datetime) -> str:
    if before_at == occurrence.starts_at and occurrence.event.vanished_at:
        doubt = sureness(occurrence)
        return _("Changement : {name}, {before}. {doubt}").format(name=name, before=before, doubt=doubt)
    if before_at == occurrence.starts_at and occurrence.status is not EventStatus.MOVED:
        return _("Finalement, cela a bien lieu : {name}, {before}.").format(name=name, before=before)
    said = _("Changement : {name} n'est plus {before}. C'est {when}.")
    if before_at == occurrence.starts_at:
        said = _("Changement : {name}, {before}. Vérifiez le lieu.")
    return said.format(name=name, before=before, when=in_words(occurrence, now))


def digest_reply(occurrences: Sequence[Occurrence], place_nom: str, now: datetime) -> Reply:
    """The dates to come around a place, as who asked for them reads them; those of one event are one card."""
    groups = by_event([one for one in occurrences if one.status is not EventStatus.CANCELLED])
    cards = tuple(
        listed_card(dates[0], now, "", then_words(dates, now), date_choices(dates[0], now, told_later=True))
        for dates in groups[:MOST_TOLD]
    )
    said = ngettext("{count} rendez-vous près {of_place}.", "{count} rendez-vous près {of_place}.", len(groups))
    buttons = ((Choice(_("Tous les rendez-vous"), "agenda:"),), (my_reminders(), stop_all()))
    return Reply(said.format(count=len(groups), of_place=words.of(place_nom)), cards=cards, choices=buttons)


def watch_reply(initiative: Initiative, change: str) -> Reply:
    """What is written when an entry one watches changes; `change` is the sentence that says what."""
    said = _("Du nouveau, comme vous l'aviez demandé.")
    if initiative.status is Status.CLOSED:  # nothing more is to be told of it, and the guide shows it no more
        need = initiative.needs[0].value if initiative.needs else ""
        elsewhere = (Choice(_("Chercher un autre lieu"), f"besoins:{need}"),)
        return Reply(said, (Card(initiative.nom, (change,)),), choices=(elsewhere, (my_reminders(), stop_all())))
    card = Card(initiative.nom, (change,), choices=(Choice(_("Voir la fiche"), f"fiche:{initiative.id}"),))
    stop = Choice(_("Ne plus me prévenir"), f"suivi-stop:{initiative.id}")
    return Reply(said, (card,), choices=((stop, my_reminders()), (stop_all(),)))


def several_reply(cards: Sequence[Card]) -> Reply:
    """What is written to who has several things to say: one line each, and the button that opens it."""
    return Reply(_("{count} questions pour vous. Prenez-les une à une.").format(count=len(cards)), tuple(cards))


def one_of_several(entry: Initiative, what: str, data: str) -> Card:
    """One of them; `data` is the order that asks it."""
    town = " ".join(filter(None, (entry.code_postal, entry.commune)))
    return Card(entry.nom, tuple(filter(None, (town, what))), choices=(Choice(_("Répondre"), data),))


def my_reminders() -> Choice:
    """The list of what one asked to be told."""
    return Choice(_("Mes rappels"), "mesrappels:")


def stop_all() -> Choice:
    """The end of all of it."""
    return Choice(_("Tout arrêter"), "tout-arreter:")


def _stopping(occurrence: Occurrence) -> Rows:
    stop = Choice(_("Ne plus me le rappeler"), f"rappel-stop:{key_of(occurrence)}")
    return ((stop, my_reminders()), (stop_all(),))


def _told_card(occurrence: Occurrence, now: datetime) -> Card:
    cancelled = occurrence.status is EventStatus.CANCELLED
    ways = () if cancelled else (*way_there(occurrence.event), *calls(occurrence.event))
    return listed_card(occurrence, now, "", "", ways)
