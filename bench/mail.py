"""Mails a second over SMTP, beside smtp-source into the same sink; refusals; SIGKILL in the middle of a send.

Each mail is a shop's newsletter of 10 kB with the person's name and town, five tracked links and the headers to leave
with one click; each has a row that is claimed, begun and given its outcome (karibu/messages/handover.py). The peer,
smtp-source (C, ten sessions), hands over one text of that size without any of this, once before and once afterwards.
Everything becomes due at one moment, when all processes are at rest. The default is a run without a signature, one
signed with Ed25519, and one into a server that refuses 5 % for now and 2 % for good.

With `--kill 50` the senders are killed so many times while they send; then nobody may have got two, and nobody may be
missing but those whose row says that only the server knows.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from bench.installation import Installation
from bench.machine import line
from bench.mail_sink import counting_sink
from karibu.config import postgres
from karibu.messages.tests.servers import free_port, program, wait_for

BODY = """<mjml lang="en"><mj-head><mj-title>{{ subject }}</mj-title>
<mj-attributes><mj-all font-family="Georgia, serif" /><mj-text font-size="16px" line-height="1.5" /></mj-attributes>
</mj-head><mj-body background-color="#f6f1ec"><mj-section background-color="#ffffff"><mj-column>
<mj-text font-size="24px">Good morning, {{ customer.first_name | default: "friend" }}</mj-text>
<mj-text>The market in {{ customer.city | default: "your town" }} opens on Friday. Three things that are new:</mj-text>
<mj-text><a href="https://duka.example/products/1">A basket of sisal, woven in Huye by hand</a><br />24.00 USD</mj-text>
<mj-text><a href="https://duka.example/products/2">A mug of red clay, fired with wood</a><br />14.70 USD</mj-text>
<mj-text><a href="https://duka.example/products/3">A dress of kitenge, in blue and ochre</a><br />49.50 USD</mj-text>
<mj-text>
The baskets come from a cooperative of forty women above the lake. One takes a week: the sisal is cut, washed, dyed in
pots over a fire and sewn ring by ring, so no two are the same. The mugs are thrown in Nyanza from clay of the river
bank and fired with the wood of old coffee trees, which gives the glaze its grey. The dresses are cut to measure by two
tailors at the market itself; who comes before noon can take theirs home in the evening.</mj-text>
<mj-button href="https://duka.example/new">All that is new</mj-button>
<mj-text>Is something missing? <a href="https://duka.example/help">Write to us</a>.</mj-text>
</mj-column></mj-section></mj-body></mjml>"""
TEXT = """Good morning, {{ customer.first_name | default: "friend" }}

The market in {{ customer.city | default: "your town" }} opens on Friday. Three things that are new:

A basket of sisal: https://duka.example/products/1
A mug of red clay: https://duka.example/products/2
A dress of kitenge: https://duka.example/products/3

The baskets come from a cooperative of forty women above the lake. One takes a week: the sisal is cut, washed, dyed in
pots over a fire and sewn ring by ring, so no two are the same. The mugs are thrown in Nyanza from clay of the river
bank and fired with the wood of old coffee trees, which gives the glaze its grey. The dresses are cut to measure by two
tailors at the market itself; who comes before noon can take theirs home in the evening.

All that is new: https://duka.example/new
Is something missing? https://duka.example/help
"""
FINAL = ("sent", "failed", "refused", "cancelled")
STATES = "SELECT status || ' ' || reason, count(*)::int FROM messages_message GROUP BY 1"
TOOK = """SELECT count(*)::int, extract(epoch FROM max(sent_at) - min(claimed_at))::float
    FROM messages_message WHERE status = 'sent'"""
DUE = "UPDATE messages_message SET due_at = now() - interval '1 second'"
IN_DOUBT = "(status = 'sending' AND handed_over_at IS NOT NULL OR reason = 'unknown_outcome')"


def prepare(count: int, sign: str) -> None:
    """In an installation's own environment, whose server runs: people who agreed, each with a message for tomorrow."""
    from datetime import timedelta

    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone

    from karibu.consents.models import Consent
    from karibu.customers.models import Customer
    from karibu.messages.actions import Intent, intend
    from karibu.messages.models import Template
    from karibu.web.models import Shop

    call_command("migrate", verbosity=0)
    Shop.objects.update_or_create(
        pk=1,
        defaults={
            "name": "Duka", "url": "https://duka.example/", "address": "1 Market Street, Kigali",
            "sender_email": "hello@duka.example",
        },
    )  # fmt: skip
    Template.objects.create(
        key="news", name="News", subject="{{ customer.first_name }}, the market", body=BODY, text=TEXT
    )
    if sign:
        from karibu.messages.channels.email.keys import sign_with

        sign_with("duka.example", sign, by="bench")
    now, due = timezone.now(), timezone.now() + timedelta(days=1)
    agreed = {"channel": "email", "status": "given", "method": "form", "source": "shop", "strength": 40, "at": now}
    traits = {"first_name": "Amina", "city": "Kigali"}
    for start in range(0, count, 5000):
        with transaction.atomic():
            people = Customer.objects.bulk_create(
                Customer(name=f"Amina {n}", email=f"p{n}@m{n % 40}.example", traits=traits, created_at=now)
                for n in range(start, min(start + 5000, count))
            )
            Consent.objects.bulk_create(Consent(customer_id=p.pk, **agreed) for p in people)
            known = {"template_key": "news", "sender": "campaign:1", "due_at": due}
            intend([Intent(key=str(p.pk), customer_id=p.pk, **known) for p in people])


@contextmanager
def shop_with(count: int, url: str, sign: str, senders: int) -> Iterator[Installation]:
    """An installation that runs and is at rest, with a message for everybody that waits for `begin`."""
    with tempfile.TemporaryDirectory(prefix="karibu-bench-", dir=os.environ.get("KARIBU_BENCH_DIR")) as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        home.mkdir(mode=0o755)
        environment = {
            "KARIBU_SMTP_URL": url,
            "KARIBU_SECRET_KEY": "bench",
            "KARIBU_PUBLIC_URL": "https://m.duka.example",
        }
        shop = Installation(home=home, options=["--senders", str(senders)], environment=environment)
        server = postgres.start(home)
        command = [sys.executable, "-c", f"from bench.mail import prepare; prepare({count}, {sign!r})"]
        given = {**shop.env(), "DJANGO_SETTINGS_MODULE": "karibu.config.settings"}
        try:
            subprocess.run(command, env=given, check=True, stdin=subprocess.DEVNULL)
            with psycopg.connect(postgres.embedded_url(home), autocommit=True) as database:
                database.execute("VACUUM ANALYZE")
        finally:
            postgres.stop(server)
        try:
            shop.start()
            _rest(shop)
            yield shop
        finally:
            shop.stop()


def _rest(shop: Installation) -> None:
    """Until what a start brings along is done, some of it seconds later (charts are warmed up): a minute at most."""
    deadline, quiet = time.monotonic() + 60, 0
    while time.monotonic() < deadline and quiet < 4:
        before = sum(spent(shop).values())
        time.sleep(2)
        quiet = quiet + 1 if sum(spent(shop).values()) - before < 0.2 else 0


def begin(shop: Installation) -> None:
    with psycopg.connect(postgres.embedded_url(shop.home), autocommit=True) as database:
        for statement in (DUE, "VACUUM ANALYZE messages_message", "CHECKPOINT", "NOTIFY karibu, 'send'"):
            database.execute(statement)


def spent(shop: Installation) -> Counter[str]:
    """Seconds of CPU by kind of process: sender, worker, web, postgres."""
    found: Counter[str] = Counter()
    for kind in ("sender", "worker", "web", "postgres"):
        for process in shop.named(kind):
            family = [process, *(process.children(recursive=True) if kind == "postgres" else [])]
            for one in family:
                try:
                    found[kind] += sum(one.cpu_times()[:2])
                except psutil.NoSuchProcess:
                    continue
    return found


def ask(shop: Installation, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(postgres.embedded_url(shop.home)) as connection:
        return connection.execute(sql).fetchall()


def wait_until_over(shop: Installation, seconds: float) -> int:
    """Until every row is final or in doubt; returns the most memory that a sender had, in MB."""
    most, deadline = 0, time.monotonic() + seconds
    open_ = f"SELECT count(*) FROM messages_message WHERE status NOT IN {FINAL} AND NOT {IN_DOUBT}"
    while time.monotonic() < deadline:
        most = max([most, *(p.memory_info().rss >> 20 for p in shop.named("sender") if p.is_running())])
        try:
            if ask(shop, open_) == [(0,)]:
                return most
        except psycopg.OperationalError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"not over after {seconds} s: {ask(shop, STATES)}")


@contextmanager
def plain_sink() -> Iterator[int]:
    """Debian's smtp-sink, which keeps nothing."""
    port, user = free_port(), ["-u", "nobody"] if os.getuid() == 0 else []
    quiet = subprocess.DEVNULL
    command = [program("smtp-sink"), *user, f"127.0.0.1:{port}", "256"]
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        wait_for(lambda: psutil.Process(process.pid).net_connections("tcp"))
        yield port
    finally:
        process.kill()
        process.wait()


def peer(port: int, count: int, size: int) -> float:
    command = [program("smtp-source"), "-d", "-s", "10", "-m", str(count), "-l", str(size)]
    command += ["-f", "a@b.example", "-t", "c@d.example", f"127.0.0.1:{port}"]
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return count / (time.perf_counter() - begun)


def speed(count: int, sign: str, senders: int, connections: int) -> float:
    """The ratio to the peer; prints both."""
    with plain_sink() as port:
        url = f"smtp://127.0.0.1:{port}?connections={connections}"
        with shop_with(count, url, sign, senders) as shop:
            size = 10_000
            before, cpu = peer(port, count, size), spent(shop)
            begin(shop)
            memory = wait_until_over(shop, 60 + count / 100)
            cpu = spent(shop) - cpu
            [(sent, took)] = ask(shop, TOOK)
            assert sent == count, f"{sent} of {count} were sent"
            rate, other = count / float(str(took)), (before + peer(port, count, size)) / 2
    name = f"signed with {sign}" if sign else "unsigned"
    costs = ", ".join(f"{kind} {seconds * 1e6 / count:.0f}" for kind, seconds in cpu.items())
    print(f"{name}: {rate:,.0f} mails/s, smtp-source {other:,.0f}; ratio {rate / other:.2f}; a sender {memory} MB")
    print(f"CPU in µs a mail: {costs}", flush=True)
    return rate / other


def refused(count: int, senders: int) -> None:
    """A server that refuses 5 % for now and 2 % for good: every recipient ends in exactly one state."""
    with counting_sink(for_now=0.05, for_good=0.02) as server, shop_with(count, server.url, "", senders) as shop:
        begin(shop)
        wait_until_over(shop, 180 + count / 100)
        states = Counter(
            dict(ask(shop, "SELECT status || ' ' || reason, count(*)::int FROM messages_message GROUP BY 1"))
        )
        taken = server.taken()
        sent = {str(row[0]) for row in ask(shop, "SELECT address FROM messages_message WHERE status = 'sent'")}
    assert sum(states.values()) == count and set(taken.values()) == {1} and set(taken) == sent
    print(f"refusing server, {count:,} recipients: {dict(states)}; each taken once, no other", flush=True)


def killed(count: int, times: int, senders: int, seed: int) -> None:
    """Kills a sender at random moments; nobody twice, nobody missing."""
    chance = random.Random(seed)
    with counting_sink() as server, shop_with(count, server.url, "", senders) as shop:
        begin(shop)
        kills = threading.Thread(target=_kill, args=(shop, count, times, chance))
        kills.start()
        kills.join()
        wait_until_over(shop, 120 + count / 50)
        taken = server.taken()
        rows = {
            str(a): str(s)
            for a, s in ask(
                shop, f"SELECT address, CASE WHEN {IN_DOUBT} THEN 'doubt' ELSE status END FROM messages_message"
            )
        }
    states, doubt = Counter(rows.values()), {address for address, state in rows.items() if state == "doubt"}
    twice = sum(n > 1 for n in taken.values())
    missing = [a for a, state in rows.items() if state == "sent" and a not in taken]
    print(f"{times} kills, seed {seed}: {dict(states)}; {len(doubt & set(taken))} of those in doubt had arrived; "
          f"{twice} twice, {len(missing)} missing", flush=True)  # fmt: skip
    assert len(rows) == count and not twice and not missing and set(states) <= {"sent", "doubt"}
    assert set(taken) <= {a for a, state in rows.items() if state in ("sent", "doubt")}


def _kill(shop: Installation, count: int, times: int, chance: random.Random) -> None:
    """Each kill has its moment among the `count` mails of the send; it waits for a sender that is at work."""
    sent = "SELECT count(*)::int FROM messages_message WHERE sent_at IS NOT NULL"
    for moment in sorted(chance.sample(range(count * 9 // 10), times)):
        while int(str(ask(shop, sent)[0][0])) < moment:
            time.sleep(0.1)
        while not (victims := [process for process in shop.named("sender") if _talks(process)]):
            time.sleep(0.1)
        time.sleep(chance.uniform(0, 0.2))
        with suppress(psutil.NoSuchProcess):
            chance.choice(victims).kill()


def _talks(sender: psutil.Process) -> bool:
    """Whether it has come as far as having a connection to the mail server."""
    try:
        return bool(sender.net_connections("tcp"))
    except psutil.NoSuchProcess:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench mail", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--sign", choices=["none", "ed25519", "rsa", "refused"], action="append", help="only this run")
    parser.add_argument("--kill", type=int, default=0, help="kill senders so many times instead")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(line(Path(tempfile.gettempdir())), flush=True)
    if given.kill:
        killed(given.messages, given.kill, given.senders, given.seed)
        return 0
    for run in given.sign or ["none", "ed25519", "refused"]:
        if run == "refused":
            refused(given.messages, given.senders)
        else:
            speed(given.messages, "" if run == "none" else run, given.senders, given.connections)
    return 0


if __name__ == "__main__":
    sys.exit(main())
