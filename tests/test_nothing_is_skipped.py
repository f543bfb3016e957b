"""Where KARIBU_TEST_ALL=1 says that everything is there, a test that skips has failed, by whatever way it skips."""

import os
import re
import subprocess
import sys
from pathlib import Path

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


def outcome(folder: Path, everything: str) -> str:
    """What a run of the tests in `folder` says, beside the database of this run."""
    environment = os.environ | {"KARIBU_TEST_ALL": everything, "PYTEST_XDIST_WORKER": "gw0"}
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(folder)]
    command += ["--continue-on-collection-errors", "-ra"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout


def test_a_skipped_test_is_a_failed_one_where_everything_must_be_there(tmp_path: Path) -> None:
    for name, source in WAYS.items():
        (tmp_path / f"test_{name.replace(' ', '_')}.py").write_text(source)
    said = outcome(tmp_path, "1")
    assert "nothing may be" in said and "skipped" not in said.splitlines()[-1], said
    for name in WAYS:  # one line each in the summary, of a failure or an error
        assert re.search(rf"^(FAILED|ERROR) \S*test_{name.replace(' ', '_')}\.py", said, re.MULTILINE), said
    said = outcome(tmp_path, "")
    assert said.splitlines()[-1].startswith(f"{len(WAYS)} skipped"), said
