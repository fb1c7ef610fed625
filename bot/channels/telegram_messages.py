"""How a reply is said on Telegram: texts within its lengths, buttons as the Bot API writes them. Plain values only."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any

from handlers.dialogue import Card, Choice, Reply
from handlers.locale import gettext as _
from scheduler.limits import Pace
from scheduler.outgoing import Outgoing

CHANNEL = "telegram"
# A tap answered later than this only brings an error: the spinner has gone by itself.
TAP_LASTS = timedelta(seconds=60)
LONGEST = 4096  # UTF-16 units of a message
LONGEST_BESIDE_A_PHOTO = 1024


def compose(replies: Sequence[Reply], person: str, key: str, origin: dict[str, Any], now: datetime) -> list[Outgoing]:
    """The messages that carry replies to a person: {"call", …}, in the order they must leave.

    The answer to a tap comes last: it ends the button's spinner once there is something to read.
    """
    calls = [call for reply in replies for call in _calls(reply, origin)]
    messages = [Outgoing(CHANNEL, person, call, f"telegram:{key}:{number}", now) for number, call in enumerate(calls)]
    if "tap" in origin:
        answer = {"call": "answer", "tap": origin["tap"]}
        messages.append(Outgoing(CHANNEL, person, answer, f"telegram:{key}:tap", now, now + TAP_LASTS))
    return messages


def pace_of(message: dict[str, Any]) -> Pace:
    """What a message costs in patience."""
    return {"send": Pace.MESSAGE, "photo": Pace.MESSAGE, "edit": Pace.EDIT, "answer": Pace.FREE}[message["call"]]


def _calls(reply: Reply, origin: dict[str, Any]) -> list[dict[str, Any]]:
    parts = split(_html(reply), LONGEST_BESIDE_A_PHOTO if reply.photo else LONGEST)
    calls: list[dict[str, Any]] = [{"call": "send", "text": part} for part in parts]
    if reply.photo:
        # Its number: the photo itself is read when it leaves.
        calls[0] |= {"call": "photo", "photo": reply.photo}
    elif reply.edits and "edit" in origin and len(parts) == 1:
        calls[0] |= {"call": "edit", "message_id": origin["edit"]}
    calls[-1]["keyboard"] = _keyboard(reply)
    return calls


def _html(reply: Reply) -> str:
    several = len(reply.cards) > 1
    cards = [_card(card, f"{number}. " if several else "") for number, card in enumerate(reply.cards, 1)]
    return "\n\n".join(filter(None, (escape(reply.text, quote=False), *cards, escape(reply.after, quote=False))))


def _card(card: Card, number: str) -> str:
    lines = [f"<b>{escape(number + card.title, quote=False)}</b>"]
    lines += [escape(line, quote=False) for line in card.lines]
    if card.note:
        lines.append(f"<i>{escape(card.note, quote=False)}</i>")
    return "\n".join(lines)


def split(html: str, longest: int = LONGEST) -> list[str]:
    """Cuts a text that is too long for one message, between blocks, then lines, then anywhere that is safe.

    Tags never span lines (see `_card`), so a cut between lines leaves no tag open. Lengths are UTF-16 units, as
    Telegram counts them; counting the markup too is on the safe side.
    """
    if not html.strip():
        return ["…"]
    if _units(html) <= longest:
        return [html]
    for separator in ("\n\n", "\n"):
        parts = html.split(separator)
        if len(parts) > 1 and all(_units(part) <= longest for part in parts):
            return _packed(parts, separator, longest)
    pieces = [piece for line in html.split("\n") for piece in _chopped(line, longest)]
    return _packed(pieces, "\n", longest)


def _packed(parts: Sequence[str], separator: str, longest: int) -> list[str]:
    packed = [parts[0]]
    for part in parts[1:]:
        joined = f"{packed[-1]}{separator}{part}"
        if _units(joined) <= longest:
            packed[-1] = joined
        else:
            packed.append(part)
    return [part for part in packed if part.strip()]


def _chopped(line: str, longest: int) -> list[str]:
    """A line too long for one message, without its markup, cut where no character reference is broken."""
    if _units(line) <= longest:
        return [line]
    plain = line.replace("<b>", "").replace("</b>", "").replace("<i>", "").replace("</i>", "")
    room = longest // 2  # characters: two units each at the most
    pieces = []
    while plain:
        cut = len(plain) if len(plain) <= room else plain.rfind(" ", 1, room) if " " in plain[1:room] else room
        reference = plain.rfind("&", max(0, cut - 8), cut)
        if cut < len(plain) and reference > 0 and ";" not in plain[reference:cut]:
            cut = reference
        pieces.append(plain[:cut])
        plain = plain[cut:].lstrip()
    return pieces


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _keyboard(reply: Reply) -> dict[str, Any]:
    """The buttons under a message. A shared position can only be asked by the other kind of keyboard."""
    if reply.asks_position:
        ask = [[_("📍 Partager ma position")]]
        return {"position": ask + [[choice.label for choice in row] for row in reply.choices]}
    rows_of_cards = [
        [_button(choice, f"{number} · " if len(reply.cards) > 1 else "") for choice in card.choices]
        for number, card in enumerate(reply.cards, 1)
    ]
    rows = rows_of_cards + [[_button(choice, "") for choice in row] for row in reply.choices]
    # Telegram has no buttons that call: it makes the numbers of the text ones to touch.
    rows = [[button for button in row if not button.get("url", "").startswith("tel:")] for row in rows]
    return {"inline": [row for row in rows if row]}


def _button(choice: Choice, prefix: str) -> dict[str, str]:
    action = {"url": choice.url} if choice.url else {"data": choice.data}
    return {"label": prefix + choice.label, **action}


def markup(keyboard: dict[str, Any] | None) -> dict[str, Any] | None:
    """The buttons as the Bot API writes them."""
    if not keyboard:
        return None
    if "position" in keyboard:
        ask, *rest = keyboard["position"]
        rows = [[{"text": ask[0], "request_location": True}], *([{"text": text} for text in row] for row in rest)]
        return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}
    if not keyboard["inline"]:
        return None
    return {"inline_keyboard": [[_inline(button) for button in row] for row in keyboard["inline"]]}


def _inline(button: dict[str, str]) -> dict[str, str]:
    action = {"url": button["url"]} if "url" in button else {"callback_data": button["data"]}
    return {"text": button["label"], **action}
