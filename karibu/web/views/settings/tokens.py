from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from karibu.web import access, actions
from karibu.web.forms import TokenForm
from karibu.web.models import Token


@access.allow("owner")
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """The list; a POST makes a token and shows its text this once."""
    form = TokenForm(request.POST or None)
    made = ""
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        made = actions.create_token(chosen["name"], role=chosen["role"], by=access.actor(request))
        form = TokenForm()
    context = {"form": form, "made": made, "tokens": Token.objects.order_by("revoked_at", "-id")}
    return render(request, "web/settings/tokens.html", context, status=422 if form.errors else 200)


@access.allow("owner")
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(Token, pk=pk)
    actions.revoke_token(token, by=access.actor(request))
    messages.success(
        request, _("The token “%(name)s” is revoked: every call with it is refused.") % {"name": token.name}
    )
    return redirect("settings-tokens")
