"""« Mes rappels »: all that a person asked to be told later. Every line can be stopped, and all of it together.

Everything here is an order: it holds in the button, so that it works days later, on a reminder, with no conversation.
"""

from datetime import datetime

from catalogue.entries import Asked, Initiative, Occurrence, Reminded, Subscription
from handlers import words
from handlers.asked import go_on, number_in
from handlers.dates import in_words, key_of, read_key, title_of
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reply, Rows, State, Turn
from handlers.effects import StopAll, Unremind, Unsubscribe, Unwatch
from handlers.later import ahead_words, cannot_write, said, which
from handlers.locale import gettext as _
from handlers.told import stop_all

MOST_LISTED = 20


def listed(state: State | None, value: str, desk: Desk) -> Turn:
    """All that the person asked to be told, each with the button that stops it."""
    if not desk.told_later:
        return cannot_write(state)
    cards = _cards(desk.asked(), desk)
    if not cards:
        text = _("Vous n'avez aucun rappel.\nTouchez « Me le rappeler » sous un rendez-vous.")
        return Turn(state, (Reply(text, choices=((Choice(_("Les rendez-vous"), "agenda:"), go_on()),)),))
    more = len(cards) - MOST_LISTED
    after = _("Et {count} autres. « Tout arrêter » les arrête aussi.").format(count=more) if more > 0 else ""
    reply = Reply(_("Voici vos rappels."), tuple(cards[:MOST_LISTED]), after, ((stop_all(), go_on()),))
    return Turn(state, (reply,))


def _cards(asked: Asked, desk: Desk) -> list[Card]:
    reminders = [_reminder_card(reminded, desk.now) for reminded in asked.reminders]
    subscriptions = [_subscription_card(one, desk) for one in asked.subscriptions]
    return [*reminders, *subscriptions, *(_watch_card(entry) for entry in asked.watched)]


def _reminder_card(reminded: Reminded, now: datetime) -> Card:
    occurrence = reminded.occurrence
    ahead = ahead_words(occurrence, reminded.ahead)
    lines = (words.capital(in_words(occurrence, now)), _("Rappel : {ahead}.").format(ahead=ahead) if ahead else "")
    choices = (Choice(_("Arrêter"), f"rappel-stop:{key_of(occurrence)}"), _details(occurrence))
    return Card(title_of(occurrence), tuple(filter(None, lines)), choices=choices)


def _details(occurrence: Occurrence) -> Choice:
    return Choice(_("Détails"), f"rdv:{key_of(occurrence)}")


def _subscription_card(subscription: Subscription, desk: Desk) -> Card:
    line = _("Je vous écris {rhythm}.").format(rhythm=_(subscription.rhythm.label))
    return Card(_subscribed(subscription, desk), (line,), choices=(_stop(f"avis-stop:{subscription.id}"),))


def _subscribed(subscription: Subscription, desk: Desk) -> str:
    place = desk.place(subscription.code_insee)
    return which(subscription.kind, place.nom if place else subscription.code_insee)


def _watch_card(entry: Initiative) -> Card:
    line = _("Je vous écris s'il ferme ou déménage.")
    return Card(
        entry.nom, (line,), choices=(_stop(f"suivi-stop:{entry.id}"), Choice(_("Voir la fiche"), f"fiche:{entry.id}"))
    )


def _stop(data: str) -> Choice:
    return Choice(_("Arrêter"), data)


def stop_reminder(state: State | None, value: str, desk: Desk) -> Turn:
    """Nothing more is written of a date."""
    key = read_key(value)
    if key is None:
        return listed(state, "", desk)
    occurrence = desk.occurrence(*key)
    text = _("C'est noté : je ne vous en parle plus.")
    if occurrence:
        text = _("C'est noté : plus de rappel pour {name}.").format(name=occurrence.event.nom)
    return said(state, text, Unremind(*key))


def stop_subscription(state: State | None, value: str, desk: Desk) -> Turn:
    """The dates to come are told no more; only a subscription of this person's can be stopped."""
    number = number_in(value)
    found = next((one for one in desk.asked().subscriptions if one.id == number), None)
    if found is None:
        return listed(state, "", desk)
    text = _("C'est noté. {which} : je ne vous les annonce plus.").format(which=_subscribed(found, desk))
    return said(state, text, Unsubscribe(found.id))


def stop_watch(state: State | None, value: str, desk: Desk) -> Turn:
    """What becomes of an entry is told no more."""
    number = number_in(value)
    return said(state, _("C'est noté : je ne vous écris plus à son sujet."), Unwatch(number))


def stop_everything(state: State | None, value: str, desk: Desk) -> Turn:
    """Ends everything that was asked, after one confirmation."""
    if value == "oui":
        text = _("Tout est arrêté. Je ne vous écrirai plus de moi-même.")
        rows = ((Choice(_("Les rendez-vous"), "agenda:"), go_on()),)
        return Turn(state, (Reply(text, choices=rows),), (StopAll(),))
    text = _("Arrêter tous vos rappels ?")
    choices: Rows = (
        (Choice(_("Oui, tout arrêter"), "tout-arreter:oui"),),
        (Choice(_("Non, les garder"), "mesrappels:"),),
    )
    return Turn(state, (Reply(text, choices=choices),))


def has_asked(asked: Asked) -> bool:
    """Whether there is anything to stop."""
    return bool(asked.reminders or asked.subscriptions or asked.watched)


def in_lines(asked: Asked, desk: Desk) -> list[str]:
    """What is held because the person asked to be told, a line each."""
    lines = [
        _("votre rappel : {name}, {when}").format(
            name=one.occurrence.event.nom, when=in_words(one.occurrence, desk.now)
        )
        for one in asked.reminders
    ]
    lines += [_("ce que je vous annonce : {which}").format(which=_subscribed(one, desk)) for one in asked.subscriptions]
    lines += [_("le lieu que vous suivez : {name}").format(name=entry.nom) for entry in asked.watched]
    return lines
