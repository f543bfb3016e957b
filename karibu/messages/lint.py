# ruff: noqa: E501 - a sentence is one line
"""What an experienced mail writer would point at before it leaves. Nothing is fetched: only what stands here is judged.

`check(template)` for the editor and before a campaign; `worst(findings)` says whether it should leave at all.
"""

import difflib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from html.parser import HTMLParser
from itertools import chain
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from karibu.messages import aside, facts, names, pictures, preview
from karibu.messages.blocks.brand import contrast
from karibu.messages.content import Content
from karibu.messages.models import Picture, Template
from karibu.messages.spam import WORDS

CLIPPED = 102_000  # bytes, from which on Gmail hides the rest (and with it the way out)
HEAVY = 200_000  # bytes of one picture
LONG_SUBJECT, LITTLE_TEXT = 70, 150
ERROR, WARNING, HINT = "error", "warning", "hint"
_ORDER = (ERROR, WARNING, HINT)


@dataclass(frozen=True)
class Finding:
    """`severity`: error (should not leave), warning, hint. `where`: subject, body, text or shop."""

    severity: str
    where: str
    sentence: str
    fix: str = ""


@dataclass
class _Mail:
    template: Template
    said: Content
    page: "_Page"


def check(template: Template) -> list[Finding]:
    """The findings, worst first. A template that cannot be used has its faults as errors."""
    if found := preview.faults(template):
        return [Finding(ERROR, fault.field, fault.words) for fault in found]
    if template.channel != "email":
        mail = _Mail(template, preview.show(template), _Page(""))
        return ranked(chain(_unknown_names(mail), _sms(mail)))
    said = preview.show(template)
    mail = _Mail(template, said, _Page(preview.as_written(template)))
    return ranked(finding for one in CHECKS for finding in one(mail))


def _sms(mail: _Mail) -> Iterator[Finding]:
    """What a text costs, and whether it arrives, hangs on how long it is and on single letters."""
    if mail.template.channel != "sms":
        return
    from karibu.messages.channels.sms import compose, segments

    found = segments.size(compose.shown(mail.said.text, mail.template))
    if found.parts > segments.MOST:
        words = _("It would be %(n)s SMS; more than %(most)s do not arrive everywhere.")
        yield Finding(ERROR, "text", words % {"n": found.parts, "most": segments.MOST}, _("Make it shorter."))
    if found.odd:
        words = _("“%(letters)s” halves the room of each SMS, so this is %(n)s of them.")
        yield Finding(HINT, "text", words % {"letters": found.odd[:20], "n": found.parts}, _("Write it without these."))


def ranked(found: Iterable[Finding]) -> list[Finding]:
    """Each once, the worst first."""
    return sorted(dict.fromkeys(found), key=lambda one: _ORDER.index(one.severity))


def worst(findings: list[Finding]) -> str:
    return findings[0].severity if findings else ""


class _Page(HTMLParser):
    """Links, pictures and colours of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[dict[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in known:
            self.links.append(known["href"].strip())
        if tag == "img":
            self.pictures.append(known | ({} if "alt" in known else {"no alt": "yes"}))


def _subject(mail: _Mail) -> Iterator[Finding]:
    subject = mail.said.subject
    if not subject:
        yield Finding(ERROR, "subject", _("The subject is empty."), _("Say in a few words what the mail is about."))
    if len(subject) > LONG_SUBJECT:
        yield Finding(
            HINT,
            "subject",
            _("The subject has %(n)s letters; a phone shows about 40.") % {"n": len(subject)},
            _("Put what matters first."),
        )
    letters = [letter for letter in subject if letter.isalpha()]
    if len(letters) > 7 and sum(letter.isupper() for letter in letters) > 0.7 * len(letters):
        yield Finding(WARNING, "subject", _("The subject shouts in capitals."), _("Write it like a sentence."))
    if subject.count("!") > 1:
        yield Finding(WARNING, "subject", _("More than one exclamation mark looks like spam."))


def _spam_words(mail: _Mail) -> Iterator[Finding]:
    text = f"{mail.said.subject}\n{mail.said.text}".casefold()
    found = [word for word in WORDS if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)]
    if found:
        named = ", ".join(f"“{word}”" for word in found[:5])
        yield Finding(WARNING, "body", _("Words that filters know from spam: %(words)s.") % {"words": named},
                      _("Say it in other words."))  # fmt: skip


def _way_out(mail: _Mail) -> Iterator[Finding]:
    if mail.template.is_marketing and "unsubscribe_url" not in mail.template.body + mail.template.text:
        yield Finding(
            HINT,
            "body",
            _("You placed no unsubscribe link; Karibu puts one at the end."),
            _("Add the block Footer.")
            if mail.template.blocks
            else _("Else write {{ unsubscribe_url }} where it belongs."),
        )
    if mail.template.is_marketing and not facts.the_shop().address.strip():
        yield Finding(
            ERROR,
            "shop",
            _("The shop has no postal address; most countries want one under marketing mail."),
            _("Fill it in under Settings, Shop."),
        )


def _links(mail: _Mail) -> Iterator[Finding]:
    for url in dict.fromkeys(mail.page.links):
        if finding := _link(url):
            yield finding


def _link(url: str) -> Finding | None:
    host = urlsplit(url).hostname or "" if url.startswith("http") else ""
    if url == "":
        return Finding(ERROR, "body", _("A link leads nowhere."), _("Fill in where it leads."))
    if url.startswith("#") or url.startswith(("mailto:", "tel:")):
        return None
    if not url.startswith("http") or (host and "." not in host and host != "localhost"):
        return Finding(
            ERROR, "body", _("“%(url)s” is no whole address.") % {"url": url[:80]}, _("Begin with https://.")
        )
    if (host == "localhost" or host.startswith("127.")) and not url.startswith(preview.own_addresses()):
        return Finding(ERROR, "body", _("“%(url)s” works on this machine alone.") % {"url": url[:80]})
    if url.startswith("http://") and not host.startswith("127.") and host != "localhost":
        return Finding(WARNING, "body", _("“%(url)s” is not encrypted.") % {"url": url[:80]}, _("Use https://."))
    return None


def _pictures(mail: _Mail) -> Iterator[Finding]:
    weights = _weights([one.get("src", "") for one in mail.page.pictures])
    for one in mail.page.pictures:
        source = one.get("src", "")
        name = source.rsplit("/", 1)[-1][:60]
        if not source:
            yield Finding(ERROR, "body", _("A picture has no address."))
        if not one.get("alt") and one.get("width") != "1":
            yield Finding(WARNING, "body", _("The picture “%(name)s” says nothing to who cannot see it.") % {"name": name},
                          _("Say in a few words what it shows."))  # fmt: skip
        if not one.get("width") and "width" not in one.get("style", ""):
            yield Finding(
                WARNING, "body", _("The picture “%(name)s” has no width; Outlook shows it whole.") % {"name": name}
            )
        if weights.get(source, 0) > HEAVY:
            size = weights[source] // 1000
            yield Finding(WARNING, "body", _("The picture “%(name)s” weighs %(n)s kB.") % {"name": name, "n": size},
                          _("Save it smaller: 200 kB are plenty."))  # fmt: skip


def _weights(sources: list[str]) -> dict[str, int]:
    """Only pictures of ours can be weighed."""
    digests = {source: pictures.of_address(source) for source in sources}
    known = dict(Picture.objects.filter(digest__in=filter(None, digests.values())).values_list("digest", "size"))
    return {source: known.get(digest, 0) for source, digest in digests.items()}


def _size(mail: _Mail) -> Iterator[Finding]:
    size = len(mail.said.html.encode())
    if size > CLIPPED * 0.9:
        yield Finding(
            ERROR if size > CLIPPED else WARNING,
            "body",
            _("The mail has %(n)s kB; Gmail cuts off what is beyond 102.") % {"n": size // 1000},
            _("Take out blocks, or make two mails of it."),
        )


def _text_part(mail: _Mail) -> Iterator[Finding]:
    if not mail.said.text.strip():
        yield Finding(WARNING, "text", _("There is no plain text."), _("Add a block with words."))
    words = len(" ".join(re.sub(r"https?://\S+", "", mail.said.text).split()))
    if mail.page.pictures and words < LITTLE_TEXT:
        yield Finding(WARNING, "body", _("Much picture and little text: filters take that for spam."),
                      _("Say the most important things in words, too."))  # fmt: skip


def _unknown_names(mail: _Mail) -> Iterator[Finding]:
    for field in ("subject", "body", "text"):
        for name in names.unknown(getattr(mail.template, field)):
            near = difflib.get_close_matches(name, names.KNOWN, 1, 0.7)
            fix = (
                _("Did you mean %(name)s?") % {"name": near[0]} if near else _("Without a fall-back it prints nothing.")
            )
            where = "body" if field == "text" else field
            yield Finding(WARNING, where, _("No fact is called “%(name)s”.") % {"name": name}, fix)


def _empty_facts(mail: _Mail) -> Iterator[Finding]:
    """Filled in for somebody of whom nothing is known: what reads like a hole?"""
    said = preview.show(mail.template, preview.NOBODY)
    for where, text in (("subject", said.subject), ("body", said.text)):
        hole = re.search(r"\b(\w+) ,|\b(\w+)\s+[!?](?=\s|$)|^,|\(\s*\)", text, re.MULTILINE)
        if hole and not re.search(re.escape(hole[0]), preview.show(mail.template).text):
            yield Finding(
                WARNING,
                where,
                _("Where nothing is known of the person it reads “%(words)s”.") % {"words": hole[0].strip()},
                _('Give a fall-back: {{ customer.first_name | default: "there" }}.'),
            )


_COLOURS = re.compile(r"(?<![-\w])color\s*:\s*(#[0-9a-fA-F]{6})\b")


def _dark(mail: _Mail) -> Iterator[Finding]:
    if "prefers-color-scheme" not in mail.said.html:
        yield Finding(HINT, "body", _("The mail says nothing of dark mode; mail programs will guess its colours."))
        return
    inline = aside.put(mail.said.html.split("</head>")[-1])[0]
    told = re.search(r'class="[^"]*\b(?:ink|quiet|go)\b', inline)
    for colour in dict.fromkeys(_COLOURS.findall(inline)):
        if contrast(colour, "#1f1b18") < 3 and not told:
            yield Finding(WARNING, "body", _("%(colour)s can hardly be read in dark mode.") % {"colour": colour})


def has_spamassassin() -> bool:
    return shutil.which("spamassassin") is not None


def spam_score(said: Content, seconds: float = 20) -> float | None:
    """SpamAssassin's score of the mail (5 is spam to most), offline; None where it is not installed or too slow."""
    program = shutil.which("spamassassin")
    if program is None:
        return None
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", "amina@example.com", said.subject
    mail["Message-ID"], mail["Date"] = "<1@example.com>", "Thu, 26 Nov 2026 12:00:00 +0000"
    mail.set_content(said.text)
    mail.add_alternative(said.html, subtype="html")
    try:
        answer = subprocess.run(  # noqa: S603 - the program as installed, no words of the template in its arguments
            [program, "-L", "-t"], input=mail.as_bytes(), capture_output=True, timeout=seconds, check=False
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    found = re.search(rb"score=(-?\d+(?:\.\d+)?)", answer.stdout)
    return float(found[1]) if found else None


CHECKS: list[Callable[[_Mail], Iterator[Finding]]] = [
    _subject,
    _spam_words,
    _way_out,
    _links,
    _pictures,
    _size,
    _text_part,
    _unknown_names,
    _empty_facts,
    _dark,
]
