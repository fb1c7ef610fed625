"""The calls of the Bot API on aiohttp: less than half the CPU of python-telegram-bot's own transport, on httpx."""

from functools import cache
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
    TCPConnector,
)
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECT_S = 5.0
FORM = "application/x-www-form-urlencoded"
# No connection was made to Telegram: no name, no answer, no certificate, a proxy that would not.
_NEVER_LEFT = (ClientConnectorError, ClientHttpProxyError, ConnectionTimeoutError)


class NeverLeft(Exception):
    """The cause of an error: the request provably did not leave."""


class MayHaveLeft(Exception):
    """The cause of an error: the request may have reached Telegram."""


class AiohttpRequest(BaseRequest):
    """A pool of connections. Waits `read_timeout` seconds for an answer, unless the caller asks otherwise.

    Nothing it raises holds the address, which holds the token: not even the causes, hence two of our own. Files are
    not sent.
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
                data=request_data.url_encoded_parameters().encode() if request_data else None,
                headers={"Content-Type": FORM, "User-Agent": self.USER_AGENT},
                allow_redirects=False,
                proxy=_proxy(url),
                timeout=ClientTimeout(connect=CONNECT_S, sock_read=seconds),
            ) as response:
                return response.status, await response.read()
        except (ClientError, TimeoutError) as error:
            raise _named(error) from _cause(error)


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
