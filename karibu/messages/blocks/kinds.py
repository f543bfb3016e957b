# ruff: noqa: E501 - a piece of markup is one line
"""The blocks that a template is made of. Each says what can be filled in, and writes itself as MJML and as text.

Adding one: a Kind in KINDS. `mjml` writes whole sections; `text` what the plain-text part says, "" for nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.messages.blocks.brand import Look
from karibu.messages.blocks.fields import Field
from karibu.messages.blocks.listing import listed, listed_as_text, rows_of_cart, rows_of_cart_as_text
from karibu.messages.blocks.words import as_attribute, as_html, as_text

Values = Mapping[str, Any]
_DOT = " &#183; "  # between links, in ASCII: what is not has to be made so in each mail (email/compose.py)
ALIGN = Field(
    "align",
    _("Where"),
    "choice",
    "left",
    choices=(("left", _("left")), ("center", _("in the middle")), ("right", _("right"))),
)
PER_ROW = Field(
    "layout", _("Shown as"), "choice", "grid", choices=(("grid", _("two in a row")), ("list", _("one below another")))
)


@dataclass(frozen=True)
class Kind:
    key: str
    label: Any
    icon: str
    fields: tuple[Field, ...]
    mjml: Callable[[Values, Look], str]
    text: Callable[[Values], str]

    def start(self) -> dict[str, Any]:
        """A new block of this kind, with something in it to be changed."""
        return {"kind": self.key, **{field.name: field.start() for field in self.fields}}


def section(inside: str, *, padding: str = "0", classes: str = "sheet") -> str:
    return f'<mj-section padding="{padding}" css-class="{classes}"><mj-column>{inside}</mj-column></mj-section>'


def _heading(of: Values, look: Look) -> str:
    size = {"large": "28px", "medium": "22px", "small": "18px"}[of["size"]]
    words = as_html(of["text"], look.accent)
    return section(
        f'<mj-text font-size="{size}" line-height="1.25" font-weight="600" align="{of["align"]}" padding="16px 24px 4px"'
        f' css-class="ink">{words}</mj-text>'
    )


def _text(of: Values, look: Look) -> str:
    return section(f'<mj-text align="{of["align"]}" css-class="ink">{as_html(of["text"], look.accent)}</mj-text>')


def button(label: str, url: str, look: Look, align: str = "center") -> str:
    return (
        f'<mj-button href="{as_attribute(url)}" align="{align}" css-class="go">{as_html(label)}</mj-button>'
        if label and url
        else ""
    )


def _button(of: Values, look: Look) -> str:
    return section(button(of["label"], of["url"], look, of["align"]))


def _picture(of: Values, look: Look) -> str:
    if not of["url"]:
        return ""
    link = f' href="{as_attribute(of["link"])}"' if of["link"] else ""
    picture = f'<mj-image src="{as_attribute(of["url"])}" alt="{as_attribute(of["alt"])}" width="{of["width"]}px"{link}'
    return section(f'{picture} align="center" padding="12px 24px" />')


def _columns(of: Values, look: Look) -> str:
    cells = "".join(_cell(of, n, look) for n in ("1", "2"))
    return f'<mj-section padding="8px 0" css-class="sheet">{cells}</mj-section>'


def _cell(of: Values, n: str, look: Look) -> str:
    picture = ""
    if url := of[f"picture{n}"]:
        picture = f'<mj-image src="{as_attribute(url)}" alt="{as_attribute(of[f"alt{n}"])}" padding="8px 24px" />'
    words = f'<mj-text css-class="ink">{as_html(of[f"text{n}"], look.accent)}</mj-text>'
    return f"<mj-column>{picture}{words}{button(of[f'label{n}'], of[f'url{n}'], look)}</mj-column>"


def _columns_as_text(of: Values) -> str:
    cells = [_joined(as_text(of[f"text{n}"]), _link(of[f"label{n}"], of[f"url{n}"])) for n in ("1", "2")]
    return "\n\n".join(filter(None, cells))


def _products(of: Values, look: Look) -> str:
    key = ",".join(of["products"])
    return listed(f'catalogue["{key}"]', of, look) if key and '"' not in key else ""


def _products_as_text(of: Values) -> str:
    key = ",".join(of["products"])
    return listed_as_text(f'catalogue["{key}"]', of) if key and '"' not in key else ""


def _coupon(of: Values, look: Look) -> str:
    code = as_html(of["code"])
    box = (
        f'<mj-text align="center" font-size="22px" font-weight="700" letter-spacing="2px" css-class="ink"'
        f' padding="4px 24px 12px">{code}</mj-text>'
    )
    words = (
        f'<mj-text align="center" css-class="ink" padding="16px 24px 4px">{as_html(of["text"], look.accent)}</mj-text>'
    )
    whole = section(words + box + button(of["label"], of["url"], look), padding="8px 0")
    return f"<mj-raw>{{% if coupon %}}</mj-raw>{whole}<mj-raw>{{% endif %}}</mj-raw>" if _is_own(of) else whole


def _coupon_as_text(of: Values) -> str:
    said = _joined(as_text(of["text"]), of["code"], _link(of["label"], of["url"]))
    return f"{{% if coupon %}}{said}{{% endif %}}" if _is_own(of) else said


def _is_own(of: Values) -> bool:
    """Whether the code is one of the person's own: without one there is nothing to show."""
    return "{{ coupon }}" in of["code"]


def _divider(of: Values, look: Look) -> str:
    return section('<mj-divider border-width="1px" border-color="#d9cec4" padding="16px 24px" />')


def _spacer(of: Values, look: Look) -> str:
    return section(f'<mj-spacer height="{of["height"]}px" />')


def _social(of: Values, look: Look) -> str:
    links = _DOT.join(
        f'<a href="{as_attribute(url)}" style="color:{look.quiet}">{network.capitalize()}</a>'
        for network, url in look.links
    )
    return section(f'<mj-text align="center" font-size="14px" css-class="quiet">{links}</mj-text>') if links else ""


def _survey(of: Values, look: Look) -> str:
    box = (
        f"display:inline-block;min-width:24px;padding:8px 4px;margin:3px 1px;border:1px solid {look.accent};"
        f"border-radius:6px;color:{look.accent};text-align:center;text-decoration:none"
    )
    numbers, sign = (range(1, 6), "★") if of["scale"] == "stars" else (range(11), "")
    links = " ".join(f'<a href="{{{{ {of["scale"]}_url }}}}?n={n}" style="{box}">{n}{sign}</a>' for n in numbers)
    return section(f'<mj-text align="center" css-class="ink">{links}</mj-text>')


def _survey_as_text(of: Values) -> str:
    return f"{'★ 1–5' if of['scale'] == 'stars' else '0–10'}: {{{{ {of['scale']}_url }}}}"


def _footer(of: Values, look: Look) -> str:
    link = f'style="color:{look.quiet}"'
    leave = f'<a href="{{{{ unsubscribe_url }}}}" {link}>{as_html(of["leave"])}</a>{_DOT}'
    choose = f'<a href="{{{{ preferences_url }}}}" {link}>{as_html(of["choose"])}</a>{_DOT}'
    view = f'<a href="{{{{ web_view_url }}}}" {link}>{as_html(of["view"])}</a>'
    why = f"{as_html(of['why'])}<br />" if of["why"] else ""
    own = '<mj-text align="center" font-size="13px" line-height="1.6" css-class="quiet">'
    return section(
        f"{own}{{{{ shop.name }}}}{{% if shop.address %}}, {{{{ shop.address }}}}{{% endif %}}<br />{why}"
        f"{{% if is_marketing %}}{leave}{choose}{{% endif %}}{view}</mj-text>",
        padding="16px 0 32px",
        classes="foot",
    )


def _footer_as_text(of: Values) -> str:
    why = f"\n{as_text(of['why'])}" if of["why"] else ""
    ways = (("leave", "unsubscribe_url"), ("choose", "preferences_url"), ("view", "web_view_url"))
    leave, choose, view = (f"\n{as_text(of[name])}: {{{{ {url} }}}}" for name, url in ways)
    own = "-- \n{{ shop.name }}{% if shop.address %}, {{ shop.address }}{% endif %}"
    return f"{own}{why}{{% if is_marketing %}}{leave}{choose}{{% endif %}}{view}"


def _raw(of: Values, look: Look) -> str:
    source = str(of["source"])
    if "<mj-section" in source or "<mj-wrapper" in source or "<mj-hero" in source:
        return source
    return section(f'<mj-text css-class="ink">{source}</mj-text>') if source.strip() else ""


def _link(label: str, url: str) -> str:
    return f"{as_text(label)}: {url}" if label and url else ""


def _joined(*parts: str) -> str:
    return "\n".join(filter(None, parts))


SIZE = Field(
    "size",
    _("Size"),
    "choice",
    "medium",
    choices=(("large", _("large")), ("medium", _("medium")), ("small", _("small"))),
)
_CELL = tuple(
    field
    for n in ("1", "2")
    for field in (
        Field(f"picture{n}", _("Picture"), "picture"),
        Field(f"alt{n}", _("What the picture shows")),
        Field(f"text{n}", _("Text"), "text", _("Something worth reading.")),
        Field(f"label{n}", _("Button")),
        Field(f"url{n}", _("Leads to"), "url"),
    )
)
_HOW_MANY = Field("count", _("At most"), "number", 4, least=1, most=12)
_BUTTON_LABEL = Field("label", _("Words on the button"), default=_("Have a look"))
_TOGETHER = Field("together", _("Word for the sum"), default=_("Together"))
_LISTED = (
    Field("title", _("Heading")),
    PER_ROW,
    Field("prices", _("Show prices"), "tick", True),
)

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in [
        Kind("heading", _("Heading"), "tag", (Field("text", _("Words"), default=_("A good headline")), SIZE, ALIGN),
             _heading, lambda of: as_text(of["text"]).upper() if "{" not in of["text"] else as_text(of["text"])),
        Kind("text", _("Text"), "note",
             (Field("text", _("Text"), "text", _("Hello{% if customer.first_name %} {{ customer.first_name }}{% endif %},"),
                    _("**bold**, *slanted*, [words](https://…). An empty line begins a paragraph.")), ALIGN),
             _text, lambda of: as_text(of["text"])),
        Kind("button", _("Button"), "play",
             (_BUTTON_LABEL, Field("url", _("Leads to"), "url", "{{ shop.url }}"), ALIGN),
             _button, lambda of: _link(of["label"], of["url"])),
        Kind("picture", _("Picture"), "eye",
             (Field("url", _("Picture"), "picture"), Field("alt", _("What it shows"), help=_("Read aloud to who cannot see it, and shown where pictures are off.")),
              Field("link", _("Leads to"), "url"), Field("width", _("Width in pixels"), "number", 552, least=40, most=600)),
             _picture, lambda of: _joined(f"[{as_text(of['alt'])}]" if of["alt"] else "", of["link"])),
        Kind("products", _("Products you choose"), "product",
             (Field("products", _("Products"), "products", help=_("Type a name; several are fine.")), *_LISTED),
             _products, _products_as_text),
        Kind("recommendations", _("Products that fit"), "star", (_HOW_MANY, *_LISTED),
             lambda of, look: listed("recommendations", of, look), lambda of: listed_as_text("recommendations", of)),
        Kind("about", _("Products it is about"), "tag", (_HOW_MANY, *_LISTED),
             lambda of, look: listed("products", of, look), lambda of: listed_as_text("products", of)),
        Kind("cart", _("Their cart"), "cart", (Field("label", _("Words on the button"), default=_("Back to my cart")), _TOGETHER),
             lambda of, look: rows_of_cart("cart", look, of["together"]) + section(button(of["label"], "{{ cart.url }}", look)),
             lambda of: rows_of_cart_as_text("cart", of["together"]) + f"\n\n{of['label']}: {{{{ cart.url }}}}"),
        Kind("order", _("Their order"), "orders", (_TOGETHER,), lambda of, look: rows_of_cart("order", look, of["together"]),
             lambda of: rows_of_cart_as_text("order", of["together"])),
        Kind("coupon", _("Coupon"), "coupon",
             (Field("text", _("Words"), "text", _("A little something for you:")), Field("code", _("Code"), default="{{ coupon }}", help=_("{{ coupon }} becomes a code of the person's own.")),
              Field("label", _("Button"), default=_("Use it now")), Field("url", _("Leads to"), "url", "{{ shop.url }}")),
             _coupon, _coupon_as_text),
        Kind("survey", _("One question"), "star",
             (Field("scale", _("Answered by"), "choice", "score", choices=(("score", _("a number from 0 to 10")), ("stars", _("one to five stars"))),
                    help=_("A page of Karibu asks; the answer is the event “Survey Answered”, with its score.")),),
             _survey, _survey_as_text),
        Kind("columns", _("Two columns"), "columns", _CELL, _columns, _columns_as_text),
        Kind("divider", _("Line"), "more", (), _divider, lambda of: "----"),
        Kind("spacer", _("Space"), "down", (Field("height", _("Height in pixels"), "number", 24, least=4, most=200),), _spacer, lambda of: ""),
        Kind("social", _("Social links"), "globe", (), _social, lambda of: ""),
        Kind("footer", _("Footer"), "info",
             (Field("why", _("Why they get this"), default=_("You get this because you agreed to hear from us.")),
              Field("leave", _("Words for leaving"), default=_("Unsubscribe")), Field("choose", _("Words for choosing"), default=_("Choose what you get")), Field("view", _("Words for the web view"), default=_("View in the browser"))),
             _footer, _footer_as_text),
        Kind("raw", _("MJML or HTML"), "file", (Field("source", _("Source"), "code", help=_("Sections of MJML, or HTML for one; with Liquid.")),),
             _raw, lambda of: ""),
    ]
}  # fmt: skip
