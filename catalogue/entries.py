"""What is known, as plain values: importable by conversations, which know nothing of a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from catalogue.needs import (
    Ahead,
    EventKind,
    EventStatus,
    Frais,
    Kind,
    Method,
    Moment,
    Need,
    NoticeKind,
    Public,
    Reach,
    Reason,
    Refusal,
    Rhythm,
    Role,
    Status,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What choosing between entries needs to know; the card needs an `Initiative`."""

    id: int
    kind: Kind
    publics: frozenset[Public]
    frais: Frais | None
    moments: frozenset[Moment]
    accessible: bool | None
    verified_at: date | None
    km: float | None = None  # from where one looks; None where distance means nothing


@dataclass(frozen=True, slots=True)
class Nearby:
    """An answer to `near`, each part most useful first."""

    near: tuple[Candidate, ...]  # within reach of the place
    further: tuple[Candidate, ...]  # the nearest beyond, only when almost nothing is near
    wider: tuple[Candidate, ...]  # without a place: departmental, national, at a distance


@dataclass(frozen=True, slots=True)
class Notice:
    """What is true from a day to another, both included."""

    kind: NoticeKind
    starts: date
    ends: date
    message: str
    horaires_osm: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One of the things a place offers, and for whom: () when it is not said."""

    nom: str
    publics: tuple[Public, ...]


@dataclass(frozen=True, slots=True)
class Initiative:
    """One entry, with the fields of data·inclusion that matter to a person."""

    id: int
    nom: str
    kind: Kind
    needs: tuple[Need, ...]
    reach: Reach
    status: Status
    description: str
    adresse: str | None
    complement_adresse: str | None
    commune: str | None
    code_postal: str | None
    code_insee: str | None
    departement: str | None
    latitude: float | None
    longitude: float | None
    exact: bool
    telephone: str | None
    courriel: str | None
    site_web: str | None
    lien_source: str | None
    horaires: str | None
    horaires_osm: str | None
    publics: tuple[Public, ...]
    publics_precisions: str | None
    frais: Frais | None
    frais_precisions: str | None
    conditions_acces: str | None
    accessible: bool | None
    verified_at: date | None
    verified_method: Method | None
    verified_by_year: bool
    season: str | None
    vanished_at: date | None
    warning: Reason | None
    notices: tuple[Notice, ...]
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """What is done together, once or often."""

    id: int
    nom: str
    kind: EventKind
    needs: tuple[Need, ...]
    description: str
    initiative_id: int | None
    lieu: str | None
    adresse: str | None
    commune: str | None
    code_postal: str | None
    code_insee: str | None
    departement: str | None
    latitude: float | None
    longitude: float | None
    exact: bool
    telephone: str | None
    courriel: str | None
    site_web: str | None
    vanished_at: date | None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of an event. `status` is what becomes of it, the event's own cancellation included."""

    event: CalendarEvent
    original_at: datetime  # when it was to begin: with the event's id, what identifies it
    starts_at: datetime
    ends_at: datetime | None
    all_day: bool
    status: EventStatus
    confirmed_at: datetime | None
    confirmed_role: Role | None = None
    km: float | None = None  # from where one looks


@dataclass(frozen=True, slots=True)
class Reminded:
    """A date somebody asked to be reminded of, and when."""

    occurrence: Occurrence
    ahead: tuple[Ahead, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """The dates to come that somebody wants to hear of: of a commune, of one kind or of all (None)."""

    id: int
    code_insee: str
    kind: EventKind | None
    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class Asked:
    """All that somebody asked to be told later."""

    reminders: tuple[Reminded, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    watched: tuple[Initiative, ...] = ()


@dataclass(frozen=True, slots=True)
class Mandate:
    """A role and what it covers: communes, departments, intercommunalities by their codes; entries by their ids."""

    id: int
    role: Role
    codes: tuple[str, ...]
    initiatives: tuple[int, ...]
    kinds: tuple[Kind, ...] = ()  # of the entries looked after; () for all


@dataclass(frozen=True, slots=True)
class TownHall:
    """The town hall of a commune: the human who can always be called."""

    commune: str
    adresse: str | None
    telephone: str | None
    site: str | None
    horaires_osm: str | None


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody wrote in an entry: the columns of a field, before and after."""

    id: int
    initiative_id: int
    field: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    role_id: int | None  # None: that role ended
    role: Role
    at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two corrections of the same field of an entry; the later one waits for a decision."""

    entry: Initiative
    earlier: Correction
    later: Correction


@dataclass(frozen=True, slots=True)
class Load:
    """What one correspondent was asked of a territory in 30 days, and what of it has no answer yet."""

    role_id: int
    asked: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The state of a territory. `asked` are the questions put in a time, `answered` those of them with an answer."""

    entries: int  # open
    fresh: int  # verified under six months, whatever the method
    fresh_by_people: int  # of which by a person, not by a list
    unattended: int  # no correspondent looks after them
    asked: int  # in 30 days
    answered: int
    asked_before: int  # in the 30 days before these
    answered_before: int
    asked_in_90_days: int
    answered_in_90_days: int
    median_days: float | None  # to answer, in 90 days; None without an answer
    loads: tuple[Load, ...]  # the most asked first
    reports: int  # open
    reports_before: int  # those that were open 30 days ago
    oldest_report_days: int | None
    conflicts: int  # waiting for somebody to decide


@dataclass(frozen=True, slots=True)
class Member:
    """A role given in a territory, and what became of the questions put to it in 90 days."""

    mandate: Mandate
    since: datetime
    asked: int
    answered: int
    median_days: float | None


@dataclass(frozen=True, slots=True)
class Reported:
    """What is said of an entry and not settled yet, by one person or by several, for one reason."""

    id: int  # of the first report
    entry: Initiative
    reason: Reason
    words: tuple[str, ...]  # as they were written, the first first
    people: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody said of an entry, and in which role."""

    id: int
    initiative_id: int
    words: str
    publics: tuple[Public, ...]  # for whom it helped; () when it is not said
    role: Role
    at: datetime  # UTC
    published: bool
    refused: bool
    because: Refusal | None  # why it was refused, when it was said


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody proposed, in which role, and for which communes and departments."""

    id: int
    words: str
    codes: tuple[str, ...]
    role: Role
    at: datetime  # UTC
