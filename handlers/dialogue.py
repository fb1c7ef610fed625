"""The vocabulary of a conversation: what comes in, what goes out, and what a flow is made of.

Everything here is a plain value: no I/O, no clock. A channel turns its updates into `Event` and shows `Reply`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from handlers.desk import Desk
from handlers.effects import Effect

Answers = Mapping[str, Any]


class Gesture(StrEnum):
    SAID = "said"  # words typed
    TAPPED = "tapped"  # a button: its data, which can be forged
    SHARED = "shared"  # a position
    STARTED = "started"  # /start or a first page, with what a poster's link carried
    UNREADABLE = "unreadable"  # a photo, a voice message…
    RECEIVED = "received"  # a photo that was asked for: its number, or why it cannot be kept
    IN_A_GROUP = "in-a-group"  # spoken to where others listen


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a person did."""

    kind: Gesture
    text: str = ""  # the words, the button's data, or the link's payload
    latitude: float | None = None
    longitude: float | None = None
    photo: str = ""  # what the channel calls a photo that was sent, and is still there

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

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
    asks_photo: bool = False  # the person may send a photo
    photo: int | None = None  # the number of one, shown with the text

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
    """An answer that could be read: the state it leads to, the very point shared, for this turn only, what to do."""

    state: State
    point: tuple[float, float] | None = None
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Unclear:
    """An answer that could not be read: what to say instead of the question."""

    reply: Reply
    nearly: bool = False  # it was an answer to this question, and only asks to be made sure
    state: State | None = None  # what was understood all the same
    effects: tuple[Effect, ...] = ()


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
    takes_words: bool = False  # whatever is written is the answer
    takes_photo: bool = False  # a photo is: sent at any other moment, none is fetched


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
