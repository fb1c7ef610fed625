"""Downloading a document from an address that a person gave: it must never be a way into the network we run in."""

import re
import socket
import ssl
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from time import monotonic

import httpcore
import httpx

_MOST_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_PATIENCE_S = 15.0  # how long a server may stay silent
_PIECE_BYTES = 65_536
_GZIP = 31  # for zlib: the largest window, with the header of gzip

_TOO_SLOW = "le serveur ne répond pas, ou trop lentement"
_DAMAGED = "le document est arrivé incomplet ou abîmé"
_UNREADABLE = "cette adresse est illisible"


class CannotFetch(ValueError):
    """A document that could not be downloaded; the message says why, in French."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it is now. When it is `unchanged` since the copy that was told, nothing was written at `path`."""

    path: Path
    content_type: str  # as the server says it, "" when it does not
    etag: str | None
    unchanged: bool
    last_modified: str | None = None  # as the server writes it


def fetch(
    url: str,
    into: Path,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    most_bytes: int = 200_000_000,
    within_s: float = 300,
) -> Fetched:
    """Write the document of an https address to the file `into`, which is left as it was when that fails.

    `etag` and `last_modified` are those of an earlier copy, which is not sent again if it is still good. `most_bytes`
    counts what is written, once decompressed. `within_s` is for everything, in seconds, except finding the address of
    a name, for which the system has its own limit. Raises CannotFetch.
    """
    address = _parsed(url)
    network = _PublicNetwork(ends_at=monotonic() + within_s)
    with _said_plainly(), httpcore.ConnectionPool(httpx.create_ssl_context(), network_backend=network) as pool:
        for _ in range(_MOST_REDIRECTS + 1):
            with pool.stream("GET", _target(address), headers=_headers(address, etag, last_modified)) as response:
                headers = httpx.Headers(response.headers)
                content_type = headers.get("content-type", "")
                if response.status == 304 and (etag or last_modified):
                    return Fetched(into, content_type, etag, True, last_modified)
                if response.status == 200:
                    _save(_pieces(response, headers.get("content-encoding", "")), into, most_bytes)
                    return Fetched(into, content_type, headers.get("etag"), False, headers.get("last-modified"))
                address = _next(address, response.status, headers.get("location", ""))
    raise CannotFetch("cette adresse renvoie trop de fois vers une autre")


# What may be asked for.

# The last part of a name begins with a letter: 2130706433, 0x7f.1 and 127.1 are other ways to write 127.0.0.1.
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z][a-z0-9-]{0,62}")


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        parsed = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise CannotFetch(_UNREADABLE) from None
    if parsed.scheme != "https":
        raise CannotFetch("l'adresse doit commencer par https://")
    if parsed.userinfo:
        raise CannotFetch("l'adresse ne doit contenir ni nom d'utilisateur ni mot de passe")
    port = 443 if parsed.port is None else parsed.port
    if not _is_host(parsed.raw_host.decode()) or port not in range(1, 65_536):
        raise CannotFetch(_UNREADABLE)
    return parsed


def _is_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return _NAME.fullmatch(host) is not None
    return True


def _target(address: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path)


def _headers(address: httpx.URL, etag: str | None, last_modified: str | None) -> list[tuple[bytes, bytes]]:
    asked = [
        (b"Host", address.netloc),
        (b"User-Agent", b"La Bonne Porte"),
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", b"gzip"),
    ]
    earlier = {b"If-None-Match": etag, b"If-Modified-Since": last_modified}
    return [*asked, *((name, value.encode()) for name, value in earlier.items() if value)]


def _next(address: httpx.URL, status: int, location: str) -> httpx.URL:
    if status in _REDIRECTS and location:
        return _parsed(location, address)
    if status in (404, 410):
        raise CannotFetch("il n'y a pas de document à cette adresse")
    if status in (401, 403):
        raise CannotFetch("ce document n'est pas public")
    raise CannotFetch(f"le serveur ne donne pas le document (réponse {status})")


# Who may be spoken to.

_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: how a network without IPv4 reaches the rest of the Internet
# What ipaddress takes for public, and is not, or not surely.
_NOT_PUBLIC = [
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # the machine under an Azure machine
        "192.0.0.0/24",  # RFC 6890: protocols of the local network
        "192.88.99.0/24",  # RFC 7526: relays towards 2002::/16
        "2002::/16",  # RFC 3056: hides an IPv4 address
        "3fff::/20",  # RFC 9637: documentation
        *("::/3", "4000::/2", "8000::/1"),  # all but 2000::/3, the only part of IPv6 given out for public use
    )
]


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if address in _NAT64:
        address = IPv4Address(address.packed[-4:])
    in_doubt = address.is_multicast or any(address in network for network in _NOT_PUBLIC)
    return address.is_global and not in_doubt


def _public_addresses(host: str, port: int) -> list[str]:
    """All the addresses of a host. Raises CannotFetch when one of them is not public."""
    try:
        found = [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise CannotFetch("ce site est introuvable") from None
    if not all(_is_public(ip_address(address)) for address in found):
        raise CannotFetch("cette adresse mène à un réseau privé")
    return found


class _PublicNetwork(httpcore.NetworkBackend):
    """Connects to the very addresses that were checked: a name asked twice may answer otherwise the second time."""

    def __init__(self, ends_at: float) -> None:
        self._ends_at = ends_at
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectTimeout()
        for address in _public_addresses(host, port):
            try:
                return _Stream(self._sockets.connect_tcp(address, port, _wait(self._ends_at)), self._ends_at)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection that ends on time, however little is sent at once."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream = stream
        self._ends_at = ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if monotonic() > self._ends_at:
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, _wait(self._ends_at))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _wait(self._ends_at))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            secured = self._stream.start_tls(ssl_context, server_hostname, _wait(self._ends_at))
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise CannotFetch("ce site ne prouve pas son identité (certificat refusé)") from None
            raise
        return _Stream(secured, self._ends_at)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _wait(ends_at: float) -> float:
    """How long to wait for a server now, in seconds. Never 0, which would mean not to wait but to try again."""
    return max(0.001, min(_PATIENCE_S, ends_at - monotonic()))


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError):
        raise CannotFetch(_TOO_SLOW) from None
    except (httpcore.ProtocolError, zlib.error):
        raise CannotFetch(_DAMAGED) from None


# What is kept.


def _pieces(response: httpcore.Response, encoding: str) -> Iterator[bytes]:
    if encoding.lower() in ("", "identity"):
        return response.iter_stream()
    if encoding.lower() in ("gzip", "x-gzip"):
        return _unzipped(response.iter_stream())
    raise CannotFetch("le serveur envoie le document sous une forme inconnue")


def _unzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What pieces of gzip hold, a little at a time: a few bytes may hold more than the memory does."""
    unzip = zlib.decompressobj(_GZIP)
    for piece in pieces:
        while piece:
            if unzip.eof:
                raise CannotFetch(_DAMAGED)  # something follows: half a document must not pass for a whole one
            yield unzip.decompress(piece, _PIECE_BYTES)
            piece = unzip.unused_data or unzip.unconsumed_tail
    if not unzip.eof:
        raise CannotFetch(_DAMAGED)


def _save(pieces: Iterator[bytes], into: Path, most_bytes: int) -> None:
    part = into.with_name(f"{into.name}.part")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                if file.tell() + len(piece) > most_bytes:
                    raise CannotFetch(f"le document dépasse {_in_words(most_bytes)}")
                file.write(piece)
        part.replace(into)
    finally:
        part.unlink(missing_ok=True)


def _in_words(count: int) -> str:
    return f"{count // 1_000_000} Mo" if count >= 1_000_000 else f"{count // 1_000} ko"
