"""Each transcript of tests/dialogues is what the conversation says today."""

from pathlib import Path

import pytest
import time_machine
from sqlalchemy import Engine

from bot.runner import Runner
from catalogue.database import reading
from catalogue.gazetteer import read_places
from catalogue.places import PlaceIndex
from tests.dialogues import MOMENT, play, transcripts


@pytest.mark.parametrize("transcript", transcripts(), ids=lambda path: path.stem)
def test_the_conversation_says_what_its_transcript_says(transcript: Path, shipped_engine: Engine) -> None:
    with time_machine.travel(MOMENT, tick=False):
        with reading(shipped_engine) as connection:
            runner = Runner(shipped_engine, PlaceIndex(read_places(connection)))
        written = transcript.read_text("utf-8")
        assert play(runner, written) == written
