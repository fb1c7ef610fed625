"""What is true for a time: closures, other hours, messages, and seasons that come back every year.

Nothing has to be taken down: what is over is no longer shown. Hours are all said in OpenStreetMap's syntax, where a
later rule overrides the ones before it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from catalogue.entries import Notice
from catalogue.hours import checked_osm
from catalogue.needs import NoticeKind

SHOWN_BEFORE = timedelta(days=15)
LONGEST_MESSAGE = 300  # characters
NOT_KNOWN = "24/7 unknown"

_SEASON = re.compile(r"(\d\d)-(\d\d)/(\d\d)-(\d\d)")
_A_LEAP_YEAR = 2024  # so that the 29th of February is a day
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Stored = Mapping[str, Any]


def notice(kind: NoticeKind, starts: date, ends: date, message: str = "", horaires_osm: str | None = None) -> Notice:
    """A notice that makes sense. Raises ValueError, in French, for one that does not."""
    if ends < starts:
        raise ValueError("la fin vient avant le début.")
    if kind is NoticeKind.HORAIRES and not (horaires_osm and checked_osm(horaires_osm)):
        raise ValueError("donnez les horaires, en syntaxe OpenStreetMap (« We 14:00-17:00 »).")
    if kind is not NoticeKind.HORAIRES and horaires_osm:
        raise ValueError("seul un avis d'horaires a des horaires.")
    message = " ".join(message.split())
    if kind is NoticeKind.MESSAGE and not message:
        raise ValueError("donnez le message.")
    if len(message) > LONGEST_MESSAGE:
        raise ValueError(f"le message dépasse {LONGEST_MESSAGE} caractères.")
    return Notice(kind, starts, ends, message, horaires_osm)


def read_notices(stored: Sequence[Stored]) -> tuple[Notice, ...]:
    """From what is stored with an entry."""
    return tuple(
        Notice(
            NoticeKind(one["kind"]),
            date.fromisoformat(one["starts"]),
            date.fromisoformat(one["ends"]),
            one["message"],
            one.get("horaires_osm"),
        )
        for one in stored
    )


def with_notice(stored: Sequence[Stored], added: Notice, today: date) -> list[Stored]:
    """What to store once a notice is added; those that are over are dropped."""
    known = {*read_notices(stored), added}
    return [_as_stored(one) for one in sorted(known, key=_when) if one.ends >= today]


def without_notice(stored: Sequence[Stored], removed: Notice) -> list[Stored]:
    """What to store once a notice is taken back."""
    return [one for one in stored if read_notices([one]) != (removed,)]


def _as_stored(one: Notice) -> Stored:
    days = {"starts": one.starts.isoformat(), "ends": one.ends.isoformat()}
    return {"kind": one.kind.value, **days, "message": one.message, "horaires_osm": one.horaires_osm}


def _when(one: Notice) -> tuple[date, date, str, str]:
    return one.starts, one.ends, one.kind.value, one.message


def to_show(notices: Iterable[Notice], today: date) -> list[Notice]:
    """Those to show on a day: from 15 days before they begin, until their last day."""
    return [one for one in notices if one.starts - SHOWN_BEFORE <= today <= one.ends]


def season_days(season: str | None) -> tuple[date, date] | None:
    """The first and the last day of a season ("04-15/10-31"), in any year. Raises ValueError, in French."""
    if season is None:
        return None
    found = _SEASON.fullmatch(season)
    try:
        if found:
            month, day, last_month, last_day = map(int, found.groups())
            return date(_A_LEAP_YEAR, month, day), date(_A_LEAP_YEAR, last_month, last_day)
    except ValueError:
        pass  # a 31st of April
    raise ValueError("une saison s'écrit du jour au jour : 04-15/10-31.")


def hours_now(horaires_osm: str | None, season: str | None, notices: Iterable[Notice]) -> str | None:
    """The hours with what is true for a time laid over them; None when nothing is known."""
    rules = [horaires_osm] if horaires_osm else []
    if days := season_days(season):
        rules.append(f"{_day(days[1] + timedelta(days=1))}-{_day(days[0] - timedelta(days=1))} off")
    for one in sorted(notices, key=_when):
        span = f"{one.starts.year} {_day(one.starts)}-{one.ends.year} {_day(one.ends)}"
        if one.kind is not NoticeKind.MESSAGE:
            rules.append(f"{span} off")
        rules.extend(f"{span} {rule.strip()}" for rule in (one.horaires_osm or "").split(";") if rule.strip())
    if not rules or horaires_osm:
        return "; ".join(rules) or None
    return "; ".join([NOT_KNOWN, *rules])


def _day(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.day:02}"
