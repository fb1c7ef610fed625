"""What is kept of a person: shown, and removed in one tap and one confirmation."""

from collections.abc import Sequence

from handlers import adding, arranging, correcting, mine, reporting, reviewing, roles
from handlers.asked import go_on
from handlers.desk import Desk
from handlers.dialogue import Choice, Reply, State, Turn
from handlers.effects import Drop, Forget
from handlers.emergency import emergency_button
from handlers.locale import gettext as _
from handlers.told import my_reminders, stop_all


def cancel(state: State | None, value: str, desk: Desk) -> Turn:
    """Ends the conversation, and forgets it."""
    words = _("C'est arrêté. J'ai oublié ce que vous m'avez dit.\nRevenez quand vous voulez.")
    if not mine.has_asked(desk.asked()):
        return Turn(None, (Reply(words, choices=(_start_again(),)),), (Drop(),))
    words = f"{words}\n{_('Vos rappels, eux, continuent.')}"
    return Turn(None, (Reply(words, choices=((stop_all(), my_reminders()), _start_again())),), (Drop(),))


def _start_again() -> tuple[Choice, ...]:
    return (Choice(_("Recommencer"), "recommencer:"), emergency_button())


def shown(state: State | None, held: Sequence[str], desk: Desk) -> Turn:
    """All that is kept; `held` is what the conversation keeps, in words."""
    lines = [_("Voici tout ce que je garde sur vous :")]
    asked = mine.in_lines(desk.asked(), desk)
    mandates = roles.in_lines(desk.mandates(), desk)
    tries = roles.tries_in_lines(desk)
    given = [line for room in (arranging, correcting, reporting, adding, reviewing) for line in room.in_lines(desk)]
    lines += [*held, *asked, *mandates, *given, *tries] or [_("aucune réponse pour le moment.")]
    lines += [
        _("Je ne connais ni votre nom, ni votre adresse."),
        _("Pour vous répondre : le numéro de cette conversation. Et, sur le site, les messages affichés."),
        _("Tout disparaît après 24 heures de silence."),
    ]
    if asked or mandates or given:
        lines[-1] = _("Vos réponses disparaissent après 24 heures de silence.")
    if asked:
        lines.append(_("Vos rappels restent jusqu'à leur date, ou jusqu'à ce que vous les arrêtiez."))
    if adding.in_lines(desk):
        lines.append(_("Ce que vous ajoutez reste 30 jours, ou jusqu'à ce que vous l'effaciez."))
    if mandates:
        lines.append(_("Votre rôle reste jusqu'à ce que vous le quittiez."))
    reminders = ((my_reminders(),),) if asked else ()
    leaving = ((Choice(_("Quitter mon rôle"), "quitter:"),),) if mandates else ()
    choices = (*reminders, *roles.work(desk.mandates()), *leaving, (Choice(_("Tout effacer"), "effacer:"),), (go_on(),))
    return Turn(state, (Reply("\n".join(lines), choices=choices),))


def erase(state: State | None, value: str, desk: Desk) -> Turn:
    """Removes everything, after one confirmation."""
    if value == "oui":
        words = _("C'est effacé. Je ne garde plus rien de vous.")
        return Turn(None, (Reply(words, choices=(_start_again(),)),), (Forget(),))
    choices = ((Choice(_("Oui, tout effacer"), "effacer:oui"),), (Choice(_("Non, continuer"), "reprendre:"),))
    return Turn(state, (Reply(_("Effacer tout ce que je garde de vous ?"), choices=choices),))
