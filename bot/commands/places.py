"""The places that commands are given, in words or by their codes."""

from typing import TYPE_CHECKING

from bot.console import Trouble

if TYPE_CHECKING:
    from catalogue.exchange.selection import Territory
    from catalogue.places import Place, PlaceIndex


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
