"""What an author types into a block: plain words, with Liquid for what differs, and a little emphasis.

`**bold**`, `*slanted*` and `[words](address)`; an empty line begins a paragraph. Anything else is a letter like any
other: a `<` typed into a text is shown as one.
"""

import html
import re

from karibu.messages import aside

_LINK = re.compile(r"\[([^\[\]\n]+)\]\(([^()\s]+)\)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL)
_SLANTED = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")
_GAP = re.compile(r"\n[ \t]*\n\s*")


def as_html(text: str, colour: str = "inherit") -> str:
    """The HTML of a text, its Liquid untouched; links take the colour."""
    bare, tags = aside.put(text.replace("\r\n", "\n").strip())
    safe = html.escape(bare)
    safe = _LINK.sub(rf'<a href="\2" style="color:{colour}">\1</a>', safe)
    safe = _SLANTED.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", safe))
    paragraphs = (part.replace("\n", "<br />") for part in _GAP.split(safe))
    return aside.back("<br /><br />".join(paragraphs), tags)


def as_attribute(text: str) -> str:
    """One line for between the quotes of an attribute."""
    bare, tags = aside.put(" ".join(text.split()))
    return aside.back(html.escape(bare), tags)


def as_text(text: str) -> str:
    """The same words for the plain-text part."""
    plain = _LINK.sub(r"\1 (\2)", text.replace("\r\n", "\n").strip())
    return _SLANTED.sub(r"\1", _BOLD.sub(r"\1", plain))
