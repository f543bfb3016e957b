# ruff: noqa: E501 - a piece of markup is one line
"""A template's body as a list of blocks: validated data, written out as MJML and as plain text when it is saved.

`[{"kind": "heading", "text": "Welcome", "size": "large", "align": "left"}, …]`
"""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from karibu.messages.blocks.brand import Look
from karibu.messages.blocks.kinds import KINDS
from karibu.messages.blocks.words import as_attribute

MOST = 100
Block = dict[str, Any]


class BadBlock(ValueError):
    """What is wrong with which field of which block (0 is the first)."""

    def __init__(self, number: int, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.number, self.field, self.sentence = number, field, sentence


def parse(raw: object) -> list[Block]:
    """The blocks with every field of theirs, in its own type. Raises BadBlock for the first that cannot be kept."""
    if not isinstance(raw, list) or len(raw) > MOST:
        raise BadBlock(0, "", _("A template may have %(n)s blocks.") % {"n": MOST})
    return [_parsed(number, block) for number, block in enumerate(raw)]


def _parsed(number: int, raw: object) -> Block:
    kind = KINDS.get(str(raw.get("kind"))) if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or kind is None:
        raise BadBlock(number, "kind", _("There is no such kind of block."))
    block: Block = {"kind": kind.key}
    for field in kind.fields:
        try:
            block[field.name] = field.read(raw.get(field.name))
        except ValueError as error:
            raise BadBlock(number, field.name, str(error)) from None
    return block


def mjml(blocks: Sequence[Block], look: Look, *, language: str = "en", preheader: str = "") -> str:
    """The whole MJML document, with Liquid in it."""
    inside = "".join(KINDS[block["kind"]].mjml(block, look) for block in blocks)
    logo = ""
    if look.logo_url:
        logo = (
            f'<mj-section padding="24px 0 8px" css-class="sheet"><mj-column><mj-image src="{as_attribute(look.logo_url)}"'
            f' alt="{{{{ shop.name }}}}" href="{{{{ shop.url }}}}" width="{look.logo_width}px" /></mj-column></mj-section>'
        )
    head = _head(look, preheader)
    return (
        f'<mjml lang="{as_attribute(language)}"><mj-head>{head}</mj-head>'
        f'<mj-body background-color="{look.page}" css-class="page">{logo}{inside}</mj-body></mjml>'
    )


def _head(look: Look, preheader: str) -> str:
    preview = f"<mj-preview>{as_attribute(preheader)}</mj-preview>" if preheader else ""
    return (
        f"<mj-title>{{{{ subject }}}}</mj-title>{preview}<mj-attributes>"
        f'<mj-all font-family="{look.font}" />'
        f'<mj-text font-size="16px" line-height="1.5" color="{look.ink}" padding="6px 24px" />'
        f'<mj-table font-size="15px" color="{look.ink}" />'
        f'<mj-section background-color="{look.sheet}" padding="0" />'
        f'<mj-button background-color="{look.accent}" color="{look.on_accent}" font-size="16px" font-weight="600"'
        f' inner-padding="14px 28px" border-radius="{look.radius}" padding="12px 24px 20px" />'
        f"</mj-attributes>{_COLOUR_SCHEME}<mj-style>{_dark(look)}</mj-style>"
    )


_COLOUR_SCHEME = (
    '<mj-raw><meta name="color-scheme" content="light dark" />'
    '<meta name="supported-color-schemes" content="light dark" /></mj-raw>'
)


def _dark(look: Look) -> str:
    return f"""
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
.quiet div, .quiet a {{ color: {look.quiet}; }}
@media (prefers-color-scheme: dark) {{
body, .page, .page > table, .sheet, .sheet > table, .sheet td, .foot, .foot > table, .foot td {{ background: #1f1b18 !important; background-color: #1f1b18 !important; }}
.ink div, .ink td, .ink a, .ink span {{ color: #f3ece6 !important; }}
.quiet div, .quiet a {{ color: #b8ada4 !important; }}
.go td, .go a {{ background: {look.accent} !important; color: {look.on_accent} !important; }}
}}"""


def text(blocks: Sequence[Block]) -> str:
    """The plain-text part, as Liquid."""
    parts = (KINDS[block["kind"]].text(block).strip("\n") for block in blocks)
    return "\n\n".join(part for part in parts if part)


def products_of(blocks: Sequence[Block] | None) -> dict[str, list[str]]:
    """What its blocks of chosen products ask the catalogue for: {"p1,p2": ["p1", "p2"]}."""
    lists = [block["products"] for block in blocks or () if block.get("kind") == "products"]
    return {",".join(ids): ids for ids in lists if ids}
