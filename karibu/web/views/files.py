from django.http import HttpRequest, HttpResponse

from karibu.web import access, assets


@access.public
def static(request: HttpRequest, path: str) -> HttpResponse:
    """Only where the ASGI application has not answered already: in Django's own test servers."""
    status, headers, body = assets.answer(
        path, request.headers.get("Accept-Encoding", ""), request.headers.get("If-None-Match", "")
    )
    return HttpResponse(body, status=status, headers=dict(headers))
