"""Where KARIBU_TEST_ALL=1 says that everything is there, a test that skips has failed, by whatever way it skips."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from karibu.config.testing import ROOT

WAYS = {
    "by asking": "import pytest\ndef test_it():\n    pytest.skip('no time')\n",
    "in a fixture": """
import pytest
from karibu.config.testing import missing
@pytest.fixture
def disk():
    missing("a disk")
def test_it(disk):
    pass
""",
    "by a mark": "import pytest\n@pytest.mark.skipif(True, reason='not here')\ndef test_it():\n    pass\n",
    "the whole file": "import pytest\npytest.importorskip('no_such_module')\ndef test_it():\n    pass\n",
}


def outcome(file: Path, everything: str) -> tuple[int, str]:
    """Exit code and words of a run of the tests in `file`, beside the database of this run."""
    environment = os.environ | {"KARIBU_TEST_ALL": everything, "PYTEST_XDIST_WORKER": "gw0"}
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(file)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("way", WAYS)
def test_a_skipped_test_is_a_failed_one_where_everything_must_be_there(tmp_path: Path, way: str) -> None:
    file = tmp_path / "test_skipping.py"
    file.write_text(WAYS[way])
    code, said = outcome(file, "1")
    assert code in (1, 2) and "nothing may be" in said, said
    code, said = outcome(file, "")
    assert code in (0, 5) and "1 skipped" in said, said
