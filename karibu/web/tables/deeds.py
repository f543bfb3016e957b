"""What can be done with the rows that were ticked: a deed is a button that posts their ids to a view.

    deeds = [Deed(_("Try again"), "/messages/retry/", icon="refresh", roles=("marketer",))]

    @allow("marketer")
    @require_POST
    def retry_many(request):
        done = actions.retry(chosen(request), by=actor(request))
        return back(request, "/messages/")

Any list with deeds also gives the ticked rows as CSV.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from karibu.web.access import may

MOST = 500  # rows of one deed


@dataclass(frozen=True)
class Deed:
    """`url` may be relative to the list's. `roles`: as for `access.allow`; none means every colleague."""

    label: Any
    url: str
    icon: str = ""
    roles: tuple[str, ...] = ()
    is_grave: bool = False

    def is_open_to(self, request: HttpRequest) -> bool:
        return not self.roles or may(request, *self.roles)


def chosen(request: HttpRequest) -> list[int]:
    """The ids that were ticked, each once, in order; at most MOST. What is no number is left out."""
    given = request.POST.getlist("id") or request.GET.getlist("id")
    return list(dict.fromkeys(int(text) for text in given if text.isascii() and text.isdigit() and len(text) < 19))[
        :MOST
    ]


def back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """To the list as it was (`next` of the form), or to `otherwise`."""
    url = request.POST.get("next", "")
    is_ours = url.startswith("/") and url_has_allowed_host_and_scheme(url, {request.get_host()})
    return HttpResponseRedirect(url if is_ours else otherwise)
