"""What a conversation may look up. `bot.desk` answers from the database; tests may answer from memory."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

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
from catalogue.needs import Emergency, Need, Role
from catalogue.places import Place, PlaceMatch
from catalogue.understanding import Understanding

if TYPE_CHECKING:
    from handlers.adding import Additions
    from handlers.campaigning import Campaigns
    from handlers.checking import Checks
    from handlers.correcting import Corrections
    from handlers.poster_photo import Photos
    from handlers.proposing import Proposals
    from handlers.reporting import Reports
    from handlers.reviewing import Reviews
    from handlers.roles import Tries
    from handlers.team import Team


class Desk(Protocol):
    @property
    def now(self) -> datetime:
        """Aware, Europe/Paris: the only clock a conversation sees."""

    def understand(self, words: str, known: Place | None) -> Understanding:
        """What a message says; `known` is the place already spoken of."""

    def danger(self, words: str) -> Emergency | None:
        """Whether someone is in danger, by their words: asks nothing of the database."""

    def find_place(self, words: str, known: Place | None) -> PlaceMatch:
        """What a person may mean by an answer to "Où ?"; `known` is the place already spoken of."""

    def place(self, insee: str) -> Place | None:
        """A commune, arrondissement or former commune by INSEE code."""

    def place_at(self, latitude: float, longitude: float) -> Place | None:
        """The commune whose known point is nearest, or None if nothing is within 50 km."""

    def at(self, point: tuple[float, float]) -> "Desk":
        """The same desk, looking from a point shared in this turn instead of the place's own."""

    def near(self, need: Need, place: Place) -> Nearby:
        """Candidates for a need around a place, most useful first."""

    def candidates(self, ids: Sequence[int]) -> list[Candidate]:
        """What the questions need to know of entries already found, in the order given; closed ones are left out.

        Their distance is known only in the turn that found them: none is kept from one turn to the next.
        """

    def initiatives(self, ids: Sequence[int]) -> list[Initiative]:
        """Whole entries in the order given; closed ones are left out."""

    def called(self, words: str, place: Place | None) -> Sequence[Initiative]:
        """At most three entries whose name has all these words or nearly; around a place when one is known."""

    def town_hall(self, insee: str) -> TownHall | None:
        """The town hall of a commune, or of the commune an arrondissement or a former commune belongs to."""

    def happenings(self, place: Place, until: datetime, need: Need | None) -> list[Occurrence]:
        """The dates near a commune from now until then, soonest first, for a need or all; cancelled ones are told too.

        Those of an event that repeats are all there. At most 200.
        """

    def occurrence(self, event_id: int, original_at: datetime) -> Occurrence | None:
        """One date, whatever became of it; None when nothing is known of it."""

    def next_dates(self, initiative_id: int) -> list[Occurrence]:
        """At most three dates to come of an entry's events, soonest first; cancelled ones are told too."""

    @property
    def told_later(self) -> bool:
        """Whether the person can be written to later: not on the web."""

    @property
    def telegram(self) -> str:
        """The name of this guide on Telegram; "" when it is not there, or not known yet."""

    def asked(self) -> Asked:
        """What the person asked to be told later."""

    def invitation(self, secret: str) -> Mandate | None:
        """The role that a link gives; None when it is none of ours, was used, or is too old."""

    @property
    def tries(self) -> "Tries":
        """The invitations this person opened that give nothing."""

    def mandates(self) -> Sequence[Mandate]:
        """The roles this person has now."""

    def may_settle(self, event: CalendarEvent) -> Role | None:
        """The role in which this person may say whether an event takes place; None when they may not."""

    def cancelled_here(self, occurrence: Occurrence) -> bool:
        """Whether a date was cancelled by somebody who was asked, and not by its calendar."""

    @property
    def checks(self) -> "Checks":
        """The questions put to this person about entries."""

    @property
    def corrections(self) -> "Corrections":
        """What this person may correct."""

    @property
    def reports(self) -> "Reports":
        """What was reported of entries."""

    @property
    def additions(self) -> "Additions":
        """What this person is adding to the guide."""

    @property
    def team(self) -> "Team":
        """The territories this person coordinates, and who looks after them."""

    @property
    def reviews(self) -> "Reviews":
        """What professionals say of entries."""

    @property
    def proposals(self) -> "Proposals":
        """What is proposed for the needs and the kinds of the guide."""

    @property
    def campaigns(self) -> "Campaigns":
        """The one question of a campaign, for entries this person looks after."""

    @property
    def photos(self) -> "Photos":
        """The photos of posters, for who answers for an entry."""
