"""A territory for a year: its entries, what becomes of them, who opens them, who looks after them. Drawn at random.

What is known of how fast a directory ages, and from where (docs/adr/0011):
- hours: of 208 maisons France services that are alone in their commune, 168 had other hours in the list of 2024 than in
  that of 2022 (catalogue/data/initiatives): 0.84 changes a year at most, since two lists may differ from the first day;
- phones, of the same: 10 of 63 were another one, 0.08 a year;
- closings: 30,000 to 60,000 associations a year, of 1.4 million (Recherches & Solidarités, "La France associative en
  mouvement", 2019): 2 to 4 %; 7 to 9 % for businesses (Small Business Administration, 2018,
  quoted by SafeGraph).
How kinds differ between these bounds is assumed: `python -m tests.rounds` plays the year with half and twice the rates.
"""

import csv
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

ENTRIES, CORRESPONDENTS, COMMUNES = 2000, 20, 60
WEEKS = 52
SHOWN_A_WEEK = 2000  # answers that people open: one a week for each entry, on average
BEGINS = date(2026, 11, 23)
DAYS = WEEKS * 7
SHIPPED = Path(__file__).parents[2] / "catalogue" / "data" / "initiatives"


@dataclass(frozen=True, slots=True)
class Ageing:
    """How fast a kind of entry ages, in a year."""

    share: float  # of the entries
    changes: float  # of what its card says
    closings: float


AGEING = {
    "france-services": Ageing(0.15, 0.5, 0.02),
    "espace-numerique": Ageing(0.25, 0.6, 0.05),
    "centre-social": Ageing(0.15, 0.3, 0.01),
    "jardin-partage": Ageing(0.15, 0.15, 0.04),
    "repair-cafe": Ageing(0.15, 0.4, 0.04),
    "tiers-lieu": Ageing(0.15, 0.7, 0.08),
}


@dataclass(frozen=True, slots=True)
class Place:
    """An entry as it really is. Days are counted from the first of the year."""

    id: int
    kind: str
    commune: int
    use: float
    imported: int  # when it was last known to be true
    changes: tuple[int, ...]  # the days on which something of it changed, in order
    closes: int

    def changed(self, since: int, day: int) -> bool:
        """Whether what was true on a day is true no more."""
        return self.closes <= day or bisect_right(self.changes, day) > bisect_right(self.changes, since)


@dataclass(frozen=True, slots=True)
class Volunteer:
    """Somebody who is asked, until they go silent without a word."""

    id: int
    communes: frozenset[int]
    silent_from: int


@dataclass(frozen=True, slots=True)
class World:
    """What is the same whatever is asked."""

    places: tuple[Place, ...]
    correspondents: tuple[Volunteer, ...]
    coordinator: Volunteer  # with the communes nobody else looks after
    shown: tuple[tuple[int, ...], ...]  # the ids of what is opened, week after week


def draw_world(seed: int, pace: float = 1.0, entries: int = ENTRIES) -> World:
    """A world, always the same for a seed; things change `pace` times as fast as in AGEING."""
    random = Random(seed)
    # Zipf's law: the rank of an entry says how often it is opened.
    ranks = random.sample(range(1, entries + 1), entries)
    places = tuple(_draw_place(random, id_, 1 / rank, pace) for id_, rank in enumerate(ranks))
    correspondents = _draw_correspondents(random)
    looked_after = frozenset[int]().union(*(one.communes for one in correspondents))
    ids, uses = [place.id for place in places], [place.use for place in places]
    return World(
        places=places,
        correspondents=correspondents,
        coordinator=Volunteer(CORRESPONDENTS, frozenset(range(COMMUNES)) - looked_after, DAYS),
        shown=tuple(tuple(random.choices(ids, uses, k=SHOWN_A_WEEK)) for _ in range(WEEKS)),
    )


def _draw_place(random: Random, id_: int, use: float, pace: float) -> Place:
    [kind] = random.choices(list(AGEING), [ageing.share for ageing in AGEING.values()])
    imported = random.choice(shipped_days())
    # Two entries of a kind do not change as often: a gamma law around the rate of their kind.
    rate = pace * AGEING[kind].changes * random.gammavariate(2, 0.5)
    return Place(
        id=id_,
        kind=kind,
        commune=int(COMMUNES * random.random() ** 2),  # a few large towns, many small communes
        use=use,
        imported=imported,
        changes=tuple(_draw_changes(random, imported, rate)),
        closes=imported + 1 + int(365 * random.expovariate(pace * AGEING[kind].closings)),
    )


def _draw_changes(random: Random, since: int, rate: float) -> list[int]:
    days, day = [], since + 365 * random.expovariate(rate)
    while day < DAYS:
        days.append(int(day))
        day += 365 * random.expovariate(rate)
    return days


def _draw_correspondents(random: Random) -> tuple[Volunteer, ...]:
    """Territories of one to twelve communes that overlap; a third of the people go silent on some day."""
    silent = set(random.sample(range(CORRESPONDENTS), round(CORRESPONDENTS / 3)))
    return tuple(
        Volunteer(
            id=id_,
            communes=frozenset(random.sample(range(COMMUNES), random.choice((1, 2, 3, 4, 6, 8, 12)))),
            silent_from=random.randrange(DAYS) if id_ in silent else DAYS,
        )
        for id_ in range(CORRESPONDENTS)
    )


@cache
def shipped_days() -> tuple[int, ...]:
    """When the entries we ship were last known to be true, counted from the first day of the year."""
    return tuple(
        (day - BEGINS).days for name in ("france-services", "numerique") for day in _dates(SHIPPED / f"{name}.csv")
    )


def _dates(path: Path) -> list[date]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [date.fromisoformat(line["date_maj"]) for line in csv.DictReader(lines)]


@cache
def calendar(day: int) -> date:
    """The date of a day of the year."""
    return BEGINS + timedelta(days=day)
