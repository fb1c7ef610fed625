"""A printed poster: one A4 page that leads to the conversation, for a need, for a place, for both or for neither."""

import ipaddress
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import segno
import typst

from bot.printing import day_in_words, drawn, emergency_lines, typeset
from catalogue.needs import Need
from catalogue.places import Place, PlaceIndex
from handlers import words
from handlers.locale import gettext as _

TEMPLATE = Path(__file__).with_name("poster.typ")
LONGEST_ADDRESS = 100
MOST_CANDIDATES = 8

_INSEE = re.compile(r"\d[\dAB]\d{3}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_WEB = re.compile(rf"https?://(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::\d{{1,5}})?(?:/[\w.~/-]*)?", re.A | re.I)
_TELEGRAM = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")

QUESTIONS = {
    None: _("Besoin d'un coup de main ?"),
    Need.ALIMENTATION: _("Besoin d'un coup de main pour manger ?"),
    Need.LIEN_SOCIAL: _("Envie de voir du monde ?"),
    Need.EQUIPEMENT: _("Besoin d'un meuble, d'un vêtement, d'une réparation ?"),
    Need.LOGEMENT: _("Besoin d'aide pour vous loger ?"),
    Need.MOBILITE: _("Besoin d'aide pour vous déplacer ?"),
    Need.EMPLOI: _("Vous cherchez un travail ou une formation ?"),
    Need.PROJET: _("Vous avez un projet à lancer ?"),
    Need.NUMERIQUE: _("Besoin d'aide avec internet ou un ordinateur ?"),
    Need.DROITS: _("Besoin d'aide pour vos papiers, vos démarches ?"),
    Need.BUDGET: _("Des factures difficiles à payer ?"),
    Need.FAMILLE: _("Enfants, famille : besoin d'un coup de main ?"),
    Need.SANTE: _("Besoin de soins, ou de parler à quelqu'un ?"),
    Need.FRANCAIS: _("Envie d'apprendre le français ?"),
    Need.LOISIRS: _("Envie de sortir, de bouger ?"),
    Need.ENGAGEMENT: _("Envie de donner un coup de main ?"),
    Need.HANDICAP: _("Vous vivez avec un handicap ? Vous aidez un proche ?"),
}


class CannotPrint(ValueError):
    """Why there is no poster, in one line for the person at the keyboard."""


@dataclass(frozen=True, slots=True)
class Poster:
    """What a poster says, and where it leads: `web` and `telegram` are what web_base and telegram_name return."""

    web: str
    printed: date
    need: Need | None = None
    place: Place | None = None
    telegram: str | None = None

    @property
    def web_link(self) -> str:
        """What the first code opens: the web chat, where the place and the need are already answered."""
        query = urlencode(self._known())
        return f"{self.web}/?{query}" if query else f"{self.web}/"

    @property
    def telegram_link(self) -> str | None:
        """What the second code opens: the same conversation on Telegram."""
        if not self.telegram:
            return None
        payload = "_".join(self._known().values())
        return f"https://t.me/{self.telegram}" + (f"?start={payload}" if payload else "")

    def _known(self) -> dict[str, str]:
        place = {"lieu": self.place.insee} if self.place else {}
        return place | ({"besoin": self.need.value} if self.need else {})

    @property
    def where(self) -> str:
        """Where the help is, as the poster says it."""
        if not self.place:
            return _("Près de chez vous")
        return _("Près de chez vous, {at_place}").format(at_place=words.at(self.place.nom))


def pdf(poster: Poster) -> bytes:
    """The page as a PDF that anyone can read (PDF/UA); the same poster is always the same bytes."""
    return typst.compile(
        TEMPLATE, format="pdf", pdf_standards="ua-1", sys_inputs=inputs(poster), ignore_system_fonts=True
    )


def need_called(slug: str) -> Need:
    """The need of a slug. Raises CannotPrint with the sixteen slugs when there is none."""
    need = Need.of(slug)
    if not need:
        raise CannotPrint(f"Besoin inconnu : {_quoted(slug)}. Les besoins : {', '.join(Need)}.")
    return need


def place_called(asked: str, index: PlaceIndex) -> Place:
    """The place of an INSEE code, or the only one these words may mean. Raises CannotPrint with the candidates."""
    code = asked.strip().upper()
    if _INSEE.fullmatch(code) and (place := index.get(code)):
        return place
    found = index.find(asked)
    if found.sure:
        return found.places[0]
    if not found.places:
        raise CannotPrint(f"Lieu inconnu : {_quoted(asked)}. Donnez un code INSEE, un code postal ou une commune.")
    names = [f"{place.nom} ({place.insee}, {place.departement_nom})" for place in found.places[:MOST_CANDIDATES]]
    more = len(found.places) - len(names)
    listed = " ; ".join([*names, f"et {more} autres" if more > 1 else "et 1 autre"] if more else names)
    raise CannotPrint(f"{_quoted(asked)} peut être : {listed}. Donnez le code INSEE.")


def other_meaning(asked: str, place: Place, index: PlaceIndex) -> Place | None:
    """Another place that has for postcode the code that was read as this one's INSEE code."""
    found = index.find(asked).places if asked.strip().upper() == place.insee else ()
    return next((other for other in found if other.insee != place.insee), None)


def web_base(address: str) -> str:
    """The address of the web chat, ready for a query. Raises CannotPrint unless it is a plain one, safe to print."""
    base = address.strip().rstrip("/")
    if len(base) > LONGEST_ADDRESS or not _WEB.fullmatch(base) or not _has_a_port_or_none(base):
        raise CannotPrint(
            "L'adresse du chat web n'est pas utilisable : donnez --web-url, comme https://exemple.fr "
            f"({LONGEST_ADDRESS} caractères au plus, sans accent, ni mot de passe, ni « ? », ni « # »)."
        )
    return base


def _has_a_port_or_none(base: str) -> bool:
    try:
        parts = urlsplit(base)
        return parts.port != 0 and bool(parts.hostname)
    except ValueError:
        return False


def telegram_name(name: str) -> str:
    """The name of a bot, without its "@". Raises CannotPrint when it cannot be one."""
    plain = name.strip().removeprefix("@")
    if not _TELEGRAM.fullmatch(plain):
        raise CannotPrint(f"{_quoted(name)} n'est pas un nom Telegram : donnez --telegram, comme bonne_porte_bot.")
    return plain


def remarks(poster: Poster) -> list[str]:
    """What whoever prints the poster had better know, a line each."""
    lines = []
    if _only_here(poster.web):
        lines.append(f"{poster.web} ne marche que sur cette machine : donnez l'adresse publique avec --web-url.")
    if not poster.telegram:
        lines.append("L'affiche ne mène pas à Telegram : donnez --telegram, ou TELEGRAM_TOKEN.")
    return lines


def _only_here(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _quoted(asked: str) -> str:
    one_line = " ".join("".join(c if c.isprintable() else " " for c in asked).split())
    return f"« {one_line[:60]} »"


def inputs(poster: Poster) -> dict[str, str]:
    """What the template is given: every text as data, never as markup."""
    return {"poster": json.dumps(_content(poster))}


def _content(poster: Poster) -> dict[str, object]:
    ways = _ways(poster)
    scan = (
        _("Visez ce carré avec l'appareil photo de votre téléphone.")
        if len(ways) == 1
        else _("Visez un des deux carrés avec l'appareil photo de votre téléphone.")
    )
    return {
        "title": _("La Bonne Porte"),
        "about": _("Le guide des lieux et des coups de main"),
        "question": typeset(QUESTIONS[poster.need]).replace("? ", "?\n"),
        "where": typeset(poster.where).partition(", "),
        "scan": typeset(scan),
        "ways": ways,
        "promise": _("Sans compte. Sans donner votre nom."),
        "emergency": {"title": typeset(_("En danger ? Appelez, c'est gratuit.")), "numbers": emergency_lines()},
        "printed": _("Affiche imprimée le {day}.").format(day=day_in_words(poster.printed)),
    }


def _ways(poster: Poster) -> list[dict[str, str]]:
    ways = [(_("Sur internet"), re.sub("^https?://", "", poster.web, flags=re.I), poster.web_link)]
    if poster.telegram_link:
        ways.append((_("Sur Telegram"), f"t.me/{poster.telegram}", poster.telegram_link))
    codes = _codes([link for *_words, link in ways])
    alt = _("Code à viser avec un téléphone : {link}")
    return [
        {"label": label, "address": address, "qr": drawn(code), "alt": alt.format(link=link)}
        for (label, address, link), code in zip(ways, codes, strict=True)
    ]


def _codes(links: list[str]) -> list[segno.QRCode]:
    """Codes of one size, side by side. A quarter of each may be torn or stained."""
    version = max(segno.make_qr(link, error="q").version for link in links)
    return [segno.make_qr(link, error="q", version=version) for link in links]
