"""« Mes questions »: how many a week, which day, at what hour, and for how long not at all; changed by taps."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from catalogue.needs import Role
from handlers import words
from handlers.asked import go_on, number_in
from handlers.checking import FIRST_HOUR, LAST_HOUR, MOST, round_reply
from handlers.desk import Desk
from handlers.dialogue import Choice, Reply, Rows, State, Turn
from handlers.effects import Arrange
from handlers.locale import gettext as _
from handlers.locale import ngettext

PAUSES = (14, 30, 60)  # days


def mine(state: State | None, value: str, desk: Desk) -> Turn:
    """When, and how much, one is asked: shown; "<role>=<name>" offers another, "<role>=<letter><number>" sets it."""
    arranged = desk.checks.arranged()
    number, _equals, said = value.partition("=")
    if not arranged:
        return _without_a_role(state, desk)
    if number_in(number) != arranged.role_id:
        return Turn(state, (_settings(arranged, "", desk), *_next_one(desk)))
    if said in _OFFERED:
        return Turn(state, (_OFFERED[said](arranged),))
    wanted = _wanted(arranged, said, desk.now.date())
    if wanted is None:
        return Turn(state, (_settings(arranged, "", desk, edits=True),))
    return Turn(state, (_settings(wanted, _("C'est noté."), desk, edits=True),), (wanted,))


def _without_a_role(state: State | None, desk: Desk) -> Turn:
    if following := _next_one(desk):
        return Turn(state, following)
    if any(mandate.role is Role.COORDINATEUR for mandate in desk.mandates()):
        text = _(
            "Rien n'attend votre réponse.\n"
            "Je vous demande ce que personne d'autre n'a pu dire. C'est 5 fiches par semaine au plus."
        )
        return Turn(state, (Reply(text, choices=((go_on(),),)),))
    text = _(
        "Des correspondants vérifient quelques fiches du guide chaque semaine.\n"
        "On le devient par une invitation. Demandez-la à qui s'occupe du guide chez vous.\n"
        "Sans cela, vous pouvez signaler une erreur sous chaque fiche."
    )
    rows: Rows = ((Choice(_("Chercher un lieu, une aide"), "besoins:"), go_on()),)
    return Turn(state, (Reply(text, choices=rows),))


def _next_one(desk: Desk) -> tuple[Reply, ...]:
    waiting = desk.checks.waiting()
    if not waiting:
        return ()
    return (round_reply(waiting[0], 0, len(waiting), desk.now),)


def in_words(arranged: Arrange, today: date) -> str:
    """ "5 questions par semaine, le mardi à 10 h", or until when one is left alone."""
    count = arranged.weekly_budget
    said = ngettext(
        "{count} question par semaine, le {day} à {hour} h", "{count} questions par semaine, le {day} à {hour} h", count
    )
    said = said.format(count=count, day=_weekday(arranged.weekday), hour=arranged.hour)
    if arranged.paused_until is None or arranged.paused_until < today:
        return said
    pause = _("en pause jusqu'au {day}").format(day=words.full_day(arranged.paused_until, today))
    return f"{said} ; {pause}"


def _weekday(number: int) -> str:
    return words.weekday(date(2024, 1, 1) + timedelta(days=number))  # that year began on a Monday


def _settings(arranged: Arrange, said: str, desk: Desk, edits: bool = False) -> Reply:
    text = _("Vos questions : {what}.").format(what=in_words(arranged, desk.now.date()))
    fewer = _set(arranged, _("Moins"), f"n{arranged.weekly_budget - 1}")
    more = _set(arranged, _("Plus"), f"n{arranged.weekly_budget + 1}")
    how_many = ((fewer,) if arranged.weekly_budget > 1 else ()) + ((more,) if arranged.weekly_budget < MOST else ())
    paused = arranged.paused_until is not None and arranged.paused_until >= desk.now.date()
    pause = _set(arranged, _("Reprendre"), "p0") if paused else _set(arranged, _("Faire une pause"), "pause")
    when = (_set(arranged, _("Un autre jour"), "jour"), _set(arranged, _("Une autre heure"), "heure"))
    text = "\n".join(filter(None, (said, text)))
    return Reply(text, choices=(how_many, when, (pause, go_on())), edits=edits)


def _set(arranged: Arrange, label: str, said: str) -> Choice:
    return Choice(label, f"mesquestions:{arranged.role_id}={said}")


def _days(arranged: Arrange) -> Reply:
    days = [_set(arranged, words.capital(_weekday(number)), f"j{number}") for number in range(7)]
    return _offer(arranged, _("Quel jour voulez-vous vos questions ?"), days, 3)


def _hours_of_day(arranged: Arrange) -> Reply:
    hours = [_set(arranged, _("{hour} h").format(hour=hour), f"h{hour}") for hour in range(FIRST_HOUR, LAST_HOUR + 1)]
    return _offer(arranged, _("À quelle heure ?"), hours, 4)


def _pauses(arranged: Arrange) -> Reply:
    labels = (_("Deux semaines"), _("Un mois"), _("Deux mois"))
    pauses = [_set(arranged, label, f"p{days}") for label, days in zip(labels, PAUSES, strict=True)]
    return _offer(arranged, _("Pendant combien de temps ? Je ne vous demande rien d'ici là."), pauses, 3)


def _offer(arranged: Arrange, text: str, choices: Sequence[Choice], by: int) -> Reply:
    rows = tuple(tuple(choices[at : at + by]) for at in range(0, len(choices), by))
    back = (_set(arranged, _("Ne rien changer"), ""),)
    return Reply(text, choices=(*rows, back), edits=True)


_OFFERED: dict[str, Callable[[Arrange], Reply]] = {"jour": _days, "heure": _hours_of_day, "pause": _pauses}


def _wanted(arranged: Arrange, said: str, today: date) -> Arrange | None:
    """What a button asks for; None for what cannot be, which is forged."""
    number = int(said[1:]) if said[1:].isascii() and said[1:].isdecimal() and len(said) < 4 else -1
    match said[:1]:
        case "n" if 1 <= number <= MOST:
            return replace(arranged, weekly_budget=number)
        case "j" if 0 <= number < 7:
            return replace(arranged, weekday=number)
        case "h" if FIRST_HOUR <= number <= LAST_HOUR:
            return replace(arranged, hour=number)
        case "p" if number in (0, *PAUSES):
            return replace(arranged, paused_until=today + timedelta(days=number) if number else None)
    return None


def in_lines(desk: Desk) -> list[str]:
    """What is kept about the person, as « Mes données » tells it."""
    arranged = desk.checks.arranged()
    return [_("Vos questions : {what}.").format(what=in_words(arranged, desk.now.date()))] if arranged else []


ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"mesquestions": mine}
