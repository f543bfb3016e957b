"""What a journey, each version and each step earned that would not have come anyway, with intervals.

Compared are only people whom chance parted, from the moment it did, by what they ordered in the days after. Chance
draws in four places: at the journey's door (its holdout), at a split or an experiment, at a message that skips a share
of those who come to it, and in the shop's rules, whose share gets no marketing at all. A step whose people nobody drew
has no such number: who comes as far as there has not ordered yet, which is itself what the steps before have done.

A version is judged by its own holdout, else by its splits that have one, else by the rules' share. Each person counts
once, in the draw that they met first (in a version: first there), and each draw is compared with itself (stats.total).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from karibu.campaigns import earned, stats
from karibu.campaigns.earned import HELD_BY_RULES, HELD_BY_SENDER, WAS_LET_IN, Pair, Spent
from karibu.journeys import counted, draw
from karibu.journeys.counted import Spot
from karibu.journeys.definition import Definition
from karibu.journeys.layout import Place
from karibu.journeys.models import AT_THE_DOOR, Journey
from karibu.journeys.steps.experiment import Experiment
from karibu.journeys.steps.leave import Leave
from karibu.journeys.steps.send import Send
from karibu.journeys.steps.split import Split
from karibu.messages.models import Message
from karibu.messages.status import Reason, Status

NOTHING: Mapping[str, Any] = {"incremental": None, "ways": []}  # of a step at which nobody was drawn
BY_DOOR, BY_WAYS, BY_RULES = "journey", "ways", "rules"  # who held people out
_GATE = -2  # instead of a position: the rules' share is drawn at no step

# Whom a journey's own chance parted, with the way they went. An experiment parts nobody from its decision on.
_PARTED = """
    SELECT e.customer_id, p.version, p.step, p.outcome AS way, p.at, p.id FROM journeys_passage p
    JOIN journeys_enrollment e ON e.id = p.enrollment_id
    LEFT JOIN journeys_contest c ON c.journey_id = p.journey_id AND c.version = p.version AND c.step = p.step
    WHERE p.journey_id = %(journey)s AND (c.at IS NULL OR p.at < c.at)"""
_AT = "(p.version, p.step) IN (SELECT * FROM unnest(%(versions)s::int[], %(steps)s::int[]))"
# The first marketing message of each run, in the version in which it was meant: the run may have been moved since.
_MEANT = """
    SELECT m.*, coalesce(p.version, e.version) AS version, coalesce(p.step, e.step) AS place FROM messages_message m
    JOIN journeys_enrollment e ON e.id = m.enrollment_id
    LEFT JOIN journeys_passage p ON p.enrollment_id = m.enrollment_id AND p.kind = 'send' AND p.step::text = m.step
    WHERE m.sender = %(sender)s"""
_BY_RULES = f"""
    SELECT * FROM (SELECT DISTINCT ON (enrollment_id) customer_id, version, {_GATE} AS step,
            {HELD_BY_RULES} AS is_holdout, created_at AS since, id FROM ({_MEANT} AND m.is_marketing) AS meant
        WHERE {HELD_BY_RULES} OR {HELD_BY_SENDER} OR {WAS_LET_IN} ORDER BY enrollment_id, created_at, id) AS firsts
    WHERE version <> ALL(%(versions)s::int[])"""  # noqa: S608 - constants of ours
_BY_CHANCE = f"""
    SELECT d.customer_id, d.version, d.step, h.way IS NOT NULL AS is_holdout, d.at AS since, d.id
    FROM ({_PARTED} AND {_AT}) AS d LEFT JOIN unnest(%(held_versions)s::int[], %(held_steps)s::int[], %(ways)s::text[])
        AS h(version, step, way) ON h.version = d.version AND h.step = d.step AND h.way = d.way"""  # noqa: S608
# Each person once in each version, where they were drawn first; `step` says version, position, and whether it was their
# first draw of all.
FIRST = "1"
_ONCE = """
    SELECT customer_id, is_holdout, since, version || '.' || step || '.'
        || (row_number() OVER (PARTITION BY customer_id ORDER BY since, id) = 1)::int AS step
    FROM (SELECT DISTINCT ON (customer_id, version) * FROM ({drawn}) AS drawn
        ORDER BY customer_id, version, since, id) AS firsts"""
_BY_WAY = f"""
    SELECT DISTINCT ON (p.customer_id, p.version, p.step) customer_id, version || '.' || step || '.' || way AS step,
        false AS is_holdout, at AS since FROM ({_PARTED} AND {_AT}) AS p
    ORDER BY p.customer_id, p.version, p.step, p.at, p.id"""  # noqa: S608
_BY_MESSAGE = f"""
    SELECT DISTINCT ON (customer_id, version, place) customer_id, version || '.' || place AS step, is_holdout,
        created_at AS since FROM ({_MEANT}) AS p
    WHERE (version, place) IN (SELECT * FROM unnest(%(versions)s::int[], %(steps)s::int[]))
        AND CASE WHEN is_holdout THEN {HELD_BY_SENDER} ELSE {WAS_LET_IN} END
    ORDER BY customer_id, version, place, created_at, id"""  # noqa: S608


@dataclass(frozen=True)
class Compared:
    """`whole` and each version as earned.more() says it; `by` is who held people out: BY_DOOR, BY_WAYS, BY_RULES.

    A step also has its `ways`, where it parts people: of each the people, the buyers, what they spent a person, and the
    difference to those held out there, or to all other ways where none is. Nothing: nobody was drawn.
    """

    whole: dict[str, Any]
    by: list[str]
    versions: Mapping[int, dict[str, Any]]
    steps: Mapping[Spot, Mapping[str, Any]] = field(default_factory=dict)


def of(journey: Journey, days: int) -> Compared:
    """`days`: how long orders count."""
    draws = {number: list(_draws(one)) for number, one in counted.definitions(journey)}
    held = [(number, step, way) for number, those in draws.items() for step, ways in those for way in ways]
    asked = {
        "journey": journey.pk,
        "sender": f"journey:{journey.pk}",
        **_columns({(number, step) for number, step, _way in held}),
        "held_versions": [number for number, _step, _way in held],
        "held_steps": [step for _number, step, _way in held],
        "ways": [way for _number, _step, way in held],
    }
    drawn = _drawn(asked, draws)
    whole: list[tuple[str, Pair]] = []
    each: dict[int, list[Pair]] = defaultdict(list)
    found = _pairs(earned.spent(_ONCE.format(drawn=drawn), asked, days)) if drawn else {}
    for label, pairs in groupby(found.items(), lambda item: item[0].rpartition(".")[0]):
        both = {name.rpartition(".")[2]: pair for name, pair in pairs}
        whole += [(label, both[FIRST])] if FIRST in both else []
        each[int(label.partition(".")[0])].append(_together(both.values()))
    return Compared(
        earned.more([pair for _label, pair in whole], days),
        _by(whole),
        {number: earned.more(pairs, days) for number, pairs in each.items()},
        {**_messages(journey, asked, days), **_chances(journey, asked, days)},
    )


def _draws(definition: Definition) -> Iterator[tuple[int, list[str]]]:
    """Where chance holds people out of a version, and the ways by which they go: at its door, else at its splits."""
    if definition.holdout:
        yield AT_THE_DOOR, [draw.HELD]
        return
    for place in definition.layout.places:
        if isinstance(place.step, Split) and (ways := held_ways(definition, place)):
            yield place.position, ways


def _drawn(asked: Mapping[str, Any], draws: Mapping[int, Sequence[Any]]) -> str:
    """Everybody whom a chance parted that a version is judged by; "" where nobody was held out."""
    parts = [_BY_CHANCE] if asked["versions"] else []
    by_rules = Message.objects.filter(sender=asked["sender"], status=Status.REFUSED, reason=Reason.HOLDOUT)
    if not all(draws.values()) and by_rules.exists():
        parts.append(_BY_RULES)
    return " UNION ALL ".join(parts)


def _together(pairs: Iterable[Pair]) -> Pair:
    ones, others = zip(*pairs, strict=True)
    return earned.joined(ones), earned.joined(others)


def held_ways(definition: Definition, place: Place) -> list[str]:
    """The ways on which nothing happens: the one that an experiment names; else those that leave at once, while others
    go on; else those that have no steps of their own, beside others that have."""
    if isinstance(place.step, Experiment) and place.step.holdout:
        return [place.step.holdout]
    leaving = [way for way, below in place.ways.items() if below and isinstance(below[0].step, Leave)]
    bare = [way for way, below in place.ways.items() if not below]
    others = [way for way in place.ways if way not in leaving and way not in bare]
    goes_on = bool(others) or definition.layout.after(place.position) is not None
    if leaving and goes_on:
        return leaving if others or bare else []
    return bare if others else []


def _columns(spots: set[Spot]) -> dict[str, list[int]]:
    return {"versions": [number for number, _ in sorted(spots)], "steps": [step for _, step in sorted(spots)]}


def _pairs(found: Spent) -> dict[str, Pair]:
    """By the label of the draw: those written to, those held out."""
    nobody = (0, stats.Group(0, 0, 0, 0), 0)
    labels = sorted({label for label, _is_held in found})
    return {label: (found.get((label, False), nobody)[1], found.get((label, True), nobody)[1]) for label in labels}


def _by(drawn: Sequence[tuple[str, Pair]]) -> list[str]:
    kinds = {str(AT_THE_DOOR): BY_DOOR, str(_GATE): BY_RULES}
    found = {kinds.get(label.partition(".")[2], BY_WAYS) for label, pair in drawn if pair[1].people}
    return [kind for kind in (BY_DOOR, BY_WAYS, BY_RULES) if kind in found]


def _messages(journey: Journey, asked: Mapping[str, Any], days: int) -> dict[Spot, dict[str, Any]]:
    """What the messages earned that skip a share of those who come to them."""
    spots = {
        spot for spot, place in counted.places(journey).items() if isinstance(place.step, Send) and place.step.holdout
    }
    found = _pairs(earned.spent(_BY_MESSAGE, {**asked, **_columns(spots)}, days)) if spots else {}
    return {
        (version, step): {"incremental": earned.more([found[f"{version}.{step}"]], days), "ways": []}
        for version, step in spots
        if f"{version}.{step}" in found
    }


def _chances(journey: Journey, asked: Mapping[str, Any], days: int) -> dict[Spot, dict[str, Any]]:
    """What the ways earned of steps that part people by chance."""
    written = dict(counted.definitions(journey))
    places = {spot: place for spot, place in counted.places(journey).items() if isinstance(place.step, Split)}
    if not places:
        return {}
    found = earned.spent(_BY_WAY, {**asked, **_columns(set(places))}, days)
    spent: dict[Spot, dict[str, stats.Group]] = defaultdict(dict)
    for (label, _is_held), (_orders, group, _money) in found.items():
        version, step, way = label.split(".", 2)
        spent[int(version), int(step)][way] = group
    return {
        spot: _ways(places[spot], held_ways(written[spot[0]], places[spot]), groups, days)
        for spot, groups in spent.items()
    }


def _ways(place: Place, held: list[str], groups: Mapping[str, stats.Group], days: int) -> dict[str, Any]:
    def together(ways: list[str]) -> stats.Group:
        return earned.joined([groups[way] for way in ways if way in groups])

    names = [way for way in place.step.ways() if way in groups]
    rivals = [way for way in names if way not in held]
    rows = []
    for way in names:
        against = held or [other for other in names if other != way]
        found = None if way in held else earned.more([(groups[way], together(against))], days)
        rows.append(
            {
                "way": way,
                "people": groups[way].people,
                "buyers": groups[way].buyers,
                "spent_each": earned.each(groups[way]),
                "is_held_out": way in held,
                "incremental": found,
            }
        )
    whole = earned.more([(together(rivals), together(held))], days) if held else None
    return {"incremental": whole, "ways": rows}
