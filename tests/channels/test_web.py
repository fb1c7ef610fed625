"""The web chat, page by page, as a browser without script meets it; and what it refuses."""

import hashlib
import logging
import re
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
from sqlalchemy import Engine, func, select, text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.channels.web import CHANNEL, create_app
from bot.channels.web.forms import MOST_BYTES
from bot.channels.web.pages import HERE, as_history, bubbles, held, render
from bot.runner import HISTORY, Runner
from bot.settings import TELEGRAM_PATH, Settings
from catalogue.database import reading, writing
from catalogue.needs import Need
from catalogue.tables import conversations, inbox, initiatives
from handlers.dialogue import Card, Choice, Event, Gesture, Reply
from handlers.emergency import NUMBERS
from tests.channels.visitor import Visitor

PART = {"X-Fragment": "1"}


def count(engine: Engine, table: str) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(text(table))) or 0


async def test_the_first_page_greets_and_keeps_nothing(visitor: Visitor, shipped_engine: Engine) -> None:
    response = await visitor.open()
    assert response.status_code == HTTPStatus.OK
    assert "Bonjour." in visitor.bubbles[0]
    assert [label for label in visitor.buttons if label in {need.label for need in Need}] == [n.label for n in Need]
    assert count(shipped_engine, "conversations") == count(shipped_engine, "inbox") == 0


async def test_a_whole_conversation_finds_the_epicerie_of_nanterre(visitor: Visitor) -> None:
    await visitor.open()
    assert (await visitor.tap("Manger")).status_code == HTTPStatus.SEE_OTHER
    await visitor.say("Nanterre")
    assert [bubble.removeprefix("Vous : ") for bubble in visitor.bubbles if bubble.startswith("Vous :")] == [
        "Manger",
        "Nanterre",
    ]
    assert visitor.bubbles[0].startswith("La Bonne Porte : Bonjour.")
    assert "Mon Épicerie" in visitor.cards[:3]


async def test_the_cookie_is_the_only_one_and_the_database_does_not_hold_it(
    visitor: Visitor, shipped_engine: Engine
) -> None:
    cookie = (await visitor.open()).headers["set-cookie"]
    assert re.fullmatch(r"session=[\w-]{32}; HttpOnly; Max-Age=86400; Path=/; SameSite=lax", cookie)
    await visitor.tap("Manger")
    session = visitor.client.cookies["session"]
    with reading(shipped_engine) as connection:
        assert connection.execute(select(conversations.c.channel, conversations.c.person)).all() == [
            (CHANNEL, hashlib.sha256(session.encode()).hexdigest())
        ]
        kept = [str(connection.execute(select(table)).all()) for table in (conversations, inbox)]
    assert all(session not in rows for rows in kept)
    assert list(visitor.client.cookies) == ["session"]


async def test_over_https_the_cookie_is_secure_and_a_forged_header_does_not_make_it_so(app: Starlette) -> None:
    assert "Secure" in (await Visitor(app, "https://testserver").open()).headers["set-cookie"]
    response = await Visitor(app).client.get("/", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" not in response.headers["set-cookie"]


@pytest.mark.parametrize("cookie", ["", "court", "é" * 40, "x" * 500, "../../etc/passwd" * 3])
async def test_a_cookie_we_would_not_have_made_is_replaced(visitor: Visitor, cookie: str) -> None:
    response = await visitor.client.get("/", headers={b"Cookie": f"session={cookie}".encode()})
    assert response.status_code == HTTPStatus.OK
    assert re.match(r"session=[\w-]{32};", response.headers["set-cookie"])


async def test_a_poster_s_link_is_answered_and_then_continued(visitor: Visitor, shipped_engine: Engine) -> None:
    await visitor.open("/?lieu=92050&besoin=alimentation")
    assert "Mon Épicerie" in visitor.cards[:3]
    assert count(shipped_engine, "conversations") == 0
    await visitor.tap("Détails : Mon Épicerie")
    assert visitor.cards[-1] == "Mon Épicerie"
    assert [bubble for bubble in visitor.bubbles if bubble.startswith("Vous :")] == ["Vous : Détails"]


async def test_a_poster_s_link_starts_over_only_once_it_is_answered(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.tap("Me loger")
    await visitor.open("/?besoin=alimentation&lieu=n-importe-quoi")
    assert "Où cherchez-vous ?" in visitor.bubbles[0]
    assert visitor.hidden["start"] == "alimentation"
    await visitor.open("/")
    assert "Vous : Me loger" in visitor.bubbles
    await visitor.open("/?besoin=alimentation")
    await visitor.say("Nanterre")
    assert "Vous : Me loger" not in visitor.bubbles
    assert "Mon Épicerie" in visitor.cards


async def test_a_printed_guide_s_link_shows_its_entry_then_goes_on(visitor: Visitor, shipped_engine: Engine) -> None:
    with shipped_engine.connect() as connection:
        number = connection.scalar(select(initiatives.c.id).where(initiatives.c.nom == "Mon Épicerie"))
    await visitor.open(f"/?fiche={number}")
    assert visitor.cards == ["Mon Épicerie"]
    await visitor.tap("Chercher autre chose")
    assert "De quoi avez-vous besoin, à Nanterre ?" in visitor.bubbles[-1]


async def test_a_link_that_says_nothing_known_is_an_ordinary_page(visitor: Visitor) -> None:
    await visitor.open("/?lieu=%00%ff&besoin=<script>&besoin=x")
    assert visitor.hidden["start"] == ""
    assert "<script>alert" not in visitor.page
    assert "De quoi avez-vous besoin ?" in visitor.bubbles[0]


async def test_a_double_submit_is_one_answer(visitor: Visitor) -> None:
    await visitor.open()
    form = visitor.hidden | {"tap": "besoin:alimentation"}
    for _twice in range(2):
        assert (await visitor.client.post("/message", data=form)).status_code == HTTPStatus.SEE_OTHER
    await visitor.open()
    assert visitor.bubbles.count("Vous : Manger") == 1
    assert len(visitor.bubbles) == 3


async def test_two_buttons_of_one_page_are_two_answers(visitor: Visitor) -> None:
    await visitor.open()
    form = visitor.hidden
    await visitor.client.post("/message", data=form | {"tap": "besoin:alimentation"})
    await visitor.client.post("/message", data=form | {"tap": "retour:"})
    await visitor.open()
    assert [bubble for bubble in visitor.bubbles if bubble.startswith("Vous :")] == ["Vous : Manger", "Vous : Retour"]


async def test_another_tab_s_greeting_does_not_start_the_conversation_again(visitor: Visitor) -> None:
    await visitor.open()
    other_tab = visitor.hidden
    await visitor.open()
    await visitor.tap("Manger")
    await visitor.client.post("/message", data=other_tab | {"text": "Nanterre"})
    await visitor.open()
    assert "Vous : Manger" in visitor.bubbles
    assert "Mon Épicerie" in visitor.cards


async def test_the_script_receives_only_what_is_new(visitor: Visitor) -> None:
    await visitor.open()
    seen = re.findall(r'data-key="(\w+)"', visitor.page)[-1]
    part = await visitor.send(PART, tap="besoin:alimentation", seen=seen)
    assert part.headers["X-Fragment"] == "1"
    assert "data-whole" not in part.text
    assert "<html" not in part.text
    assert part.text.count('class="message') == 2
    again = await visitor.send(PART, tap="besoin:alimentation", seen=seen)
    assert again.text.count('class="message') == 2


async def test_the_script_receives_everything_when_it_shows_another_conversation(visitor: Visitor) -> None:
    await visitor.open()
    part = await visitor.send(PART, tap="besoin:alimentation", seen="inconnu")
    assert "data-whole" in part.text
    assert part.text.count('class="message') == 3


async def test_a_long_conversation_is_still_shown_to_the_script(visitor: Visitor) -> None:
    await visitor.open()
    for _turn in range(HISTORY // 2 + 2):
        await visitor.send(tap="urgence:")
    seen = re.findall(r'data-key="(\w+)"', visitor.page)[-1]
    part = await visitor.send(PART, tap="besoin:alimentation", seen=seen)
    assert part.text.count('class="message') == HISTORY
    assert "data-whole" in part.text
    assert "Où cherchez-vous" in part.text


async def test_a_position_becomes_results_and_is_not_kept(visitor: Visitor, shipped_engine: Engine) -> None:
    await visitor.open()
    await visitor.tap("Manger")
    await visitor.send(latitude="48.8924", longitude="2.2071")
    assert "Vous : Ma position" in visitor.bubbles
    assert "Mon Épicerie" in visitor.cards
    with reading(shipped_engine) as connection:
        kept = [str(connection.execute(select(table)).all()) for table in (conversations, inbox)]
    assert all("48.89" not in rows for rows in kept)


async def test_what_is_typed_is_escaped(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.say('<script>alert("é")</script>')
    assert "<script>alert" not in visitor.page
    assert 'Vous : <script>alert("é")</script>' in visitor.bubbles


def test_lines_links_and_calls_are_shown_and_a_strange_address_is_not() -> None:
    card = Card(
        "Chez « A & B »",
        ("Une ligne\nune autre",),
        "Confirmé hier.",
        (
            Choice("Appeler", url="tel:0102030405"),
            Choice("Y aller", url='https://exemple.fr/?a=1&b="2"'),
            Choice("Piège", url="javascript:alert(1)"),
        ),
    )
    html = render("part.html", bubbles=bubbles(as_history([Reply("Un\ndeux", (card,))])), whole=True, once="x")
    assert '<p class="text">Un\ndeux</p>' in html
    assert '<a class="choice" href="tel:0102030405">' in html
    assert 'href="https://exemple.fr/?a=1&amp;b=&#34;2&#34;" target="_blank" rel="noopener noreferrer"' in html
    assert "javascript" not in html


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({}, 400, "Votre message est vide."),
        ({"text": " \x00 "}, 400, "Votre message est vide."),
        ({"text": "a" * 4001}, 400, "trop long"),
        ({"tap": ""}, 400, "Je ne connais pas ce bouton."),
        ({"tap": "é" * 40}, 400, "Je ne connais pas ce bouton."),
        ({"latitude": "48.9"}, 400, "lire cette position"),
        ({"latitude": "nan", "longitude": "2"}, 400, "lire cette position"),
        ({"latitude": "91", "longitude": "2"}, 400, "lire cette position"),
        ({"latitude": "nord", "longitude": "2"}, 400, "lire cette position"),
        ({"text": "bonjour", "once": ""}, 400, "Rechargez-la"),
        ({"text": "bonjour", "start": "<" * 9}, 400, "Rechargez-la"),
        ({"text": "bonjour", "csrf": ""}, 403, "Rechargez-la"),
        ({"text": "bonjour", "csrf": "é"}, 403, "Rechargez-la"),
        ({"text": "a" * MOST_BYTES}, 413, "trop long"),
    ],
)
@pytest.mark.parametrize("headers", [{}, PART], ids=["page", "part"])
async def test_what_cannot_be_read_is_refused_in_plain_words(
    visitor: Visitor, shipped_engine: Engine, fields: dict[str, str], status: int, words: str, headers: dict[str, str]
) -> None:
    await visitor.open()
    response = await visitor.send(headers, **fields)
    assert response.status_code == status
    assert words in response.text
    assert ("<html" in response.text) is (not headers)
    assert count(shipped_engine, "conversations") == 0


@pytest.mark.parametrize("body", [b"text=%ff%fe", b"text=\xff", b"&".join(b"a=1" for _ in range(100))])
async def test_a_form_that_is_not_one_is_refused(visitor: Visitor, body: bytes) -> None:
    await visitor.open()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await visitor.client.post("/message", content=body, headers=headers)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "pas pu lire votre message" in response.text
    response = await visitor.client.post("/message", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


async def test_a_body_that_hides_its_size_is_refused_too(visitor: Visitor) -> None:
    await visitor.open()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    async def chunks() -> AsyncIterator[bytes]:
        for _chunk in range(100):
            yield b"a" * 1024

    assert (await visitor.client.post("/message", content=chunks(), headers=headers)).status_code == 413


async def test_an_unknown_button_is_answered_by_the_conversation(visitor: Visitor) -> None:
    await visitor.open()
    assert (await visitor.send(tap="inconnu:42")).status_code == HTTPStatus.SEE_OTHER
    assert "Ce bouton n'est plus valable." in visitor.bubbles[-1]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://testserver"}, 303),
        ({"Origin": "https://le-guide.fr", "Sec-Fetch-Site": "same-origin"}, 303),  # a proxy changed the host
        ({"Origin": "https://ailleurs.fr"}, 403),
        ({"Origin": "http://[::"}, 403),
        ({"Origin": "http://testserver.ailleurs.fr"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "null"}, 403),
    ],
)
async def test_a_form_sent_from_elsewhere_is_refused(visitor: Visitor, headers: dict[str, str], status: int) -> None:
    await visitor.open()
    assert (await visitor.send(headers, tap="besoin:alimentation")).status_code == status


async def test_a_token_of_another_session_is_refused(app: Starlette, visitor: Visitor) -> None:
    await visitor.open()
    stranger = Visitor(app)
    await stranger.open()
    assert (
        await stranger.send(tap="besoin:alimentation", csrf=visitor.hidden["csrf"])
    ).status_code == HTTPStatus.FORBIDDEN


async def test_without_cookies_the_form_is_refused_kindly(visitor: Visitor) -> None:
    await visitor.open()
    visitor.client.cookies.clear()
    response = await visitor.tap("Manger")
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "Rechargez-la" in response.text


@pytest.mark.parametrize("path", ["/", "/a-propos", "/sante", "/nulle-part", "/static/chat.css", "/static/absent"])
async def test_every_answer_is_protected(visitor: Visitor, path: str) -> None:
    headers = (await visitor.open(path)).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Permissions-Policy"] == "geolocation=(self)"
    if not path.startswith("/static/chat"):
        assert headers["Cache-Control"] == "no-store"


async def test_static_files_are_kept_for_ever_under_the_address_of_their_version(visitor: Visitor) -> None:
    await visitor.open()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', visitor.page)
    assert len(addresses) == 3
    for address in addresses:
        assert "immutable" in (await visitor.client.get(address)).headers["Cache-Control"]
        assert "immutable" not in (await visitor.client.get(address.partition("?")[0])).headers["Cache-Control"]


async def test_the_first_visit_weighs_less_than_thirty_kilobytes(visitor: Visitor) -> None:
    await visitor.open()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', visitor.page)
    weight = len(visitor.page.encode()) + sum(
        [len((await visitor.client.get(address)).content) for address in addresses]
    )
    assert weight < 30_000


@pytest.mark.parametrize(("method", "path"), [("GET", "/nulle-part"), ("GET", "/message"), ("POST", "/telegram")])
async def test_an_unknown_page_leads_back(visitor: Visitor, method: str, path: str) -> None:
    response = await visitor.client.request(method, path)
    assert response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
    assert "Cette page n'existe pas" in response.text.replace("&#39;", "'")
    assert 'href="/"' in response.text


async def test_health_says_whether_the_database_answers(visitor: Visitor, shipped_engine: Engine) -> None:
    assert (await visitor.open("/sante")).text == "ok"
    with writing(shipped_engine) as connection:
        connection.execute(text("ALTER TABLE conversations RENAME TO perdu"))
    assert (await visitor.open("/sante")).status_code == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize("headers", [{}, PART], ids=["page", "part"])
async def test_a_failure_shows_whom_to_call_and_says_nothing_of_what_was_written(
    visitor: Visitor, shipped_engine: Engine, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    await visitor.open()
    with writing(shipped_engine) as connection:
        connection.execute(text("ALTER TABLE conversations RENAME TO perdu"))
    with caplog.at_level(logging.DEBUG):
        response = await visitor.send(headers, text="mon secret")
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert ("tel:15" in response.text) if not headers else ("/a-propos#urgence" in response.text)
    assert "Traceback" not in response.text
    logged = " ".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert "a page failed: OperationalError" in logged
    assert "mon secret" not in logged
    assert visitor.client.cookies["session"] not in logged
    page = (await visitor.client.get("/a-propos")).text
    assert "tel:3114" in page


async def test_about_shows_every_emergency_number_and_the_legal_notice(visitor: Visitor) -> None:
    await visitor.open("/a-propos")
    for numbers in NUMBERS.values():
        for number in numbers:
            assert f'href="tel:{number}"' in visitor.page
    assert "sms:114" in visitor.page
    assert "La maison des voisins" in visitor.page
    assert visitor.page.count("Pas encore renseigné.") == 2


async def test_about_shows_and_erases_what_is_kept(visitor: Visitor) -> None:
    await visitor.open("/a-propos")
    assert "rien n&#39;est gardé sur vous" in visitor.page or "rien n'est gardé sur vous" in visitor.page
    assert "set-cookie" not in (await visitor.open("/a-propos")).headers
    await visitor.open()
    await visitor.tap("Manger")
    await visitor.open("/a-propos")
    await visitor.send(tap="mesdonnees:")
    assert "votre besoin : Manger" in visitor.bubbles[-1]
    await visitor.open("/a-propos")
    await visitor.send(tap="effacer:")
    await visitor.tap("Oui, tout effacer")
    assert [bubble.partition(" Recommencer")[0] for bubble in visitor.bubbles] != []
    assert "C'est effacé." in visitor.bubbles[0]
    assert len(visitor.bubbles) == 1


async def test_the_webhook_answers_only_when_it_is_given(runner: Runner, settings: Settings) -> None:
    async def webhook(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    client = Visitor(create_app(runner, settings, webhook)).client
    assert (await client.post(TELEGRAM_PATH, content=b"x" * (MOST_BYTES + 1))).text == str(MOST_BYTES + 1)
    assert (await client.get(TELEGRAM_PATH)).status_code == HTTPStatus.METHOD_NOT_ALLOWED


async def test_what_the_page_previews_is_what_the_conversation_then_says(visitor: Visitor, runner: Runner) -> None:
    await visitor.open()
    greeting = runner.preview(Event(Gesture.STARTED)).replies[0]
    assert greeting.text.replace("\n", " ") in visitor.bubbles[0]
    preview = visitor.bubbles[0].partition(greeting.text[-20:])[0]
    await visitor.tap("Manger")
    assert visitor.bubbles[0].startswith(preview)


def test_nothing_in_the_page_is_asked_from_another_server() -> None:
    for name in ("base.html", "chat.html", "part.html", "messages.html"):
        assert "//" not in (HERE / "templates" / name).read_text().replace('"https://", "http://"', "")
    assert "http" not in (HERE / "static" / "chat.css").read_text()


def test_an_hour_or_a_sign_never_begins_a_line_alone() -> None:
    assert held("À 19 h 30 : « oui » ? 4,1 km") == "À 19\u00a0h\u00a030\u00a0: «\u00a0oui\u00a0»\u00a0? 4,1\u00a0km"
    assert held("3 hommes, 18 heures, 2 mares") == "3 hommes, 18 heures, 2 mares"
