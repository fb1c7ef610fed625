"""The usual hours of a place: as they are written, and as they are read back."""

import re
from datetime import date

from catalogue.entries import Initiative
from catalogue.hours import moments, ordinary_week, to_osm
from handlers import words
from handlers.field_answers import A_PARAGRAPH, Refused, Values, clean
from handlers.locale import gettext as _


def hours(said: str) -> Values:
    """Opening hours, in plain French or in OpenStreetMap's syntax. Raises Refused unless they are read for sure."""
    given = clean(" ; ".join(line for line in said.splitlines() if line.strip()), A_PARAGRAPH)
    osm = to_osm(given)
    if osm is None:
        raise Refused(_("Je ne suis pas sûr de comprendre ces horaires."))
    return {"horaires": given, "horaires_osm": osm, "moments": [moment.value for moment in moments(osm)]}


def usual_hours(entry: Initiative) -> str | None:
    if entry.horaires_osm is None:
        return entry.horaires
    read = hours_in_words(entry.horaires_osm)
    syntax = _("en écriture OpenStreetMap : {syntax}").format(syntax=entry.horaires_osm)
    return f"{read}\n({syntax})" if read != entry.horaires_osm else entry.horaires_osm


_OSM_DAYS = dict(zip(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"), range(7), strict=True))
_OSM_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_A_DAY, _A_MONTH = "|".join(_OSM_DAYS), "|".join(_OSM_MONTHS)
_A_MONDAY = date(2025, 9, 1)
_NOT_IN_WORDS = re.compile(
    rf"[\[\]]|\b(?:{_A_DAY}|{_A_MONTH}|PH|SH|off|open|closed|unknown|easter|week|sunrise|sunset|dawn|dusk)\b"
)


def hours_in_words(osm: str) -> str:
    """Hours as they are read back: "lundi, jeudi 9 h-12 h ; 4e samedi 14 h-17 h 30"; as they are when that fails."""
    days = ordinary_week(osm)
    if days is not None and any(days):
        holidays = _("fermé les jours fériés")
        return f"{words.week(days)} ; {holidays}" if "PH off" in osm else words.week(days)
    said = " ; ".join(_rule_in_words(rule.strip()) for rule in osm.split(";") if rule.strip())
    # What no word was found for is left: the whole is then better as it was.
    return osm if _NOT_IN_WORDS.search(said) else said


def _rule_in_words(rule: str) -> str:
    closed = {"PH off": _("fermé les jours fériés"), "SH off": _("fermé pendant les vacances scolaires")}
    if rule in closed:
        return closed[rule]
    said = rule.replace(" off", " fermé").replace(",", ", ").replace('"', "")
    said = re.sub(rf"-(?={_A_DAY}|{_A_MONTH})", f" {_('à')} ", said)
    said = re.sub(r"(\d\d):(\d\d)(\+?)", _clock_in_words, said)
    said = re.sub(rf"\b({_A_DAY})\b(?:\[([-\d, ]+)\])?", _day_in_words, said)
    return re.sub(rf"\b({_A_MONTH})\b(?: (\d\d(?:-\d\d)?)\b(?!:| h))?", _month_in_words, said)


def _clock_in_words(found: re.Match[str]) -> str:
    minutes = "" if found[2] == "00" else f" {found[2]}"
    said = _("minuit") if found[1] == "24" else f"{int(found[1])} h{minutes}"
    return _("à partir de {hour}").format(hour=said) if found[3] else said


def _day_in_words(found: re.Match[str]) -> str:
    name = words.weekday(_A_MONDAY.replace(day=1 + _OSM_DAYS[found[1]]))
    if not found[2]:
        return name
    nth = {"1": _("1er"), "-1": _("dernier")}
    which = [nth.get(number.strip(), f"{number.strip()}e") for number in found[2].split(",")]
    return _("{which} {day} du mois").format(which=_(" et ").join(which), day=name)


def _month_in_words(found: re.Match[str]) -> str:
    name = words.month(date(2024, _OSM_MONTHS.index(found[1]) + 1, 1))
    return f"{found[2].lstrip('0')} {name}" if found[2] else name
