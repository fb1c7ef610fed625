"""The same conversation in a terminal, with numbered choices; played from a script, it writes a transcript."""

import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from bot.inbox import Arrival
from bot.runner import Runner
from handlers.dialogue import Choice, Event, Gesture, Reply
from handlers.locale import gettext as _

CHANNEL = "terminal"
# A terminal obeys these, whoever wrote them; halves of characters cannot be written at all.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_POSITION = re.compile(r"@\s*(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)")


class Terminal:
    """One conversation. `numbered` shows "1 Manger" to type 1; otherwise "[Manger]", as transcripts read best."""

    def __init__(self, runner: Runner, numbered: bool) -> None:
        self._runner, self._numbered = runner, numbered
        self._person = uuid.uuid4().hex
        self._choices: list[Choice] = []
        self._count = 0

    def answer(self, line: str) -> str:
        """What is said back to one line: words, a choice's number or [label], "@lat,lon" for a position."""
        self._count += 1
        arrival = Arrival(CHANNEL, f"{self._person}:{self._count}", self._person, self._event(line), {})
        try:
            self._runner.turn(arrival)
            replies = self._latest()
        except SQLAlchemyError:
            urgent = self._runner.urgent(arrival.event)
            if not urgent:
                raise
            replies = [urgent]
        self._choices = [choice for reply in replies for choice in _all_choices(reply)]
        return _OBEYED.sub("", "\n".join(self._shown(reply) for reply in replies))

    def forget(self) -> None:
        """Drops the conversation; what a failing database holds of it is dropped after 24 hours."""
        with suppress(SQLAlchemyError):
            self._runner.forget(CHANNEL, self._person)

    def _event(self, line: str) -> Event:
        line = line.strip()
        if position := _POSITION.fullmatch(line):
            return Event(Gesture.SHARED, "", float(position[1]), float(position[2]))
        if line == "/start" or line.startswith("/start "):
            return Event(Gesture.STARTED, line.removeprefix("/start").strip())
        chosen = self._chosen(line)
        if chosen:
            return Event(Gesture.TAPPED, chosen.data)
        return Event(Gesture.SAID, line)

    def _chosen(self, line: str) -> Choice | None:
        tappable = [choice for choice in self._choices if choice.data]
        if self._numbered and line.isascii() and line.isdecimal() and 1 <= int(line[:6]) <= len(tappable):
            return tappable[int(line) - 1]
        label = re.fullmatch(r"\[(.+)\]", line)
        return next((choice for choice in tappable if label and choice.label == label[1]), None)

    def _latest(self) -> list[Reply]:
        """The replies since the last thing the person said."""
        latest: list[Reply] = []
        for said in reversed(self._runner.conversation(CHANNEL, self._person) or []):
            if "reply" not in said:
                break
            latest.insert(0, Reply.from_json(said["reply"]))
        return latest[-1:]

    def _shown(self, reply: Reply) -> str:
        numbers = iter(range(1, 1000))
        blocks = [reply.text]
        for card in reply.cards:
            lines = [f"* {card.title}", *(f"  {line}" for line in card.lines), f"  ({card.note})" if card.note else ""]
            blocks.append("\n".join(filter(None, [*lines, self._row(card.choices, numbers)])))
        blocks.append(reply.after)
        rows = [self._row(row, numbers) for row in reply.choices]
        if reply.asks_position:
            rows.insert(0, _("  (ou votre position : @latitude,longitude)"))
        if reply.asks_photo:
            rows.insert(0, _("  (un terminal n'envoie pas d'image : passez par Telegram ou par le site)"))
        if reply.photo:
            rows.insert(0, _("  (un terminal ne montre pas d'image : voyez-la sur Telegram ou sur le site)"))
        return "\n".join(filter(None, [*blocks, *rows]))

    def _row(self, choices: Iterable[Choice], numbers: Iterator[int]) -> str:
        shown = []
        for choice in choices:
            if not choice.data:
                shown.append(f"{choice.label} → {choice.url}")
            else:
                shown.append(f"{next(numbers)} {choice.label}" if self._numbered else f"[{choice.label}]")
        separator = "   " if self._numbered else " "
        return f"  {separator.join(shown)}" if shown else ""


def _all_choices(reply: Reply) -> list[Choice]:
    return [c for card in reply.cards for c in card.choices] + [c for row in reply.choices for c in row]
