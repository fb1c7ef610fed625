"""What a person wrote, as answers: a need, a place, both; or what to ask to be sure of it."""

from collections.abc import Sequence
from dataclasses import replace

from catalogue.needs import Need
from catalogue.places import Place, PlaceMatch
from catalogue.spelling import words_of
from catalogue.understanding import Understanding
from handlers.cards import whole_card
from handlers.courtesy import courtesy
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reading, Reply, State, Unclear, Understood
from handlers.locale import gettext as _

SURE = 0.4  # a likelier need is answered at once; under it, the likeliest are offered
DOUBTFUL = 0.35  # under it, words do not put in question a need already answered
MOST_OFFERED = 3
MOST_PLACES = 3


def hear(state: State, said: str, desk: Desk) -> Reading | None:
    """The needs and the place that were written, in the state they lead to. None when there is neither."""
    understood = desk.understand(said, known_place(state, desk))
    match = understood.place.match if understood.place else None
    sure = bool(understood.needs) and understood.needs[0][1] >= SURE
    offered = () if sure else understood.needs or understood.hints
    if "besoin" in state.answers and offered and offered[0][1] < DOUBTFUL:
        offered = ()  # what was already answered is not put in question for so little
    if not sure and not offered and (called := _called_so(state, said, understood, desk)):
        return called
    if not sure and not offered and not match:
        return None
    if sure:
        state = needing(state, [understood.needs[0][0], *understood.also])
    if match and match.sure:
        state = located(state, match.places[0])
    if offered:
        return Unclear(_which_need(offered), nearly=True, state=state.without("besoin", "aussi"))
    if match and not match.sure:
        return Unclear(which_place(match), nearly=True, state=state.without("lieu"))
    return Understood(state)


def _called_so(state: State, said: str, understood: Understanding, desk: Desk) -> Reading | None:
    """The places that have the name that was written, near the town written with it: "agrocite bagneux"."""
    place = known_place(state, desk)
    if understood.place:
        words = [word.folded for word in words_of(said)]
        said = " ".join(words[: understood.place.first] + words[understood.place.after :])
        place, state = understood.place.match.places[0], located(state, understood.place.match.places[0])
    entries = () if understood.courtesy else desk.called(said, place)
    if not entries:
        return None
    cards = tuple(_with_its_choices(whole_card(entry, desk.now), entry.id, desk) for entry in entries)
    go_on = ((Choice(_("Chercher autre chose"), "reprendre:"),),)
    reply = Reply(_("Voici ce que je connais sous ce nom."), cards=cards, choices=go_on)
    return Unclear(reply, nearly=True, state=state)


def _with_its_choices(card: Card, id_: int, desk: Desk) -> Card:
    dates = (Choice(_("Ses rendez-vous"), f"fiche:{id_}"),) if desk.next_dates(id_) else ()
    report = Choice(_("Signaler une erreur"), f"signaler:{id_}")
    return replace(card, choices=(*card.choices, *dates, report))


def known_place(state: State | None, desk: Desk) -> Place | None:
    """The place already spoken of."""
    return desk.place(state.answers["lieu"]["insee"]) if state and "lieu" in state.answers else None


def needing(state: State, needs: Sequence[Need]) -> State:
    """The first need is answered; the others will be offered after it."""
    first, *others = needs
    state = state.answering("besoin", first.value)
    return state.answering("aussi", [need.value for need in others]) if others else state.without("aussi")


def located(state: State, place: Place) -> State:
    return state.answering("lieu", {"insee": place.insee, "shared": False})


def _which_need(offered: Sequence[tuple[Need, float]]) -> Reply:
    likeliest = [need for need, _score in offered[:MOST_OFFERED]]
    rows = tuple((Choice(_(need.label), f"besoin:{need.value}"),) for need in likeliest)
    other = ((Choice(_("Autre chose"), "besoin:autre"),),)
    return Reply(_("Pour ne pas me tromper de porte : vous cherchez plutôt…"), choices=rows + other)


def which_place(match: PlaceMatch) -> Reply:
    """One place to confirm, or a few to choose from."""
    if len(match.places) == 1:
        place = match.places[0]
        choices = (Choice(_("Oui"), f"lieu:{place.insee}"), Choice(_("Non, ailleurs"), "lieu:autre"))
        return Reply(f"{_named(place)} ?", choices=(choices,))
    shown = match.places[:MOST_PLACES]
    several = tuple((Choice(_named(place, shown), f"lieu:{place.insee}"),) for place in shown)
    return Reply(_("De quelle commune parlez-vous ?"), choices=(*several, (Choice(_("Ailleurs"), "lieu:autre"),)))


def _named(place: Place, among: Sequence[Place] = ()) -> str:
    """The name with what tells it from others: the department among namesakes, else the postcode."""
    if sum(other.nom == place.nom for other in among) > 1:
        return f"{place.nom} ({place.departement_nom})"
    code = place.codes_postaux[0] if place.codes_postaux else place.departement
    return f"{place.nom} ({code})"


def small_talk(said: str, desk: Desk) -> str:
    """What is answered to words that ask for nothing; "" when they were not understood."""
    return courtesy(desk.understand(said, None).courtesy)
