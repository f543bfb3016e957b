"""The one ASGI application: the two hot paths (collection, tracking) bare, everything else Django."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "karibu.config.settings")

from django.core.asgi import get_asgi_application

application = get_asgi_application()
