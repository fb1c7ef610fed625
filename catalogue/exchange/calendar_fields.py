"""What somebody else's event is, what it answers and where: told by plain words, whatever the calendar."""

import re
from collections.abc import Iterable
from typing import Any

from catalogue.exchange.located import POINT, position_at, postcode_at
from catalogue.exchange.rows import Unreadable, plain_text, text
from catalogue.geo import distance_km
from catalogue.needs import EventKind, EventStatus, Need
from catalogue.places import Place, PlaceIndex
from catalogue.spelling import fold

LONGEST_DESCRIPTION = 2_000
LONGEST_NAME = 200
LONGEST_ID = 255
NOWHERE = "on ne sait pas où"

_BESIDE_KM = 30.0  # a position and a commune that is said of it

# The first that is said wins: an "atelier" may be any of the others.
_KINDS = {
    EventKind.REPAIR_CAFE: r"repair ?cafes?|cafes? (de |des |du )?(la )?(repar\w*|bricol\w*)|(co ?)?reparation",
    EventKind.DISCO_SOUPE: r"disco ?(soupes?|salades?)",
    EventKind.FETE_DU_TROC: r"trocs?|troquer|gratiferias?|donneries?|zone de gratuite|gratuiterie",
    EventKind.CAFE_SOLIDAIRE: r"cafes? (solidaires?|associatifs?|citoyens?|papote|suspendus?|rencontres?|d|des)",
    EventKind.DISTRIBUTION: r"distributions?|amaps?|paniers?|colis",
    EventKind.PERMANENCE: r"permanences?",
    EventKind.VEGETALISATION: r"vegetalis\w*|jardin\w*|plant(er|ations?)|potagers?|compost\w*",
    EventKind.ATELIER: r"ateliers?",
    EventKind.RENCONTRE: r"rencontres?|reunions?|pique niques?|repas partages?|gouters?|papote",
}
_SAID = {kind: re.compile(rf"\b(?:{words})\b") for kind, words in _KINDS.items()}
_SLUGS = {fold(kind): kind for kind in EventKind}
_NEED_SLUGS = {fold(need): need for need in Need}
_NEEDS = {
    EventKind.CAFE_SOLIDAIRE: (Need.LIEN_SOCIAL,),
    EventKind.DISCO_SOUPE: (Need.ALIMENTATION, Need.LIEN_SOCIAL),
    EventKind.FETE_DU_TROC: (Need.EQUIPEMENT, Need.LIEN_SOCIAL),
    EventKind.VEGETALISATION: (Need.LOISIRS, Need.LIEN_SOCIAL),
    EventKind.REPAIR_CAFE: (Need.EQUIPEMENT, Need.LIEN_SOCIAL),
    EventKind.ATELIER: (Need.LOISIRS, Need.LIEN_SOCIAL),
    EventKind.DISTRIBUTION: (Need.ALIMENTATION,),
    EventKind.PERMANENCE: (Need.DROITS,),
    EventKind.RENCONTRE: (Need.LIEN_SOCIAL,),
    EventKind.AUTRE: (Need.LIEN_SOCIAL,),
}

_ONLINE = re.compile(r"\b(en ligne|online|visio\w*|webinaires?|zoom|teams|https?)\b")
_STREET = re.compile(
    r"\d|\b(rue|avenue|av|boulevard|bd|place|impasse|allees?|chemin|route|quai|cours|square|esplanade|sente|passage)\b"
)
_POSTCODE = re.compile(r"\b(\d{2} ?\d{3})\b")
_BETWEEN = re.compile(r"[,;\n]|\s[-–—]\s")


def what(nom: str, categories: Iterable[str]) -> dict[str, Any]:
    """The columns `kind` and `needs`, from the categories that are ours, or else from plain words."""
    folded = [fold(said[:LONGEST_NAME]) for said in categories]
    kind = next((_SLUGS[said] for said in folded if said in _SLUGS), None) or _kind_of([fold(nom), *folded])
    needs = [*(_NEED_SLUGS[said] for said in folded if said in _NEED_SLUGS), *_NEEDS[kind]]
    return {"kind": kind.value, "needs": [need.value for need in dict.fromkeys(needs)]}


def _kind_of(said: Iterable[str]) -> EventKind:
    found = (kind for words in said for kind, pattern in _SAID.items() if pattern.search(words))
    return next(found, EventKind.AUTRE)


# What organisers write in a title, rather than where calendars have a place for it: "ANNULÉ - Café", "Café (complet)".
# What is put off without a date must send nobody there. "Complet" may begin a name: a mark follows, or it is shouted.
_CANCELLED = r"(?P<cancelled>annul[ée]e?s?|report[ée]e?s?(?!\s+(?:au?|le|du)\b))"
_FULL = r"complete?s?"
_MARK = r"[*_(){}\[\]!:;,.|/–—-]"
_MARKS = rf"(?:{_MARK}|\s)*"
_TOLD_IN_TITLE = (
    re.compile(rf"^{_MARKS}(?:{_CANCELLED}\b|(?-i:COMPLETE?S?)\b|{_FULL}(?=\s*{_MARK})){_MARKS}", re.IGNORECASE),
    re.compile(rf"(?:\s{_MARK}|[(\[*!:]){_MARKS}(?:{_CANCELLED}|{_FULL}){_MARKS}$", re.IGNORECASE),
)


def name_of(said: str) -> str:
    """A title, without what it says becomes of the event. Raises Unreadable when there is none."""
    return titled(said)[0]


def titled(said: str) -> tuple[str, EventStatus | None]:
    """A title, and what it says becomes of the event: cancelled, full; None when it says nothing of it.

    Raises Unreadable when there is no title.
    """
    nom = shortened(plain_text(said), LONGEST_NAME)
    if not nom:
        raise Unreadable("titre manquant")
    status = None
    for pattern in _TOLD_IN_TITLE:
        if found := pattern.search(nom):
            status = status or (EventStatus.CANCELLED if found["cancelled"] else EventStatus.FULL)
            nom = pattern.sub(" ", nom).strip() or nom
    return " ".join(nom.replace("*", " ").split()) or nom, status


def described(said: str) -> str:
    """Plain words, at most 2,000 characters."""
    return shortened(plain_text(said), LONGEST_DESCRIPTION)


_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_MARKDOWN = re.compile(
    r"^[ \t]*(?:#{1,6}|>|[*+-](?=\s)|[-*_=]{3,}[ \t]*$)"  # titles, quotations, lists, rules
    r"|\*\*|__|(?<=\s)[*_](?=\S)|(?<=\S)[*_](?=\s|$)"  # what is stressed
    r"|\\(?=\W)",
    re.MULTILINE,
)


def without_marks(said: str) -> str:
    """Words written in Markdown, without its marks; a link is its words."""
    for _ in range(2):  # a link inside another
        said = _LINK.sub(r"\1", said)
    return _MARKDOWN.sub(" ", said)


def shortened(said: str, most: int) -> str:
    return said if len(said) <= most else said[: most - 1].rstrip() + "…"


def where(location: str, position: tuple[float, float] | None, index: PlaceIndex) -> dict[str, Any]:
    """The columns that tell where, from an address in one text and from a position in degrees. Raises Unreadable."""
    if position is None and _ONLINE.search(fold(location)):
        raise Unreadable(f"{NOWHERE} : c'est en ligne")
    place = _place_of(location, position, index)
    if place is None:
        said = text(location)
        raise Unreadable(f"{NOWHERE} : « {said[:60]} »" if said else NOWHERE)
    return {**placed(place, location, position), **_named(location, place)}


def placed(place: Place, address: str, position: tuple[float, float] | None) -> dict[str, Any]:
    """The columns of a commune and of a position in it. Raises Unreadable when it is not."""
    degrees = (str(position[0]), str(position[1])) if position else ("", "")
    latitude, longitude, exact = position_at(*degrees, POINT, place)
    postcode = _POSTCODE.search(address)
    return {
        "commune": place.nom,
        "code_insee": place.insee,
        "departement": place.departement,
        "code_postal": postcode_at(postcode[1] if postcode else "", place),
        "latitude": latitude,
        "longitude": longitude,
        "exact": exact,
    }


def _place_of(location: str, position: tuple[float, float] | None, index: PlaceIndex) -> Place | None:
    """The commune that is said, or else that of the position; among namesakes, the one that is there."""
    match = index.find_named(location) if location.strip() else None
    named = match.places if match else ()
    if position is None:
        return named[0] if match and match.sure else None
    beside = (place for place in named if _is_beside(place, position))
    told = match.places[0] if match and match.sure and _POSTCODE.search(location) else None
    return next(beside, None) or told or index.nearest(*position)


def _is_beside(place: Place, position: tuple[float, float]) -> bool:
    if place.latitude is None or place.longitude is None:
        return False
    return distance_km(*position, place.latitude, place.longitude) <= _BESIDE_KM


def _named(location: str, place: Place) -> dict[str, str | None]:
    """The name of the place and its street, from what is said before its commune."""
    said = [part for part in map(text, _BETWEEN.split(location)) if part and not _is_commune(part, place)]
    street = next((part for part in said if _STREET.search(fold(part))), None)
    lieu = next((part for part in said if part != street), None)
    return {"lieu": lieu and shortened(lieu, LONGEST_NAME), "adresse": street and shortened(street, LONGEST_NAME)}


def _is_commune(part: str, place: Place) -> bool:
    folded = fold(part)
    if folded in ("france", fold(place.nom), fold(place.departement_nom)):
        return True
    return any(folded.startswith(code) for code in place.codes_postaux)
