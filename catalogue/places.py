"""Every commune of France in one in-process index: what a person types → the places they may mean.

Pure: built from `Place` values, whoever read them (catalogue.gazetteer does, from the database).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from itertools import chain
from math import inf, log10
from operator import itemgetter
from types import MappingProxyType

from rapidfuzz.process import extract

from catalogue.around import (
    ARTICLES,
    CONTEXT,
    INSIDE,
    TOWARDS,
    bared,
    parts,
    phrases,
    without_article,
    without_link,
)
from catalogue.building import kept
from catalogue.geo import Grid, distance_km
from catalogue.place_names import SAME_SOUND, SHORTEST_PREFIX, SLIP, PlaceNames
from catalogue.spelling import Near, fold, slips_between, sounds
from catalogue.territories import ABROAD, NOWHERE, REGIONS

LONGEST = 200  # characters read: longer than any address, short enough for whatever is sent to be answered at once
MOST_GUESSES = 5
MOST_LONGER = 3
MUCH_MORE_POPULATED = 10
MORE_POPULATED = 5  # what a longer name must be to be meant by its beginning
FORMER_POPULATION = 1_000  # that of a former commune is not known: a typical one, to rank it among its namesakes
FURTHEST_KM = 50.0
BESIDE_KM = 30.0

# What it costs to believe that a name is meant, against FAMILIARITY for each tenfold of population.
FAMILIARITY = 0.4
ARTICLE = 0.3  # left out
LONG = 10  # letters: two slips are few
SOUNDS_FOR_A_SLIP = 3  # in a territory: one slip for each three sounds
FAMILIAR = 15_000  # inhabitants of a commune that is rather meant than a village one letter away
SURE_COST = 1.0
SURE_MARGIN = 0.5

_BESIDE_WORDS = r"(juste )?(a cote|pres|proche|pas loin|non loin|a \d+ km|au nord|au sud|a l est|a l ouest)"
_BESIDE = re.compile(rf"\b({_BESIDE_WORDS} (de|d|du|des)|vers)\b")
_CODE = re.compile(r"\d{5}|2[ab]\d{3}")
_DIGIT = re.compile(r"\d")
_SPACED_CODE = re.compile(r"\b(\d\d) (\d{3})\b")
_CITY = r"(?P<city>paris|lyon|marseille)"
_NUMBER = r"(?P<number>\d{1,2}) ?(?P<ordinal>er|e|eme|ieme|nd|nde)?( arr| arrt| arrdt| ardt| arrondissement)?"
_CITY_NUMBER = re.compile(f"{_CITY} ?{_NUMBER}")
_NUMBER_CITY = re.compile(f"{_NUMBER}( de| a)? {_CITY}")
_ARRONDISSEMENT = re.compile(r"(?P<city>.+) (?P<number>\d{1,2})er? arrondissement")


@dataclass(frozen=True, slots=True)
class Place:
    """A commune, a municipal arrondissement (Paris, Lyon, Marseille) or a former commune."""

    insee: str
    nom: str
    type: str  # COM, ARM or ANC
    parent: str | None
    codes_postaux: tuple[str, ...]
    departement: str
    departement_nom: str
    population: int
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class PlaceMatch:
    """The places some words may mean, most likely first; `sure` when the first one needs no confirmation."""

    places: tuple[Place, ...]
    sure: bool


NOTHING = PlaceMatch((), False)
Names = dict[str, tuple[Place, ...]]
Worth = dict[str, tuple[float, float, Place]]  # by INSEE code: how likely it is meant, what that costs to believe


class PlaceIndex:
    """What every turn asks: places by words, by INSEE code, by position.

    `names` and `articled` are the folded names → the places called so, the most populated first; `articled` holds
    those that have an article, without it.
    """

    @kept()
    def __init__(self, places: Iterable[Place], usual_names: Mapping[str, str] = MappingProxyType({})) -> None:
        """Takes a second. Where two share an INSEE code, a former commune gives way to the new one.

        `usual_names` are names no list of communes has → INSEE code: short names, districts, foreign spellings.
        """
        everything = sorted(places, key=lambda place: place.type == "ANC")
        self._by_insee: dict[str, Place] = {}
        for place in everything:
            self._by_insee.setdefault(place.insee, place)
        self._divided = {place.parent for place in everything if place.type == "ARM"}
        self.names, self.articled = self._by_name(everything)
        usual = {name: self._by_insee[insee] for name, insee in usual_names.items() if insee in self._by_insee}
        softened = {fold(place.nom.replace("ç", "ss")): place for place in everything if "ç" in place.nom}
        self.usual = softened | {without_article(name): place for name, place in usual.items()} | usual
        self._everyone = _together(self.names, self.articled, {name: (place,) for name, place in self.usual.items()})
        familiar = [name for name, found in self.names.items() if found[0].population >= FAMILIAR]
        self._spelt = PlaceNames({*self.names, *self.articled}, self.usual, familiar)
        self._longer: dict[str, list[Place]] = {}  # remembered: by the name they begin with
        self._by_postcode = self._with_postcodes(everything)
        self._arrondissements = _arrondissements(everything)
        departements = {place.departement: place.departement_nom for place in everything}
        named = {fold(name): frozenset({code}) for code, name in departements.items()}
        self._territories = REGIONS | named | {code.lower(): frozenset({code}) for code in departements}
        self._territory_starts = {name.split()[0] for name in self._territories}
        self._name_starts = {name.partition(" ")[0] for name in self._everyone}
        self._name_ends = {name.split()[-1] for name in self._territories}
        self._names_of: dict[str, list[str]] = {code: [] for code in departements}
        for name, called in self._everyone.items():
            for departement in {place.departement for place in called}:
                self._names_of[departement].append(name)
        self._whole_cities = {fold(self._by_insee[insee].nom) for insee in self._divided if insee in self._by_insee}
        self._grid = Grid(
            (place.latitude, place.longitude, place)
            for place in everything
            if place.type != "ANC"
            and place.insee not in self._divided
            and place.latitude is not None
            and place.longitude is not None
        )

    def get(self, insee: str) -> Place | None:
        """The place of an INSEE code; a code kept by a new commune is the new one."""
        return self._by_insee.get(insee)

    def find(self, words: str) -> PlaceMatch:
        """What may be meant by a name, a postcode, an INSEE code, an address or a short phrase that ends with a town.

        Never raises, whatever is sent. Misspelt names and their beginnings are only tried when nothing else is found.
        """
        folded = fold(words[:LONGEST])
        if self._is_bare(folded) and "," not in words:
            return self._named(folded) or (NOTHING if self._is_wide(folded) else self._guessed(folded))
        return self.find_named(words) or self._guessed(bared(folded))

    def _is_bare(self, folded: str) -> bool:
        """Whether the words can be nothing but a name: no number, no territory, nothing that is said around a town."""
        if folded.isalpha():
            return folded not in CONTEXT
        said = folded.split()
        return CONTEXT.isdisjoint(said) and not _DIGIT.search(folded) and self._name_ends.isdisjoint(said[1:])

    def find_named(self, words: str) -> PlaceMatch | None:
        """The same, without guessing: what is spelt as it is known."""
        readings = [fold(part) for part in parts(words[:LONGEST])]
        if beside := self._beside(readings[0]):
            return beside
        wide = False
        for reading in readings:
            for phrase in phrases(reading):
                if self._is_wide(phrase):
                    if len(readings) == 1:
                        return NOTHING
                    wide = True  # but the town may be in another part: "à Guéret, dans la Creuse"
                    break
                if found := self._read(phrase):
                    return found
        if nearly := self._nearly_a_name(readings[0]):
            return nearly  # "pouu aux bois" is not said of a town called Bois
        for reading in readings:
            if found := self._after_a_preposition(reading):
                return found
        return NOTHING if wide else None

    def _beside(self, folded: str) -> PlaceMatch | None:
        """A town told by a bigger one: "fontaine à côté de grenoble"."""
        told = _BESIDE.search(folded)
        if not told:
            return None
        around = self._named(folded[told.end() :].strip())
        if not around:
            return None
        for name in phrases(folded[: told.start()].strip()):
            exactly = (self.usual[name],) if name in self.usual else self._namesakes(name)
            for called in (exactly, _ranked(self._going_on(name))):
                near = [place for place in called if _km_between(place, around.places[0]) <= BESIDE_KM]
                if near:
                    return PlaceMatch(tuple(near[:MOST_GUESSES]), len(near) == 1)
        return None

    def _nearly_a_name(self, folded: str) -> PlaceMatch | None:
        """What several words mean that, as they are, are one slip away from a name or sound the same.

        Two slips away, or sounding nearly the same, when they are long.
        """
        if " " not in folded or _DIGIT.search(folded):
            return None
        near = self._spelt.near(folded)
        nearly = any(one.slips <= 1 or one.heard == 0 for one in near)
        if not nearly and len(folded) >= LONG and any(one.slips <= 2 or one.heard <= 1 for one in near):
            nearly = not any(self._spelt.abbreviated(folded))
        return _likeliest(self._worth(folded, None, near)) if nearly else None

    def find_beginning(self, words: str) -> PlaceMatch | None:
        """The places whose name of several words is cut, or lacks its small words: "st jean de l", "la roche yon"."""
        folded = bared(fold(words[:LONGEST]))
        if " " not in folded or _DIGIT.search(folded):
            return None
        worth: Worth = {}
        for name, cost in chain(self._spelt.begun(folded), self._spelt.abbreviated(folded)):
            self._value(worth, name, cost, None)
        return _likeliest(worth) if worth else None

    def _is_wide(self, folded: str) -> bool:
        """Whether a phrase says a region, a department ("dans la Vienne") or nowhere at all ("à la campagne")."""
        first, _space, rest = folded.partition(" ")
        if first in TOWARDS and rest in NOWHERE:
            return True
        if folded in NOWHERE or folded in ABROAD or self.is_territory(folded):
            return not self.is_name(folded)
        if first in INSIDE and rest in ABROAD:
            return True
        return first in INSIDE and (self.is_territory(without_article(rest)) or self.is_territory(rest))

    def is_name(self, folded: str) -> bool:
        """Whether the words, folded, are a place's name, with or without its article."""
        return (
            folded in self.names or folded in self.usual or (folded in self.articled and len(folded) >= SHORTEST_PREFIX)
        )

    def begins_a_name(self, word: str) -> bool:
        """Whether a place's name begins with that word, folded."""
        return word in self._name_starts or word in ARTICLES

    def begins_a_territory(self, word: str) -> bool:
        """Whether the name or the number of a department, or a region's name, begins with that word, folded."""
        return word in self._territory_starts

    def is_territory(self, folded: str) -> bool:
        """Whether the words, folded, name a department or a region, where no commune is meant."""
        return folded in self._territories and folded not in self._whole_cities

    def has_postcode(self, code: str) -> bool:
        return code in self._by_postcode

    def territory(self, folded: str) -> frozenset[str] | None:
        """The codes of the departments of a region, or that of a department, by its name or its number."""
        return self._territories.get(folded)

    def find_in(self, folded: str, territory: frozenset[str]) -> PlaceMatch:
        """The places of a territory that a name, whole or misspelt, may mean."""
        inside = tuple(place for place in self._namesakes(folded) if place.departement in territory)
        return _judged(inside, inside) if inside else self._guessed_in(folded, territory)

    def _guessed_in(self, folded: str, territory: frozenset[str]) -> PlaceMatch:
        """A misspelt name: fewer names leave room for more slips, in what is heard."""
        if (guessed := self._guessed(folded, territory)).places or _DIGIT.search(folded):
            return guessed
        names = [name for code in territory for name in self._names_of.get(code, ())]
        heard = sounds(folded)
        near = extract(
            heard,
            [self._spelt.heard(name) for name in names],
            scorer=slips_between,
            score_cutoff=max(1, len(heard) // SOUNDS_FOR_A_SLIP),
            limit=MOST_GUESSES,
        )
        worth: Worth = {}
        for _sound, slips, at in near:
            self._value(worth, names[at], SAME_SOUND + slips * SLIP, territory)
        return _likeliest(worth)

    def heard(self, folded: str) -> tuple[PlaceMatch, float]:
        """The same as `guess`, among names that sound the same or go on after these words."""
        worth: Worth = {}
        for name, cost in self._spelt.same_sound(folded):
            self._value(worth, name, cost, None)
        match = _likeliest(worth)
        return match, worth[match.places[0].insee][1] if match.places else inf

    def guess(self, folded: str) -> tuple[PlaceMatch, float]:
        """What a misspelt name may mean, and what it costs to believe the first of them (0: it is its name)."""
        worth = self._worth(folded, None)
        match = _likeliest(worth)
        return match, worth[match.places[0].insee][1] if match.places else inf

    def nearest(self, latitude: float, longitude: float) -> Place | None:
        """The commune or arrondissement whose known point is nearest (degrees), None beyond 50 km."""
        return self._grid.nearest(latitude, longitude, FURTHEST_KM)

    def _read(self, folded: str) -> PlaceMatch | None:
        return self._coded(folded) or self._numbered(folded) or self._named(folded) or self._in_departement(folded)

    def _named(self, folded: str) -> PlaceMatch | None:
        usual, found = self.usual.get(folded), self._namesakes(folded)
        if usual:
            others = [place for place in _ranked((*found, *self._called_longer(folded))) if place is not usual]
            return _judged((usual, *others[:MOST_LONGER]), (usual,))
        if not found:
            return None
        longer = self._much_bigger_called_longer(folded, _weight(found[0]))
        return PlaceMatch(_ranked((*longer, *found)), False) if longer else _judged(found, self.names.get(folded, ()))

    def _much_bigger_called_longer(self, folded: str, population: int) -> Sequence[Place]:
        """Who says "Boulogne" may well mean Boulogne-Billancourt, not the village that is just called so."""
        least = MORE_POPULATED * max(1, population)
        return [place for place in self._called_longer(folded) if _weight(place) >= least]

    def _called_longer(self, folded: str) -> list[Place]:
        """The most populated places whose name goes on after these words."""
        if folded not in self._longer:
            self._longer[folded] = nlargest(MOST_LONGER, self._going_on(folded), key=_weight)
        return self._longer[folded]

    def _namesakes(self, folded: str) -> tuple[Place, ...]:
        bare = without_article(folded)
        if bare != folded and folded in self.names:
            return self.names[folded]
        same, articled = self.names.get(bare, ()), self.articled.get(bare, ())
        return _ranked((*same, *articled)) if same and articled else same or articled

    def _numbered(self, folded: str) -> PlaceMatch | None:
        """An arrondissement: "paris 13", "lyon 7eme", "13e arrondissement de marseille"."""
        said = _CITY_NUMBER.fullmatch(folded) or _NUMBER_CITY.fullmatch(folded)
        if not said:
            return None
        city, number = said["city"], int(said["number"])
        place = self._arrondissements.get((city, number))
        if not place:
            return None
        # "Marseille 13" may also be said for the city, whose department has that number.
        whole = self.names.get(city, ())[:1]
        if not said["ordinal"] and whole and whole[0].departement == f"{number:02}":
            return PlaceMatch((place, *whole), False)
        return PlaceMatch((place,), True)

    def _in_departement(self, folded: str) -> PlaceMatch | None:
        """A name and its department: "nanterre 92", "saint denis la reunion"."""
        words = folded.split()
        for cut in range(max(1, len(words) - 5), len(words)):
            territory = self._territories.get(" ".join(words[cut:]))
            if territory and not self._nearly_a_name(folded):
                for name in phrases(" ".join(without_link(words[:cut]))):
                    if found := self._named_in(name, territory):
                        return found
        return None

    def _named_in(self, name: str, territory: frozenset[str]) -> PlaceMatch | None:
        usual = self.usual.get(name)
        if usual and usual.departement in territory:
            return PlaceMatch((usual,), True)
        found = self._namesakes(name)
        inside = tuple(place for place in found if place.departement in territory)
        if inside:
            return _judged(inside, inside)
        guessed = self._guessed_in(name, territory)
        return PlaceMatch((*guessed.places, *found), guessed.sure and not found) if guessed.places or found else None

    def _coded(self, folded: str) -> PlaceMatch | None:
        """A postcode, alone or in an address; failing that, an INSEE code."""
        if not _DIGIT.search(folded):
            return None
        words = _SPACED_CODE.sub(r"\1\2", folded).split()
        codes = [number for number, word in enumerate(words) if _CODE.fullmatch(word)]
        if not codes:
            return None
        at = next((number for number in reversed(codes) if words[number] in self._by_postcode), codes[-1])
        code, before, after = words[at], words[:at], words[at + 1 :]
        if code not in self._by_postcode:
            return self._coded_otherwise(code, before, after)
        called = self._called(code, before, after)
        if called:
            return _judged(called, called)
        communes = self._by_postcode[code]
        elsewhere = self._namesakes(bared(" ".join(before + after)))
        return PlaceMatch((*communes, *elsewhere), len(communes) == 1 and not elsewhere)

    def _called(self, code: str, before: list[str], after: list[str]) -> tuple[Place, ...]:
        """Among the places of a postcode, the one an address names: after it, or else at the end of what is before."""
        ends = [" ".join(before[start:]) for start in range(len(before))]
        for name in (*phrases(" ".join(after)), *ends):
            found = [part for place in self._namesakes(name) for part in self._parts_at(place, code)]
            if found:
                return _ranked(found)
        return ()

    def _parts_at(self, place: Place, code: str) -> tuple[Place, ...]:
        """A place that has this postcode; for a divided city, its arrondissements that have it."""
        if code not in place.codes_postaux:
            return ()
        if place.insee not in self._divided:
            return (place,)
        return tuple(part for part in self._by_postcode[code] if part.parent == place.insee)

    def _coded_otherwise(self, code: str, before: list[str], after: list[str]) -> PlaceMatch | None:
        # Not a commune's postcode: a firm's own ("72015 Le Mans Cedex"), whose town is named, or an INSEE code.
        departement = next((number for number in (code[:2], code[:3]) if number in self._territories), "")
        for name in (*phrases(" ".join(after)), *phrases(" ".join(before))):
            if found := self._namesakes(name):
                inside = tuple(place for place in found if place.departement.lower() == departement)
                return _judged(inside, inside) if inside else PlaceMatch(found, False)
        place = self.get(code.upper())
        return PlaceMatch((self._shown(place),), True) if place else None

    def _after_a_preposition(self, folded: str) -> PlaceMatch | None:
        """The town a phrase ends with: "je cherche un repas à nanterre"."""
        words = folded.split()
        for number, word in enumerate(words[:-1]):
            rest = " ".join(words[number + 1 :])
            if word in TOWARDS and rest not in NOWHERE and (found := self._read(rest)):
                return found
        return None

    def _guessed(self, folded: str, territory: frozenset[str] | None = None) -> PlaceMatch:
        return _likeliest(self._worth(folded, territory))

    def _worth(self, folded: str, territory: frozenset[str] | None, near: Sequence[Near] | None = None) -> Worth:
        """What a misspelt or unfinished name may be, from near spellings (if known already, `near`) and beginnings."""
        if not folded.isalpha() and _DIGIT.search(folded):
            return {}
        worth: Worth = {}
        bare = without_article(folded)
        for spoken, left_out in ((folded, 0.0), (bare, ARTICLE)) if bare != folded else ((folded, 0.0),):
            known = near if near is not None and spoken is folded else self._spelt.near(spoken)
            for name, cost in self._spelt.misspelt_or_begun(spoken, known):
                self._value(worth, name, cost + left_out, territory)
        return worth or self._worth_otherwise(folded, territory)

    def _worth_otherwise(self, folded: str, territory: frozenset[str] | None) -> Worth:
        """What nothing is near of: "vill st georges", "stjeandeluz"."""
        worth: Worth = {}
        if " " in folded:
            for name, cost in self._spelt.abbreviated(folded):
                self._value(worth, name, cost, territory)
        elif folded.startswith("st"):
            return self._worth(f"saint {folded[2:]}", territory)
        return worth

    def _value(self, worth: Worth, name: str, cost: float, territory: frozenset[str] | None) -> None:
        """Adds who is called so, each with what it is worth to think of them."""
        for place in self._everyone.get(name, ()):
            if territory is None or place.departement in territory:
                value = _familiarity(_weight(place)) - cost
                if place.insee not in worth or value > worth[place.insee][0]:
                    worth[place.insee] = (value, cost, place)

    def _going_on(self, folded: str) -> Iterator[Place]:
        """The places whose name goes on after these words."""
        for name in self._spelt.going_on(folded):
            yield from self.names.get(name, ())
            yield from self.articled.get(name, ())

    def _by_name(self, places: Iterable[Place]) -> tuple[Names, Names]:
        names: dict[str, list[Place]] = {}
        articled: dict[str, list[Place]] = {}
        for place in places:
            name, shown = fold(place.nom), self._shown(place)
            names.setdefault(name, []).append(shown)
            bare = without_article(name)
            if bare != name:
                articled.setdefault(bare, []).append(shown)
        return _all_ranked(names), _all_ranked(articled)

    def _shown(self, place: Place) -> Place:
        """What a name leads to. A former commune is itself, unless its code or its point is only the new one's."""
        if place.type != "ANC" or (self._by_insee[place.insee] is place and place.latitude is not None):
            return place
        return self._by_insee.get(place.parent or "", place)

    def _with_postcodes(self, places: Iterable[Place]) -> Names:
        found: dict[str, list[Place]] = {}
        for place in places:
            if place.type != "ANC" and place.insee not in self._divided:
                for code in place.codes_postaux:
                    found.setdefault(code, []).append(place)
        return _all_ranked(found)


def _km_between(place: Place, other: Place) -> float:
    if place.latitude is None or place.longitude is None or other.latitude is None or other.longitude is None:
        return inf
    return distance_km(place.latitude, place.longitude, other.latitude, other.longitude)


def _together(*names: Names) -> Names:
    """Everyone called by each name, in whichever way."""
    found = dict(names[0])
    for others in names[1:]:
        for name, places in others.items():
            found[name] = (*found[name], *places) if name in found else places
    return found


def _weight(place: Place) -> int:
    return FORMER_POPULATION if place.type == "ANC" else place.population


@cache
def _familiarity(population: int) -> float:
    """How likely a place is to be spoken of: it grows with the logarithm of who lives there."""
    return FAMILIARITY * log10(max(100, population))


def _ranked(places: Iterable[Place]) -> tuple[Place, ...]:
    """Each place once, the most populated first; a former commune goes with the commune it belongs to."""
    found = {place.insee: place for place in places}
    kept = [place for place in found.values() if place.type != "ANC" or place.parent not in found]
    return tuple(sorted(kept, key=_weight, reverse=True))


def _all_ranked(found: Mapping[str, list[Place]]) -> Names:
    return {key: _ranked(places) if len(places) > 1 else tuple(places) for key, places in found.items()}


def _judged(found: tuple[Place, ...], exact: tuple[Place, ...]) -> PlaceMatch:
    """Sure when there is one, or one much more populated than the next, and nothing was called exactly otherwise."""
    alone = len(found) == 1 or _weight(found[0]) >= MUCH_MORE_POPULATED * max(1, _weight(found[1]))
    return PlaceMatch(found, alone and (not exact or found[0] in exact))


def _likeliest(worth: Worth) -> PlaceMatch:
    """The likeliest first; sure when it costs little to believe and nothing else comes near."""
    best = sorted(worth.values(), key=itemgetter(0), reverse=True)[:MOST_GUESSES]
    if not best:
        return NOTHING
    alone = len(best) == 1 or best[0][0] - best[1][0] >= SURE_MARGIN
    return PlaceMatch(tuple(place for _value, _cost, place in best), best[0][1] < SURE_COST and alone)


def _arrondissements(places: Iterable[Place]) -> dict[tuple[str, int], Place]:
    named = ((_ARRONDISSEMENT.fullmatch(fold(place.nom)), place) for place in places if place.type == "ARM")
    return {(said["city"], int(said["number"])): place for said, place in named if said}
