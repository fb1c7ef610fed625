"""An entry as it is printed in the guide: the words of its card, made to last as long as paper does."""

import re
from datetime import date
from unicodedata import normalize

import segno

from bot.printing import drawn, typeset
from catalogue.entries import Initiative
from catalogue.freshness import freshness
from catalogue.hours import ordinary_week
from catalogue.needs import Kind, Method, Reach
from catalogue.notices import season_days
from handlers import words
from handlers.cards import address, for_a_time, is_absent, provenance, reach_words, wheelchair
from handlers.locale import gettext as _

MASK = 6  # of codes: readers know all eight, and looking for the best takes five times as long
MOST_NAME, MOST_ABOUT, MOST_VALUE, MOST_ADDRESS = 120, 280, 200, 60  # characters

# The fonts that come inside typst have these, and typst is sure to set them: it fails on some characters of other
# scripts, and a PDF that anyone can read may not hold one that is not drawn.
_UNPRINTABLE = re.compile(
    "[^ -~\u00a0-\u00ac\u00ae-\u024f\u0370-\u03ff\u0400-\u045f\u0490\u0491\u2010-\u2015\u2018-\u201e"
    "\u2020-\u2022\u2026\u202f\u2030\u2032\u2033\u2039\u203a\u20ac\u2116\u2122\u2190-\u2193]"
)
_SOFT = dict.fromkeys(map(ord, "\u00ad\u200b\u200d\u2060\ufe0f\ufeff"))
_QUANTITY = re.compile(r"(?<=\d) (?=h\b|€|km\b|\d)|(?<=\d h) (?=\d)")  # "9 h 30", "5 €", "01 47 29 50 50"
_LONG_WORD = re.compile(r"\S{40}(?=\S)")
_ZERO_WIDTH_SPACE = "\u200b"

Sheet = dict[str, object]


def sheet(entry: Initiative, web: str, printed: date) -> Sheet:
    """What the template prints of an entry: plain texts, and the code that opens it in the chat."""
    link = entry_link(web, entry.id)
    return {
        "id": entry.id,
        "name": name(entry),
        "kind": "" if entry.kind is Kind.AUTRE else _(entry.kind.label),
        "about": french(entry.description, MOST_ABOUT),
        "phone": plain(entry.telephone or "", MOST_VALUE),
        "rows": [(label, value) for label, value in _rows(entry, printed) if value],
        "truth": typeset(lasting_provenance(entry, printed)),
        "code": drawn(segno.make_qr(link, error="m", mask=MASK)),
        "link": link,
    }


def entry_link(web: str, id_: int) -> str:
    """What opens one entry in the web chat."""
    return f"{web}/?fiche={id_}"


def name(entry: Initiative) -> str:
    """The name of an entry; what it is, when no letter of its name can be printed."""
    return french(entry.nom, MOST_NAME) or _(entry.kind.label)


def lasting_provenance(entry: Initiative, printed: date) -> str:
    """How true it is, as the card says it; but with a month, as "il y a 12 jours" would soon be false on paper."""
    verified, method = entry.verified_at, entry.verified_method
    if is_absent(entry) or verified is None or method in (Method.IMPORT, None) or freshness(verified, printed) == 0:
        return provenance(entry, printed)
    when = str(verified.year) if entry.verified_by_year else words.month_and_year(verified)
    return _("Confirmé {method} en {when}.").format(method=_(method.label), when=when)


def _rows(entry: Initiative, printed: date) -> list[tuple[str, str]]:
    """What one needs before going, each with its label."""
    placed = entry.reach is Reach.LOCAL
    needs = "" if placed else " · ".join(_(need.label) for need in entry.needs)
    hours, publics, cost = _hours(entry), _for_whom(entry), _cost(entry)
    unknown = {_("horaires"): hours, _("public"): publics, _("prix"): cost}
    return [
        (_("Besoins"), french(needs)),
        (_("Adresse") if placed else _("Où"), _said(address(entry) if placed else reach_words(entry.reach))),
        (_("Courriel"), plain(entry.courriel or "", MOST_ADDRESS)),
        (_("Site"), _site(entry.site_web)),
        (_("À noter"), _said(*for_a_time(entry, printed))),
        (_("Horaires"), _said(hours, _season(entry))),
        (_("Pour qui"), _said(publics)),
        (_("Prix"), _said(cost)),
        (_("Accès"), _said(entry.conditions_acces, _wheelchair(entry))),
        (_("À demander"), ", ".join(what for what, known in unknown.items() if not known)),
    ]


def _hours(entry: Initiative) -> str:
    """The hours of an ordinary week in words; as they were given when it cannot be said so."""
    week = ordinary_week(entry.horaires_osm) if entry.horaires_osm else None
    return words.week(week) if week else entry.horaires or ""


def _season(entry: Initiative) -> str | None:
    days = season_days(entry.season)
    return _("Chaque année {period}").format(period=words.period(*days, days[0])) if days else None


def _for_whom(entry: Initiative) -> str:
    return _sentences(", ".join(_(public.label).lower() for public in entry.publics), entry.publics_precisions)


def _cost(entry: Initiative) -> str:
    return _sentences(_(entry.frais.label) if entry.frais else None, entry.frais_precisions)


def _wheelchair(entry: Initiative) -> str | None:
    return None if entry.accessible is None else wheelchair(entry.accessible)


def _said(*texts: str | None) -> str:
    return french(_sentences(*texts))


def _sentences(*texts: str | None) -> str:
    """What is said, one thing after the other, each with a capital."""
    return ". ".join(text[:1].upper() + text[1:].rstrip(".") for text in texts if text)


def _site(url: str | None) -> str:
    shown = plain(re.sub(r"^https?://(www\.)?", "", url or "", flags=re.I).rstrip("/"), len(url or ""))
    return shown if len(shown) <= MOST_ADDRESS else plain(shown.partition("/")[0], MOST_ADDRESS)


def french(text: str, most: int = MOST_VALUE) -> str:
    """Words of the catalogue as they are printed: at most so many characters, with the spaces of printed French."""
    return typeset(_QUANTITY.sub("\u00a0", plain(text, most)))


def plain(text: str, most: int) -> str:
    """A text of the catalogue without what cannot be printed, cut between two words when it is too long."""
    kept = " ".join(_UNPRINTABLE.sub(" ", normalize("NFC", text).translate(_SOFT)).split())
    if len(kept) > most:
        kept = kept[: most - 1].rsplit(" ", 1)[0] + "…"
    return _LONG_WORD.sub(rf"\g<0>{_ZERO_WIDTH_SPACE}", kept)
