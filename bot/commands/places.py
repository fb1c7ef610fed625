"""The places that commands are given, in words or by their codes."""

from typing import TYPE_CHECKING

from bot.console import Trouble

if TYPE_CHECKING:
    from catalogue.exchange.selection import Territory
    from catalogue.intercommunalities import Intercommunality
    from catalogue.places import Place, PlaceIndex

MOST_CANDIDATES = 5


def commune_called(said: str, index: "PlaceIndex") -> "Place":
    """The commune of an INSEE code, a name or a postcode. Raises Trouble when there is none, or several."""
    from bot.poster import CannotPrint, place_called

    try:
        return place_called(said, index)
    except CannotPrint as error:
        raise Trouble(str(error)) from None


def territory_called(said: str, index: "PlaceIndex") -> "Territory":
    """A department or a commune, by its name or its code. Raises Trouble when there is none, or several."""
    from bot import guide
    from bot.poster import CannotPrint

    try:
        return guide.territory_called(said, index)
    except CannotPrint as error:
        raise Trouble(str(error)) from None


def intercommunality_called(said: str, index: "PlaceIndex") -> "Intercommunality | None":
    """The intercommunality of a SIREN code or a name; None when that is rather a commune or a department.

    Raises Trouble when there is none of that code, or several of that name.
    """
    from catalogue.intercommunalities import called, is_siren, to_choose_from

    found = called(said, index)
    if not found and said.isdecimal() and is_siren(said):
        raise Trouble(f"aucune intercommunalité connue n'a le code SIREN {said}.")
    if len(found) > 1:
        more = len(found) - MOST_CANDIDATES
        listed = " ; ".join([*to_choose_from(found[:MOST_CANDIDATES]), *([f"et {more} de plus"] if more > 0 else [])])
        raise Trouble(f"« {said} » peut être : {listed}. Donnez le code SIREN.")
    return found[0] if found else None
