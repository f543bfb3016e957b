"""The process that draws charts: there when it is wanted, gone when it is not, and back after it was ended."""

import io
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from karibu.web import drawing

BAR = '{"data": {"values": [{"x": %d}]}, "mark": "bar", "encoding": {"x": {"field": "x", "type": "quantitative"}}}'


@pytest.fixture
def drawer() -> Iterator[drawing.Drawer]:
    made = drawing.Drawer()
    yield made
    made.end()


def test_it_draws_says_what_is_wrong_and_draws_on(drawer: drawing.Drawer) -> None:
    assert drawer.svg(BAR % 1).startswith("<svg ")
    with pytest.raises(ValueError, match="Vega-Lite"):
        drawer.svg('{"mark": "nonsense"}')
    engine = drawer._engine
    assert drawer.svg(BAR % 2) != drawer.svg(BAR % 1) and drawer._engine is engine


def test_a_large_chart_goes_through(drawer: drawing.Drawer) -> None:
    rows = ", ".join(f'{{"x": {n}, "why": "{"w" * 200}"}}' for n in range(2000))
    assert drawer.svg(f'{{"data": {{"values": [{rows}]}}, "mark": "tick", "encoding": {{"x": {{"field": "x"}}}}}}')


def test_several_who_ask_at_once_each_get_their_own(drawer: drawing.Drawer) -> None:
    got: dict[int, str] = {}

    def ask(number: int) -> None:
        got[number] = drawer.svg(BAR % number)

    asking = [threading.Thread(target=ask, args=[number]) for number in range(6)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(60)
    assert got == {number: drawer.svg(BAR % number) for number in range(6)}


def test_one_that_was_ended_is_started_again(drawer: drawing.Drawer) -> None:
    first = drawer.svg(BAR % 1)
    assert drawer._engine
    drawer._engine.kill()
    drawer._engine.wait(60)
    assert drawer.svg(BAR % 1) == first


def test_it_ends_when_nobody_asks_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "karibu.web.drawing"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as engine:
        assert engine.stdin
        engine.stdin.close()  # as when the one who asked was killed
        assert engine.wait(60) == 0
    monkeypatch.setattr(drawing, "IDLE", 0.0)
    with subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE) as silent:
        assert silent.stdout
        drawing.serve(silent.stdout, io.BytesIO())  # returns, though the other side is there
        silent.kill()
