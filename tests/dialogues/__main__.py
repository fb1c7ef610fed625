"""`make transcripts`: writes every transcript again, to be read in review like prose."""

import tempfile

import time_machine

from bot.app import conversation, open_catalogue
from bot.settings import Settings
from tests.dialogues import MOMENT, play, transcripts


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, time_machine.travel(MOMENT, tick=False):
        runner = conversation(open_catalogue(Settings(DATABASE_URL=f"sqlite:///{folder}/transcripts.db")))
        for path in transcripts():
            path.write_text(play(runner, path.read_text("utf-8")), "utf-8")
            print(path.name)


if __name__ == "__main__":
    main()
