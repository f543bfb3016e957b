"""Which program somebody opened a mail with is not kept for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from karibu.config.schedule import SCHEDULE
from karibu.messages import jobs
from karibu.messages.actions import Intent, intend
from karibu.messages.models import Message, Visit

pytestmark = pytest.mark.django_db


def test_after_thirty_days_only_the_verdict_stays() -> None:
    intend([Intent(key="k", customer_id=1, template_key="cart-reminder", sender="journey:1")])
    for days, judged in ((1, True), (31, True), (31, False)):
        then = timezone.now() - timedelta(days=days)
        Visit.objects.create(
            message=Message.objects.get(),
            kind="opened",
            at=then,
            user_agent=f"Mozilla/5.0 ({days})",
            is_machine=True,
            why="known scanner or program",
            judged_at=then if judged else None,
        )
    assert "karibu.messages.jobs.forget_programs" in [path for _, path in SCHEDULE]
    jobs.forget_programs(0)
    seen = Visit.objects.order_by("pk").values_list("user_agent", "is_machine", "why")
    assert [program for program, _, _ in seen] == ["Mozilla/5.0 (1)", "", "Mozilla/5.0 (31)"]
    assert {(machine, why) for _, machine, why in seen} == {(True, "known scanner or program")}
