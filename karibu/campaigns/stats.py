"""What a difference is worth: an interval for money, a certainty for a winner. Only sums are needed, no rows.

Revenue a person is compared by Welch's t interval (B. L. Welch, "The generalization of 'Student's' problem when
several different population variances are involved", Biometrika 34, 1947), over everybody, those included who bought
nothing. It leans on the central limit theorem, so it is stated only where both groups have some buyers. Where chance
was drawn several times (each version of a journey draws its own holdout, of other shares, at other times), the groups
of each draw are compared with each other alone, and the differences are summed: put into one pot, a version that held
out half of few people before a feast would be set against one that held out a tenth of many during it. Which template
is best is the share of draws from the Beta posteriors of the rates, uniform priors, in which it comes first (S. L.
Scott, "A modern Bayesian look at the multi-armed bandit", Applied Stochastic Models in Business and Industry 26, 2010).
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

FEWEST = 10  # buyers in each group below which no interval is stated
LEVEL = 0.95
DRAWS = 20_000


@dataclass(frozen=True)
class Group:
    """So many people, the sum of what each spent and the sum of its squares, and how many of them bought."""

    people: int
    total: float
    squares: float
    buyers: int

    @property
    def mean(self) -> float:
        return self.total / self.people if self.people else 0.0

    @property
    def variance(self) -> float:
        """Unbiased."""
        if self.people < 2:
            return 0.0
        return max(0.0, (self.squares - self.total**2 / self.people) / (self.people - 1))


@dataclass(frozen=True)
class Difference:
    """Of the means, or of what was spent in all, with its interval; None: too few to say."""

    estimate: float
    low: float | None
    high: float | None


def difference(one: Group, other: Group, level: float = LEVEL) -> Difference:
    """`one` less `other`, a person. The interval is Welch's."""
    return _within([(one, other, 1.0)], level)


def total(pairs: Sequence[tuple[Group, Group]], level: float = LEVEL) -> Difference:
    """What all people of the first groups spent more than they would have, each pair drawn by a chance of its own.

    The sum over the pairs of the difference a person times the people of the first; neither group of a pair is empty.
    One pair alone gives Welch's interval; several the same approximation (F. E. Satterthwaite, "An approximate
    distribution of estimates of variance components", Biometrics Bulletin 2, 1946).
    """
    return _within([(one, other, float(one.people)) for one, other in pairs], level)


def _within(weighed: Sequence[tuple[Group, Group, float]], level: float) -> Difference:
    estimate = sum(weight * (one.mean - other.mean) for one, other, weight in weighed)
    ones, others = sum(one.buyers for one, _, _ in weighed), sum(other.buyers for _, other, _ in weighed)
    groups = [(group, weight) for one, other, weight in weighed for group in (one, other)]
    if min(ones, others) < FEWEST or any(group.people < 2 for group, _weight in groups):
        return Difference(estimate, None, None)
    parts = [(weight**2 * group.variance / group.people, group.people) for group, weight in groups]
    error = sum(part for part, _people in parts)
    if not error:
        return Difference(estimate, estimate, estimate)
    freedom = error**2 / sum(part**2 / (people - 1) for part, people in parts)
    reach = t_quantile((1 + level) / 2, freedom) * math.sqrt(error)
    return Difference(estimate, estimate - reach, estimate + reach)


def t_quantile(p: float, freedom: float) -> float:
    """Of Student's distribution, by the expansion in 1/freedom (Abramowitz and Stegun, 26.7.5).

    Good to 0.001 from 8 degrees of freedom on.
    """
    x = NormalDist().inv_cdf(p)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(term / freedom**power for power, term in enumerate(terms, 1))


def chances(results: Sequence[tuple[int, int]], seed: int = 0) -> list[float]:
    """For each (successes, people): the probability that its rate is the highest. The same draws for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - draws of a simulation, nobody's secret
    first = [0] * len(results)
    for _ in range(DRAWS):
        rates = [draw.betavariate(1 + hits, 1 + max(people - hits, 0)) for hits, people in results]
        first[rates.index(max(rates))] += 1
    return [n / DRAWS for n in first]
