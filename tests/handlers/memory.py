"""A desk that answers from memory: a few places, and as many entries as a test needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from catalogue.entries import (
    Asked,
    CalendarEvent,
    Candidate,
    Initiative,
    Mandate,
    Nearby,
    Occurrence,
    TownHall,
)
from catalogue.geo import distance_km
from catalogue.needs import Emergency, EventKind, EventStatus, Kind, Method, Need, Reach, Role, Status
from catalogue.places import Place, PlaceIndex, PlaceMatch
from catalogue.spelling import fold
from catalogue.understanding import Understanding, read_understander

NANTERRE = Place("92050", "Nanterre", "COM", None, ("92000",), "92", "Hauts-de-Seine", 96000, 48.8922, 2.2069)
SCEAUX = Place("92071", "Sceaux", "COM", None, ("92330",), "92", "Hauts-de-Seine", 20000, 48.7789, 2.2911)
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Europe/Paris"))


def initiative(number: int, **known: object) -> Initiative:
    """An entry with just what a test needs to say."""
    values: dict[str, object] = dict.fromkeys(Initiative.__dataclass_fields__)
    values |= {
        "id": number,
        "nom": f"Lieu {number}",
        "kind": Kind.AUTRE,
        "needs": (Need.ALIMENTATION,),
        "reach": Reach.LOCAL,
        "status": Status.ACTIVE,
        "description": "On y mange ensemble.",
        "commune": "Nanterre",
        "code_postal": "92000",
        "latitude": 48.8922,
        "longitude": 2.2069 + number / 1000,
        "exact": True,
        "publics": (),
        "verified_method": Method.IMPORT,
        "verified_at": date(2026, 11, 12),
        "verified_by_year": False,
        "notices": (),
        "services": (),
    }
    return Initiative(**(values | known))  # type: ignore[arg-type]


def happening(number: int, starts_at: datetime, hours: float | None = 3, **known: object) -> Occurrence:
    """A date with just what a test needs to say: of the event as "event_…", of the date by its name."""
    event: dict[str, object] = dict.fromkeys(CalendarEvent.__dataclass_fields__)
    event |= {
        "id": number,
        "nom": f"Fête {number}",
        "kind": EventKind.RENCONTRE,
        "needs": (Need.LIEN_SOCIAL,),
        "description": "On se retrouve.",
        "commune": "Nanterre",
        "code_postal": "92000",
        "code_insee": "92050",
        "departement": "92",
        "latitude": 48.8922,
        "longitude": 2.2169,
        "exact": True,
    }
    event |= {name.removeprefix("event_"): value for name, value in known.items() if name.startswith("event_")}
    ends_at = (starts_at + timedelta(hours=hours)).astimezone(UTC) if hours else None
    date: dict[str, object] = {
        "original_at": starts_at.astimezone(UTC),
        "starts_at": starts_at.astimezone(UTC),
        "ends_at": ends_at,
        "all_day": False,
        "status": EventStatus.PLANNED,
        "confirmed_at": None,
    }
    date |= {name: value for name, value in known.items() if not name.startswith("event_")}
    return Occurrence(CalendarEvent(**event), **date)  # type: ignore[arg-type]


shipped_understander = cache(read_understander)
shipped_understander()  # now: the first example of a property must not be slower than the others


class Nothing:
    """Whatever is looked up, there is nothing."""

    def __getattr__(self, name: str) -> Callable[..., tuple[()]]:
        return lambda *asked: ()


@dataclass(frozen=True)
class MemoryDesk:
    entries: Sequence[Initiative] = ()
    now: datetime = TUESDAY
    point: tuple[float, float] | None = None
    index: PlaceIndex = field(default_factory=lambda: PlaceIndex([NANTERRE, SCEAUX]))
    found: dict[int, Candidate] = field(default_factory=dict)
    dates: Sequence[Occurrence] = ()
    told_later: bool = False
    telegram: str = ""
    asked_for: Asked = field(default_factory=Asked)
    invited: Mandate | None = None
    held: Sequence[Mandate] = ()
    role: Role | None = None  # in which any event may be settled
    ours: bool = False  # what is cancelled was cancelled here
    tries: Any = field(default_factory=lambda: Nothing())
    # Who has no role has nothing there; conversations of those who have one are tested on the true desk (tests.people).
    checks: Any = field(default_factory=lambda: Nothing())
    corrections: Any = field(default_factory=lambda: Nothing())
    reports: Any = field(default_factory=lambda: Nothing())
    additions: Any = field(default_factory=lambda: Nothing())
    team: Any = field(default_factory=lambda: Nothing())
    reviews: Any = field(default_factory=lambda: Nothing())
    proposals: Any = field(default_factory=lambda: Nothing())
    campaigns: Any = field(default_factory=lambda: Nothing())
    photos: Any = field(default_factory=lambda: Nothing())

    def at(self, point: tuple[float, float]) -> "MemoryDesk":
        return replace(self, point=point, found={})

    def understand(self, words: str, known: Place | None) -> Understanding:
        return shipped_understander().understand(words, self.index, known)

    def danger(self, words: str) -> Emergency | None:
        return shipped_understander().emergency(words)

    def find_place(self, words: str, known: Place | None) -> PlaceMatch:
        return shipped_understander().place_answered(words, self.index, known)

    def place(self, insee: str) -> Place | None:
        return self.index.get(insee)

    def place_at(self, latitude: float, longitude: float) -> Place | None:
        return self.index.nearest(latitude, longitude)

    def near(self, need: Need, place: Place) -> Nearby:
        local = [entry for entry in self.entries if need in entry.needs and entry.reach is Reach.LOCAL]
        wider = [entry for entry in self.entries if need in entry.needs and entry.reach is not Reach.LOCAL]
        point = self.point or (place.latitude or 0.0, place.longitude or 0.0)
        measured = sorted(
            (self._candidate(entry, distance_km(*point, entry.latitude or 0, entry.longitude or 0)) for entry in local),
            key=lambda candidate: candidate.km or 0.0,
        )
        self.found.update((candidate.id, candidate) for candidate in measured)
        return Nearby(tuple(measured), (), tuple(self._candidate(entry) for entry in wider))

    def candidates(self, ids: Sequence[int]) -> list[Candidate]:
        return [self.found.get(entry.id) or self._candidate(entry) for entry in self.initiatives(ids)]

    def initiatives(self, ids: Sequence[int]) -> list[Initiative]:
        known = {entry.id: entry for entry in self.entries}
        return [known[id_] for id_ in ids if id_ in known]

    def called(self, words: str, place: Place | None) -> list[Initiative]:
        return [entry for entry in self.entries if words and fold(words) in fold(entry.nom)][:3]

    def town_hall(self, insee: str) -> TownHall | None:
        return TownHall("Nanterre", "88 rue du 8-Mai-1945", "01 47 29 50 50", None, None)

    def happenings(self, place: Place, until: datetime, need: Need | None) -> list[Occurrence]:
        point = self.point or (place.latitude or 0.0, place.longitude or 0.0)
        measured = [
            replace(one, km=distance_km(*point, one.event.latitude or 0, one.event.longitude or 0))
            for one in self.dates
            if (one.ends_at or one.starts_at) > self.now and one.starts_at < until and need in (None, *one.event.needs)
        ]
        return sorted((one for one in measured if one.km < 20), key=lambda one: one.starts_at)

    def occurrence(self, event_id: int, original_at: datetime) -> Occurrence | None:
        key = (event_id, original_at)
        return next((one for one in self.dates if (one.event.id, one.original_at) == key), None)

    def next_dates(self, initiative_id: int) -> list[Occurrence]:
        return [one for one in self.dates if one.event.initiative_id == initiative_id][:3]

    def asked(self) -> Asked:
        return self.asked_for

    def invitation(self, secret: str) -> Mandate | None:
        return self.invited

    def mandates(self) -> Sequence[Mandate]:
        return self.held

    def may_settle(self, event: CalendarEvent) -> Role | None:
        return self.role

    def cancelled_here(self, occurrence: Occurrence) -> bool:
        return self.ours

    @staticmethod
    def _candidate(entry: Initiative, km: float | None = None) -> Candidate:
        publics, moments = frozenset(entry.publics), frozenset[object]()
        return Candidate(entry.id, entry.kind, publics, entry.frais, moments, entry.accessible, entry.verified_at, km)  # type: ignore[arg-type]
