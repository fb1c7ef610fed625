"""The transport of the Bot API: what it brings back, and what it knows of a request that failed."""

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest
from telegram import Bot
from telegram.error import BadRequest, NetworkError, TimedOut

from bot.channels import aiohttp_request
from bot.channels.aiohttp_request import AiohttpRequest
from bot.channels.telegram import send
from scheduler.delivery import NotSent, Refused, Unsure

TOKEN = "123456:ABC-def"
MESSAGE = {"call": "send", "text": "Bonjour à tous & <b>bienvenue</b>"}
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{"ok":true,"result":true}'

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """A server of the test's own; gives its address."""

    async def then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(then_close, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def bot_on(address: str, read_timeout: float = 5) -> AsyncIterator[Bot]:
    request, polling = AiohttpRequest(read_timeout), AiohttpRequest(read_timeout)
    async with request, polling:
        yield Bot(TOKEN, base_url=f"{address}/bot", request=request, get_updates_request=polling)


async def a_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, list[str]]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next((int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-len")), 0)
    return head, parse_qs((await reader.readexactly(length)).decode())


async def failure(address: str, read_timeout: float = 5) -> Exception:
    async with bot_on(address, read_timeout) as bot:
        with pytest.raises((NotSent, Unsure, Refused)) as caught:
            await send(bot, "1001", MESSAGE)
    return caught.value


async def test_a_message_arrives_whole_on_a_connection_that_is_kept() -> None:
    seen = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append(await a_request(reader))
            writer.write(OK)

    async with answering(answer) as address, bot_on(address) as bot:
        await send(bot, "1001", MESSAGE)
        await send(bot, "1001", MESSAGE)
    for head, fields in seen:
        assert head.startswith(f"POST /bot{TOKEN}/SendMessage ")
        assert fields["text"] == [MESSAGE["text"]]
        assert fields["chat_id"] == ["1001"]
    assert len(seen) == 2


async def test_a_refusal_of_the_server_is_told_from_a_failure_of_the_network() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await a_request(reader)
        body = b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async with answering(answer) as address, bot_on(address) as bot:
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(1001, "Bonjour")


async def test_nobody_listening_is_a_message_that_did_not_leave() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        found = await failure(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert isinstance(found, NotSent)


async def test_a_name_nobody_knows_is_a_message_that_did_not_leave() -> None:
    assert isinstance(await failure("http://telegram.invalid"), NotSent)


async def test_a_server_that_lets_nobody_in_is_a_message_that_did_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp_request, "CONNECT_S", 0.3)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        found = await failure(f"http://127.0.0.1:{full.getsockname()[1]}")
    assert isinstance(found, NotSent)


async def test_without_a_certificate_the_message_did_not_leave() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"What?\r\n\r\n")

    async with answering(answer) as address:
        found = await failure(address.replace("http:", "https:"))
    assert isinstance(found, NotSent)


async def test_a_connection_cut_after_the_request_leaves_a_doubt() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await a_request(reader)

    async with answering(answer) as address:
        assert isinstance(await failure(address), Unsure)


async def test_an_answer_cut_short_leaves_a_doubt() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await a_request(reader)
        writer.write(OK[:-4])

    async with answering(answer) as address:
        assert isinstance(await failure(address), Unsure)


async def test_an_answer_that_does_not_come_leaves_a_doubt() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with answering(answer) as address:
        assert isinstance(await failure(address, read_timeout=0.3), Unsure)


async def test_who_asks_for_updates_waits_as_long_as_they_ask() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await a_request(reader)
        await asyncio.sleep(0.5)
        writer.write(OK.replace(b"true}", b"[]}").replace(b"25", b"23"))

    async with answering(answer) as address:
        async with bot_on(address, read_timeout=0.2) as bot:
            assert await bot.get_updates(timeout=2) == ()
        async with bot_on(address, read_timeout=0.2) as bot:
            with pytest.raises(TimedOut):
                await bot.get_updates(timeout=0)


async def test_no_error_holds_the_token() -> None:
    for address in ("http://telegram.invalid", "http://127.0.0.1:1", "http://[telegram"):
        async with bot_on(address) as bot:
            with pytest.raises(NetworkError) as caught:
                await bot.get_me()
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
