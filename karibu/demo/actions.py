"""Opening the sample shop: settings, source, products and journey at once; its year of history a little later."""

import contextlib
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued

from karibu.collect import drain
from karibu.collect.actions import create_source, take_in
from karibu.collect.models import Source
from karibu.customers.models import Identity
from karibu.demo import campaigns, history, mails
from karibu.demo.catalogue import CURRENCY, PRODUCTS, SHOP_NAME
from karibu.demo.history import History
from karibu.demo.journey import publish_abandoned_cart
from karibu.demo.models import SampleShop
from karibu.demo.segments import make_segments
from karibu.messages.addresses import public_url
from karibu.shop.models import Product
from karibu.web.models import Shop, User

ZONE = "Africa/Kigali"
CHUNK = 2000  # events of one visit to the inbox


def open_sample_shop() -> None:
    """Makes what the first page needs and asks the worker for the rest. Opening it again changes nothing."""
    with transaction.atomic():
        sample, is_new = SampleShop.objects.get_or_create(pk=1, defaults={"opened_at": timezone.now()})
        if is_new:
            _set_up_shop()
            _stock_products()
            create_source(SHOP_NAME, kind="web", by="sample shop")
            publish_abandoned_cart()
            make_segments()
        else:  # it may be served at another port than the last time
            Shop.objects.filter(pk=1, url__endswith="/shop/").update(url=f"{public_url()}/shop/")
    if sample.history_at is None:
        from karibu.demo.jobs import bring_history

        with contextlib.suppress(AlreadyEnqueued):
            bring_history.defer()


def bring_history(*, seed: int = history.SEED, count: int = history.PEOPLE) -> None:
    """Puts the year into the inbox. Interrupted at any point it can be run again: nothing happens twice."""
    sample = SampleShop.objects.get(pk=1)
    if sample.history_at:
        return
    source = Source.objects.get(name=SHOP_NAME, closed_at=None)
    # The same moment in each attempt, so that a second one writes the same events.
    written = history.write(sample.opened_at, seed=seed, count=count)
    ids = _introduce(written, source)
    with transaction.atomic():
        sample = SampleShop.objects.select_for_update().get(pk=1)
        if sample.history_at:
            return  # an attempt that was thought dead has done it
        mails.send_in_the_past(written.reminders, ids)
        campaigns.send_in_the_past(written.mailings, ids)
        for chunk in history.in_chunks(written.events, CHUNK):
            take_in(chunk, source, historical=True)
        sample.history_at, sample.truth = timezone.now(), written.truth.written()
        sample.save()


def _set_up_shop() -> None:
    Shop.objects.update_or_create(
        pk=1,
        defaults={
            "name": SHOP_NAME,
            "currency": CURRENCY,
            "timezone": ZONE,
            "country": "RW",
            "address": "KN 4 Avenue, Kigali, Rwanda",
            "sender_name": SHOP_NAME,
            "sender_email": "karibu@example.com",
            "url": f"{public_url()}/shop/",
        },
    )
    User.objects.filter(timezone="UTC").update(timezone=ZONE)


def _stock_products() -> None:
    now = timezone.now()
    Product.objects.bulk_create(
        [
            Product(
                product_id=product.id,
                sku=product.id,
                name=product.name,
                category=product.category,
                price=product.price,
                currency=product.currency,
                url=product.path,
                image_url=f"{settings.STATIC_URL}{product.picture}",
                updated_at=now - timedelta(days=history.DAYS),
            )
            for product in PRODUCTS
        ],
        ignore_conflicts=True,
    )


def _introduce(written: History, source: Source) -> dict[str, int]:
    """Everybody says who they are, through the pipeline; then their ids are known and mails can be theirs."""
    keys = {str(event["userId"]) for event in written.introductions}
    known = _ids(keys)
    fresh = [event for event in written.introductions if event["userId"] not in known]
    for chunk in history.in_chunks(fresh, CHUNK):
        with transaction.atomic():
            take_in(chunk, source, historical=True)
    deadline = timezone.now() + timedelta(minutes=5)
    while len(known := _ids(keys)) < len(keys) and timezone.now() < deadline:
        drain.drain_all()
    return known


def _ids(keys: set[str]) -> dict[str, int]:
    found = Identity.objects.filter(kind="external", value__in=keys)
    return dict(found.values_list("value", "customer_id"))
