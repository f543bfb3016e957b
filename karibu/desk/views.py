"""The pages of tasks."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from karibu.desk import actions
from karibu.desk.models import Task
from karibu.desk.tables import Tasks
from karibu.web.access import actor, allow
from karibu.web.tables import back, chosen


@require_safe
@allow()
def tasks(request: HttpRequest) -> HttpResponseBase:
    return Tasks(request, Task.objects.all()).respond("desk/tasks.html")


@require_POST
@allow()
def done(request: HttpRequest) -> HttpResponse:
    count = actions.finish(chosen(request), by=actor(request))
    messages.success(request, ngettext("%(n)s task is done.", "%(n)s tasks are done.", count) % {"n": count})
    return back(request, "/tasks/")


@require_POST
@allow()
def reopen(request: HttpRequest) -> HttpResponse:
    count = actions.reopen(chosen(request), by=actor(request))
    said = ngettext("%(n)s task is to do again.", "%(n)s tasks are to do again.", count)
    messages.success(request, said % {"n": count})
    return back(request, "/tasks/")
