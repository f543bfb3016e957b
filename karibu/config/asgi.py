"""The one ASGI application: the two hot paths (collection, tracking) bare, everything else Django."""

import os
import signal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "karibu.config.settings")

from django.core.asgi import get_asgi_application

from karibu.config.process import die_with_parent

# Granian runs this in a child of its own: without it, a killed parent would leave the child holding the port.
die_with_parent(signal.SIGTERM)

application = get_asgi_application()
