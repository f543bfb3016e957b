"""The measurement of journeys in its short form: everybody goes through each step once, however the groups are cut."""

import pytest

from bench.journeys import THREE, TIMER, expect_everybody_through, live_journey, put_in
from karibu.journeys import engine


@pytest.mark.django_db
@pytest.mark.parametrize("steps", [THREE, TIMER], ids=["three steps", "timers"])
def test_everybody_goes_through_each_step_once(monkeypatch, steps):
    monkeypatch.setattr(engine, "MOST", 70)
    journey = live_journey(steps)
    put_in(journey, 300)
    while engine.step() == 0:
        pass
    expect_everybody_through(journey, 300, len(steps))
