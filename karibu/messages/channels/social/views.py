"""Posts: planning one, and what became of those before."""

from django import forms
from django.contrib import messages as flashes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from karibu.messages.channels.models import Account, Post
from karibu.messages.channels.social import actions
from karibu.messages.channels.social.compose import LENGTHS
from karibu.web.access import actor, allow

TONES = {"planned": "info", "sending": "info", "sent": "good", "failed": "bad", "cancelled": "quiet"}


class PostForm(forms.Form):
    account = forms.ModelChoiceField(
        Account.objects.filter(kind="social", closed_at=None), label=gettext_lazy("Where"), empty_label=None
    )
    text = forms.CharField(label=gettext_lazy("Text"), widget=forms.Textarea(attrs={"rows": 5}))
    due_at = forms.DateTimeField(
        label=gettext_lazy("When"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=gettext_lazy("In your time zone. Empty: now."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["account"].label_from_instance = lambda one: f"{one.name} ({one.provider})"  # type: ignore[attr-defined]


@allow("marketer")
@require_safe
def posts(request: HttpRequest) -> HttpResponse:
    return _page(request, PostForm())


@allow("marketer")
@require_POST
def plan(request: HttpRequest) -> HttpResponse:
    form = PostForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            actions.plan(said["account"], said["text"], by=actor(request), due_at=said["due_at"])
        except actions.TooLong:
            most = LENGTHS[said["account"].provider]
            form.add_error("text", _("At most %(n)d letters fit there.") % {"n": most})
        else:
            flashes.success(request, _("The post is planned."))
            return redirect("posts")
    return _page(request, form, status=422)


@allow("marketer")
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    done = actions.cancel(get_object_or_404(Post, pk=pk), by=actor(request))
    flashes.success(request, _("The post is cancelled.")) if done else flashes.error(
        request, _("It is too late to cancel this post.")
    )
    return redirect("posts")


def _page(request: HttpRequest, form: PostForm, status: int = 200) -> HttpResponse:
    rows = [(post, TONES[post.status]) for post in Post.objects.select_related("account").order_by("-pk")[:100]]
    has_account = Account.objects.filter(kind="social", closed_at=None).exists()
    context = {"rows": rows, "form": form, "has_account": has_account}
    return render(request, "channels/posts.html", context, status=status)
