"""A page as a browser reads it: its elements with the names of their attributes, and the text of each."""

from collections import Counter
from html.parser import HTMLParser

_ALONE = frozenset(("meta", "link", "input", "br", "img", "hr"))
Element = tuple[str, tuple[str, ...]]


class ReadPage(HTMLParser):
    """`elements` counts what the page is made of; `texts` are what its paragraphs and headings say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: Counter[Element] = Counter()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == [], "something is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag, tuple(sorted(name for name, _value in attrs))] += 1
        if tag not in _ALONE:
            self._open.append(tag)
        if tag in ("p", "h2"):
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("p", "h2"):
            self.texts[-1] += data.replace("\u00a0", " ")
