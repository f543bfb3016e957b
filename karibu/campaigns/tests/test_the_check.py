"""What a campaign's check points at before it leaves, and what its report says of mails that came back."""

import pytest
from django.test import Client
from django.utils import timezone

from karibu.campaigns import actions, report
from karibu.campaigns.check import findings
from karibu.campaigns.tests.crowd import BY, campaign, launched, people, run, segment, template
from karibu.campaigns.tests.test_pages import posted, signed_in
from karibu.messages import queries
from karibu.messages.channels.email.reports import Kind, Said, take
from karibu.messages.models import Message, Wording
from karibu.web.actions import create_token
from karibu.web.models import Shop

pytestmark = pytest.mark.django_db
SHOUTING = {"subject": "FREE MONEY NOW", "body": '<p>Hello <a href="duka">shop</a> and much more</p>'}


def test_the_check_lists_what_the_linter_finds_in_every_template_and_language() -> None:
    client, one = signed_in(), campaign(segment("A", people(1)))
    shown = client.post(f"/campaigns/{one.pk}/check/", posted(one)).content.decode()
    assert "shouts in capitals" not in shown
    template("loud", **SHOUTING)
    Wording.objects.create(template=template("soft"), language="sw", subject="", body="<p>Karibu</p>")
    given = posted(one, template_a="loud", template_b="soft")
    shown = client.post(f"/campaigns/{one.pk}/check/", given).content.decode()
    loud, soft = shown.index("Words of “Loud”"), shown.index("Words of “Soft”")
    assert loud < shown.index("“duka” is no whole address") < shown.index("shouts in capitals") < soft, "worst first"
    assert shown.index("The subject is empty") > soft, "of its Swahili wording"
    assert "/messages/templates/loud/" in shown


def test_what_was_found_is_found_anew_once_the_template_or_the_shop_changes() -> None:
    one = campaign(templates=["spring"])

    def urgent() -> str:
        return " ".join(finding.sentence for _template, found in findings(one) for finding in found.urgent)

    assert urgent() == ""
    template("spring", **SHOUTING)
    assert "shouts in capitals" in urgent()
    template("spring", subject="Calm", body="<p>Hello to everybody</p>")
    assert "shouts" not in urgent()
    Shop.objects.update(address="")
    assert "no postal address" in urgent()


def test_the_api_lists_the_same() -> None:
    template("loud", **SHOUTING)
    one = campaign(templates=["loud"])
    key = {"Authorization": f"Bearer {create_token('test', by='test', role='agent')}"}
    said = Client().get(f"/api/v1/campaigns/{one.pk}/preview", headers=key).json()["findings"]
    assert (said[0]["template"], said[0]["severity"], said[0]["where"]) == ("loud", "error", "body")
    assert any("shouts" in finding["sentence"] for finding in said)


def test_a_template_that_cannot_be_filled_in_keeps_it_from_being_launched() -> None:
    client, one = signed_in(), campaign(segment("A", people(1)))
    template("broken", body="<p>{% if customer.name %}Hello</p>")
    answer = client.post(f"/campaigns/{one.pk}/edit/", posted(one, template_a="broken", launch="1"))
    assert answer.status_code == 422 and "“Broken” cannot be filled in" in answer.content.decode()
    with pytest.raises(actions.ValidationError):
        actions.launch(actions.edit(one, by=BY, templates=["broken"]), by=BY)
    assert not Message.objects.exists()


def test_what_bounced_after_it_was_sent_is_not_delivered_on_the_page_in_the_waterfall_and_in_the_api() -> None:
    one = launched(segment("A", people(4) + people(3, agreed=False)))
    run()
    first, second, third, _fourth = Message.objects.filter(sender=one.sender, status="sent").order_by("id")
    known = {"via": "test", "at": timezone.now()}
    take([
        Said(key="1", kind=Kind.BOUNCED, message_id=first.pk, is_hard=True, **known),
        Said(key="2", kind=Kind.DELIVERED, message_id=second.pk, **known),
        Said(key="3", kind=Kind.DELIVERED, message_id=third.pk, **known),
    ])  # fmt: skip
    one.refresh_from_db()
    found = report.figures(one)
    assert (found["funnel"]["sent"], found["funnel"]["delivered"], found["funnel"]["bounced"]) == (4, 3, 1)
    assert [(row["sent"], row["bounced"]) for row in found["domains"]] == [(4, 1)]
    steps = [(step.key, step.count, step.kind) for step in queries.waterfall(one.sender)]
    assert steps == [
        ("audience", 7, "audience"), ("no_consent", 3, "loss"), ("sent", 4, "reached"), ("bounced", 1, "loss"),
        ("delivered", 3, "reached"), ("confirmed", 2, "reached"), ("opened", 0, "reached"), ("clicked", 0, "reached"),
    ]  # fmt: skip
    page = signed_in().get(f"/campaigns/{one.pk}/").content.decode()
    assert "Came back: bounced" in page and "never agreed" in page and "From everybody" in page
