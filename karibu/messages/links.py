"""Where the tracked links of messages lead, by their position in the message.

First come those that every mail of a template has (slots.py): one row for all of them, since a million mails would have
five million rows. Behind these come the message's own, which came out of its Liquid.
"""

import hashlib
from collections.abc import Collection

import msgspec

from karibu.messages.models import Link, LinkSet, Message

Urls = tuple[str, ...]


def sets(wanted: Collection[Urls]) -> dict[Urls, int]:
    """The id of the set of each of these lists; what is new is written, in the caller's transaction."""
    digests = {_digest(urls): urls for urls in wanted if urls}
    found = _found(digests)
    if new := sorted(digests.keys() - found.keys()):
        LinkSet.objects.bulk_create([LinkSet(digest=d, urls=digests[d]) for d in new], ignore_conflicts=True)
        found |= _found(new)
    return {digests[digest]: number for digest, number in found.items()}


def of(messages: Collection[int]) -> dict[int, dict[int, str]]:
    """{message: {position: target}}, in order; messages without links are left out."""
    found: dict[int, dict[int, str]] = {}
    shared = Message.objects.filter(pk__in=messages, link_set__isnull=False).values_list("pk", "link_set__urls")
    for message, urls in shared:
        found[message] = dict(enumerate(urls))
    own = Link.objects.filter(message__in=messages).order_by("position").values_list("message_id", "position", "url")
    for message, position, url in own:
        found.setdefault(message, {})[position] = url
    return found


def _found(digests: Collection[str]) -> dict[str, int]:
    return dict(LinkSet.objects.filter(digest__in=digests).values_list("digest", "pk")) if digests else {}


def _digest(urls: Urls) -> str:
    return hashlib.sha256(msgspec.json.encode(urls)).hexdigest()[:40]
