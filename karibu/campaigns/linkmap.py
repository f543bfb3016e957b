"""The mail itself, with the clicks of people written beside each link."""

import html
import re

from karibu.campaigns import links
from karibu.campaigns.models import LETTERS, Campaign
from karibu.messages import preview
from karibu.messages.models import Template
from karibu.web.formats import count

_LINK = re.compile(r'(<a\b[^<>]*?\shref=")([^"]*)("[^<>]*>)(.*?)(</a>)', re.IGNORECASE | re.DOTALL)
_BADGE = (
    '<span style="display:inline-block;margin-left:4px;padding:0 6px;border-radius:9px;background:{};color:#fff;'
    'font:600 12px/18px system-ui,sans-serif;text-decoration:none;vertical-align:middle">{}</span>'
)
_WARM, _COLD = "#a8442a", "#6b625c"


def drawn(campaign: Campaign, letter: str) -> str:
    """HTML of the template `letter` with the example filled in. Raises LookupError where there is none."""
    if letter not in LETTERS[: len(campaign.templates)]:
        raise LookupError(letter)
    template = Template.objects.get(key=campaign.templates[LETTERS.index(letter)])
    clicks = {row["url"]: row["people"] for row in links.clicked(campaign, letter)}
    most = max(clicks.values(), default=0)

    def marked(found: re.Match[str]) -> str:
        people = clicks.get(html.unescape(found[2]).split("?")[0])
        if people is None:
            return found[0]
        badge = _BADGE.format(_WARM if people == most else _COLD, count(people))
        return f"{found[1]}{found[2]}{found[3]}{found[4]}{badge}{found[5]}"

    return _LINK.sub(marked, preview.show(template).html)
