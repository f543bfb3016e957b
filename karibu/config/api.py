"""`/api/v1`: one NinjaAPI that gathers each app's `api.py` router. OpenAPI at `/api/v1/openapi.json`."""

from ninja import NinjaAPI

api = NinjaAPI(title="Karibu", version="1", urls_namespace="api", docs_url=None)
