from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """Where imports keep their files: this test's own folder."""
    settings.KARIBU_HOME = tmp_path
    return tmp_path
