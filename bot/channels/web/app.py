"""The web application: its addresses, and what each one answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.channels.web import session as sessions
from bot.channels.web.calendars import Calendars, NoCalendar
from bot.channels.web.forms import Act, Fields, Refused, out_of_date, payload_of, read_act, read_fields
from bot.channels.web.pages import STATIC, Bubble, as_history, bubbles, render, unseen, version
from bot.channels.web.session import CHANNEL
from bot.channels.web.shield import Shield
from bot.channels.web.uploads import read_upload
from bot.inbox import Arrival
from bot.photos import received
from bot.runner import Runner
from bot.settings import TELEGRAM_PATH, Settings
from catalogue.database import reading
from catalogue.tables import conversations
from handlers.dialogue import Event, Gesture, Reply
from handlers.locale import gettext as _

Webhook = Callable[[Request], Awaitable[Response]]

URGENT_WITHIN_S = 4.0  # someone in danger does not wait longer for a database
FRAGMENT = "X-Fragment"  # asked for by the page's script, and on what answers it
FOR_EVER, A_LITTLE = "public, max-age=31536000, immutable", "public, max-age=300"
FOR_ONE_PERSON = "private, no-store"


def create_app(runner: Runner, settings: Settings, webhook: Webhook | None = None) -> Starlette:
    """The web chat as an ASGI application; `webhook` also receives Telegram's updates."""
    chat, calendars = Chat(runner, settings), Calendars(runner)
    routes: list[BaseRoute] = [
        Route("/", chat.page, name="chat"),
        Route("/message", chat.message, methods=["POST"], name="message"),
        Route("/photo", chat.photo_sent, methods=["POST"], name="photo-sent"),
        Route("/photo/{number:int}", chat.photo, name="photo"),
        Route("/a-propos", chat.about, name="about"),
        Route("/sante", chat.health, name="health"),
        Route("/rendez-vous/{number:int}.ics", calendars.one_date, name="date"),
        Route("/agenda/{territory}.ics", calendars.territory, name="calendar"),
        Mount("/static", VersionedFiles(directory=STATIC), name="static"),
    ]
    if webhook:
        routes.append(Route(TELEGRAM_PATH, webhook, methods=["POST"], name="telegram"))
    return Starlette(
        routes=routes,
        middleware=[Middleware(Shield, failed=_failed)],
        exception_handlers=_INSTEAD,
    )


@dataclass(frozen=True, slots=True)
class Chat:
    """What each address answers."""

    runner: Runner
    settings: Settings

    async def page(self, request: Request) -> Response:
        """The conversation; or the greeting, of which nothing is kept before the person answers."""
        session = sessions.session_of(request)
        preset = payload_of(*(request.query_params.get(name, "") for name in ("lieu", "besoin", "fiche", "agenda")))
        shown = None if preset else await run_in_threadpool(self._said, session)
        start = None if shown else preset
        shown = shown or await run_in_threadpool(self._greeting, preset)
        session = session or sessions.new_session()
        html = render("chat.html", bubbles=shown, start=start, **_proofs(session))
        response = HTMLResponse(html)
        sessions.keep_session(request, response, session)
        return response

    async def message(self, request: Request) -> Response:
        """One act of a person: a button, words or a position; then back to the conversation."""
        fields = await read_fields(request)
        session = _sure_of(request, fields)
        act = read_act(fields)
        urgent = self.runner.urgent(act.event)
        if urgent:
            taken = await self._take_or_help(session, act)
            if taken is None:
                return self._help(request, session, act.event, urgent)
            shown = taken
        else:
            shown = await run_in_threadpool(self._take, session, act)
        return _answered(request, session, shown, act.seen)

    async def photo_sent(self, request: Request) -> Response:
        """A photo, read only if the conversation asks for one; then back to it."""
        session = sessions.session_of(request)
        person = sessions.person_of(session) if session else ""
        if not session or not await run_in_threadpool(self.runner.awaits_photo, CHANNEL, person):
            raise out_of_date(HTTPStatus.CONFLICT)
        fields, content = await read_upload(request)
        _sure_of(request, fields)
        act = read_act(fields, Event(Gesture.RECEIVED))
        shown = await run_in_threadpool(self._take_photo, session, act, content)
        return _answered(request, session, shown, act.seen)

    async def photo(self, request: Request) -> Response:
        """A photo of a poster, for who may see it now."""
        session = sessions.session_of(request)
        person, number = sessions.person_of(session) if session else "", request.path_params["number"]
        jpeg = await run_in_threadpool(self.runner.photo, CHANNEL, person, number) if _is_a_number(number) else None
        if jpeg is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": FOR_ONE_PERSON})

    async def about(self, request: Request) -> Response:
        """What this is, what is kept, where the facts come from, whom to call. Needs no database."""
        session = sessions.session_of(request)
        proofs = _proofs(session) if session else None
        return HTMLResponse(render("about.html", settings=self.settings, proofs=proofs))

    async def health(self, request: Request) -> Response:
        """For whoever watches over the service: whether the database answers."""
        try:
            await run_in_threadpool(self._ask_database)
        except SQLAlchemyError:
            return PlainTextResponse(_("la base de données ne répond pas"), HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ok")

    async def _take_or_help(self, session: str, act: Act) -> list[Bubble] | None:
        """The same as `_take`, None when the database fails or is slow: someone in danger does not wait for it."""
        taking = asyncio.get_running_loop().run_in_executor(None, self._take, session, act)
        try:
            return await asyncio.wait_for(asyncio.shield(taking), URGENT_WITHIN_S)
        except TimeoutError:
            taking.add_done_callback(_whatever_became)
            return None
        except SQLAlchemyError:
            return None

    def _help(self, request: Request, session: str, event: Event, reply: Reply) -> Response:
        """Whom to call, on a page that the database had no part in."""
        words = event.text[:500] if event.kind is Gesture.SAID else _("Urgence : les numéros")
        shown = bubbles([{"words": words}, *as_history([reply])])
        if _wants_part(request):
            html = render("part.html", bubbles=shown, whole=False, once=sessions.new_once())
            return HTMLResponse(html, headers={FRAGMENT: "1"})
        return HTMLResponse(render("chat.html", bubbles=shown, start=None, **_proofs(session)))

    def _said(self, session: str | None) -> list[Bubble]:
        history = self.runner.conversation(CHANNEL, sessions.person_of(session)) if session else None
        return bubbles(history or [])

    def _greeting(self, payload: str) -> list[Bubble]:
        return bubbles(as_history(self.runner.preview(Event(Gesture.STARTED, payload)).replies))

    def _take(self, session: str, act: Act) -> list[Bubble]:
        # What was shown before the first answer was not kept: it is said now, unless another page did.
        if act.start or (act.start is not None and not self._said(session)):
            self._turn(session, sessions.key_of(session, act.once, None), Event(Gesture.STARTED, act.start))
        self._turn(session, sessions.key_of(session, act.once, act.event), act.event)
        return self._said(session)

    def _take_photo(self, session: str, act: Act, content: bytes) -> list[Bubble]:
        # The act says nothing of the photo: the same form sent twice is one.
        key = sessions.key_of(session, act.once, act.event)
        self._turn(session, key, received(self.runner.engine, content))
        return self._said(session)

    def _turn(self, session: str, key: str, event: Event) -> None:
        self.runner.turn(Arrival(CHANNEL, key, sessions.person_of(session), event, {}))

    def _ask_database(self) -> None:
        with reading(self.runner.engine) as connection:
            connection.execute(select(conversations.c.updated_at).limit(1))


class VersionedFiles(StaticFiles):
    """Static files: kept for ever under the address that names their version, a little while under any other."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        asked = Request(scope).query_params.get("v")
        response.headers["Cache-Control"] = FOR_EVER if asked and asked == version(path) else A_LITTLE
        return response


def _whatever_became(taking: asyncio.Future[list[Bubble]]) -> None:
    """A late failure was answered for already; its words must not be logged."""
    if not taking.cancelled():
        taking.exception()


def _proofs(session: str) -> dict[str, str]:
    return {"csrf": sessions.csrf_token(session), "once": sessions.new_once()}


def _sure_of(request: Request, fields: Fields) -> str:
    """The session of a form that one of our pages sent. Raises Refused for any other."""
    session = sessions.session_of(request)
    if not session or not sessions.comes_from_here(request, session, fields.get("csrf", "")):
        raise out_of_date(HTTPStatus.FORBIDDEN)
    return session


def _is_a_number(number: int) -> bool:
    """Whether a photo may have that number: larger ones are no number to a database."""
    return 0 < number < 2**63


def _answered(request: Request, session: str, shown: list[Bubble], seen: str) -> Response:
    response = _part(shown, seen) if _wants_part(request) else RedirectResponse("/#suite", HTTPStatus.SEE_OTHER)
    sessions.keep_session(request, response, session)
    return response


def _wants_part(request: Request) -> bool:
    return request.headers.get(FRAGMENT) == "1"


def _part(shown: list[Bubble], seen: str) -> Response:
    new = unseen(shown, seen)
    html = render("part.html", bubbles=shown if new is None else new, whole=new is None, once=sessions.new_once())
    return HTMLResponse(html, headers={FRAGMENT: "1"})


def _refusal(request: Request, status: int, title: str, words: str, **values: bool) -> Response:
    wants_part = _wants_part(request)
    shown = {"reload": False, "urgent": False} | values
    html = render("refusal_part.html" if wants_part else "refusal.html", title=title, words=words, **shown)
    return HTMLResponse(html, status, headers={FRAGMENT: "1"} if wants_part else None)


async def _refused(request: Request, error: Refused) -> Response:
    return _refusal(request, error.status, _("Ce message n'est pas passé"), error.words, reload=error.reload)


async def _not_a_page(request: Request, error: HTTPException) -> Response:
    words = _("L'adresse est peut-être mal recopiée. La bonne porte est juste à côté.")
    response = _refusal(request, error.status_code, _("Cette page n'existe pas"), words)
    response.headers.update(error.headers or {})
    return response


async def _no_calendar(request: Request, error: NoCalendar) -> Response:
    return _refusal(request, error.status_code, _("Ce calendrier n'existe pas"), error.words)


def _failed(request: Request) -> Response:
    words = _("Quelque chose ne marche pas chez nous. Ce n'est pas votre faute. Réessayez dans quelques minutes.")
    return _refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, _("Pardon"), words, urgent=True)


_INSTEAD: dict[Any, Any] = {Refused: _refused, NoCalendar: _no_calendar, HTTPException: _not_a_page}
