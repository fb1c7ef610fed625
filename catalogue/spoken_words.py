"""The words people tell hours with: read one after the other, none left aside."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from catalogue.spelling import slips_between

FRENCH_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FRENCH_MONTHS = (
    *("janvier", "fevrier", "mars", "avril", "mai", "juin"),
    *("juillet", "aout", "septembre", "octobre", "novembre", "decembre"),
)
_SHORT_MONTHS = {
    "janv": 0,
    "jan": 0,
    "fev": 1,
    "avr": 3,
    "juil": 6,
    "sept": 8,
    "sep": 8,
    "oct": 9,
    "nov": 10,
    "dec": 11,
}
_ORDINALS = {"premier": 1, "deuxieme": 2, "second": 2, "troisieme": 3, "quatrieme": 4, "cinquieme": 5, "dernier": -1}
_ABRIDGED = "|".join(
    [*(day[:2] for day in FRENCH_DAYS), *(day[:3] for day in FRENCH_DAYS), "merc|jeud|vend", *_SHORT_MONTHS]
)
# What a part of the day may hold: the earliest beginning, the latest end.
PARTS = {"matin": ("05:00", "13:30"), "apres-midi": ("12:00", "20:00"), "soir": ("17:00", "24:00")}

_WORDS: dict[str, tuple[str, str]] = {
    **{
        name: ("day", str(number))
        for number, day in enumerate(FRENCH_DAYS)
        for name in (day, day + "s", day[:2], day[:3])
    },
    **{short: ("day", str(number)) for short, number in (("merc", 2), ("jeud", 3), ("vend", 4))},
    **{month: ("month", str(number)) for number, month in enumerate(_FRENCH_MONTHS)},
    **{short: ("month", str(number)) for short, number in _SHORT_MONTHS.items()},
    **{name + plural: ("nth", str(nth)) for name, nth in _ORDINALS.items() for plural in ("", "s")},
    **dict.fromkeys(("et", "puis"), ("and", "")),
    **dict.fromkeys(("a", "au"), ("to", "")),
    **dict.fromkeys(("de", "du", "d", "des"), ("from", "")),
    **dict.fromkeys(("ferme", "fermee", "fermes", "fermees", "fermeture"), ("closed", "")),
    **dict.fromkeys(("sauf", "hors", "hormis", "excepte"), ("except", "")),
    **dict.fromkeys(("ouvert", "ouverte", "ouverts", "ouvertes", "ouverture"), ("open", "")),
    **dict.fromkeys(
        ("le", "la", "les", "l", "chaque", "horaires", "horaire", "accueil", "uniquement", "seulement"), ("", "")
    ),
    **dict.fromkeys(("permanence", "permanences"), ("", "")),
    "midi": ("time", "12:00"),
    "minuit": ("time", "00:00"),
    "entre": ("between", ""),
    "en": ("in", ""),
}
_SHORTEST_MISSPELT = 5  # letters
_OFTEN_MISSPELT = {
    word: said for word, said in _WORDS.items() if said[0] in ("day", "month") and len(word) >= _SHORTEST_MISSPELT
}

# What is said in several words, or with figures and signs; the first that fits, in this order.
_SAID = re.compile(
    " *(?:"
    + "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in {
            "separator": r"[;|\n•]|\.(?=\s|$)",
            "year": r"\( ?(?:19|20)[0-9]{2} ?\)",
            "bracket": r"[()]",
            "all_day": r"(?:24 ?h? ?(?:/|sur) ?24 ?h?|h24)(?![0-9a-z])",
            "every_day": r"(?:7 ?(?:j|jours)? ?(?:/|sur) ?7 ?(?:j|jours)?|tous les jours|chaque jour)(?![0-9a-z])",
            "working_week": r"en semaine\b",
            "week_end": r"week-? ?ends?\b",
            "from_monday": r"l ?(?:-|a|au) ?[vsd]\b",
            "holidays_too": r"(?:(?:y compris|meme) (?:les )?(?:jours )?feries|(?:jours )?feries (?:compris|inclus))\b",
            "holidays": r"(?:jours? )?feries?\b",
            "school_holidays": r"(?:(?:pendant|durant) )?(?:les )?vacances scolaires\b",
            "of_month": r"(?:du|de chaque) mois\b",
            "month_named": r"(?:au|aux|le) mois d(?:e |')",
            "appointment": r"(?:uniquement )?sur (?:rendez[- ]vous|rdv)\b",
            "unbroken": r"(?:non[- ]stop|sans interruption|en continu|journee continue)\b",
            "exception": r"a l'exception d(?:e |u |es )",
            "no_matter": r"(?:toute l'annee|d'ouverture|[ad]u public|nous sommes(?= ouvert)|tous les(?= [0-9a-z]))\b",
            "also": r"ainsi que\b",
            "onwards": r"a partir d(?:e |'|u )|des (?=[0-9])",
            "until": r"jusqu'(?:a|au)\b|->|→|>",
            "part": r"(?:matin(?:s|ee)?|apres[- ]?midi|aprem|soir(?:s|ee)?)\b",
            "hour": r"[0-9]{1,2}(?: ?h(?:eures?)? ?[0-9]{2}(?![0-9]| ?[h:])| ?: ?[0-9]{2}| ?h(?:eures?)?)(?![0-9a-z])",
            "ordinal": r"(?:1 ?(?:ers?|re)|[2-5] ?(?:emes?|es?|nds?))\b",
            "number": r"[0-9]{1,2}(?![0-9a-z])",
            "sign": r"[-/,&+:]",
            "abridged": rf"(?:{_ABRIDGED})\.(?![^ ,;:/-])",
            "word": r"[a-z]+'?",
        }.items()
    )
    + ")"
)
_SIGNS = {"-": "dash", "/": "slash", ",": "comma", "&": "and", "+": "and", ":": "colon"}
_PLAIN = str.maketrans(
    {"œ": "oe", **dict.fromkeys("’‘`´", "'"), **dict.fromkeys("‐‑‒–—−", "-"), **dict.fromkeys("\t\xa0\u202f\r", " ")}
)
_ACCENTS = re.compile("[\u0300-\u0302\u0308\u0327]")


class Unsure(Exception):
    """A word that is not known, or that could mean something else."""


class Token(NamedTuple):
    """A thing said: a day, an hour, a sign…"""

    kind: str
    value: str = ""


@dataclass(slots=True)
class Listener:
    """Hears tokens from the first to the last."""

    tokens: Sequence[Token]
    at: int = 0

    def more(self) -> bool:
        return self.at < len(self.tokens)

    def kind(self, ahead: int = 0) -> str:
        """What kind comes next, or some tokens further; "end" after the last."""
        return self.tokens[self.at + ahead].kind if self.at + ahead < len(self.tokens) else "end"

    def take(self, *kinds: str) -> Token | None:
        """The next token, if it is of one of these kinds; else it stays where it is."""
        if self.kind() not in kinds:
            return None
        self.at += 1
        return self.tokens[self.at - 1]

    def need(self, *kinds: str) -> Token:
        """The same; raises Unsure for any other."""
        token = self.take(*kinds)
        if token is None:
            raise Unsure
        return token

    def skip(self, *kinds: str) -> None:
        while self.take(*kinds):
            pass


def tokens_of(said: str) -> list[Token]:
    """What is said, one thing after the other. Raises Unsure for a word or a sign that is not known."""
    plain = _ACCENTS.sub("", normalize("NFD", said.lower().translate(_PLAIN))).rstrip(" ")
    found, at = [], 0
    while at < len(plain):
        match = _SAID.match(plain, at)
        if not match:
            raise Unsure
        kind = str(match.lastgroup)
        token = _token(kind, match[kind])
        if token.kind:
            found.append(token)
        at = match.end()
    if _tells_a_year(found):
        raise Unsure
    return _without_brackets([token for token in found if token.kind != "year"])


def _tells_a_year(tokens: Sequence[Token]) -> bool:
    """Days or months of one year only; anywhere else "(2019)" is when it was written."""
    kinds = {token.kind for token in tokens}
    return {"year", "month"} <= kinds


def _without_brackets(tokens: Sequence[Token]) -> list[Token]:
    """Brackets may hold what is left out of the hours said before; for anything else, who knows what they mean."""
    opened = False
    for at, token in enumerate(tokens):
        if token.kind == "bracket":
            if (token.value == "(") is opened or (not opened and not _may_be_aside(tokens[at + 1 :])):
                raise Unsure
            opened = not opened
    if opened:
        raise Unsure
    return [token for token in tokens if token.kind != "bracket"]


def _may_be_aside(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[0].kind in ("closed", "except", "holidays_too", "unbroken")


@lru_cache(maxsize=4096)
def _token(kind: str, said: str) -> Token:
    match kind:
        case "word" | "abridged":
            return Token(*_known(said.rstrip("'.")))
        case "sign":
            return Token(_SIGNS[said])
        case "hour":
            return Token("time", clock(*map(int, re.findall("[0-9]+", said))))
        case "ordinal":
            return Token("nth", said[0])
        case "from_monday":
            return Token(kind, str({"v": 5, "s": 6, "d": 7}[said[-1]]))
        case "part":
            return Token(kind, next(part for part in PARTS if part[:2] == said[:2]))
        case "exception":
            return Token("except")
        case "also":
            return Token("and")
        case "no_matter":
            return Token("")
    return Token(kind, said)


def _known(word: str) -> tuple[str, str]:
    if word in _WORDS:
        return _WORDS[word]
    if len(word) < _SHORTEST_MISSPELT:
        raise Unsure
    meant = {
        means for known, means in _OFTEN_MISSPELT.items() if known[0] == word[0] and slips_between(word, known) == 1
    }
    if len(meant) != 1:
        raise Unsure
    return meant.pop()


def clock(hour: int, minutes: int = 0) -> str:
    """ "09:30". Raises Unsure for what no clock shows."""
    if hour > 24 or minutes > 59 or (hour == 24 and minutes):
        raise Unsure
    return f"{hour:02}:{minutes:02}"
