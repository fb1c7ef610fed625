"""A photo of the poster, sent and seen on the web chat without a script; and by nobody it is not for."""

from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO

import pytest
from httpx import Response
from PIL import Image
from sqlalchemy import Engine, delete, func, select
from starlette.applications import Starlette

from bot.channels.web import CHANNEL
from bot.channels.web.session import person_of
from bot.channels.web.uploads import MOST_FORM_BYTES
from catalogue.database import reading, writing
from catalogue.entries import Mandate
from catalogue.needs import Role
from catalogue.roles import Who, accept, invite, new_secret
from catalogue.tables import initiatives, photos, roles
from tests.channels.visitor import Visitor

PART = {"X-Fragment": "1"}


def photo(kind: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "green").save(out, kind)
    return out.getvalue()


def who(visitor: Visitor) -> Who:
    return CHANNEL, person_of(visitor.client.cookies["session"])


async def correspondent(visitor: Visitor, engine: Engine, code: str = "92050") -> int:
    """Gives a visitor the role; returns the id of an entry of Nanterre."""
    await visitor.open()
    now, secret = datetime.now(UTC), new_secret()
    with writing(engine) as connection:
        invite(connection, Mandate(0, Role.CORRESPONDANT, (code,), ()), secret, Role.COORDINATEUR, now)
        assert accept(connection, who(visitor), secret, now)
        return connection.scalars(select(initiatives.c.id).where(initiatives.c.nom == "Mon Épicerie")).one()


async def asked(visitor: Visitor, entry: int) -> None:
    """Goes to where a photo is asked for."""
    await visitor.send(tap=f"corriger:{entry}")
    await visitor.tap("Photographier l'affiche")
    assert 'type="file" name="photo" accept="image/*"' in visitor.page


async def send(visitor: Visitor, content: bytes, headers: dict[str, str] | None = None, **fields: str) -> Response:
    """Sends the form of the page with a photo."""
    files = {"photo": ("IMG_1.jpg", content, "image/jpeg")}
    response = await visitor.client.post("/photo", data=visitor.hidden | fields, files=files, headers=headers)
    if response.status_code == HTTPStatus.SEE_OTHER:
        await visitor.open(response.headers["location"])
    return response


def kept(engine: Engine) -> list[int | None]:
    with reading(engine) as connection:
        return list(connection.scalars(select(photos.c.initiative_id).order_by(photos.c.id)))


async def test_a_photo_is_sent_shown_back_kept_and_seen_again(visitor: Visitor, shipped_engine: Engine) -> None:
    entry = await correspondent(visitor, shipped_engine)
    await asked(visitor, entry)
    assert (await send(visitor, photo("PNG"))).status_code == HTTPStatus.SEE_OTHER
    assert visitor.bubbles[-2] == "Vous : Une photo"
    assert '<img class="photo" src="/photo/1" alt="L\'affiche">' in visitor.page
    assert 'name="photo"' not in visitor.page
    shown = await visitor.client.get("/photo/1")
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["cache-control"] == "private, no-store"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert Image.open(BytesIO(shown.content)).size == (60, 40)
    await visitor.tap("Garder")
    assert kept(shipped_engine) == [entry]
    await visitor.send(tap=f"corriger:{entry}")
    await visitor.tap("Voir l'affiche")
    assert 'src="/photo/1"' in visitor.page
    assert (await visitor.client.get("/photo/1")).status_code == HTTPStatus.OK
    await visitor.tap("Enlever l'image")
    await visitor.tap("Oui, l'enlever")
    assert (await visitor.client.get("/photo/1")).status_code == HTTPStatus.NOT_FOUND


async def test_nobody_else_sees_it(visitor: Visitor, app: Starlette, shipped_engine: Engine) -> None:
    entry = await correspondent(visitor, shipped_engine)
    await asked(visitor, entry)
    await send(visitor, photo())
    elsewhere, resident = Visitor(app), Visitor(app)
    await correspondent(elsewhere, shipped_engine, "92071")
    await resident.open()
    colleague = Visitor(app)
    await correspondent(colleague, shipped_engine)
    for other in (elsewhere, resident, colleague, Visitor(app)):
        assert (await other.client.get("/photo/1")).status_code == HTTPStatus.NOT_FOUND
    await visitor.tap("Garder")
    for other in (elsewhere, resident, Visitor(app)):
        assert (await other.client.get("/photo/1")).status_code == HTTPStatus.NOT_FOUND
    assert (await colleague.client.get("/photo/1")).status_code == HTTPStatus.OK
    with writing(shipped_engine) as connection:
        connection.execute(delete(roles).where(roles.c.person == who(visitor)[1]))
    assert (await visitor.client.get("/photo/1")).status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("number", ["0", "99", "9" * 30, "-1", "1.jpg", "x"])
async def test_a_number_of_no_photo_is_a_page_that_does_not_exist(visitor: Visitor, number: str) -> None:
    await visitor.open()
    response = await visitor.client.get(f"/photo/{number}")
    assert response.status_code == HTTPStatus.NOT_FOUND
    assert "Cette page n'existe pas" in response.text.replace("&#39;", "'")


async def test_a_photo_that_was_not_asked_for_is_not_even_read(visitor: Visitor, shipped_engine: Engine) -> None:
    entry = await correspondent(visitor, shipped_engine)
    assert (await send(visitor, photo())).status_code == HTTPStatus.CONFLICT
    await visitor.send(tap=f"corriger:{entry}")
    assert (await send(visitor, photo())).status_code == HTTPStatus.CONFLICT
    await asked(visitor, entry)
    await visitor.tap("Annuler")
    assert (await send(visitor, photo())).status_code == HTTPStatus.CONFLICT
    assert (await send(Visitor(visitor.client._transport.app), photo())).status_code == HTTPStatus.CONFLICT  # type: ignore[attr-defined]
    assert kept(shipped_engine) == []


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"csrf": "faux"}, {}),
        ({"csrf": ""}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Origin": "https://ailleurs.example"}),
    ],
)
async def test_a_form_of_another_site_sends_no_photo(
    visitor: Visitor, shipped_engine: Engine, fields: dict[str, str], headers: dict[str, str]
) -> None:
    await asked(visitor, await correspondent(visitor, shipped_engine))
    assert (await send(visitor, photo(), headers, **fields)).status_code == HTTPStatus.FORBIDDEN
    assert kept(shipped_engine) == []


async def test_what_is_too_heavy_is_not_read_to_its_end(visitor: Visitor, shipped_engine: Engine) -> None:
    await asked(visitor, await correspondent(visitor, shipped_engine))
    heavy = b"\0" * (MOST_FORM_BYTES + 1)
    refused = await send(visitor, heavy)
    assert refused.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "trop lourde" in refused.text
    read = 0

    async def endless() -> object:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        while True:
            read += 1_000_000
            yield b"\0" * 1_000_000

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await visitor.client.post("/photo", content=endless(), headers=headers)  # type: ignore[arg-type]
    assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert read < MOST_FORM_BYTES + 3_000_000
    assert kept(shipped_engine) == []


@pytest.mark.parametrize("content", [b"", b"bonjour", photo()[:-30], b"<svg/>"])
async def test_what_is_no_photo_is_said_and_asked_again(
    visitor: Visitor, shipped_engine: Engine, content: bytes
) -> None:
    await asked(visitor, await correspondent(visitor, shipped_engine))
    assert (await send(visitor, content)).status_code == HTTPStatus.SEE_OTHER
    assert "Je n'ai pas pu lire cette photo" in visitor.bubbles[-1]
    assert 'type="file"' in visitor.page
    assert kept(shipped_engine) == []
    await send(visitor, photo())
    assert 'src="/photo/' in visitor.page


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/x-www-form-urlencoded", b"photo=1", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("multipart/form-data", b"", HTTPStatus.BAD_REQUEST),
        ("multipart/form-data; boundary=x", b"n'importe quoi", HTTPStatus.BAD_REQUEST),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--", HTTPStatus.BAD_REQUEST),
        ("multipart/form-data; boundary=x", b"--x--\r\n", HTTPStatus.FORBIDDEN),
    ],
)
async def test_what_is_no_form_is_refused(
    visitor: Visitor, shipped_engine: Engine, kind: str, body: bytes, status: HTTPStatus
) -> None:
    await asked(visitor, await correspondent(visitor, shipped_engine))
    response = await visitor.client.post("/photo", content=body, headers={"Content-Type": kind})
    assert response.status_code == status


async def test_the_same_form_sent_twice_is_one_photo(visitor: Visitor, shipped_engine: Engine) -> None:
    await asked(visitor, await correspondent(visitor, shipped_engine))
    form = visitor.hidden
    await send(visitor, photo())
    await visitor.tap("Une autre")
    bubbles = len(visitor.bubbles)
    await send(visitor, photo(), **form)
    assert len(visitor.bubbles) == bubbles


async def test_the_script_receives_only_what_is_new(visitor: Visitor, shipped_engine: Engine) -> None:
    await asked(visitor, await correspondent(visitor, shipped_engine))
    part = await send(visitor, photo(), PART)
    assert part.headers["X-Fragment"] == "1"
    assert 'src="/photo/1"' in part.text
    assert "<html" not in part.text


async def test_another_page_s_photo_is_not_named_by_the_history(visitor: Visitor, shipped_engine: Engine) -> None:
    """Nothing of the file's name, nor its bytes, is in the conversation."""
    await asked(visitor, await correspondent(visitor, shipped_engine))
    await send(visitor, photo())
    assert "IMG_1" not in visitor.page
    with reading(shipped_engine) as connection:
        assert connection.scalar(select(func.count()).select_from(photos)) == 1
