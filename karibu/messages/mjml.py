"""MJML with Liquid in it becomes HTML with Liquid in it, once per template version.

Liquid tags are put aside while the MJML is compiled, so that `{% if a < b %}` is no broken XML and `mrml` never touches
what is between the braces.
"""

import re
from xml.parsers import expat

import mrml

from karibu.messages import aside

_TAG = re.compile(r"(<(?!a )[a-z][a-z0-9]*) (?=[a-z])")
_SPACES, _LINE_ENDS = re.compile(r"[ \t]+"), re.compile(r" ?\n[ \n]*")
_OPENING = re.compile(r"<(mj[\w-]*)")
_ELEMENTS = frozenset(
    [
        "mjml",
        "mj-head",
        "mj-body",
        "mj-attributes",
        "mj-all",
        "mj-class",
        "mj-style",
        "mj-title",
        "mj-preview",
        "mj-font",
        "mj-breakpoint",
        "mj-raw",
        "mj-include",
        "mj-wrapper",
        "mj-section",
        "mj-group",
        "mj-column",
        "mj-text",
        "mj-button",
        "mj-image",
        "mj-divider",
        "mj-spacer",
        "mj-table",
        "mj-hero",
        "mj-navbar",
        "mj-navbar-link",
        "mj-social",
        "mj-social-element",
        "mj-accordion",
        "mj-accordion-element",
        "mj-accordion-title",
        "mj-accordion-text",
        "mj-carousel",
        "mj-carousel-image",
    ]
)


class BadMarkup(ValueError):
    """The MJML cannot be read; `line` is where (1 is the first), 0 where nobody can tell."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {reason}" if line else reason)
        self.line = line


def compile_mjml(source: str) -> str:
    """The HTML of an MJML document, its Liquid untouched. Raises BadMarkup."""
    bare, tags = aside.put(source)
    _refuse_unknown_elements(bare)
    try:
        html = mrml.to_html(bare, render_options=mrml.RenderOptions(fonts={})).content  # fetch no web fonts
    except OSError as error:
        raise _located(bare, str(error)) from None
    return aside.back(_in_lines(_tidy(html)), tags)


def _tidy(html: str) -> str:
    """Without white space that nobody sees, unless something may show it: shorter, and a signature over the body
    (dkim.py) has nothing to change in it."""
    if "<pre" in html or "white-space:pre" in html.replace(" ", ""):
        return html
    # A dot that begins a line is doubled on the way (RFC 5321, 4.5.2): of what stands in every mail, none does.
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", html)).replace("\n.", "\n .")


def _in_lines(html: str) -> str:
    """A new line within each tag, where it changes nothing: lines longer than 998 letters are no mail (RFC 5322), and
    would have to be encoded anew for each person. Links stay as they are: content.py looks for them.
    """
    return _TAG.sub(r"\1\n", html)


def _refuse_unknown_elements(source: str) -> None:
    """mrml leaves out what it does not know; an author who mistypes an element wants to hear of it."""
    for number, line in enumerate(source.split("\n"), 1):
        for name in _OPENING.findall(line):
            if name not in _ELEMENTS:
                raise BadMarkup(f"there is no element <{name}> in MJML", number)


def _located(source: str, reason: str) -> BadMarkup:
    """mrml says what is wrong but not always where; an XML parser that stumbles over the same thing knows the line."""
    parser = expat.ParserCreate()
    parser.UseForeignDTD(True)  # HTML's &nbsp; and its kind are no error
    parser.SkippedEntityHandler = lambda *_: None
    try:
        parser.Parse(source, True)
    except expat.ExpatError as error:
        return BadMarkup(expat.errors.messages[error.code], error.lineno)
    return BadMarkup(reason)
