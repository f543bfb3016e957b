"""Whether the process is up, and whether it can do its work. Neither says anything about people."""

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse

from karibu.web import access


@access.public
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "up"})


@access.public
def readyz(request: HttpRequest) -> JsonResponse:
    """200 once the database answers and has every migration; 503 with the reason otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app || '.' || name FROM django_migrations")
            applied = {row[0] for row in cursor.fetchall()}
    except DatabaseError:
        return JsonResponse({"status": "not ready", "reason": "the database does not answer"}, status=503)
    if missing := _wanted() - applied:
        return JsonResponse({"status": "not ready", "reason": f"{len(missing)} migrations to apply"}, status=503)
    return JsonResponse({"status": "ready"})


@cache
def _wanted() -> frozenset[str]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(f"{app}.{name}" for app, name in loader.disk_migrations)
