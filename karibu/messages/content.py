"""What one message says to one person: its template, compiled once, filled in with that person's facts."""

import html as html_
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from karibu.messages import plain, sandbox, tokens
from karibu.messages.addresses import page
from karibu.messages.machines import HIDDEN
from karibu.messages.mjml import compile_mjml
from karibu.messages.models import Template

Facts = dict[str, Any]
_FOOTERS = Path(__file__).parent / "starters"
_HREF = re.compile(r'(<a\b[^<>]*?\shref=")([^"]*)(")', re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_TEXT_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
MOST_LINKS = 250  # a position is one byte
_SCHEMES = ("http://", "https://", "mailto:", "tel:", "#")


@dataclass(frozen=True)
class Compiled:
    subject: sandbox.BoundTemplate
    html: sandbox.BoundTemplate
    text: sandbox.BoundTemplate | None  # None: derived from the HTML
    is_marketing: bool


@dataclass
class Content:
    """`links` are the targets of the tracked links; a link's position is its index."""

    subject: str
    html: str
    text: str
    links: list[str] = field(default_factory=list)


@lru_cache(maxsize=256)
def compiled(template_id: int, version: int, was_marketing: bool = False) -> Compiled:
    """`was_marketing`: the message was meant as marketing, whatever its template has become since."""
    template = Template.objects.get(pk=template_id)
    template.is_marketing |= was_marketing
    return compile_template(template)


def compile_template(template: Template) -> Compiled:
    """Raises mjml.BadMarkup or LiquidError for a template that cannot be used."""
    if template.channel != "email":
        return _compile_text(template)
    source = template.body if "<mjml" in template.body else _as_mjml(template.body)
    # Marketing can always be left, and every mail can be seen in the browser; an author may place the links.
    link, footer = ("unsubscribe_url", "_footer") if template.is_marketing else ("web_view_url", "_footer_service")
    if link not in source:
        source = source.replace("</mj-body>", _footer(f"{footer}.mjml") + "</mj-body>")
    text = template.text
    if text and link not in text:
        text = text.rstrip() + "\n\n" + _footer(f"{footer}.txt.liquid")
    return Compiled(
        is_marketing=template.is_marketing,
        subject=sandbox.TEXT.from_string(template.subject),
        html=sandbox.HTML.from_string(compile_mjml(source)),
        text=sandbox.TEXT.from_string(text) if text else None,
    )


def _compile_text(template: Template) -> Compiled:
    """What a channel without HTML says: the body is text. How it can be left is the channel's own business (STOP)."""
    return Compiled(
        is_marketing=False,
        subject=sandbox.TEXT.from_string(template.subject),
        html=sandbox.HTML.from_string(""),
        text=sandbox.TEXT.from_string(template.text or template.body),
    )


def _as_mjml(body: str) -> str:
    """A body without any MJML is text in one column."""
    return f"<mjml><mj-body><mj-section><mj-column><mj-text>{body}</mj-text></mj-column></mj-section></mj-body></mjml>"


@lru_cache
def _footer(name: str) -> str:
    """The law's part of a mail: who sends it from where, and how to stop it."""
    return (_FOOTERS / name).read_text(encoding="utf-8")


def render(form: Compiled, facts: Facts) -> Content:
    """Subject, HTML and text for these facts, links as written. Raises LiquidError."""
    subject = " ".join(_clean(form.subject.render(**facts)).split())[:500]
    facts = {**facts, "subject": subject}
    html = _clean(form.html.render(**facts))
    text = _clean(form.text.render(**facts)) if form.text else plain.text_of(html)
    return Content(subject=subject, html=_without_scripts(html), text=re.sub(r"\n{3,}", "\n\n", text).strip())


def render_tracked(form: Compiled, facts: Facts, message_id: int, links: Sequence[str] | None = None) -> Content:
    """As `render`, with each web link led through our redirect and an open picture at the end.

    `links` are those that the message had when it left: a later view of it tracks these and no others.
    """
    own = {
        "unsubscribe_url": page(tokens.UNSUBSCRIBE, message_id),
        "web_view_url": page(tokens.VIEW, message_id),
    }
    content = render(form, {**facts, **own})
    if form.is_marketing:
        _let_people_leave(content, own["unsubscribe_url"])
    _track(content, message_id, set(own.values()), links)
    return content


def _let_people_leave(content: Content, url: str) -> None:
    """Where the author's own link did not come out (in a comment, behind a condition), ours stands at the end."""
    if html_.escape(url) not in content.html:
        way_out = f'<p style="text-align:center"><a href="{html_.escape(url)}">Unsubscribe</a></p>'
        content.html = content.html.replace("</body>", way_out + "</body>")
    if url not in content.text:
        content.text += f"\n\nUnsubscribe: {url}"


def _track(content: Content, message_id: int, own: set[str], links: Sequence[str] | None) -> None:
    positions = {url: n for n, url in enumerate(links or ())}

    def tracked(url: str) -> str:
        if url in own or not url.startswith(("http://", "https://")):
            return url
        if url not in positions and (links is not None or len(positions) > MOST_LINKS):
            return url
        return page(tokens.CLICK, message_id, positions.setdefault(url, len(positions)))

    content.html = _HREF.sub(lambda m: m[1] + html_.escape(tracked(html_.unescape(m[2]))) + m[3], content.html)
    content.text = _TEXT_URL.sub(lambda m: tracked(m[0]), content.text)
    content.links = list(positions)
    picture = f'<img src="{page(tokens.OPEN, message_id)}" width="1" height="1" alt="" />'
    content.html = content.html.replace("</body>", picture + "</body>")
    # Before every other link: who follows all of them gives itself away at once. Without words, nobody reads it aloud.
    unseen = f'<a href="{page(tokens.CLICK, message_id, HIDDEN)}" tabindex="-1"></a>'
    content.html = _BODY.sub(
        lambda body: f'{body[0]}<div style="display:none" aria-hidden="true">{unseen}</div>', content.html, 1
    )


def _without_scripts(html: str) -> str:
    """A link goes to the web, to mail or to a phone: `javascript:` out of a product's data goes nowhere."""

    def checked(match: re.Match[str]) -> str:
        target = html_.unescape(match[2]).strip().lower()
        return match[0] if target.startswith(_SCHEMES) or target == "" else f"{match[1]}#{match[3]}"

    return _HREF.sub(checked, html)


def _clean(text: str) -> str:
    """Without control characters, which neither mail nor PostgreSQL can carry."""
    return _CONTROL.sub("", text)
