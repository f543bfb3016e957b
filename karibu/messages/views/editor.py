"""The editor: the form of a template's words, its preview beside it, a test mail to oneself, pictures and products."""

import hashlib
import json
from typing import Any

from django.contrib import messages as flashes
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from liquid.exceptions import LiquidError

from karibu.customers.models import Customer
from karibu.messages import editing, lint, pictures, preview, starters, trying, wording
from karibu.messages.blocks import BadBlock
from karibu.messages.channels.sms import compose as sms
from karibu.messages.channels.sms import segments
from karibu.messages.channels.whatsapp import templates as whatsapp
from karibu.messages.content import Content
from karibu.messages.forms import BlocksForm, TemplateForm, TextForm, WordingForm
from karibu.messages.mjml import BadMarkup
from karibu.messages.models import Picture, Template, Wording
from karibu.messages.status import TONES, Status, explain
from karibu.messages.tables import status_label
from karibu.messages.views.public import MAIL_POLICY
from karibu.shop.models import Product
from karibu.web.access import actor, allow, public
from karibu.web.assets import FOREVER
from karibu.web.choices import language as language_name
from karibu.web.fragments import is_partial
from karibu.web.stale import unchanged

LOOKS = (
    ("desktop", gettext_lazy("Desktop")),
    ("phone", gettext_lazy("Phone")),
    ("dark", gettext_lazy("Dark")),
    ("text", gettext_lazy("Plain text")),
)
# What a translation can be begun in: the world's larger languages of trade, and those of our shops.
LANGUAGES = ["af", "am", "ar", "bg", "bn", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "ha", "he", "hi", "hr", "hu", "id", "ig", "it", "ja", "ko", "lg", "ln", "lt", "lv", "mg", "ms", "nb", "ny", "nl", "pl", "pt", "pt-br", "ro", "ru", "rw", "sk", "sl", "sn", "so", "sr", "st", "sv", "sw", "ta", "th", "ti", "tn", "tr", "uk", "ur", "vi", "wo", "xh", "yo", "zh", "zu"]  # fmt: skip  # noqa: E501
Said = Template | Wording
_TEXTS = ("text", "label", "title", "text1", "text2", "label1", "label2", "why", "leave", "view")


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def template(request: HttpRequest, key: str) -> HttpResponse:
    """A template's page. `language` of the address says which of its wordings is edited."""
    found = get_object_or_404(Template, key=key)
    language = request.GET.get("language", "") or found.language
    if language == found.language:
        return _Editor(request, found, None).answer()
    begun = Wording.objects.filter(template=found, language=language).first()
    if begun is None and language not in LANGUAGES:
        raise Http404
    return _Editor(request, found, begun or _copied(found, language)).answer()


def _copied(template: Template, language: str) -> Wording:
    """The beginning of a translation: what the template says, to be written over."""
    return Wording(template=template, language=language, **{name: getattr(template, name) for name in wording.SAID})


class _Editor:
    """One request to the editor: shows it, does what a button asks for, or saves."""

    def __init__(self, request: HttpRequest, template: Template, said: Wording | None) -> None:
        self.request, self.template, self.wording = request, template, said
        self.said: Said = said or template
        is_post = request.method == "POST"
        self.sheet: editing.Sheet | None = None
        if self.said.blocks is not None:
            self.sheet = editing.posted(request.POST) if is_post else editing.Sheet(list(self.said.blocks))
        kind: Any = BlocksForm if self.sheet else TemplateForm if template.channel == "email" else TextForm
        kind = WordingForm if said else kind
        self.form = kind(request.POST if is_post else None, instance=self.said)

    def answer(self) -> HttpResponse:
        deed = self.request.POST.get("do", "save") if self.request.method == "POST" else ""
        if deed == "save":
            return self._save()
        if deed and self.sheet:
            self.sheet = editing.do(self.sheet, deed)
        return self._show()

    def _save(self) -> HttpResponse:
        is_sound = not (self.sheet and self.sheet.faults)
        if not (self.form.is_valid() and is_sound and unchanged(self.request, self.form) and self._written()):
            return self._show(status=422)
        wording.save(self.template, by=actor(self.request), wording=self.wording)
        flashes.success(self.request, _("The template is saved. Messages that have not left yet use it."))
        return redirect(self.request.get_full_path())

    def _written(self) -> bool:
        """Whether the blocks could be put into words; they are in the row then."""
        if self.sheet is None:
            return True
        try:
            _put(self.said, self.sheet)
        except BadBlock as error:
            self.sheet.faults[f"{error.number}.{error.field}"] = error.sentence
            return False
        faults = preview.faults(wording.as_template(self.template, self.said))
        for fault in faults:
            self.form.add_error("subject" if fault.field == "subject" else None, fault.words)
        return not faults

    def _show(self, status: int = 200) -> HttpResponse:
        candidate = wording.as_template(self.template, self.said)
        context = {
            "template": self.template,
            "language": self.said.language,
            "wordings": list(self.template.wordings.order_by("language")) if self.template.pk else [],
            "languages": [(code, language_name(code)) for code in LANGUAGES],
            "spoken": _spoken(self.template),
            "untold": _untold(self.template, self.wording),
            "is_new_wording": self.wording is not None and self.wording.pk is None,
            "form": self.form,
            "sheet": self.sheet,
            "blocks": editing.shown(self.sheet) if self.sheet else [],
            "past": json.dumps(self.sheet.past) if self.sheet else "[]",
            "kinds": editing.kinds(),
            "has_spamassassin": lint.has_spamassassin(),
            "is_starter": starters.has(self.template.key),
            "people": preview.people(),
            "tests": _tests(self.template),
        }
        if self.sheet is not None and is_partial(self.request):
            answer = render(self.request, "messages/editor/_blocks.html", context)
            answer["HX-Trigger-After-Settle"] = "draft"
            return answer
        faults = [] if status == 200 else preview.faults(candidate)
        context = {**_previewed(self.request, candidate, faults=faults), **context}
        return render(self.request, "messages/template.html", context, status=status)


def _untold(template: Template, said: Wording | None) -> int:
    """How many texts of a wording still are the template's own."""
    if said is None:
        return 0
    own = [str(block.get(name)) for block in template.blocks or () for name in _TEXTS if block.get(name)]
    theirs = {str(block.get(name)) for block in said.blocks or () for name in _TEXTS if block.get(name)}
    return sum(text in theirs for text in own) + (said.subject == template.subject)


def _spoken(template: Template) -> list[str]:
    """Languages that many customers speak and this template does not, as PostgreSQL's statistics know them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT most_common_vals::text::text[], most_common_freqs FROM pg_stats
               WHERE schemaname = current_schema() AND tablename = %s AND attname = 'language'""",
            [Customer._meta.db_table],
        )
        row = cursor.fetchone()
    known = {template.language.split("-")[0], *template.wordings.values_list("language", flat=True)}
    common = zip(*row, strict=True) if row and row[0] else ()
    spoken = dict.fromkeys(language.lower().split("-")[0] for language, share in common if language and share > 0.02)
    return [language for language in spoken if language not in known and language in LANGUAGES][:4]


def _put(said: Said, sheet: editing.Sheet) -> None:
    for name, value in wording.written(sheet.blocks, language=said.language, preheader=said.preheader).items():
        setattr(said, name, value)


@allow("marketer")
@require_POST
def template_preview(request: HttpRequest, key: str) -> HttpResponse:
    """The fields as they stand in the form, filled in for the person chosen; faults in words instead.

    The draft waits in the session for the frame to fetch it: a frame's contents need a policy of their own.
    """
    found = get_object_or_404(Template, key=key)
    candidate, fault = _drafted(found, _draft(request))
    request.session[f"draft {key}"] = _draft(request)
    faults = [fault] if fault else preview.faults(candidate)
    return render(request, "messages/_preview.html", _previewed(request, candidate, faults=faults, is_draft=True))


def _draft(request: HttpRequest) -> dict[str, Any]:
    draft: dict[str, Any] = {name: request.POST.get(name, "") for name in ("subject", "preheader", "body", "text")}
    draft["is_marketing"] = "yes" if "is_marketing" in request.POST else ""
    draft["language"] = request.GET.get("language", "")
    if "past" in request.POST or "b0.kind" in request.POST:
        draft["blocks"] = editing.posted(request.POST).blocks
    return draft


def _drafted(template: Template, draft: dict[str, Any]) -> tuple[Template, preview.Fault | None]:
    """The template as the draft has it, never to be saved, and what keeps it from being shown."""
    template.subject, template.preheader = draft["subject"], draft.get("preheader", "")
    template.body, template.text = draft["body"], draft["text"]
    template.language = draft.get("language") or template.language
    if draft.get("language", "") in ("", template.language) and "is_marketing" in draft and not draft.get("blocks"):
        template.is_marketing = bool(draft["is_marketing"])
    template.blocks = draft.get("blocks")
    if template.blocks is not None:
        try:
            _put(template, editing.Sheet(template.blocks))
        except BadBlock as error:
            return template, preview.Fault("body", error.sentence)
    return template, None


def _previewed(
    request: HttpRequest, candidate: Template, *, faults: list[preview.Fault], is_draft: bool = False
) -> dict[str, Any]:
    asked = request.POST if request.method == "POST" else request.GET
    look, who = asked.get("look", "desktop"), asked.get("as", "")
    try:
        said = None if faults or (not is_draft and preview.faults(candidate)) else preview.show(candidate, who)
    except (BadMarkup, LiquidError) as error:
        said, faults = None, [preview.Fault("body", str(error).splitlines()[0])]
    stamp = hashlib.sha256(f"{candidate.subject}{candidate.body}{candidate.text}".encode()).hexdigest()[:12]
    return {
        "template": candidate,
        "language": candidate.language,
        "faults": faults,
        "said": said,
        "stamp": stamp if is_draft else "",
        "look": look,
        "looks": LOOKS,
        "who": who,
        "findings": [] if faults else lint.check(candidate),
        **(_counted(said, candidate) if said and candidate.channel == "sms" else {}),
        "approval": whatsapp.known_as(said.text.strip(), candidate.language)
        if said and candidate.channel == "whatsapp"
        else None,
    }


def _counted(said: Content, candidate: Template) -> dict[str, Any]:
    """As how many SMS it would be billed for whom it is filled in."""
    text = sms.shown(said.text, candidate)
    return {"size": segments.size(text), "room": segments.room(text), "sms": text}


@allow("marketer")
@require_safe
def template_body(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML of the template, or of the draft in this session, alone, for the frame."""
    found = get_object_or_404(Template, key=key)
    language = request.GET.get("language", "")
    if said := Wording.objects.filter(template=found, language=language).first() if language else None:
        found = wording.as_template(found, said)
    if "draft" in request.GET and (draft := request.session.get(f"draft {key}")):
        found, _fault = _drafted(found, draft)
    html = "" if preview.faults(found) else preview.show(found, request.GET.get("as", "")).html
    html = preview.in_the_dark(html) if "dark" in request.GET else preview.in_the_light(html)
    answer = HttpResponse(html, headers={"Content-Security-Policy": f"{MAIL_POLICY}; sandbox"})
    answer["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@allow("marketer")
@require_POST
def template_test(request: HttpRequest, key: str) -> HttpResponse:
    """What stands in the form, as a mail to the colleague who asks."""
    found, fault = _drafted(get_object_or_404(Template, key=key), _draft(request))
    faults = [fault] if fault else preview.faults(found)
    if not faults:
        who = request.POST.get("as", "")
        trying.send_test(found, preview.show(found, who), to=actor(request), who=who)
    context = {"faults": faults, "tests": _tests(found), "is_asked": True}
    return render(request, "messages/editor/_tested.html", context)


def _tests(template: Template) -> list[dict[str, Any]]:
    """The latest tests with what became of each."""
    return [
        {"message": one, "status": status_label(one), "tone": TONES[Status(one.status)], "why": explain(one.reason)}
        for one in trying.latest(template)
    ]


@allow("marketer")
@require_POST
def template_spam(request: HttpRequest, key: str) -> HttpResponse:
    """SpamAssassin's score of what stands in the form, where it is installed."""
    found, fault = _drafted(get_object_or_404(Template, key=key), _draft(request))
    score = None if fault or preview.faults(found) else lint.spam_score(preview.show(found))
    return render(request, "messages/editor/_spam.html", {"score": score})


@allow("marketer")
@require_safe
def product_hints(request: HttpRequest) -> HttpResponse:
    """Products whose name begins or goes on like this, for the picker."""
    typed = str(next(iter(request.GET.values()), "")).rsplit(",", 1)
    start, text = typed[0] + ", " if len(typed) == 2 else "", typed[-1].strip()
    rows = Product.objects.filter(name__icontains=text) if text else Product.objects.all()
    options = [(f"{start}{one.product_id}", one.name) for one in rows.order_by("name", "id")[:12]]
    return render(request, "messages/editor/_hints.html", {"options": options})


@allow("marketer")
@require_safe
def picture_hints(request: HttpRequest) -> HttpResponse:
    """Pictures that were brought in, and those of products."""
    text = str(next(iter(request.GET.values()), "")).strip()
    own = [(pictures.address(one), one.name) for one in Picture.objects.order_by("-pk")[:8]]
    rows = Product.objects.exclude(image_url="").order_by("-updated_at", "-id")
    if text and not text.startswith(("http", "/")):
        rows = rows.filter(name__icontains=text)
    return render(request, "messages/editor/_hints.html", {"options": own + [(p.image_url, p.name) for p in rows[:8]]})


@allow("marketer")
@require_POST
def picture_new(request: HttpRequest) -> HttpResponse:
    """Takes in a picture; answers with its address, to be put into the block that asked."""
    context: dict[str, Any] = {"target": request.POST.get("target", "")}
    file = request.FILES.get("picture")
    try:
        if file is None:
            raise pictures.Unfit(_("Choose a file first."))
        made = pictures.keep(file.name or "", file.read(pictures.LARGEST + 1), by=actor(request))
        context |= {"picture": made, "address": pictures.address(made)}
    except pictures.Unfit as error:
        context["wrong"] = str(error)
    return render(request, "messages/editor/_picture.html", context)


@public
@require_safe
def picture(request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """A picture of ours, as mails show it: its address is its contents, so it may be kept for ever."""
    found = get_object_or_404(Picture, digest=digest)
    return HttpResponse(bytes(found.data), content_type=found.kind, headers={"Cache-Control": FOREVER})
