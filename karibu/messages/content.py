"""What one message says to one person: its template, compiled once, filled in with that person's facts."""

import html as html_
import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from karibu.messages import plain, sandbox, slots, survey, tokens
from karibu.messages.addresses import pages
from karibu.messages.machines import HIDDEN
from karibu.messages.mjml import compile_mjml
from karibu.messages.models import Template, Wording

Facts = dict[str, Any]
_FOOTERS = Path(__file__).parent / "starters"
_ANCHOR = re.compile(r"<a\s[^<>]*", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_TEXT_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
MOST_LINKS = 250  # a position is one byte
_OWN = ((tokens.UNSUBSCRIBE, 0), (tokens.VIEW, 0), (tokens.OPEN, 0), (tokens.CLICK, HIDDEN))  # of every mail
_SCHEMES = ("http://", "https://", "mailto:", "tel:", "#")


@dataclass(frozen=True)
class Compiled:
    subject: sandbox.Template
    html: sandbox.Template
    text: sandbox.Template | None  # None: derived from the HTML
    is_marketing: bool
    language: str = ""
    links: tuple[str, ...] = ()  # what every mail links to (slots.py), by position
    has_others: bool = True  # links whose target only the filled-in mail can say
    scales: frozenset[str] = frozenset()  # of the surveys that it asks for
    others: dict[str, Callable[[], "Compiled"]] = field(default_factory=dict)  # by language, compiled when asked for

    def spoken(self, language: object) -> "Compiled":
        """The form for who speaks this: theirs, that of the language without its country, or the template's own."""
        wanted = str(language or "").replace("_", "-").lower()
        other = self.others.get(wanted) or self.others.get(wanted.split("-")[0])
        return other() if other else self


@dataclass
class Content:
    """`links` are the targets of the tracked links; a link's position is its index. The first are `shared`: every mail
    of the template has them.
    """

    subject: str
    html: str
    text: str
    links: list[str] = field(default_factory=list)
    way_out: str = ""  # the page where it is unsubscribed from
    shared: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def compiled(template_id: int, version: int, was_marketing: bool = False) -> Compiled:
    """`was_marketing`: the message was meant as marketing, whatever its template has become since."""
    template = Template.objects.get(pk=template_id)
    template.is_marketing |= was_marketing
    form = compile_template(template)
    for wording in Wording.objects.filter(template=template):
        form.others[wording.language.lower()] = cache(partial(_compile_wording, template, wording))
    if form.others:
        form.others.setdefault(form.language.lower(), lambda: form)
    return form


def _compile_wording(template: Template, wording: Wording) -> Compiled:
    said = copy(template)
    said.language, said.subject, said.body, said.text = wording.language, wording.subject, wording.body, wording.text
    return compile_template(said)


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
    html = compile_mjml(source)
    if not text and plain.is_derivable(html):
        text = plain.text_of_liquid(html)
    html, links = slots.dig(_with_places(html))
    as_text, as_html = sandbox.text(template.language), sandbox.html(template.language)
    return Compiled(
        is_marketing=template.is_marketing,
        language=template.language,
        subject=as_text.compiled(template.subject),
        html=as_html.compiled(html),
        text=as_text.compiled(text) if text else None,
        links=links,
        has_others=slots.HREF in html,
        scales=frozenset(scale for scale in survey.SCALES if f"{scale}_url" in template.subject + html + text),
    )


def _compile_text(template: Template) -> Compiled:
    """What a channel without HTML says: the body is text. How it can be left is the channel's own business (STOP)."""
    as_text = sandbox.text(template.language)
    return Compiled(
        is_marketing=False,
        language=template.language,
        subject=as_text.compiled(template.subject),
        html=sandbox.HTML.compiled(""),
        text=as_text.compiled(template.text or template.body),
    )


def _with_places(html: str) -> str:
    """Where the pictures and links of tracking will stand, so that no message is searched for them."""
    html = _ANCHOR.sub(lambda tag: re.sub(r"(?i)\shref=", " href=", re.sub(r"^<A", "<a", tag[0])), html)
    html = _BODY.sub(lambda body: body[0] + "{{ karibu_unseen }}", html, count=1)
    return html.replace("</body>", "{{ karibu_picture }}</body>")


def _as_mjml(body: str) -> str:
    """A body without any MJML is text in one column."""
    return f"<mjml><mj-body><mj-section><mj-column><mj-text>{body}</mj-text></mj-column></mj-section></mj-body></mjml>"


@lru_cache
def _footer(name: str) -> str:
    """The law's part of a mail: who sends it from where, and how to stop it."""
    return (_FOOTERS / name).read_text(encoding="utf-8")


def render(form: Compiled, facts: Facts, lead: Callable[[str], str] | None = None) -> Content:
    """Subject, HTML and text for these facts; `lead` says where each of their links leads. Raises LiquidError."""
    form = form.spoken((facts.get("customer") or {}).get("language"))
    subject = " ".join(form.subject.filled(facts).split())[:500]
    slotted = slots.filled([lead(url) for url in form.links] if lead else form.links)
    facts = {**facts, **slotted, "subject": subject, "is_marketing": form.is_marketing}
    html = form.html.filled(facts)
    if form.has_others:
        html = _led(html, lead)
    text = form.text.filled(facts) if form.text else plain.text_of(html)
    if form.text and lead:
        text = _TEXT_URL.sub(lambda url: lead(url[0]), text)
    while "\n\n\n" in text:  # a fifth of an expression's time
        text = text.replace("\n\n\n", "\n\n")
    return Content(subject=subject, html=html, text=text.strip())


def _led(html: str, lead: Callable[[str], str] | None) -> str:
    """The HTML, each link that came out of Liquid checked and led where it shall lead.

    Splitting is five times as quick as an expression.
    """
    before, *rest = html.split(slots.HREF)
    parts = [before]
    for part in rest:
        tag, end = before.rfind("<"), part.find('"')
        is_link = before.startswith(("<a ", "<a\n"), tag) or before[tag:] == "<a"
        before = part
        if is_link and end >= 0:
            url = _without_scripts(html_.unescape(part[:end]))
            part = html_.escape(lead(url) if lead else url) + part[end:]
        parts.append(part)
    return slots.HREF.join(parts)


def render_tracked(form: Compiled, facts: Facts, message_id: int, links: Sequence[str] | None = None) -> Content:
    """As `render`, with each web link led through our redirect and an open picture at the end.

    `links` are those that the message had when it left: a later view of it tracks these and no others.
    """
    form = form.spoken((facts.get("customer") or {}).get("language"))
    positions = {url: n for n, url in enumerate(form.links if links is None else links)}
    asked = [(n, scale) for n, scale in enumerate(survey.SCALES) if scale in form.scales]
    wanted = [*_OWN, *((tokens.SURVEY, n) for n, _ in asked), *((tokens.CLICK, n) for n in positions.values())]
    unsubscribe, view, picture, unseen, *others = pages(message_id, wanted)
    surveys = {f"{scale}_url": page for (_, scale), page in zip(asked, others, strict=False)}
    # What decides over a person's consents is reached directly: no visit is noted there.
    private = [str(facts.get(name, "")) for name in ("preferences_url", "confirm_url")]
    led = {
        **dict(zip(positions, others[len(asked) :], strict=True)),
        **{url: url for url in (unsubscribe, view, *private)},
    }

    def lead(url: str) -> str:
        if (known := led.get(url)) is None:
            known = led[url] = tracked(url)
        return known

    def tracked(url: str) -> str:
        if not url.startswith(slots.WEB):
            return url
        if url not in positions and (links is not None or len(positions) > MOST_LINKS):
            return url
        return pages(message_id, [(tokens.CLICK, positions.setdefault(url, len(positions)))])[0]

    own = {"unsubscribe_url": unsubscribe, "web_view_url": view, **surveys, **_marks(picture, unseen)}
    content = render(form, {**facts, **own}, lead)
    if form.is_marketing:
        _let_people_leave(content, unsubscribe)
    content.links, content.shared = list(positions), form.links if links is None else ()
    content.way_out = unsubscribe
    return content


def _marks(picture: str, unseen: str) -> Facts:
    """The open picture, and before every other link one that nobody sees: who follows all of them gives itself away
    at once. Without words, nobody reads it aloud."""
    image = f'<img src="{picture}" width="1" height="1" alt="" />'
    link = f'<a{slots.KNOWN}{unseen}" tabindex="-1"></a>'
    return {
        "karibu_picture": Markup(image),  # noqa: S704 - both are ours alone
        "karibu_unseen": Markup(f'<div style="display:none" aria-hidden="true">{link}</div>'),  # noqa: S704
    }


def _let_people_leave(content: Content, url: str) -> None:
    """Where the author's own link did not come out (in a comment, behind a condition), ours stands at the end."""
    if content.html.rfind(html_.escape(url)) < 0:  # from the end, where it mostly stands
        way_out = f'<p style="text-align:center"><a href="{html_.escape(url)}">Unsubscribe</a></p>'
        content.html = content.html.replace("</body>", way_out + "</body>")
    if content.text.rfind(url) < 0:
        content.text += f"\n\nUnsubscribe: {url}"


def _without_scripts(url: str) -> str:
    """A link goes to the web, to mail or to a phone: `javascript:` out of a product's data goes nowhere."""
    target = url.strip().lower()
    return url if target.startswith(_SCHEMES) or target == "" else "#"
