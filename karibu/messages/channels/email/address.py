"""E-mail addresses as SMTP takes them."""

from collections.abc import Sequence

from karibu.customers import addresses
from karibu.customers.models import Customer


def addresses_of(customers: Sequence[Customer]) -> dict[int, str]:
    return {customer.pk: customer.email for customer in customers}


def usable(address: str) -> str:
    """The address with its domain in IDNA form, or empty when no mail server would take it (RFC 5321 limits)."""
    found = addresses.email(address)
    local, _, domain = found.rpartition("@")
    if not found or len(local.encode()) > 64 or len(domain) > 253 or ".." in local or local.strip(".") != local:
        return ""
    return found if local.isprintable() and " " not in local else ""
