"""A printed guide: what is known in a territory, by need, as pages to hold and to hand over."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, groupby
from pathlib import Path
from urllib.parse import urlencode

import segno
import typst
from sqlalchemy import Connection

from bot.poster import CannotPrint, place_called
from bot.printing import day_in_words, drawn, emergency_lines, typeset
from bot.sheets import french, name, sheet
from catalogue.entries import Initiative
from catalogue.exchange.reading import EntryRow
from catalogue.exchange.selection import Territory, select_entries, select_wider, territory_of
from catalogue.initiatives import initiatives_by_id
from catalogue.needs import Need, Reach
from catalogue.places import PlaceIndex
from catalogue.spelling import fold
from handlers.locale import gettext as _

TEMPLATE = Path(__file__).with_name("guide.typ")
MOST_ENTRIES = 1_500  # about five hundred pages, and 900 MB to set them

Section = dict[str, object]


@dataclass(frozen=True, slots=True)
class Guide:
    """What a guide holds, and where it leads: `web` is what bot.poster.web_base returns.

    With a need, every entry is told under it; without one, each is told under the first of its own.
    """

    web: str
    printed: date
    entries: tuple[Initiative, ...]
    territory: Territory | None = None
    need: Need | None = None

    @property
    def where(self) -> str:
        """What the guide is of, as its title says it."""
        return self.territory.nom if self.territory else _("France")

    @property
    def chat_link(self) -> str:
        """The web chat, where the place and the need are already answered."""
        communes = self.territory.communes if self.territory else frozenset()
        known = {"lieu": next(iter(communes))} if len(communes) == 1 else {}
        query = urlencode(known | ({"besoin": self.need.value} if self.need else {}))
        return f"{self.web}/?{query}" if query else f"{self.web}/"


def territory_called(asked: str, index: PlaceIndex) -> Territory:
    """The department of a number or a name; or else the place these words may only mean. Raises CannotPrint."""
    codes = index.territory(fold(asked)) or frozenset()
    if len(codes) != 1:
        return territory_of(place_called(asked, index))
    place = next(place for called in index.names.values() for place in called if place.departement in codes)
    return Territory(f"{place.departement_nom} ({place.departement})", codes)


def read_guide(
    connection: Connection, web: str, printed: date, territory: Territory | None = None, need: Need | None = None
) -> Guide:
    """The guide of a territory and a need, with what serves it from anywhere. None: of the country, of every need.

    Raises CannotPrint when it would be too long to print, or empty.
    """
    found = chain(select_entries(connection, territory, need), select_wider(connection, territory, need))
    return Guide(web, printed, tuple(initiatives_by_id(connection, _few_enough(found))), territory, need)


def _few_enough(rows: Iterable[EntryRow]) -> list[int]:
    ids: dict[int, None] = {}
    for row in rows:
        if row["needs"]:  # what answers no need is not found in the chat either
            ids[row["id"]] = None
        if len(ids) > MOST_ENTRIES:
            raise CannotPrint("Ce guide aurait plus de 1 500 fiches : choisissez un territoire ou un besoin.")
    if not ids:
        raise CannotPrint("Aucune initiative n'est connue ici : choisissez un autre territoire ou un autre besoin.")
    return list(ids)


def guide_pdf(guide: Guide) -> bytes:
    """The pages as a PDF that anyone can read (PDF/UA); the same guide is always the same bytes."""
    return typst.compile(
        TEMPLATE, format="pdf", pdf_standards="ua-1", sys_inputs=inputs(guide), ignore_system_fonts=True
    )


def inputs(guide: Guide) -> dict[str, str]:
    """What the template is given: every text as data, never as markup."""
    return {"guide": json.dumps(_content(guide))}


def _content(guide: Guide) -> Section:
    about = _("Guide des initiatives")
    several = len({entry.commune for entry in guide.entries if _has_a_place(entry)}) > 1
    return {
        "brand": _("La Bonne Porte"),
        "about": about,
        "where": typeset(guide.where),
        "title": f"{about} — {typeset(guide.where)}",
        "need": typeset(_(guide.need.label)) if guide.need else "",
        "edited": _("édité le {day}").format(day=day_in_words(guide.printed)),
        "chat": _chat(guide),
        "how": {"title": typeset(_("Comment se servir de ce guide")), "steps": _steps()},
        "emergency": {"title": typeset(_("En danger ? Appelez, c'est gratuit.")), "numbers": emergency_lines()},
        "danger": typeset(_("En danger ? Les numéros sont page 2.")),
        "contents": _("Sommaire"),
        "sections": _sections(guide, several),
        "index": {"title": _("Index des lieux"), "letters": _letters(guide.entries, several)},
        "words": {"phone": _("Téléphone"), "also": _("Voir aussi")},
    }


def _chat(guide: Guide) -> dict[str, str]:
    link = guide.chat_link
    return {
        "title": _("Ce guide, toujours à jour"),
        "words": typeset(_("Visez ce carré avec l'appareil photo de votre téléphone. Ou posez votre question ici :")),
        "promise": _("Sans compte. Sans donner votre nom."),
        "address": re.sub("^https?://", "", guide.web, flags=re.I),
        "code": drawn(segno.make_qr(link, error="q")),
        "alt": typeset(_("Code à viser avec un téléphone : {link}")).format(link=link),
    }


def _steps() -> list[str]:
    steps = (
        _("Cherchez votre besoin dans le sommaire, à la page suivante."),
        _("Sous chaque besoin, les lieux sont rangés par commune, puis par nom."),
        _("« Voir aussi » nomme d'autres lieux utiles, avec la page de leur fiche."),
        _("Vous connaissez le nom ? Cherchez-le dans l'index, à la fin."),
        _("La dernière ligne d'une fiche dit si elle est confirmée, et depuis quand."),
        _("Visez le petit carré d'une fiche avec votre téléphone : il ouvre la fiche d'aujourd'hui."),
        _("Vous ne trouvez pas ? Votre mairie peut vous orienter. Le chat cherche aussi plus loin."),
    )
    return [typeset(step) for step in steps]


def _sections(guide: Guide, several: bool) -> list[Section]:
    """A section for each need there is, then one for what has no place; `several` communes are told apart."""
    local = sorted(filter(_has_a_place, guide.entries), key=_by_commune)
    wider = sorted((entry for entry in guide.entries if not _has_a_place(entry)), key=_by_reach)
    sections = [_section(guide, need, [*local, *wider], several) for need in Need]
    sections.append({"title": _("Partout, ou à distance"), "parts": _parts(guide, wider, False), "also": []})
    return [section for section in sections if section["parts"] or section["also"]]


def _section(guide: Guide, need: Need, entries: Sequence[Initiative], several: bool) -> Section:
    told = [entry for entry in entries if _is_told_under(guide, need, entry)]
    also = [entry for entry in entries if need in entry.needs and not _is_told_under(guide, need, entry)]
    return {
        "title": typeset(_(need.label)),
        "parts": _parts(guide, told, several),
        "also": [_mention(entry, several) for entry in also if not guide.need],
    }


def _is_told_under(guide: Guide, need: Need, entry: Initiative) -> bool:
    return _has_a_place(entry) and need is (guide.need or entry.needs[0])


def _parts(guide: Guide, entries: Sequence[Initiative], by_commune: bool) -> list[Section]:
    """The sheets of entries, those of a commune together."""
    grouped = groupby(entries, lambda entry: french(entry.commune or "") if by_commune else "")
    return [
        {"commune": commune, "sheets": [sheet(entry, guide.web, guide.printed) for entry in found]}
        for commune, found in grouped
    ]


def _has_a_place(entry: Initiative) -> bool:
    return entry.reach is Reach.LOCAL and bool(entry.commune)


def _by_commune(entry: Initiative) -> tuple[str, str, int]:
    return fold(entry.commune or ""), fold(entry.nom), entry.id


def _by_reach(entry: Initiative) -> tuple[int, str, int]:
    return list(Reach).index(entry.reach), fold(entry.nom), entry.id


def _mention(entry: Initiative, several: bool) -> Section:
    commune = french(entry.commune or "") if several else ""
    where = commune if entry.reach is Reach.LOCAL else _(entry.reach.label)
    return {"id": entry.id, "name": name(entry), "where": where}


def _letters(entries: Sequence[Initiative], several: bool) -> list[Section]:
    """Every entry by the first letter of its name."""
    ordered = sorted(entries, key=lambda entry: (fold(entry.nom), _by_commune(entry)))
    grouped = groupby(ordered, _letter)
    return [{"letter": letter, "entries": [_mention(entry, several) for entry in found]} for letter, found in grouped]


def _letter(entry: Initiative) -> str:
    first = fold(entry.nom)[:1].upper()
    return first if "A" <= first <= "Z" else ""
