"""Two corrections that contradict each other: one person chooses. Whether it is theirs to do is read anew each time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from catalogue.entries import Conflict, Correction
from handlers import words
from handlers.asked import said
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reply, Rows, State, Turn
from handlers.effects import Decide
from handlers.field_answers import applied, in_words
from handlers.fields import every_field
from handlers.later import number_in
from handlers.locale import gettext as _

KEEP, REFUSE = "garder", "refuser"


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
    )
    return Reply(text, (Card(conflict.entry.nom, lines),), _("Laquelle garder ?"), rows)


def _by(correction: Correction, now: datetime) -> str:
    day = correction.at.astimezone(now.tzinfo).date()
    return f"{_(correction.role.label)}, {words.full_day(day, now.date())}"


def decide(state: State | None, value: str, desk: Desk) -> Turn:
    """What a choice does: "<correction id>=garder", "<correction id>=refuser"; anything else puts it again."""
    id_, _equals, choice = value.partition("=")
    conflict = desk.corrections.conflict(number_in(id_))
    if not conflict:
        return said(state, _("Ce choix n'est plus à faire, ou il ne vous revient pas. Merci quand même."))
    if choice not in (KEEP, REFUSE):
        return Turn(state, (conflict_reply(conflict, desk.now),))
    kept = conflict.later if choice == KEEP else conflict.earlier
    field = every_field()[kept.field]
    new = in_words(field, applied(conflict.entry, kept.after), desk.now.date())
    turn = said(state, _("C'est noté. {field} : {value}").format(field=field.label, value=new))
    return replace(turn, effects=(Decide(conflict.later.id, choice == KEEP),))


ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"trancher": decide}
