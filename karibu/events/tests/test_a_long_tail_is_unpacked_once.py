"""What a process keeps of the tail: the columns that are asked for, as far as there is room."""

import pyarrow as pa
import pytest

from karibu.events import schema, tail
from karibu.events.blocks import Blocks

ROWS = 1000
NAMES = ["name", "time", "customer"]


@pytest.fixture
def block() -> bytes:
    plain = {"name": ["Product Viewed", "Order Completed"] * (ROWS // 2), "customer": list(range(ROWS))}
    fields = [schema.schema().field(name) for name in plain]
    written = tail.with_all_columns(pa.table(list(plain.values()), schema=pa.schema(fields)))
    return tail.encode(written.to_batches()[0])


def test_it_says_the_same_as_the_block_itself(block: bytes) -> None:
    wanted = [name for name in schema.schema().names if name in NAMES]
    own = Blocks().unpacked(7, block, wanted, 7)
    assert own.column_names == wanted
    assert own.to_pylist() == tail.decode(block).select(wanted).to_pylist()


def test_columns_that_are_asked_for_later_are_kept_beside_the_first(block: bytes) -> None:
    blocks = Blocks()
    blocks.unpacked(7, block, ["name"], 7)
    assert blocks.having(["name"]).keys() == {7} and not blocks.having(["name", "customer"])
    both = blocks.unpacked(7, block, ["name", "customer"], 7)
    assert both.to_pylist() == tail.decode(block).select(["name", "customer"]).to_pylist()
    assert blocks.having(["customer", "name"])[7].column_names == ["customer", "name"]
    assert blocks.unpacked(7, block, ["customer"], 7).num_rows == ROWS  # when another thread has unpacked it meanwhile


def test_what_has_no_room_is_told_and_not_kept_and_only_what_is_in_files_by_now_makes_room(block: bytes) -> None:
    blocks = Blocks()
    blocks.LIMIT = 2 * Blocks().unpacked(1, block, ["name", "customer"], 1).nbytes
    for number in (1, 2, 3):
        assert len(blocks.unpacked(number, block, ["name", "customer"], 1)) == ROWS
    assert blocks.having(["name"]).keys() == {1, 2}
    blocks.unpacked(3, block, ["name", "customer"], 2)
    assert blocks.having(["name"]).keys() == {2, 3}
    blocks.forget()
    assert blocks.having([]) == {}
    blocks.unpacked(4, block, ["name", "customer"], 4)
    assert blocks.having(["name"]).keys() == {4}
