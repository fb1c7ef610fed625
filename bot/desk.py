"""The desk a conversation asks: the catalogue, through one connection, for one turn."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from catalogue import events, gazetteer, roles, search
from catalogue.additions import Additions
from catalogue.campaigns import Campaigns
from catalogue.corrections import Corrections
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
from catalogue.initiatives import candidates_by_id, initiatives_by_id
from catalogue.names import find_by_words
from catalogue.needs import Emergency, Need, Role
from catalogue.photos import Photos
from catalogue.places import Place, PlaceIndex, PlaceMatch
from catalogue.proposals import Proposals
from catalogue.reports import Reports
from catalogue.reviews import Reviews
from catalogue.spelling import fold
from catalogue.team import Team
from catalogue.tries import Tries
from catalogue.understanding import Understander, Understanding
from scheduler import asking, reminders
from scheduler.verification import Checks

MOST_CALLED = 3
NAMED_WITHIN_KM = 50.0  # of the town one speaks of: further, it is another place of that name
SHORTEST_NAME, LONGEST_NAME = 5, 80  # letters: a shorter word is an answer, a longer one a sentence
ALIKE = 0.85  # of a name that may be the one that was written


@dataclass(frozen=True, slots=True)
class CatalogueDesk:
    """Answers `handlers.desk.Desk` from the database. Lives one turn: what it has read, it does not read again."""

    connection: Connection
    index: PlaceIndex
    understander: Understander
    now: datetime
    channel: str = ""
    person: str = ""
    told_later: bool = False
    telegram: str = ""
    point: tuple[float, float] | None = None
    _seen: dict[int, Candidate] = field(default_factory=dict)

    def at(self, point: tuple[float, float]) -> "CatalogueDesk":
        return replace(self, point=point)

    def understand(self, words: str, known: Place | None) -> Understanding:
        return self.understander.understand(words, self.index, known)

    def danger(self, words: str) -> Emergency | None:
        return self.understander.emergency(words)

    def find_place(self, words: str, known: Place | None) -> PlaceMatch:
        return self.understander.place_answered(words, self.index, known)

    def place(self, insee: str) -> Place | None:
        return self.index.get(insee)

    def place_at(self, latitude: float, longitude: float) -> Place | None:
        return self.index.nearest(latitude, longitude)

    def near(self, need: Need, place: Place) -> Nearby:
        known = (place.latitude, place.longitude) if place.latitude and place.longitude else None
        found = search.near(self.connection, need, self.point or known, place.departement)
        self._seen.update((entry.id, entry) for part in (found.near, found.further, found.wider) for entry in part)
        return found

    def candidates(self, ids: Sequence[int]) -> list[Candidate]:
        missing = [id_ for id_ in ids if id_ not in self._seen]
        if missing:
            self._seen.update((entry.id, entry) for entry in candidates_by_id(self.connection, missing))
        return [self._seen[id_] for id_ in ids if id_ in self._seen]

    def initiatives(self, ids: Sequence[int]) -> list[Initiative]:
        return initiatives_by_id(self.connection, ids)

    def called(self, words: str, place: Place | None) -> list[Initiative]:
        if len(words) > LONGEST_NAME or len(fold(words)) < SHORTEST_NAME or not self.understander.may_be_a_name(words):
            return []
        known = (place.latitude, place.longitude) if place and place.latitude and place.longitude else None
        around = self.point or known
        matches = find_by_words(self.connection, words, around, MOST_CALLED, NAMED_WITHIN_KM if around else None)
        return initiatives_by_id(self.connection, [match.id for match in matches if match.score >= ALIKE])

    def town_hall(self, insee: str) -> TownHall | None:
        return gazetteer.town_hall(self.connection, self.index, insee)

    def happenings(self, place: Place, until: datetime, need: Need | None) -> list[Occurrence]:
        known = (place.latitude, place.longitude) if place.latitude and place.longitude else None
        around = self.point or known
        return events.near(self.connection, around, self.now, until, need) if around else []

    def occurrence(self, event_id: int, original_at: datetime) -> Occurrence | None:
        return events.occurrence(self.connection, event_id, original_at)

    def next_dates(self, initiative_id: int) -> list[Occurrence]:
        return events.next_dates(self.connection, initiative_id, self.now)

    def asked(self) -> Asked:
        return reminders.asked(self.connection, self._who, self.now)

    def invitation(self, secret: str) -> Mandate | None:
        return roles.invitation(self.connection, secret, self.now)

    @property
    def tries(self) -> Tries:
        return Tries(self.connection, self._who, self.now)

    def mandates(self) -> list[Mandate]:
        return roles.held_by(self.connection, self._who)

    def may_settle(self, event: CalendarEvent) -> Role | None:
        return roles.may_settle(self.connection, self._who, event)

    def cancelled_here(self, occurrence: Occurrence) -> bool:
        return asking.was_cancelled_here(self.connection, (occurrence.event.id, occurrence.original_at))

    @property
    def checks(self) -> Checks:
        return Checks(self.connection, self._who, self.now)

    @property
    def corrections(self) -> Corrections:
        return Corrections(self.connection, self._who, self.now)

    @property
    def reports(self) -> Reports:
        return Reports(self.connection, self._who, self.now)

    @property
    def additions(self) -> Additions:
        return Additions(self.connection, self._who, self.now)

    @property
    def team(self) -> Team:
        return Team(self.connection, self._who, self.now, self.index)

    @property
    def reviews(self) -> Reviews:
        return Reviews(self.connection, self._who, self.now)

    @property
    def proposals(self) -> Proposals:
        return Proposals(self.connection, self._who, self.now)

    @property
    def campaigns(self) -> Campaigns:
        return Campaigns(self.connection, self._who, self.now)

    @property
    def photos(self) -> Photos:
        return Photos(self.connection, self._who, self.now)

    @property
    def _who(self) -> tuple[str, str]:
        return self.channel, self.person
