"""A test mail is a row, as all that leaves is: it goes to a colleague at once, and says what became of it."""

import pytest

from karibu.messages import starters
from karibu.messages.models import Mail, Message, Template
from karibu.messages.tests.cast import the_shop
from karibu.web.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(client):
    the_shop()
    starters.plant()
    client.force_login(User.objects.create_user("neema@example.test", name="Neema", role="marketer"))
    return client


def ask(colleague):
    said = Template.objects.get(key="cart-reminder")
    words = {"subject": "Mugs", "body": said.body, "text": said.text, "is_marketing": "on"}
    return colleague.post("/messages/templates/cart-reminder/test/", words).content.decode()


def test_it_stands_on_the_page_of_its_template_and_on_one_of_its_own(colleague):
    assert "to neema@example.test" in ask(colleague)
    row = Message.objects.get()
    assert (row.sender, row.status, row.is_marketing, row.subject) == ("test", "sent", False, "[Test] Mugs")
    assert Mail.objects.get().message_id == row.pk
    page = colleague.get("/messages/templates/cart-reminder/").content.decode()
    assert f"/messages/{row.pk}/" in page
    page = colleague.get(f"/messages/{row.pk}/").content.decode()
    assert "to a colleague alone" in page and "/customers/0/" not in page and "What the gate asked" not in page
    assert "A colleague&#x27;s test" in colleague.get("/messages/").content.decode()


def test_a_server_that_does_not_take_it_is_said_with_the_reason(colleague, settings):
    settings.KARIBU_SMTP_URL = "smtp://127.0.0.1:1"
    assert "The server cannot be reached" in ask(colleague)
    row = Message.objects.get()
    assert (row.status, row.reason, row.sent_at) == ("failed", "unreachable", None)
    assert not Mail.objects.exists()
    colleague.post(f"/messages/{row.pk}/retry/")  # the gate is for messages to customers
    row.refresh_from_db()
    assert row.status == "failed"
