"""Links that stand in every mail of a template as its author wrote them: found once, when the template is compiled.

Each becomes a slot, `{{ karibu_to.n0 }}`, which is filled in with where that person's link leads. A line break before
`href` marks what needs no more looking at, so that a mail is searched only for the links that come out of its Liquid.
"""

import html as html_
import re
from collections.abc import Iterable, Iterator

from karibu.messages import aside

HREF = ' href="'  # how each link of a compiled form begins whose target is not known yet
KNOWN = '\nhref="'
MOST = 200  # of a mail's links; a position is one byte
WEB = ("http://", "https://")
_AS_THEY_ARE = ("mailto:", "tel:", "#")
_OURS = ("unsubscribe_url", "web_view_url", "preferences_url")  # where no visit is noted (content.render_tracked)
_ANCHOR = re.compile(r"<a\s[^<>]*", re.IGNORECASE)
_MARK = re.compile(r"liquid_(\d+)_here\n*")
_TAG = re.compile(r"\{%-?\s*(\w+)")


def dig(html: str) -> tuple[str, tuple[str, ...]]:
    """The HTML (with Liquid in it) with its slots, and the target of each: whole web addresses, each once."""
    bare, tags = aside.put(html)
    inside = list(_inside_blocks(bare, tags))
    targets: dict[str, int] = {}

    def slot(anchor: re.Match[str]) -> str:
        place = anchor[0].find(HREF)
        end = anchor[0].find('"', place + len(HREF))
        if place < 0 or end < 0 or any(start <= anchor.start() + place < stop for start, stop in inside):
            return anchor[0]
        known = _known(anchor[0][place + len(HREF) : end], tags, targets)
        return anchor[0] if known is None else f"{anchor[0][:place]}{KNOWN}{known}{anchor[0][end:]}"

    return aside.back(_ANCHOR.sub(slot, bare), tags), tuple(targets)


def filled(targets: Iterable[str]) -> dict[str, dict[str, str]]:
    """What the slots of these targets print, as a fact."""
    return {"karibu_to": {f"n{n}": url for n, url in enumerate(targets)}}


def _known(written: str, tags: list[str], targets: dict[str, int]) -> str | None:
    """What stands in the link; None where only the filled-in mail can say it."""
    if mark := _MARK.fullmatch(written):
        return written if tags[int(mark[1])].strip("{} -") in _OURS else None
    url = html_.unescape(written)
    if _MARK.search(written):
        return None
    if url.startswith(WEB) and (url in targets or len(targets) < MOST):
        return f"{{{{ karibu_to.n{targets.setdefault(url, len(targets))} }}}}"
    return written if url.startswith(_AS_THEY_ARE) else None


def _inside_blocks(bare: str, tags: list[str]) -> Iterator[tuple[int, int]]:
    """From where to where the text stands inside of a block: printed for some, more than once, or as it is."""
    names = [found[1] if (found := _TAG.match(tag)) else "" for tag in tags]
    ends = {name for name in names if name.startswith("end")}
    depth = start = 0
    for mark in _MARK.finditer(bare):
        name = names[int(mark[1])]
        if f"end{name}" in ends:
            start, depth = start if depth else mark.start(), depth + 1
        elif name in ends:
            depth -= 1
            if not depth:
                yield start, mark.end()
    if depth:
        yield start, len(bare)
