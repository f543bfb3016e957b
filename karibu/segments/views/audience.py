"""A segment as an audience for ads: how many may be in it, and the file for each platform."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from karibu.segments import audiences
from karibu.segments.models import Segment
from karibu.web import fragments
from karibu.web.access import actor, allow
from karibu.web.fragments import is_partial
from karibu.web.streams import stream

AT_ONCE = 20_000  # members


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
def audience(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET says what would be in the file and why not more; POST with a `platform` makes it."""
    found = get_object_or_404(Segment, pk=pk)
    if found.archived_at:
        return redirect(found)  # which says that nobody is in it
    if request.method != "POST":
        # Of hundreds of thousands it takes seconds to tell who agreed: that follows the page.
        told = audiences.count(found) if is_partial(request) or (found.size or 0) <= AT_ONCE else None
        context = {"segment": found, "told": told, "platforms": audiences.PLATFORMS.values()}
        return fragments.render(request, "segments/audience.html", context, fragment="segments/_audience.html")
    platform = audiences.PLATFORMS.get(request.POST.get("platform", ""))
    if platform is None:
        raise Http404
    response = stream(request, audiences.export(found, platform, by=actor(request)), "text/csv; charset=utf-8")
    name = f"{found.slug}-{platform.key}-{timezone.localdate()}"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response
