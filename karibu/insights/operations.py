"""`/metrics` for Prometheus: how the machine is doing, no business numbers.

It needs an API token (`authorization: Bearer`), from this machine too: behind a proxy every caller is this machine.
"""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from karibu.web.access import public
from karibu.web.api import BearerToken

# Name, type, what it says, and the one number.
GAUGES = [
    (
        "karibu_inbox_rows",
        "Rows that were answered 200 and wait to be worked on",
        "SELECT count(*) FROM collect_inboxrow",
    ),
    (
        "karibu_inbox_age_seconds",
        "Age of the oldest row of the inbox",
        "SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0) FROM collect_inboxrow",
    ),
    ("karibu_tail_rows", "Events not yet flushed to the lake", "SELECT coalesce(sum(rows), 0) FROM events_tailblock"),
    ("karibu_lake_version", "Delta version that readers open", "SELECT coalesce(max(version), -1) FROM events_lake"),
    (
        "karibu_messages_late",
        "Messages more than two minutes late",
        "SELECT count(*) FROM messages_message WHERE status IN ('intended', 'held')"
        " AND due_at < now() - interval '2 minutes'",
    ),
    (
        "karibu_enrollments_late",
        "People who wait in a journey more than two minutes longer than planned",
        "SELECT count(*) FROM journeys_enrollment WHERE status = 'active' AND due_at < now() - interval '2 minutes'",
    ),
    (
        "karibu_rejected_events_day",
        "Events set aside in the last 24 hours",
        "SELECT count(*) FROM collect_rejectedevent WHERE received_at > now() - interval '1 day'",
    ),
]
COUNTERS = [
    ("karibu_events_total", "Events taken, ever", "SELECT coalesce(sum(count), 0) FROM events_eventcount"),
    ("karibu_messages_total", "Message intents, ever", "SELECT coalesce(max(id), 0) FROM messages_message"),
]


@require_safe
@public
def prometheus(request: HttpRequest) -> HttpResponse:
    """The text format of Prometheus. 401 without a token."""
    if not BearerToken()(request):
        refusal = HttpResponse("An API token is needed: karibu token create NAME.\n", status=401)
        refusal["WWW-Authenticate"] = "Bearer"
        return refusal
    lines = [
        line for kind, all_ in (("gauge", GAUGES), ("counter", COUNTERS)) for row in all_ for line in _line(kind, row)
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _line(kind: str, row: tuple[str, str, str]) -> list[str]:
    name, help_, query = row
    with connection.cursor() as cursor:
        cursor.execute(query)
        value = cursor.fetchone()[0]
    return [f"# HELP {name} {help_}.", f"# TYPE {name} {kind}", f"{name} {float(value):g}"]
