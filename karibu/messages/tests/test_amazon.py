"""What Amazon SES tells of mails counts only where Amazon has signed it, and for the shop's own account there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from karibu.consents.queries import suppressed
from karibu.messages import send
from karibu.messages.channels import accounts
from karibu.messages.channels.email import compose, sns
from karibu.messages.channels.email.models import Report
from karibu.messages.channels.models import Account
from karibu.messages.models import Mail, Message
from karibu.messages.tests.cast import a_person, the_shop, wants
from karibu.messages.tests.servers_sns import TOPIC, Amazon, amazon

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(settings: Any) -> Iterator[Amazon]:
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    the_shop()
    with amazon() as server:
        yield server


def connected(there: Amazon | None, **known: str) -> Account:
    settings = {"base_url": there.server.url, **known} if there else known
    return accounts.open_account(accounts.draft("email", "amazon_ses", settings, {}), by="owner@example.com")


def call_us(account: Account, said: dict[str, Any]) -> int:
    headers = {"x-amz-sns-message-type": said["Type"], "x-amz-sns-message-id": said["MessageId"]}
    kind = "text/plain; charset=UTF-8"  # as SNS says it
    return Client().post(f"/hooks/{account.token}/", json.dumps(said), content_type=kind, headers=headers).status_code


def a_bounce() -> tuple[Message, dict[str, Any]]:
    message = wants(a_person())
    send.send_due()
    mail: dict[str, Any] = {"messageId": "x-1", "timestamp": "2026-01-01T00:00:00.000Z"}
    mail["headers"] = [{"name": "Message-ID", "value": compose.message_id(message.pk)}]
    bounced = [{"emailAddress": "amina@example.com", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown"}]
    bounce = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": bounced, "feedbackId": "f"}
    bounce["timestamp"] = "2026-01-01T00:00:05.000Z"
    return message, {"notificationType": "Bounce", "bounce": bounce, "mail": mail}


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_bounce_that_amazon_signed_stands_on_the_message_by_our_own_message_id(there, version):
    account, (message, note) = connected(there), a_bounce()
    assert Mail.objects.exists(), "mail goes where it went before"
    assert call_us(account, there.call(note, SignatureVersion=version, Subject="Bounce")) == 200
    message.refresh_from_db()
    assert message.bounced_at and suppressed("email", ["amina@example.com"])


@pytest.mark.parametrize(
    "change",
    [
        {"Signature": "AAAA"}, {"Signature": "no base64"}, {"SignatureVersion": "3"}, {"SignatureVersion": "1"},
        {"Timestamp": "2026-01-02T00:00:00.000Z"}, {"TopicArn": TOPIC + "2"}, {"Type": "Something"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem"},
        {"SigningCertURL": "https://evil.example/a.pem"}, {"SigningCertURL": ""},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/?Action=GetTopicAttributes&TopicArn=a.pem"},
    ],
)  # fmt: skip
def test_a_call_that_was_not_signed_so_changes_nothing(there, change):
    account, (_message, note) = connected(there), a_bounce()
    assert call_us(account, there.call(note) | change) == 403
    unsigned = {name: value for name, value in there.call(note).items() if not name.startswith("Sign")}
    assert call_us(account, unsigned) == 403
    assert not Report.objects.exists() and not suppressed("email", ["amina@example.com"])


def test_a_key_that_is_not_valid_any_more_signs_nothing(settings):
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    the_shop()
    with amazon(days=-1) as late:
        account, (_message, note) = connected(late), a_bounce()
        assert call_us(account, late.call(note)) == 403 and not Report.objects.exists()


def test_where_the_certificate_cannot_be_fetched_now_amazon_shall_call_again(there):
    account, (_message, note) = connected(there), a_bounce()
    there.server.trouble.append((503, {}, {}))
    said = there.call(note, SigningCertURL=f"{there.server.url}/another.pem")
    assert call_us(account, said) == 503 and not Report.objects.exists()
    assert call_us(account, said) == 200 and Report.objects.exists()


def test_a_subscription_is_confirmed_once_signed_and_other_accounts_are_refused_from_then_on(there):
    account, (_message, note) = connected(there), a_bounce()
    assert call_us(account, there.confirmation(Signature="AAAA")) == 403
    assert not [asked for asked in there.server.asked if "Action" in asked.query]
    assert call_us(account, there.confirmation()) == 200
    [confirmed] = [asked for asked in there.server.asked if "Action" in asked.query]
    assert confirmed.query == {"Action": "ConfirmSubscription", "Token": "t-1"}
    account.refresh_from_db()
    assert account.settings["aws_account"] == "123456789012"
    stranger = TOPIC.replace("123456789012", "999999999999")
    assert call_us(account, there.call(note, TopicArn=stranger)) == 403 and not Report.objects.exists()
    assert call_us(account, there.confirmation(TopicArn=stranger)) == 403
    assert call_us(account, there.call(note, TopicArn=TOPIC + "-complaints")) == 200, (
        "another topic of the same account"
    )


def test_a_confirmation_that_amazon_does_not_take_comes_again(there):
    account = connected(there)
    there.server.trouble += [(500, {}, {}), (500, {}, {})]
    assert call_us(account, there.confirmation(SigningCertURL=f"{there.server.url}/third.pem")) == 503
    account.refresh_from_db()
    assert "aws_account" not in account.settings


def test_a_signed_confirmation_that_leads_elsewhere_is_not_followed(there):
    account = connected(there)
    assert call_us(account, there.confirmation(SubscribeURL="https://evil.example/?Token=t-1")) == 403


@pytest.mark.parametrize(
    ("url", "is_amazons"),
    [
        ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", True),
        ("https://sns.us-gov-west-1.amazonaws.com/a.pem", True),
        ("https://sns.cn-north-1.amazonaws.com.cn/a.pem", True),
        ("https://sns.eu-west-1.amazonaws.com:443/a.pem", True),
        ("http://sns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com:8443/a.pem", False),
        ("https://user@sns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://bucket.s3.amazonaws.com/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/a.pem", False),
        ("https://evilsns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com@evil.example/a.pem", False),
        ("https://127.0.0.1/a.pem", False),
        ("https://[::1/a.pem", False),
        ("", False),
    ],
)
def test_a_certificate_is_fetched_from_amazon_alone(url, is_amazons):
    assert sns._is_amazons(connected(None), url) is is_amazons
