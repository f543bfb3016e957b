"""How much a source's word about a person weighs. The strongest wins; among equals, the latest.

A weaker source never overwrites a stronger one, however late it comes.
"""

from enum import IntEnum

from django.utils.translation import gettext_lazy as _


class Strength(IntEnum):
    COLLEAGUE = 70  # typed in by a colleague who knows better
    FORM = 60  # the customer's own words: preference centre, survey, form
    ORDER = 50  # given at the checkout: somebody wanted a parcel to arrive
    SHOP = 40  # identify calls from the shop's own pages and servers
    IMPORT = 30  # a file
    INFERRED = 10  # guessed: the browser's language and time zone


WORDS = {
    Strength.COLLEAGUE: _("typed in by a colleague"),
    Strength.FORM: _("the customer's own form"),
    Strength.ORDER: _("given with an order"),
    Strength.SHOP: _("told by the shop"),
    Strength.IMPORT: _("from an imported file"),
    Strength.INFERRED: _("guessed from the browser"),
}
