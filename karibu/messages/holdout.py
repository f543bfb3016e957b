"""Who belongs to the share of customers that gets no marketing: always the same people, wherever it is asked.

PostgreSQL says the same: `('x' || left(md5(draw || ':' || id), 8))::bit(32)::bigint * 100.0 / 2 ^ 32 < percent`.
"""

from hashlib import md5


def holds(customer_id: int, percent: float, draw: str) -> bool:
    """Whether this customer is among that share; a greater one of the same draw holds everybody of a smaller one."""
    if percent <= 0:
        return False
    digest = md5(f"{draw}:{customer_id}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4], "big") * 100 / 2**32 < percent
