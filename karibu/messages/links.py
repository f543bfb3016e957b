"""Where the tracked links of messages lead, by their position in the message.

First come those that every mail of a template has (slots.py): one row for all of them, since a million mails would have
five million rows. Behind these come the message's own, which came out of its Liquid.
"""

import hashlib
from collections.abc import Collection

import msgspec
from django.db import connection

from karibu.messages.models import LinkSet

_OF = """
    SELECT m.id, u.number - 1, u.url FROM messages_message m JOIN messages_linkset s ON s.id = m.link_set_id
    CROSS JOIN LATERAL jsonb_array_elements_text(s.urls) WITH ORDINALITY AS u(url, number)
    WHERE m.id = ANY(%s::bigint[]) UNION ALL
    SELECT message_id, position, url FROM messages_link WHERE message_id = ANY(%s::bigint[]) ORDER BY 1, 2"""

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
    with connection.cursor() as cursor:
        cursor.execute(_OF, [list(messages)] * 2)
        for message, position, url in cursor.fetchall():
            found.setdefault(message, {})[position] = url
    return found


def _found(digests: Collection[str]) -> dict[str, int]:
    return dict(LinkSet.objects.filter(digest__in=digests).values_list("digest", "pk")) if digests else {}


def _digest(urls: Urls) -> str:
    return hashlib.sha256(msgspec.json.encode(urls)).hexdigest()[:40]
