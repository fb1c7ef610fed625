"""What a turn asks to be done: plain values, that `bot.effects` does in the turn's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from catalogue.entries import Mandate
from catalogue.needs import (
    Ahead,
    CampaignAnswer,
    EventKind,
    Method,
    Outcome,
    Public,
    Reason,
    Refusal,
    Rhythm,
    Settled,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove everything held about this person."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Remove what was said in this conversation; not what the person asked to be told later."""


@dataclass(frozen=True, slots=True)
class Remind:
    """Write to the person before a date."""

    event_id: int
    original_at: datetime
    ahead: tuple[Ahead, ...]


@dataclass(frozen=True, slots=True)
class Unremind:
    """Say nothing more of a date."""

    event_id: int
    original_at: datetime


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Write to the person of the dates to come in a commune, of one kind or of all."""

    code_insee: str
    kind: EventKind | None
    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """End a subscription of this person's."""

    id: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Tell the person if an entry closes or moves."""

    initiative_id: int


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Tell them no more."""

    initiative_id: int


@dataclass(frozen=True, slots=True)
class StopAll:
    """End every reminder, subscription and watch of this person's."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Take the role that a link gives."""

    secret: str


@dataclass(frozen=True, slots=True)
class Try:
    """Count an invitation that was opened and gives nothing."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Give back every role of this person's."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Say whether a date takes place, in a role that is read again."""

    event_id: int
    original_at: datetime
    said: Settled


@dataclass(frozen=True, slots=True)
class See:
    """One more person opened an entry."""

    initiative_id: int


@dataclass(frozen=True, slots=True)
class Verify:
    """Answer a question about an entry, which is one's own to answer: that is read again."""

    check_id: int
    verdict: Verdict
    method: Method | None = None


@dataclass(frozen=True, slots=True)
class Arrange:
    """Change when, and how much, one is asked, in a role of one's own."""

    role_id: int
    weekly_budget: int
    weekday: int
    hour: int
    paused_until: date | None


@dataclass(frozen=True, slots=True)
class Correct:
    """Give a field of an entry other values, in a role that is read again."""

    initiative_id: int
    field: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back a correction of one's own."""

    correction_id: int


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take a new event out of the agenda, within the hour."""

    token: str  # what it was made of


@dataclass(frozen=True, slots=True)
class Decide:
    """Settle two corrections of the same field: the later one is kept, or refused."""

    correction_id: int
    keep: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Say that something of an entry is not true."""

    initiative_id: int
    reason: Reason
    words: str
    to_be_told: bool


@dataclass(frozen=True, slots=True)
class SettleReport:
    """Say what becomes of a report, in a role that is read again."""

    report_id: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Draft:
    """Keep what somebody is adding, to be gone on with later; {} drops it."""

    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Add:
    """Put a new entry in the guide, in a role that is read again."""

    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Invite:
    """Make a link that gives a role, in a role that is read again."""

    mandate: Mandate
    secret: str


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take a role away from somebody, in a role that is read again."""

    role_id: int


@dataclass(frozen=True, slots=True)
class Review:
    """Say what helped, and for whom, in a role that is read again; a coordinator reads it before it is shown."""

    initiative_id: int
    words: str
    publics: tuple[Public, ...]


@dataclass(frozen=True, slots=True)
class Moderate:
    """Show what a professional says of an entry, or not: who wrote it is then told why, unless they took it back."""

    review_id: int
    publish: bool
    because: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Propose:
    """Propose a need or a kind that the guide lacks."""

    words: str


@dataclass(frozen=True, slots=True)
class AnswerCampaign:
    """Answer the one question of a campaign for an entry."""

    campaign_id: int
    initiative_id: int
    said: CampaignAnswer


@dataclass(frozen=True, slots=True)
class FetchPhoto:
    """Fetch a photo that was asked for, where the channel keeps it."""

    reference: str


@dataclass(frozen=True, slots=True)
class AttachPhoto:
    """Make a photo one of an entry's, in a role that is read again."""

    photo_id: int
    initiative_id: int


@dataclass(frozen=True, slots=True)
class RemovePhoto:
    """Forget a photo of an entry, in a role that is read again."""

    photo_id: int


# What the runner must do, in the turn's own transaction.
Effect = (
    Forget
    | Drop
    | Remind
    | Unremind
    | Subscribe
    | Unsubscribe
    | Watch
    | Unwatch
    | StopAll
    | Accept
    | Try
    | Leave
    | Settle
    | See
    | Verify
    | Arrange
    | Correct
    | Undo
    | TakeBack
    | Decide
    | Report
    | SettleReport
    | Draft
    | Add
    | Invite
    | Revoke
    | Review
    | Moderate
    | Propose
    | AnswerCampaign
    | FetchPhoto
    | AttachPhoto
    | RemovePhoto
)
