"""Finding people: the words under which a customer is found, and the query made of what someone typed.

The words are lexemes of our own making (no text-search parser is involved on either side), so what is typed
is always compared with what was written: folded to lower case without accents, each word as a prefix.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from karibu.customers import addresses
from karibu.customers.raw import Cursor

_WORD = re.compile(r"\w+")
_PHONE = re.compile(r"[\s+()./-]*\d[\d\s()./-]*")
_ROOM = 100  # characters of one word


def fold(text: str) -> str:
    """Lower case without accents: `José` and `JOSE` are found by `jose`."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words_of(name: str, values: Sequence[tuple[str, str]]) -> set[str]:
    """Every word under which someone of this name, with these (kind, value) identifiers, is found."""
    words = set(_WORD.findall(fold(name)))
    for kind, value in values:
        if kind == "phone":
            words |= {value.lstrip("+"), addresses.national_digits(value)}
        else:
            folded = fold(value)
            words |= {"".join(folded.split()), folded.rpartition("@")[2], *_WORD.findall(folded)}
    return {word[:_ROOM] for word in words if word}


def query(text: str) -> str:
    """What was typed as a `tsquery`: all words, each as a prefix; empty when there is nothing to look for."""
    if _PHONE.fullmatch(text) and len(digits := re.sub(r"\D", "", text)) >= 5:
        words = [digits.lstrip("0") or "0"]
    else:
        words = fold(text.replace("\0", "")).split()[:8]
    return " & ".join(asked for word in words if (asked := _asked(word)))


def _asked(word: str) -> str:
    """One typed word: as it stands (an address, an id) or all of its parts (`jean-paul` finds Jean Paul)."""
    if "@" in word:
        return _prefix(word)  # the parts of an address are everybody's: example, com
    parts = _WORD.findall(word)
    together = " & ".join(map(_prefix, parts))
    return together if parts in ([], [word]) else f"({_prefix(word)} | ({together}))"


def _prefix(word: str) -> str:
    quoted = word[:_ROOM].replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}':*"


def refresh(raw: Cursor, customer_ids: Sequence[int]) -> None:
    """Writes the search words of these customers again; those that were merged lose theirs."""
    raw.execute(
        "SELECT c.id, c.name, c.merged_into IS NOT NULL, coalesce(array_agg(i.kind || ' ' || i.value)"
        " FILTER (WHERE i.id IS NOT NULL), '{}'), c.email, c.phone FROM customers_customer c"
        " LEFT JOIN customers_identity i ON i.customer_id = c.id AND i.kind <> 'anonymous'"
        " WHERE c.id = ANY(%s) GROUP BY c.id",
        [list(customer_ids)],
    )
    found = [
        (number, "" if is_merged else lexemes(name, [_pair(text) for text in stored], email, phone))
        for number, name, is_merged, stored, email, phone in raw.fetchall()
    ]
    raw.execute(
        "UPDATE customers_customer c SET search = array_to_tsvector(string_to_array(u.words, ' '))"
        " FROM unnest(%s::bigint[], %s::text[]) AS u(id, words) WHERE c.id = u.id"
        # A row that is written again is written again in every index.
        " AND c.search IS DISTINCT FROM array_to_tsvector(string_to_array(u.words, ' '))",
        [[customer_id for customer_id, _ in found], [words or None for _, words in found]],
    )


def lexemes(name: str, identifiers: Iterable[tuple[str, str]], email: str, phone: str) -> str:
    """The search words of one customer, as `array_to_tsvector(string_to_array(…, ' '))` takes them."""
    addresses_ = [(kind, value) for kind, value in (("email", email), ("phone", phone)) if value]
    return " ".join(sorted(words_of(name, [*identifiers, *addresses_])))


def _pair(stored: str) -> tuple[str, str]:
    kind, _, value = stored.partition(" ")
    return kind, value
