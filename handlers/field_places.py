"""Where a place is: its street and its town, or the very point."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalogue.entries import Initiative
from catalogue.exchange import rows
from catalogue.exchange.located import POINT, position_at, postcode_at
from catalogue.places import Place
from catalogue.spelling import fold
from handlers import cards
from handlers.asked import tapped
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, Gesture, Posed
from handlers.field_answers import STEP, Again, Draft, Refused, Values, clean
from handlers.locale import gettext as _

_A_STREET = re.compile(
    r"\d{1,4}(?!\d)|(?:.* )?(?:rue|avenue|av|boulevard|bd|place|allee|chemin|impasse|route|quai|square|passage|"
    r"esplanade|residence|batiment|bat|immeuble|sentier|voie|zone|za|zac|zi|hameau|parvis|faubourg|cite)\b"
)
_POSTCODE = re.compile(r"(.*?)[\s,]*\b(\d{5})\b[\s,]*(.*)", re.ASCII)
MOST_TOWNS = 4
_HERE = "ici"


@dataclass(frozen=True, slots=True)
class Address:
    """The street and the town, typed; or the very point, shared by somebody who is there."""

    name: str
    label: str
    hint: str

    def shown(self, entry: Initiative, today: date) -> str:
        exact = entry.exact and entry.latitude is not None
        return f"{cards.address(entry)} ({_('point exact sur la carte')})" if exact else cards.address(entry)

    def pose(self, entry: Initiative, today: date) -> Posed:
        return Posed(self.hint)

    def read(self, entry: Initiative, draft: Draft, event: Event, desk: Desk) -> Values | Again:
        place = desk.place(entry.code_insee or "")
        if event.kind is Gesture.SHARED:
            return self._shared(entry, place, event, desk)
        if event.kind is Gesture.TAPPED:
            touched, _equals, insee = tapped(event).partition("=")
            chosen = desk.place(insee) if touched == _HERE else None
            return placed(draft.get("street"), "", chosen, desk) if chosen else Again(self.hint)
        try:
            return self._said(clean(event.text), entry, place, desk)
        except Refused as error:
            return Again(f"{error}\n{self.hint}")

    def _shared(self, entry: Initiative, place: Place | None, event: Event, desk: Desk) -> Values | Again:
        try:
            point = rows.point(str(event.latitude), str(event.longitude))
            there = place or (desk.place_at(*point) if point else None)
            if point is None or there is None:
                return Again(f"{_('Je ne connais pas de commune à cet endroit.')}\n{self.hint}")
            north, east, exact = position_at(str(point[0]), str(point[1]), POINT, there)
        except rows.Unreadable:
            return Again(f"{_('Cette position est loin de sa commune.')}\n{self.hint}")
        of_commune = {} if place else _commune(there, "", desk)
        return {**of_commune, "latitude": north, "longitude": east, "exact": exact}

    def _said(self, said: str, entry: Initiative, place: Place | None, desk: Desk) -> Values | Again:
        street, town = _split(said, place, desk)
        if not town:
            if place is None:
                raise Refused(_("Écrivez aussi la commune."))
            return placed(street, entry.code_postal or "", place, desk)
        match = desk.find_place(town, place)
        if match.places and match.sure:
            return placed(street, town, match.places[0], desk)
        if not match.places:
            raise Refused(_("Je ne connais pas cette commune."))
        towns = [
            (Choice(f"{one.nom} ({one.departement_nom})", f"{STEP}:{_HERE}={one.insee}"),)
            for one in match.places[:MOST_TOWNS]
        ]
        return Again(_("De quelle commune parlez-vous ?"), tuple(towns), {"street": street})


def _split(said: str, place: Place | None, desk: Desk) -> tuple[str | None, str]:
    """The street, and the town with its postcode; "" when only a street was typed."""
    if found := _POSTCODE.fullmatch(said):
        return found[1].strip(" ,") or None, f"{found[3]} {found[2]}".strip()
    street, comma, town = said.rpartition(",")
    if comma and not _A_STREET.match(fold(town)) and desk.find_place(town, place).places:
        return street.strip(" ,") or None, town.strip()
    return (said, "") if _A_STREET.match(fold(said)) else (None, said)


def placed(street: str | None, town: str, place: Place, desk: Desk) -> Values:
    """The columns of an address in a commune, at its town hall's point: where in the commune is not known."""
    row = _commune(place, town, desk)
    found = desk.place(str(row["code_insee"])) or place
    return row | {
        "adresse": street,
        "complement_adresse": None,
        "latitude": found.latitude,
        "longitude": found.longitude,
        "exact": False,
    }


def _commune(place: Place, town: str, desk: Desk) -> dict[str, Any]:
    """The columns of a commune; a former one is the new one. `town` may tell its postcode."""
    place = (desk.place(place.parent or "") or place) if place.type == "ANC" else place
    told = re.search(r"\b\d{5}\b", town, re.ASCII)
    return {
        "commune": place.nom,
        "code_insee": place.insee,
        "departement": place.departement,
        "code_postal": postcode_at(told[0] if told else "", place),
    }
