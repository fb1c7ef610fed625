"""The questions asked of a new event, in order, one at a time; those it shares with a new place: adding_questions.

Its days and hours are read from plain French (handlers.spoken_dates), and read back before they are kept.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from catalogue.entries import Initiative, Occurrence
from catalogue.exchange.calendar_fields import what
from catalogue.hours import zone_of
from catalogue.needs import EventKind, Frais, Need, Role
from catalogue.places import Place
from catalogue.spelling import fold, words_of
from handlers import words
from handlers.adding_questions import OneOf, Several, Street, link
from handlers.asked import number_in, two_a_row
from handlers.cards import address
from handlers.dates import in_words, key_of, listed_card
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, Gesture, Posed, Reading, Reply, State, Step, Unclear, Understood
from handlers.field_answers import Refused, Values
from handlers.fields import phone
from handlers.forms import (
    LONGEST_NAME,
    LONGEST_WORDS,
    Content,
    Words,
    again,
    back,
    readable,
    skip,
    skips,
    tapped,
)
from handlers.hearing import which_place
from handlers.locale import gettext as _
from handlers.spoken_dates import spoken

YES, NO, OTHER = "oui", "non", "autre"
_AGREED = frozenset(("oui", "c est ca", "oui c est ca", "ok", "d accord"))


class When:
    """The days and the hour in plain French, said back before they are kept; then what may be the same event."""

    def pose(self, state: State, desk: Desk) -> Posed:
        dates = _dates(state, desk) if "quand+" in state.answers else ()
        if dates:
            agree = (Choice(_("Oui, c'est ça"), f"quand:{YES}"), Choice(_("Non"), f"quand:{NO}"))
            return Posed(_read_back(dates, state.answers["quand+"], desk.now), (agree,))
        ask = _("Quand est-ce ? Écrivez le jour et l'heure.\nPar exemple : {example}.\nOu : {other}.")
        often = _("tous les 1ers mercredis du mois 15h-17h")
        return Posed(ask.format(example=_("samedi 12 décembre de 14h à 17h"), other=often))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        understood = state.answers.get("quand+")
        said, plain = tapped(event), fold(readable(event)[:LONGEST_NAME])
        if understood and (said in (YES, OTHER) or plain in _AGREED):
            return self._agreed(state, understood, said == OTHER, desk)
        state = state.without("quand+")
        if understood and (said == NO or plain == "non"):
            return again(self, state, desk, _("D'accord. Écrivez-le autrement."))
        try:
            return again(self, state.answering("quand+", self._said(state, event, desk)), desk)
        except Refused as error:
            return again(self, state, desk, str(error))

    def _said(self, state: State, event: Event, desk: Desk) -> dict[str, Any]:
        place = desk.place(state.answers["lieu"]["insee"])
        now = desk.now.astimezone(zone_of(place.departement)) if place else desk.now
        found = spoken(readable(event), now)
        if not _dates(state.answering("quand+", found), desk):
            raise Refused(_("Il n'y a aucune date à venir, d'après ces mots."))
        return found

    def _agreed(self, state: State, quand: Mapping[str, Any], another: bool, desk: Desk) -> Reading:
        if not _dates(state, desk):  # it was a moment ago
            return again(self, state.without("quand+"), desk, gone_by())
        alike = () if another else desk.additions.events.alike(_known(state, desk))
        if alike:
            return Unclear(_which_one(alike, desk.now), nearly=True)
        return Understood(state.without("quand+").answering("quand", dict(quand)))


def gone_by() -> str:
    return _("Cette date est passée.")


def _known(state: State, desk: Desk) -> Content:
    """What is known of the event before its address is."""
    lieu = state.answers["lieu"]
    place = desk.place(lieu["insee"])
    where = (
        {"latitude": place.latitude, "longitude": place.longitude, "departement": place.departement} if place else {}
    )
    named = {name: state.answers[name] for name in ("nom", "kind", "needs")}
    quand = state.answers.get("quand+") or state.answers["quand"]
    return {**named, **where, "quand": quand, "initiative_id": lieu["fiche"], "code_insee": lieu["insee"]}


def _dates(state: State, desk: Desk) -> Sequence[Occurrence]:
    return desk.additions.events.dates(_known(state, desk))


def _read_back(dates: Sequence[Occurrence], quand: Mapping[str, Any], now: datetime) -> str:
    """The next dates, as they were understood."""
    if len(dates) == 1:
        only = _("J'ai compris : {when}.").format(when=in_words(dates[0], now))
    else:
        only = "\n".join((_("J'ai compris :"), *(f"– {in_words(one, now)}" for one in dates)))
    return "\n".join(filter(None, (only, following(dates, quand), _("C'est bien ça ?"))))


def following(dates: Sequence[Occurrence], quand: Mapping[str, Any]) -> str:
    """What comes after the first dates; "" for nothing."""
    if quand["until"]:
        last = date.fromisoformat(quand["until"])
        return _("Cela s'arrête le {day}.").format(day=words.full_day(last, dates[0].starts_at.date()))
    if quand["rule"]:
        return _("Et ainsi de suite.")
    more = len(quand["starts"]) - len(dates)
    return _("Et {count} autres dates.").format(count=more) if more > 1 else _("Et une autre date.") if more else ""


def _which_one(alike: Sequence[Occurrence], now: datetime) -> Reply:
    cards = tuple(
        listed_card(one, now, "", "", (Choice(_("C'est le même"), f"annoncer:meme={key_of(one)}"),)) for one in alike
    )
    other = (Choice(_("C'est un autre"), f"quand:{OTHER}"),)
    return Reply(_("Ce rendez-vous est peut-être déjà dans l'agenda."), cards, choices=(other, back()))


# ---- whose it is, and where ----------------------------------------------------------------------

MOST_RUN = 6  # entries of one's own that are proposed
NOBODY_S, ENTRY = "aucun", "fiche="


class Organiser:
    """The entry that organises it, among one's own; or the commune, when none of the guide does."""

    def pose(self, state: State, desk: Desk) -> Posed:
        if "lieu+" in state.answers:
            return Posed(_("Dans quelle commune ? Écrivez son nom, ou son code postal."))
        run = [id_ for mandate in desk.mandates() for id_ in mandate.initiatives]
        buttons = tuple(_chosen(entry) for entry in desk.initiatives(run[:MOST_RUN]))
        nobody_s = ((Choice(_("Aucun lieu du guide"), f"lieu:{NOBODY_S}"),),) if _looks_after(desk) else ()
        ask = _("Quel lieu l'organise ? Écrivez son nom.\nJe garde vos réponses : vous pourrez finir plus tard.")
        return Posed(ask, (*buttons, *nobody_s))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        said = tapped(event)
        if said == NOBODY_S:
            return again(self, state.answering("lieu+", {"fiche": None, "nom": ""}), desk)
        if said.startswith(ENTRY):
            return self._of(state, number_in(said.removeprefix(ENTRY)), desk)
        if "lieu+" in state.answers:
            return self._town(state, event, desk)
        return self._called(state, readable(event), desk)

    def _called(self, state: State, said: str, desk: Desk) -> Reading:
        if not said:
            return again(self, state, desk, _("Écrivez le nom du lieu."))
        found = [entry for entry in _entries(said[:LONGEST_NAME], desk) if desk.additions.told(entry.id)]
        if len(found) == 1 and (number_in(said) or fold(found[0].nom) == fold(said)):
            return self._of(state, found[0].id, desk)
        if not found:
            text = _("Je ne trouve pas ce lieu parmi les vôtres.\nÉcrivez son nom autrement, ou le numéro de sa fiche.")
            return again(self, state, desk, text)
        nobody_s = ((Choice(_("Aucun lieu du guide"), f"lieu:{NOBODY_S}"),),) if _looks_after(desk) else ()
        rows = (*(_chosen(entry, whole=True) for entry in found), *nobody_s, back())
        return Unclear(Reply(_("De quel lieu parlez-vous ?"), choices=rows), nearly=True)

    def _of(self, state: State, id_: int, desk: Desk) -> Reading:
        entry = desk.additions.told(id_)
        if not entry:
            return again(self, state, desk, _("Ce lieu n'est pas parmi les vôtres."))
        chosen = {"fiche": entry.id, "nom": entry.nom}
        place = desk.place(entry.code_insee or "")
        if place is None:
            return again(self, state.answering("lieu+", chosen), desk)
        return self._in(state.answering("lieu+", chosen), place, desk)

    def _town(self, state: State, event: Event, desk: Desk) -> Reading:
        if event.kind is Gesture.TAPPED:
            place = desk.place(tapped(event))
            return self._in(state, place, desk) if place else again(self, state, desk)
        if event.kind is Gesture.SHARED and event.latitude is not None and event.longitude is not None:
            place = desk.place_at(event.latitude, event.longitude)
            return self._in(state, place, desk) if place else again(self, state, desk)
        match = desk.find_place(readable(event), None)
        if match.places and match.sure:
            return self._in(state, match.places[0], desk)
        if match.places:
            return Unclear(which_place(match), nearly=True)
        return again(self, state, desk, _("Je ne connais pas cette commune."))

    def _in(self, state: State, place: Place, desk: Desk) -> Reading:
        place = (desk.place(place.parent or "") or place) if place.type == "ANC" else place
        chosen = state.answers["lieu+"]
        if not desk.additions.events.may(chosen["fiche"], place.insee, place.departement):
            text = _("{place} n'est pas dans votre territoire. Parlez-en à qui vous a donné votre rôle.")
            return again(self, state, desk, text.format(place=place.nom))
        return Understood(state.without("lieu+").answering("lieu", {**chosen, "insee": place.insee}))


def _looks_after(desk: Desk) -> bool:
    return any(mandate.role in (Role.CORRESPONDANT, Role.COORDINATEUR) for mandate in desk.mandates())


def _chosen(entry: Initiative, whole: bool = False) -> tuple[Choice, ...]:
    label = ", ".join(filter(None, (entry.nom, entry.adresse, entry.commune))) if whole else entry.nom
    return (Choice(label, f"lieu:{ENTRY}{entry.id}"),)


def _entries(said: str, desk: Desk) -> Sequence[Initiative]:
    """Those of that name in one's territory; or of that name and town; or of that number."""
    if number := number_in(said):
        return desk.initiatives([number])
    codes = [code for mandate in desk.mandates() for code in mandate.codes]
    own = [place for code in codes if (place := desk.place(code))]
    around = own if len(own) == len(codes) else ()  # a department is nowhere in particular
    if found := desk.additions.events.called(said, around):
        return found
    town, folded = desk.understand(said, None).place, [word.folded for word in words_of(said)]
    if town is None:
        return ()
    return desk.additions.events.called(" ".join(folded[: town.first] + folded[town.after :]), town.match.places[:1])


class KindOfEvent:
    """What is done there: the likeliest from its title first."""

    def pose(self, state: State, desk: Desk) -> Posed:
        likely = what(state.answers["nom"], ())["kind"]
        kinds = sorted(EventKind, key=lambda kind: kind != likely)
        return Posed(
            _("Qu'est-ce que c'est ?"), two_a_row([Choice(_(one.label), f"kind:{one.value}") for one in kinds])
        )

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        said = fold(readable(event)[:LONGEST_NAME])
        called = next((kind for kind in EventKind if said and fold(kind.label) == said), None)
        kind = EventKind.of(tapped(event)) or called
        if kind:
            return Understood(state.answering("kind", kind.value))
        return again(self, state, desk, _("Touchez ce qui lui ressemble le plus."))


def _usual_needs(state: State) -> list[str]:
    """Those that such an event most often answers."""
    needs: list[str] = what(state.answers["nom"], [state.answers["kind"]])["needs"]
    return needs


HERE = "ici"


class Whereabouts(Street):
    """At the entry that organises it, or elsewhere in the commune; a position shared from there says where for sure."""

    def pose(self, state: State, desk: Desk) -> Posed:
        if "point" in state.answers:
            return Posed(_("La position est notée. Et la salle, la rue, le numéro ?"), skip("adresse"))
        ask = _("Où est-ce ? Écrivez la salle, la rue et le numéro.\nSi vous y êtes, partagez votre position.")
        entry = _there(state, desk)
        return Posed(ask, ((Choice(_on_the_spot(entry), f"adresse:{HERE}"),),) if entry else skip("adresse"))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        entry, said = _there(state, desk), fold(readable(event)[:LONGEST_WORDS])
        # Where a position may be shared, a button is a key that writes its label.
        if entry and (tapped(event) == HERE or said in ("sur place", fold(_on_the_spot(entry)))):
            return Understood(state.without("point").answering("adresse", HERE))
        return super().read(state, event, desk)


def _on_the_spot(entry: Initiative) -> str:
    return _("Sur place : {address}").format(address=address(entry))


def _there(state: State, desk: Desk) -> Initiative | None:
    """The entry that organises it, when it is a place one goes to."""
    entry = desk.additions.told(state.answers["lieu"]["fiche"] or 0)
    return entry if entry and entry.code_insee else None


class Reached:
    """How to ask about it, or to put one's name down: read into the columns of an event."""

    def pose(self, state: State, desk: Desk) -> Posed:
        ask = _("Comment s'inscrire, ou poser une question ?\nÉcrivez un téléphone, un courriel ou un site.")
        entry = _there(state, desk)
        same = ((Choice(_("Comme pour le lieu"), f"joindre:{HERE}"),),) if entry and _contacts(entry) else ()
        return Posed(ask, same or skip("joindre"))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if tapped(event) == HERE and (entry := _there(state, desk)):
            return Understood(state.answering("joindre", _contacts(entry)))
        if skips(event):
            return Understood(state.answering("joindre", {}))
        try:
            return Understood(state.answering("joindre", dict(reached(readable(event)))))
        except Refused as error:
            return again(self, state, desk, str(error))


def _contacts(entry: Initiative) -> dict[str, str]:
    said = {name: getattr(entry, name) for name in ("telephone", "courriel", "site_web")}
    return {name: value for name, value in said.items() if value}


def reached(said: str) -> Values:
    """A number, an e-mail address, a site, or several. Raises Refused."""
    parts = [part for part in said.split() if fold(part) not in ("ou", "et", "tel", "telephone", "")]
    links = [part for part in parts if "@" in part or re.search("[a-zA-Z]", part)]
    number = " ".join(part for part in parts if part not in links)
    return {**(link(" ".join(links)) if links else {}), **(phone(number) if number or not links else {})}


STEPS = (
    Step("lieu", Organiser()),
    Step("nom", Words("nom", lambda: _("Quel est son titre ? Avec des mots simples."), LONGEST_NAME, may_skip=False)),
    Step("kind", KindOfEvent()),
    Step(
        "needs",
        Several(
            "needs", lambda: _("À quoi répond-il ? Touchez tout ce qui convient."), Need, _usual_needs, may_skip=False
        ),
    ),
    Step("quand", When()),
    Step("adresse", Whereabouts(), asks_position=True),
    Step("description", Words("description", lambda: _("Qu'y fait-on ? Une phrase ou deux."), LONGEST_WORDS)),
    Step(
        "frais",
        OneOf("frais", lambda: _("Combien ça coûte ?"), lambda: {one.value: _(one.label) for one in Frais}),
    ),
    Step("joindre", Reached()),
)
