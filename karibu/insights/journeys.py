"""What came of a journey: one set of figures for its report, its CSV and the API.

What it earned that would not have come anyway is compared.py's. Converted is who reached the journey's goal; in a
version without one, who ordered after a click in a message. Whom the journey held out has not entered it.
"""

from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from karibu.insights import compared
from karibu.insights.definitions import NET, SOLD
from karibu.insights.metrics import to_cents
from karibu.journeys import counted
from karibu.journeys.counted import Numbers, Spot
from karibu.journeys.models import Enrollment, Journey
from karibu.web.queries import shop

HELD = Enrollment.Status.HELD
DAYS = (7, 14, 30, 90)
USUAL_DAYS = 30
HOURS = (1, 6, 24, 72, 120)  # the bars of the time to convert end here; the last one is open

# A message belongs to the version in which it was meant: whoever was inside may have been moved to the next since.
_MEANT = """
    JOIN journeys_enrollment e ON e.id = m.enrollment_id
    LEFT JOIN journeys_passage p ON p.enrollment_id = m.enrollment_id AND p.kind = 'send' AND p.step::text = m.step"""
_SENT = f"""
    SELECT coalesce(p.version, e.version), m.step, count(m.sent_at), count(m.opened_at), count(m.clicked_at)
    FROM messages_message m {_MEANT} WHERE m.sender = %(sender)s GROUP BY 1, 2"""  # noqa: S608
_EARNED = f"""
    FROM insights_attribution a JOIN messages_message m ON m.id = a.message_id {_MEANT}
    JOIN shop_order o ON o.order_id = a.order_id WHERE a.sender = %(sender)s AND {SOLD}"""
_BY_STEP = f"SELECT coalesce(p.version, e.version), m.step, count(*), {NET} {_EARNED} GROUP BY 1, 2"
_BY_VERSION = f"SELECT e.version, count(DISTINCT e.id), count(*), {NET} {_EARNED} GROUP BY 1"
_UP_TO = ", ".join(f"count(*) FILTER (WHERE took <= {hours * 3600})" for hours in HOURS)
_CONVERTED = f"""(
        SELECT e.id, e.version, e.entered_at, min(a.ordered_at) AS at {_EARNED}
            AND e.version <> ALL(%(goals)s::int[]) GROUP BY e.id
        UNION ALL SELECT e.id, e.version, e.entered_at, e.converted_at FROM journeys_enrollment e
            WHERE e.journey_id = %(journey)s AND e.version = ANY(%(goals)s::int[]) AND e.converted_at IS NOT NULL
                AND e.status <> 'held'
    )"""  # noqa: S608
_TOOK = f"(SELECT version, extract(epoch FROM at - entered_at)::float AS took FROM {_CONVERTED} AS c) AS first"  # noqa: S608
_BY_PASSAGE = f"""
    SELECT p.version, p.step, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM c.at - p.at))
    FROM {_CONVERTED} AS c JOIN journeys_passage p ON p.enrollment_id = c.id AND p.at <= c.at GROUP BY 1, 2"""  # noqa: S608
_TIMES = f"""
    SELECT percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY took), ARRAY[{_UP_TO}, count(*)]
    FROM {_TOOK}"""  # noqa: S608
_TIMES_BY_VERSION = f"""
    SELECT version, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) FROM {_TOOK} GROUP BY 1"""  # noqa: S608


def figures(journey: Journey, days: int = USUAL_DAYS) -> dict[str, Any]:
    """All of the report; `days`: how long orders count for the comparison. Money is Decimal in the shop's currency."""
    versions, found = _versions(journey), compared.of(journey, days)
    return {
        "currency": shop().currency,
        "incremental": found.whole,
        "held_out_by": found.by,
        "entries": sum(row["entries"] for row in versions),
        "conversions": sum(row["conversions"] for row in versions),
        "orders": sum(row["orders"] for row in versions),
        "revenue": sum((row["revenue"] for row in versions), Decimal("0.00")),
        "time_to_convert": _times(journey),
        "held_out": sum(row["held_out"] for row in versions),
        "versions": [{**row, "incremental": found.versions.get(row["version"])} for row in versions],
        "steps": [
            {**row, **found.steps.get((row["version"], row["position"]), compared.NOTHING)} for row in _steps(journey)
        ],
    }


def _sender(journey: Journey) -> str:
    return f"journey:{journey.pk}"


def _rows(query: str, journey: Journey) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"sender": _sender(journey), "journey": journey.pk, "goals": _with_goals(journey)}
        cursor.execute(query, asked)
        return list(cursor.fetchall())


def _with_goals(journey: Journey) -> list[int]:
    """The versions that say what the journey is for."""
    return [number for number, definition in counted.definitions(journey) if definition.goal]


def _versions(journey: Journey) -> list[dict[str, Any]]:
    stands = {"inside": "active", "finished": "finished", "left": "left", "failed": "failed", "held_out": HELD}
    let_in = ~Q(status=HELD)
    counts = {
        "entries": Count("pk", filter=let_in),
        **{name: Count("pk", filter=Q(status=status)) for name, status in stands.items()},
    }
    entered = Enrollment.objects.filter(journey=journey).order_by("version").values("version")
    entered = entered.annotate(**counts, reached=Count("converted_at", filter=let_in))
    brought = {version: rest for version, *rest in _rows(_BY_VERSION, journey)}
    goals, found, took = _with_goals(journey), [], dict(_rows(_TIMES_BY_VERSION, journey))
    for number, *stood, reached in entered.values_list("version", *counts, "reached"):
        clicked, orders, revenue = brought.get(number, (0, 0, Decimal(0)))
        converted = reached if number in goals else clicked
        row = {"version": number, **dict(zip(counts, stood, strict=False))}
        found.append(
            {
                **row,
                "conversions": converted,
                "orders": orders,
                "revenue": to_cents(revenue),
                "time_to_convert": _seconds(took.get(number)),
            }
        )
    return found


def _steps(journey: Journey) -> list[dict[str, Any]]:
    """Every step of every version, the newest version first."""
    numbers, why = counted.at_spots(journey), counted.reasons(journey)
    sent = _by_spot(_SENT, journey)
    brought = _by_spot(_BY_STEP, journey)
    converted = {(version, step): tuple(rest) for version, step, *rest in _rows(_BY_PASSAGE, journey)}
    places = counted.places(journey)
    return [
        {
            "id": place.id,
            "version": version,
            "position": position,
            "kind": place.step.KIND,
            "sentence": place.step.sentence(),
            **_stands(numbers.get((version, position), Numbers())),
            "why": [{"reason": reason, "people": people} for reason, people in why.get((version, position), ())],
            **dict(zip(("sent", "opened", "clicked"), sent.get((version, position), (0, 0, 0)), strict=True)),
            **_brought(*brought.get((version, position), (0, Decimal(0)))),
            **_converted(*converted.get((version, position), (0, None))),
        }
        for (version, position), place in sorted(places.items(), key=lambda pair: (-pair[0][0], pair[0][1]))
    ]


def _brought(orders: int, revenue: Decimal) -> dict[str, Any]:
    """What a step's messages brought."""
    return {"orders": orders, "revenue": to_cents(revenue)}


def _converted(people: int, took: float | None) -> dict[str, Any]:
    """Who went through the step and converted afterwards, and how long after it the middle one did."""
    return {"conversions": people, "time_to_convert": _seconds(took)}


def _seconds(took: float | None) -> int | None:
    return None if took is None else round(took)


def _stands(numbers: Numbers) -> dict[str, int]:
    return {"waiting": numbers.waiting, "passed": numbers.passed, "left": numbers.left, "failed": numbers.failed}


def _by_spot(query: str, journey: Journey) -> dict[Spot, tuple[Any, ...]]:
    """A message says its step as text."""
    rows = _rows(query, journey)
    return {(version, int(step)): tuple(rest) for version, step, *rest in rows if step.isdigit()}


def _times(journey: Journey) -> dict[str, Any]:
    """From entering to the first order that came of it, in seconds; `bars` say how many took up to so many hours."""
    [(middle, up_to)] = _rows(_TIMES, journey)
    ends: list[int | None] = [*HOURS, None]
    return {
        "median": _seconds(middle[0]) if middle else None,
        "p90": _seconds(middle[1]) if middle else None,
        "bars": [
            {"hours": end, "people": more - fewer}
            for end, fewer, more in zip(ends, [0, *up_to[:-1]], up_to, strict=True)
        ],
    }
