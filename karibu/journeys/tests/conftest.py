"""What the tests of journeys share."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from karibu.journeys.tests.programs import Program


@pytest.fixture
def program(settings: Any) -> Iterator[Program]:
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    server = Program()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
