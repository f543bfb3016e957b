"""The days of the week: 0 is Monday."""

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


def days_said(days: Collection[int]) -> str:
    """ "Monday, Thursday"."""
    return ", ".join(str(DAYS[day]) for day in sorted(set(days)))
