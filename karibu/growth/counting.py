"""How often a form was seen and answered, and which of two versions does better, said no surer than it is."""

from dataclasses import dataclass
from math import sqrt

from django.db import connection
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.growth.models import Count, SignUp

Z = 1.959964  # 95 %
_ADD = """
    INSERT INTO growth_count (form_id, version, day, views, answers) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (form_id, version, day)
    DO UPDATE SET views = growth_count.views + EXCLUDED.views, answers = growth_count.answers + EXCLUDED.answers"""


@dataclass(frozen=True)
class Tally:
    version: str
    views: int
    answers: int

    @property
    def rate(self) -> float | None:
        return self.answers / self.views if self.views else None


def add(form: SignUp, version: str, *, views: int = 0, answers: int = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [form.pk, version, timezone.now().date(), views, answers])


def tallies(form: SignUp) -> list[Tally]:
    """Each version of the form, also one that nobody saw."""
    rows = Count.objects.filter(form=form).values_list("version").annotate(v=Sum("views"), a=Sum("answers"))
    known = {version: (views, answers) for version, views, answers in rows}
    return [Tally(one["key"], *known.get(one["key"], (0, 0))) for one in form.versions]


def sums() -> dict[int, Tally]:
    """{form: all of its versions together}."""
    rows = Count.objects.values_list("form_id").annotate(v=Sum("views"), a=Sum("answers"))
    return {form: Tally("", views, answers) for form, views, answers in rows}


def compared(one: Tally, other: Tally) -> str:
    """Whether the second does better than the first, in a sentence.

    Newcombe, "Interval estimation for the difference between independent proportions" (1998), method 10.
    """
    if not one.views or not other.views:
        return _("Both have to be seen before they can be compared.")
    low, high = difference(one, other)
    span = {
        "low": f"{100 * low:+.1f}",
        "high": f"{100 * high:+.1f}",
        "a": one.version.upper(),
        "b": other.version.upper(),
    }
    if low > 0:
        return _("%(b)s is better than %(a)s: between %(low)s and %(high)s points (95 %%).") % span
    if high < 0:
        return _("%(a)s is better than %(b)s: %(b)s differs by %(low)s to %(high)s points (95 %%).") % span
    return _("It cannot be told yet: %(b)s differs from %(a)s by %(low)s to %(high)s points (95 %%).") % span


def difference(one: Tally, other: Tally) -> tuple[float, float]:
    """The 95 % interval of how much greater the other's rate is. A form may be answered without a counted view."""
    (p, low_p, high_p), (q, low_q, high_q) = _wilson(one), _wilson(other)
    gap = q - p
    return gap - sqrt((q - low_q) ** 2 + (high_p - p) ** 2), gap + sqrt((high_q - q) ** 2 + (p - low_p) ** 2)


def _wilson(tally: Tally) -> tuple[float, float, float]:
    n, share = tally.views, min(tally.answers / tally.views, 1.0)
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    width = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return share, middle - width, middle + width
