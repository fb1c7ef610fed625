"""Each transcript of tests/dialogues is what the conversation says today."""

from pathlib import Path

import pytest
import time_machine
from sqlalchemy import Engine

from bot.app import conversation, open_catalogue
from bot.runner import Runner
from bot.settings import Settings
from catalogue.places import PlaceIndex
from tests.dialogues import MOMENT, play, transcripts
from tests.handlers.memory import shipped_understander


@pytest.mark.parametrize("transcript", transcripts(), ids=lambda path: path.stem)
def test_the_conversation_says_what_its_transcript_says(
    transcript: Path, shipped_engine: Engine, place_index: PlaceIndex
) -> None:
    written = transcript.read_text("utf-8")
    with time_machine.travel(MOMENT, tick=False):
        assert play(Runner(shipped_engine, place_index, shipped_understander()), written) == written


def test_the_same_is_said_on_postgresql(postgres_url: str) -> None:
    with time_machine.travel(MOMENT, tick=False):
        runner = conversation(open_catalogue(Settings(DATABASE_URL=postgres_url)))
        try:
            for transcript in transcripts():
                written = transcript.read_text("utf-8")
                assert play(runner, written) == written, transcript.stem
        finally:
            runner.engine.dispose()
