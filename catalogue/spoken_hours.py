"""Opening hours said in plain French → OpenStreetMap syntax. Nothing unless every word is understood, in one way only.

Not read: days without hours, hours without days, a day said twice, hours that overlap, "samedi au lundi".
An end before its beginning is the next day's when it begins at 17:00 or later and ends by 6:00; otherwise not read.
"""

from dataclasses import dataclass, field

from catalogue.said_hours import Period, Rule, Said, Scope, from_to, written
from catalogue.spoken_words import PARTS, Listener, Token, Unsure, clock, tokens_of
from catalogue.week_rules import ALL_DAY, HOLIDAYS, LATEST_END, Selector, Span

LONGEST = 300  # characters


def from_french(said: str) -> str | None:
    """The hours in OpenStreetMap syntax; None unless every word is understood, or beyond LONGEST characters.

    "lundi et jeudi 9h-12h, 4e samedi 14h-17h30" → "Mo,Th 09:00-12:00; Sa[4] 14:00-17:30".
    """
    if len(said) > LONGEST:
        return None
    try:
        reader = _Reader(tokens_of(said))
        while reader.more():
            reader.sentence()
        return written(reader.said)
    except Unsure:
        return None


@dataclass(slots=True)
class _Reader(Listener):
    """Reads tokens from the first to the last; each method raises Unsure for what is not as expected."""

    said: Said = field(default_factory=Said)
    last: str = ""  # "closed" or "except", when it is the last thing said

    def sentence(self) -> None:
        """Days and their hours, or hours and their days, what is closed, when in the year it is so."""
        first, period = len(self.said.rules), self.leading_period()
        hours_first, just_said, complete = self.starts_hours(), False, False
        said_closed: list[tuple[str, int]] = []
        while self.more() and not self.take("separator"):
            if just_said and (self.starts_period() or self.kind() == "appointment"):
                self.complete(self.said.rules[first:], period)
                just_said, complete = False, True
            elif self.kind() in ("holidays_too", "closed", "except"):
                if self.exception():
                    said_closed.append((self.last, len(self.said.rules)))
                just_said = False
            elif complete:
                raise Unsure
            else:
                just_said = self.rule(period, hours_first)
                self.last = "" if just_said else "closed"
            self.between_two()
        if period and len(self.said.rules) == first:
            raise Unsure
        self.said.off.scopes += [Scope(kind, at, first, len(self.said.rules)) for kind, at in said_closed]

    def exception(self) -> bool:
        """What is closed, or open on public holidays too; whether a time of the year was said to be closed.

        Raises Unsure for an exception to an exception: "fermé les jours fériés sauf en août" opens in August.
        """
        before = self.tokens[self.at - 1].kind if self.at else ""
        kind = self.need("holidays_too", "closed", "except").kind
        if kind != "closed" and self.last and not (kind == self.last == "except" and before in ("and", "comma")):
            raise Unsure
        if kind == "holidays_too":
            self.said.holidays_too = True
            return False
        self.last = kind
        closed = self.left_out(kind)
        self.no_hours_next()
        return closed

    def leading_period(self) -> Period | None:
        self.skip("open", "comma", "colon")
        if self.take("school_holidays"):
            self.skip("colon", "comma")
            self.last = self.need("closed").kind
            self.said.off.others.append("SH off")
            return None
        if not self.starts_period():
            return None
        period = self.period()
        self.skip("colon", "comma", "open")
        if not self.take("closed"):
            return self.long(period)
        if self.kind() not in ("separator", "comma", "end"):
            raise Unsure
        self.said.off.others.append(f"{period.osm} off")
        self.last = "closed"
        return None

    def between_two(self) -> None:
        unfinished = False
        while sign := self.take("comma", "and", "open", "dash", "slash"):
            unfinished = sign.kind != "comma"
        if unfinished and self.kind() in ("separator", "end"):
            raise Unsure

    def complete(self, rules: list[Rule], period: Period | None) -> None:
        """What comes after the hours is said of them; of which, when there are several, nobody knows."""
        if len(rules) > 1:
            raise Unsure
        (rule,) = rules
        if self.tokens[self.at - 1].kind in ("and", "open"):
            raise Unsure  # "et sur rendez-vous": besides
        if self.take("appointment"):
            rule.comment = ' "sur rendez-vous"'
        elif period or rule.period:
            raise Unsure
        else:
            alone = self.kind() == "month"
            rule.period = self.long(self.period())
            if alone and "-" not in rule.period.osm:
                raise Unsure

    def long(self, period: Period) -> Period:
        if len(period.days) == 1:
            raise Unsure
        return period

    def rule(self, period: Period | None, hours_first: bool) -> bool:
        """Days and their hours; False for days that are closed."""
        if hours_first:
            spans = self.hours()
            self.skip("comma", "colon", "open", *("and" for span in spans if span == ALL_DAY))
            self.said.rules.append(Rule(period, *self.days(), spans))
            return True
        named, among = self.days()
        if self.take("except"):
            self.excepted_of_rule()
        self.skip("comma", "colon", "dash", "open")
        if self.take("closed"):
            if self.starts_period() or self.kind() not in (
                "comma",
                "separator",
                "end",
                "dash",
                "slash",
                "and",
                "day",
                "from",
            ):
                raise Unsure
            self.said.off.days |= named
            return False
        self.said.rules.append(Rule(period, named, among, self.hours()))
        return True

    def excepted_of_rule(self) -> None:
        """ "tous les jours sauf le mercredi", before the hours."""
        after = len(self.said.rules) + 1
        if self.left_out("except"):
            self.said.off.scopes.append(Scope("except", after, after - 1, after))
        if self.kind() == "part":
            raise Unsure  # "sauf le lundi matin 9h-12h"

    def starts_day(self, ahead: int = 0) -> bool:
        ahead += self.kind(ahead) == "from"
        return self.kind(ahead) in ("day", "nth", "every_day", "working_week", "week_end", "from_monday", "holidays")

    def days(self) -> tuple[set[Selector], set[int]]:
        """The days, and those of them that were not named one by one."""
        named: set[Selector] = set()
        among: set[int] = set()
        signs: list[str] = []
        while True:
            nths_before = any(nth for _, nth in named)
            found, several = self.one_or_several()
            if found & named or (nths_before and not all(nth for _, nth in found - {HOLIDAYS})):
                raise Unsure
            named |= found
            among |= {day for day, _ in found} if several else set()
            at = self.at
            sign = self.take("and", "comma", "slash")
            self.skip("and")
            if not self.starts_day() or self.starts_period():
                self.at = at
                break
            signs.append(sign.kind if sign else "")
        two = sorted(day for day, _ in named)
        if signs == ["slash"] and not among and two[1] - two[0] != 1:
            raise Unsure  # "lundi/vendredi": these two, or from one to the other
        return named, among

    def one_or_several(self) -> tuple[set[Selector], bool]:
        said_from = self.take("from")
        said = self.need("day", "nth", "every_day", "working_week", "week_end", "from_monday", "holidays")
        several = {"every_day": range(7), "working_week": range(5), "week_end": range(5, 7)}
        match said.kind:
            case "holidays":
                return {HOLIDAYS}, False
            case "nth":
                return self.nths(int(said.value)), False
            case "from_monday":
                return {(day, 0) for day in range(int(said.value))}, True
            case "day":
                return self.until_day(int(said.value), said_from is not None)
        return {(day, 0) for day in several[said.kind]}, True

    def nths(self, first: int) -> set[Selector]:
        """ "1er et 3e mardi du mois"."""
        nths = {first}
        while self.kind() in ("and", "comma", "slash") and self.kind(1) == "nth":
            self.at += 1
            nths.add(int(self.need("nth").value))
        day = int(self.need("day").value)
        self.take("of_month")
        return {(day, nth) for nth in nths}

    def until_day(self, first: int, said_from: bool) -> tuple[set[Selector], bool]:
        """ "lundi au vendredi" is five days, "lundi-mercredi-vendredi" is three."""
        days = [first]
        signs: list[str] = []
        while self.kind() in ("to", "until", "dash") and self.kind(1) == "day":
            signs.append(self.need("to", "until", "dash").kind)
            days.append(int(self.need("day").value))
        if days != sorted(set(days)) or len(days) > 3 or (len(days) == 3 and signs != ["dash", "dash"]):
            raise Unsure
        if len(days) == 2:
            return {(day, 0) for day in range(first, days[1] + 1)}, True
        if said_from and "day" in (self.kind(), self.kind(1)) and not self.starts_hours():
            raise Unsure  # "du mardi et samedi": from one to the other, for all one knows
        return {(day, 0) for day in days}, False

    def starts_hours(self) -> bool:
        after_from = 1 if self.kind() == "from" else 0
        if self.kind(after_from) == "number":
            return self.kind(after_from + 1) in ("to", "dash", "slash") and self.kind(after_from + 2) == "time"
        return self.kind(after_from) == "time" or self.kind() in ("all_day", "onwards", "between", "part", "unbroken")

    def no_hours_next(self) -> None:
        at = self.at
        self.skip("comma", "colon", "open")
        if self.starts_hours():
            raise Unsure  # hours when it is closed, or hours of a day that was taken for closed
        self.at = at

    def hours(self) -> list[Span]:
        unbroken = self.take("unbroken")
        spans: list[Span] = []
        sign = None
        while True:
            joined, span = self.part_and_span()
            if sign and sign.kind == joined:
                raise Unsure  # "9h-12h-14h-18h"
            spans.append(span)
            at = self.at
            sign = self.take("comma", "and", "slash", "dash")
            self.take("and")
            if not self.starts_hours() or self.kind() == "unbroken":
                self.at = at
                break
        if self.kind() == "comma" and self.kind(1) == "unbroken":
            self.at += 1
        if (self.take("unbroken") or unbroken) and len(spans) > 1:
            raise Unsure
        return spans

    def part_and_span(self) -> tuple[str, Span]:
        """ "le matin de 9h à 12h", "9h-12h le matin": the part of the day must hold the hours."""
        parts = [self.take("part")]
        self.skip("colon")
        joined, span = self.span()
        if self.kind() == "part":
            self.at += 1
            next_part = self.starts_hours()
            self.at -= 1
            parts.append(None if next_part else self.take("part"))
        for part in filter(None, parts):
            earliest, latest = PARTS[part.value]
            overnight = part.value == "soir" and span[1] <= LATEST_END
            if span[0] < earliest or not (span[1] <= latest or overnight):
                raise Unsure
        return joined, span

    def span(self) -> tuple[str, Span]:
        """How the two hours are joined, and them."""
        if self.take("all_day"):
            return "", ALL_DAY
        onwards, between, said_from = self.take("onwards"), self.take("between"), self.take("from")
        first = self.need("time", "number")
        if onwards and self.kind() not in ("to", "until", "dash"):
            return "", (self.start(first), "+")
        sign = self.need("and") if between else self.need("to", "until", "dash", "slash")
        last = self.need("time", "number")
        figures = [first.kind, last.kind].count("number")
        if figures == 2 or (first.kind == "number" and sign.kind == "to" and not said_from):
            raise Unsure  # "mardi 10 à 12h" may be the tenth
        if last.kind == "number" and self.kind() == "month":
            raise Unsure
        start, end = self.start(first), self.clock(last)
        return sign.kind, (start, "24:00" if end == "00:00" < start else end)

    def clock(self, said: Token) -> str:
        return said.value if said.kind == "time" else clock(int(said.value))

    def start(self, said: Token) -> str:
        start = self.clock(said)
        if start == "24:00":
            raise Unsure
        return start

    def left_out(self, kind: str) -> bool:
        """Days, holidays and times of the year when it is closed; whether there were times of the year."""
        by_days = self.starts_day() and self.kind() != "holidays" and not self.starts_period()
        others = len(self.said.off.others)
        while True:
            self.one_left_out(kind)
            at = self.at
            sign = self.take("and", "comma")
            if sign and sign.kind == "and" and not by_days and self.starts_day() and self.kind() != "holidays":
                raise Unsure  # "sauf en août et lundi 9h-12h"
            period = self.starts_period() and sign is not None and sign.kind == "and"
            if not (period or self.kind() in ("school_holidays", "holidays") or (by_days and self.starts_day())):
                self.at = at
                break
        if len(self.said.off.others) - others > 1 and self.kind() not in ("comma", "separator", "end"):
            raise Unsure
        return len(self.said.off.others) > others

    def one_left_out(self, kind: str) -> None:
        if self.take("school_holidays"):
            self.said.off.others.append("SH off")
        elif self.starts_period():
            self.said.off.others.append(f"{self.period().osm} off")
        elif self.take("holidays"):
            self.said.off.days.add(HOLIDAYS)
        else:
            days = self.days()[0]
            self.said.off.days |= days
            self.said.off.excepted |= days - {HOLIDAYS} if kind == "except" else set()

    def starts_period(self) -> bool:
        ahead = 1 if self.kind() in ("from", "in", "month_named") else 0
        if self.kind(ahead) == "month":
            return True
        if self.kind(ahead) not in ("number", "nth"):
            return False
        until = self.kind(ahead + 1) in ("to", "dash") and self.kind(ahead + 2) in ("number", "nth")
        return self.kind(ahead + 3 if until else ahead + 1) == "month"

    def period(self) -> Period:
        """ "d'avril à octobre", "du 1er au 15 août", "en juillet et août"."""
        self.take("in", "month_named")
        said_from = self.take("from")
        day, month = self.point()
        if self.kind() in ("to", "until", "dash") and self.kind(1) in ("month", "number", "nth"):
            self.at += 1
            last_day, last_month = self.point()
            if month in (None, last_month) and (day or 0) > (last_day or 0):
                raise Unsure  # "du 24 au 2 janvier"
            return from_to(day, last_month if month is None else month, last_day, last_month)
        if day is not None:
            return from_to(day, month, day, month)
        if said_from:
            raise Unsure  # "d'octobre", until when
        months = [month]
        while self.kind() in ("and", "comma", "slash"):
            ahead = 2 if self.kind(1) in ("in", "from") else 1
            if self.kind(ahead) != "month":
                break
            self.at += ahead
            months.append(self.point()[1])
        periods = [from_to(None, each, None, each) for each in months]
        return Period(",".join(each.osm for each in periods), frozenset().union(*(each.days for each in periods)))

    def point(self) -> tuple[int | None, int | None]:
        """A day of the month, if it is said, and a month, if it is said."""
        day = self.take("number", "nth")
        if day and day.kind == "nth" and day.value != "1":
            raise Unsure
        month = self.take("month") if day else self.need("month")
        return (int(day.value) if day else None), (int(month.value) if month else None)
