"""The questions asked of a new place, in order, one at a time. What may be unknown can be skipped.

An answer is kept under the name of its step; what is being chosen, or has still to be agreed, under that name and "+".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from catalogue.entries import Initiative
from catalogue.exchange.kinds import kind_of, needs_of_kind
from catalogue.geo import distance_km
from catalogue.needs import Frais, Kind, Labelled, Method, Need, Public
from catalogue.places import Place
from catalogue.spelling import fold
from handlers.asked import two_a_row
from handlers.cards import address, short_card
from handlers.desk import Desk
from handlers.dialogue import (
    Choice,
    Event,
    Gesture,
    Posed,
    Reading,
    Reply,
    Rows,
    State,
    Step,
    Unclear,
    Understood,
)
from handlers.field_answers import Refused, Values
from handlers.field_hours import hours as read_hours
from handlers.field_hours import hours_in_words
from handlers.fields import email, phone, site
from handlers.forms import (
    LONGEST_NAME,
    LONGEST_WORDS,
    Words,
    again,
    back,
    message,
    only_words,
    readable,
    skip,
    skips,
    tapped,
)
from handlers.hearing import which_place
from handlers.locale import gettext as _

LONGEST_STREET = 160  # characters
PAGE = 8  # kinds shown at a time
FROM_THE_COMMUNE_KM = 10.0  # further from its middle, a position is that of somebody who is elsewhere
DONE, YES, OTHER = "fini", "oui", "autre"
_AGREED, _FINISHED = frozenset(("oui", "c est ca", "ok", "d accord")), frozenset(("fini", "c est tout", "termine"))


class Town:
    """The commune, which must be of one's territory; then the places that may be the one to be added."""

    def pose(self, state: State, desk: Desk) -> Posed:
        return Posed(_("Dans quelle commune ? Écrivez son nom, ou son code postal."))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if event.kind is Gesture.TAPPED:
            insee, _equals, said = tapped(event).partition("=")
            place = desk.place(insee)
            return self._chosen(state, place, desk, said == OTHER) if place else again(self, state, desk)
        if event.kind is Gesture.SHARED and event.latitude is not None and event.longitude is not None:
            place = desk.place_at(event.latitude, event.longitude)
            return self._chosen(state, place, desk) if place else again(self, state, desk, only_words())
        match = desk.find_place(readable(event), None)
        if match.places and match.sure:
            return self._chosen(state, match.places[0], desk)
        if match.places:
            return Unclear(which_place(match), nearly=True)
        return again(self, state, desk, _("Je ne connais pas cette commune."))

    def _chosen(self, state: State, place: Place, desk: Desk, another: bool = False) -> Reading:
        place = (desk.place(place.parent or "") or place) if place.type == "ANC" else place
        if not desk.additions.kinds(place.insee, place.departement):
            text = _("{place} n'est pas dans votre territoire. Parlez-en à qui vous a donné votre rôle.")
            return again(self, state, desk, text.format(place=place.nom))
        alike = () if another else desk.additions.alike(state.answers["nom"], place)
        if alike:
            return Unclear(_which_one(alike, place, desk), nearly=True)
        return Understood(state.answering("lieu", {"insee": place.insee, "shared": False}))


def _which_one(alike: Sequence[Initiative], place: Place, desk: Desk) -> Reply:
    cards = tuple(
        replace(
            short_card(entry, address(entry), desk.now),
            choices=(Choice(_("C'est celui-ci"), f"corriger:{entry.id}"),),
        )
        for entry in alike
    )
    other = (Choice(_("Non, c'est un autre lieu"), f"lieu:{place.insee}={OTHER}"),)
    return Reply(_("Ce lieu est peut-être déjà dans le guide."), cards, choices=(other, back()))


class KindChoice:
    """What the place is: the likeliest from its name first; only those one looks after."""

    def pose(self, state: State, desk: Desk) -> Posed:
        return Posed(_("Quel genre de lieu est-ce ?"), self._buttons(self._offered(state, desk), 0))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        offered = self._offered(state, desk)
        value = tapped(event)
        if value.startswith("page=") and value[5:].isdecimal() and len(value) < 8:
            choices = (*self._buttons(offered, int(value[5:])), back())
            return Unclear(Reply(_("Quel genre de lieu est-ce ?"), choices=choices, edits=True), nearly=True)
        said = readable(event)[:LONGEST_NAME]
        called = next((kind for kind in offered if said and fold(kind.label) == fold(said)), None)
        kind = Kind.of(value) or called or (kind_of(said, ()) if said else None)
        if kind in offered:
            return Understood(state.answering("kind", kind.value))
        return again(self, state, desk, _("Touchez ce qui lui ressemble le plus."))

    @staticmethod
    def _offered(state: State, desk: Desk) -> list[Kind]:
        place = desk.place(state.answers["lieu"]["insee"])
        kinds = desk.additions.kinds(place.insee, place.departement) if place else ()
        likely = kind_of(state.answers["nom"], ())
        return sorted(kinds, key=lambda kind: kind is not likely)

    @staticmethod
    def _buttons(offered: Sequence[Kind], page: int) -> Rows:
        first = page * PAGE if page * PAGE < len(offered) else 0
        shown = [Choice(_(kind.label), f"kind:{kind.value}") for kind in offered[first : first + PAGE]]
        following = first // PAGE + 1 if first + PAGE < len(offered) else 0
        more = ((Choice(_("D'autres genres"), f"kind:page={following}"),),) if len(offered) > PAGE else ()
        return (*two_a_row(shown), *more)


@dataclass(frozen=True, slots=True)
class Several:
    """As many as apply, tapped one after the other. `first` are those already chosen when it is asked."""

    name: str
    ask: Callable[[], str]
    members: type[Labelled]
    first: Callable[[State], Sequence[str]]
    may_skip: bool = True

    def pose(self, state: State, desk: Desk) -> Posed:
        chosen = self._chosen(state)
        buttons = [self._button(member, member.value in chosen) for member in self.members]
        done = ((Choice(_("C'est tout"), f"{self.name}:{DONE}"),),) if chosen else ()
        return Posed(self.ask(), (*two_a_row(buttons), *done, *(skip(self.name) if self.may_skip else ())))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if self.may_skip and skips(event):
            return self._answered(state, [])
        chosen, said = self._chosen(state), f" {fold(readable(event)[:LONGEST_WORDS])} "
        if chosen and (tapped(event) == DONE or said.strip() in _FINISHED):
            return self._answered(state, chosen)
        if member := self.members.of(tapped(event)):
            toggled = [one for one in chosen if one != member.value]
            toggled = toggled if member.value in chosen else [*chosen, member.value]
            changed = again(self, state.answering(f"{self.name}+", toggled), desk)
            return replace(changed, reply=replace(changed.reply, edits=True))  # in the same message
        named = [member.value for member in self.members if f" {fold(member.label)} " in said]
        if named:
            return self._answered(state, named)
        return again(self, state, desk, _("Touchez une ou plusieurs réponses, puis « C'est tout »."))

    def _button(self, member: Labelled, chosen: bool) -> Choice:
        label = _(member.label)
        return Choice(f"✓ {label}" if chosen else label, f"{self.name}:{member.value}")

    def _chosen(self, state: State) -> list[str]:
        return list(state.answers.get(f"{self.name}+", self.first(state)))

    def _answered(self, state: State, chosen: Sequence[str]) -> Reading:
        return Understood(state.without(f"{self.name}+").answering(self.name, list(chosen)))


@dataclass(frozen=True, slots=True)
class OneOf:
    """One answer among a few, each with its words."""

    name: str
    ask: Callable[[], str]
    options: Callable[[], dict[str, str]]
    may_skip: bool = True

    def pose(self, state: State, desk: Desk) -> Posed:
        buttons = [Choice(label, f"{self.name}:{value}") for value, label in self.options().items()]
        return Posed(self.ask(), (*two_a_row(buttons), *(skip(self.name) if self.may_skip else ())))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if self.may_skip and skips(event):
            return Understood(state.answering(self.name, ""))
        said = fold(readable(event)[:LONGEST_NAME])
        for value, label in self.options().items():
            if value == tapped(event) or (said and said == fold(label)):
                return Understood(state.answering(self.name, value))
        return again(self, state, desk, _("Touchez une des réponses proposées."))


class Street:
    """The street and its number; a position shared from there says where it is for sure."""

    def pose(self, state: State, desk: Desk) -> Posed:
        if "point" in state.answers:
            return Posed(_("La position du lieu est notée. Et sa rue, avec le numéro ?"), skip("adresse"))
        text = _("À quelle adresse ? Écrivez la rue et le numéro.\nSi vous y êtes, partagez votre position.")
        return Posed(text, skip("adresse"))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if event.kind is Gesture.SHARED and event.latitude is not None and event.longitude is not None:
            return self._shared(state, (event.latitude, event.longitude), desk)
        return Words("adresse", lambda: self.pose(state, desk).text, LONGEST_STREET).read(state, event, desk)

    def _shared(self, state: State, point: tuple[float, float], desk: Desk) -> Reading:
        place = desk.place(state.answers["lieu"]["insee"])
        if place is None or not _is_there(point, place):
            first = _("Cette position est loin de la commune. Partagez-la quand vous y êtes.")
            return Unclear(message(self, state, desk, first, asks_position=True), nearly=True)
        return again(self, state.answering("point", list(point)), desk)


def _is_there(point: tuple[float, float], place: Place) -> bool:
    if place.latitude is None or place.longitude is None:
        return False
    return distance_km(*point, place.latitude, place.longitude) <= FROM_THE_COMMUNE_KM


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach it, read into the columns of an entry."""

    name: str
    ask: Callable[[], str]
    reads: Callable[[str], Values]  # raises Refused

    def pose(self, state: State, desk: Desk) -> Posed:
        return Posed(self.ask(), skip(self.name))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        if skips(event):
            return Understood(state.answering(self.name, {}))
        try:
            return Understood(state.answering(self.name, dict(self.reads(readable(event)))))
        except Refused as error:
            return again(self, state, desk, str(error))


def link(said: str) -> Values:
    """An e-mail address, a site, or both. Raises Refused."""
    found: dict[str, str] = {}
    for part in said.split() or [said]:
        found |= email(part) if "@" in part else site(part)
    return found


class Hours:
    """The opening hours in plain French, said back before they are kept."""

    def pose(self, state: State, desk: Desk) -> Posed:
        if "horaires+" in state.answers:
            agree = (Choice(_("Oui, c'est ça"), f"horaires:{YES}"), Choice(_("Non"), f"horaires:{OTHER}"))
            understood = hours_in_words(state.answers["horaires+"]["horaires_osm"])
            text = _("J'ai compris : {hours}.\nC'est bien ça ?").format(hours=understood)
            return Posed(text, (agree, *skip("horaires")))
        ask = _("Quand est-ce ouvert ?\nPar exemple : lundi et jeudi 9h-12h, 4e samedi 14h-17h30.")
        return Posed(ask, skip("horaires"))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        understood = state.answers.get("horaires+")
        state, said = state.without("horaires+"), fold(readable(event)[:LONGEST_NAME])
        if understood and (tapped(event) == YES or said in _AGREED):
            return Understood(state.answering("horaires", understood))
        if understood and (tapped(event) == OTHER or said == "non"):
            return again(self, state, desk, _("D'accord. Écrivez-les autrement."))
        if skips(event):
            return Understood(state.answering("horaires", {}))
        try:
            hours = read_hours(event.text if event.kind is Gesture.SAID else "")  # as written: a line is a rule
            return again(self, state.answering("horaires+", dict(hours)), desk)
        except Refused as error:
            return again(self, state, desk, str(error))


def _name() -> str:
    return _("Comment s'appelle ce lieu ?\nJe garde vos réponses : vous pourrez finir plus tard.")


def _methods() -> dict[str, str]:
    return {
        Method.VISITE.value: _("J'y suis allé"),
        Method.TELEPHONE.value: _("Par téléphone"),
        Method.COURRIEL.value: _("Par courriel"),
        Method.BOT.value: _("Je le sais"),
    }


STEPS = (
    Step("nom", Words("nom", _name, LONGEST_NAME, may_skip=False)),
    Step("lieu", Town()),
    Step("kind", KindChoice()),
    Step(
        "needs",
        Several(
            "needs",
            lambda: _("À quoi répond-il ? Touchez tout ce qui convient."),
            Need,
            lambda state: needs_of_kind(Kind(state.answers["kind"])),
            may_skip=False,
        ),
    ),
    Step(
        "description",
        Words("description", lambda: _("Qu'y fait-on ? Une phrase ou deux."), LONGEST_WORDS, may_skip=False),
    ),
    Step("adresse", Street(), asks_position=True),
    Step("telephone", Contact("telephone", lambda: _("Quel est son numéro de téléphone ?"), phone)),
    Step("lien", Contact("lien", lambda: _("A-t-il une adresse de courriel, ou un site ?"), link)),
    Step("horaires", Hours()),
    Step("publics", Several("publics", lambda: _("Pour qui est-ce ?"), Public, lambda state: ())),
    Step(
        "frais",
        OneOf("frais", lambda: _("Combien ça coûte ?"), lambda: {one.value: _(one.label) for one in Frais}),
    ),
    Step("methode", OneOf("methode", lambda: _("Comment le savez-vous ?"), _methods, may_skip=False)),
)
