"""Conversations as transcripts: lines that start with "> " are what the person does, the rest is what is said back.

One that starts with "# " is had where one can be written to later, as on Telegram; the others as on the web.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.channels.terminal import Terminal
from bot.desk import CatalogueDesk
from bot.runner import Runner

FOLDER = Path(__file__).parent
# A Tuesday morning: what is open then is written in the transcripts.
MOMENT = "2026-11-24T10:00:00+01:00"


class ToldLater(Runner):
    """A runner of people who can be written to later, who still read their answers at once."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner.engine, runner.index, runner._understander)

    def _desk(self, *known: Any) -> CatalogueDesk:
        return replace(super()._desk(*known), told_later=True)


def transcripts() -> list[Path]:
    """Every transcript of the folder."""
    return sorted(FOLDER.glob("*.txt"))


def play(runner: Runner, transcript: str) -> str:
    """The same transcript as the conversation gives it today."""
    lines = transcript.splitlines()
    notes = [line for line in lines if line.startswith("# ")]
    terminal = Terminal(ToldLater(runner) if notes else runner, numbered=False)
    said = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
    blocks = [f"> {line}\n{terminal.answer(line)}" for line in said]
    terminal.forget()
    return "\n".join([*notes, *blocks]) + "\n"
