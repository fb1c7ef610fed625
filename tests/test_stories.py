"""Each story of tests/stories is what the product says today, through the wire of the Bot API."""

from pathlib import Path

import pytest

from tests.stories import play, stories


@pytest.mark.parametrize("story", stories(), ids=lambda path: path.stem)
def test_people_are_told_what_the_story_says(story: Path, shipped_url: str, tmp_path: Path) -> None:
    written = story.read_text("utf-8")
    assert play(written, shipped_url, tmp_path) == written
