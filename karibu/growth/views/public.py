"""What visitors of the shop meet: the script, the forms as data, their answers, and landing pages.

Reached from pages of other hosts, without cookies. GET and HEAD change nothing: a view is counted by a POST.
"""

import random
from pathlib import Path
from typing import Any

from django import forms as django_forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from karibu.collect.snippet import tight
from karibu.growth import actions, counting
from karibu.growth.actions import UTM, Given
from karibu.growth.models import SignUp
from karibu.growth.questions import QUESTIONS
from karibu.web import speaking, throttle
from karibu.web.access import public
from karibu.web.queries import shop
from karibu.web.reading import read_json

SCRIPT = tight((Path(__file__).parents[1] / "forms.js").read_text(encoding="utf-8"))
LONGEST = 20_000  # bytes of an answer
Said = dict[str, Any]


@public
@require_safe
def script(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(SCRIPT, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=3600"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@public
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Every live form with its words in the language asked for. Nothing of any person is in it."""
    language = request.GET.get("language", "")[:16]
    with translation.override(speaking.nearest(language)):
        forms = [_as_data(form, language) for form in SignUp.objects.exclude(live_at=None).order_by("pk")]
    answer = JsonResponse({"forms": forms})
    answer["Cache-Control"] = "public, max-age=60"
    return _shared(answer)


def _as_data(form: SignUp, language: str) -> Said:
    versions = {one["key"]: actions.said(form, language, one["key"]) for one in form.versions}
    asked = [QUESTIONS[name] for name in form.fields if name in QUESTIONS]
    return {
        "slug": form.slug,
        "shows": form.shows,
        "threshold": form.threshold,
        "at_once": form.at_once,
        "versions": versions,
        "wording": versions["a"]["wording"],
        "fields": [{"name": q.name, "label": str(q.label), "type": q.kind, "fill": q.fill} for q in asked],
        "language": language,
        "email": _("E-mail"),
        "close": _("Close"),
        "failed": _("That did not work. Is the address right? Nothing was kept; try again in a moment."),
    }


@public
@csrf_exempt
@require_http_methods(["POST", "OPTIONS"])
def view(request: HttpRequest, slug: str) -> HttpResponse:
    form, said = _live(slug), _said(request)
    keys = [one["key"] for one in form.versions]
    if request.method == "POST" and said.get("version") in keys and not _is_ahead(request):
        counting.add(form, said["version"], views=1)
    return _shared(HttpResponse(status=204))


@public
@csrf_exempt
@require_http_methods(["POST", "OPTIONS"])
def answer(request: HttpRequest, slug: str) -> HttpResponse:
    """From the script: 204 when it was taken. A robot that fills in what nobody sees is told the same."""
    if request.method == "OPTIONS":
        return _shared(HttpResponse(status=204))
    return _shared(HttpResponse(status=_take(request, _live(slug), _said(request))))


def _take(request: HttpRequest, form: SignUp, said: Said) -> int:
    """Takes an answer in; returns the status: 204 taken (or a robot's), 422 no address or not agreed, 429 too many."""
    if said.get("website"):
        return 204
    try:
        email = django_forms.EmailField(max_length=254).clean(str(said.get("email", "")))
    except django_forms.ValidationError:
        return 422
    if not said.get("agree"):
        return 422
    network = throttle.network_of(request)
    if throttle.take(f"form {email}", f"form {network}", throttle.PER_CROWD) is None:
        return 429
    actions.take_answer(form, _given(request, said, email, network))
    return 204


def _given(request: HttpRequest, said: Said, email: str, network: str) -> Given:
    utm = said.get("utm")
    return Given(
        email=email,
        version=str(said.get("version", "a"))[:1],
        traits={name: str(said[name]).strip()[:200] for name in QUESTIONS if said.get(name)},
        anonymous_id=str(said.get("id", ""))[:200],
        url=str(said.get("url", ""))[:1000],
        language=str(said.get("language", ""))[:16],
        utm={part: str(utm[part])[:200] for part in UTM if utm.get(part)} if isinstance(utm, dict) else {},
        evidence=f"{network}; {request.headers.get('User-Agent', '')[:120]}",
    )


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """A landing page of Karibu's own; it works without script."""
    form = _live(slug)
    language = _language(request, form)
    with translation.override(speaking.nearest(language)):
        status = 200
        if request.method == "POST":
            said: Said = {name: request.POST[name] for name in request.POST}
            said["utm"] = {part: said.get(f"utm_{part}", "") for part in UTM}
            status = _take(request, form, said)
        key = request.POST.get("version") or random.choice(form.versions)["key"]  # noqa: S311 - which words, no secret
        words = actions.said(form, language, key)
        context = {"form": form, "words": words, "version": words["key"], "shop": shop(), "status": status}
        context["said"] = request.POST
        context["questions"] = [QUESTIONS[name] for name in form.fields if name in QUESTIONS][: form.at_once]
        context["hidden"] = _hidden(request, language)
        return render(request, "growth/page.html", context, status=200 if status == 204 else status)


def _language(request: HttpRequest, form: SignUp) -> str:
    """The first that the browser wants and the form has words in; else the shop's own, which has no name here."""
    wanted = speaking.of_browser(request)
    return next((name for name in wanted if form.texts.get(name) or form.texts.get(name.partition("-")[0])), "")


def _hidden(request: HttpRequest, language: str) -> list[tuple[str, str]]:
    """What led here, carried through the form."""
    sent = request.POST if request.method == "POST" else request.GET
    led = [(f"utm_{part}", sent.get(f"utm_{part}", "")[:200]) for part in UTM]
    return [("url", request.build_absolute_uri(request.path)), ("language", language), *(one for one in led if one[1])]


def _live(slug: str) -> SignUp:
    form = get_object_or_404(SignUp, slug=slug)
    if form.live_at is None:
        raise Http404
    return form


def _said(request: HttpRequest) -> Said:
    """The body as data; whatever is no object of JSON says nothing."""
    try:
        found = read_json(request.body) if len(request.body) <= LONGEST else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_ahead(request: HttpRequest) -> bool:
    return "prefetch" in request.headers.get("Sec-Purpose", "")


def _shared(answer: HttpResponse) -> HttpResponse:
    """Pages of any host may ask, without cookies."""
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Access-Control-Allow-Headers"] = "Content-Type"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
