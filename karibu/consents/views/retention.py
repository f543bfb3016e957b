"""Settings: for how long each class of data is kept, with what the rules would take now."""

from django import forms
from django.contrib import messages as flashes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from karibu.consents import retention
from karibu.web.access import actor, allow
from karibu.web.stale import unchanged

LONGEST = 3650  # days


class RetentionForm(forms.Form):
    """A number of days for each class; empty: kept without end."""

    def __init__(self, *arguments: object, lines: list[retention.Line], **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        for line in lines:
            if not line.of.url:
                self.fields[line.of.key] = forms.IntegerField(
                    label=_("%(what)s: days") % {"what": line.of.title},
                    help_text=line.of.text,
                    min_value=line.of.least,
                    max_value=LONGEST,
                    required=False,
                    initial=line.days,
                )


@allow("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def classes(request: HttpRequest) -> HttpResponse:
    lines = retention.report(timezone.now())
    form = RetentionForm(request.POST or None, lines=lines)
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        retention.change(form.cleaned_data, by=actor(request))
        flashes.success(request, _("The rules are saved. They are applied every night."))
        return redirect("retention")
    context = {"form": form, "lines": lines}
    return render(request, "consents/retention.html", context, status=422 if form.errors else 200)
