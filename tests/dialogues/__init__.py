"""Conversations as transcripts: lines that start with "> " are what the person does, the rest is what is said back."""

from pathlib import Path

from bot.channels.terminal import Terminal
from bot.runner import Runner

FOLDER = Path(__file__).parent
# A Tuesday morning: what is open then is written in the transcripts.
MOMENT = "2026-11-24T10:00:00+01:00"


def transcripts() -> list[Path]:
    """Every transcript of the folder."""
    return sorted(FOLDER.glob("*.txt"))


def play(runner: Runner, transcript: str) -> str:
    """The same transcript as the conversation gives it today."""
    terminal = Terminal(runner, numbered=False)
    said = [line.removeprefix("> ") for line in transcript.splitlines() if line.startswith("> ")]
    blocks = [f"> {line}\n{terminal.answer(line)}" for line in said]
    terminal.forget()
    return "\n".join(blocks) + "\n"
