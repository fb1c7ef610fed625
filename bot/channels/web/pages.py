"""The pages: what was said, as bubbles, and the templates that show them."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handlers.dialogue import Reply
from handlers.emergency import NUMBERS
from handlers.locale import gettext, ngettext

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on the page. `key` stands for it and all that came before, so that a page knows where it is."""

    key: str
    words: str = ""
    reply: Reply | None = None
    current: bool = False  # said since the person's last words: its choices are the ones to offer
    latest: bool = False  # where the eye should go


def bubbles(history: Sequence[dict[str, Any]]) -> list[Bubble]:
    """The messages of a conversation, from what the runner kept of it."""
    last_words = max((at for at, said in enumerate(history) if "words" in said), default=-1)
    shown, key = [], ""
    for at, said in enumerate(history):
        key = hashlib.sha256(f"{key}{json.dumps(said)}".encode()).hexdigest()[:16]
        reply = Reply.from_json(said["reply"]) if "reply" in said else None
        shown.append(Bubble(key, said.get("words", ""), reply, at > last_words, at == max(last_words, 0)))
    return shown


def as_history(replies: Iterable[Reply]) -> list[dict[str, Any]]:
    """Replies that were not kept, in the shape of those that were."""
    return [{"reply": reply.to_json()} for reply in replies]


def unseen(shown: list[Bubble], seen: str) -> list[Bubble] | None:
    """What came after the message a page saw last; None when the page must be shown everything again."""
    for at, bubble in enumerate(shown):
        if bubble.key == seen:
            return shown[at + 1 :]
    return None


def render(template: str, **values: Any) -> str:
    """A page, or a part of one. Everything in it that is not ours is escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["held"] = held
    environment.globals.update(asset=asset, numbers=NUMBERS)
    return environment


# Before "?!:;»", after "«", and in "18 h 30": what would begin a line alone.
_HELD = re.compile(r" (?=[?!:;»])|(?<=«) |(?<=\d) (?=h\b)|(?<=\d h) (?=\d)|(?<=\d) (?=km\b|m\b)")


def held(said: str) -> str:
    """Words whose short parts stay on the line of what they go with, as French is printed."""
    return _HELD.sub("\u00a0", said)


@cache
def version(name: str) -> str:
    """Changes when a static file changes: its address may then be kept for ever."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, for this version of it."""
    return f"/static/{name}?v={version(name)}"
