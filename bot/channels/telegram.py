"""Telegram: updates in, messages out. The only module that knows the Bot API, through python-telegram-bot."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any

import httpx
from telegram import (
    Bot,
    BotCommand,
    CallbackQuery,
    Message,
    Update,
)
from telegram.constants import ChatMemberStatus, ChatType, MessageLimit, ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import HTTPXRequest

from bot.inbox import Arrival
from bot.settings import TELEGRAM_PATH, Settings
from handlers.dialogue import Card, Choice, Event, EventKind, Reply
from handlers.locale import gettext as _
from scheduler.delivery import NotSent, Refused, Unsure
from scheduler.limits import Pace
from scheduler.outbox import Outgoing

logger = logging.getLogger(__name__)

CHANNEL = "telegram"
KINDS = [Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER]
POLL_SECONDS = 30
# A tap answered later than this only brings an error: the spinner has gone by itself.
TAP_LASTS = timedelta(seconds=60)
# Called by name, and the answer left as it came: building python-telegram-bot's objects for both triples the CPU of a
# message. The capital letter, which the Bot API does not mind, says that this is meant (`Bot.do_api_request`).
SEND, EDIT, ANSWER = "SendMessage", "EditMessageText", "AnswerCallbackQuery"
LONGEST = int(MessageLimit.MAX_TEXT_LENGTH)


def make_bot(settings: Settings) -> Bot:
    """The Bot API client of this process. Raises telegram.error.InvalidToken if the token cannot be one."""
    token = settings.TELEGRAM_TOKEN.get_secret_value() if settings.TELEGRAM_TOKEN else ""
    sending = HTTPXRequest(connection_pool_size=32, read_timeout=15, connect_timeout=10, pool_timeout=30)
    polling = HTTPXRequest(connection_pool_size=2, read_timeout=POLL_SECONDS + 10, connect_timeout=10)
    base = settings.TELEGRAM_API_URL
    return Bot(
        token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot", request=sending, get_updates_request=polling
    )


async def introduce(bot: Bot) -> None:
    """Sets the commands menu and the descriptions, in French."""
    commands = (
        ("start", _("Trouver un lieu ou un coup de main")),
        ("urgence", _("Les numéros d'urgence")),
        ("retour", _("Revenir à la question d'avant")),
        ("aide", _("Comment ça marche")),
        ("annuler", _("Arrêter et oublier")),
        ("mesdonnees", _("Voir ce que je garde")),
        ("effacer", _("Effacer ce que je garde")),
    )
    await bot.set_my_commands([BotCommand(name, words) for name, words in commands])
    await bot.set_my_short_description(_("Trouver, près de chez vous, le lieu qui répond à votre besoin."))
    await bot.set_my_description(
        _(
            "Dites ce qu'il vous faut et où vous êtes. Je vous montre les lieux près de chez vous : "
            "épicerie solidaire, café associatif, réparation, aide aux démarches… "
            "Sans compte, sans donner votre nom. En danger : 112, 15, 17, 115, 3919, 119, 3114."
        )
    )


async def username(bot: Bot) -> str:
    """The name people find the bot by, as in t.me/name.

    Raises PermissionError when the token is refused, ConnectionError when Telegram does not answer.
    """
    try:
        async with bot:
            return bot.username
    except InvalidToken:
        raise PermissionError from None
    except TelegramError as error:
        raise ConnectionError(type(error).__name__) from None


# ---- in ----------------------------------------------------------------------------------------


def arrival_of(update: Update) -> Arrival | None:
    """The event an update carries, or None when it asks for nothing."""
    if update.callback_query:
        return _tap(update.update_id, update.callback_query)
    if update.message:
        return _message(update.update_id, update.message)
    return None


def left_by(update: Update) -> str | None:
    """The person who has just blocked the bot, if that is what the update says."""
    change = update.my_chat_member
    if change and change.new_chat_member.status in (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT):
        return str(change.chat.id)
    return None


def _key(update_id: int, own: str) -> str:
    """The number of an update, with what it carries' own: Telegram's numbers are one bot's, and start again after a
    week of silence, whereas the database may outlive both."""
    return f"{update_id}:{own}"


def _tap(update_id: int, query: CallbackQuery) -> Arrival | None:
    key = _key(update_id, query.id)
    chat = query.message.chat if query.message else None
    origin: dict[str, Any] = {"tap": query.id}
    if chat is None:
        # A button of a message too old to be known: the person is the chat.
        return Arrival(CHANNEL, key, str(query.from_user.id), Event(EventKind.TAPPED, ""), origin)
    if chat.type != ChatType.PRIVATE:
        return Arrival(CHANNEL, key, str(chat.id), Event(EventKind.IN_A_GROUP), origin)
    if isinstance(query.message, Message):
        origin["edit"] = query.message.message_id
    return Arrival(CHANNEL, key, str(chat.id), Event(EventKind.TAPPED, query.data or ""), origin)


def _message(update_id: int, message: Message) -> Arrival | None:
    key, person = _key(update_id, str(int(message.date.timestamp()))), str(message.chat.id)
    if message.chat.type != ChatType.PRIVATE:
        # Only to who speaks to the bot: joining, or a command. The rest of a group's talk is none of its business.
        spoken_to = (message.text or "").startswith("/") or any(u.is_bot for u in message.new_chat_members or ())
        if not spoken_to:
            return None
        return Arrival(CHANNEL, key, person, Event(EventKind.IN_A_GROUP), {})
    return Arrival(CHANNEL, key, person, _event(message), {})


def _event(message: Message) -> Event:
    text = message.text or message.caption
    if message.location:
        return Event(EventKind.SHARED, "", message.location.latitude, message.location.longitude)
    if text and text.split("@")[0].split()[0:1] == ["/start"]:
        return Event(EventKind.STARTED, text.partition(" ")[2].strip())
    if text:
        return Event(EventKind.SAID, text)
    return Event(EventKind.UNREADABLE)


# ---- out ---------------------------------------------------------------------------------------


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
    return {"send": Pace.MESSAGE, "edit": Pace.EDIT, "answer": Pace.FREE}[message["call"]]


def _calls(reply: Reply, origin: dict[str, Any]) -> list[dict[str, Any]]:
    parts = split(_html(reply))
    calls: list[dict[str, Any]] = [{"call": "send", "text": part} for part in parts]
    if reply.edits and "edit" in origin and len(parts) == 1:
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


def _markup(keyboard: dict[str, Any] | None) -> dict[str, Any] | None:
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


async def send(bot: Bot, person: str, message: dict[str, Any]) -> None:
    """Makes one Bot API call. Raises what scheduler.delivery understands: NotSent, Unsure or Refused."""
    try:
        await _call(bot, person, message)
    except RetryAfter as error:
        seconds = error.retry_after
        raise NotSent(
            "RetryAfter", float(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds), everyone=True
        ) from None
    except Forbidden:
        raise Refused("Forbidden", gone=True) from None
    except (BadRequest, InvalidToken) as error:
        raise Refused(type(error).__name__) from None
    except NetworkError as error:
        raise _doubt(error) from None


def _doubt(error: NetworkError) -> NotSent | Unsure:
    """Whether the request left: it did not if the connection was never made, nor if the server said it failed."""
    cause = error.__cause__
    if isinstance(cause, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)) or cause is None:
        return NotSent(type(cause or error).__name__)
    return Unsure(type(cause).__name__)


async def _call(bot: Bot, person: str, message: dict[str, Any]) -> None:
    if message["call"] == "answer":
        await bot.do_api_request(ANSWER, {"callback_query_id": message["tap"]})
        return
    shown: dict[str, Any] = {
        "chat_id": int(person),
        "text": message["text"],
        "parse_mode": ParseMode.HTML.value,
        "link_preview_options": {"is_disabled": True},
    }
    if markup := _markup(message.get("keyboard")):
        shown["reply_markup"] = markup
    if message["call"] == "edit":
        try:
            await bot.do_api_request(EDIT, {**shown, "message_id": message["message_id"]})
            return
        except BadRequest as error:
            if "not modified" in error.message:
                return
            # Too old to be changed, or gone: say it anew rather than not at all.
            logger.info("an edit became a message")
    await bot.do_api_request(SEND, shown)


# ---- polling and webhook ---------------------------------------------------------------------------

Receive = Callable[[Sequence[Update]], Awaitable[None]]


async def poll(bot: Bot, receive: Receive) -> None:
    """Long polling, for ever: each batch is stored by `receive` before the next call acknowledges it.

    python-telegram-bot's own Updater acknowledges what is still only in memory, hence this loop.
    Raises InvalidToken when the token is refused.
    """
    offset, wait, by_webhook = 0, 1.0, True
    while True:
        try:
            if by_webhook:
                await bot.delete_webhook(drop_pending_updates=False)
                by_webhook = False
            updates = await bot.get_updates(offset=offset, timeout=POLL_SECONDS, allowed_updates=KINDS)
            if updates:
                await receive(updates)
                offset = updates[-1].update_id + 1
            wait = 1.0
        except InvalidToken:
            raise
        except TimedOut:
            continue
        except Exception as error:
            seconds = error.retry_after if isinstance(error, RetryAfter) else wait
            logger.warning("updates could not be received: %s", type(error).__name__)
            await asyncio.sleep(float(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds))
            wait = min(30.0, wait * 2)


async def set_webhook(bot: Bot, settings: Settings) -> None:
    """Asks Telegram to bring updates to this process's web server."""
    secret = settings.TELEGRAM_WEBHOOK_SECRET
    await bot.set_webhook(
        f"{settings.TELEGRAM_WEBHOOK_URL}{TELEGRAM_PATH}",
        allowed_updates=KINDS,
        secret_token=secret.get_secret_value() if secret else None,
    )


def updates_from(bot: Bot, body: Any) -> list[Update]:
    """The update a webhook brought. Raises ValueError when it is not one."""
    if not isinstance(body, dict) or not isinstance(body.get("update_id"), int):
        raise ValueError("not an update")
    try:
        return [Update.de_json(body, bot)]
    except (KeyError, TypeError, AttributeError, TelegramError) as error:
        raise ValueError("not an update") from error
