"""The way of an event, in one list.

A worker takes a micro-batch from the inbox and runs these stages over it in ONE transaction with the
removal of the inbox rows: either all of it happened or none. Each stage takes the whole Batch.
"""

from karibu.events import counts, tail
from karibu.events.batch import Stage

STAGES: list[Stage] = [
    counts.count,
    tail.append,
]
