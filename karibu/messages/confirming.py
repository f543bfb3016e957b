"""The mails that ask an address: consents sends its questions through here (consents.confirming)."""

from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.utils import translation

from karibu.consents import links, topics
from karibu.consents.models import Confirmation
from karibu.customers.models import Customer
from karibu.messages.intents import Intent, intend
from karibu.web.speaking import nearest

TEMPLATE = "confirm-consent"


def ask(confirmations: Sequence[Confirmation]) -> None:
    """A consent is asked about by a message, through the gate; a new address by a plain mail."""
    consents = [one for one in confirmations if one.kind == Confirmation.Kind.CONSENT]
    people = {one.customer_id for one in consents}
    languages = dict(Customer.objects.filter(pk__in=people).values_list("pk", "language"))
    names = {language: _names(language) for language in set(languages.values())}
    intend([_intent(one, names[languages[one.customer_id]]) for one in consents])
    for one in confirmations:
        if one.kind == Confirmation.Kind.ADDRESS:
            transaction.on_commit(partial(_later, one.pk))


def _names(language: str) -> dict[str, str]:
    """What the topics are called by who speaks this language."""
    spoken, keys = nearest(language), list(topics.names())
    with translation.override(spoken):
        return dict(zip(keys, topics.called(keys, spoken), strict=True))


def _intent(asked: Confirmation, names: dict[str, str]) -> Intent:
    about = [names.get(topic, topic) for _channel, topic in asked.consents]
    return Intent(
        key=f"confirmation:{asked.pk}",
        customer_id=asked.customer_id,
        template_key=TEMPLATE,
        sender="confirmation",
        context={
            "confirm_url": links.page(links.CONFIRM, asked.pk),
            "topics": list(dict.fromkeys(about)),
            "wording": asked.wording,
        },
        expires_at=asked.expires_at,
    )


def _later(number: int) -> None:
    from karibu.messages.jobs import ask_address

    ask_address.defer(confirmation=number)
