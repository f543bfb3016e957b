"""What the people we write to meet: the redirect behind a link, the open picture, unsubscribing, the web view.

Reached through signed words only. GET and HEAD change nothing but the list of visits; a scanner that follows every
link of a mail neither unsubscribes anybody nor buys anything.
"""

import base64
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from karibu.consents import links, topics
from karibu.customers.models import Customer
from karibu.messages import content, facts, leaving, machines, tokens, visits
from karibu.messages import links as targets
from karibu.messages import survey as surveys
from karibu.messages.models import Message
from karibu.web import speaking, throttle
from karibu.web.access import public
from karibu.web.headers import policy

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
_NUMBER = re.compile("[0-9a-f]{32}")  # of a page of a survey
# A mail brings its own inline styles and pictures from anywhere, and may run nothing.
MAIL_POLICY = policy(
    default_src="'none'", img_src="* data:", style_src="'unsafe-inline'", form_action="'none'", frame_ancestors="'self'"
)


@public
@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Leads on to where the message's link leads; the address itself holds no target."""
    message, position = _message(tokens.CLICK, token)
    if position == machines.HIDDEN:
        visits.note(message, visits.CLICKED, _asking(request), position)
        return _unkept(HttpResponseRedirect(facts.of_shop(facts.the_shop())["url"]))
    target = targets.of([message.pk]).get(message.pk, {}).get(position)
    if target is None:
        return _gone(request)
    visits.note(message, visits.CLICKED, _asking(request), position)
    response = HttpResponseRedirect(_with_reference(target, message))
    return _unkept(response)


@public
@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The picture. It comes always; the visit is noted unless the browser asks not to be tracked."""
    mark = tokens.read(tokens.OPEN, token)
    wants_privacy = request.headers.get("Sec-GPC") == "1" or request.headers.get("DNT") == "1"
    message = Message.objects.filter(pk=mark.message_id).first() if mark and not wants_privacy else None
    if message:
        visits.note(message, visits.OPENED, _asking(request))
    return _unkept(HttpResponse(PIXEL, content_type="image/gif"))


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: a POST of `List-Unsubscribe=One-Click` is enough: no cookie, no form token, no redirect."""
    message, _ = _message(tokens.UNSUBSCRIBE, token)
    done = ""
    if request.method == "POST":
        done = "back" if request.POST.get("scope") == "back" else "gone"
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        if done == "back":
            leaving.come_back(message)
        else:
            everything = one_click or request.POST.get("scope") != "topic"
            human = None if one_click else visits.at_first_sight(message, visits.CLICKED, _asking(request)).human
            leaving.leave(message, everything=everything, one_click=one_click, human=human)
    languages = Customer.objects.filter(pk=message.customer_id).values_list("language", flat=True)
    language = languages.first() or ""
    with translation.override(speaking.of_person(language, request)):
        [topic] = topics.called([message.topic], language)
        context = {"topic": topic, "shop": facts.the_shop(), "done": done}
        context["preferences"] = links.page(links.PREFERENCES, message.customer_id)
        return _unkept(render(request, "messages/unsubscribe.html", context))


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """One question. The link chooses a number and answers nothing: scanners follow every link."""
    message, position = _message(tokens.SURVEY, token)
    customer = Customer.objects.filter(pk=message.customer_id, erased_at=None).first()
    if customer is None or position >= len(surveys.SCALES):
        return _gone(request)
    scale = list(surveys.SCALES)[position]
    language = speaking.of_person(customer.language, request)
    said = surveys.words(language)
    context: dict[str, Any] = {
        "shop": facts.the_shop(),
        "words": said,
        "question": said[scale],
        "scale": scale,
        "status": 200,
    }
    context |= {"numbers": surveys.SCALES[scale], "number": uuid4().hex}
    if request.method == "POST":
        context["status"] = _take_answer(request, message, scale)
    context["chosen"] = _score(request.GET.get("n", ""))
    context["is_done"] = request.method == "POST" and context["status"] == 200
    with translation.override(language):
        return _unkept(render(request, "messages/survey.html", context, status=context["status"]))


def _take_answer(request: HttpRequest, message: Message, scale: str) -> int:
    """The status: 200 taken, 422 no number, 429 too often."""
    score, number = _score(request.POST.get("score", "")), request.POST.get("number", "")
    if score is None or score not in surveys.SCALES[scale] or not _NUMBER.fullmatch(number):
        return 422
    if throttle.take(f"survey {message.pk}", f"survey {throttle.network_of(request)}", throttle.PER_CROWD) is None:
        return 429
    surveys.answer(message, scale, score, request.POST.get("text", "").replace("\0", "").strip(), number)
    return 200


def _score(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= 2 else None


@public
@require_safe
def web_view(request: HttpRequest, token: str) -> HttpResponse:
    """The message as a page, for mail programs that do not show it well."""
    message, _ = _message(tokens.VIEW, token)
    customer = Customer.objects.filter(pk=message.customer_id, erased_at=None).first()
    if customer is None:
        return _gone(request)
    form = content.compiled(message.template_id, message.template.version, message.is_marketing)
    known = facts.gather([message], {customer.pk: customer})[message.pk]
    followed = list(targets.of([message.pk]).get(message.pk, {}).values())
    said = content.render_tracked(form, known, message.pk, followed)
    return _unkept(HttpResponse(said.html, headers={"Content-Security-Policy": MAIL_POLICY}))


def _asking(request: HttpRequest) -> visits.Asking:
    headers = request.headers
    purposes = (headers.get("Sec-Purpose", ""), headers.get("Purpose", ""), headers.get("X-Moz", ""))
    return visits.Asking(
        method=request.method or "",
        user_agent=headers.get("User-Agent", ""),
        is_bare=not (headers.get("Accept-Language") or headers.get("Sec-Fetch-Mode")),
        is_ahead=any("prefetch" in purpose or "preview" in purpose for purpose in purposes),
    )


def _message(purpose: str, token: str) -> tuple[Message, int]:
    """The message that a signed word names. Raises Http404, which shows a page that says what to do."""
    mark = tokens.read(purpose, token)
    message = Message.objects.select_related("template").filter(pk=mark.message_id).first() if mark else None
    if mark is None or message is None:
        raise Http404
    return message, mark.position


def _gone(request: HttpRequest) -> HttpResponse:
    with translation.override(speaking.of_person("", request)):
        return render(request, "messages/gone.html", {"shop": facts.the_shop()}, status=404)


def _with_reference(url: str, message: Message) -> str:
    """`url` with `k_m`: k.js reads it, remembers which message brought the visitor, and takes it off the address.

    A link into the shop also gets the `utm_…` of the message's sender, where the link has none of its own.
    """
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "k_m"]
    if (utm := message.context.get("utm")) and parts.netloc == urlsplit(facts.of_shop(facts.the_shop())["url"]).netloc:
        own = {name for name, _ in query}
        query += [(f"utm_{name}", str(value)) for name, value in utm.items() if f"utm_{name}" not in own]
    query.append(("k_m", tokens.sign(tokens.REFERENCE, message.pk)))
    return urlunsplit(parts._replace(query=urlencode(query)))


def _unkept(response: HttpResponse) -> HttpResponse:
    """Each request shall reach us; and a page about one person is nobody else's."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
