"""What channels do by the clock."""

from procrastinate.contrib.django import app


@app.task(name="channels.sync_templates")
def sync_templates(timestamp: int) -> None:
    """WhatsApp's webhooks tell of changes; this finds what they did not."""
    from karibu.messages.channels import accounts
    from karibu.messages.channels.connecting import CannotConnect
    from karibu.messages.channels.whatsapp import changes, templates

    if account := accounts.in_use("whatsapp"):
        try:
            templates.sync(account)
        except CannotConnect as error:
            changes.note_trouble(account, str(error))


@app.task(name="channels.forget_deliveries")
def forget_deliveries(timestamp: int) -> None:
    from django.utils import timezone

    from karibu.messages.channels.webhook import actions

    actions.forget(timezone.now())
