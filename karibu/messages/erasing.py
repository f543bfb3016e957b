"""What an erasure takes out of this app: every word that was said to the person. That something was sent stays."""

from django.db.models import Q

from karibu.consents.person import Person
from karibu.customers.raw import Cursor
from karibu.messages.models import Link, Mail, Message, Visit
from karibu.messages.status import OPEN, Reason, Status

_EMPTY = """
    UPDATE messages_message SET key = 'erased:' || id, context = '{}', address = '', subject = '', detail = '',
        link_set_id = NULL,
        history = (SELECT coalesce(jsonb_agg(part.value - 'detail'), '[]') FROM jsonb_array_elements(history) AS part)
    WHERE customer_id = ANY(%s) AND (key <> 'erased:' || id OR context <> '{}' OR address <> '' OR subject <> ''
        OR detail <> '' OR history @? '$[*].detail')"""

# Tests that were filled in for the person: colleagues have them, their words go here.
_TESTS = """
    UPDATE messages_message SET subject = '', context = '{}'
    WHERE sender = 'test' AND (context->>'as')::bigint = ANY(%s) RETURNING id"""


def from_messages(person: Person, cursor: Cursor) -> dict[str, int]:
    """Messages that wait are refused; sent ones become bare numbers; mails, links and visitors' programs go."""
    mine = Message.objects.filter(customer_id__in=person.family)
    not_left = Q(status__in=OPEN) | Q(status=Status.SENDING, handed_over_at=None)
    mine.filter(not_left).update(status=Status.REFUSED, reason=Reason.ERASED)
    cursor.execute(_EMPTY, [person.family])
    emptied = cursor.rowcount
    Link.objects.filter(message__in=mine).delete()
    Visit.objects.filter(message__in=mine).update(user_agent="")
    cursor.execute(_TESTS, [person.family])
    tests = [number for (number,) in cursor.fetchall()]
    to_them = Q(message_id__in=mine.values("id")) | Q(message_id__in=tests)
    for address in (value for value in person.identifiers if "@" in value):
        to_them |= Q(recipient__iexact=address)
    return {"messages": emptied, "mails": Mail.objects.filter(to_them).delete()[0]}
