"""Settings: the topics that people can agree to."""

from django.contrib import messages as flashes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from karibu.consents import topics
from karibu.consents.forms import TopicForm
from karibu.consents.models import Topic
from karibu.consents.statement import OFFERS
from karibu.web.access import actor, allow
from karibu.web.stale import unchanged


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def topic_list(request: HttpRequest) -> HttpResponse:
    form = TopicForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        topics.save(form.save(), by=actor(request))
        flashes.success(request, _("The topic is there. Forms and preference pages offer it."))
        return redirect("topics")
    closed = Topic.objects.exclude(closed_at=None).order_by("name")
    context = {"topics": topics.offered(), "closed": closed, "form": form}
    return render(request, "consents/topics.html", context, status=422 if form.errors else 200)


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def topic(request: HttpRequest, key: str) -> HttpResponse:
    found = _topic(key)
    form = TopicForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        topics.save(form.save(), by=actor(request))
        flashes.success(request, _("The topic is saved."))
        return redirect("topics")
    return render(request, "consents/topic.html", {"topic": found, "form": form}, status=422 if form.errors else 200)


@allow("marketer")
@require_POST
def topic_close(request: HttpRequest, key: str) -> HttpResponse:
    found = _topic(key)
    if found.closed_at:
        topics.reopen(found, by=actor(request))
        flashes.success(request, _("People are asked for it again."))
    else:
        topics.close(found, by=actor(request))
        flashes.success(request, _("Nobody is asked for it any more. What people said of it stays."))
    return redirect("topics")


def _topic(key: str) -> Topic:
    found = Topic.objects.filter(key=key).first() or (topics.built_in() if key == OFFERS else None)
    if found is None:
        raise Http404
    return found
