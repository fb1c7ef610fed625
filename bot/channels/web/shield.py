"""Around every answer: the headers that protect it, and words instead of a failure."""

import logging
import traceback
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "geolocation=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Shield:
    """Protects every answer, and turns what was not foreseen into `failed`'s answer. Nothing of the request is logged:
    not even an error's message, which may quote what a person wrote.
    """

    def __init__(self, app: ASGIApp, failed: Callable[[Request], Response]) -> None:
        self._app, self._failed = app, failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def protect(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, protect)
        except ClientDisconnect:
            pass  # the person left while sending: there is nobody to answer
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            logger.error("a page failed: %s at %s:%s", type(error).__name__, last.name, last.lineno)
            if not started:
                await self._failed(Request(scope))(scope, receive, protect)
