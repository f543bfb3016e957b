"""Two tabs, or two colleagues, with the same form: the second to save is told, and keeps what was typed.

The page carries a digest of what the form showed (`{% seen form %}`); a view asks `unchanged(request, form)` before it
saves. Whoever sends the form once more has been told, and then it is saved.
"""

import hashlib
import json

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _


def stamp(form: forms.BaseForm) -> str:
    """A digest of what the form's fields were filled with."""
    shown = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:16]


def unchanged(request: HttpRequest, form: forms.BaseForm) -> bool:
    """Whether what the sender saw is what there still is; if not, the form says so and nothing may be saved."""
    if request.POST.get("seen", "") in ("", stamp(form)):
        return True
    form.add_error(
        None,
        _(
            "This was changed meanwhile, by a colleague or in another tab, and nothing of yours is saved yet. "
            "Look at it in another tab; to put yours in its place, save once more."
        ),
    )
    return False
