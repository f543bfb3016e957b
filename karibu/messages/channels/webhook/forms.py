from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.events import queries
from karibu.messages.channels.guard import Forbidden, check

# Offered also before the first of them has happened.
USUAL = (
    *("Order Completed", "Order Refunded", "Checkout Started", "Product Added"),
    *("Message Sent", "Message Failed", "Message Received", "Segment Entered", "Segment Left"),
)


class NewWebhook(forms.Form):
    url = forms.URLField(
        label=_("Address"),
        max_length=2000,
        assume_scheme="https",
        help_text=_("Where your program listens, such as https://erp.example.com/karibu. It must be public."),
    )
    names = forms.MultipleChoiceField(
        label=_("Events"),
        required=False,
        help_text=_("Hold Ctrl (or ⌘) to choose several. None chosen: every event."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        known = {*USUAL, *(name for name, _count in queries.names())}
        self.fields["names"].choices = [(name, name) for name in sorted(known)]  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            check(url)
        except Forbidden as error:
            raise forms.ValidationError(str(error)) from error
        return url
