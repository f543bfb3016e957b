"""One shop with something of everything: the sample shop's people, and what goes wrong in a shop's life."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from karibu.campaigns import actions as campaigns
from karibu.campaigns import engine
from karibu.collect.actions import create_source, take_in
from karibu.collect.drain import drain_all
from karibu.consents import confirming, topics
from karibu.consents.actions import block, record_consents
from karibu.consents.models import Erasure, Suppression, Topic
from karibu.consents.statement import Statement
from karibu.customers.models import Customer
from karibu.demo import actions as demo
from karibu.demo.models import SampleShop
from karibu.desk import actions as tasks
from karibu.desk.models import Task
from karibu.events import flush
from karibu.growth import actions as growth
from karibu.growth import counting
from karibu.growth.models import SignUp
from karibu.imports import actions as imports
from karibu.imports.run import run
from karibu.journeys import actions as journeys
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.rehearsal import actions as rehearsals
from karibu.journeys.rehearsal import run as rehearsal
from karibu.journeys.steps.task import Wanted
from karibu.messages import pictures, recommend, send, starters, wording
from karibu.messages.actions import Intent, intend
from karibu.messages.channels import accounts
from karibu.messages.channels.email import keys
from karibu.messages.channels.email.models import BounceBox, Pace
from karibu.messages.channels.models import Account, Delivery, Webhook
from karibu.messages.channels.social import actions as posts
from karibu.messages.channels.webhook import actions as webhooks
from karibu.messages.models import Message, Template
from karibu.messages.system import send_mail
from karibu.messages.tests.cast import at_any_hour
from karibu.segments import actions as segments
from karibu.segments import rfm
from karibu.segments.models import Member, Segment, Size
from karibu.shop import coupons
from karibu.shop.models import CouponPool
from karibu.shop.rates import enter_rate
from karibu.web.actions import create_token
from karibu.web.models import User

BY = "a test"


def fill(folder: Path, people: int = 6, troubles: int = 1) -> None:
    """The sample shop with the year of `people`, and `troubles` of each thing that its history has none of."""
    starters.plant()
    at_any_hour()
    _templates()
    demo.open_sample_shop()
    demo.bring_history(count=people)
    drain_all()
    flush.flush()
    for number in range(troubles):
        _trouble(number, folder)
    drain_all()
    rfm.reckon()
    recommend.refresh()
    SampleShop.objects.update(history_at=timezone.now())


def _templates() -> None:
    """One that was changed, a picture; all speak several languages."""
    wording.save(Template.objects.get(key="cart-reminder"), by=BY)
    pictures.keep("mug.gif", b"GIF89a\x28\x00\x28\x00\x80;", by=BY)


def _trouble(number: int, folder: Path) -> None:
    _every_step(number)
    _strange_events(number)
    _duplicates(number)
    _mail(number)
    _file(number, folder)
    _channels(number)
    rehearsed = journeys.create(f"Carts, another way {number}", _with_ways(), by=BY)
    rehearsal.run(rehearsals.plan(rehearsed, by=BY))
    User.objects.create_user(f"agent{number}@example.test", name=f"Ben {number}", role="agent")
    create_token(f"till {number}", by=BY)
    _segment(number)
    pool = CouponPool.objects.create(name=f"Welcome {number}", fallback="KARIBU10")
    coupons.generate(pool, 30, by=BY)
    coupons.claim(pool.pk, [(Customer.objects.earliest("pk").pk, f"somebody {number}")])
    _consents(number)
    _campaign(number, pool)
    _form(number)
    _tasks(number)
    enter_rate("CHF", datetime(2026, 1, 1 + number % 28, tzinfo=UTC).date(), 1)


def _consents(number: int) -> None:
    """A second topic, addresses that are blocked, and what somebody told a colleague."""
    if not number:
        topics.save(Topic(key="news", name="News", description="What is new, once a month."), by=BY)
    now = timezone.now()
    Erasure.objects.create(customer_id=10**9 + number, by=BY, begun_at=now, touched_at=now, done_at=now)
    block("email", [f"gone{number}@example.com"], Suppression.Reason.HARD_BOUNCE, by=BY, note="550 5.1.1 no such user")
    known = Customer.objects.get(email=f"abroad{number}@example.com").pk
    wanted = confirming.Asked(customer_id=known, consents=(("email", "news"),), source="Site", wording="Write to me.")
    confirming.ask([wanted], timezone.now())
    about = {"customer_id": known, "channel": "email", "at": timezone.now(), "evidence": "called on Monday"}
    record_consents([Statement(**about, topic="news", status="withdrawn", method="agent", source="ben@example.test")])


def _channels(number: int) -> None:
    """A provider for SMS that has trouble."""
    if number == 0:
        settings = {"username": "duka", "from": "22384", "base_url": "http://127.0.0.1:1"}
        account = accounts.draft("sms", "africastalking", settings, {"api_key": "secret"})
        account.name = "duka (KES 1,204.50)"
        accounts.open_account(account, by=BY)
        keys.sign_with("duka.example", "ed25519", by=BY)
        box = {"address": "bounces@duka.example", "host": "127.0.0.1", "user": "bounces", "trouble": "wrong password"}
        BounceBox.objects.update_or_create(pk=1, defaults=box)
        Pace.objects.create(domain="plan.example", first=500, since=timezone.now().date())
        Account.objects.update(trouble="405: InsufficientBalance", trouble_at=timezone.now())
        social = accounts.draft("social", "mastodon", {"base_url": "http://127.0.0.1:1"}, {"access_token": "secret"})
        social.name = "@duka"
        accounts.open_account(social, by=BY)
    social = Account.objects.get(kind="social")
    posts.plan(social, f"Karibu! New mats are here ({number}).", by=BY, due_at=timezone.now() + timedelta(days=2))
    hook = webhooks.create(f"https://93.184.216.34/karibu/{number}", ["Order Completed"], by=BY)
    test = webhooks.test(hook)
    # Disabled, so that a worker of a test asks nobody outside.
    why = {"disabled_at": timezone.now(), "disabled_because": "It has not taken anything for 3 days: maintenance"}
    Webhook.objects.filter(pk=hook.pk).update(**why)
    Delivery.objects.filter(pk=test.pk).update(answer_status=503, answer="maintenance", attempts=2, took_ms=31)


def _with_ways() -> dict[str, Any]:
    """Reminds of a cart, dearer ones in another way, and asks a colleague about those who do not come back."""
    dear = {"check": {"entry": {"property": "value", "op": "gte", "value": 100}}}
    send = {"send": {"template": "cart-reminder"}}
    order = {"wait_for": {"happens": {"event": "Order Completed"}, "within": {"days": 3}}}
    ask = {"ask": {"question": "Shall we call?"}, "ways": {"yes": [{"wait": {"days": 1}}], "late": [{"leave": {}}]}}
    ways = {"yes": [send, {**order, "ways": {"late": [ask]}}], "no": [{"wait_until": {"at": "09:00"}}, send]}
    return {**abandoned_cart(), "steps": [{"wait": {"hours": 1, "quiet": True}}, {**dear, "ways": ways}]}


def _every_step(number: int) -> None:
    """A live one, and its rehearsal, with the steps that the others have none of; nobody comes beyond its third."""
    pool = CouponPool.objects.create(name=f"Come back {number}", fallback="TENA10")
    share = {"A": 50, "B": 50}
    bought = {"event": "Order Completed", "where": [{"property": "value", "op": "gte", "value": 50}]}
    steps: list[dict[str, Any]] = [
        {"rate": {"most": 500, "per": "hour"}},
        {"wait_date": {"trait": "birthday"}, "ways": {"came": [{"coupon": {"pool": pool.pk}}], "unknown": []}},
        {"wait_rhythm": {}, "ways": {"late": []}},
        {"consent": {"how": "ask", "channel": "email", "topic": "offers", "wording": "May we write to you?"}},
        {"recommend": {"count": 3}, "ways": {"found": [{"send": {"template": "goes-with"}}], "none": []}},
        {"webhook": {"url": "https://93.184.216.34/score"}, "ways": {"failed": [{"task": {"title": "Look at it"}}]}},
        {"experiment": {"shares": share}, "ways": {"A": [{"send": {"template": "newsletter"}}], "B": []}},
        {"reaction": {"did": "clicked"}, "ways": {"yes": [{"update": {"trait": "keen", "value": True}}], "no": []}},
        {"branch": {"if": {"all": [{"trait": "orders", "op": "gte", "value": 2}, bought]}}},
    ]
    raw = {"entry": {"event": "Product Added"}, "goal": {"event": "Order Completed"}, "steps": steps}
    made = journeys.publish(journeys.create(f"Every step {number}", raw, by=BY), by=BY)
    rehearsal.run(rehearsals.plan(made, by=BY))


def _tasks(number: int) -> None:
    """One that is late, one that is done."""
    person, now = Customer.objects.earliest("pk").pk, timezone.now()
    known = {"customer_id": person, "title": "Call them about the mats", "due_at": now - timedelta(days=1)}
    both = [Wanted(**known, key=f"{name} {number}", colleague="", source="journey:1") for name in ("late", "done")]
    tasks.give(both)
    tasks.finish(Task.objects.filter(key=both[1].key).values_list("pk", flat=True), by=BY)


def _form(number: int) -> None:
    """A live one in two versions, seen and answered."""
    words = {"heading": "Letters", "text": "Once a month.", "button": "Sign up", "thanks": "Thank you."}
    versions = [{"key": "a", **words}, {"key": "b", **words, "heading": "Post"}]
    known = {"name": f"Letters {number}", "slug": f"letters-{number}", "wording": "Yes, write to me."}
    form = SignUp(**known, versions=versions, topics=["offers"], fields=["first_name", "city"])
    growth.save(form, by=BY)
    growth.publish(form, True, by=BY)
    counting.add(form, "a", views=400, answers=20)
    counting.add(form, "b", views=400, answers=36)
    growth.take_answer(form, growth.Given(email=f"abroad{number}@example.com", language="sw", utm={"source": "fair"}))


def _segment(number: int) -> None:
    """One that half of the buyers are in, and a part of it."""
    named = segments.create(f"Buyers {number}", {"all": [{"trait": "orders", "op": "gte", "value": 1}]}, by=BY)
    segments.create(f"Among buyers {number}", {"all": [{"segment": named.pk}]}, by=BY)
    buyers = Customer.objects.filter(orders__gte=1, merged_into=None).order_by("pk").values_list("pk", flat=True)[::2]
    now = timezone.now()
    Member.objects.bulk_create([Member(segment_id=named.pk, customer_id=one, since=now) for one in buyers])
    days = ((now.date() - timedelta(days=n), max(len(buyers) - n, 0)) for n in range(30))
    Size.objects.bulk_create([Size(segment_id=named.pk, day=day, members=size) for day, size in days])
    Segment.objects.filter(pk=named.pk).update(size=len(buyers), built_at=now)


def _strange_events(number: int) -> None:
    """One without a name, and an order in a currency without a rate."""
    who = {"userId": f"abroad-{number}", "timestamp": timezone.now().isoformat()}
    line = {"product_id": "kiondo-bag", "name": "Kiondo shoulder bag", "price": 40, "quantity": 1, "currency": "EUR"}
    order = {"order_id": f"A{number}", "total": 40, "currency": "EUR", "products": [line]}
    source = create_source(f"Till {number}")
    take_in(
        [
            {"type": "track", **who},
            {"type": "identify", **who, "traits": {"email": f"abroad{number}@example.com", "marketing_consent": True}},
            {"type": "track", "event": "Order Completed", **who, "properties": order},
            {"type": "track", "event": "Product Added", **who, "properties": {"cart_id": f"ca{number}", **line}},
        ],
        source,
    )
    drain_all()


def _duplicates(number: int) -> None:
    """Somebody who comes again under another id with the same address: perhaps one person."""
    email = f"twice{number}@example.com"
    one = {"type": "identify", "userId": f"one-{number}", "anonymousId": f"b{number}", "traits": {"email": email}}
    other = {"type": "identify", "userId": f"other-{number}", "traits": {"email": email, "name": f"Twice {number}"}}
    take_in([{"type": "page", "anonymousId": f"b{number}"}, one], create_source("Site"))
    drain_all()
    take_in([other], create_source("Site"))
    drain_all()


def _mail(number: int) -> None:
    """One that left (into the mailbox), one that was refused, one that failed, and one of Karibu's own."""
    known = Customer.objects.get(email=f"abroad{number}@example.com").pk
    nobody = Customer.objects.filter(is_anonymous=True).first()
    key = {"template_key": "cart-reminder", "sender": "journey:1", "context": {"cart_id": f"ca{number}"}}
    intend([Intent(customer_id=known, key=f"sent {number}", **key)])
    [failed] = intend([Intent(customer_id=known, key=f"failed {number}", **key)])
    if nobody:
        intend([Intent(customer_id=nobody.pk, key=f"refused {number}", **key)])
    Message.objects.filter(pk=failed).update(status="failed", reason="rejected", address="full@example.com")
    send.send_due()
    send_mail("owner@example.test", "Sign in to Karibu", "Here is the link.")


def _file(number: int, folder: Path) -> None:
    """An import that is done, with a row set aside."""
    file = folder / f"people-{number}.csv"
    file.write_text(f"email,name\nimported{number}@example.com,Neema {number}\nno address,Nobody\n")
    imported = imports.draft("customers", file, by=BY)
    imports.start(imported, by=BY, queue=False)
    run(imported.pk)


def _campaign(number: int, pool: CouponPool) -> None:
    """A draft, and one with two templates that was sent to everybody who is known."""
    campaigns.create(f"Next spring {number}", by=BY)
    plan = {"templates": ["cart-reminder", "cart-reminder"], "holdout": 20, "coupon_pool": pool}
    campaigns.launch(campaigns.create(f"Spring {number}", by=BY, **plan), by=BY)
    for _ in range(20):
        engine.advance(timezone.now())
        send.send_due()
