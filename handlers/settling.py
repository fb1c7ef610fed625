"""What comes of « Signaler une erreur »: put to who may settle it, settled in a tap or two, told to who wished it.

Settling is an order: it holds in the button, which may be tapped days later, or forged. Whether it is theirs to do is
read anew each time.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from catalogue.entries import Initiative, Reported
from catalogue.needs import Outcome, Reason, Role, Status
from handlers.asked import go_on, number_in
from handlers.cards import whole_card
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reply, Rows, State, Turn
from handlers.effects import SettleReport
from handlers.locale import gettext as _
from handlers.locale import ngettext
from handlers.told import one_of_several

SETTLES = "signalement"  # what its buttons begin with
MOST_QUOTED = 10  # of what several people wrote, in one message
ASKED = "voir"  # opens it from a message that names several
SURE = "ferme-oui"  # the second tap: a closed entry is shown no more


def correct_choice(entry_id: int) -> tuple[Choice, ...]:
    """The way to correct the entry."""
    return (Choice(_("Corriger la fiche"), f"corriger:{entry_id}"),)


def put_reply(reported: Reported, role: Role, now: datetime) -> Reply:
    """What is put to who may settle it: what is said, the card, the words of each, and the outcomes to tap."""
    return Reply(
        _who_says_what(reported),
        (whole_card(reported.entry, now),),
        _quoted(reported.words),
        (correct_choice(reported.entry.id), *_outcomes(reported, role)),
    )


def put_card(reported: Reported) -> Card:
    """The same, when several are put at once."""
    return one_of_several(reported.entry, _who_says_what(reported), f"{SETTLES}:{reported.id}={ASKED}")


def _who_says_what(reported: Reported) -> str:
    """How many people is only said from three on, as nobody could then tell who."""
    said = {
        1: _("Une personne signale une erreur : « {reason} »."),
        2: _("Deux personnes signalent la même erreur : « {reason} »."),
    }.get(reported.people, _("{count} personnes signalent la même erreur : « {reason} »."))
    return said.format(count=reported.people, reason=_(reported.reason.label))


def _quoted(words: Sequence[str]) -> str:
    lines = [_("« {words} »").format(words=one) for one in words[-MOST_QUOTED:]]
    lines = [_("Voici ce qui est écrit :"), *lines] if lines else []
    more = len(words) - MOST_QUOTED
    if more > 0:
        lines.append(ngettext("Et {count} autre message.", "Et {count} autres messages.", more).format(count=more))
    return "\n".join([*lines, _("Qu'en est-il ?")])


def _outcomes(reported: Reported, role: Role) -> Rows:
    labels = {
        Outcome.CORRIGE: _("C'est corrigé"),
        Outcome.FERME: _("C'est fermé"),
        Outcome.JUSTE: _("La fiche est juste"),
    }
    hand_on = _("Je transmets à qui peut agir") if role is Role.COORDINATEUR else _("Je passe au coordinateur")
    if reported.reason is Reason.ACCUEIL:  # it is not about what the card says
        labels = {Outcome.FERME: labels[Outcome.FERME]}
    labels[Outcome.TRANSMIS] = hand_on
    return tuple((Choice(label, f"{SETTLES}:{reported.id}={outcome.value}"),) for outcome, label in labels.items())


def settle(state: State | None, value: str, desk: Desk) -> Turn:
    """What an outcome does: "<report id>=<outcome>"; "<report id>=ferme-oui" closes the entry."""
    id_, _equals, said = value.partition("=")
    found = desk.reports.to_settle(number_in(id_))
    if not found:
        return _settled(state, _("Ce n'est plus à vous de répondre, ou c'est déjà fait. Merci quand même."))
    reported, role = found
    outcome = Outcome.FERME if said == SURE else Outcome.of(said)
    if outcome is Outcome.FERME and said != SURE:
        return _make_sure(state, reported)
    if outcome is None:
        return Turn(state, (replace(put_reply(reported, role, desk.now), edits=said != ASKED),))
    return _settled(state, _thanks(reported.entry.nom, outcome, role), SettleReport(reported.id, outcome))


def _make_sure(state: State | None, reported: Reported) -> Turn:
    text = _("{name} : c'est fermé pour toujours ?\nLa fiche ne sera plus montrée à personne.")
    rows: Rows = (
        (Choice(_("Oui, c'est fermé"), f"{SETTLES}:{reported.id}={SURE}"),),
        (Choice(_("Non, revenir"), f"{SETTLES}:{reported.id}="),),
    )
    return Turn(state, (Reply(text.format(name=reported.entry.nom), choices=rows, edits=True),))


def _thanks(name: str, outcome: Outcome, role: Role) -> str:
    said = {
        Outcome.CORRIGE: _("Merci. C'est noté : la fiche « {name} » est corrigée."),
        Outcome.FERME: _("Merci. C'est noté : « {name} » est fermé. La fiche n'est plus montrée."),
        Outcome.JUSTE: _("Merci. C'est noté : la fiche « {name} » est juste, vérifiée aujourd'hui."),
        Outcome.TRANSMIS: _("Merci. C'est noté pour « {name} » : transmis à qui peut agir."),
    }[outcome]
    if outcome is Outcome.TRANSMIS and role is not Role.COORDINATEUR:
        said = _("Merci. Je demande au coordinateur du guide pour « {name} ».")
    return said.format(name=name)


def _settled(state: State | None, text: str, *effects: SettleReport) -> Turn:
    """What is said in place of the question."""
    return Turn(state, (Reply(text, choices=((go_on(),),), edits=True),), effects)


def outcome_reply(entry: Initiative, reason: Reason, outcome: Outcome) -> Reply:
    """What is written, once, to who reported and wished to hear of it."""
    text = _("Vous aviez signalé : {name}, « {reason} ».\nVoici ce qu'il en est : {outcome}.\nMerci.")
    said = text.format(name=entry.nom, reason=_(reason.label), outcome=_(outcome.label))
    return Reply(said, choices=ways_on(entry))


def ways_on(entry: Initiative) -> Rows:
    """What one may do once told what became of an entry."""
    if entry.status is Status.CLOSED:
        need = entry.needs[0].value if entry.needs else ""
        return ((Choice(_("Chercher un autre lieu"), f"besoins:{need}"),),)
    return ((Choice(_("Voir la fiche"), f"fiche:{entry.id}"), go_on()),)


ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {SETTLES: settle}
