"""How alike two entries are: what an entry is recognised by, and whether two of them may be the same place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio
from sqlalchemy import RowMapping

from catalogue.around import JOINING
from catalogue.geo import distance_km
from catalogue.needs import Kind
from catalogue.spelling import fold

BESIDE_KM = 0.15  # two sides of a border between communes


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries that may be the same place, the smaller id first; a score from 0 to 1; why, in French."""

    first_id: int
    second_id: int
    score: float
    reasons: tuple[str, ...]


# ---- what an entry is recognised by --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Traits:
    """What entries are compared by, folded."""

    id: int
    area: str  # the commune; without one the department, "" for the whole country
    name: str  # the words that tell it from the others of its commune
    whole: str  # the same, the commune's words included
    street: str
    numbers: frozenset[str]
    postcode: str | None
    phone: str | None
    mail: str | None
    site: str | None
    point: tuple[float, float] | None  # only when it is the place itself


# One thing is written in several ways.
_SAME_WORDS = tuple(
    (re.compile(rf"\b(?:{said})\b"), meant)
    for said, meant in (
        ("centre communal d action sociale|ctre com action sociale|c c a s", "ccas"),
        ("centre intercommunal d action sociale", "cias"),
        ("france service|maisons? de services? au public|msap|mfs|efs", "france services"),
        ("maison des jeunes et de la culture", "mjc"),
        ("communaute (?:de communes|d agglomeration)|com com|cdc|ca|agglo|communaute", "cc"),
        ("commune|ville|hotel de ville|municipalite", "mairie"),
        ("bibliotheque", "mediatheque"),
    )
)
# Left out of a name that says something else.
_SAYS_LITTLE = "association asso assoc ass maison espace lieu site point"
# What tells one desk of a building from the next: a town hall is not its library.
_IS_A_DESK = "mairie ccas cias cc mediatheque ludotheque prefecture mds mjc ecole college lycee cinema creche residence"
# What tells one door of an organisation from another, wherever it is.
_IS_A_DOOR = "bus camion mobile itinerant itinerante itinerance multisites domicile annexe antenne permanence"
# Words that several places of a town may bear: they do not make a name its own.
_MANY_BEAR = (
    "poste centre social sociale socioculturel culturel pays numerique action pimms mediation locale local emploi "
    "communal nord sud ouest quartier jeunes jeunesse solidarite solidarites familles famille rurales croix rouge "
    "francaise francais secours populaire catholique restos coeur emmaus connect salle pole accueil groupe municipale "
    "municipal info information insertion public atelier club foyer relais agence bureau service formation mission "
    "departement departementale departemental accompagnement office"
)
_WEAK, _DESKS, _DOORS = (frozenset(words.split()) for words in (_SAYS_LITTLE, _IS_A_DESK, _IS_A_DOOR))
_FRANCE_SERVICES = frozenset({"france", "services"})
_ORDINARY = _DESKS | _DOORS | _FRANCE_SERVICES | frozenset(_MANY_BEAR.split())
_ORDINARY |= {word for kind in Kind for word in fold(f"{kind} {kind.label}").split()}
_SHORT_FOR = {
    **{"r": "rue", "av": "avenue", "ave": "avenue", "bd": "boulevard", "bld": "boulevard", "boul": "boulevard"},
    **{"pl": "place", "rte": "route", "all": "allee", "che": "chemin", "ch": "chemin", "imp": "impasse"},
    **{"crs": "cours", "sq": "square", "fg": "faubourg", "fbg": "faubourg", "esp": "esplanade", "pas": "passage"},
    **{"lot": "lotissement", "res": "residence", "qu": "quai", "mte": "montee"},
}
_STREETS = frozenset(_SHORT_FOR.values()) | {"voie", "cour"}
_TITLES = {"gal": "general", "gen": "general", "dr": "docteur", "mal": "marechal", "cdt": "commandant"}
_NUMBER = re.compile(r"(\d{1,4})(?:bis|ter|quater|[a-d])?")
_BESIDE_NUMBERS = frozenset({"bis", "ter", "quater", "a", "b", "c", "d", "t", "et"})
_POSTCODE = re.compile(r"\d{5}")


def traits_of(row: RowMapping) -> Traits:
    """The traits of a row of `initiatives`."""
    commune = frozenset(fold(row["commune"] or "").split())
    words = _name_words(row["nom"])
    street, numbers = _address(row["adresse"] or "", commune)
    return Traits(
        row["id"],
        row["code_insee"] or row["departement"] or "",
        " ".join(_without(_without(words, commune), _WEAK)),
        " ".join(_without(words, _WEAK)),
        street,
        numbers,
        row["code_postal"],
        re.sub(r"\D", "", row["telephone"] or "") or None,
        (row["courriel"] or "").lower() or None,
        re.sub(r"^https?://(?:www\.)?", "", (row["site_web"] or "").lower()).rstrip("/") or None,
        (row["latitude"], row["longitude"]) if row["exact"] else None,
    )


def _name_words(nom: str) -> list[str]:
    folded = fold(nom)
    for said, meant in _SAME_WORDS:
        folded = said.sub(meant, folded)
    words = [word for word in dict.fromkeys(folded.split()) if word not in JOINING and not _POSTCODE.fullmatch(word)]
    return words or folded.split()


def _without(words: list[str], others: frozenset[str]) -> list[str]:
    """The words that are not among others, unless they all are."""
    return [word for word in words if word not in others] or words


def _address(adresse: str, commune: frozenset[str]) -> tuple[str, frozenset[str]]:
    """The words that name a street ("grande", "general leclerc"), and its numbers ("5-9", "12 bis")."""
    words = [_SHORT_FOR.get(word, _TITLES.get(word, word)) for word in fold(adresse).split()]
    start = next((at for at, word in enumerate(words) if word in _STREETS), None)
    if start is None:
        start = next((at for at, word in enumerate(words) if not _is_numbering(word)), 0)
    told = [word for word in words[start:] if word not in JOINING and not _POSTCODE.fullmatch(word)]
    return " ".join(_without(_without(told, _STREETS), commune)), _numbers(words[:start])


def _is_numbering(word: str) -> bool:
    return word in _BESIDE_NUMBERS or _NUMBER.fullmatch(word) is not None


def _numbers(before_street: Sequence[str]) -> frozenset[str]:
    numbering = takewhile(_is_numbering, reversed(before_street))
    return frozenset([found[1] for word in numbering if (found := _NUMBER.fullmatch(word))])


# ---- how alike they are --------------------------------------------------------------------------

_SAME_NAME = 0.99
_LEAST_NAME = 0.65  # with less, no evidence of place makes a pair likely
_NEAR_KM, _FAR_KM = 0.03, 0.4  # geocoders put one address some 30 m apart
_DOUBT = 1.0  # little evidence, however good, is not as good as much


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What says whether two entries are one place: how much it counts, from 0 (no) to 1 (yes), and in words."""

    weight: float
    value: float
    reason: str | None = None


def likeness(one: Traits, other: Traits) -> Pair | None:
    """How alike two entries are; None when they cannot be the same place."""
    if _other_numbers(one, other) and not _share_contact(one, other):
        return None
    same_area = one.area == other.area
    name = _alike(one.name, other.name) if same_area else _alike(one.whole, other.whole)
    if name < _LEAST_NAME or _other_door(one, other):
        return None
    km = distance_km(*one.point, *other.point) if one.point and other.point else None
    if not same_area and (km is None or km > BESIDE_KM):
        return None
    evidence = list(_evidence(one, other, km))
    place = sum(found.weight * found.value for found in evidence) / (_DOUBT + sum(found.weight for found in evidence))
    reasons = ["Même nom" if name > _SAME_NAME else "Noms proches", *(found.reason for found in evidence)]
    first, second = sorted((one.id, other.id))
    return Pair(first, second, round((name + place) / 2, 3), tuple(filter(None, reasons)))


def _other_numbers(one: Traits, other: Traits) -> bool:
    return bool(one.numbers and other.numbers and one.numbers.isdisjoint(other.numbers))


def _share_contact(one: Traits, other: Traits) -> bool:
    return any(mine and mine == theirs for mine, theirs in zip(contacts_of(one), contacts_of(other), strict=True))


def contacts_of(entry: Traits) -> tuple[str | None, str | None, str | None]:
    return entry.phone, entry.mail, entry.site


def _other_door(one: Traits, other: Traits) -> bool:
    """Two desks of one building ("Mairie", "Médiathèque"), or two of a series ("Mairie du 13e", "Mairie du 14e").

    A France services is often in a post office or a social centre that gives it its name: they are one place. Two buses
    may well start from one address.
    """
    mine, theirs = frozenset(one.name.split()), frozenset(other.name.split())
    if (mine | theirs) & _DOORS and mine != theirs:
        return True
    numbers, others = ({word for word in words if word[0].isdigit()} for words in (mine, theirs))
    if numbers and others and numbers.isdisjoint(others):
        return True
    labelled, also_labelled = (words.issuperset(_FRANCE_SERVICES) for words in (mine, theirs))
    if labelled and also_labelled:
        return False
    if labelled or also_labelled:
        return not _DESKS.isdisjoint(theirs if labelled else mine)
    return mine & _DESKS != theirs & _DESKS


def _alike(one: str, other: str) -> float:
    """From 0 to 1. That the words of one are all in the other counts more than the same words alone."""
    return (0.7 * token_set_ratio(one, other) + 0.3 * token_sort_ratio(one, other)) / 100


def _evidence(one: Traits, other: Traits, km: float | None) -> Iterator[_Evidence]:
    address = _same_address(one, other) if one.street and other.street else None
    if address is not None:
        yield _Evidence(3, address, "Même adresse" if address > 0.95 else "Adresses proches" if address > 0.7 else None)
    if km is not None:
        near = min(1.0, max(0.0, (_FAR_KM - km) / (_FAR_KM - _NEAR_KM)))
        # Once the address is known, the distance is mostly what the geocoder made of it.
        yield _Evidence(2 if address is None else 1, near, _told(km))
    if address != 0 and (km is None or km <= BESIDE_KM) and one.name == other.name and _is_its_own(one.name):
        yield _Evidence(3 if address is None else 2, 1)
    yield from _same_contact(3, 1, one.phone, other.phone, "Même téléphone")
    yield from _same_contact(2, 0.5, one.mail, other.mail, "Même courriel")
    yield from _same_contact(2, 0.5, one.site, other.site, "Même site")


def _same_address(one: Traits, other: Traits) -> float:
    return 0.0 if _other_numbers(one, other) else _alike(one.street, other.street)


def _told(km: float) -> str | None:
    if km <= 0.05:
        return "Au même endroit"
    return f"À {round(km * 100)}0 mètres" if km <= BESIDE_KM else None


def _is_its_own(name: str) -> bool:
    return any(len(word) > 3 and word not in _ORDINARY for word in name.split())


def _same_contact(
    weight: float, against: float, one: str | None, other: str | None, reason: str
) -> Iterator[_Evidence]:
    if one and other:
        # Another number is little against: places have several.
        yield _Evidence(weight, 1, reason) if one == other else _Evidence(against, 0.3)
