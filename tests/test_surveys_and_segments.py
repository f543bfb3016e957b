"""What somebody answered in a survey is known to segments."""

import pytest

from karibu.collect.drain import drain_all
from karibu.messages import survey
from karibu.messages.tests.cast import a_person, the_shop, wants
from karibu.segments import definition, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


def test_segments_can_ask_for_the_score() -> None:
    the_shop()
    survey.answer(wants(a_person()), survey.SCORE, 9, "", "0" * 32)
    drain_all()
    for op, score, found in (("gte", 9, 1), ("lte", 6, 0)):
        raw = {"event": survey.ANSWERED, "where": [{"property": "score", "op": op, "value": score}]}
        assert run.count(run.resolve(definition.parse(raw))) == found
