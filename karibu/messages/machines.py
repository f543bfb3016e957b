"""Which visits are a machine's: scanners that follow every link, previewers, proxies that fetch ahead.

Judged from evidence only: who it says it is, how it asks, how soon after sending, and what else it fetched. No IP
addresses are needed. `tests/visits.txt` holds the patterns this is measured against, with their sources.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from karibu.messages.models import Visit

HIDDEN = 255  # the position of a link that no person can see; a mail's own links have lower ones

SOON = timedelta(seconds=1)  # after sending: nobody reads that fast
BURST, BURST_OF = timedelta(seconds=5), 3  # so many different links, and half of the mail's, are no person's work
PAIR = timedelta(seconds=1)  # nor both links of a mail that has two
SWEEP, SWEPT = timedelta(minutes=1), 5  # nor every single link of a mail that has many
TRAIL = timedelta(minutes=1)  # a program that gave itself away is the same program for so long
CHECK = timedelta(seconds=3)  # a link is checked in the moment of the click, and the person waits for it ...
RECHECK = timedelta(seconds=15)  # ... or once more a moment later
_SCANNER = re.compile(
    r"bot\b|bot/|crawl|spider|scanner|urlscan|preview|monitor|slurp|headless|phantom|puppeteer|playwright|selenium"
    r"|barracuda|mimecast|proofpoint|urldefense|safelinks|symantec|messagelabs|fireeye|trellix|trend ?micro|tmes|sophos"
    r"|fortinet|fortimail|cisco|ironport|mailguard|bitdefender|kaspersky|mcafee|zscaler|forcepoint|checkpoint|cloudmark"
    r"|f-secure|withsecure|avanan|virustotal|facebookexternalhit|facebot|whatsapp/|slack-|skypeuri|embedly|iframely"
    r"|python|aiohttp|httpx|requests|urllib|curl|wget|go-http|java/|okhttp|apache-http|libwww|perl|ruby|node-fetch|axios"
    r"|guzzle|php|httpclient|winhttp|cfnetwork|ahc/|microsoft office/|ms-office|msoffice|existence discovery"
    r"|edge/12\.",  # what Gmail says when it fetches ahead: an Edge that nobody has
    re.IGNORECASE,
)
# Gmail and Yahoo fetch pictures through a proxy when a person opens the mail, and Outlook names Office when it shows
# one. Apple's privacy proxy fetches them whether or not anybody looks, and calls itself nothing but "Mozilla/5.0".
_READER = re.compile(r"GoogleImageProxy|YahooMailProxy|Microsoft Outlook|CFNetwork|okhttp|Dalvik", re.IGNORECASE)
_BARE = frozenset({"", "mozilla/5.0", "mozilla/4.0", "mozilla/4.0 (compatible;)"})
ALL_AT_ONCE, HIDDEN_LINK = "every link within seconds", "followed a link that no person can see"
AHEAD, HEAD = "fetched ahead of a person", "asked without wanting the page (HEAD)"
HEAD_FIRST = "asked without wanting the page first"
NAMELESS, KNOWN, TOO_SOON = "names no program", "known scanner or program", "too soon after sending"
CHECKED, CHECKED_AGAIN = "checked the link before a person followed it", "checked the link after a person followed it"
# How likely a visit is a person's, by what was seen of it; where nothing speaks for a machine, by what it is and
# whether it sent the headers that every browser sends. Of the replayed visits with this evidence, it is
# (people's + 1/2) / (all + 1): Jeffreys' prior, by which few visits say little. test_machines.py counts them again.
HUMAN = {
    "clicked, as a browser does": 0.94,
    "clicked, bare": 0.938,
    "opened, as a browser does": 0.996,
    "opened, bare": 0.979,
    HIDDEN_LINK: 0.002,
    KNOWN: 0.006,
    HEAD: 0.013,
    NAMELESS: 0.023,
    HEAD_FIRST: 0.038,
    ALL_AT_ONCE: 0.04,
    CHECKED: 0.1,
    CHECKED_AGAIN: 0.125,
    TOO_SOON: 0.125,
    AHEAD: 0.125,
}


def at_sight(visit: Visit, sent_at: datetime | None) -> str:
    """Why this one visit alone is a machine's, or "" where nothing says so."""
    if visit.position == HIDDEN:
        return HIDDEN_LINK
    if visit.method == "HEAD":
        return HEAD
    if visit.user_agent.strip().lower() in _BARE:
        return NAMELESS
    reads = visit.kind == "opened" and _READER.search(visit.user_agent)
    if not reads and _SCANNER.search(visit.user_agent):
        return KNOWN
    if sent_at and visit.at - sent_at < SOON:
        return TOO_SOON
    return ""


def evidence(visit: Visit) -> str:
    """What there is to judge it by: a key of HUMAN."""
    return visit.why or f"{visit.kind}, {'bare' if visit.is_bare else 'as a browser does'}"


def human(visit: Visit) -> float:
    """How likely it is a person's: 0 to 1, less than a half for whatever counts as a machine's."""
    return HUMAN[evidence(visit)]


@dataclass(frozen=True)
class _Scan:
    """A stretch of time in which machines were at work on a message, and the programs they said they were."""

    start: datetime
    end: datetime
    agents: frozenset[str]
    why: str

    def covers(self, visit: Visit) -> bool:
        """What came in the middle of it, from whomever; and the same programs' visits shortly before and after."""
        if self.start <= visit.at <= self.end:
            return True
        return visit.user_agent in self.agents and self.start - TRAIL <= visit.at <= self.end + TRAIL


def in_company(visits: Sequence[Visit], links: int) -> dict[int, str]:
    """{visit id: why} of those that the other visits of the same message give away. `links`: how many it has."""
    clicks = sorted((v for v in visits if v.kind == "clicked"), key=lambda v: v.at)
    found: dict[int, str] = {}
    for scan in (*_hidden(clicks), *_heads(visits), *_bursts(clicks, links)):
        for visit in visits:
            if scan.covers(visit):
                found.setdefault(visit.pk, scan.why)
    return found | _twins([click for click in clicks if click.pk not in found])


def _hidden(clicks: Sequence[Visit]) -> Iterator[_Scan]:
    """Whoever followed the hidden link; what came within seconds of it is of the same scan."""
    for click in clicks:
        if click.position == HIDDEN:
            yield _Scan(click.at - BURST, click.at + BURST, frozenset([click.user_agent]), HIDDEN_LINK)


def _heads(visits: Sequence[Visit]) -> Iterator[_Scan]:
    """A program that asks with HEAD and then with GET."""
    for visit in visits:
        if visit.method == "HEAD":
            yield _Scan(visit.at, visit.at, frozenset([visit.user_agent]), HEAD_FIRST)


def _bursts(clicks: Sequence[Visit], links: int) -> Iterator[_Scan]:
    """Many different links in little time. What says that it is no browser needs fewer to be believed."""
    for first, click in enumerate(clicks):
        following = clicks[first:]
        together = [v for v in following if v.at - click.at <= BURST]
        everything = [v for v in following if v.at - click.at <= SWEEP]
        if _different(together) >= max(BURST_OF, links / 2):
            yield _scan(together)
        elif _different([v for v in together if v.is_bare]) >= 2:
            yield _scan([v for v in together if v.is_bare])
        elif links >= SWEPT and _different(everything) >= links:
            yield _scan(everything)
    for one, two in pairwise(clicks):
        if links == 2 and one.position != two.position and two.at - one.at <= PAIR:
            yield _scan([one, two])


def _different(clicks: Sequence[Visit]) -> int:
    return len({click.position for click in clicks})


def _scan(clicks: Sequence[Visit]) -> _Scan:
    return _Scan(clicks[0].at, clicks[-1].at, frozenset(v.user_agent for v in clicks), ALL_AT_ONCE)


def _twins(clicks: Sequence[Visit]) -> dict[int, str]:
    """One link, two programs, one moment: a person's click and a check of its target. Of the two, one counts."""
    found: dict[int, str] = {}
    for one, two in pairwise(clicks):
        if one.position != two.position or one.user_agent == two.user_agent or one.pk in found:
            continue
        if two.at - one.at <= CHECK:
            found[one.pk] = CHECKED
        elif two.at - one.at <= RECHECK:
            found[two.pk] = CHECKED_AGAIN
    return found
