"""Dates, hours and places as one says them in French."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from handlers.locale import gettext as _
from handlers.locale import ngettext

_LEADING = ((re.compile(r"^Les\s+"), "aux "), (re.compile(r"^Le\s+"), "au "))


def at(name: str) -> str:
    """ "à Nanterre", "au Havre", "aux Ulis", "à La Rochelle"."""
    for article, contracted in _LEADING:
        if article.match(name):
            return article.sub(contracted, name)
    return f"à {name}"


def of(name: str) -> str:
    """ "de Nanterre", "d'Antony", "du Havre", "des Ulis"."""
    for article, contracted in ((_LEADING[0][0], "des "), (_LEADING[1][0], "du ")):
        if article.match(name):
            return article.sub(contracted, name)
    return f"d'{name}" if re.match(r"(?i)[aeiouyhéèêâîôœ]", name) and not re.match(r"(?i)yu|ye", name) else f"de {name}"


def clock(instant: datetime | time) -> str:
    """ "9 h", "17 h 30"."""
    return f"{instant.hour} h {instant.minute:02}" if instant.minute else f"{instant.hour} h"


def _weekdays() -> tuple[str, ...]:
    return _("lundi"), _("mardi"), _("mercredi"), _("jeudi"), _("vendredi"), _("samedi"), _("dimanche")


def weekday(day: date) -> str:
    """The day's name."""
    return _weekdays()[day.weekday()]


def week(days: Sequence[Sequence[tuple[time, time]]]) -> str:
    """The hours of a week: "lundi à jeudi 9 h-12 h, 14 h-17 h ; vendredi 9 h-12 h"."""
    names, said, first = _weekdays(), [], 0
    for day in range(1, 8):
        if day < 7 and days[day] == days[first]:
            continue
        if days[first]:
            slots = ", ".join(
                f"{clock(start)}-{clock(end) if end != time(0) else _('minuit')}" for start, end in days[first]
            )
            said.append(f"{_days_from(names, first, day - 1)} {slots}")
        first = day
    return " ; ".join(said)


def _days_from(names: Sequence[str], first: int, last: int) -> str:
    if first == last:
        return names[first]
    joined = _("{first} et {last}") if last == first + 1 else _("{first} à {last}")
    return joined.format(first=names[first], last=names[last])


def month(day: date) -> str:
    """The month's name."""
    names = (
        _("janvier"),
        _("février"),
        _("mars"),
        _("avril"),
        _("mai"),
        _("juin"),
        _("juillet"),
        _("août"),
        _("septembre"),
        _("octobre"),
        _("novembre"),
        _("décembre"),
    )
    return names[day.month - 1]


def month_and_year(day: date) -> str:
    """ "août 2024"."""
    return f"{month(day)} {day.year}"


def moment(instant: datetime, now: datetime) -> str:
    """When something happens, seen from now: "à 17 h 30", "demain à 9 h", "lundi à 9 h", "le 3 janvier à 9 h"."""
    hour = _("à {hour}").format(hour=clock(instant))
    day, today = instant.date(), now.date()
    if day == today:
        return hour
    if day == today + timedelta(days=1):
        return _("demain {hour}").format(hour=hour)
    if day < today + timedelta(days=7):
        return _("{weekday} {hour}").format(weekday=weekday(day), hour=hour)
    return f"{_('le {day}').format(day=day_and_month(day))} {hour}"


def day_and_month(day: date) -> str:
    """ "1er mai", "3 août"."""
    return f"{_('1er') if day.day == 1 else day.day} {month(day)}"


def full_day(day: date, today: date) -> str:
    """ "samedi 24 octobre", "samedi 9 janvier 2027": the year only when it is not today's."""
    said = f"{weekday(day)} {day_and_month(day)}"
    return said if day.year == today.year else f"{said} {day.year}"


def named_day(day: date, today: date) -> str:
    """ "aujourd'hui", "demain", "samedi 24 octobre"."""
    known = {0: _("aujourd'hui"), 1: _("demain")}
    return known.get((day - today).days) or full_day(day, today)


def in_days(days: int) -> str:
    """How soon: "dans 3 jours", "dans 2 semaines"."""
    if days < 14:
        return _("dans {days} jours").format(days=days)
    return _("dans {weeks} semaines").format(weeks=days // 7)


def capital(said: str) -> str:
    """The same, as a line begins."""
    return said[:1].upper() + said[1:]


def period(first: date, last: date, today: date) -> str:
    """ "le 3 août", "du 3 au 20 août", "du 20 décembre au 3 janvier 2027": the year only when it is not today's."""
    start, end = (f"{day_and_month(day)}{'' if day.year == today.year else f' {day.year}'}" for day in (first, last))
    if first == last:
        return _("le {day}").format(day=start)
    if (first.year, first.month) == (last.year, last.month):
        start = _("1er") if first.day == 1 else str(first.day)
    return _("du {first} au {last}").format(first=start, last=end)


def ago(day: date, today: date) -> str:
    """How long ago: "aujourd'hui", "hier", "il y a 12 jours", "il y a 3 mois", "il y a 2 ans"."""
    days = (today - day).days
    if days <= 0:
        return _("aujourd'hui")
    if days == 1:
        return _("hier")
    if days < 60:
        return _("il y a {days} jours").format(days=days)
    if days < 730:
        return _("il y a {months} mois").format(months=days // 30)
    years = days // 365
    return ngettext("il y a {years} an", "il y a {years} ans", years).format(years=years)


def kilometres(hectometres: int) -> str:
    """A distance as shown: "moins de 100 m", "300 m", "1,2 km", "34 km"."""
    if hectometres < 1:
        return _("moins de 100 m")
    if hectometres < 10:
        return _("{metres} m").format(metres=hectometres * 100)
    km = f"{hectometres / 10:.1f}".replace(".", ",") if hectometres < 100 else str(round(hectometres / 10))
    return _("{km} km").format(km=km.removesuffix(",0"))
