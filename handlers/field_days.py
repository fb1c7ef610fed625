"""What is true on some days of a place: the season, closures, other hours, messages."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalogue.entries import Initiative, Notice
from catalogue.hours import to_osm
from catalogue.needs import NoticeKind
from catalogue.notices import notice, season_days, with_notice, without_notice
from catalogue.spelling import fold
from handlers import words
from handlers.asked import tapped
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, Gesture, Posed
from handlers.field_answers import A_PARAGRAPH, REMOVE, STEP, Again, Draft, Refused, Values, clean
from handlers.field_hours import hours_in_words
from handlers.locale import gettext as _


def season(said: str) -> Values:
    """ "du 15 avril au 31 octobre" of every year. Raises Refused."""
    if fold(clean(said)) in ("toute l annee", "toute annee", "toujours"):
        return {"season": None}
    read = days_of(clean(said))
    if len(read) != 2 or any(year for _day, _month, year in read):
        raise Refused(_("Je n'ai pas compris ces jours."))
    (first, month, _none), (last, last_month, _none_either) = read
    last = last or monthrange(2025, last_month)[1]
    found = f"{month:02}-{first or 1:02}/{last_month:02}-{last:02}"
    try:
        season_days(found)
    except ValueError:
        raise Refused(_("Ces jours n'existent pas.")) from None
    return {"season": found}


def season_in_words(entry: Initiative) -> str:
    days = season_days(entry.season)
    return words.capital(words.period(*days, days[0])) if days else _("Toute l'année")


DayMonthYear = tuple[int | None, int, int | None]
_LINKS = frozenset(("du", "de", "d", "en", "au", "a", "le", "et", "entre", "jusqu", "inclus", "chaque", "annee"))
_MONTH_NAMES = {fold(words.month(date(2024, number, 1))): number for number in range(1, 13)}


def days_of(said: str) -> list[DayMonthYear]:
    """The days that are said, one after the other: what is not told of them is None. Raises Refused for other words."""
    slashed = re.sub(r"\b(\d{1,2})/(\d{1,2})(?:/(\d{4}))?\b", _slashed, said, flags=re.ASCII)
    found: list[list[int | None]] = []
    for word in re.sub(r"\b(\d{1,2})er\b", r"\1", fold(slashed)).split():
        if word not in _LINKS:
            _add_to_days(found, word)
    months = [one[1] for one in found if one[1]]
    if not months or (found and found[-1][1] is None):
        raise Refused(_("Je n'ai pas compris ces jours."))
    return [(day, month or months[0], year) for day, month, year in found]


def _slashed(found: re.Match[str]) -> str:
    number = int(found[2])
    name = next((name for name, month in _MONTH_NAMES.items() if month == number), "?")
    return f"{found[1]} {name} {found[3] or ''}"


def _add_to_days(found: list[list[int | None]], word: str) -> None:
    """A number begins a day; a month and a year go on with it."""
    if word.isascii() and word.isdecimal() and 1 <= int(word[:5]) <= 31:
        found.append([int(word), None, None])
    elif word in _MONTH_NAMES:
        if not found or found[-1][1] is not None:
            found.append([None, None, None])
        found[-1][1] = _MONTH_NAMES[word]
    elif re.fullmatch(r"20\d\d", word, re.ASCII) and found and found[-1][1]:
        found[-1][2] = int(word)
    else:
        raise Refused(_("Je n'ai pas compris ces jours."))


def span_of(said: str, today: date) -> tuple[date, date]:
    """The first and last day of a time to come, which is over at the earliest today. Raises Refused."""
    read = days_of(clean(said))
    if not 1 <= len(read) <= 2:
        raise Refused(_("Je n'ai pas compris ces jours."))
    (first, month, year), (last, last_month, last_year) = read[0], read[-1]
    last = last or monthrange(2025, last_month)[1]
    try:
        ends = date(last_year or year or today.year, last_month, last)
        if last_year is None and ends < (date(year, month, first or 1) if year else today):
            ends = ends.replace(year=ends.year + 1)
        starts = date(year or ends.year, month, first or 1)
        if year is None and starts > ends:
            starts = starts.replace(year=starts.year - 1)
    except ValueError:
        raise Refused(_("Ces jours n'existent pas.")) from None
    if ends < today:
        raise Refused(_("Ces jours sont passés."))
    return starts, ends


# What is true for a time.


@dataclass(frozen=True, slots=True)
class Announced:
    """Closures, other hours and messages, from a day to another."""

    name: str
    label: str
    hint: str

    def shown(self, entry: Initiative, today: date) -> str:
        return "\n".join(notice_in_words(one, today) for one in entry.notices if one.ends >= today)

    def pose(self, entry: Initiative, today: date) -> Posed:
        kinds = tuple((Choice(label, f"{STEP}:{kind.value}"),) for kind, label in _announcing().items())
        removing = [
            (Choice(_("Enlever : {notice}").format(notice=_announced(one, today)), f"{STEP}:{REMOVE}={at}"),)
            for at, one in enumerate(entry.notices)
            if one.ends >= today
        ]
        return Posed(self.hint, (*kinds, *removing))

    def read(self, entry: Initiative, draft: Draft, event: Event, desk: Desk) -> Values | Again:
        today = desk.now.date()
        if event.kind is Gesture.TAPPED:
            return self._tapped(entry, tapped(event), today)
        kind = NoticeKind.of(draft.get("kind", ""))
        if event.kind is not Gesture.SAID or kind is None:
            return Again(self.hint, self.pose(entry, today).choices)
        try:
            return {"notices": with_notice(_stored(entry), _notice_said(kind, event.text, today), today)}
        except ValueError as error:
            return Again(f"{words.capital(str(error))}\n{_example(kind)}")

    def _tapped(self, entry: Initiative, touched: str, today: date) -> Values | Again:
        if kind := NoticeKind.of(touched):
            return Again(_example(kind), draft={"kind": kind.value})
        removed, _equals, at = touched.partition("=")
        if removed == REMOVE and re.fullmatch("[0-9]{1,2}", at) and int(at) < len(entry.notices):
            return {"notices": without_notice(_stored(entry), entry.notices[int(at)])}
        return Again(self.hint, self.pose(entry, today).choices)


def _announcing() -> dict[NoticeKind, str]:
    return {
        NoticeKind.FERMETURE: _("Fermé pour un temps"),
        NoticeKind.HORAIRES: _("D'autres horaires pour un temps"),
        NoticeKind.MESSAGE: _("Un message"),
    }


def _example(kind: NoticeKind) -> str:
    return {
        NoticeKind.FERMETURE: _("Écrivez les jours. Par exemple : du 24 décembre au 2 janvier : congés"),
        NoticeKind.HORAIRES: _(
            "Écrivez les jours, deux points, puis les horaires.\nPar exemple : du 1er au 31 août : mardi 9h-12h"
        ),
        NoticeKind.MESSAGE: _(
            "Écrivez les jours, deux points, puis le message.\n"
            "Par exemple : du 1er au 5 décembre : on cherche des bénévoles"
        ),
    }[kind]


def _notice_said(kind: NoticeKind, said: str, today: date) -> Notice:
    """ "du 1er au 5 décembre : on cherche des bénévoles". Raises ValueError, in French."""
    days, _colon, rest = clean(said, A_PARAGRAPH).partition(":")
    starts, ends = span_of(days, today)
    if kind is not NoticeKind.HORAIRES:
        return notice(kind, starts, ends, rest)
    osm = to_osm(rest) if rest.strip() else None
    if osm is None:
        raise Refused(_("Je ne suis pas sûr de comprendre ces horaires."))
    return notice(kind, starts, ends, horaires_osm=osm.removesuffix("; PH off"))


def notice_in_words(one: Notice, today: date) -> str:
    """What is true for a time, and when."""
    said = hours_in_words(one.horaires_osm) if one.horaires_osm else ""
    return " : ".join(filter(None, (_announced(one, today), said, one.message)))


def _announced(one: Notice, today: date) -> str:
    return f"{_(one.kind.label)} {words.period(one.starts, one.ends, today)}"


def _stored(entry: Initiative) -> list[Mapping[str, Any]]:
    stored: list[Mapping[str, Any]] = []
    for one in entry.notices:
        stored = with_notice(stored, one, date.min)
    return stored
