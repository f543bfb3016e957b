"""The pages of tasks."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.customers.models import Customer
from karibu.desk import actions
from karibu.desk.forms import TaskForm
from karibu.desk.models import Task
from karibu.desk.tables import Tasks
from karibu.web.access import actor, allow
from karibu.web.tables import back, chosen


@require_safe
@allow()
def tasks(request: HttpRequest) -> HttpResponseBase:
    return Tasks(request, Task.objects.all()).respond("desk/tasks.html")


@require_http_methods(["GET", "HEAD", "POST"])
@allow()
def new(request: HttpRequest, customer_id: int) -> HttpResponse:
    """A task by hand, about this person."""
    person = get_object_or_404(Customer, pk=customer_id, erased_at=None)
    if person.merged_into:
        return redirect("task-new", person.merged_into)
    form = TaskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        by = actor(request)
        actions.give_by_hand(form.wanted(person.pk, by=by), by=by)
        messages.success(request, _("The task is on the list."))
        return redirect(person.get_absolute_url())
    return render(request, "desk/task.html", {"form": form, "customer": person}, status=422 if form.errors else 200)


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
