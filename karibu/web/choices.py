"""Countries, currencies, zones and languages to choose from, named in the viewer's language."""

import zoneinfo
from functools import cache

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.translation import get_language

Options = list[tuple[str, str]]
# The currencies people pay in today; Babel also names those of the past.
NOT = frozenset(("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"))  # CLDR regions that are no country
CODES = (
    "AED ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP "
    "CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD GBP GEL GHS GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT "
    "MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF "
    "SAR SBD SCR SDG SEK SGD SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS "
    "VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = CODES.split()


def countries() -> Options:
    """ISO 3166 codes with names, by name."""
    names = _locale(get_language() or "en").territories
    found = [(code, str(name)) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in NOT]
    return [("", "—"), *sorted(found, key=lambda pair: pair[1])]


def country(code: str) -> str:
    """The name of an ISO 3166 code; the code itself where there is none."""
    return str(_locale(get_language() or "en").territories.get(code, code))


def language(code: str) -> str:
    """The name of a BCP 47 tag, such as "Brazilian Portuguese"; the tag itself where there is none."""
    try:
        return Locale.parse(code, sep="-").get_display_name(_locale(get_language() or "en")) or code
    except (UnknownLocaleError, ValueError):
        return code


def currencies() -> Options:
    """ISO 4217 codes with names, by code."""
    names = _locale(get_language() or "en").currencies
    return [(code, f"{code} · {names.get(code, code)}") for code in CURRENCIES]


@cache
def zones() -> list[tuple[str, Options]]:
    """IANA zones by continent."""
    by_continent: dict[str, Options] = {"UTC": [("UTC", "UTC")]}
    for name in sorted(zoneinfo.available_timezones()):
        continent, _, place = name.partition("/")
        if place and continent not in ("Etc", "SystemV", "US", "Brazil", "Canada", "Chile", "Mexico"):
            by_continent.setdefault(continent, []).append((name, place.replace("_", " ").replace("/", " / ")))
    return list(by_continent.items())


def languages() -> Options:
    return [(code, str(name)) for code, name in settings.LANGUAGES]


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
