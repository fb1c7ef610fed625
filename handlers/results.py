"""The results: three cards at a time, one whole, how to reach it, and what to change when it is not that."""

from catalogue.entries import Initiative
from catalogue.geo import distance_km
from catalogue.needs import Need, Reach
from catalogue.places import Place
from handlers import words
from handlers.answers import PRECISIONS, ask_place_again, remaining
from handlers.cards import address, distance_words, reach_words, short_card, town_hall_words
from handlers.desk import Desk
from handlers.dialogue import Choice, Reply, Rows, State, Turn
from handlers.hearing import needing
from handlers.locale import gettext as _
from handlers.locale import ngettext
from handlers.questions import answer_label

PAGE = 3
MANY = 30  # as many as `near` gives: there may be more


def show(state: State, desk: Desk) -> Turn:
    """The results, three at a time."""
    need, place = Need(state.answers["besoin"]), desk.place(state.answers["lieu"]["insee"])
    if place is None:
        # Only a commune that left the catalogue since it was answered comes here.
        return Turn(state.without("lieu"), (ask_place_again(_("Je ne retrouve plus cette commune.")),))
    if "found" not in state.memo:
        found = desk.near(need, place)
        parts = [[entry.id for entry in part] for part in (found.near, found.further, found.wider)]
        state = state.noting(found=parts, shown=0)
    return Turn(state, (_page(state, need, place, desk),))


def _page(state: State, need: Need, place: Place, desk: Desk) -> Reply:
    entries = remaining(state, desk)
    first = min(state.memo.get("shown", 0), max(0, len(entries) - 1))
    shown = entries[first : first + PAGE]
    km = {entry.id: entry.km for entry in shown}
    initiatives = desk.initiatives([entry.id for entry in shown])
    cards = tuple(short_card(entry, _where(entry, km.get(entry.id), state, place), desk.now) for entry in initiatives)
    more = len(entries) > first + PAGE
    near = set(state.memo["found"][0]).intersection(entry.id for entry in entries)
    hall = desk.town_hall(place.insee) if not more or not near else None
    return Reply(
        _heading(state, need, place, len(near), len(entries), first),
        cards=cards,
        after=town_hall_words(hall, alone=not shown) if hall else "",
        choices=(*_also(state), *(below_results(first, more, True) if shown else _instead(need))),
    )


def _heading(state: State, need: Need, place: Place, near: int, found: int, first: int) -> str:
    about = f"{_(need.label)}, {words.at(place.nom)}"
    chosen = [
        answer_label(state.answers[step]["question"], state.answers[step]["value"])
        for step in PRECISIONS
        if step in state.answers and state.answers[step]["value"]
    ]
    about = " · ".join((about, *chosen))
    if first:
        return _("{about} : la suite.").format(about=about)
    if near >= MANY:
        return _("{about} : voici les {count} lieux les plus proches.").format(about=about, count=near)
    if near:
        said = ngettext("{about} : {count} lieu près de là.", "{about} : {count} lieux près de là.", near)
        return said.format(about=about, count=near)
    if found:
        return _("{about} : je ne connais rien tout près. Voici plus loin, ou à distance.").format(about=about)
    return _("{about} : je ne connais rien pour le moment. Voici qui peut vous aider.").format(about=about)


def _where(entry: Initiative, km: float | None, state: State, place: Place) -> str:
    """Where it is, as precisely as is true: a distance only between true points."""
    if entry.reach is not Reach.LOCAL:
        return reach_words(entry.reach)
    shared = state.answers["lieu"]["shared"]
    if km is None and not shared and None not in (place.latitude, entry.latitude):
        km = distance_km(place.latitude or 0, place.longitude or 0, entry.latitude or 0, entry.longitude or 0)
    exact = entry.exact and km is not None
    where = distance_words(km or 0.0, _origin(entry, shared, place)) if exact else words.at(entry.commune or place.nom)
    if entry.id in state.memo["found"][1]:
        where = _("Plus loin, {where}").format(where=where)
        if not exact and km is not None:
            # Between two towns, tens of kilometres are true enough, and say whether the way is worth it.
            where = _("{where} (environ {km} km)").format(where=where, km=max(20, round(km / 10) * 10))
    postal = address(entry) if entry.adresse or entry.exact else ""
    line = _("{where} : {address}").format(where=where, address=postal) if postal else where
    return line[0].upper() + line[1:]


def _origin(entry: Initiative, shared: bool, place: Place) -> str:
    if shared:
        return _("de vous")
    return _("du centre") if entry.code_insee == place.insee else words.of(place.nom)


def below_results(first: int, more: bool, some: bool) -> Rows:
    paging = []
    if first:
        paging.append(Choice(_("Revoir le début"), "suite:0"))
    if more:
        paging.append(Choice(_("Voir la suite"), f"suite:{first + PAGE}"))
    rows = [tuple(paging)] if paging else []
    if some:
        rows.append((Choice(_("Ce n'est pas ça"), "autre:"),))
    rows.append((Choice(_("Un autre besoin ici"), "changer:besoin"), Choice(_("Un autre lieu"), "changer:lieu")))
    rows.append((Choice(_("Ce qui se passe près d'ici"), "agenda:"),))
    return tuple(rows)


def _also(state: State) -> Rows:
    """The other needs that were said along with the first."""
    needs = [need for slug in state.answers.get("aussi", ()) if (need := Need.of(slug))]
    return tuple(
        (Choice(_("Et aussi : {need}").format(need=_(need.label)), f"essayer:{need.value}"),) for need in needs
    )


def _instead(need: Need) -> Rows:
    """What else is possible when nothing was found: someone to be helped by, another need, another place."""
    rows = below_results(0, False, False)
    if need is Need.DROITS:
        return rows
    return ((Choice(_("Être aidé dans ses démarches"), f"essayer:{Need.DROITS.value}"),), *rows)


def more(state: State, value: str, desk: Desk) -> Turn:
    asked = int(value) if value.isascii() and value.isdecimal() and len(value) < 5 else 0
    turn = show(state.noting(shown=asked - asked % PAGE), desk)
    return Turn(turn.state, tuple(_edited(reply) for reply in turn.replies))


def _edited(reply: Reply) -> Reply:
    return Reply(reply.text, reply.cards, reply.after, reply.choices, edits=True)


def not_that(state: State, value: str, desk: Desk) -> Turn:
    rows = [
        (Choice(_("Le besoin"), "changer:besoin"), Choice(_("Le lieu"), "changer:lieu")),
        (Choice(_("Revenir à la liste"), f"suite:{state.memo.get('shown', 0)}"),),
    ]
    if any(step in state.answers for step in PRECISIONS):
        rows.insert(1, (Choice(_("Les précisions"), "changer:precisions"),))
    return Turn(state, (Reply(_("Que faut-il changer ? Je garde le reste."), choices=tuple(rows), edits=True),))


def instead(state: State, value: str, desk: Desk) -> Turn:
    """The same place, for another need."""
    need = Need.of(value)
    if not need:
        return Turn(state, ())
    before, others = Need.of(state.answers["besoin"]), state.answers.get("aussi", ())
    # What was asked first stays one tap away, when both were said together.
    rest = [other for slug in others if (other := Need.of(slug)) and other is not need]
    rest += [before] if before and need.value in others else []
    return Turn(needing(State(state.flow, state.without(*PRECISIONS).answers), [need, *rest]), ())


def change(state: State, value: str, desk: Desk) -> Turn:
    if value == "precisions":
        return Turn(state.without(*PRECISIONS).noting(shown=0), ())
    if value not in ("besoin", "lieu"):
        return Turn(state, ())
    return Turn(
        State(state.flow, state.without(value, *(("aussi",) if value == "besoin" else ()), *PRECISIONS).answers), ()
    )
