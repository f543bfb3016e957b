from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from karibu.web import access, setting


@access.allow()
def index(request: HttpRequest) -> HttpResponse:
    places = setting.open_to(access.role_of(request))
    return render(request, "web/settings/index.html", {"places": places})
