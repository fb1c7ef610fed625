"""Intercommunalities: the communes of each, and which one some words name.

A role keeps the SIREN code of an intercommunality among its codes, never its communes: they are read here each time, so
that a new list changes what a role covers without touching it (docs/adr/0013). The list is read the first time that
somebody speaks of a territory; communes stay as the text they were.
"""

import csv
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from catalogue.places import PlaceIndex
from catalogue.spelling import LONGEST_WORD, fold, slips_between

FILE = Path(__file__).parent / "data" / "intercommunalites.csv"
SIREN = 9  # figures of a code; a commune's has five signs, a department's two or three
COMMUNE = 5
MOST_SAID = 12  # words of a name that are compared
SHORTEST_MISSPELT, SHORTEST_TWICE = 4, 9  # letters of a word in which a slip, then two, are forgiven

_IN_FULL = {
    "CC": "Communauté de communes",
    "CA": "Communauté d'agglomération",
    "CU": "Communauté urbaine",
}
_KINDS = frozenset(
    {
        *("agglo", "agglomeration", "ca", "cc", "communaute", "communautes", "cu", "epci", "ept", "eurometropole"),
        *("interco", "intercommunalite", "metropole", "urbaine"),
    }
)
_LITTLE = frozenset(("communes", "d", "de", "des", "du", "et", "l", "la", "le", "les"))

Core = tuple[str, ...]  # the words of a name that tell it from others


@dataclass(frozen=True, slots=True)
class Intercommunality:
    """A grouping of communes that has a SIREN code. `members` are INSEE codes, each after a bar."""

    siren: str
    nom: str
    members: str

    @property
    def communes(self) -> list[str]:
        """The codes an address there may have: its communes, and their arrondissements."""
        return self.members.split("|")[1:]

    @property
    def departements(self) -> list[str]:
        """The codes of the departments its communes are in."""
        return sorted({departement_of(code) for code in self.communes})


# The list.


@cache
def _known() -> dict[str, Intercommunality]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["siren"]: Intercommunality(row["siren"], _in_full(row["nom"]), f"|{row['communes']}")
            for row in csv.DictReader(file)
        }


def _in_full(nom: str) -> str:
    kind, _, rest = nom.partition(" ")
    return f"{_IN_FULL[kind]} {rest}" if kind in _IN_FULL else nom


def is_siren(code: str) -> bool:
    """Whether a code is that of an intercommunality, even of one that is not known."""
    return len(code) == SIREN


def get(siren: str) -> Intercommunality | None:
    """The intercommunality of a SIREN code; None for any other code, and for one that is no longer known."""
    return _known().get(siren) if is_siren(siren) else None


@lru_cache(maxsize=256)
def _communes(siren: str) -> frozenset[str]:
    found = get(siren)
    return frozenset(found.communes) if found else frozenset()


# Codes.


def departement_of(code: str) -> str:
    """The code of a department, from its own, a commune's, or an intercommunality's: that of its first commune.

    "" for an intercommunality that is not known.
    """
    if is_siren(code):
        found = get(code)
        return departement_of(found.communes[0]) if found else ""
    return code[:3] if code.startswith(("97", "98")) else code[:2]


def expanded(codes: Iterable[str]) -> list[str]:
    """The same codes, with the communes of intercommunalities instead of theirs; sorted.

    The code of one that is not known stays: no address has it, and no territory but one that names it.
    """
    codes = set(codes)
    sirens = {code for code in codes if is_siren(code) and _communes(code)}
    return sorted((codes - sirens).union(*map(_communes, sirens)))


def covers(codes: Iterable[str], insee: str | None, departement: str | None) -> bool:
    """Whether an address is in a territory: by its commune, its department or an intercommunality of its commune."""
    codes = set(codes)
    if not codes.isdisjoint({insee, departement}):
        return True
    return insee is not None and any(insee in _communes(code) for code in codes if is_siren(code))


def those_with(codes: Iterable[str]) -> set[str]:
    """The SIREN codes of the intercommunalities that have one of these communes, or a commune of these departments."""
    codes = set(codes)
    parts = [f"|{code}" for code in codes if len(code) < COMMUNE]
    return {
        one.siren
        for one in _known().values()
        if not codes.isdisjoint(one.communes) or any(part in one.members for part in parts)
    }


def meet(codes: Iterable[str], others: Iterable[str]) -> bool:
    """Whether two territories have ground in common: a commune and its department do."""
    one, other = set(expanded(codes)), set(expanded(others))
    return not (one | set(map(departement_of, one))).isdisjoint(other) or not one.isdisjoint(map(departement_of, other))


def unknown(codes: Iterable[str]) -> list[str]:
    """The codes of intercommunalities that the list does not have, or has no more: they cover nothing."""
    return [code for code in codes if is_siren(code) and get(code) is None]


# Names.


def called(said: str, index: PlaceIndex) -> list[Intercommunality]:
    """The intercommunalities that a SIREN code or a name may mean; [] when it rather is a commune or a department.

    What says its kind ("agglo", "métropole", "CC") is never a commune: "agglo de Nanterre" is those Nanterre is in. Of
    another name, a commune or a department comes first, then an intercommunality called so, then what the index knows.
    """
    folded = fold(said[: MOST_SAID * LONGEST_WORD])
    words = folded.split()
    if is_siren(figures := "".join(words)) and figures.isdecimal():
        return [one for one in [get(figures)] if one]
    core, says_its_kind = _core(words), not _KINDS.isdisjoint(words)
    if not says_its_kind and (folded in index.names or index.territory(folded)):
        return []
    found = _named(core) if core and len(words) <= MOST_SAID else []
    if not says_its_kind and (len(core) < 2 or index.find(said).sure):
        return [one for one in found if _core_of(one) == core]
    return found or (_of_commune(core, index) if says_its_kind else [])


def _core(words: Sequence[str]) -> Core:
    return tuple(word for word in words if word not in _KINDS and word not in _LITTLE)


def _core_of(one: Intercommunality) -> Core:
    return _core(fold(one.nom).split())


def _named(core: Core) -> list[Intercommunality]:
    """Those of that very name; or else whose names have all these words; or else nearly."""
    cores = {one.siren: _core_of(one) for one in _known().values()}
    for is_it in (_same, _has_all, _nearly_has_all):
        found = [get(siren) for siren, words in cores.items() if is_it(core, words)]
        if found:
            return _in_order(found)
    return []


def _of_commune(core: Core, index: PlaceIndex) -> list[Intercommunality]:
    match = index.find(" ".join(core))
    if not match.sure:
        return []
    place = match.places[0]
    return _in_order(map(get, those_with({place.insee, place.parent or place.insee})))


def _in_order(found: Iterable[Intercommunality | None]) -> list[Intercommunality]:
    return sorted(filter(None, found), key=lambda one: (one.nom, one.siren))


def _same(said: Core, name: Core) -> bool:
    return said == name


def _has_all(said: Core, name: Core) -> bool:
    return set(said) <= set(name)


def _nearly_has_all(said: Core, name: Core) -> bool:
    return all(any(slips_between(word, other) <= _forgiven(word) for other in name) for word in said)


def _forgiven(word: str) -> int:
    return (len(word) >= SHORTEST_MISSPELT) + (len(word) >= SHORTEST_TWICE)


def to_choose_from(found: Collection[Intercommunality]) -> list[str]:
    """Each with its code and its departments, to choose from: "Vallée Sud-Grand Paris (200057966, 92)"."""
    return [f"{one.nom} ({', '.join([one.siren, *one.departements])})" for one in found]
