"""Mails filled in a second by one core: a cart reminder of three products, its links tracked, ready for its channel.

A template is compiled once; what is measured is what happens for each message: Liquid, plain text, links, the open
picture (karibu/messages/content.py). The three best of five turns are averaged.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from bench.machine import line


def facts() -> dict[str, object]:
    shop = {"name": "Duka", "address": "1 Market Street, Kigali", "url": "https://duka.example/", "currency": "USD"}
    items = [
        {
            "product_id": f"p{n}",
            "name": name,
            "variant": "blue",
            "price": Decimal("14.70"),
            "quantity": n,
            "total": Decimal("14.70") * n,
            "url": f"https://duka.example/products/{n}?a=1&b=2",
            "image_url": f"https://duka.example/pictures/{n}.jpg",
        }
        for n, name in enumerate(["Clay mug", "Sisal basket", "Kitenge dress"], 1)
    ]
    cart = {"id": "c", "items": items, "value": Decimal("88.20"), "currency": "USD", "url": "https://duka.example/cart"}
    return {"shop": shop, "cart": cart, "customer": {"first_name": "Amina", "name": "Amina Uwase"}}


def rate(fill: Callable[[int], object], seconds: float) -> float:
    """Calls a second of this thread's processor: the mean of the three best of five turns."""
    turns = []
    for _ in range(5):
        count, begun = 0, time.thread_time()
        while (took := time.thread_time() - begun) < seconds / 5:
            for number in range(50):
                fill(number)
            count += 50
        turns.append(count / took)
    return sum(sorted(turns)[-3:]) / 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench render", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "karibu.config.settings")
    import django

    django.setup()
    from karibu.messages import content, starters
    from karibu.messages.blocks.brand import Look
    from karibu.messages.models import Template

    print(line(Path(tempfile.gettempdir())))
    known = facts()
    written = Template(key="x", **starters.read("cart-reminder", Look()))
    derived = Template(key="x", **{**starters.read("cart-reminder", Look()), "text": ""})
    for name, template in (("own plain text", written), ("derived plain text", derived)):
        form = content.compile_template(template)
        size = len(content.render_tracked(form, known, 1).html)
        reached = rate(lambda number, form=form: content.render_tracked(form, known, number), seconds)
        print(f"{name}: {reached:,.0f} mails/s a core, {size:,} bytes of HTML each", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
