"""A campaign is planned, checked and launched in a real browser, and its report is looked at."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from karibu.campaigns.models import Campaign
from karibu.campaigns.tests.crowd import fates, launched, people, run, segment, template
from karibu.config.browser import accessibility, look
from karibu.messages.models import Message, Template, Visit
from karibu.shop.models import Order

pytestmark = pytest.mark.browser

BODY = """<p>Spring is here.</p><p><a href="{{ shop.url }}new/">What is new</a></p>
<p><a href="{{ shop.url }}sale/">The sale</a></p>"""


def test_four_steps_on_one_page(live: Any, page: Any) -> None:
    live.sign_in(page)
    template(name="Spring is here", body=BODY)
    segment("Buyers", people(12) + people(5, agreed=False))
    segment("Complained lately", [])
    page.goto(live.url + "/campaigns/new/")
    page.get_by_label("Name").fill("Spring sale")
    page.get_by_role("button", name="Make campaign").click()
    page.get_by_label("Buyers (17)").first.check()
    page.locator(".check__size", has_text="17").wait_for()
    page.get_by_label("Message template").select_option("spring")
    page.locator(".waterfall__line--refused", has_text="never agreed").wait_for()
    assert not accessibility(page)
    look(page, "campaign-draft")
    page.get_by_role("button", name="Launch campaign").click()
    page.locator(".badge", has_text="Scheduled").wait_for()
    run()
    assert sum(fates(Campaign.objects.get()).values()) == 17


def test_the_report_of_a_campaign(live: Any, page: Any) -> None:
    live.sign_in(page)
    Template.objects.filter(key__in=("spring", "summer")).delete()
    template("summer", name="Summer is near", body=BODY)
    group = segment("Buyers", people(300) + people(40, agreed=False))
    one = launched(group, name="Spring sale", templates=["spring", "summer"], holdout=20)
    Template.objects.filter(key="spring").update(body=BODY, name="Spring is here", version=5)
    run()
    now = timezone.now()
    sent = list(Message.objects.filter(sender=one.sender, status="sent"))
    Visit.objects.bulk_create(
        Visit(message=m, kind="clicked", position=n % 2 if n % 3 else 0, at=now, judged_at=now)
        for n, m in enumerate(sent[:60])
    )
    Message.objects.filter(pk__in=[m.pk for m in sent[:60]]).update(opened_at=now, clicked_at=now)
    held = list(
        Message.objects.filter(sender=one.sender, is_holdout=True, reason="holdout").values_list(
            "customer_id", flat=True
        )
    )
    for n, who in enumerate([m.customer_id for m in sent[::6]] + held[:4]):
        worth = 20 + n % 7 * 5
        Order.objects.create(order_id=f"o{n}", customer_id=who, currency="USD", placed_at=now + timedelta(hours=2),
                             updated_at=now, total=worth, total_converted=worth)  # fmt: skip
    page.goto(f"{live.url}/campaigns/{one.pk}/")
    page.frame_locator(".linkmap").first.get_by_text("What is new").wait_for()
    assert page.get_by_text("Earned beyond what would have come anyway").is_visible()
    assert not accessibility(page)
    look(page, "campaign-report")
    page.goto(f"{live.url}/campaigns/")
    look(page, "campaigns")
    page.goto(f"{live.url}/campaigns/calendar/")
    assert not accessibility(page)
    look(page, "campaign-calendar")
