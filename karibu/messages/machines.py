"""Which visits are a machine's: scanners that follow every link, previewers, proxies that fetch ahead.

Judged from evidence only: who it says it is, how it asks, how soon after sending, and what else it fetched. No IP
addresses are needed.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from karibu.messages.models import Visit

SOON = timedelta(seconds=1)  # after sending: nobody reads that fast
BURST = timedelta(seconds=5)  # three different links within this are no person's work
PAIR = timedelta(seconds=1)  # nor both links of a mail that has two
ECHO = timedelta(minutes=1)  # a GET so soon after a HEAD of the same agent is the same scanner
_SCANNER = re.compile(
    r"bot\b|bot/|crawl|spider|scan|preview|fetch|monitor|slurp|headless|phantom|barracuda|mimecast|proofpoint|safelinks"
    r"|symantec|messagelabs|fireeye|trend ?micro|sophos|fortinet|cisco|ironport|mailguard|bitdefender|kaspersky"
    r"|virustotal|urlscan|facebookexternalhit|whatsapp/|telegram|slack|discord|skypeuri|teams|linkedin|embedly"
    r"|python|aiohttp|httpx|requests|urllib|curl|wget|go-http|java/|okhttp|apache-http|libwww|perl|ruby|node-fetch|axios"
    r"|guzzle|php|httpclient|microsoft office existence|ms-office|existence discovery",
    re.IGNORECASE,
)
# Gmail and Yahoo fetch pictures through a proxy when a person opens the mail; Apple's privacy proxy fetches them
# whether or not anybody does, and calls itself nothing but "Mozilla/5.0".
_PICTURE_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)
_BARE = frozenset({"", "mozilla/5.0", "mozilla/4.0", "mozilla/4.0 (compatible;)"})


def at_sight(visit: Visit, sent_at: datetime | None) -> str:
    """Why this one visit alone is a machine's, or "" where nothing says so."""
    if visit.method == "HEAD":
        return "asked without wanting the page (HEAD)"
    if visit.user_agent.strip().lower() in _BARE:
        return "names no program"
    proxy = visit.kind == "opened" and _PICTURE_PROXY.search(visit.user_agent)
    if not proxy and _SCANNER.search(visit.user_agent):
        return "known scanner or program"
    if sent_at and visit.at - sent_at < SOON:
        return "too soon after sending"
    return ""


def in_company(visits: Sequence[Visit], links: int) -> dict[int, str]:
    """{visit id: why} of those that the other visits of the same message give away. `links`: how many it has."""
    found: dict[int, str] = {}
    clicks = sorted((v for v in visits if v.kind == "clicked"), key=lambda v: v.at)
    for first, visit in enumerate(clicks):
        together = [v for v in clicks[first:] if v.at - visit.at <= BURST]
        if len({v.position for v in together}) >= 3:
            found |= {v.pk: "every link within seconds" for v in together}
    for one, two in pairwise(clicks):
        if links == 2 and one.position != two.position and two.at - one.at <= PAIR:
            found |= {v.pk: "every link within seconds" for v in (one, two)}
    heads = [v for v in visits if v.method == "HEAD"]
    for visit in visits:
        if any(h.user_agent == visit.user_agent and timedelta() <= visit.at - h.at <= ECHO for h in heads):
            found.setdefault(visit.pk, "asked without wanting the page first")
    return found
