"""The RFM grid: how lately and how well everybody buys, as a picture and as groups to make segments of."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from karibu.segments import rfm_page
from karibu.web.access import allow


@require_safe
@allow()
def rfm(request: HttpRequest) -> HttpResponse:
    return render(request, "segments/rfm.html", rfm_page.context())
