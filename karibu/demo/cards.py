"""The newcomer's way in, on the home page while the sample shop is open; and how far its history is."""

from django.utils.translation import gettext_lazy as _

from karibu.collect.models import InboxRow
from karibu.demo.models import SampleShop
from karibu.insights.cards import Card
from karibu.web.models import User
from karibu.web.running import Running


def way_in() -> Card | None:
    if not SampleShop.objects.exists():
        return None
    return Card(
        _("Play the shopper"),
        _(
            "This is a sample shop. Look at something in the storefront, leave an address, fill a cart and walk away: "
            "within a minute a mail with that very cart is in the mailbox."
        ),
        "shop",
        ((_("Open the storefront"), "/shop/"), (_("See the mailbox"), "/mailbox/")),
    )


def history_coming(user: User) -> list[Running]:
    """For the top bar: the year of history while it is being brought in."""
    sample = SampleShop.objects.filter(pk=1).first()
    if sample is None:
        return []
    if sample.history_at is None:
        return [Running(str(_("The sample shop's year is being written")), "/events/")]
    left = sum(InboxRow.objects.filter(historical=True).values_list("events", flat=True))
    total = int(sample.truth.get("events", 0))
    return [Running(str(_("A year of history is coming in")), "/events/", total - left, total)] if left else []
