"""Phone numbers as WhatsApp takes them: E.164."""

from collections.abc import Sequence

from karibu.customers import addresses
from karibu.customers.models import Customer


def addresses_of(customers: Sequence[Customer]) -> dict[int, str]:
    return {customer.pk: customer.phone for customer in customers}


def usable(address: str) -> str:
    return addresses.phone(address)
