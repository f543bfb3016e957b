"""The shop's rules for writing to people: as they stand, and in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from karibu.messages import channels, hours
from karibu.messages.models import ChannelRules, Rules

NAMES = {
    "email": gettext_lazy("E-mail"),
    "sms": gettext_lazy("SMS"),
    "whatsapp": gettext_lazy("WhatsApp"),
    "push": gettext_lazy("Push"),
    "telegram": gettext_lazy("Telegram"),
}


@dataclass(frozen=True)
class Current:
    """The row for all channels together, and one for each channel there is."""

    shop: Rules
    channels: dict[str, ChannelRules]


def current() -> Current:
    kept = {rules.pk: rules for rules in ChannelRules.objects.all()}
    shop = Rules.objects.filter(pk=1).first() or Rules(pk=1)
    return Current(shop, {kind: kept.get(kind) or ChannelRules.usual(kind) for kind in channels.KINDS})


def name_of(channel: str) -> str:
    return str(NAMES.get(channel, channel))


def sentences(rules: Current) -> list[str]:
    """What these rules mean, for somebody who does not want to read the form."""
    found = [
        _("%(channel)s: %(what)s.") % {"channel": name_of(kind), "what": _joined(_about(one))}
        for kind, one in rules.channels.items()
    ]
    if together := list(_counts(rules.shop)):
        found.append(_("On all channels together: %(what)s.") % {"what": _joined(together)})
    if percent := rules.shop.holdout_percent:
        said = _("%(percent)s %% of all customers get no marketing at all, to see what it brings in.")
        found.append(said % {"percent": f"{percent:g}"})
    found.append(_("What comes sooner waits; what its template calls more important leaves first."))
    found.append(_("Receipts and the like never wait."))
    return found


def _joined(parts: Iterator[str] | list[str]) -> str:
    return "; ".join(parts) or _("no limit")


def _about(rules: ChannelRules) -> Iterator[str]:
    yield from _counts(rules)
    if rules.hours:
        yield _("only %(hours)s by the person's clock") % {"hours": hours.written(hours.parse(rules.hours))}
    if not rules.on_sundays:
        yield _("not on Sundays")
    if not rules.on_holidays:
        yield _("not on public holidays of their country")
    if rules.by_country:
        yield _("within the hours of each country's table")


def _counts(rules: Rules | ChannelRules) -> Iterator[str]:
    if hours_apart := rules.gap_hours:
        yield ngettext("at least %(n)d hour apart", "at least %(n)d hours apart", hours_apart) % {"n": hours_apart}
    if rules.most:
        values = {"n": rules.most, "days": rules.most_days}
        yield ngettext("at most %(n)d in %(days)d days", "at most %(n)d in %(days)d days", rules.most) % values
