"""Traces: whatever way an identifier is written, it is found; what is somebody else's is not."""

import re

import duckdb
import pytest
from django.db import connection

from karibu.consents.traces import Traces, found

MAILS = ("zuri+news@example.com", "joao@xn--caf-dma.example")
PHONES = ("+250788123499", "+5511987654321")
ZURI = Traces((*MAILS, *PHONES, "u-zq-17", "4711", "browser-zq-9"), ("Zuri Kété", "Zuri"))
THEIRS = [
    '{"email": "zuri+news@example.com"}',
    '{"email": "ZURI+News@Example.COM"}',
    '{"email": "zuri\\u002bnews\\u0040example.com"}',
    '{"email": "\\u007Auri+news@example.com"}',
    '{"url": "https://shop/?email=zuri%2Bnews%40example.com&x=1"}',
    '{"url": "https://shop/?next=%252F%253Fe%253Dzuri%252Bnews%2540example.com"}',
    '{"text": "write to\\nzuri+news@example.com."}',
    "<a href='mailto:zuri&#43;news&#64;example.com'>",
    '{"props": "{\\"email\\":\\"zuri+news@example.com\\"}"}',
    '{"phone": "+250788123499"}',
    '{"phone": "0788 123 499"}',
    '{"phone": "00250-788-123-499"}',
    '{"phone": "(0788) 123.499"}',
    '{"phone": "%2B250788123499"}',
    '{"phone": 250788123499}',
    '{"phone": "788123499"}',
    '{"tel": "+250 (0) 788 123 499"}',
    '{"phone": "+55 11 8765-4321"}',
    '{"phone": "(11) 98765-4321"}',
    '{"userId": "u-zq-17"}',
    '{"url": "/account/u-zq-17/orders"}',
    '{"userId": 4711}',
    '{"userId": 4711.0, "x": 1}',
    '{"user_id":"4711"}',
    "https://shop/?userId=4711&x=1",
    '{"anonymousId":"browser-zq-9"}',
    '{"email": "joao@café.example"}',
    '{"email": "joao@xn--caf-dma.example"}',
]
NAMED = ['{"name": "Zuri Kété"}', '{"name": "zuri k\\u00e9t\\u00e9"}', "?name=Zuri+K%C3%A9t%C3%A9", "Zuri  KÉTÉ!"]
OTHERS = [
    '{"email": "news@example.com"}',
    '{"email": "azuri+news@example.com"}',
    '{"email": "zuri+news@example.com.au"}',
    '{"email": "zuri@example.com"}',
    '{"phone": "+2507881234991"}',
    '{"phone": "1788123499"}',
    '{"total": 788123.499}',
    '{"userId": "47110"}',
    '{"userId": 14711}',
    '{"quantity": 4711, "price": "4711"}',
    '{"userId": "u-zq-171"}',
    '{"name": "Zuri"}',
    "",
]


def engines(pattern: str, text: str) -> set[bool]:
    """What each of the three engines says."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s ~* %s", [text, pattern])
        in_postgresql = cursor.fetchone()[0]
    [(in_duckdb,)] = duckdb.execute("SELECT regexp_matches(?, ?, 'i')", [text, pattern]).fetchall()
    return {in_postgresql, in_duckdb, found(pattern, text)}


@pytest.mark.parametrize("text", THEIRS)
def test_an_identifier_is_found_however_it_is_written(db: None, text: str) -> None:
    assert engines(ZURI.ids, text) == {True}


@pytest.mark.parametrize("text", NAMED)
def test_a_full_name_is_found_where_a_namesake_is_no_loss(db: None, text: str) -> None:
    assert engines(ZURI.anything, text) == {True} and engines(ZURI.ids, text) == {False}


@pytest.mark.parametrize("text", OTHERS)
def test_somebody_elses_is_not(db: None, text: str) -> None:
    assert engines(ZURI.anything, text) == {False}


@pytest.mark.parametrize("text", [text for text in THEIRS if "zq" not in text and "4711" not in text])
def test_the_quick_look_misses_none_of_them(text: str) -> None:
    """Of twenty million events few are looked at closely."""
    quick = any(word in text.lower() for word in ZURI.words) or re.search(ZURI.rough, text)
    assert quick or any(escape in text for escape in ("%", "\\u00", "&#", "&nbsp;"))


def test_addresses_alone_leave_ids_out() -> None:
    assert not found(ZURI.addresses, '{"userId": "u-zq-17"}') and found(ZURI.addresses, "zuri+news@example.com")


def test_nobody_is_found_nowhere() -> None:
    assert Traces().ids == Traces().anything == "" and not found("", "anything")
    assert re.compile(ZURI.anything)
