"""docs/pains.md says which test shows what; here, that there are these tests."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = [*range(1, 16), 18, *range(20, 27), 27, 28, 29, 37, 44, 45, 46, 47]
_ROW = re.compile(r"\| (\d+) \| ([^|]+) \| ([^|]+) \|")


def table() -> dict[int, list[str]]:
    rows = map(_ROW.fullmatch, (ROOT / "docs/pains.md").read_text(encoding="utf-8").splitlines())
    return {int(row[1]): re.findall(r"`([^`]+)`", row[3]) for row in rows if row}


def known_in(file: Path) -> set[str]:
    found = ast.parse(file.read_text(encoding="utf-8")).body
    return {one.name for one in found if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}


def test_every_pain_has_tests_and_they_are_there() -> None:
    assert [*table()] == NUMBERS
    for number, named in table().items():
        assert named, f"nothing shows {number}"
        for one in named:
            file, _, name = one.partition("::")
            known = known_in(ROOT / file)
            assert known and (not name or name in known), f"{number}: there is no {one}"
