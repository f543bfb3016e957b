"""The plain-text part of a mail whose author wrote none: the text of its HTML, with each link behind its words.

Mostly it is derived once, from the HTML of the template with its Liquid in it, and filled in like any other text.
"""

import re
from html.parser import HTMLParser

from karibu.messages import aside

_BLOCKS = frozenset(["p", "div", "tr", "br", "h1", "h2", "h3", "h4", "li", "table", "section", "ul", "ol", "hr"])
_SILENT = frozenset(["head", "style", "script", "title", "noscript"])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.silent = 0
        self.href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a":
            self.href = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent -= 1
        elif tag == "a" and (self.href.startswith("http") or aside.is_mark(self.href)):
            self.parts.append(f" ({self.href})")
            self.href = ""
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def text_of(html: str) -> str:
    """Readable text: one line a block, no runs of empty lines."""
    reader = _Reader()
    reader.feed(html)
    lines = (re.sub(r" {2,}", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def is_derivable(html: str) -> bool:
    """Whether no markup comes out of the Liquid: then the text of the source is the source of the text."""
    return "newline_to_br" not in html and "capture" not in html


def text_of_liquid(html: str) -> str:
    """Liquid for the text, from HTML with Liquid in it."""
    bare, tags = aside.put(html)
    return re.sub(r"[ \t]*\n[ \t]*", "\n", aside.back(text_of(bare), tags))
