"""People who talk to the guide, in this process: the true turn, the true database, replies as they were meant.

team = People(engine)
someone = team.person("2001")
someone.start("f12")
someone.tap("Signaler une erreur")
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import Engine, insert, select

from bot.inbox import Arrival
from bot.runner import Runner
from catalogue.database import reading, writing
from catalogue.entries import Mandate
from catalogue.initiatives import UNKNOWN, save_initiatives
from catalogue.needs import Role
from catalogue.places import Place, PlaceIndex
from catalogue.roles import accept, invite, new_secret
from catalogue.tables import initiatives, outbox, places
from handlers.dialogue import Choice, Event, Gesture, Reply
from scheduler.letters import Composers
from scheduler.outgoing import Outgoing
from tests.handlers.memory import NANTERRE, SCEAUX, shipped_understander

CHANNEL = "telegram"
PLACES = (NANTERRE, SCEAUX)


def compose(replies: Sequence[Reply], person: str, key: str, origin: dict[str, Any], now: datetime) -> list[Outgoing]:
    """Replies as they are, a message each."""
    return [Outgoing(CHANNEL, person, reply.to_json(), f"{key}:{number}", now) for number, reply in enumerate(replies)]


COMPOSERS: Composers = {CHANNEL: compose}


class People:
    """A guide whose places are Nanterre and Sceaux, and those who talk to it."""

    def __init__(self, engine: Engine, known: Sequence[Place] = PLACES) -> None:
        self.engine = engine
        self.runner = Runner(engine, PlaceIndex(known), shipped_understander(), COMPOSERS)
        self.numbers = count(1)

    def person(self, number: str) -> "Person":
        return Person(self, number)

    def with_a_role(self, number: str, role: Role, codes: Sequence[str] = ("92050",), **more: Any) -> "Person":
        """Somebody who accepted a link. `more`: initiatives, kinds."""
        mandate = Mandate(0, role, tuple(codes), tuple(more.get("initiatives", ())), tuple(more.get("kinds", ())))
        now, secret = datetime.now(UTC), new_secret()
        with writing(self.engine) as connection:
            invite(connection, mandate, secret, Role.COORDINATEUR, now)
            assert accept(connection, (CHANNEL, number), secret, now)
        return self.person(number)

    def entry(self, number: int, **known: Any) -> int:
        """The id of a new entry in Nanterre, with just what a test needs to say."""
        row = UNKNOWN | {
            "source": "essai",
            "source_id": str(number),
            "nom": f"Lieu {number}",
            "kind": "epicerie-solidaire",
            "needs": ["alimentation"],
            "description": "On y mange ensemble.",
            "commune": "Nanterre",
            "code_postal": "92000",
            "code_insee": "92050",
            "departement": "92",
            "latitude": 48.8922,
            "longitude": 2.2069 + number / 1000,
            "verified_method": "import",
        }
        with writing(self.engine) as connection:
            save_initiatives(connection, [row | known])
            of_source = (initiatives.c.source == "essai", initiatives.c.source_id == str(number))
            return connection.scalars(select(initiatives.c.id).where(*of_source)).one()

    def column(self, initiative_id: int, name: str) -> Any:
        """What an entry says now."""
        with reading(self.engine) as connection:
            return connection.scalar(select(initiatives.c[name]).where(initiatives.c.id == initiative_id))


class Person:
    """Somebody who talks to the guide."""

    def __init__(self, people: People, number: str) -> None:
        self.people, self.number = people, number
        self.replies: list[Reply] = []  # to the last gesture
        self._seen = 0

    def say(self, words: str) -> Reply:
        return self._did(Event(Gesture.SAID, words))

    def start(self, payload: str = "") -> Reply:
        return self._did(Event(Gesture.STARTED, payload))

    def share(self, latitude: float, longitude: float) -> Reply:
        return self._did(Event(Gesture.SHARED, "", latitude, longitude))

    def tap(self, label: str) -> Reply:
        """Taps the button of that label, of the last messages; raises KeyError when there is none."""
        return self.press(next((one.data for one in self.buttons() if one.label == label), "") or self._no(label))

    def press(self, data: str) -> Reply:
        """Taps a button of that data, which may be forged or old."""
        return self._did(Event(Gesture.TAPPED, data))

    def give(self, *answers: tuple[str, str]) -> Reply:
        """Does one thing after the other: ("say", words), ("tap", label) or ("press", data). Returns the last reply."""
        does = {"say": self.say, "tap": self.tap, "press": self.press}
        for gesture, what in answers:
            does[gesture](what)
        return self.replies[-1]

    def labels(self) -> list[str]:
        """The labels of the buttons of the last messages."""
        return [one.label for one in self.buttons()]

    def buttons(self) -> list[Choice]:
        """The buttons of the last messages."""
        rows = [choice for reply in self.replies for row in reply.choices for choice in row]
        return [*rows, *(choice for reply in self.replies for card in reply.cards for choice in card.choices)]

    def received(self) -> list[Reply]:
        """What was written to them since they were last looked at; `tap` then finds those buttons."""
        with reading(self.people.engine) as connection:
            theirs = (outbox.c.person == self.number, outbox.c.id > self._seen, outbox.c.message.is_not(None))
            rows = connection.execute(select(outbox.c.id, outbox.c.message).where(*theirs).order_by(outbox.c.id)).all()
        self._seen = max((row.id for row in rows), default=self._seen)
        self.replies = [Reply.from_json({k: v for k, v in row.message.items() if k in _OF_REPLY}) for row in rows]
        return self.replies

    def _no(self, label: str) -> str:
        raise KeyError(f"{label}: {[one.label for one in self.buttons()]}")

    def _did(self, event: Event) -> Reply:
        self.received()
        arrival = Arrival(CHANNEL, f"essai:{next(self.people.numbers)}", self.number, event, {})
        self.people.runner.receive([arrival])
        while self.people.runner.handle_next(CHANNEL, self.number):
            pass
        return self.received()[-1]


_OF_REPLY = frozenset(Reply.__dataclass_fields__)


def known_places(engine: Engine) -> None:
    """Writes Nanterre and Sceaux in the gazetteer: for what reads places in the database."""
    rows = [{column.name: getattr(place, column.name, None) for column in places.c} for place in PLACES]
    with writing(engine) as connection:
        connection.execute(
            insert(places),
            [{**row, "codes_postaux": list(row["codes_postaux"]), "precision": "mairie"} for row in rows],
        )
