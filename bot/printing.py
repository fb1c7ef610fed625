"""What the poster and the guide print the same way: French typography, days, codes and the numbers to call."""

import re
from datetime import date
from io import BytesIO

import segno

from handlers import words
from handlers.emergency import NUMBERS
from handlers.locale import gettext as _


def typeset(french: str) -> str:
    """The same words with the apostrophe and the narrow spaces of printed French."""
    spaced = re.sub(r" ([?!:;»])", "\u202f\\1", french.replace("'", "’"))
    return spaced.replace("« ", "«\u202f")


def day_in_words(day: date) -> str:
    """ "22 novembre 2026", "1er décembre 2026"."""
    number = _("1er") if day.day == 1 else day.day
    return _("{day} {month}").format(day=number, month=words.month_and_year(day))


def drawn(code: segno.QRCode) -> str:
    """A code as an SVG picture."""
    picture = BytesIO()
    code.save(picture, kind="svg", light="white")
    return picture.getvalue().decode()


def emergency_lines() -> list[tuple[str, str]]:
    """The numbers to call, each with who it is for."""
    calls = [(_(" ou ").join(numbers), typeset(_(emergency.label))) for emergency, numbers in NUMBERS.items()]
    return [*calls, ("114", typeset(_("Par SMS : sourd, malentendant, sans pouvoir parler")))]
