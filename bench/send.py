"""Messages a second: from due to sent, into the built-in mailbox and over SMTP to Postfix's smtp-sink.

Each message is a marketing mail of a shop: gate, Liquid, MJML, tracked links, headers. Over SMTP each one's hand-over
is committed and flushed before its last line (karibu/messages/handover.py), so the disk's fsyncs are the limit; as a
peer, smtp-source (C) hands the same number of mails of the same size to the same sink over one connection, once each
and without any such promise.
"""

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack

import psycopg

from bench.installation import Installation, installation
from bench.machine import line
from karibu.config import postgres
from karibu.messages.tests.servers import Sink, program, sink

_COUNT = """SELECT count(*) FILTER (WHERE status = 'sent'), count(*),
    extract(epoch FROM max(sent_at) - min(claimed_at))::float FROM messages_message"""


def intend_many(count: int) -> None:
    """In an installation's own environment: so many people who agreed, each with one message due in two seconds."""
    import django

    django.setup()
    from datetime import timedelta

    from django.db import transaction
    from django.utils import timezone

    from karibu.consents.models import Consent
    from karibu.customers.models import Customer
    from karibu.messages.actions import Intent, intend

    now = timezone.now()
    names = [f"p{n}@example.com" for n in range(count)]
    with transaction.atomic():
        people = Customer.objects.bulk_create(Customer(name=n, email=n, created_at=now) for n in names)
        agreed = {"channel": "email", "status": "given", "method": "form", "source": "shop", "strength": 40, "at": now}
        Consent.objects.bulk_create(Consent(customer_id=p.pk, **agreed) for p in people)
        due = timezone.now() + timedelta(seconds=2)
        known = {"template_key": "cart-reminder", "sender": "campaign:1", "due_at": due}
        intend([Intent(key=str(p.pk), customer_id=p.pk, **known) for p in people])


def send(shop: Installation, count: int) -> float:
    """Messages a second, by the rows' own times."""
    command = [sys.executable, "-c", f"from bench.send import intend_many; intend_many({count})"]
    environment = {**shop.env(), "DJANGO_SETTINGS_MODULE": "karibu.config.settings"}
    subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 60 + count / 50
    while time.monotonic() < deadline:
        with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
            row = connection.execute(_COUNT).fetchone()
        assert row
        if row[0] == count:
            return count / float(row[2])
        time.sleep(0.5)
    raise RuntimeError(f"{row[0]} of {row[1]} messages left in time")


def peer(server: Sink, count: int, size: int) -> float:
    """smtp-source over one connection, mails of that size."""
    command = [
        program("smtp-source"),
        "-d",
        "-m",
        str(count),
        "-l",
        str(size),
        "-f",
        "a@b.example",
        "-t",
        "c@d.example",
    ]
    begun = time.perf_counter()
    subprocess.run([*command, f"127.0.0.1:{server.port}"], check=True, stdin=subprocess.DEVNULL)
    return count / (time.perf_counter() - begun)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench send", description=__doc__)
    parser.add_argument("--messages", type=int, default=5000)
    count = parser.parse_args().messages
    for name in ("mailbox", "smtp"):
        with ExitStack() as stack:
            server = stack.enter_context(sink()) if name == "smtp" else None
            environment = {"KARIBU_SMTP_URL": server.url} if server else {}
            shop = stack.enter_context(installation(environment=environment))
            print(line(shop.home)) if server is None else None
            rate = send(shop, count)
            print(f"{name}: {rate:,.0f} messages/s", flush=True)
            if server:
                taken = server.taken()
                assert len(taken) == count and set(taken.values()) == {1}, "each exactly once"
                size = sum(file.stat().st_size for file in list(server.home.glob("m.*"))[:100]) // 100
                other = peer(server, count, size)
                print(f"smtp-source: {other:,.0f} messages/s of {size:,} bytes; ratio {rate / other:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
