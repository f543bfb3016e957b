"""Several ways by chance until one has proved the best at reaching the journey's goal; then everybody goes that way.

Which is best is reckoned from time to time (contests.py) as for the templates of a campaign: the winner is the way
whose rate of the goal is the highest with the certainty that was asked for.
"""

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.journeys.steps.base import Group, Outcome
from karibu.journeys.steps.split import Split
from karibu.segments.faults import DefinitionError


class Experiment(Split, forbid_unknown_fields=True):
    """`holdout` names the way that is only compared with and never wins; `certainty` is in percent; `fewest` people
    have gone each way before anything is decided."""

    KIND: ClassVar[str] = "experiment"
    ICON: ClassVar[str] = "branch"

    holdout: str = ""
    certainty: int = 95
    fewest: int = 100

    @property
    def rivals(self) -> list[str]:
        """The ways that may win."""
        return [way for way, share in self.shares.items() if way != self.holdout and share]

    def check(self, path: str) -> None:
        super().check(path)
        if self.holdout and self.holdout not in self.shares:
            raise DefinitionError(f"{path}.holdout", _("The holdout is one of the ways."))
        if len(self.rivals) < 2:
            raise DefinitionError(f"{path}.shares", _("At least two ways with a share compete, beside the holdout."))
        if not 80 <= self.certainty <= 99:
            raise DefinitionError(f"{path}.certainty", _("From 80 to 99 percent."))
        if not 10 <= self.fewest <= 1_000_000:
            raise DefinitionError(f"{path}.fewest", _("From 10 to 1,000,000 people."))

    def sentence(self) -> str:
        words = {"shares": ", ".join(f"{way} {n} %" for way, n in self.shares.items()), "n": self.certainty}
        return _("go by chance (%(shares)s) until one is the best with %(n)s %% certainty, then that way") % words

    def take(self, group: Group) -> Sequence[Outcome]:
        from karibu.journeys import contests  # which reads the definitions that name this step

        if won := contests.winner(group.journey_id, group.version, group.step):
            return [Outcome(won, way=won)] * len(group.travellers)
        return super().take(group)
