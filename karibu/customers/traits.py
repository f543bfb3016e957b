"""What is known about people, as a ledger: who said what, when, and how much their word weighs.

A Trait row is the last word of one source on one trait of one customer id. What is effective is the strongest
word in the family, among equals the latest; it stands in the customer's columns and in `Customer.traits`.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from karibu.customers import addresses
from karibu.customers.raw import Cursor
from karibu.customers.strength import Strength

# Traits that are columns of Customer, with the room there is.
COLUMNS = {"name": 300, "email": 254, "phone": 32, "country": 2, "city": 120, "language": 16, "timezone": 64}
# A browser's guess at these stands in the column alone, without a word in the ledger, until somebody says better.
GUESSED = ("language", "timezone")
_NAME_PARTS = ("name", "first_name", "last_name")
_SPELLINGS = {
    "firstName": "first_name",
    "firstname": "first_name",
    "lastName": "last_name",
    "lastname": "last_name",
    "fullName": "name",
    "timeZone": "timezone",
    "locale": "language",
    "countryCode": "country",
    "country_code": "country",
}


class Said(NamedTuple):
    """One source's word on one trait. `value` is JSON; None takes the source's earlier word back."""

    customer_id: int
    name: str
    value: Any
    source: str
    strength: Strength
    time: datetime


def spelled(said: dict[str, Any], region: str = "") -> dict[str, Any]:
    """Traits as the shop sends them, under the names and in the spellings that Karibu uses.

    An address gives its city and country too; what is no country code goes to `country_name`, what is no
    e-mail address or phone number to `email_as_given` and `phone_as_given`. Empty text counts as None.
    """
    flat = {
        _SPELLINGS.get(name, name).replace("\n", " ").replace("\0", "")[:200]: value
        for name, value in said.items()
        if name
    }
    address = flat.get("address")
    if isinstance(address, dict):
        for part in ("city", "country"):
            flat.setdefault(part, address.get(part) or address.get(f"{part}_code"))
    return dict(_spell(name, value, region) for name, value in flat.items())


def _spell(name: str, value: Any, region: str) -> tuple[str, Any]:
    if value is None or value == "":
        return name, None
    if name not in COLUMNS:
        return name, value
    text = str(value).strip()
    if name == "email":
        return ("email", good) if (good := addresses.email(text)) else ("email_as_given", text)
    if name == "phone":
        return ("phone", good) if (good := addresses.phone(text, region)) else ("phone_as_given", text)
    if name == "country":
        return ("country", text.upper()) if len(text) == 2 and text.isalpha() else ("country_name", text)
    return name, text[: COLUMNS[name]]


NOTHING: list[Any] = ["", "", "", "", "", None, None, "{}"]  # as columns_of gives it of somebody who told nothing
Latest = dict[tuple[int, str, str, int], tuple[datetime, str]]  # (customer, name, source, strength): (time, JSON)


def record(raw: Cursor, said: Iterable[Said], new: Collection[int] = ()) -> list[int]:
    """Writes words into the ledger and settles what is effective; returns the customers that were settled.

    Customers must be locked or just made by this transaction. A source's older word never replaces its newer one.
    `new` were written with what is effective (`columns_of`) already.
    """
    latest = _latest(said)
    if not latest:
        return []
    _write(raw, dict(sorted(latest.items())))
    people = sorted({key[0] for key in latest}.difference(new))
    if people:
        settle(raw, people, {key[1] for key in latest if key[0] not in new})
    return people


def _latest(said: Iterable[Said]) -> Latest:
    latest: Latest = {}
    for word in said:
        key, heard = (word.customer_id, word.name, word.source, int(word.strength)), (word.time, _json(word.value))
        latest[key] = max(latest.get(key, heard), heard)
    return latest


def columns_of(said: Iterable[Said]) -> dict[int, list[Any]]:
    """What is effective of people of whom nothing was known before: a text for each of COLUMNS (None: as guessed),
    then the JSON of their other traits. Agrees with `settle`."""
    effective: dict[int, dict[str, tuple[tuple[int, datetime, str], str]]] = {}
    for (customer_id, name, source, strength), (time, value) in _latest(said).items():
        if value != "null":
            weight = (strength, time, source)
            known = effective.setdefault(customer_id, {})
            known[name] = max(known.get(name, (weight, value)), (weight, value))
    return {
        customer_id: _row(customer_id, {name: msgspec.json.decode(json) for name, (_, json) in known.items()}, None)[
            1:-1
        ]
        for customer_id, known in effective.items()
    }


def _write(raw: Cursor, latest: Latest) -> None:
    people, names, sources, strengths = zip(*latest, strict=True)
    times, values = zip(*latest.values(), strict=True)
    raw.execute(
        "INSERT INTO customers_trait AS old (customer_id, name, source, strength, time, value)"
        " SELECT customer_id, name, source, strength, time, value::jsonb FROM unnest("
        "%s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::timestamptz[], %s::text[])"
        " AS u(customer_id, name, source, strength, time, value)"
        " ON CONFLICT (customer_id, name, source, strength) DO UPDATE SET value = excluded.value, time = excluded.time"
        " WHERE (old.time, old.value) < (excluded.time, excluded.value)",
        [list(people), list(names), list(sources), list(strengths), list(times), list(values)],
    )


def _json(value: Any) -> str:
    """PostgreSQL's jsonb has no room for the character NUL."""
    return msgspec.json.encode(value).decode().replace("\\u0000", "")


def settle(raw: Cursor, customer_ids: Sequence[int], names: set[str] | None = None) -> None:
    """Brings columns and `traits` of these customers in line with the ledger; of these names only, or of all."""
    if names is not None and not names.isdisjoint(_NAME_PARTS):
        names = names.union(_NAME_PARTS)
    effective = _effective(raw, customer_ids, names)
    rows = [_row(customer_id, effective.get(customer_id, {}), names) for customer_id in customer_ids]
    others = "u.traits::jsonb" if names is None else "c.traits - string_to_array(u.gone, E'\\n') || u.traits::jsonb"
    known = ", ".join(f"c.{column}" for column in (*COLUMNS, "traits"))
    settled = ", ".join([*(f"coalesce(u.{column}, c.{column})" for column in COLUMNS), others])
    raw.execute(
        f"UPDATE customers_customer c SET ({', '.join(COLUMNS)}, traits) = ROW ({settled})"  # noqa: S608 - our own columns
        f" FROM unnest(%s::bigint[], {', '.join(['%s::text[]'] * (len(COLUMNS) + 2))})"
        f" AS u(id, {', '.join(COLUMNS)}, traits, gone) WHERE c.id = u.id"
        # Shops tell the same with every page, and a row that is written again is written again in every index.
        f" AND ({known}) IS DISTINCT FROM ({settled})",
        [list(column) for column in zip(*rows, strict=True)],
    )


def _effective(raw: Cursor, customer_ids: Sequence[int], names: set[str] | None) -> dict[int, dict[str, Any]]:
    raw.execute(
        "SELECT DISTINCT ON (f.root, t.name) f.root, t.name, t.value::text FROM ("
        "SELECT id AS root, id FROM customers_customer WHERE id = ANY(%(ids)s) UNION ALL "
        "SELECT merged_into, id FROM customers_customer WHERE merged_into = ANY(%(ids)s)) AS f"
        " JOIN customers_trait t ON t.customer_id = f.id"
        " WHERE t.value <> 'null' AND (%(names)s::text[] IS NULL OR t.name = ANY(%(names)s))"
        ' ORDER BY f.root, t.name, t.strength DESC, t.time DESC, t.source COLLATE "C" DESC, t.id',
        {"ids": list(customer_ids), "names": None if names is None else sorted(names)},
    )
    found: dict[int, dict[str, Any]] = {}
    for root, name, value in raw.fetchall():
        found.setdefault(root, {})[name] = msgspec.json.decode(value)
    return found


def _row(customer_id: int, known: dict[str, Any], names: set[str] | None) -> list[Any]:
    """(id, one text per column or None to leave it, JSON of the other traits, names that are gone, a line each)."""
    whole_name = known.get("name") or " ".join(str(known[part]) for part in _NAME_PARTS[1:] if known.get(part))
    columns = {**known, "name": whole_name}
    settled = [column in names if names is not None else column in known or column not in GUESSED for column in COLUMNS]
    texts = [
        str(columns.get(column) or "")[:room] if is_settled else None
        for (column, room), is_settled in zip(COLUMNS.items(), settled, strict=True)
    ]
    others = {name: value for name, value in known.items() if name not in COLUMNS}
    gone = "\n".join(name for name in names or () if name not in known)
    return [customer_id, *texts, _json(others), gone]
