"""Whether the sample shop is open here, and what its storefront needs to know."""

from karibu.collect.models import Source
from karibu.demo.catalogue import SHOP_NAME


def storefront_source() -> Source | None:
    """The source that the storefront sends its events through; None where the sample shop is not open.

    The sample shop is open while there is an open source of its name: actions.open_sample_shop() makes it.
    """
    return Source.objects.filter(name=SHOP_NAME, closed_at=None).first()
