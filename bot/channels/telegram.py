"""Telegram: updates in, messages out. The only module that knows the Bot API, through python-telegram-bot."""

import asyncio
import contextlib
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from telegram import (
    Bot,
    BotCommand,
    CallbackQuery,
    InputFile,
    Message,
    Update,
)
from telegram.constants import ChatMemberStatus, ChatType, ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.channels.aiohttp_request import AiohttpRequest, NeverLeft, TooHeavy
from bot.channels.telegram_messages import CHANNEL, compose, markup, pace_of
from bot.channels.telegram_photos import PhotoFetcher, Unreachable
from bot.dispatch import PATIENCE_S, Dispatcher
from bot.inbox import Arrival
from bot.runner import Runner
from bot.settings import TELEGRAM_PATH, CannotStart, Settings
from catalogue import photos
from catalogue.database import reading
from catalogue.pictures import MOST_BYTES, Flaw, Unusable
from handlers.dialogue import Event, Gesture
from handlers.locale import gettext as _
from scheduler.delivery import Delivery, NotSent, Refused, Unsure
from scheduler.limits import Limiter

logger = logging.getLogger(__name__)

REFUSED = "Telegram refuse TELEGRAM_TOKEN : vérifiez le jeton donné par @BotFather."
TURNS_AT_ONCE = 4
LARGEST_UPDATE = 1_000_000  # bytes
KINDS = [Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER]
POLL_SECONDS = 30
HELPED_REMEMBERED = 1_000
URGENT_WITHIN_S = 4.0  # someone in danger does not wait longer for a database
# Called by name, and the answer left as it came: building python-telegram-bot's objects for both triples the CPU of a
# message. The capital letter, which the Bot API does not mind, says that this is meant (`Bot.do_api_request`).
SEND, EDIT, ANSWER = "SendMessage", "EditMessageText", "AnswerCallbackQuery"
PHOTO, FILE = "SendPhoto", "GetFile"
DOWNLOAD_S = 20.0


def make_bot(settings: Settings) -> Bot:
    """The Bot API client of this process. Raises telegram.error.InvalidToken if the token cannot be one."""
    token = settings.TELEGRAM_TOKEN.get_secret_value() if settings.TELEGRAM_TOKEN else ""
    sending, polling = AiohttpRequest(read_timeout=15), AiohttpRequest(read_timeout=POLL_SECONDS + 10)
    base = settings.TELEGRAM_API_URL
    return Bot(
        token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot", request=sending, get_updates_request=polling
    )


async def introduce(bot: Bot) -> None:
    """Sets the commands menu and the descriptions, in French."""
    commands = (
        ("start", _("Trouver un lieu ou un coup de main")),
        ("agenda", _("Ce qui se passe près de chez vous")),
        ("mesrappels", _("Voir et arrêter mes rappels")),
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
        return Arrival(CHANNEL, key, str(query.from_user.id), Event(Gesture.TAPPED, ""), origin)
    if chat.type != ChatType.PRIVATE:
        return Arrival(CHANNEL, key, str(chat.id), Event(Gesture.IN_A_GROUP), origin)
    if isinstance(query.message, Message):
        origin["edit"] = query.message.message_id
    return Arrival(CHANNEL, key, str(chat.id), Event(Gesture.TAPPED, query.data or ""), origin)


def _message(update_id: int, message: Message) -> Arrival | None:
    key, person = _key(update_id, str(int(message.date.timestamp()))), str(message.chat.id)
    if message.chat.type != ChatType.PRIVATE:
        # Only to who speaks to the bot: joining, or a command. The rest of a group's talk is none of its business.
        spoken_to = (message.text or "").startswith("/") or any(u.is_bot for u in message.new_chat_members or ())
        if not spoken_to:
            return None
        return Arrival(CHANNEL, key, person, Event(Gesture.IN_A_GROUP), {})
    return Arrival(CHANNEL, key, person, _event(message), {})


def _event(message: Message) -> Event:
    text = message.text or message.caption
    if message.location:
        return Event(Gesture.SHARED, "", message.location.latitude, message.location.longitude)
    if text and text.split("@")[0].split()[0:1] == ["/start"]:
        return Event(Gesture.STARTED, text.partition(" ")[2].strip())
    if text:
        return Event(Gesture.SAID, text, photo=_photo(message))
    return Event(Gesture.UNREADABLE, photo=_photo(message))


def _photo(message: Message) -> str:
    """What Telegram calls the photo of a message, sent as one or as a file; "" for none."""
    if message.photo:
        return message.photo[-1].file_id  # the largest
    sent = message.document
    return sent.file_id if sent and (sent.mime_type or "").startswith("image/") else ""


async def download(bot: Bot, reference: str) -> bytes:
    """A photo that somebody sent. Raises what PhotoFetcher understands: Unusable, or Unreachable for the moment."""
    try:
        found = await bot.do_api_request(FILE, {"file_id": reference})
        if found.get("file_size", 0) > MOST_BYTES:
            raise TooHeavy
        request = cast(AiohttpRequest, bot.request)
        return await request.download(f"{bot.base_file_url}/{quote(found['file_path'])}", MOST_BYTES, DOWNLOAD_S)
    except TooHeavy:
        raise Unusable(Flaw.TOO_HEAVY) from None
    except BadRequest as error:
        raise Unusable(Flaw.TOO_HEAVY if "too big" in error.message else Flaw.OUT_OF_REACH) from None
    except TelegramError as error:
        raise Unreachable(type(error).__name__) from None


# ---- out ---------------------------------------------------------------------------------------


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
    if isinstance(cause, NeverLeft) or cause is None:
        return NotSent(str(cause or type(error).__name__))
    return Unsure(type(cause).__name__)


async def _call(bot: Bot, person: str, message: dict[str, Any]) -> None:
    if message["call"] == "answer":
        await bot.do_api_request(ANSWER, {"callback_query_id": message["tap"]})
        return
    shown: dict[str, Any] = {"chat_id": int(person), "parse_mode": ParseMode.HTML.value}
    if buttons := markup(message.get("keyboard")):
        shown["reply_markup"] = buttons
    if message["call"] == "photo":
        jpeg = InputFile(message["jpeg"], "affiche.jpg")
        await bot.do_api_request(PHOTO, {**shown, "photo": jpeg, "caption": message["text"]})
        return
    shown |= {"text": message["text"], "link_preview_options": {"is_disabled": True}}
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


# ---- this process --------------------------------------------------------------------------------


class TelegramChannel:
    """Telegram in this process: updates to the inbox, turns, the outbox to Telegram."""

    def __init__(self, settings: Settings, runner: Runner, pool: ThreadPoolExecutor) -> None:
        self._settings, self._runner, self._pool = settings, runner, pool
        try:
            self._bot = make_bot(settings)
        except InvalidToken:
            raise CannotStart(REFUSED) from None
        self._delivery = Delivery(runner.engine, CHANNEL, self._send, Limiter(), pace_of, pool)
        self._helped: OrderedDict[str, None] = OrderedDict()  # who was told whom to call without the database
        self._known = asyncio.Event()  # Telegram has answered: the token is right, the client is ready
        self._dispatcher = Dispatcher(runner, CHANNEL, pool, TURNS_AT_ONCE, self._delivery.wake)
        fetch = partial(download, self._bot)
        self._photos = PhotoFetcher(runner.engine, CHANNEL, fetch, self._dispatcher.note, pool)

    def wake(self) -> None:
        """Says that something may be due now."""
        self._delivery.wake()

    async def sweep(self) -> None:
        """Takes up what was left unhandled."""
        await self._dispatcher.sweep()

    @contextlib.asynccontextmanager
    async def running(self, failed: list[BaseException], stop: asyncio.Event) -> AsyncIterator[None]:
        """Everything this channel runs; what ends it too early is put in `failed`, and `stop` is set."""

        def watch(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and task.exception():
                failed.append(task.exception() or RuntimeError())
                stop.set()

        sending = asyncio.create_task(self._deliver())
        receiving = asyncio.create_task(self._receive_updates())
        fetching = asyncio.create_task(self._fetch_photos())
        for task in (sending, receiving, fetching):
            task.add_done_callback(watch)
        try:
            yield
        finally:
            for task in (receiving, fetching):
                task.cancel()
            await asyncio.gather(receiving, fetching, return_exceptions=True)
            await self._dispatcher.stop(PATIENCE_S)
            await self._delivery.stop(PATIENCE_S)
            if not self._known.is_set():
                sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            with contextlib.suppress(TelegramError):
                await self._bot.shutdown()

    async def webhook(self, request: Request) -> Response:
        """One update brought by Telegram: refused without the secret, acknowledged once it is stored."""
        secret = self._settings.TELEGRAM_WEBHOOK_SECRET
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        expected = secret.get_secret_value() if secret else ""
        if not expected or not secrets.compare_digest(given.encode(), expected.encode()):
            return PlainTextResponse("refusé", 403)
        if int(request.headers.get("Content-Length", "0")) > LARGEST_UPDATE:
            return PlainTextResponse("trop grand", 413)
        try:
            updates = updates_from(self._bot, await request.json())
        except ValueError:
            return PlainTextResponse("illisible", 400)
        await self.receive(updates)
        return Response(status_code=200)

    async def receive(self, updates: Sequence[Update]) -> None:
        """Stores a batch of updates, then has them handled."""
        arrivals = [arrival for update in updates if (arrival := arrival_of(update))]
        loop = asyncio.get_running_loop()
        if arrivals:
            storing = loop.run_in_executor(self._pool, self._runner.receive, arrivals)
            try:
                handled = await asyncio.wait_for(asyncio.shield(storing), URGENT_WITHIN_S)
            except TimeoutError:
                await self._help_at_once(arrivals)
                handled = await storing
            except SQLAlchemyError:
                await self._help_at_once(arrivals)
                raise
            if handled:
                self._delivery.wake()
                self._photos.wake()
            else:
                self._dispatcher.note(dict.fromkeys(arrival.person for arrival in arrivals))
        for person in filter(None, map(left_by, updates)):
            await loop.run_in_executor(self._pool, self._runner.forget, CHANNEL, person)

    async def _help_at_once(self, arrivals: Sequence[Arrival]) -> None:
        """Tells those in danger whom to call, once each, while the database takes nothing in: it will come again."""
        for arrival in arrivals:
            reply = self._runner.urgent(arrival.event)
            if not reply or arrival.key in self._helped:
                continue
            try:
                for outgoing in compose([reply], arrival.person, arrival.key, {}, datetime.now(UTC)):
                    await send(self._bot, outgoing.person, outgoing.message)
            except NotSent:
                continue  # the update comes again as long as it is not stored
            except (Unsure, Refused):
                pass
            self._helped[arrival.key] = None
            while len(self._helped) > HELPED_REMEMBERED:
                self._helped.popitem(last=False)

    async def _send(self, person: str, message: dict[str, Any]) -> None:
        if message["call"] == "photo":
            loop = asyncio.get_running_loop()
            jpeg = await loop.run_in_executor(self._pool, self._jpeg, message["photo"])
            # It may have been removed since: what was to be said beside it is said.
            message = {**message, "jpeg": jpeg} if jpeg else {**message, "call": "send"}
        await send(self._bot, person, message)

    def _jpeg(self, number: int) -> bytes | None:
        with reading(self._runner.engine) as connection:
            return photos.jpeg(connection, number)

    async def _fetch_photos(self) -> None:
        await self._known.wait()
        await self._photos.run()

    async def _deliver(self) -> None:
        await self._known.wait()
        await self._delivery.run()

    async def _receive_updates(self) -> None:
        await self._introduce()
        self._runner.telegram = self._bot.username
        self._known.set()
        if self._settings.TELEGRAM_MODE == "webhook":
            try:
                await set_webhook(self._bot, self._settings)
            except TelegramError as error:
                raise CannotStart(f"Telegram refuse TELEGRAM_WEBHOOK_URL ({error.message}).") from None
        else:
            try:
                await poll(self._bot, self.receive)
            except InvalidToken:
                raise CannotStart(REFUSED) from None

    async def _introduce(self) -> None:
        """Until Telegram answers: a network that comes late must not keep the web chat from starting."""
        wait = 1.0
        while True:
            try:
                await self._bot.initialize()
                await introduce(self._bot)
                return
            except InvalidToken:
                raise CannotStart(REFUSED) from None
            except TelegramError as error:
                logger.warning("Telegram ne répond pas (%s) ; nouvel essai.", type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(30.0, wait * 2)
