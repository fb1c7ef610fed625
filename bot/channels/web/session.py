"""Who is speaking, as far as the web chat knows: one random cookie, of which the database only holds a fingerprint."""

import hashlib
import hmac
import json
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

from handlers.dialogue import Event
from scheduler.retention import CONVERSATION_LASTS

CHANNEL = "web"
COOKIE = "session"
RANDOM_BYTES = 24

_SESSION = re.compile(r"[A-Za-z0-9_-]{32,64}")


def new_session() -> str:
    """A session nobody can guess."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def new_once() -> str:
    """A form's one-use number."""
    return secrets.token_urlsafe(12)


def session_of(request: Request) -> str | None:
    """The session a request carries, or None when it has none or one we would not have made."""
    value = request.cookies.get(COOKIE, "")
    return value if _SESSION.fullmatch(value) else None


def keep_session(request: Request, response: Response, session: str) -> None:
    """Gives the session back for as long as a conversation lasts from now."""
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(CONVERSATION_LASTS.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def person_of(session: str) -> str:
    """The name of a conversation in the database: it does not let anyone find the cookie."""
    return hashlib.sha256(session.encode()).hexdigest()


def csrf_token(session: str) -> str:
    """What a form must send back: only a page read with the cookie can hold it."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def key_of(session: str, once: str, event: Event | None) -> str:
    """The number of one act (None: the start that comes before it): the same button twice is one act, two buttons of
    one page are two. Once a conversation is erased it says nothing: neither who, nor what.
    """
    said = json.dumps([once, event.to_json() if event else None])
    return hmac.new(session.encode(), said.encode(), hashlib.sha256).hexdigest()


def comes_from_here(request: Request, session: str, token: str) -> bool:
    """Whether a form was sent by one of our pages, as the browser and the form's token say it."""
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    # Older browsers only say the origin, or "null" for our own forms under `Referrer-Policy: no-referrer`. It is not
    # read when `site` is known: a proxy may have changed the host it is compared with.
    origin = request.headers.get("origin", "null") if site is None else "null"
    if origin != "null" and origin.partition("://")[2].lower() != request.headers.get("host", "").lower():
        return False
    return hmac.compare_digest(token.encode(), csrf_token(session).encode())
