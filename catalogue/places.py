"""Every commune of France in one in-process index: what a person types → the places they may mean.

Pure: built from `Place` values, whoever read them (catalogue.gazetteer does, from the database).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from math import cos, inf, isfinite, log10, radians
from operator import itemgetter
from types import MappingProxyType

from catalogue.geo import distance_km
from catalogue.spelling import Neighbourhood, fold

LONGEST = 200  # characters read: longer than any address, short enough for whatever is sent to be answered at once
SHORTEST_PREFIX = 3
MOST_GUESSES = 5
MOST_LONGER = 3
MUCH_MORE_POPULATED = 10
FORMER_POPULATION = 1_000  # that of a former commune is not known: a typical one, to rank it among its namesakes
FURTHEST_KM = 50.0

# What it costs to believe that a name is meant, against FAMILIARITY for each tenfold of population.
FAMILIARITY = 0.4
SAME_SOUND = 0.3
SLIP = 0.8
ARTICLE = 0.3  # left out
WORDS_LEFT_OUT = 0.3  # "asnieres" for Asnières-sur-Seine
CUT, CUT_LETTER = 0.6, 0.08  # "nanter" for Nanterre
SHORTEST_MISSPELT = 4
FAMILIAR = 15_000  # inhabitants of a commune that is rather meant than a village one letter away
SURE_COST = 1.0
SURE_MARGIN = 0.5

ARTICLES = frozenset({"le", "la", "les", "l"})
# What is said around a town: "je suis à Nanterre", "du côté de Sceaux, svp".
_SAID_AROUND = (
    "a ai alors alentours au autour aux besoin bonjour bonsoir c centre ce chercher cherche chez ci commune cote d "
    "dans de des du en environs est et etre euh gare h habite habitons ici il j je la mairie me moi mon ne non nous ok "
    "on oui par pas pour pres proche quartier reside residence salut secteur sommes suis sur tout vers viens village "
    "ville vis vit vous y"
)
_SAID_AFTER = "cedex centre france il mairie merci ok plait prefecture s si stp svp te ville vous"
AROUND = frozenset(_SAID_AROUND.split())
AFTER = frozenset(_SAID_AFTER.split())
LINKS = frozenset({"a", "dans", "de", "des", "du", "en", "la", "le", "les"})
TOWARDS = frozenset({"a", "au", "aux", "vers"})
_CONTEXT = AROUND | AFTER | TOWARDS
_JOINING = LINKS | {"sur", "sous", "les", "lez", "d", "l", "et", "aux", "au"}
INSIDE = frozenset({"en", "dans"})

# Where one says one is without naming a commune, though some communes are called so.
_REGIONS = (
    "alsace|aquitaine|auvergne|bretagne|normandie|occitanie|lorraine|picardie|bourgogne|limousin|corse|provence|paca|"
    "ile de france|hauts de france|grand est|pays de la loire|nouvelle aquitaine|centre val de loire|franche comte|"
    "bourgogne franche comte|auvergne rhone alpes|rhone alpes|champagne ardenne|poitou charentes|midi pyrenees|"
    "languedoc roussillon|languedoc|pays basque|region parisienne|banlieue parisienne"
)
REGIONS = frozenset(_REGIONS.split("|"))
_NOWHERE = "la campagne|la montagne|la mer|la maison|cote|tout pres|pres d ici|pied|l etranger|la rue|la gare|la plage"
NOWHERE = frozenset(_NOWHERE.split("|"))

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


def without_article(folded: str) -> str:
    """Folded words without their leading article, unless they are nothing else."""
    first, _, rest = folded.partition(" ")
    return rest if rest and first in ARTICLES else folded


class PlaceIndex:
    """What every turn asks: places by words, by INSEE code, by position.

    `names` and `articled` are the folded names → the places called so, the most populated first; `articled` holds
    those that have an article, without it.
    """

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
        self.usual = {without_article(name): place for name, place in usual.items()} | usual
        self._sorted_names = sorted({*self.names, *self.articled})
        self._joined: dict[str, list[str]] = {}  # by what is left of names without the words that join
        for name in self._sorted_names:
            if (short := _without_joints(name)) != name:
                self._joined.setdefault(short, []).append(name)
        familiar = [name for name, found in self.names.items() if found[0].population >= FAMILIAR]
        self._spellings = Neighbourhood(sorted({*self._sorted_names, *self.usual}), familiar)
        self._longer: dict[str, list[Place]] = {}  # remembered: by the name they begin with
        self._by_postcode = self._with_postcodes(everything)
        self._arrondissements = _arrondissements(everything)
        departements = {place.departement: place.departement_nom for place in everything}
        self._departements = {fold(name): code for code, name in departements.items()}
        self._name_ends = {name.split()[-1] for name in self._departements}
        self._departements |= {code.lower(): code for code in departements}
        self._whole_cities = {fold(self._by_insee[insee].nom) for insee in self._divided if insee in self._by_insee}
        self._grid = _grid(place for place in everything if place.type != "ANC" and place.insee not in self._divided)

    def get(self, insee: str) -> Place | None:
        """The place of an INSEE code; a code kept by a new commune is the new one."""
        return self._by_insee.get(insee)

    def find(self, words: str) -> PlaceMatch:
        """What may be meant by a name, a postcode, an INSEE code, an address or a short phrase that ends with a town.

        Never raises, whatever is sent. Misspelt names and their beginnings are only tried when nothing else is found.
        """
        folded = fold(words[:LONGEST])
        said = folded.split()
        if (
            "," not in words
            and _CONTEXT.isdisjoint(said)
            and not _DIGIT.search(folded)
            and self._name_ends.isdisjoint(said[1:])
        ):
            return self._named(folded) or self._guessed(folded)  # nothing but a name
        return self.find_named(words) or self._guessed(_bared(folded))

    def find_named(self, words: str) -> PlaceMatch | None:
        """The same, without guessing: what is spelt as it is known."""
        readings = [fold(part) for part in _parts(words[:LONGEST])]
        for reading in readings:
            for phrase in _phrases(reading):
                if self._is_wide(phrase):
                    return NOTHING
                if found := self._read(phrase):
                    return found
        if self._is_nearly_a_name(readings[0]):
            return self._guessed(readings[0])  # "pouu aux bois" is not said of a town called Bois
        for reading in readings:
            if found := self._after_a_preposition(reading):
                return found
        return None

    def _is_nearly_a_name(self, folded: str) -> bool:
        """Whether several words, as they are, are one slip away from a name."""
        if " " not in folded or _DIGIT.search(folded):
            return False
        return any(near.slips <= 1 or not near.heard for near in self._spellings.near(folded))

    def find_beginning(self, words: str) -> PlaceMatch | None:
        """The places whose name of several words is cut, or lacks its small words: "st jean de l", "la roche yon"."""
        folded = _bared(fold(words[:LONGEST]))
        if " " not in folded or _DIGIT.search(folded):
            return None
        worth: Worth = {}
        for name, cost in self._beginning(folded):
            self._value(worth, name, cost, None)
        return _likeliest(worth) if worth else None

    def _is_wide(self, folded: str) -> bool:
        """Whether a phrase says a region, a department ("dans la Vienne") or nowhere at all ("à la campagne")."""
        first, _space, rest = folded.partition(" ")
        if first in TOWARDS and rest in NOWHERE:
            return True
        if folded in NOWHERE or folded in REGIONS:
            return not self.is_name(folded)
        bare = without_article(rest)
        return first in INSIDE and (
            bare in REGIONS or rest in REGIONS or self.is_territory(bare) or self.is_territory(rest)
        )

    def is_name(self, folded: str) -> bool:
        """Whether the words, folded, are a place's name, with or without its article."""
        return (
            folded in self.names or folded in self.usual or (folded in self.articled and len(folded) >= SHORTEST_PREFIX)
        )

    def is_territory(self, folded: str) -> bool:
        """Whether the words, folded, name a department, where no commune is meant."""
        return (folded in self._departements and folded not in self._whole_cities) or folded in REGIONS

    def has_postcode(self, code: str) -> bool:
        return code in self._by_postcode

    def departement(self, folded: str) -> str | None:
        """The code of the department of that name, number or INSEE code."""
        return self._departements.get(folded)

    def find_in(self, folded: str, departement: str) -> PlaceMatch:
        """The places of a department that a name, whole or misspelt, may mean."""
        inside = tuple(place for place in self._namesakes(folded) if place.departement == departement)
        return _judged(inside, inside) if inside else self._guessed(folded, departement)

    def heard(self, folded: str) -> tuple[PlaceMatch, float]:
        """The same as `guess`, among names that sound the same or go on after these words."""
        worth: Worth = {}
        for near in self._spellings.same_sound(folded):
            self._value(worth, near.spelling, SAME_SOUND + near.slips / 10, None)
        for name in self._names_beginning(f"{folded} "):
            self._value(worth, name, WORDS_LEFT_OUT, None)
        match = _likeliest(worth)
        return match, worth[match.places[0].insee][1] if match.places else inf

    def guess(self, folded: str) -> tuple[PlaceMatch, float]:
        """What a misspelt name may mean, and what it costs to believe the first of them (0: it is its name)."""
        worth = self._worth(folded, None)
        match = _likeliest(worth)
        return match, worth[match.places[0].insee][1] if match.places else inf

    def nearest(self, latitude: float, longitude: float) -> Place | None:
        """The commune or arrondissement whose known point is nearest (degrees), None beyond 50 km."""
        if not (isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
            return None
        best, best_km = None, FURTHEST_KM
        for reached_km, cell in _cells_around(latitude, longitude):
            if reached_km > best_km:
                break
            for at_latitude, at_longitude, place in self._grid.get(cell, ()):
                km = distance_km(latitude, longitude, at_latitude, at_longitude)
                if km <= best_km:
                    best, best_km = place, km
        return best

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
        least = MUCH_MORE_POPULATED * max(1, population)
        return [place for place in self._called_longer(folded) if _weight(place) >= least]

    def _called_longer(self, folded: str) -> list[Place]:
        """The most populated places whose name goes on after these words."""
        if folded not in self._longer:
            self._longer[folded] = nlargest(MOST_LONGER, self._beginning_with(f"{folded} "), key=_weight)
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
            departement = self._departements.get(" ".join(words[cut:]))
            if departement:
                for name in _phrases(" ".join(_without_link(words[:cut]))):
                    if found := self._named_in(name, departement):
                        return found
        return None

    def _named_in(self, name: str, departement: str) -> PlaceMatch | None:
        usual = self.usual.get(name)
        if usual and usual.departement == departement:
            return PlaceMatch((usual,), True)
        found = self._namesakes(name)
        inside = tuple(place for place in found if place.departement == departement)
        if inside:
            return _judged(inside, inside)
        guessed = self._guessed(name, departement)
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
        elsewhere = self._namesakes(_bared(" ".join(before + after)))
        return PlaceMatch((*communes, *elsewhere), len(communes) == 1 and not elsewhere)

    def _called(self, code: str, before: list[str], after: list[str]) -> tuple[Place, ...]:
        """Among the places of a postcode, the one an address names: after it, or else at the end of what is before."""
        ends = [" ".join(before[start:]) for start in range(len(before))]
        for name in (*_phrases(" ".join(after)), *ends):
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
        departement = next((number for number in (code[:2], code[:3]) if number in self._departements), "")
        for name in (*_phrases(" ".join(after)), *_phrases(" ".join(before))):
            if found := self._namesakes(name):
                inside = tuple(place for place in found if place.departement.lower() == departement)
                return _judged(inside, inside) if inside else PlaceMatch(found, False)
        place = self.get(code.upper())
        return PlaceMatch((self._shown(place),), True) if place else None

    def _after_a_preposition(self, folded: str) -> PlaceMatch | None:
        """The town a phrase ends with: "je cherche un repas à nanterre"."""
        words = folded.split()
        for number, word in enumerate(words[:-1]):
            if word in TOWARDS and (found := self._read(" ".join(words[number + 1 :]))):
                return found
        return None

    def _guessed(self, folded: str, departement: str | None = None) -> PlaceMatch:
        return _likeliest(self._worth(folded, departement))

    def _worth(self, folded: str, departement: str | None) -> Worth:
        """What a misspelt or unfinished name may be, from near spellings and beginnings."""
        if _DIGIT.search(folded):
            return {}
        worth: Worth = {}
        bare = without_article(folded)
        for spoken, left_out in ((folded, 0.0), (bare, ARTICLE)) if bare != folded else ((folded, 0.0),):
            for name, cost in self._near(spoken):
                self._value(worth, name, cost + left_out, departement)
            for name, cost in self._beginning(spoken):
                self._value(worth, name, cost + left_out, departement)
        return worth

    def _value(self, worth: Worth, name: str, cost: float, departement: str | None) -> None:
        """Adds who is called so, each with what it is worth to think of them."""
        for place in self._called_so(name):
            if departement in (None, place.departement):
                value = _familiarity(_weight(place)) - cost
                if place.insee not in worth or value > worth[place.insee][0]:
                    worth[place.insee] = (value, cost, place)

    def _called_so(self, name: str) -> tuple[Place, ...]:
        usual = self.usual.get(name)
        return (*((usual,) if usual else ()), *self.names.get(name, ()), *self.articled.get(name, ()))

    def _near(self, folded: str) -> Iterator[tuple[str, float]]:
        """Spellings a slip or two away, with what each costs to believe."""
        if len(folded) < SHORTEST_MISSPELT:
            return
        slip = SLIP if len(folded) > SHORTEST_MISSPELT else 2 * SLIP
        for spelling, slips, heard in self._spellings.near(folded):
            cost = min(slips * slip, SAME_SOUND + heard * SLIP + slips / 10)
            yield spelling, cost
            for name in self._names_beginning(f"{spelling} "):
                yield name, cost + WORDS_LEFT_OUT

    def _beginning(self, folded: str) -> Iterator[tuple[str, float]]:
        """Names that begin so, with what each costs to believe: whole words left out cost little."""
        if len(folded) < SHORTEST_PREFIX:
            return
        if " " in folded:
            for name in self._joined.get(_without_joints(folded), ()):
                yield name, WORDS_LEFT_OUT
        for name in self._names_beginning(folded):
            missing = len(name) - len(folded)
            yield name, WORDS_LEFT_OUT if name[len(folded) : len(folded) + 1] == " " else CUT + missing * CUT_LETTER

    def _beginning_with(self, beginning: str) -> Iterator[Place]:
        for name in self._names_beginning(beginning):
            yield from self.names.get(name, ())
            yield from self.articled.get(name, ())

    def _names_beginning(self, beginning: str) -> Iterator[str]:
        for number in range(bisect_left(self._sorted_names, beginning), len(self._sorted_names)):
            name = self._sorted_names[number]
            if not name.startswith(beginning):
                return
            yield name

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


def _parts(words: str) -> Iterator[str]:
    """The whole, then what is between commas, from the end: an address ends with its town."""
    yield words
    if "," in words:
        yield from reversed(words.split(","))


def _phrases(folded: str) -> Iterator[str]:
    """The words, then the same with less and less of what is said around a town."""
    words = folded.split()
    while words:
        yield " ".join(words)
        if shorter := _without_ending(words):
            yield " ".join(shorter)
        if words[0] not in AROUND:
            return
        words = words[1:]


def _without_ending(words: list[str]) -> list[str]:
    end = len(words)
    while end and (words[end - 1] in AFTER or (words[end - 1].isdigit() and "cedex" in words)):
        end -= 1
    return words[:end]


def _without_link(words: list[str]) -> list[str]:
    """The words without what joins a town to its department: "dans les", "en"…"""
    end = len(words)
    while end and words[end - 1] in LINKS:
        end -= 1
    return words[:end]


def _without_joints(name: str) -> str:
    """A name without "sur", "en", "les"…, which people leave out: "la roche yon"."""
    first, *others = name.split()
    return " ".join((first, *(word for word in others if word not in _JOINING)))


def _bared(folded: str) -> str:
    """The words without anything that is only said around a town."""
    words = _without_ending(folded.split())
    while words and words[0] in AROUND and words[0] not in ARTICLES:
        words = words[1:]
    return "" if all(word in AROUND or word in AFTER for word in words) else " ".join(words)


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


CELL = 0.1  # degrees: 11 km from south to north, about five communes
CELL_KM = 11.1
Cell = tuple[int, int]


def _cell(latitude: float, longitude: float) -> Cell:
    return int(latitude // CELL), int(longitude // CELL)


def _grid(places: Iterable[Place]) -> dict[Cell, tuple[tuple[float, float, Place], ...]]:
    found: dict[Cell, list[tuple[float, float, Place]]] = {}
    for place in places:
        if place.latitude is not None and place.longitude is not None:
            point = (place.latitude, place.longitude, place)
            found.setdefault(_cell(place.latitude, place.longitude), []).append(point)
    return {cell: tuple(inside) for cell, inside in found.items()}


def _cells_around(latitude: float, longitude: float) -> Iterator[tuple[float, Cell]]:
    """The cells in rings around a position, each with a distance (km) that nothing in its ring is nearer than."""
    row, column = _cell(latitude, longitude)
    narrowest = CELL_KM * max(0.1, cos(radians(min(89.0, abs(latitude) + 0.5))))
    for ring in range(int(FURTHEST_KM / narrowest) + 2):
        reached_km = max(0, ring - 1) * narrowest if ring else -inf
        for down in range(-ring, ring + 1):
            step = 1 if abs(down) == ring else 2 * ring
            for right in range(-ring, ring + 1, step):
                yield reached_km, (row + down, column + right)
