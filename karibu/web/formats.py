"""How numbers, money and moments are written for people. Tags, tables and mails use the same functions."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

# ISO 4217 currencies whose minor unit is not a hundredth; every other has two digits.
NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE = "BHD IQD JOD KWD LYD OMR TND"
DIGITS = {**dict.fromkeys(NONE.split(), 0), **dict.fromkeys(THREE.split(), 3)}


def money(amount: Decimal | float | int | None, currency: str) -> str:
    """ "54.90 USD", with as many digits as the currency has; "" for None."""
    if amount is None:
        return ""
    digits = DIGITS.get(currency, 2)
    exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{number_format(exact, digits, use_l10n=True, force_grouping=True)} {currency}".strip()


def count(number: int | None) -> str:
    """ "1,204"; "" for None."""
    return "" if number is None else str(number_format(number, use_l10n=True, force_grouping=True))


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 as "12.5 %"; "" for None."""
    # Rounded here: number_format cuts off.
    return "" if share is None else f"{number_format(round(share * 100, digits), digits, use_l10n=True)} %"


def moment(when: datetime | date | None) -> str:
    """ "22 Nov 2026, 15:36" in the viewer's zone; a date alone without the time; "" for None."""
    if when is None:
        return ""
    if not isinstance(when, datetime):
        return date_format(when, "j M Y")
    return date_format(timezone.localtime(when), "j M Y, H:i")


def ago(when: datetime | None, now: datetime | None = None) -> str:
    """ "3 min ago", "yesterday 09:12", "4 Mar": as people say it; "" for None."""
    if when is None:
        return ""
    now = now or timezone.now()
    passed = (now - when).total_seconds()
    if passed < -60:
        return _ahead(when, now)
    for limit, name, unit in ((60, "", 1), (3600, "min", 60), (12 * 3600, "h", 3600)):
        if passed < limit:
            return _short_ago(int(passed // unit), name)
    return _day(when, now)


def _short_ago(number: int, name: str) -> str:
    if name == "min":
        return gettext("%(number)d min ago") % {"number": number}
    if name == "h":
        return gettext("%(number)d h ago") % {"number": number}
    return gettext("just now") if number < 5 else gettext("%(number)d s ago") % {"number": number}


def _ahead(when: datetime, now: datetime) -> str:
    left = when - now
    if left < timedelta(hours=1):
        return gettext("in %(number)d min") % {"number": left.total_seconds() // 60}
    if left < timedelta(hours=12):
        return gettext("in %(number)d h") % {"number": left.total_seconds() // 3600}
    return moment(when)


def _day(when: datetime, now: datetime) -> str:
    here, today = timezone.localtime(when), timezone.localtime(now).date()
    days = (today - here.date()).days
    if days == 0:
        return gettext("today %(time)s") % {"time": date_format(here, "H:i")}
    if days == 1:
        return gettext("yesterday %(time)s") % {"time": date_format(here, "H:i")}
    if days < 7:
        return ngettext("%(number)d day ago", "%(number)d days ago", days) % {"number": days}
    return str(date_format(here, "j M" if here.year == today.year else "j M Y"))


def time_tag(when: datetime | None, text: str) -> SafeString:
    """`text` as a <time> element that tells the exact moment and zone on hover."""
    if when is None:
        return SafeString("")
    here = timezone.localtime(when)
    exact = date_format(here, "l j F Y, H:i:s") + " " + (here.tzname() or "")
    return format_html('<time datetime="{}" title="{}">{}</time>', when.isoformat(), exact, text)
