"""The mails that ask an address: consents sends its questions through here (consents.confirming)."""

from collections.abc import Sequence

from django.utils import translation

from karibu.consents import links, topics
from karibu.consents.models import Confirmation
from karibu.customers.models import Customer
from karibu.messages.intents import Intent, intend
from karibu.messages.senders import CONFIRMATION
from karibu.web.speaking import nearest

TEMPLATE, TEMPLATE_ADDRESS = "confirm-consent", "confirm-address"


def ask(confirmations: Sequence[Confirmation]) -> None:
    """Each question is a message, and goes through the gate."""
    consents = [one for one in confirmations if one.kind == Confirmation.Kind.CONSENT]
    people = {one.customer_id for one in consents}
    languages = dict(Customer.objects.filter(pk__in=people).values_list("pk", "language"))
    names = {language: _names(language) for language in set(languages.values())}
    wanted = [_about_consent(one, names[languages[one.customer_id]]) for one in consents]
    intend(wanted + [_about_address(one) for one in confirmations if one.kind == Confirmation.Kind.ADDRESS])


def _names(language: str) -> dict[str, str]:
    """What the topics are called by who speaks this language."""
    spoken, keys = nearest(language), list(topics.names())
    with translation.override(spoken):
        return dict(zip(keys, topics.called(keys, spoken), strict=True))


def _about_consent(asked: Confirmation, names: dict[str, str]) -> Intent:
    about = [names.get(topic, topic) for _channel, topic in asked.consents]
    return Intent(
        key=f"confirmation:{asked.pk}",
        customer_id=asked.customer_id,
        template_key=TEMPLATE,
        sender=CONFIRMATION,
        context={
            "confirm_url": links.page(links.CONFIRM, asked.pk),
            "topics": list(dict.fromkeys(about)),
            "wording": asked.wording,
        },
        expires_at=asked.expires_at,
    )


def _about_address(asked: Confirmation) -> Intent:
    """It goes to the address that is asked, which the person does not have yet (gate.person.address_is_known)."""
    return Intent(
        key=f"confirmation:{asked.pk}",
        customer_id=asked.customer_id,
        template_key=TEMPLATE_ADDRESS,
        sender=CONFIRMATION,
        context={"confirm_url": links.page(links.CONFIRM, asked.pk), "address": asked.address},
        expires_at=asked.expires_at,
    )
