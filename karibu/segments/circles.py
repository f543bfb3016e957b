"""Two circles whose areas, and whose common area, stand for numbers."""

from math import acos, pi, sqrt

Circle = tuple[float, float, float]  # x, y, radius
WIDTH, HEIGHT, LARGEST = 520.0, 220.0, 100.0
GAP = 8.0  # between two that share nobody


def circles(one: float, other: float, both: float) -> tuple[Circle, Circle]:
    """Circles for `one` and `other` (people, ≥ 0) that share the area of `both`, in the middle of WIDTH by HEIGHT."""
    largest = max(one, other, 1.0)
    r, s = (LARGEST * sqrt(number / largest) for number in (one, other))
    wanted = both / largest * pi * LARGEST**2
    apart = _distance(r, s, wanted) if both else r + s + GAP
    left = (WIDTH - (r + apart + s)) / 2 + r
    return (left, HEIGHT / 2, r), (left + apart, HEIGHT / 2, s)


def _distance(r: float, s: float, wanted: float) -> float:
    """How far apart the centres of two circles are that share this area: found by halving."""
    near, far = abs(r - s), r + s
    for _ in range(50):
        middle = (near + far) / 2
        near, far = (middle, far) if shared_area(r, s, middle) > wanted else (near, middle)
    return far


def shared_area(r: float, s: float, d: float) -> float:
    """The area of the lens where circles of radius r and s overlap, their centres d apart."""
    if d >= r + s or min(r, s) == 0:
        return 0.0
    if d <= abs(r - s):
        return pi * min(r, s) ** 2
    a, b = ((d * d + x * x - y * y) / (2 * d) for x, y in ((r, s), (s, r)))
    one, other = (x * x * acos(max(-1.0, min(1.0, c / x))) for x, c in ((r, a), (s, b)))
    kite = (-d + r + s) * (d + r - s) * (d - r + s) * (d + r + s)
    return one + other - sqrt(max(kite, 0.0)) / 2
