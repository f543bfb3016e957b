"""The gate: microseconds a message for each check, a group of 1,000 among a million customers, beside reading them.

The group is mail that is due to people spread over the table, with a cart each; rules as a shop may set them: caps
per channel and together, hours, Sundays, a holdout. Each check is timed alone, the fastest of several runs; the peer is
what nobody can avoid: reading these customers' rows by id. A second group is texts, with the hours of 12 countries.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bench.mirror import installation

NOW = datetime(2026, 5, 6, 10, tzinfo=UTC)
PLACES = "RW Africa/Kigali KE Africa/Nairobi ZA Africa/Johannesburg BR America/Sao_Paulo US America/New_York "
PLACES += (
    "FR Europe/Paris DE Europe/Berlin GB Europe/London IN Asia/Kolkata AU Australia/Sydney PT Europe/Lisbon XX UTC"
)

_PEOPLE = """
    INSERT INTO customers_customer (id, name, email, phone, country, city, language, timezone, traits, first_source,
        created_at, is_anonymous, orders, spent)
    SELECT n, 'Customer ' || n, 'c' || n || '@example.com', '+25078' || lpad(n::text, 7, '0'),
        p[1 + 2 * (n %% 12)], 'Kigali', 'en', p[2 + 2 * (n %% 12)],
        jsonb_build_object('first_name', 'Amina', 'size', n %% 50, 'newsletter', true), 'shop', now(), false, 2, 120
    FROM generate_series(1, %s) AS n, (SELECT string_to_array(%s, ' ') AS p) AS places"""
_CONSENTS = """
    INSERT INTO consents_consent (customer_id, channel, topic, status, method, basis, wording, source, strength,
        evidence, at)
    SELECT n, c, 'offers', 'given', 'form', 'consent', '', 'shop', 40, '', now()
    FROM generate_series(1, %s) AS n, unnest(ARRAY['email', 'sms']) AS c"""
_EARLIER = """
    INSERT INTO messages_message (key, customer_id, channel, template_id, topic, is_marketing, context, sender, step,
        status, reason, detail, history, address, subject, due_at, attempts, created_at, sent_at, claimed_at)
    SELECT 'earlier:' || n || ':' || k, n, 'email', %s, 'offers', true, '{}', 'campaign:1', '', 'sent', '', '', '[]',
        '', '', at, 1, at, at, at
    FROM generate_series(1, %s, %s) AS n, generate_series(1, 10) AS k,
        LATERAL (SELECT %s::timestamptz - k * interval '5 days' AS at) AS moment"""


def fill(people: int, group: int) -> None:
    """People with zone, country and consents; those of the group with ten messages of the last weeks and a cart."""
    from django.db import connection

    from karibu.messages import starters
    from karibu.messages.models import ChannelRules, Rules, Template
    from karibu.shop.models import Cart

    starters.plant()
    template = Template.objects.get(key="cart-reminder")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no triggers: nobody is told of each of them
        cursor.execute(_PEOPLE, [people, PLACES])
        cursor.execute(_CONSENTS, [people])
        cursor.execute(_EARLIER, [template.pk, people, people // group, NOW])
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE customers_customer, consents_consent, messages_message")
    Cart.objects.bulk_create(
        Cart(cart_id=f"cart {n}", customer_id=n, created_at=NOW, updated_at=NOW)
        for n in range(1, people + 1, people // group)
    )
    Rules.objects.create(pk=1, gap_hours=4, most=5, most_days=14, holdout_percent=5)
    ChannelRules.objects.create(
        channel="email", most=3, most_days=7, hours="07:00-22:00", on_sundays=False, by_country=False
    )


def measure(channel: str, people: int, group: int, runs: int) -> list[tuple[str, float]]:
    """(check, µs a message) of the fastest run, the whole last."""
    from karibu.messages import gate
    from karibu.messages.models import Message, Template

    template = Template.objects.get(key="cart-reminder")

    def messages() -> list[Message]:
        known = {
            "template": template,
            "topic": "offers",
            "is_marketing": True,
            "channel": channel,
            "sender": "campaign:2",
        }
        numbers = range(1, people + 1, people // group)
        return [
            Message(pk=n, customer_id=n, context={"cart_id": f"cart {n}", "product_id": "p1"}, **known) for n in numbers
        ]

    best: dict[str, float] = {}
    for _ in range(runs):
        asked = gate.Group(cases=[gate.Case(m) for m in messages()], now=NOW)
        for name, check in gate.CHECKS:
            took = timed(lambda check=check, asked=asked: check(asked))
            best[name] = min(best.get(name, 1e9), took)
        for_all = messages()
        best["everything"] = min(best.get("everything", 1e9), timed(lambda for_all=for_all: gate.ask(for_all, NOW)))
    return [(name, took / group * 1e6) for name, took in best.items()]


def peer(people: int, group: int, runs: int) -> tuple[float, float]:
    """µs a customer: their whole rows by the driver, and as the objects that the gate needs anyway."""
    from django.db import connection

    from karibu.customers.models import Customer

    ids = list(range(1, people + 1, people // group))

    def rows() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM customers_customer WHERE id = ANY(%s)", [ids])
            cursor.fetchall()

    def objects() -> None:
        list(Customer.objects.filter(pk__in=ids))

    return tuple(min(timed(read) for _ in range(runs)) / group * 1e6 for read in (rows, objects))  # type: ignore[return-value]


def timed(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def report(people: int, group: int, runs: int) -> None:
    rows, objects = peer(people, group, runs)
    print(f"reading {group:,} of {people:,} customers: {rows:.1f} µs each as rows, {objects:.1f} µs as objects")
    for channel in ("email", "sms"):
        for name, took in measure(channel, people, group, runs):
            print(f"{channel} {name}: {took:.1f} µs a message ({took / rows:.2f} of reading the rows)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--group", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with installation():
        fill(options.people, options.group)
        report(options.people, options.group, options.runs)


if __name__ == "__main__":
    main()
