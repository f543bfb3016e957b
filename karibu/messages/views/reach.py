"""Whether a message would reach a person now, and what became of everything that one sender wanted sent."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from karibu.consents import topics
from karibu.customers.queries import listed
from karibu.messages import channels, queries, reach, senders
from karibu.messages.drawing import drawn
from karibu.messages.rules import name_of
from karibu.messages.tables import known_senders
from karibu.web import fragments
from karibu.web.access import allow


@allow()
@require_safe
def reaches(request: HttpRequest, customer_id: int) -> HttpResponse:
    person = get_object_or_404(listed(), pk=customer_id)
    kinds = [(kind, name_of(kind)) for kind in channels.KINDS]
    offered = [(topic.key, topic.name) for topic in topics.offered()]
    channel = _one_of(request.GET.get("channel"), kinds)
    topic = request.GET.get("topic", "")
    is_marketing = topic != "none"
    answers = reach.check(person.pk, channel, topic or offered[0][0], is_marketing=is_marketing)
    context = {
        "customer": person,
        "channels": kinds,
        "topics": offered,
        "channel": channel,
        "topic": topic or offered[0][0],
        "answers": answers,
        "outcome": reach.outcome(answers),
    }
    return fragments.render(request, "messages/reach.html", context, fragment="messages/_reach.html")


def _one_of(asked: str | None, choices: list[tuple[str, str]]) -> str:
    return asked if asked in dict(choices) else choices[0][0]


@allow()
@require_safe
def waterfall(request: HttpRequest) -> HttpResponse:
    """Of the sender that is asked for; without one, of the first there is."""
    known = known_senders()
    sender = request.GET.get("sender") or (known[0] if known else "")
    steps = queries.waterfall(sender) if sender else []
    names = senders.names([*known, sender])
    context = {
        "steps": steps,
        "drawing": drawn(steps),
        "sender": sender,
        "sender_name": names.get(sender, sender),
        "sender_url": senders.url(sender),
        "senders": [(one, names[one]) for one in known],
    }
    return fragments.render(request, "messages/waterfall.html", context, fragment="messages/_waterfall.html")
