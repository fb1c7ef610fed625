"""What happens near a place: the dates of this week or of this month, for every need or for one."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from catalogue.entries import Occurrence
from catalogue.hours import zone_of
from catalogue.needs import EventStatus, Need
from catalogue.places import Place
from catalogue.spelling import fold, words_of
from handlers import words
from handlers.answers import PlaceAnswer, ask_place_again
from handlers.cards import town_hall_words
from handlers.dates import by_event, date_choices, is_over, listed_card, then_words
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Event, Flow, Gesture, Reading, Reply, Rows, State, Step, Turn, Unclear
from handlers.hearing import hear, known_place, located, small_talk
from handlers.locale import gettext as _
from handlers.locale import ngettext

NAME = "agenda"
PAGE = 3
MOST_NEEDS = 6
WEEK, WEEK_END, MONTH = "semaine", "week-end", "mois"
_DAYS = {WEEK: 7, MONTH: 31}

# Folded words that ask for dates; "sortir" alone is a need: some do only when they say a moment too.
_BY_ITSELF = re.compile(
    r"(?:(?:l|les|un|des|mon|tous|voir|revenir|aux|quels|quand est|le|sont|prochains?|y a t il) )*"
    r"(?:agenda|rendez vous|rdv|evenements?|(?:que|qu est ce qui|quest ce qui|ce qui) se passe(?: t il)?|"
    r"il se passe quoi)\b"
)
_WITH_A_MOMENT = re.compile(
    r"(?:(?:les|des|ou|on) )*"
    r"(?:sortir|sorties?|activites?|animations?|qu est ce qu il y a|qu y a t il|il y a quoi|(?:que|quoi) faire)\b"
)
_MOMENTS = {
    WEEK_END: re.compile(r"\b(?:(?:ce|le) )?week ?end\b"),
    MONTH: re.compile(r"\b(?:ce|le) mois(?: ci)?\b"),
    WEEK: re.compile(r"\b(?:cette semaine|aujourd hui|demain|ce soir|bientot)\b"),
}
_HERE = re.compile(
    r"\b(?:(?:pres|autour|a cote) (?:de chez moi|de moi|d ici)|ici|a faire|"
    r"(?:dans le|du) (?:coin|quartier)|dans (?:mon quartier|ma ville))\b"
)
_LINKS = frozenset(("a", "au", "aux", "autour", "d", "dans", "de", "du", "en", "pres", "sur", "vers"))


def wanted(state: State | None, said: str, desk: Desk) -> State | None:
    """The agenda as it was asked for with words: its place and its moment if they were said; None for other words."""
    folded = fold(said)
    by_itself, with_a_moment = _BY_ITSELF.match(folded), _WITH_A_MOMENT.match(folded)
    found = by_itself or with_a_moment
    if not found:
        return None
    rest = _HERE.sub(" ", folded[found.end() :])
    moment = next((name for name, pattern in _MOMENTS.items() if pattern.search(rest)), None)
    if not by_itself and not moment:
        return None
    rest = _MOMENTS[moment].sub(" ", rest).strip() if moment else rest.strip()
    place = _place_said(rest, desk) if rest else known_place(state, desk)
    if rest and place is None:
        return None  # "rendez-vous à la préfecture" is something else
    agenda = located(State(NAME), place) if place else State(NAME)
    return agenda.answering("quand", moment) if moment else agenda


def _place_said(rest: str, desk: Desk) -> Place | None:
    """The place that the words are, when they say nothing else: "à Nanterre", not "à la mairie de Nanterre"."""
    found = desk.understand(rest, None).place
    if found is None or not found.match.sure:
        return None
    others = [word.folded for at, word in enumerate(words_of(rest)) if not found.first <= at < found.after]
    return found.match.places[0] if _LINKS.issuperset(others) else None


def around(state: State | None, desk: Desk) -> State:
    """The agenda around the place already spoken of."""
    place = known_place(state, desk)
    return located(State(NAME), place) if place else State(NAME)


def show(state: State, desk: Desk) -> Turn:
    """The dates of a moment around a place, three events at a time."""
    place = desk.place(state.answers["lieu"]["insee"])
    if place is None:
        # Only a commune that left the catalogue since it was answered comes here.
        return Turn(state.without("lieu"), (ask_place_again(_("Je ne retrouve plus cette commune.")),))
    need = Need.of(state.answers.get("besoin", ""))
    starts, until = bounds(moment_of(state), desk.now.astimezone(zone_of(place.departement)))
    dates = [date for date in desk.happenings(place, until, need) if not is_over(date, starts)]
    origin = _origin(state, place)
    return Turn(
        state.noting(shown=state.memo.get("shown", 0)), (_page(state, need, place, dates, until, origin, desk),)
    )


def moment_of(state: State) -> str:
    """The moment chosen, this week if none was."""
    asked = state.answers.get("quand")
    return asked if asked in (*_DAYS, WEEK_END) else WEEK


def bounds(moment: str, now: datetime) -> tuple[datetime, datetime]:
    """From when, and until when (not included): whole days, by the clock that `now` is on."""
    midnight = datetime.combine(now.date(), time(), now.tzinfo)
    if moment == WEEK_END:
        saturday = midnight + timedelta(days=max(0, 5 - now.weekday()))
        return max(saturday, now), midnight + timedelta(days=7 - now.weekday())
    return now, midnight + timedelta(days=_DAYS[moment])


def _origin(state: State, place: Place) -> str:
    """What distances are from: who shared their position, in that turn only; then the place."""
    if state.answers["lieu"]["shared"] and "shown" not in state.memo:
        return _("de vous")
    return _("du centre {of_place}").format(of_place=words.of(place.nom))


def _page(
    state: State, need: Need | None, place: Place, dates: Sequence[Occurrence], until: datetime, origin: str, desk: Desk
) -> Reply:
    live = by_event([date for date in dates if date.status is not EventStatus.CANCELLED])
    events = live + _all_cancelled(dates, live)
    first = min(state.memo.get("shown", 0), max(0, len(events) - 1) // PAGE * PAGE)
    shown = events[first : first + PAGE]
    more = len(events) > first + PAGE
    cards = tuple(_card(group, dates, origin, desk) for group in shown)
    needs = () if need or first else _needs(dates)
    after = _("Plutôt pour…") if needs else ""
    hall = desk.town_hall(place.insee) if not more else None
    hall_words = town_hall_words(hall, alone=not live) if hall else ""
    return Reply(
        _heading(state, need, place, len(live), first, until),
        cards=cards,
        after="\n".join(filter(None, (hall_words, after))),
        choices=(*needs, *_paging(first, more), *_around(state, need, place, desk)),
    )


def _all_cancelled(dates: Sequence[Occurrence], live: Sequence[Sequence[Occurrence]]) -> list[list[Occurrence]]:
    """The events of which no date is left: nothing to go to, but who had planned to go must know."""
    going_on = {group[0].event.id for group in live}
    return by_event([date for date in dates if date.event.id not in going_on])


def _card(group: Sequence[Occurrence], dates: Sequence[Occurrence], origin: str, desk: Desk) -> Card:
    first, now = group[0], desk.now
    return listed_card(first, now, origin, then_words(group, now), date_choices(first, now, desk.told_later))


def _heading(state: State, need: Need | None, place: Place, count: int, first: int, until: datetime) -> str:
    last = (until - timedelta(days=1)).date()
    moment = _("d'ici {day}").format(day=words.full_day(last, last))
    if moment_of(state) == WEEK_END:
        moment = _("ce week-end")
    if first:
        said = _("Les rendez-vous près {of_place} : la suite.")
    elif count:
        said = ngettext(
            "{count} rendez-vous près {of_place} {moment}.", "{count} rendez-vous près {of_place} {moment}.", count
        )
    else:
        said = _("Je ne connais aucun rendez-vous près {of_place} {moment}.")
    said = said.format(count=count, of_place=words.of(place.nom), moment=moment)
    return f"{_(need.label)} : {said[0].lower()}{said[1:]}" if need else said


def _needs(dates: Sequence[Occurrence]) -> Rows:
    """The needs that have dates there, when there is a choice to make."""
    counted = Counter(need for date in dates if date.status is not EventStatus.CANCELLED for need in date.event.needs)
    common = {need for need, _count in counted.most_common(MOST_NEEDS)}
    buttons = [Choice(_(need.label), f"pour:{need.value}") for need in Need if need in common]
    return tuple(tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2)) if len(buttons) > 1 else ()


def _paging(first: int, more: bool) -> Rows:
    paging = [Choice(_("Revoir le début"), "suite:0")] if first else []
    paging += [Choice(_("Voir la suite"), f"suite:{first + PAGE}")] if more else []
    return (tuple(paging),) if paging else ()


def _around(state: State, need: Need | None, place: Place, desk: Desk) -> Rows:
    """What else is possible: another moment, every need, the dates to come, another place, the guide itself."""
    labels = {WEEK: _("Cette semaine"), WEEK_END: _("Ce week-end"), MONTH: _("Ce mois-ci")}
    moments = tuple(Choice(label, f"quand:{name}") for name, label in labels.items() if name != moment_of(state))
    of_one_need: Rows = ()
    if need:
        places = Choice(_("Des lieux : {need}").format(need=_(need.label)), f"besoins:{need.value}")
        of_one_need = ((Choice(_("Tous les rendez-vous"), "pour:"), places),)
    elsewhere = (Choice(_("Un autre lieu"), "changer:lieu"), Choice(_("Chercher un lieu, une aide"), "besoins:"))
    return (moments, *of_one_need, (later_choice(place, need, desk),), elsewhere)


def later_choice(place: Place, need: Need | None, desk: Desk) -> Choice:
    """How to hear of the next ones: by a message, or by a calendar one subscribes to."""
    if desk.told_later:
        return Choice(_("Prévenez-moi des prochains"), f"prevenir:{place.insee}")
    asked = f"?besoin={need.value}" if need else ""
    return Choice(_("S'abonner à cet agenda"), url=f"/agenda/{place.insee}.ics{asked}")


def _more(state: State, value: str, desk: Desk) -> Turn:
    asked = int(value) if value.isascii() and value.isdecimal() and len(value) < 5 else 0
    return _again(state.noting(shown=asked - asked % PAGE), desk)


def _again(state: State, desk: Desk) -> Turn:
    """The dates, in place of those that were shown."""
    turn = show(state, desk)
    replies = tuple(Reply(r.text, r.cards, r.after, r.choices, edits=True) for r in turn.replies)
    return Turn(turn.state, replies)


def _when(state: State, value: str, desk: Desk) -> Turn:
    return _again(state.answering("quand", value if value in (*_DAYS, WEEK_END) else WEEK).noting(shown=0), desk)


def _for(state: State, value: str, desk: Desk) -> Turn:
    """Only the dates that answer a need; every one for what is no need."""
    need = Need.of(value)
    chosen = state.answering("besoin", need.value) if need else state.without("besoin")
    return _again(chosen.noting(shown=0), desk)


def _elsewhere(state: State, value: str, desk: Desk) -> Turn:
    return Turn(State(NAME, state.without("lieu").answers), ())


def _hears(state: State, event: Event, desk: Desk) -> Reading:
    """Words once the dates are shown: another place, or a need."""
    if event.kind is Gesture.SHARED:
        return PlaceAnswer().read(state, event, desk)
    text = _("Je n'ai pas compris. Écrivez un besoin ou une autre commune, ou touchez un bouton.")
    if event.kind is Gesture.SAID:
        if heard := hear(state, event.text, desk):
            return heard
        text = small_talk(event.text, desk) or text
    return Unclear(Reply(text, choices=((Choice(_("Revenir aux rendez-vous"), "reprendre:"),),)))


def _preset(payload: str, desk: Desk) -> State:
    """What a link carries: "agenda", and an INSEE code, in any order, joined by "_"."""
    place = next((place for part in payload[:64].split("_") if part and (place := desk.place(part))), None)
    return located(State(NAME), place) if place else State(NAME)


def _held(state: State, desk: Desk) -> list[str]:
    lines = []
    if need := Need.of(state.answers.get("besoin", "")):
        lines.append(_("votre besoin : {need}").format(need=_(need.label)))
    if place := known_place(state, desk):
        lines.append(_("votre commune : {place}").format(place=place.nom))
    return lines


AGENDA = Flow(
    NAME,
    steps=(Step("lieu", PlaceAnswer(), asks_position=True),),
    finish=show,
    actions={"suite": _more, "quand": _when, "pour": _for, "besoin": _for, "changer": _elsewhere},
    preset=_preset,
    opens=lambda payload, desk: None,
    hears=_hears,
    held=_held,
    greeting=lambda: _("Bonjour. Je vous dis ce qui se passe près de chez vous."),
)
