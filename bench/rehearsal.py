"""A rehearsal: the abandoned cart and longer journeys over 90 days of a log of 20 M events; every message is asked."""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.log import opened
from bench.machine import line

LIMIT = 60  # seconds
CONSENTS = """
    INSERT INTO consents_consent (customer_id, channel, topic, status, method, basis, wording, source, strength,
        evidence, at)
    SELECT id, 'email', 'offers', 'given', 'form', 'consent', '', 'shop', 40, '', created_at
    FROM customers_customer WHERE email <> '' AND NOT EXISTS (SELECT 1 FROM consents_consent)"""


def journeys() -> dict[str, dict[str, Any]]:
    from karibu.journeys.recipes import abandoned_cart

    welcome = [
        {"wait": {"days": 1}},
        {"check": {"entry": {"property": "category", "op": "is", "value": "Shoes"}}, "ways": {"no": [{"leave": {}}]}},
        {"send": {"template": "browse-reminder"}},
        {
            "wait_for": {"happens": {"event": "Order Completed"}, "within": {"days": 3}},
            "ways": {"late": [{"send": {"template": "announcement"}}]},
        },
        {"split": {"shares": {"A": 50, "B": 50}}, "ways": {"A": [{"send": {"template": "newsletter"}}]}},
    ]
    after_days = {"entry": {"event": "Product Viewed"}, "reentry": {"after_days": 30}, "steps": welcome}
    asks = {"branch": {"if": {"event": "Order Completed", "within": {"days": 90}}}, "ways": {"yes": [{"leave": {}}]}}
    cart = abandoned_cart()
    with_branch = {**cart, "steps": [cart["steps"][0], asks, cart["steps"][1]]}
    return {"abandoned cart": cart, "a branch by segment": with_branch, "looked at a product": after_days}


def measure(days: int, only: list[str], everybody: bool) -> None:
    from django.db import connection

    from karibu.journeys import actions
    from karibu.journeys.rehearsal import actions as rehearsals
    from karibu.journeys.rehearsal.run import AT_ONCE, run

    with connection.cursor() as cursor:
        cursor.execute(CONSENTS)
    for name, definition in journeys().items():
        if not only or any(word in name for word in only):
            journey = actions.create(name, definition, by="bench")
            rehearsal = rehearsals.plan(journey, by="bench", days=days, now=datetime.now(UTC), everybody=everybody)
            begun = time.perf_counter()
            told: list[float] = []
            done = run(rehearsal, lambda _row, told=told: told.append(time.perf_counter()), at_once=AT_ONCE)  # type: ignore[misc]
            say(name, done, time.perf_counter() - begun, told[0] - begun, len(told))


def say(name: str, done: Any, took: float, read: float, times: int) -> None:
    result = done.result
    steps = sum(step.get("passed", 0) for step in result["steps"].values())
    late = "" if took < LIMIT else ", MISSED"
    print(f"{name}: {took:.1f} s (limit {LIMIT}{late}), {done.status} {done.reason}")
    print(f"  the log read after {read:.1f} s, progress told {times} times, {done.done:,} events told")
    print(f"  of one person in {result['one_in']}, multiplied:")
    print(f"  {result['entered']:,} entered ({result['people']:,} people), {steps:,} steps")
    print(f"  {result['messages']:,} messages, held {result['held']}, not sent {result['refused']}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench rehearsal", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--home", type=Path, help="measure this installation; everybody in it gets a consent")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--only", nargs="*", default=[], help="the journeys with one of these words in their name")
    parser.add_argument("--everybody", action="store_true", help="tell of all people, not of some who stand for them")
    options = parser.parse_args()
    with opened(options.home, options.customers, options.events) as home:
        print(line(home))
        measure(options.days, options.only, options.everybody)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
