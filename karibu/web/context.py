"""What every template is given by the shell. Everything is lazy: a fragment that shows none of it pays nothing."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from karibu.web import running
from karibu.web.access import reaches
from karibu.web.navigation import Entry
from karibu.web.queries import shop


def shell(request: HttpRequest) -> dict[str, Any]:
    return {
        "shop": SimpleLazyObject(shop),
        "navigation": SimpleLazyObject(lambda: navigation(request)),
        "running": SimpleLazyObject(lambda: running.now(request.user)),  # type: ignore[arg-type]
        "theme": request.COOKIES.get("theme", ""),
    }


def navigation(request: HttpRequest) -> dict[str, list[dict[str, Any]]]:
    """The rail's entries for this colleague, the phone's five places, and what stands behind its "More"."""
    every: list[Entry] = import_string(settings.KARIBU_NAVIGATION)
    entries = [entry for entry in every if reaches(request, entry.url)]
    marked = [{"entry": entry, "current": is_current(entry, request.path)} for entry in entries]
    on_phone = [one for one in marked if one["entry"].on_phone][:4]  # type: ignore[attr-defined]
    return {"rail": marked, "phone": on_phone, "more": [one for one in marked if one not in on_phone]}


def is_current(entry: Entry, path: str) -> bool:
    return path == entry.url or (entry.url != "/" and any(path.startswith(p) for p in (entry.url, *entry.also)))
