"""The calls of the Bot API on aiohttp: less than half the CPU of python-telegram-bot's own transport, on httpx."""

from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    FormData,
    StreamReader,
    TCPConnector,
)
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECT_S = 5.0
UPLOAD_S = 30.0  # for a message with a file, answer included: less than the lease of one (scheduler.outbox)
FORM = "application/x-www-form-urlencoded"
# No connection was made to Telegram: no name, no answer, no certificate, a proxy that would not.
_NEVER_LEFT = (ClientConnectorError, ClientHttpProxyError, ConnectionTimeoutError)


class NeverLeft(Exception):
    """The cause of an error: the request provably did not leave."""


class MayHaveLeft(Exception):
    """The cause of an error: the request may have reached Telegram."""


class TooHeavy(Exception):
    """What is downloaded has more bytes than were allowed."""


class AiohttpRequest(BaseRequest):
    """A pool of connections. Waits `read_timeout` seconds for an answer, unless the caller asks otherwise.

    Nothing it raises holds the address, which holds the token: not even the causes, hence two of our own.
    """

    __slots__ = ("_read_timeout", "_session")

    def __init__(self, read_timeout: float) -> None:
        self._read_timeout = read_timeout
        self._session: ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Opens the pool, if it is not."""
        if self._session is None:
            # The authorities httpx trusts: they come with it, whereas a small system may have none.
            connector = TCPConnector(ssl=httpx.create_ssl_context())
            self._session = ClientSession(connector=connector, cookie_jar=DummyCookieJar())

    async def shutdown(self) -> None:
        """Closes the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """The status and the body of the answer, whatever the status. Of the timeouts, only that to read is used.

        Raises TimedOut or NetworkError, caused by NeverLeft or MayHaveLeft.
        """
        if self._session is None:
            raise RuntimeError("not initialized")
        seconds = self._read_timeout if read_timeout is self.DEFAULT_NONE else read_timeout
        try:
            async with self._session.request(
                method,
                url,
                data=_body(request_data),
                headers=_headers(request_data),
                allow_redirects=False,
                proxy=_proxy(url),
                timeout=ClientTimeout(total=_longest(request_data), connect=CONNECT_S, sock_read=seconds),
            ) as response:
                return response.status, await response.read()
        except (ClientError, TimeoutError) as error:
            raise _named(error) from _cause(error)

    async def download(self, url: str, most: int, seconds: float) -> bytes:
        """What an address holds, in so many seconds at most.

        Raises TooHeavy for more than so many bytes, NetworkError or TimedOut when it does not come whole.
        """
        if self._session is None:
            raise RuntimeError("not initialized")
        timeout = ClientTimeout(total=seconds, connect=CONNECT_S)
        try:
            async with self._session.get(url, allow_redirects=False, proxy=_proxy(url), timeout=timeout) as response:
                if response.status != HTTPStatus.OK:
                    raise NetworkError(f"{response.status}")
                return await _at_most(most, response.content)
        except (ClientError, TimeoutError) as error:
            raise _named(error) from _cause(error)


async def _at_most(most: int, content: StreamReader) -> bytes:
    found = bytearray()
    async for chunk in content.iter_any():
        found += chunk
        if len(found) > most:
            raise TooHeavy
    return bytes(found)


def _body(data: RequestData | None) -> bytes | FormData | None:
    if data is None or not data.contains_files:
        return data.url_encoded_parameters().encode() if data else None
    form = FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form


def _longest(data: RequestData | None) -> float | None:
    return UPLOAD_S if data and data.contains_files else None


def _headers(data: RequestData | None) -> dict[str, str]:
    """That of a form with files says where each part ends: aiohttp writes it."""
    who = {"User-Agent": BaseRequest.USER_AGENT}
    return who if data and data.contains_files else {"Content-Type": FORM, **who}


def _named(error: Exception) -> NetworkError:
    return TimedOut() if isinstance(error, TimeoutError) else NetworkError(type(error).__name__)


def _cause(error: Exception) -> NeverLeft | MayHaveLeft:
    kind = NeverLeft if isinstance(error, _NEVER_LEFT) else MayHaveLeft
    return kind(type(error).__name__)


@cache
def _proxy(url: str) -> str | None:
    """What HTTPS_PROXY, HTTP_PROXY and NO_PROXY say: aiohttp would read them, and ~/.netrc, again at each call."""
    address = urlsplit(url)
    return None if proxy_bypass(address.netloc) else getproxies().get(address.scheme)
