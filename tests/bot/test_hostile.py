"""Whatever comes from a channel is answered, on both engines."""

import pytest
from sqlalchemy import Engine, select

from bot.channels.telegram_messages import CHANNEL, compose
from bot.inbox import Arrival
from bot.runner import Runner
from catalogue.database import reading
from catalogue.places import PlaceIndex
from catalogue.tables import inbox, outbox
from handlers.dialogue import Event, Gesture
from tests.handlers.memory import NANTERRE, SCEAUX, shipped_understander

HOSTILE = {
    "null byte": "a\x00b",
    "right-to-left mark": "\u202eerret",
    "lone surrogate": "a\ud800b",
    "markup": "<b>&amp;</b><script>",
    "sql": "'; DROP TABLE inbox; --",
    "braces": "{about} %s {0}",
    "only spaces": " \n\t ",
    "emoji": "🏚️" * 300,
}


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_are_answered_at_every_step(engine: Engine, words: str) -> None:
    runner = Runner(engine, PlaceIndex([NANTERRE, SCEAUX]), shipped_understander(), {CHANNEL: compose})
    lines = ["/start", words, "manger", words, "Nanterre", words]
    for number, line in enumerate(lines):
        kind = Gesture.STARTED if line == "/start" else Gesture.SAID
        runner.receive([Arrival("telegram", str(number), "1001", Event(kind, line), {})])
        while runner.handle_next("telegram", "1001"):
            pass
    with reading(engine) as connection:
        assert connection.execute(select(inbox.c.id).where(inbox.c.handled_at.is_(None))).all() == []
        texts = connection.execute(select(outbox.c.message)).scalars().all()
    assert len(texts) == len(lines)
    for message in texts:
        message["text"].encode()  # what cannot be written cannot be sent
