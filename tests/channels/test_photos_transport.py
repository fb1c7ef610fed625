"""Photos on the transport of the Bot API: no more is read than was allowed, for no longer; and one leaves whole."""

import asyncio
import traceback
from email import message_from_bytes

import pytest
from telegram.error import NetworkError, TimedOut

from bot.channels import aiohttp_request
from bot.channels.aiohttp_request import AiohttpRequest, TooHeavy
from bot.channels.telegram import download, send
from bot.channels.telegram_photos import Unreachable
from catalogue.pictures import Flaw, Unusable
from scheduler.delivery import Unsure
from tests.channels.test_aiohttp_request import OK, TOKEN, Answer, a_request, answering, bot_on

MESSAGE = {"call": "photo", "photo": 1, "jpeg": b"\xff\xd8\x00photo", "text": "Voici & l'affiche"}


def serving(head: bytes, body: bytes = b"", for_ever: bool = False) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n" + body)
        while for_ever:
            writer.write(body or b"\0" * 65536)
            await writer.drain()

    return answer


async def downloaded(answer: Answer, most: int = 1000, seconds: float = 5) -> bytes:
    async with answering(answer) as address, AiohttpRequest(5) as request:
        return await request.download(f"{address}/file/bot{TOKEN}/photos/1.jpg", most, seconds)


async def test_what_is_there_is_downloaded() -> None:
    assert await downloaded(serving(b"HTTP/1.1 200 OK\r\nContent-Length: 5", b"photo")) == b"photo"


async def test_no_more_is_read_than_was_allowed() -> None:
    with pytest.raises(TooHeavy):
        await downloaded(serving(b"HTTP/1.1 200 OK", for_ever=True))


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/", b"what"],
)
async def test_what_is_not_there_is_not_followed_elsewhere(head: bytes) -> None:
    with pytest.raises(NetworkError) as caught:
        await downloaded(serving(head))
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


async def test_what_is_cut_short_is_not_taken_for_whole() -> None:
    with pytest.raises(NetworkError):
        await downloaded(serving(b"HTTP/1.1 200 OK\r\nContent-Length: 50", b"photo"))


async def test_what_comes_drop_by_drop_is_given_up() -> None:
    async def drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        while not reader.at_eof():
            writer.write(b"x")
            await asyncio.sleep(0.05)

    with pytest.raises(TimedOut):
        await downloaded(drops, seconds=0.3)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b'{"ok":false,"error_code":400,"description":"Bad Request: file is too big"}', Flaw.TOO_HEAVY),
        (400, b'{"ok":false,"error_code":400,"description":"Bad Request: wrong file_id"}', Flaw.OUT_OF_REACH),
        (200, b'{"ok":true,"result":{"file_size":20000000,"file_path":"a"}}', Flaw.TOO_HEAVY),
        (502, b"", None),
    ],
)
async def test_what_telegram_refuses_is_told_from_what_may_come_later(
    status: int, body: bytes, expected: Flaw | None
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await a_request(reader)
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))

    async with answering(answer) as address, bot_on(address) as bot:
        with pytest.raises((Unusable, Unreachable)) as caught:
            await download(bot, "file-1")
    assert getattr(caught.value, "flaw", None) is expected


async def test_a_photo_leaves_whole_with_its_words() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-len"))
        seen.extend([head, await reader.readexactly(length)])
        writer.write(OK)

    async with answering(answer) as address, bot_on(address) as bot:
        await send(bot, "1001", MESSAGE)
    head, body = seen
    parts = message_from_bytes(head.partition(b"\r\n")[2] + body).get_payload()
    assert isinstance(parts, list)
    found = {part.get_param("name", header="content-disposition"): part for part in parts}  # type: ignore[union-attr]
    assert head.startswith(f"POST /bot{TOKEN}/SendPhoto ".encode())
    assert found["photo"].get_content_type() == "image/jpeg"  # type: ignore[union-attr]
    assert found["photo"].get_payload(decode=True) == MESSAGE["jpeg"]  # type: ignore[union-attr]
    assert found["caption"].get_payload(decode=True).decode() == MESSAGE["text"]  # type: ignore[union-attr]
    assert found["chat_id"].get_payload(decode=True) == b"1001"  # type: ignore[union-attr]


async def test_a_photo_that_does_not_leave_in_time_leaves_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp_request, "UPLOAD_S", 0.3)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with answering(answer) as address, bot_on(address) as bot:
        with pytest.raises(Unsure):
            await send(bot, "1001", MESSAGE)
