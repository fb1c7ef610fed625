"""Somebody on the web chat without a browser: reads a page's forms, touches its buttons, sends words."""

import re
from html import unescape

from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette


class Visitor:
    """Opens the chat and answers it as a page without script would. `page` is the last one shown."""

    def __init__(self, app: Starlette, base_url: str = "http://testserver") -> None:
        self.client = AsyncClient(transport=ASGITransport(app), base_url=base_url)
        self.page = ""

    async def open(self, path: str = "/") -> Response:
        response = await self.client.get(path)
        self.page = response.text
        return response

    @property
    def hidden(self) -> dict[str, str]:
        """What the page's forms carry."""
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.page))

    @property
    def buttons(self) -> dict[str, str]:
        """The data of each button by its label, cards' titles included."""
        found = re.findall(r'<button class="choice[^>]* value="([^"]*)">(.*?)</button>', self.page)
        return {text_of(label): unescape(data) for data, label in found}

    @property
    def bubbles(self) -> list[str]:
        """What was said, one text a message."""
        return [text_of(part.partition(">")[2]) for part in self.page.split('<div class="message ')[1:]]

    @property
    def cards(self) -> list[str]:
        """The titles of the cards, in order."""
        return [text_of(title) for title in re.findall(r"<h2>(.*?)</h2>", self.page)]

    async def send(self, headers: dict[str, str] | None = None, **fields: str) -> Response:
        """Sends a form with these fields added; shows the page it leads to."""
        response = await self.client.post("/message", data=self.hidden | fields, headers=headers)
        if response.status_code == 303:
            await self.open(response.headers["location"])
        return response

    async def tap(self, label: str) -> Response:
        return await self.send(tap=self.buttons[label])

    async def say(self, words: str) -> Response:
        return await self.send(text=words)


def text_of(html: str) -> str:
    """The words of a piece of page, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())
