"""The built-in mailbox: what would have left, as a mail program shows it.

Karibu's own mail lies in it too, and a sign-in link lets in whoever has it: only its recipient and owners see that.
"""

import email
from email.message import EmailMessage
from email.policy import default

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from karibu.messages.channels.email import mailbox as box
from karibu.messages.models import Mail
from karibu.messages.views.public import MAIL_POLICY
from karibu.web import fragments, paging
from karibu.web.access import allow, may

PAGE = 40


@allow()
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    mails = _shown_to(request).defer("raw").order_by("-id")
    if text:
        mails = mails.filter(recipient__icontains=text) | mails.filter(subject__icontains=text)
    try:
        page = paging.page(mails, PAGE, request.GET.get("cursor") or None)
    except paging.BadCursor:
        page = paging.page(mails, PAGE)
    context = {"page": page, "text": text, "is_used": box.is_used(), "cursor": request.GET.get("cursor", "")}
    return fragments.render(request, "messages/mailbox.html", context, fragment="messages/_mails.html")


@allow()
@require_safe
def mail(request: HttpRequest, mail_id: int) -> HttpResponse:
    found = get_object_or_404(_shown_to(request), pk=mail_id)
    part = request.GET.get("part", "html")
    read = _read(found)
    context = {
        "mail": found,
        "part": part if part in ("html", "text", "source") else "html",
        "headers": [(name, str(read[name])) for name in ("From", "To", "Subject", "Date") if read[name]],
        "text": _part(read, "plain"),
        "has_html": bool(_part(read, "html")),
        "source": bytes(found.raw).decode("utf-8", "replace"),
        "newer": _shown_to(request).filter(pk__gt=mail_id).order_by("pk").values_list("pk", flat=True).first(),
        "older": _shown_to(request).filter(pk__lt=mail_id).order_by("-pk").values_list("pk", flat=True).first(),
    }
    return render(request, "messages/mail.html", context)


@allow()
@require_safe
def body(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The HTML part alone, for the frame: it may run nothing; its links open beside."""
    html = _part(_read(get_object_or_404(_shown_to(request), pk=mail_id)), "html")
    answer = HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))
    answer["Content-Security-Policy"] = f"{MAIL_POLICY}; sandbox allow-popups allow-popups-to-escape-sandbox"
    answer["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@allow()
@require_POST
def read(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The page tells that it was looked at: a GET changes nothing."""
    _shown_to(request).filter(pk=mail_id, read_at=None).update(read_at=timezone.now())
    return HttpResponse(status=204)


def _shown_to(request: HttpRequest) -> QuerySet[Mail]:
    """Every mail for owners. Others see the shop's messages and what Karibu wrote to themselves."""
    if may(request, "owner"):
        return Mail.objects.all()
    own = getattr(request.user, "email", "")
    return Mail.objects.filter(Q(message_id__isnull=False) | Q(recipient__iexact=own))


def _read(found: Mail) -> EmailMessage:
    return email.message_from_bytes(bytes(found.raw), policy=default)


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""
