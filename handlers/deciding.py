"""Two corrections that contradict each other: one person chooses. Whether it is theirs to do is read anew each time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from catalogue.entries import Conflict, Correction, Initiative
from handlers import words
from handlers.asked import number_in, said
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reply, Rows, State, Turn
from handlers.effects import Decide
from handlers.field_answers import applied, in_words
from handlers.fields import every_field
from handlers.locale import gettext as _
from handlers.settling import ways_on
from handlers.told import one_of_several

KEEP, REFUSE, UNSURE = "garder", "refuser", "ne-sais-pas"


def conflict_reply(conflict: Conflict, now: datetime) -> Reply:
    """What is asked of whoever may decide: what the card said, what two people wrote."""
    field, today = every_field()[conflict.earlier.field], now.date()

    def shown(values: Mapping[str, Any]) -> str:
        return in_words(field, applied(conflict.entry, values), today)

    first, second = conflict.earlier, conflict.later
    lines = (
        field.label,
        _("Avant : {value}").format(value=shown(first.before)),
        _("Première réponse ({who}) : {value}").format(who=_by(first, now), value=shown(first.after)),
        _("Seconde réponse ({who}) : {value}").format(who=_by(second, now), value=shown(second.after)),
    )
    text = _("Deux personnes ont corrigé la même chose, autrement. À vous de choisir.")
    rows: Rows = (
        (Choice(_("La première est juste"), f"trancher:{conflict.later.id}={REFUSE}"),),
        (Choice(_("La seconde est juste"), f"trancher:{conflict.later.id}={KEEP}"),),
        (Choice(_("Je ne sais pas"), f"trancher:{conflict.later.id}={UNSURE}"),),
    )
    return Reply(text, (Card(conflict.entry.nom, lines),), _("Laquelle garder ?"), rows)


def conflict_card(conflict: Conflict) -> Card:
    """The same, when several things are put at once."""
    what = _("Deux personnes ont corrigé autrement : {field}.").format(field=_field_of(conflict.later))
    return one_of_several(conflict.entry, what, f"trancher:{conflict.later.id}=")


def _field_of(correction: Correction) -> str:
    return f"« {every_field()[correction.field].label} »"


def decided_reply(entry: Initiative, kept: Correction, is_theirs: bool, now: datetime) -> Reply:
    """What is written, once, to each of the two who corrected the same thing."""
    value = in_words(every_field()[kept.field], applied(entry, kept.after), now.date())
    both = _(
        "Vous aviez corrigé {field} sur {name}. Une autre personne aussi, autrement.\nLes deux réponses ont été lues."
    )
    theirs, other = _("La vôtre est gardée : {value}."), _("Celle de l'autre personne est gardée : {value}.")
    which = theirs if is_theirs else other
    said = (
        both.format(field=_field_of(kept), name=entry.nom),
        which.format(value=value),
        _("Merci d'aider à tenir cette fiche à jour."),
    )
    return Reply("\n".join(said), choices=ways_on(entry))


def _by(correction: Correction, now: datetime) -> str:
    day = correction.at.astimezone(now.tzinfo).date()
    return f"{_(correction.role.label)}, {words.full_day(day, now.date())}"


def decide(state: State | None, value: str, desk: Desk) -> Turn:
    """What a choice does: "<correction id>=garder", "=refuser", "=ne-sais-pas"; anything else puts it again.

    Of what somebody cannot say, another is asked when their week is over (scheduler.deciding).
    """
    id_, _equals, choice = value.partition("=")
    conflict = desk.corrections.conflict(number_in(id_))
    if not conflict:
        return said(state, _("Ce choix n'est plus à faire, ou il ne vous revient pas. Merci quand même."))
    if choice == UNSURE:
        return said(
            state, _("Merci de l'avoir dit. Dans une semaine, je demande à quelqu'un d'autre, s'il y a quelqu'un.")
        )
    if choice not in (KEEP, REFUSE):
        return Turn(state, (conflict_reply(conflict, desk.now),))
    kept = conflict.later if choice == KEEP else conflict.earlier
    field = every_field()[kept.field]
    new = in_words(field, applied(conflict.entry, kept.after), desk.now.date())
    done = _("Merci. C'est noté. {field} : {value}\nJ'écris aux deux personnes ce qui est gardé.")
    turn = said(state, done.format(field=field.label, value=new))
    return replace(turn, effects=(Decide(conflict.later.id, choice == KEEP),))


ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"trancher": decide}
