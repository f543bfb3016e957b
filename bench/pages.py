"""How fast pages are at 1 M customers and 20 M events: p50 and p95 through the running web process, over HTTP."""

import argparse
import random
import re
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path

import psycopg

from bench.installation import Installation, installation
from bench.machine import line
from karibu.config import postgres

TARGET = 150  # ms, p95


def sign_in(shop: Installation) -> urllib.request.OpenerDirector:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    link = shop.karibu("user", "create", "bench@example.com")
    address = shop.url + urllib.parse.urlsplit(link).path
    page = opener.open(address).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    fields = {"csrfmiddlewaretoken": token[1]} if token else {}
    opener.open(address, urllib.parse.urlencode(fields).encode()).read()
    return opener


def timed(opener: urllib.request.OpenerDirector, url: str) -> float:
    """Milliseconds. What a page fetches by itself (its timeline's older part) is asked for as the page does."""
    headers = {"HX-Request": "true"} if "/timeline/" in url else {}
    begun = time.perf_counter()
    with opener.open(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        answer.read()
        if answer.status != 200 or "/sign-in/" in answer.url:
            raise RuntimeError(f"{url}: {answer.status}, {answer.url}")
    return (time.perf_counter() - begun) * 1000


def report(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    verdict = "ok" if p95 < TARGET else "MISSED"
    print(f"{name:48} p50 {p50:6.0f} ms   p95 {p95:6.0f} ms   max {ordered[-1]:6.0f} ms   {verdict}", flush=True)


def pages(shop: Installation, seed: int = 1) -> dict[str, list[str]]:
    """The addresses to ask for, by what they show."""
    chance = random.Random(seed)
    with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
        [most] = connection.execute("SELECT max(id) FROM customers_customer").fetchone() or (1,)
        sql = "SELECT email FROM customers_customer WHERE id = ANY(%s) AND email <> ''"
        some = [chance.randrange(1, most) for _ in range(400)]
        emails = [email for (email,) in connection.execute(sql, [some]).fetchall()]
    words = ["amina", "mutoni", "juma oke", "zuri", "@example.com", "silva"]
    return {
        "home": ["/"],
        "customer page": [f"/customers/{n}/" for n in some],
        "all that is older, as it follows the page": [f"/customers/{n}/timeline/?before={_last_month()}" for n in some],
        "customer page, whole, of all that is older": [f"/customers/{n}/?before={_last_month()}" for n in some],
        "customer list, last seen first": ["/customers/"],
        "customer list, found by e-mail": [f"/customers/?q={urllib.parse.quote(email)}" for email in emails],
        "customer list, found by a name": [f"/customers/?q={urllib.parse.quote(word)}" for word in words],
        "orders": ["/orders/"],
    }


def _last_month() -> str:
    """Where the last one begins: what is older than that follows the page."""
    this = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return urllib.parse.quote((this - timedelta(days=1)).replace(day=1).isoformat())


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench pages", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--times", type=int, default=60, help="how often each kind of page is asked for")
    parser.add_argument("--home", type=Path, help="an installation that was generated before")
    options = parser.parse_args()
    if options.home:
        shop = Installation(home=options.home)
        shop.start()
        try:
            measure(shop, options.times)
        finally:
            shop.stop()
        return 0
    with installation() as shop:
        shop.stop()
        fill(shop, options.customers, options.events)
        shop.start()
        measure(shop, options.times)
    return 0


def fill(shop: Installation, customers: int, events: int) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "bench.generate", "--customers", str(customers), "--events", str(events)]
    subprocess.run(command, check=True, env=shop.env())


def measure(shop: Installation, times: int) -> None:
    shop.settle()
    print(line(shop.home))
    opener = sign_in(shop)
    for name, addresses in pages(shop).items():
        for n in range(5):
            timed(opener, shop.url + addresses[n % len(addresses)])
        report(name, [timed(opener, shop.url + addresses[(5 + n) % len(addresses)]) for n in range(times)])


if __name__ == "__main__":
    raise SystemExit(main())
