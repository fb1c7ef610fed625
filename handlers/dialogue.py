"""The vocabulary of a conversation: what comes in, what goes out, and what a flow is made of.

Everything here is a plain value: no I/O, no clock. A channel turns its updates into `Event` and shows `Reply`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from catalogue.needs import Ahead, EventKind, Rhythm, Settled
from handlers.desk import Desk

Answers = Mapping[str, Any]


class Gesture(StrEnum):
    SAID = "said"  # words typed
    TAPPED = "tapped"  # a button: its data, which can be forged
    SHARED = "shared"  # a position
    STARTED = "started"  # /start or a first page, with what a poster's link carried
    UNREADABLE = "unreadable"  # a photo, a voice message…
    IN_A_GROUP = "in-a-group"  # spoken to where others listen


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a person did."""

    kind: Gesture
    text: str = ""  # the words, the button's data, or the link's payload
    latitude: float | None = None
    longitude: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, "latitude": self.latitude, "longitude": self.longitude}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Event":
        return cls(**{**stored, "kind": Gesture(stored["kind"])})


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: either `data` ("step:value", at most 64 bytes) or a `url` (https:, tel:, or a path of the web chat)."""

    label: str
    data: str = ""
    url: str = ""


Rows = tuple[tuple[Choice, ...], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One initiative, as shown: a title, plain lines, a smaller note that says how true it is, its own buttons."""

    title: str
    lines: tuple[str, ...]
    note: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One message. Texts are plain: each channel escapes them its own way."""

    text: str
    cards: tuple[Card, ...] = ()
    after: str = ""  # said below the cards
    choices: Rows = ()
    asks_position: bool = False  # the person may share where they are
    edits: bool = False  # reads better in place of the message whose button was tapped

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Reply":
        cards = tuple(
            Card(card["title"], tuple(card["lines"]), card["note"], tuple(Choice(**c) for c in card["choices"]))
            for card in stored["cards"]
        )
        choices = tuple(tuple(Choice(**choice) for choice in row) for row in stored["choices"])
        return cls(**{**stored, "cards": cards, "choices": choices})


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
class Leave:
    """Give back every role of this person's."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Say whether a date takes place, in a role that is read again."""

    event_id: int
    original_at: datetime
    said: Settled


# What the runner must do, in the turn's own transaction.
Effect = (
    Forget | Drop | Remind | Unremind | Subscribe | Unsubscribe | Watch | Unwatch | StopAll | Accept | Leave | Settle
)


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation is: the flow, what was answered by step name, and what was worked out from it."""

    flow: str
    answers: Answers = field(default_factory=dict)
    memo: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"flow": self.flow, "answers": dict(self.answers), "memo": dict(self.memo)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "State":
        return cls(stored["flow"], stored["answers"], stored["memo"])

    def answering(self, step: str, value: Any) -> "State":
        return replace(self, answers={**self.answers, step: value})

    def without(self, *steps: str) -> "State":
        """The same, asked again: those answers are dropped."""
        return replace(self, answers={name: v for name, v in self.answers.items() if name not in steps})

    def noting(self, **memo: Any) -> "State":
        return replace(self, memo={**self.memo, **memo})


@dataclass(frozen=True, slots=True)
class Turn:
    """What `advance` returns: the next state (None: the conversation is over), what to say, what to do."""

    state: State | None
    replies: tuple[Reply, ...]
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Understood:
    """An answer that could be read: the state it leads to, and the very point shared, for this turn only."""

    state: State
    point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """An answer that could not be read: what to say instead of the question."""

    reply: Reply
    nearly: bool = False  # it was an answer to this question, and only asks to be made sure
    state: State | None = None  # what was understood all the same


Reading = Understood | Unclear


@dataclass(frozen=True, slots=True)
class Posed:
    """A question as it is asked now, with the answers one can touch."""

    text: str
    choices: Rows = ()


class Question(Protocol):
    """What a step asks, and how the answer is read."""

    def pose(self, state: State, desk: Desk) -> Posed | None:
        """The question; None when it is not worth asking, which only one asked beside the results may be."""

    def read(self, state: State, event: Event, desk: Desk) -> Reading: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One question. Its name is the key of its answer and of its buttons' data ("name:value")."""

    name: str
    question: Question
    asks_position: bool = False
    beside: bool = False  # asked beside the results, which do not wait for it


Action = Callable[[State, str, Desk], Turn]


@dataclass(frozen=True, slots=True)
class Flow:
    """A guided conversation: its questions in order, what it shows once they are answered, what its buttons do."""

    name: str
    steps: tuple[Step, ...]
    finish: Callable[[State, Desk], Turn]
    actions: Mapping[str, Action]
    preset: Callable[[str, Desk], State]  # what a link's payload already answers
    opens: Callable[[str, Desk], Turn | None]  # what a link's payload shows at once, instead of a question
    hears: Callable[[State, Event, Desk], Reading]  # what is said once the results are shown
    held: Callable[[State, Desk], list[str]]  # what is kept, in words
    greeting: Callable[[], str]
