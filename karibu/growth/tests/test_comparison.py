"""Two versions are compared no surer than their numbers are."""

from karibu.growth.counting import Tally, compared, difference


def test_newcombes_own_example() -> None:
    """Newcombe (1998), table II: 56/70 against 48/80 differ by 0.0524 to 0.3339."""
    low, high = difference(Tally("a", 80, 48), Tally("b", 70, 56))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_little_is_not_said_to_be_much() -> None:
    assert "cannot be told" in compared(Tally("a", 40, 2), Tally("b", 40, 5))
    assert compared(Tally("a", 4000, 200), Tally("b", 4000, 400)).startswith("B is better than A: between +3.9")
    assert compared(Tally("a", 4000, 400), Tally("b", 4000, 200)).startswith("A is better")
    assert "have to be seen" in compared(Tally("a", 0, 0), Tally("b", 4, 1))
