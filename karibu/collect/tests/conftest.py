import pytest

from karibu.collect.actions import create_source


@pytest.fixture
def source():
    return create_source("Site")
