"""What a shop's service worker loads from us."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from karibu.web.access import public

WORKER = (Path(__file__).parent.parent / "static/channels/push-worker.js").read_text(encoding="utf-8")


@public
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(WORKER, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=3600"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
