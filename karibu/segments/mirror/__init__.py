"""The mirror: PostgreSQL's side of the customers as columns, in files that every engine reads, and always exact.

current()      what an engine makes its views `customers` and `family` of
rows(ids)      the same columns of some customers, from PostgreSQL (live evaluation)
family(ids)    all ids that are one person with these
step()         the worker's loop; rebuild() writes everything anew
"""

from karibu.segments.columns import column_of as column_of
from karibu.segments.columns import columns as columns
from karibu.segments.columns import register_prediction as register_prediction
from karibu.segments.columns import traits as traits
from karibu.segments.mirror.keep import rebuild as rebuild
from karibu.segments.mirror.keep import step as step
from karibu.segments.mirror.reading import family as family
from karibu.segments.mirror.reading import roots as roots
from karibu.segments.mirror.reading import rows as rows
from karibu.segments.mirror.state import State as State
from karibu.segments.mirror.state import current as current
from karibu.segments.mirror.state import read as read
