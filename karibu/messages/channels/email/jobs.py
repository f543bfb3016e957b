"""What e-mail does by the clock."""

from procrastinate.contrib.django import app


@app.task(name="email.read_bounces")
def read_bounces(timestamp: int) -> None:
    import logging

    from karibu.messages.channels.email import inbox

    try:
        inbox.read_all()
    except inbox.CannotRead as error:
        logging.getLogger("karibu.bounces").warning("the bounce mailbox cannot be read: %s", error)


@app.task(name="email.forget_reports")
def forget_reports(timestamp: int) -> None:
    from django.utils import timezone

    from karibu.messages.channels.email import reports

    reports.forget(timezone.now())
