"""How what a list says of each of our fields is read: as usual, or by a reader that its mapping names."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from catalogue.exchange.names import readable_name
from catalogue.exchange.rows import Unreadable, email, phone, plain_text, sentence, web_address
from catalogue.exchange.services import services_sentence
from catalogue.needs import Frais, Kind, Need, Public, Reach
from catalogue.places import Place
from catalogue.spelling import fold

# From what is said, one space between words ("": nothing), and the commune it is said of, if any. Raises Unreadable.
Reader = Callable[[str, Place | None], Any]

_MONTHS = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin",
    "juillet", "aout", "septembre", "octobre", "novembre", "decembre",
)  # fmt: skip
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_ISO_DAY = re.compile(r"((?:19|20)\d\d)[-/](\d\d)[-/](\d\d)(?:[T ].*)?")
_FRENCH_DAY = re.compile(r"(\d\d?)[/.-](\d\d?)[/.-]((?:19|20)\d\d)(?: .*)?")
_SPELT_DAY = re.compile(r"(?:[a-z]+di |dimanche )?(\d\d?)(?:er)? ([a-z]+) ((?:19|20)\d\d)")
_YES, _NO = frozenset({"oui", "vrai", "true", "yes", "1"}), frozenset({"non", "faux", "false", "no", "0"})


def _folded(slugs: Iterable[str]) -> dict[str, str]:
    return {fold(slug): str(slug) for slug in slugs}


# Fields whose values are among ours: these, by what is compared, and what is said of any other.
SLUGS = {
    "kind": (_folded(Kind), "type de lieu inconnu"),
    "needs": (_folded(Need), "besoin inconnu"),
    "publics": (_folded(Public), "public inconnu"),
    "frais": (_folded(Frais), "frais inconnus"),
    "reach": (_folded(Reach), "portée inconnue"),
}
# Fields that tell where, which are only read together.
WHERE = (
    "commune", "code_postal", "code_insee", "departement", "zones", "latitude", "longitude", "position", "precision",
)  # fmt: skip
SEVERAL = frozenset({"kind", "needs", "publics", "zones"})  # may hold several values in one cell


def _words(said: str, place: Place | None) -> str | None:
    return said or None


def _description(said: str, place: Place | None) -> str:
    return sentence(plain_text(said))


def _telephone(said: str, place: Place | None) -> str | None:
    # A spreadsheet takes the zero of a number away.
    return phone(f"0{said}" if re.fullmatch(r"[1-9]\d{8}", said) else said)


def _email(said: str, place: Place | None) -> str | None:
    return email(said)


def _web_address(said: str, place: Place | None) -> str | None:
    return web_address(f"http://{said}" if said.lower().startswith("www.") else said)


def _yes_or_no(said: str, place: Place | None) -> bool | None:
    folded = fold(said)
    if folded and folded not in _YES | _NO:
        raise Unreadable(f"ni oui ni non : « {said[:20]} »")
    return folded in _YES if folded else None


def _day(said: str, place: Place | None) -> date | None:
    return _day_or_year(said, place)[0]


def _day_or_year(said: str, place: Place | None) -> tuple[date | None, bool]:
    """A day, and whether only its year is known: then its first day, so that nothing is said fresher than it is."""
    if not said:
        return None, False
    if _YEAR.fullmatch(said):
        return date(int(said), 1, 1), True
    try:
        return date(*_year_month_day(said)), False
    except ValueError:
        raise Unreadable(f"date illisible : « {said[:20]} »") from None


def _year_month_day(value: str) -> tuple[int, int, int]:
    if found := _ISO_DAY.fullmatch(value):
        year, month, day = found.groups()
    elif found := _FRENCH_DAY.fullmatch(value):
        day, month, year = found.groups()
    elif found := _SPELT_DAY.fullmatch(fold(value)):
        day, month, year = found[1], str(_MONTHS.index(found[2]) + 1), found[3]
    else:
        raise ValueError(value)
    return int(year), int(month), int(day)


USUAL: dict[str, Reader] = {
    "id": _words,
    "nom": _words,
    "description": _description,
    "adresse": _words,
    "complement_adresse": _words,
    "telephone": _telephone,
    "courriel": _email,
    "site_web": _web_address,
    "lien_source": _web_address,
    "horaires": _words,
    "publics_precisions": _words,
    "frais_precisions": _words,
    "conditions_acces": _words,
    "accessible": _yes_or_no,
    "date_maj": _day,
    "verified_at": _day_or_year,
}
FIELDS = (*USUAL, *SLUGS, *WHERE)


def _with_commune(said: str, place: Place | None) -> str | None:
    """An identifier made of words and of the INSEE code, for a list that numbers nothing."""
    slug = fold(said).replace(" ", "-")
    return f"{slug}-{place.insee}" if said and place else slug or None


def _digital_help(said: str, place: Place | None) -> str | None:
    """The identifier two national lists share after their own prefix; with the INSEE code for a list that counts."""
    _, _, own = said.partition("-")
    if re.fullmatch(r"[0-9a-f]{24}", own):
        return own
    return f"{said}-{place.insee}" if own.isdecimal() and place else said or None


def _readable(said: str, place: Place | None) -> str | None:
    """A name shouted in capitals, in small letters where no accent has to be guessed."""
    return readable_name(said, place.nom) if place else said or None


def _services(said: str, place: Place | None) -> str:
    """The services of digital help, as a sentence that names three at most."""
    return services_sentence(said)


def _last_year(said: str, place: Place | None) -> tuple[date | None, bool]:
    """The last year that is named: "2020-2022", "vu en mai 2019"."""
    year = max(map(int, _YEAR.findall(said)), default=None)
    return (date(year, 1, 1), True) if year else (None, False)


NAMED: dict[str, dict[str, Reader]] = {
    "id": {"avec la commune": _with_commune, "aide numérique": _digital_help},
    "nom": {"capitales": _readable},
    "description": {"services numériques": _services},
    "verified_at": {"dernière année": _last_year},
}
