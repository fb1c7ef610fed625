"""Names that a list shouts in capitals, written as they are read, where that can be done without guessing an accent."""

import re

from catalogue.around import without_article
from catalogue.spelling import fold

_KNOWN = {
    "la poste": "La Poste",
    "croix rouge francaise": "Croix-Rouge française",
    "croix rouge insertion": "Croix-Rouge insertion",
    "secours populaire francais": "Secours populaire français",
    "harmonie mutuelle": "Harmonie mutuelle",
    "centre communal d action sociale": "Centre communal d'action sociale",
    "centre intercommunal d action sociale": "Centre intercommunal d'action sociale",
    "maison des jeunes et de la culture": "Maison des jeunes et de la culture",
    "mairie": "Mairie",
    "france services": "France services",
    "espace france services": "Espace France services",
}
_OF_A_TOWN = {
    "commune": "Commune",
    "mairie": "Mairie",
    "ville": "Ville",
    "ccas": "CCAS",
    "centre communal d action sociale": "Centre communal d'action sociale",
    "ctre com action sociale": "Centre communal d'action sociale",
    "mediatheque": "Médiathèque",
    "bibliotheque": "Bibliothèque",
    "centre social": "Centre social",
    "mission locale": "Mission locale",
    "france services": "France services",
    "la poste": "La Poste",
}
_WHAT = "|".join(sorted(_OF_A_TOWN, key=len, reverse=True))
_NAMED_AFTER = re.compile(rf"({_WHAT}) (?:(?:de|d|du|des) )?(.+)")


def readable_name(nom: str, commune: str) -> str:
    """A name in capitals that is well known, or made of its town's name; any other as it is."""
    if not nom.isupper():
        return nom
    folded = fold(nom)
    if folded in _KNOWN:
        return _KNOWN[folded]
    found = _NAMED_AFTER.fullmatch(folded)
    if found and without_article(found[2]) == without_article(fold(commune)):
        return f"{_OF_A_TOWN[found[1]]} {_of(commune)}"
    return nom


def _of(commune: str) -> str:
    """ "de Nanterre", "d'Antony", "du Havre", "des Ulis"."""
    for article, contracted in (("Le ", "du "), ("Les ", "des ")):
        if commune.startswith(article):
            return contracted + commune.removeprefix(article)
    return f"d'{commune}" if fold(commune)[:1] in "aeiouh" else f"de {commune}"
