"""`make transcripts`: plays every story again and writes what was said, to be read in review like prose."""

import tempfile
from pathlib import Path

from bot.app import open_catalogue
from bot.settings import Settings
from tests.stories import play, stories


def main() -> None:
    for path in stories():
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/story.db"
            open_catalogue(Settings(DATABASE_URL=url)).engine.dispose()
            path.write_text(play(path.read_text("utf-8"), url, Path(folder)), "utf-8")
        print(path.name)


if __name__ == "__main__":
    main()
