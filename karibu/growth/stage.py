"""What an answered form brings about, in the pipeline, once it is known who answered."""

from collections.abc import Sequence

from django.utils import timezone

from karibu.collect.models import Source
from karibu.consents import confirming
from karibu.consents.actions import record_consents
from karibu.consents.methods import Method
from karibu.consents.models import Confirmation
from karibu.consents.statement import GIVEN, PENDING, Statement
from karibu.events.batch import Batch
from karibu.events.event import Event
from karibu.growth.actions import ANSWERED, SOURCE
from karibu.growth.models import Answer, SignUp
from karibu.messages.actions import Intent, intend
from karibu.shop import coupons

TEMPLATE = "form-coupon"


def keep_answers(batch: Batch) -> None:
    """Records who answered which form, their consent, and their coupon. Only events of our own source are believed."""
    answers = [event for event in batch.events if event.name == ANSWERED and event.customer_id]
    ours = set(Source.objects.filter(name=SOURCE, kind="form").values_list("pk", flat=True)) if answers else set()
    answers = [event for event in answers if event.source_id in ours]
    if not answers:
        return
    slugs = {str(event.properties.get("form")) for event in answers}
    forms = {form.slug: form for form in SignUp.objects.filter(slug__in=slugs)}
    told = [(event, forms[slug]) for event in answers if (slug := str(event.properties.get("form"))) in forms]
    Answer.objects.bulk_create([_answer(event, form) for event, form in told], ignore_conflicts=True)
    record_consents([said for event, form in told for said in _consents(event, form)])
    confirming.ask([_asked(event, form) for event, form in told if form.is_confirmed], batch.now)
    reward([(form, event.customer_id) for event, form in told if not form.is_confirmed])


def _answer(event: Event, form: SignUp) -> Answer:
    return Answer(
        form=form,
        version=str(event.properties.get("version", "a"))[:1],
        customer_id=event.customer_id,
        at=event.time,
        utm_source=event.utm_source[:200],
        utm_campaign=event.utm_campaign[:200],
    )


def _consents(event: Event, form: SignUp) -> list[Statement]:
    status = PENDING if form.is_confirmed else GIVEN
    return [
        Statement(
            customer_id=event.customer_id,
            channel="email",
            topic=topic,
            status=status,
            method=Method.FORM,
            source=f"form {form.name}",
            wording=str(event.properties.get("wording", "")),
            evidence=_evidence(event),
            at=event.time,
        )
        for topic in form.topics
    ]


def _evidence(event: Event) -> str:
    """Where it was filled in, what led there, and from which network and program."""
    led = " ".join(f"{name}={value}" for name in ("utm_source", "utm_campaign") if (value := getattr(event, name)))
    parts = (event.url.partition("?")[0], led, str(event.properties.get("evidence", "")))
    return "; ".join(part for part in parts if part)


def _asked(event: Event, form: SignUp) -> confirming.Asked:
    return confirming.Asked(
        customer_id=event.customer_id,
        consents=tuple(("email", topic) for topic in form.topics),
        source=f"form {form.name}",
        wording=str(event.properties.get("wording", "")),
        origin=f"form:{form.pk}",
        evidence=_evidence(event),
    )


def reward_confirmed(confirmed: Sequence[Confirmation]) -> None:
    """Whoever confirmed what a form asked has given a valid answer."""
    wanted = {int(one.origin[5:]): one.customer_id for one in confirmed if one.origin.startswith("form:")}
    forms = SignUp.objects.in_bulk(wanted)
    reward([(form, wanted[number]) for number, form in forms.items()])


def reward(valid: Sequence[tuple[SignUp, int]]) -> None:
    """A coupon by mail for those whose form promises one: once for each person and form, however often they answer."""
    for form, customer in valid:
        key = f"form:{form.pk}:customer:{customer}"
        fresh = Answer.objects.filter(form=form, customer_id=customer, rewarded_at=None)
        if not form.pool_id or not fresh.update(rewarded_at=timezone.now()):
            continue
        code = coupons.claim(form.pool_id, [(customer, key)])[key]
        if code:
            context = {"code": code, "form": form.name}
            intend([Intent(key=key, customer_id=customer, template_key=TEMPLATE, sender="form", context=context)])
