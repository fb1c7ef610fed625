"""A field as each kind of document writes it → the value the national schema wants: typed in JSON, text in a sheet."""

import re
from datetime import date
from typing import Any

from catalogue.exchange.rows import Unreadable
from catalogue.exchange.thematiques import LISTS, code_of_label, several

_NUMBERS = frozenset({"longitude", "latitude", "volume_horaire_hebdomadaire", "nombre_semaines"})
MOST_DIGITS = 15  # that a number keeps in every document
_CODES = frozenset({"code_postal", "code_insee", "zone_eligibilite"})  # a spreadsheet may take their first zero away
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?", re.ASCII)
_FRENCH_DAY = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(?: .*)?", re.ASCII)
_UNREADABLE = re.compile("[\0\ud800-\udfff]")  # what no database takes


def json_value(name: str, given: object) -> Any:
    """A value in the types of JSON, None when there is none. What is no such value is left for the schema to refuse."""
    if name in LISTS:
        return _list(name, given)
    if name in _NUMBERS:
        return _number(given)
    if name == "date_maj":
        return day(given)
    return _code(name, _words(given))


def _words(given: object) -> Any:
    """A text, or the number that a spreadsheet made of it."""
    if isinstance(given, str):
        if _UNREADABLE.search(given):
            raise Unreadable("caractères illisibles")
        return given.strip() or None
    if isinstance(given, int | float) and not isinstance(given, bool):
        number = _number(given)
        return str(int(number)) if number == int(number) else str(number)
    return given


def _code(name: str, said: Any) -> Any:
    """A code for what may be one of its French labels, or may have lost its zero."""
    if not isinstance(said, str):
        return said
    if name in _CODES:
        return said.zfill(5) if len(said) == 4 and said.isdecimal() else said
    return code_of_label(name, said)


def _number(given: object) -> Any:
    if isinstance(given, str):
        said = "".join(given.split()).replace(",", ".")
        if not said:
            return None
        if _NUMBER.fullmatch(said):
            given = int(said) if len(said) <= MOST_DIGITS and said.lstrip("+-").isdecimal() else float(said)
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) < 10**MOST_DIGITS:
        raise Unreadable(f"nombre attendu{quoted(given)}")
    return given


def day(given: object) -> Any:
    """The ISO date of "2026-03-02" or "02/03/2026", None when there is none. Raises Unreadable."""
    if isinstance(given, date):
        return given.isoformat()[:10]
    said = given.strip() if isinstance(given, str) else given
    if not said:
        return None
    try:
        if found := _ISO_DAY.fullmatch(str(said)):
            return date(*map(int, found.groups())).isoformat()
        if found := _FRENCH_DAY.fullmatch(str(said)):
            return date(*map(int, reversed(found.groups()))).isoformat()
    except ValueError:
        pass  # a 31st of April
    raise Unreadable(f"date illisible{quoted(given)}")


def _list(name: str, given: object) -> Any:
    items = several(given) if isinstance(given, str) else given
    if not isinstance(items, list):
        return given
    found = [value for item in items if (value := _code(name, _words(item))) is not None]
    if isinstance(given, str) and not found:
        return None
    return sorted(set(found)) if all(isinstance(value, str) for value in found) else found


def quoted(said: object) -> str:
    """ " : « le matin »", nothing for what is no text."""
    shown = said.strip()[:60] if isinstance(said, str) else ""
    return f" : « {shown} »" if shown else ""
