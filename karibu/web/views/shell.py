"""What stands around every page: the search and what is running."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from karibu.web import fragments
from karibu.web import search as searching


def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    context = {"text": text, "found": searching.find(text, request.user)}  # type: ignore[arg-type]
    return fragments.render(request, "web/search.html", context, fragment="web/_hits.html")


def running(request: HttpRequest) -> HttpResponse:
    return render(request, "web/parts/running.html")
