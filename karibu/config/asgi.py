"""The one ASGI application: the two hot paths (collection, tracking) bare, everything else Django."""

import gc
import multiprocessing
import os
import signal
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "karibu.config.settings")

from django.core.asgi import get_asgi_application

from karibu.collect.http import Collector
from karibu.collect.room import Room
from karibu.config import home, postgres
from karibu.config.process import die_with_parent
from karibu.web import assets

# Granian runs this in a child of its own: without it, a killed parent would leave the child holding the port.
die_with_parent(signal.SIGTERM)
if (parent := multiprocessing.parent_process()) and not parent.is_alive():
    raise SystemExit("the server that this process belongs to was killed before it had begun")

collect = Collector(postgres.database_url(), Room(home.path() if postgres.is_embedded() else None))
django = get_asgi_application()

from karibu.insights.stream import PATH as LIVE  # noqa: E402 - needs Django set up
from karibu.insights.stream import stream  # noqa: E402


async def application(scope: Any, receive: Any, send: Any) -> None:
    path = scope.get("path", "")
    if path.startswith("/v1/") or path == "/k.js":
        await collect(scope, receive, send)
    elif path == LIVE:
        await stream(scope, receive, send)
    elif path.startswith("/static/"):
        await assets.serve(scope, send)
    else:
        await django(scope, receive, send)


# What has been loaded stays: looking all of it through for garbage, again and again, took a tenth of collection's time.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
