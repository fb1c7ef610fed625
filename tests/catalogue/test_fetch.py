"""Documents come from a real TLS server. Only what is outside is played: what names mean and where addresses lead."""

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address, IPv6Address
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.exchange.fetch import CannotFetch, Fetched, fetch
from tests.conftest import missing

PUBLIC, PUBLIC_V6, SILENT = "9.9.9.9", "2620:fe::fe", "9.9.9.10"
LIST = "https://guide.example/liste.csv"
CSV = b"nom;commune\nL'Escale;Nanterre\n"


class Visit(BaseHTTPRequestHandler):
    """A request to the site, answered by what the test has put at its path."""

    protocol_version = "HTTP/1.1"
    server: "Site"

    def setup(self) -> None:
        self.request.do_handshake()
        super().setup()

    def do_GET(self) -> None:
        path, _, self.query = self.path.partition("?")
        self.server.visits.append(self)
        self.server.pages[path](self)

    def give(self, status: int, content: bytes = b"", **headers: str) -> None:
        """Answer at once; the names of headers are written with _ for -."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def drip(self, beginning: bytes) -> None:
        """Answer a byte at a time, until the visitor leaves."""
        self.wfile.write(beginning)
        while True:
            self.wfile.write(b"x")
            time.sleep(0.02)

    def log_message(self, format: str, *args: object) -> None:
        pass


Page = Callable[[Visit], None]


def page(content: bytes = CSV, status: int = 200, **headers: str) -> Page:
    return lambda visit: visit.give(status, content, **headers)


def redirect(visit: Visit) -> None:
    """Send wherever the address asks, as many sites can be made to do."""
    visit.give(302, Location=unquote(visit.query).encode().decode("latin-1"), Connection="close")


class Site(ThreadingHTTPServer):
    """A site on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Visit)
        self.pages: dict[str, Page] = {"/vers": redirect}
        self.visits: list[Visit] = []
        self.names_asked_for: list[str | None] = []  # when a secure connection begins

    def secure(self, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda secured, name, context: self.names_asked_for.append(name)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a visitor that leaves, or that does not trust us


real_getaddrinfo, real_connect = socket.getaddrinfo, socket.socket.connect


class Internet:
    """Everything outside: what names mean, where addresses lead, and who was spoken to."""

    def __init__(self) -> None:
        self.names: dict[str, Iterator[tuple[str, ...]]] = {}  # the answer to each question, in turn
        self.routes: dict[str, tuple[str, int]] = {}
        self.questions: list[str] = []
        self.connections: list[tuple[str, int]] = []

    def name(self, name: str, *addresses: str) -> None:
        self.names[name] = repeat(addresses)

    def find(self, host: str, port: Any, *args: Any, **options: Any) -> list[Any]:
        """In place of getaddrinfo, which still reads what is an address already, in all the forms it knows."""
        with suppress(socket.gaierror):
            return real_getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        self.questions.append(host)
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [found for address in next(self.names[host]) for found in self.find(address, port)]

    def connect(self, sock: socket.socket, address: tuple[str, int]) -> None:
        self.connections.append(address[:2])
        if address[0] not in self.routes and not address[0].startswith("127."):
            raise ConnectionRefusedError
        real_connect(sock, self.routes.get(address[0], address))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of guide.example and autre.example, which vouches for itself, and its key, in one file."""
    openssl = shutil.which("openssl") or missing("openssl", "REQUIRE_OPENSSL")
    path = tmp_path_factory.mktemp("tls") / "guide.pem"
    asked = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=guide.example"
    names = ["-addext", "subjectAltName=DNS:guide.example,DNS:autre.example"]
    made = subprocess.run([openssl, *asked.split(), *names, "-keyout", path], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + made.stdout)
    return path


@pytest.fixture
def site(certificate: Path) -> Iterator[Site]:
    """The site, open, where nothing is published."""
    with Site() as server:
        server.secure(certificate)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def internet(site: Site, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Internet:
    """An Internet where PUBLIC leads to the site, whose certificate is trusted."""
    outside = Internet()
    outside.routes[PUBLIC] = ("127.0.0.1", site.server_port)
    for name in ("guide.example", "autre.example"):
        outside.name(name, PUBLIC)
    monkeypatch.setattr(socket, "getaddrinfo", outside.find)
    monkeypatch.setattr(socket.socket, "connect", lambda sock, address: outside.connect(sock, address))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return outside


@pytest.fixture
def trap() -> Iterator[int]:
    """A port of this machine to which nobody may connect."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener.getsockname()[1]
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.fixture
def into(tmp_path: Path) -> Iterator[Path]:
    """Where to write; what is written on the way there must not stay."""
    path = tmp_path / "liste.csv"
    yield path
    assert set(tmp_path.iterdir()) <= {path}


def test_a_document_is_written_with_what_the_server_says_of_it(internet: Internet, site: Site, into: Path) -> None:
    site.pages["/liste.csv"] = page(Content_Type="text/csv; charset=utf-8", ETag='"v1"')
    assert fetch(LIST, into) == Fetched(into, "text/csv; charset=utf-8", '"v1"', unchanged=False)
    assert into.read_bytes() == CSV


def test_the_server_is_told_who_asks_and_for_which_site(internet: Internet, site: Site, into: Path) -> None:
    site.pages["/carte"] = page()
    fetch("https://guide.example:8443/carte?ville=Saint-Étienne#plan", into)
    (visit,) = site.visits
    assert (visit.headers["Host"], visit.headers["User-Agent"]) == ("guide.example:8443", "La Bonne Porte")
    assert (visit.path, site.names_asked_for) == ("/carte?ville=Saint-%C3%89tienne", ["guide.example"])
    assert internet.connections == [(PUBLIC, 8443)]


def test_a_document_that_has_not_changed_is_not_sent_again(internet: Internet, site: Site, into: Path) -> None:
    site.pages["/liste.csv"] = lambda visit: visit.give(304 if visit.headers["If-None-Match"] == '"v1"' else 200, b"")
    assert fetch(LIST, into, etag='"v1"') == Fetched(into, "", '"v1"', unchanged=True)
    assert not into.exists()
    assert not fetch(LIST, into, etag='"v0"').unchanged


def test_a_document_that_has_not_been_modified_since_is_not_sent_again(
    internet: Internet, site: Site, into: Path
) -> None:
    sunday, monday = "Sun, 22 Nov 2026 08:00:00 GMT", "Mon, 23 Nov 2026 08:00:00 GMT"
    site.pages["/liste.csv"] = page(Last_Modified=monday)
    assert fetch(LIST, into, last_modified=sunday) == Fetched(into, "", None, False, monday)
    into.unlink()
    site.pages["/liste.csv"] = page(b"", 304)
    assert fetch(LIST, into, last_modified=monday) == Fetched(into, "", None, True, monday)
    assert site.visits[-1].headers["If-Modified-Since"] == monday
    assert not into.exists()


def test_an_answer_for_those_who_have_a_copy_is_no_document_for_others(
    internet: Internet, site: Site, into: Path
) -> None:
    site.pages["/liste.csv"] = page(b"", 304)
    with pytest.raises(CannotFetch, match="304"):
        fetch(LIST, into)


def test_a_compressed_document_is_opened(internet: Internet, site: Site, into: Path) -> None:
    site.pages["/liste.csv"] = page(gzip.compress(CSV * 10_000), Content_Encoding="gzip")
    fetch(LIST, into)
    assert into.read_bytes() == CSV * 10_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/la-bas", "//autre.example/la-bas", "https://autre.example:8443/la-bas"])
def test_a_document_that_has_moved_is_followed(
    internet: Internet, site: Site, into: Path, status: int, location: str
) -> None:
    site.pages |= {"/liste.csv": page(b"", status, Location=location), "/la-bas": page()}
    fetch(LIST, into)
    assert into.read_bytes() == CSV


def test_another_site_at_the_same_address_proves_who_it_is(internet: Internet, site: Site, into: Path) -> None:
    site.pages |= {"/liste.csv": page(b"", 302, Location="https://autre.example/"), "/": page()}
    fetch(LIST, into)
    assert site.names_asked_for == ["guide.example", "autre.example"]


def test_redirections_without_end_are_given_up(internet: Internet, site: Site, into: Path) -> None:
    site.pages["/liste.csv"] = page(b"", 302, Location=LIST)
    with pytest.raises(CannotFetch, match="trop de fois"):
        fetch(LIST, into)
    assert len(site.visits) == 6


def test_the_next_address_of_a_site_is_tried_when_one_does_not_answer(
    internet: Internet, site: Site, into: Path
) -> None:
    site.pages["/liste.csv"] = page()
    internet.name("guide.example", PUBLIC_V6, SILENT, PUBLIC)
    fetch(LIST, into)
    assert internet.connections == [(PUBLIC_V6, 443), (SILENT, 443), (PUBLIC, 443)]


def test_a_public_ipv4_behind_nat64_may_be_reached(internet: Internet, into: Path) -> None:
    internet.name("guide.example", "64:ff9b::909:909")
    with pytest.raises(CannotFetch, match="ne répond pas"):
        fetch(LIST, into)
    assert internet.connections == [("64:ff9b::909:909", 443)]


def test_a_proxy_of_the_environment_is_not_used(
    internet: Internet, site: Site, into: Path, trap: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/liste.csv"] = page()
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap}")
    fetch(LIST, into)
    assert internet.connections == [(PUBLIC, 443)]


NOT_HTTPS, WHO, UNREADABLE, PRIVATE = "par https://", "ni mot de passe", "illisible", "réseau privé"
NAMES = {
    "localhost": ("127.0.0.1", "::1"),
    "guide.localhost": ("::1",),
    "metadata.google.internal": ("169.254.169.254",),
    "intranet": ("10.0.0.8",),
    "prive.example": ("192.168.1.1",),
    "prive-v6.example": ("fd00:ec2::254",),
    "mele.example": (PUBLIC, "127.0.0.1"),
    "mele-v6.example": (PUBLIC_V6, "::ffff:127.0.0.1"),
    "lien.example": ("fe80::1%1",),
}
ATTEMPTS = [
    ("http://127.0.0.1:{port}/", NOT_HTTPS),
    ("http://guide.example/liste.csv", NOT_HTTPS),
    ("HTTP://guide.example/liste.csv", NOT_HTTPS),
    ("ftp://127.0.0.1:{port}/liste.csv", NOT_HTTPS),
    ("file:///etc/passwd", NOT_HTTPS),
    ("file://localhost/etc/passwd", NOT_HTTPS),
    ("gopher://127.0.0.1:{port}/_GET%20/", NOT_HTTPS),
    ("dict://127.0.0.1:{port}/info", NOT_HTTPS),
    ("ldap://127.0.0.1:{port}/", NOT_HTTPS),
    ("data:text/csv,nom", NOT_HTTPS),
    ("javascript:alert(1)", NOT_HTTPS),
    ("unix:/run/postgresql", NOT_HTTPS),
    ("https://nom:secret@guide.example/liste.csv", WHO),
    ("https://guide.example@127.0.0.1:{port}/", WHO),
    ("https://guide.example:443@127.0.0.1:{port}/", WHO),
    ("https://guide.example\\@127.0.0.1:{port}/", WHO),
    ("https://a@b@127.0.0.1:{port}/", WHO),
    ("https://127.0.0.1:{port}/", PRIVATE),
    ("https://127.0.0.1/", PRIVATE),
    ("https://127.255.255.254:{port}/", PRIVATE),
    ("https://0.0.0.0:{port}/", PRIVATE),
    ("https://0.1.2.3/", PRIVATE),
    ("https://10.0.0.1/", PRIVATE),
    ("https://172.16.0.1/", PRIVATE),
    ("https://172.31.255.255/", PRIVATE),
    ("https://192.168.0.1/", PRIVATE),
    ("https://169.254.169.254/latest/meta-data/", PRIVATE),
    ("https://100.64.0.1/", PRIVATE),
    ("https://100.100.100.200/", PRIVATE),
    ("https://168.63.129.16/", PRIVATE),
    ("https://192.0.0.9/", PRIVATE),
    ("https://192.0.2.1/", PRIVATE),
    ("https://192.88.99.1/", PRIVATE),
    ("https://198.18.0.1/", PRIVATE),
    ("https://198.51.100.1/", PRIVATE),
    ("https://203.0.113.1/", PRIVATE),
    ("https://224.0.0.1/", PRIVATE),
    ("https://239.255.255.250/", PRIVATE),
    ("https://240.0.0.1/", PRIVATE),
    ("https://255.255.255.255/", PRIVATE),
    ("https://2130706433:{port}/", UNREADABLE),
    ("https://0x7f000001:{port}/", UNREADABLE),
    ("https://0X7F.1:{port}/", UNREADABLE),
    ("https://0x7f.0x0.0x0.0x1:{port}/", UNREADABLE),
    ("https://017700000001:{port}/", UNREADABLE),
    ("https://0177.0.0.1:{port}/", UNREADABLE),
    ("https://0177.0.0.01:{port}/", UNREADABLE),
    ("https://127.1:{port}/", UNREADABLE),
    ("https://127.0.1:{port}/", UNREADABLE),
    ("https://0:{port}/", UNREADABLE),
    ("https://127.0.0.1.:{port}/", UNREADABLE),
    ("https://127.0.0.1%2eexample:{port}/", UNREADABLE),
    ("https://%31%32%37.0.0.1:{port}/", UNREADABLE),
    ("https://127.0.0.1\\.guide.example:{port}/", UNREADABLE),
    ("https://127。0。0。1:{port}/", PRIVATE),
    ("https://127．0．0．1:{port}/", PRIVATE),
    ("https://１２７.0.0.1:{port}/", UNREADABLE),
    ("https://①②⑦.0.0.1:{port}/", UNREADABLE),
    ("https://ⓛocalhost:{port}/", UNREADABLE),
    ("https://[::]:{port}/", PRIVATE),
    ("https://[::1]:{port}/", PRIVATE),
    ("https://[0:0:0:0:0:0:0:1]:{port}/", PRIVATE),
    ("https://[::127.0.0.1]:{port}/", PRIVATE),
    ("https://[::ffff:127.0.0.1]:{port}/", PRIVATE),
    ("https://[::ffff:7f00:1]:{port}/", PRIVATE),
    ("https://[::ffff:0:127.0.0.1]:{port}/", PRIVATE),
    ("https://[64:ff9b::127.0.0.1]:{port}/", PRIVATE),
    ("https://[64:ff9b::a9fe:a9fe]/", PRIVATE),
    ("https://[64:ff9b:1::127.0.0.1]:{port}/", PRIVATE),
    ("https://[2002:7f00:1::]:{port}/", PRIVATE),
    ("https://[2001:0:909:909::80ff:fffe]:{port}/", PRIVATE),
    ("https://[fe80::1]:{port}/", PRIVATE),
    ("https://[fe80::1%1]:{port}/", PRIVATE),
    ("https://[fe80::1%25eth0]:{port}/", f"{PRIVATE}|introuvable"),
    ("https://[fec0::1]/", PRIVATE),
    ("https://[fc00::1]/", PRIVATE),
    ("https://[fd00:ec2::254]/latest/meta-data/", PRIVATE),
    ("https://[ff02::1]/", PRIVATE),
    ("https://[100::1]/", PRIVATE),
    ("https://[2001:db8::1]/", PRIVATE),
    ("https://[3fff::1]/", PRIVATE),
    ("https://[5f00::1]/", PRIVATE),
    ("https://[::1%00]:{port}/", f"{UNREADABLE}|{PRIVATE}|introuvable"),
    ("https://[127.0.0.1]:{port}/", UNREADABLE),
    ("https://localhost:{port}/", PRIVATE),
    ("https://LocalHost:{port}/", PRIVATE),
    ("https://localhost.:{port}/", UNREADABLE),
    ("https://guide.localhost:{port}/", PRIVATE),
    ("https://metadata.google.internal/computeMetadata/v1/", PRIVATE),
    ("https://intranet:{port}/", PRIVATE),
    ("https://prive.example:{port}/", PRIVATE),
    ("https://prive-v6.example/", PRIVATE),
    ("https://mele.example:{port}/", PRIVATE),
    ("https://mele-v6.example:{port}/", PRIVATE),
    ("https://lien.example/", PRIVATE),
    ("https://inconnu.example/", "introuvable"),
    ("https://guide.example:0/", UNREADABLE),
    ("https://guide.example:65536/", UNREADABLE),
    ("https://guide.example:-1/", UNREADABLE),
]


@pytest.fixture
def towards_private(internet: Internet) -> Internet:
    """The same Internet, with names that lead where nobody must go."""
    for name, addresses in NAMES.items():
        internet.name(name, *addresses)
    return internet


@pytest.mark.parametrize(("address", "why"), ATTEMPTS)
def test_an_address_that_is_not_of_the_public_web_is_refused_before_any_connection(
    towards_private: Internet, trap: int, into: Path, address: str, why: str
) -> None:
    with pytest.raises(CannotFetch, match=why):
        fetch(address.format(port=trap), into)
    assert towards_private.connections == []


@pytest.mark.parametrize(("address", "why"), ATTEMPTS)
def test_a_site_cannot_send_to_such_an_address(
    towards_private: Internet, trap: int, into: Path, address: str, why: str
) -> None:
    with pytest.raises(CannotFetch, match=why):
        fetch(f"https://guide.example/vers?{quote(address.format(port=trap), safe='')}", into)
    assert towards_private.connections == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    "address",
    ["", "guide.example/liste.csv", "//guide.example/liste.csv", " https://guide.example", "/etc/passwd", "C:\\a.csv"],
)
def test_what_is_not_a_whole_address_is_refused(internet: Internet, into: Path, address: str) -> None:
    with pytest.raises(CannotFetch, match=NOT_HTTPS):
        fetch(address, into)


@pytest.mark.parametrize(
    "address", ["https:", "https://", "https:///a.csv", "https://a..example/", "https://.example/"]
)
def test_an_address_without_a_site_is_refused(internet: Internet, into: Path, address: str) -> None:
    with pytest.raises(CannotFetch, match=UNREADABLE):
        fetch(address, into)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["", "https:", "https://", "https://[", "https://guide.example:"]), st.text())
def test_whatever_is_written_is_refused_plainly(internet: Internet, into: Path, beginning: str, rest: str) -> None:
    internet.names.clear()
    with pytest.raises(CannotFetch):
        fetch(beginning + rest, into)


LOCAL_NETWORKS = ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12")
OTHER_NETWORKS = ("192.168.0.0/16", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")
private_addresses = st.sampled_from(LOCAL_NETWORKS + OTHER_NETWORKS).flatmap(
    lambda name: st.ip_addresses(v=4, network=name)
)
DISGUISES: list[Callable[[int], int]] = [
    lambda ipv4: ipv4,
    lambda ipv4: 0xFFFF << 32 | ipv4,  # IPv4-mapped
    lambda ipv4: 0xFFFF << 48 | ipv4,  # IPv4-translated
    lambda ipv4: 0x64FF9B << 96 | ipv4,  # NAT64
    lambda ipv4: 0x64FF9B0001 << 80 | ipv4,  # NAT64 of a local network
    lambda ipv4: 0x2002 << 112 | ipv4 << 80,  # 6to4
    lambda ipv4: 0x20010000 << 96 | (ipv4 ^ 0xFFFFFFFF),  # Teredo
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(private_addresses, st.sampled_from(DISGUISES))
def test_no_disguise_hides_a_private_ipv4(
    internet: Internet, into: Path, private: IPv4Address | IPv6Address, disguise: Callable[[int], int]
) -> None:
    internet.name("guide.example", str(private))
    internet.name("autre.example", str(IPv6Address(disguise(int(private)))))
    for name in ("guide.example", "autre.example"):
        with pytest.raises(CannotFetch, match=PRIVATE):
            fetch(f"https://{name}/", into)
    assert internet.connections == []


def test_a_name_that_changes_its_answer_leads_where_it_was_checked(
    internet: Internet, site: Site, trap: int, into: Path
) -> None:
    internet.names["guide.example"] = iter([(PUBLIC,), ("127.0.0.1",)])
    site.pages["/liste.csv"] = page()
    fetch(f"https://guide.example:{trap}/liste.csv", into)
    assert internet.questions == ["guide.example"]
    assert internet.connections == [(PUBLIC, trap)]


def test_a_name_that_changes_its_answer_after_a_redirection_is_refused(
    internet: Internet, trap: int, into: Path
) -> None:
    internet.names["guide.example"] = iter([(PUBLIC,), ("127.0.0.1",)])
    with pytest.raises(CannotFetch, match=PRIVATE):
        fetch(f"https://guide.example:{trap}/vers?/liste.csv", into)
    assert internet.connections == [(PUBLIC, trap)]


def test_a_site_whose_certificate_is_for_another_is_refused(internet: Internet, site: Site, into: Path) -> None:
    internet.name("banque.example", PUBLIC)
    with pytest.raises(CannotFetch, match="certificat refusé"):
        fetch("https://banque.example/", into)
    assert site.visits == []


def test_a_site_whose_certificate_nobody_vouches_for_is_refused(
    internet: Internet, site: Site, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(CannotFetch, match="certificat refusé"):
        fetch(LIST, into)
    assert site.visits == []


def test_a_document_over_the_limit_is_left_whatever_length_is_told(internet: Internet, site: Site, into: Path) -> None:
    site.pages["/liste.csv"] = page(bytes(20_001))
    site.pages["/sans-fin"] = lambda visit: visit.drip(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(20_000))
    site.pages["/juste"] = page(bytes(20_000))
    for address in (LIST, "https://guide.example/sans-fin"):
        with pytest.raises(CannotFetch, match="le document dépasse 20 ko"):
            fetch(address, into, most_bytes=20_000)
        assert not into.exists()
    fetch("https://guide.example/juste", into, most_bytes=20_000)
    assert into.stat().st_size == 20_000


def test_a_bomb_is_not_opened(internet: Internet, site: Site, into: Path) -> None:
    site.pages["/liste.csv"] = page(gzip.compress(bytes(60_000_000)), Content_Encoding="gzip")
    tracemalloc.start()
    with pytest.raises(CannotFetch, match="le document dépasse 1 Mo"):
        fetch(LIST, into, most_bytes=1_000_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000


@pytest.mark.parametrize(
    "half",
    [
        page(CSV, Content_Length="1000", Connection="close"),
        page(gzip.compress(CSV)[:-9], Content_Encoding="gzip"),
        page(gzip.compress(CSV) * 2, Content_Encoding="gzip"),
        page(CSV, Content_Encoding="gzip"),
        page(b"", Content_Encoding="gzip"),
        lambda visit: visit.wfile.write(b"220 guide.example ESMTP\r\n\r\n"),
    ],
    ids=["cut", "cut inside", "something after", "not compressed", "nothing", "another protocol"],
)
def test_half_a_document_does_not_pass_for_a_whole_one(internet: Internet, site: Site, into: Path, half: Page) -> None:
    site.pages["/liste.csv"] = half
    into.write_bytes(b"the copy of yesterday")
    with pytest.raises(CannotFetch, match="incomplet ou abîmé"):
        fetch(LIST, into)
    assert into.read_bytes() == b"the copy of yesterday"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
def test_a_compression_that_was_not_asked_for_is_refused(
    internet: Internet, site: Site, into: Path, encoding: str
) -> None:
    site.pages["/liste.csv"] = page(Content_Encoding=encoding)
    with pytest.raises(CannotFetch, match="forme inconnue"):
        fetch(LIST, into)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (404, "pas de document"),
        (410, "pas de document"),
        (403, "pas public"),
        (503, r"\(réponse 503\)"),
        (302, r"\(réponse 302\)"),
        (304, r"\(réponse 304\)"),
        (206, r"\(réponse 206\)"),
    ],
)
def test_a_server_that_gives_no_document_is_quoted(
    internet: Internet, site: Site, into: Path, status: int, why: str
) -> None:
    site.pages["/liste.csv"] = page(b"", status)
    with pytest.raises(CannotFetch, match=why):
        fetch(LIST, into)


def late(visit: Visit) -> None:
    time.sleep(3)
    visit.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnom")


def hold_on(visit: Visit) -> None:
    """Say without end, and without a pause, that the answer is about to come."""
    while True:
        visit.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@pytest.mark.parametrize(
    "slow",
    [
        late,
        hold_on,
        lambda visit: visit.drip(b"HTTP/1.1 200 OK\r\nServer: "),
        lambda visit: visit.drip(b"HTTP/1.1 200 OK\r\n\r\nnom;"),
        lambda visit: visit.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"),
    ],
    ids=["late", "promises", "headers", "content", "chunk"],
)
def test_a_server_that_takes_too_long_is_left(internet: Internet, site: Site, into: Path, slow: Page) -> None:
    site.pages["/liste.csv"] = slow
    with pytest.raises(CannotFetch, match="trop lentement"):
        fetch(LIST, into, within_s=0.4)


def test_a_server_that_accepts_and_says_nothing_is_left(internet: Internet, into: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        internet.routes[PUBLIC] = silent.getsockname()
        with pytest.raises(CannotFetch, match="ne répond pas"):
            fetch(LIST, into, within_s=0.4)


def test_a_server_that_cannot_be_reached_is_said_so(internet: Internet, into: Path) -> None:
    internet.name("guide.example", SILENT)
    with pytest.raises(CannotFetch, match="ne répond pas"):
        fetch(LIST, into)
