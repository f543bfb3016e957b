"""Customers in the search of the top bar."""

from django.utils.translation import gettext as _

from karibu.customers import queries
from karibu.customers.models import Customer
from karibu.web import choices
from karibu.web.models import User
from karibu.web.search import Hit

MOST = 6
# A word that half the shop begins with is not worth looking through for its best six.
LOOKED_AT = 500


def find(text: str, user: User) -> list[Hit]:
    """The best few: who spent most among the first that fit."""
    some = list(queries.matching(queries.listed(), text)[:LOOKED_AT])
    best = sorted(some, key=lambda customer: (customer.is_anonymous, -customer.spent, -customer.pk))[:MOST]
    return [_hit(customer) for customer in best]


def _hit(customer: Customer) -> Hit:
    detail = " · ".join(
        part
        for part in (customer.email, customer.phone, choices.country(customer.country))
        if part != customer.label and part
    )
    return Hit(_("Customers"), customer.label, customer.get_absolute_url(), detail, "customer")
