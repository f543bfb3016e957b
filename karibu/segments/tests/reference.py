"""What a definition means, in plain Python over plain rows: slow, and as near to the words of the plan as can be."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from karibu.events.commerce import ONE_PRODUCT

Row = dict[str, Any]
NEGATIVE = {"is_not": "is", "not_in": "in", "missing": "exists"}
MESSAGES = {
    "received": "Message Sent",
    "opened": "Message Opened",
    "clicked": "Message Clicked",
    "bounced": "Message Bounced",
}
OF_ITEMS = ("product_id", "sku", "name", "brand", "variant", "category", "price", "quantity")
ALIASES = {"product": "product_id", "order": "order_id", "cart": "cart_id"}


class Reference:
    """`customers` are the mirror's rows, `events` those of the log with `person`; `traits` name columns."""

    def __init__(self, customers: list[Row], events: list[Row], traits: dict[str, str], now: datetime, zone: ZoneInfo):
        self.customers, self.traits, self.now, self.zone = customers, traits, now, zone
        self.today = now.astimezone(zone).date()
        self.events: dict[int, list[Row]] = {}
        for event in sorted(events, key=lambda e: e["time"]):
            if event["person"] and event["time"] <= now:
                self.events.setdefault(event["person"], []).append(event)

    def members(self, raw: Row) -> list[int]:
        return sorted(row["id"] for row in self.customers if self.holds(raw, row) is True)

    def holds(self, raw: Row, row: Row) -> bool | None:
        """True, false, or None for what nobody knows."""
        if set(raw) == {"all"}:
            parts = [self.holds(part, row) for part in raw["all"]]
            return False if False in parts else None if None in parts else True
        if set(raw) == {"any"}:
            parts = [self.holds(part, row) for part in raw["any"]]
            return True if True in parts else None if None in parts else False
        if set(raw) == {"not"}:
            part = self.holds(raw["not"], row)
            return None if part is None else not part
        kind = next(
            (k for k in ("trait", "event", "sequence", "consent", "message", "rfm", "prediction") if k in raw), ""
        )
        return getattr(self, f"_{kind}")(raw, row) if kind else None

    def _trait(self, raw: Row, row: Row) -> bool:
        column = self.traits.get(raw["trait"], raw["trait"])
        return self.compared(row.get(column), raw["op"], raw.get("value"))

    def _prediction(self, raw: Row, row: Row) -> bool | None:
        column = f"p_{raw['prediction']}"
        return self.compared(row[column], raw["op"], raw.get("value")) if column in row else None

    def _rfm(self, raw: Row, row: Row) -> bool:
        return row["rfm"] in ([raw["rfm"]] if isinstance(raw["rfm"], str) else raw["rfm"])

    def _consent(self, raw: Row, row: Row) -> bool:
        said = {"topic": "offers", "status": "given", **raw["consent"]}
        prefix = f"{said['channel']}/{said['topic']}/"
        in_force = [entry for entry in row["consents"] if entry.startswith(prefix)]
        in_force = in_force or [e for e in row["consents"] if e.startswith(f"{said['channel']}/*/")]
        if said["status"] == "never":
            return not in_force
        return any(entry.endswith("/" + said["status"]) for entry in in_force)

    def _message(self, raw: Row, row: Row) -> bool:
        asked = raw["message"]
        where = [
            {"property": "sender", "op": "is", "value": f"{k}:{asked[k]}"}
            for k in ("journey", "campaign")
            if k in asked
        ]
        where += [{"property": k, "op": "is", "value": asked[k]} for k in ("template", "channel") if k in asked]
        rest = {name: value for name, value in raw.items() if name != "message"}
        return self._event({"event": MESSAGES[asked["did"]], "where": where, **rest}, row)

    def _event(self, raw: Row, row: Row) -> bool:
        return self._did(raw, row) != raw.get("not", False)

    def _did(self, raw: Row, row: Row) -> bool:
        measure, within = raw.get("measure", "count"), raw.get("within")
        found = [e for e in self.events.get(row["id"], []) if self._counts(raw, e)]
        if measure in ("first", "last"):
            if not found:
                return False
            moment = found[0 if measure == "first" else -1]["time"]
            return self._inside(within, moment) and (
                not raw.get("op") or self.compared(moment, raw["op"], raw["value"])
            )
        found = [e for e in found if self._inside(within, e["time"])]
        op, value = (raw["op"], raw["value"]) if raw.get("op") else ("gte", 1)
        return self.compared(self._amount(measure, found), op, value)

    def _amount(self, measure: str, found: list[Row]) -> int | Decimal:
        kind, _, name = measure.partition(":")
        name = ALIASES.get(name, name)
        if kind == "count":
            return len(found)
        values = [value for e in found for value in (said(e, name) if kind == "distinct" else own(e, name))]
        if kind == "distinct" and name == "price":
            return len({amount(value) for value in values} - {None})
        if kind == "distinct":
            return len(set(values))
        return sum(filter(None, map(amount, values)), Decimal(0))

    def _sequence(self, raw: Row, row: Row) -> bool:
        happened = [e for e in self.events.get(row["id"], []) if self._inside(raw.get("within"), e["time"])]
        return self._came_through(raw["sequence"], happened, None) != raw.get("not", False)

    def _came_through(self, steps: Sequence[Row], happened: list[Row], after: datetime | None) -> bool:
        """Whether the steps can be found behind `after`, whatever event is taken for each."""
        denied = []
        for i, step in enumerate(steps):
            if step.get("not"):
                denied.append(step)
                continue
            later = [e for e in happened if after is None or e["time"] > after]
            return any(
                self._came_through(steps[i + 1 :], happened, e["time"])
                for e in later
                if self._counts(step, e) and not self._any(denied, [o for o in later if o["time"] < e["time"]])
            )
        return not self._any(denied, [e for e in happened if after is None or e["time"] > after])

    def _any(self, steps: Iterable[Row], happened: list[Row]) -> bool:
        return any(self._counts(step, e) for step in steps for e in happened)

    def _counts(self, raw: Row, event: Row) -> bool:
        names = [raw["event"]] if isinstance(raw["event"], str) else raw["event"]
        return event["name"] in names and all(self._has(event, each) for each in raw.get("where", []))

    def _has(self, event: Row, asked: Row) -> bool:
        if asked["op"] in NEGATIVE:
            return not self._has(event, {**asked, "op": NEGATIVE[asked["op"]]})
        values = said(event, ALIASES.get(asked["property"], asked["property"]))
        return any(self.compared(value, asked["op"], asked.get("value")) for value in values)

    def _inside(self, within: Row | None, moment: datetime) -> bool:
        if not within:
            return True
        if "days" in within or "hours" in within:
            span = timedelta(days=within.get("days", 0), hours=within.get("hours", 0))
            over = timedelta(days=within.get("until_days", 0), hours=within.get("until_hours", 0))
            return self.now - span < moment <= self.now - over
        day = moment.astimezone(self.zone).date().isoformat()
        return within.get("from", "") <= day <= within.get("to", "9999")

    def compared(self, value: Any, op: str, with_: Any) -> bool:
        if op in NEGATIVE:
            return not self.compared(value, NEGATIVE[op], with_)
        if value is None:
            return False
        if op == "in":
            return any(self.compared(value, "is", each) for each in with_)
        if op == "exists":
            return value not in ("", [])
        for kind, compare in _COMPARE.items():
            if isinstance(value, kind):
                return bool(compare(self, value, op, with_))
        raise TypeError(type(value))

    def text(self, value: str, op: str, with_: Any) -> bool:
        if op == "contains":
            return small(with_) in small(value)
        if op == "starts_with":
            return small(value).startswith(small(with_))
        if op == "is" and isinstance(with_, bool):
            return value == str(with_).lower()
        if op == "is" and isinstance(with_, str):
            return value == with_
        if op in ("is", "gt", "gte", "lt", "lte") or (op == "between" and not isinstance(with_[0], str)):
            number = written_number(value)
            ends = [float(end) for end in with_] if op == "between" else float(with_)
            return number is not None and ordered(number, op, ends)
        day = written_day(value)
        return day is not None and self.day(day, op, with_)

    def day(self, day: date, op: str, with_: Any) -> bool:
        if op == "anniversary_in_days":
            return any(kept_on(day, self.today + timedelta(days=n)) for n in range(with_ + 1))
        lately = op.endswith("in_last_days") and self.today - timedelta(days=with_) <= day <= self.today
        if op == "between":
            return date.fromisoformat(with_[0]) <= day <= date.fromisoformat(with_[1])
        return {
            "before": lambda: day < date.fromisoformat(with_),
            "after": lambda: day > date.fromisoformat(with_),
            "is": lambda: day == date.fromisoformat(with_),
            "in_last_days": lambda: lately,
            "not_in_last_days": lambda: not lately,
        }[op]()

    def moment(self, moment: datetime, op: str, with_: Any) -> bool:
        ends = with_ if op == "between" else [with_]
        on_days = op in ("before", "after", "in_last_days", "not_in_last_days", "anniversary_in_days")
        on_days = on_days or (op in ("is", "between") and all(is_day(end) for end in ends))
        if op == "not_in_last_days" and moment.astimezone(self.zone).date() > self.today:
            return False
        return on_days and self.day(moment.astimezone(self.zone).date(), op, with_)

    def exact(self, value: int | Decimal, op: str, with_: Any) -> bool:
        if op not in ("is", "between", "gt", "gte", "lt", "lte"):
            return False
        ends = [wanted_number(end) for end in (with_ if op == "between" else [with_])]
        return None not in ends and ordered(value, op, ends if op == "between" else ends[0])

    def float(self, value: float, op: str, with_: Any) -> bool:
        ends = [wanted_number(end) for end in (with_ if op == "between" else [with_])]
        return None not in ends and ordered(value, op, [float(e) for e in ends] if op == "between" else float(ends[0]))

    def truth(self, value: bool, op: str, with_: Any) -> bool:
        return op == "is" and str(with_).lower() == str(value).lower()

    def several(self, values: list[str], op: str, with_: Any) -> bool:
        return op in ("is", "contains") and str(with_) in values


_COMPARE: dict[type, Callable[..., bool]] = {
    str: Reference.text,
    bool: Reference.truth,
    int: Reference.exact,
    Decimal: Reference.exact,
    float: Reference.float,
    datetime: Reference.moment,
    list: Reference.several,
}


def small(text: str) -> str:
    return text.lower().replace("ς", "σ").replace("i\N{COMBINING DOT ABOVE}", "i")


def ordered(value: Any, op: str, with_: Any) -> bool:
    if op == "between":
        return with_[0] <= value <= with_[1]
    return {
        "is": lambda: value == with_,
        "gt": lambda: value > with_,
        "gte": lambda: value >= with_,
        "lt": lambda: value < with_,
        "lte": lambda: value <= with_,
    }[op]()


def said(event: Row, name: str) -> list[Any]:
    """What it says itself, else what its items say; an event about one product says everything itself."""
    if (mine := own(event, name)) or name not in OF_ITEMS or event["name"] in ONE_PRODUCT:
        return mine
    return [item[name] for item in event["items"] or [] if item[name] is not None]


def own(event: Row, name: str) -> list[Any]:
    if name in event and name not in ("name", "properties"):
        return [] if event[name] is None else [event[name]]
    value: Any = json.loads(event["properties"] or "{}")
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return []
    return [value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))]


def amount(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return None if written_number(value) is None else Decimal(value).quantize(Decimal("0.0001"), "ROUND_HALF_UP")
    return Decimal(value)


def written_number(text: str) -> float | None:
    if not re.fullmatch(r"[-+]?[0-9]{0,40}[.]?[0-9]{0,40}([eE][-+]?[0-9]{1,2})?", text):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def wanted_number(value: Any) -> Decimal | None:
    try:
        return None if isinstance(value, bool) else Decimal(str(value))
    except ArithmeticError:
        return None


def written_day(text: str) -> date | None:
    if not re.match(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}(\Z|[T ])", text):
        return None
    return date.fromisoformat(text[:10]) if is_day(text[:10]) else None


def is_day(text: Any) -> bool:
    try:
        return bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", str(text))) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def kept_on(day: date, on: date) -> bool:
    if (day.month, day.day) == (2, 29) and (on.month, on.day) == (2, 28):
        return (on + timedelta(days=1)).month == 3  # in a year without a 29th
    return (day.month, day.day) == (on.month, on.day)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
