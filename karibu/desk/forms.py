"""What colleagues type about tasks."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from karibu.journeys.steps.task import Wanted
from karibu.messages.quiet import zone_of
from karibu.web.models import User
from karibu.web.queries import shop

DAYS = 3  # until it is due, where nobody says when
EVENING = time(18)


class TaskForm(forms.Form):
    """One task about one person, due at the end of a day of the shop. A form that is sent twice has one `number`."""

    title = forms.CharField(label=_("What is to be done"), max_length=200)
    colleague = forms.ChoiceField(label=_("Who does it"), required=False)
    due = forms.DateField(label=_("By when"), widget=forms.DateInput(attrs={"type": "date"}))
    number = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, given: Any = None) -> None:
        super().__init__(given, initial={"due": today() + timedelta(days=DAYS), "number": uuid4()})
        people = User.objects.filter(is_active=True).order_by("name", "email").values_list("email", "name")
        known = [("", _("anybody")), *((email, name or email) for email, name in people)]
        self.fields["colleague"].choices = known  # type: ignore[attr-defined]

    def wanted(self, customer_id: int, *, by: str) -> Wanted:
        said = self.cleaned_data
        return Wanted(
            key=f"hand:{said['number']}",
            customer_id=customer_id,
            title=said["title"],
            colleague=said["colleague"],
            due_at=datetime.combine(said["due"], EVENING, _zone()).astimezone(UTC),
            source=f"colleague:{by}"[:80],
        )


def today() -> date:
    return timezone.now().astimezone(_zone()).date()


def _zone() -> Any:
    return zone_of(shop().timezone, "UTC")
