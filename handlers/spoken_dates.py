"""Days and hours of an event in plain French → the dates they are: nothing unless every word is understood.

What is read is for `catalogue.event_additions.calendar_of`; opening hours: catalogue.spoken_hours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from catalogue.spelling import fold
from catalogue.spoken_words import FRENCH_DAYS, PARTS, Listener, Token, Unsure, clock, tokens_of
from catalogue.week_rules import DAYS, EARLIEST_EVENING, LATEST_END
from handlers import words
from handlers.field_answers import Refused
from handlers.locale import gettext as _

LONGEST_WHEN = 200  # characters
MOST_DAYS = 30  # said one by one
MOST_THROUGH = 14  # said from the first to the last
NOT_YET = timedelta(days=183)  # a day that was said without its year, and is over in this one
A_YEAR = timedelta(days=366)
FURTHEST = 731  # days
_EVERY = re.compile(r"\b(?:tous les|toutes les|chaque)\b")
_PLURAL = re.compile(rf"\b(?:{'|'.join(FRENCH_DAYS)})s\b")
_EVERY_WEEK = re.compile(r"\b(?:toutes les semaines|chaque semaine|tous les mois|(?<!de )chaque mois)\b", re.IGNORECASE)
_ONE_OF_TWO = re.compile(rf"\bune? (semaine|{'|'.join(FRENCH_DAYS)}) sur deux\b", re.IGNORECASE)
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/(20\d\d))?\b(?! ?[h:/])", re.ASCII)
_YEAR = re.compile(r"\b(20\d\d)\b", re.ASCII)
_SOON = {"apres-demain": 2, "après-demain": 2, "après demain": 2, "apres demain": 2, "demain": 1}
_WEEKDAY = "|".join(FRENCH_DAYS)
_THIS = re.compile(rf"\bce (?P<day>{_WEEKDAY})\b(?P<date> \d{{1,2}}(?:er)? (?!h\b|heure)[^\W\d])?")
_NEXT = re.compile(rf"\b(?P<day>{_WEEKDAY}) prochain\b")
_TODAY = re.compile(r"\baujourd['’]?hui\b", re.IGNORECASE)
_LISTING, _THROUGH = ("and", "comma"), ("to", "until", "dash")
_ALL_WEEK = {"every_day": range(7), "working_week": range(5)}

_DayMonth = tuple[int, int]  # 12, 12


@dataclass(slots=True)
class _Heard(Listener):
    """What was said of when, one thing after the other; raises Unsure for what is not as expected."""

    weekdays: list[int] = field(default_factory=list)
    nths: list[int] = field(default_factory=list)
    dates: list[_DayMonth] = field(default_factory=list)
    dated: list[int | None] = field(default_factory=list)  # the day of the week of each, when it was said with it
    through: bool = False  # from the first of the dates to the last
    since: _DayMonth | None = None
    until: _DayMonth | None = None
    without: list[int] = field(default_factory=list)  # months
    hours: tuple[str, str] | None = None
    part: str = ""
    every: bool = False

    def listen(self) -> None:
        while self.kind() != "end":
            if self.starts_date():
                self.days_of_a_month()
            elif self.kind() in ("day", "nth", *_ALL_WEEK):
                self.days_of_a_week()
            elif self.starts_hours():
                self.hour_and_end()
            elif self.take("except"):
                self.months_without()
            elif self.kind() in ("until", "onwards") and self.starts_date(1):
                self.bound(self.need("until", "onwards").kind)
            elif part := self.take("part"):
                self.part = part.value
            elif not self.take("comma", "colon", "from", "to", "of_month", "onwards"):
                raise Unsure

    def starts_date(self, ahead: int = 0) -> bool:
        """ "12 décembre", "samedi 12 décembre", "1er décembre", or the first of "12 et 19 décembre"."""
        ahead += self.kind(ahead) == "day"
        if self.kind(ahead) not in ("number", "nth"):
            return False
        following = self.kind(ahead + 1)
        joined = following in (*_LISTING, "to", "dash") and self.kind(ahead + 2) in ("number", "day")
        return following == "month" or (joined and self.starts_date(ahead + 2))

    def date(self) -> tuple[int, int | None]:
        """A day, and its month when it is said at once."""
        said, month = self.need("number", "nth"), self.take("month")
        if said.kind == "nth" and said.value != "1":
            raise Unsure
        return int(said.value), int(month.value) + 1 if month else None

    def days_of_a_month(self) -> None:
        """ "12 et 19 décembre", "12 décembre et 9 janvier"; from one to another, what is repeated between them."""
        weekday = self.take("day")
        said = [int(weekday.value) if weekday else None]
        found = [self.date()]
        through = False
        while self.kind() in (*_LISTING, *_THROUGH) and self.starts_date(1):
            through = self.need(*_LISTING, *_THROUGH).kind in _THROUGH or through
            weekday = self.take("day")
            said.append(int(weekday.value) if weekday else None)
            found.append(self.date())
        month = None
        days: list[_DayMonth] = []
        for day, told in reversed(found):
            month = told or month
            days.insert(0, (day, month or 0))
        if through and self.every and len(days) == 2 and self.since is self.until is None and said == [None, None]:
            self.since, self.until = days
        elif through and (len(days) != 2 or self.dates):
            raise Refused(_each_day())
        else:
            self.dates += days
            self.dated += said
            self.through = through

    def bound(self, kind: str) -> None:
        day, month = self.date()
        if month is None or (self.until if kind == "until" else self.since):
            raise Unsure
        if kind == "until":
            self.until = day, month
        else:
            self.since = day, month

    def days_of_a_week(self) -> None:
        """ "mardi et jeudi", "1er et 3e mercredi"."""
        if self.weekdays:
            raise Unsure
        if all_week := self.take(*_ALL_WEEK):
            self.weekdays, self.every = list(_ALL_WEEK[all_week.kind]), True
            return
        while nth := self.take("nth"):
            self.nths.append(int(nth.value))
            self.take(*_LISTING)
        self.weekdays.append(int(self.need("day").value))
        while (
            self.kind() in _LISTING and self.kind(1) == "day" and not (self.kind() == "comma" and self.starts_date(1))
        ):
            self.at += 1
            self.weekdays.append(int(self.need("day").value))

    def starts_hours(self) -> bool:
        figure = self.kind() == "number" and self.kind(1) == "dash" and self.kind(2) == "time"
        return figure or self.kind() in ("time", "between")

    def hour_and_end(self) -> None:
        between = self.take("between")
        first = self.need("time", "number")
        last = self.take("and") and self.need("time") if between else None
        follows = self.kind(1) in ("time", "number") and not self.starts_date(1)
        if between is None and self.kind() in _THROUGH and follows:
            self.at += 1
            last = self.need("time", "number")
        starts, ends = (self.clock(one) if one else "" for one in (first, last))
        overnight = starts >= EARLIEST_EVENING and ends <= LATEST_END
        if self.hours or (between and not last) or (ends and not (starts < ends or overnight)):
            raise Unsure
        self.hours = starts, "00:00" if ends == "24:00" else ends

    @staticmethod
    def clock(said: Token) -> str:
        return said.value if said.kind == "time" else clock(int(said.value))

    def months_without(self) -> None:
        """ "sauf juillet et août", "sauf en août"."""
        self.without.append(self.month())
        while self.kind() in _LISTING and "month" in (self.kind(1), self.kind(2)) and not self.starts_date(1):
            self.at += 1
            self.without.append(self.month())

    def month(self) -> int:
        self.take("in", "month_named")
        return int(self.need("month").value) + 1


def spoken(said: str, now: datetime) -> dict[str, Any]:
    """When an event takes place, as `catalogue.event_additions.calendar_of` takes it; `now` is by the clock there.

    Raises Refused unless every word is understood, in one way only, of days to come.
    """
    if len(said) > LONGEST_WHEN:
        raise Refused(_not_read())
    one_of_two = _ONE_OF_TWO.search(said)
    if found := _NEXT.search(said.lower()):
        raise Refused(_which(found["day"], now.date()))
    plain, years = _plain(said, now.date())
    every = bool(_EVERY.search(fold(said)) or one_of_two or _EVERY_WEEK.search(said))
    try:
        heard = _Heard(tokens_of(plain), every=every or bool(_PLURAL.search(fold(said))))
        heard.listen()
    except Unsure:
        raise Refused(_not_read()) from None
    heard.every = every or bool(heard.nths) or (heard.every and not heard.dates)  # "les samedis 12 et 19" are two
    if len(years) > 1 or (heard.part and not _is_within(heard)):
        raise Refused(_not_read())
    if heard.hours is None:
        raise Refused(_("À quelle heure ? Écrivez le jour et l'heure. Par exemple : samedi 12 décembre 14h."))
    days = _Calendar(now, years[0] if years else None)
    return _repeated(heard, days, bool(one_of_two)) if heard.every else _one_by_one(heard, days)


def _which(weekday: str, today: date) -> str:
    """ "Samedi prochain" is the first to come for some, and that of next week for others."""
    first = _coming(weekday, today + timedelta(days=1))
    text = _("Le {first}, ou le {second} ? Écrivez la date et l'heure.")
    dates = (words.day_and_month(day) for day in (first, first + timedelta(days=7)))
    return text.format(first=next(dates), second=next(dates))


def _this(found: re.Match[str], today: date) -> str:
    """ "Ce samedi" is the one that comes, unless its date is said."""
    return f"{found['day']}{found['date']}" if found["date"] else words.day_and_month(_coming(found["day"], today))


def _coming(weekday: str, since: date) -> date:
    return since + timedelta(days=(FRENCH_DAYS.index(weekday) - since.weekday()) % 7)


def _not_read() -> str:
    return _("Je ne suis pas sûr de comprendre quand c'est.")


def _plain(said: str, today: date) -> tuple[str, list[int]]:
    """The words that `tokens_of` knows, and the years that were said."""
    said = _SLASHED.sub(_month_said, _ONE_OF_TWO.sub(_day_alone, _EVERY_WEEK.sub("", said.lower())))
    said = _TODAY.sub(words.day_and_month(today), said)
    said = _THIS.sub(lambda found: _this(found, today), said)
    for word, days in _SOON.items():
        said = said.replace(word, words.day_and_month(today + timedelta(days=days)))
    return _YEAR.sub("", said), [int(year) for year in dict.fromkeys(_YEAR.findall(said))]


def _day_alone(found: re.Match[str]) -> str:
    return "" if found[1] == "semaine" else found[1]


def _month_said(found: re.Match[str]) -> str:
    month = int(found[2])
    name = words.month(date(2024, month, 1)) if 1 <= month <= 12 else found[0]
    return f"{found[1]} {name} {found[3] or ''}"


def _is_within(heard: _Heard) -> bool:
    """Whether the hour is of the part of the day that was said: "8h le soir" is not sure."""
    earliest, latest = PARTS[heard.part]
    return heard.hours is None or earliest <= heard.hours[0] < latest


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Days by their year: the one that was said, or that of the next such day."""

    now: datetime
    year: int | None

    def day(self, said: _DayMonth, within: timedelta = NOT_YET) -> date:
        """Raises Refused for a day that is no day, or is over."""
        try:
            found = date(self.year or self.now.year, said[1], said[0])
            if found < self.now.date() and self.year is None:
                later = found.replace(year=found.year + 1)
                found = later if later - self.now.date() <= within else found
        except ValueError:
            raise Refused(_("Ce jour n'existe pas.")) from None
        if found < self.now.date():
            raise Refused(_past(found))
        if (found - self.now.date()).days > FURTHEST:
            raise Refused(_("C'est trop loin : deux ans au plus."))
        return found

    def span(self, first: _DayMonth | None, last: _DayMonth | None) -> tuple[date, date | None]:
        """From one day (None: today) to another; the year, when one is said, is that of the last."""
        if last is None or first is None:
            return self.day(first) if first else self.now.date(), self.day(last, A_YEAR) if last else None
        if self.year is None:
            begins = self.day(first)
            return begins, replace(self, now=datetime.combine(begins, time(), self.now.tzinfo)).day(last, A_YEAR)
        until = self.day(last)
        return replace(self, year=until.year - (first[::-1] > last[::-1])).day(first), until


def _past(day: date) -> str:
    text = _("C'est passé : {day} {year}. Écrivez un jour à venir, avec son année s'il le faut.")
    return text.format(day=words.full_day(day, day), year=day.year)


def _one_by_one(heard: _Heard, calendar: _Calendar) -> dict[str, Any]:
    if heard.weekdays and not heard.dates:
        name = FRENCH_DAYS[heard.weekdays[0]]
        text = _("Un seul {day}, ou tous les {day}s ? Écrivez la date, ou « tous les {day}s ».")
        raise Refused(text.format(day=name))
    days = [calendar.day(one) for one in heard.dates]
    if not days or len(days) > MOST_DAYS or heard.since or heard.until or heard.without:
        raise Refused(_not_read())
    said = _weekdays(heard)
    wrong = next((day for day, weekday in zip(days, said, strict=False) if weekday not in (None, day.weekday())), None)
    if wrong:
        text = _("Le {date} est un {day}. Quel jour est-ce ?")
        raise Refused(text.format(date=words.day_and_month(wrong), day=words.weekday(wrong)))
    if len(said) != len(days):
        raise Refused(_not_read())
    if heard.through:
        days = _through(*days)
    return _when(sorted(set(days)), heard, calendar, "", None)


def _weekdays(heard: _Heard) -> list[int | None]:
    """The day of the week of each date, None when it is not said: "les samedis 12 et 19" says it once for all."""
    before = [*heard.weekdays, *(day for day in heard.dated if day is not None)]
    if len(before) == 1 and not heard.through and (heard.weekdays or heard.dated[0] is not None):
        return [*before] * len(heard.dates)
    if not heard.weekdays:
        return heard.dated
    return [*heard.weekdays] if len(before) == len(heard.weekdays) else []


def _through(first: date, last: date) -> list[date]:
    """Each day from one to another: what is read back says them all."""
    if not 0 < (last - first).days < MOST_THROUGH:
        raise Refused(_each_day())
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _each_day() -> str:
    return _("Écrivez chaque jour. Par exemple : 12, 13 et 14 décembre, 10h-18h.")


def _repeated(heard: _Heard, calendar: _Calendar, one_of_two: bool) -> dict[str, Any]:
    since = heard.since or (heard.dates[0] if one_of_two and len(heard.dates) == 1 else None)
    dated = any(day is not None for day in heard.dated)
    if not heard.weekdays or dated or (heard.dates and heard.dates != [since]) or (heard.nths and one_of_two):
        raise Refused(_not_read())
    if one_of_two and since is None:
        text = _("À partir de quel jour ? Par exemple : un mardi sur deux à partir du 1er décembre, 14h.")
        raise Refused(text)
    begins, until = calendar.span(since, heard.until)
    days = [day for day in _days_from(begins, until) if _is_of(heard, day)]
    if days and heard.hours and f"{days[0]}T{heard.hours[0]}" <= f"{calendar.now:%Y-%m-%dT%H:%M}":
        days = days[1:]
    if not days:
        raise Refused(_("Il n'y a aucune date à venir, d'après ces mots."))
    return _when(days[:1], heard, calendar, _rule(heard, one_of_two), until)


def _days_from(first: date, last: date | None) -> Iterator[date]:
    number = (last - first).days + 1 if last else FURTHEST
    return (first + timedelta(days=count) for count in range(number))


def _is_of(heard: _Heard, day: date) -> bool:
    if day.weekday() not in heard.weekdays or day.month in heard.without:
        return False
    last = (day + timedelta(days=7)).month != day.month
    return not heard.nths or (day.day + 6) // 7 in heard.nths or (last and -1 in heard.nths)


def _rule(heard: _Heard, one_of_two: bool) -> str:
    """How it recurs (RFC 5545)."""
    days = [f"{nth or ''}{DAYS[day].upper()}" for day in heard.weekdays for nth in heard.nths or [0]]
    rule = f"FREQ={'MONTHLY' if heard.nths else 'WEEKLY'};BYDAY={','.join(days)}"
    months = [str(month) for month in range(1, 13) if month not in heard.without]
    rule += f";BYMONTH={','.join(months)}" if heard.without else ""
    return f"{rule};INTERVAL=2" if one_of_two else rule


def _when(days: Sequence[date], heard: _Heard, calendar: _Calendar, rule: str, until: date | None) -> dict[str, Any]:
    begins, ends = heard.hours or ("", "")
    for day in days:
        if datetime.combine(day, time.fromisoformat(begins), calendar.now.tzinfo) <= calendar.now:
            raise Refused(_past(day))
    return {
        "starts": [f"{day}T{begins}" for day in days],
        "ends": ends,
        "rule": rule,
        "until": str(until) if until else "",
    }
