"""A colleague's own words to one person: an answer, a question about an order.

They take the way of every message: a row first, then the gate. They are transactional, as nobody asks for marketing
by writing to a shop; offers are what campaigns and journeys are for.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.customers.models import Customer
from karibu.messages import channels, reach, rules
from karibu.messages.carriers import WORDS
from karibu.messages.channels.models import Inbound, WhatsAppTemplate
from karibu.messages.channels.whatsapp import templates, window
from karibu.messages.intents import Intent, intend
from karibu.messages.models import Message, Template
from karibu.messages.reach import Answer
from karibu.messages.senders import COLLEAGUE
from karibu.web.actions import record
from karibu.web.models import User

_BODY = (
    '<mjml><mj-head><mj-raw><meta name="color-scheme" content="light dark" /></mj-raw></mj-head><mj-body><mj-section>'
    '<mj-column><mj-text font-size="15px" line-height="1.6">{{ text | newline_to_br }}</mj-text></mj-column>'
    "</mj-section></mj-body></mjml>"
)


@dataclass(frozen=True)
class Way:
    """How and where a person can be written to. `locked`: why their channel takes approved templates alone now, ""
    while it takes any words; `approved` are those whose holes are filled by words. `stopped`: the checks that say no.
    """

    channel: str
    address: str
    locked: str
    approved: list[WhatsAppTemplate]
    stopped: list[Answer]


def way(person: Customer, channel: str) -> Way:
    answers = reach.check(person.pk, channel, "", is_marketing=False)
    stopped = [one for one in answers if one.outcome in ("stopped", "waits")]
    address = channels.get(channel).addresses_of([person]).get(person.pk, "")
    if channel != "whatsapp":
        return Way(channel, address, "", [], stopped)
    law = window.laws([address], timezone.now())[address] if address else None
    if law is None or law.is_open:
        return Way(channel, address, "", [], stopped)
    return Way(channel, address, law.sentence, [one for one in law.approved if templates.words_of(one)], stopped)


def usual(person: Customer, family: Collection[int]) -> str:
    """The channel they last wrote by, else the first that has an address of theirs."""
    last = Inbound.objects.filter(customer_id__in=family).order_by("-at").values_list("kind", flat=True).first()
    if last in channels.KINDS:
        return str(last)
    known = (kind for kind in channels.KINDS if channels.get(kind).addresses_of([person]))
    return next(known, channels.KINDS[0])


def say(person: Customer, channel: str, heading: str, text: str, *, number: UUID, by: User) -> int:
    """The message's id. The same `number` again is the same message."""
    intent = Intent(
        key=f"{COLLEAGUE}:{number}",
        customer_id=person.pk,
        template_key=_template(channel).key,
        channel=channel,
        context={"heading": heading, "text": text},
        sender=f"{COLLEAGUE}:{by.pk}",
    )
    with transaction.atomic():
        is_new = not Message.objects.filter(key=intent.key).exists()
        [message_id] = intend([intent])
        if is_new:
            record(by.email, "wrote to customer", f"customer {person.pk}", channel=channel)
    return message_id


def _template(channel: str) -> Template:
    name = _("A colleague's own words by %(channel)s") % {"channel": rules.name_of(channel)}
    mail = {"subject": "{{ heading }}", "body": _BODY} if channel == "email" else {}
    known = {"channel": channel, "is_marketing": False, "name": name, "text": "{{ text }}", **mail}
    return Template.objects.get_or_create(key=WORDS.format(channel), defaults=known)[0]
