"""No IP address is kept whole, in whatever an event becomes (PAINS 47), unless the shop asks for it."""

from pathlib import Path
from typing import Any

import pytest

from karibu.collect.actions import create_source, take_in
from karibu.collect.ip import NAMES, shortened, shortened_in
from karibu.collect.models import InboxRow, RejectedEvent
from karibu.collect.packing import opened
from karibu.events import log

pytestmark = pytest.mark.django_db
WHO = {"type": "track", "event": "Searched", "userId": "u1"}
SEEN = {"ip": "203.0.113.77", "device": {"ipAddress": "2001:db8:85a3:8d3:1319:8a2e:370:7348"}}


@pytest.mark.parametrize(
    ("whole", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("not.an.address", "not.an.address"),
    ],
)
def test_what_stays_of_an_address_is_its_network(whole: str, kept: str) -> None:
    assert shortened(whole) == kept


def test_neither_the_inbox_nor_the_log_keeps_it(lake: Path, send: Any) -> None:
    event = {**WHO, "context": SEEN, "properties": {"$ip": "198.51.100.4", "clientIp": "198.51.100.5"}}
    take_in([event], create_source("Shop"))
    _, [event] = opened(InboxRow.objects.get().body)
    waiting = bytes(event).decode()
    assert "203.0.113.0" in waiting and "113.77" not in waiting
    send()
    [logged] = log.recent()
    assert logged.context == {"ip": "203.0.113.0", "device": {"ipAddress": "2001:db8:85a3::"}}
    assert logged.properties == {"$ip": "198.51.100.0", "clientIp": "198.51.100.0"}


def test_nor_do_events_that_are_set_aside() -> None:
    take_in([{**WHO, "event": "", "context": SEEN}], create_source("Shop"))
    assert "203.0.113.0" in (body := RejectedEvent.objects.get().body) and "113.77" not in body


def test_a_shop_may_want_them_whole(settings: Any) -> None:
    settings.KARIBU_IP_ADDRESSES = "whole"
    assert shortened_in([b'{"ip":"203.0.113.77"}']) == [b'{"ip":"203.0.113.77"}']


def test_what_only_looks_like_one_stays_as_it_was_sent() -> None:
    raws = [b'{"ip":"tba"}', b'{"zip":"10115","trip":"1.2.3.4"}', b'{"ip": 7, "description":"ip: 1.2.3.4"}']
    assert shortened_in(raws) == raws


def test_each_of_a_request_is_looked_at_by_whatever_name() -> None:
    raws = [b'{"%b":"203.0.113.77"}' % name.encode() for name in NAMES]
    assert shortened_in(raws) == [raw.replace(b".77", b".0") for raw in raws]
    assert [shortened_in([raw]) for raw in raws] == [[raw.replace(b".77", b".0")] for raw in raws]
