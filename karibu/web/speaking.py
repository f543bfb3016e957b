"""The language of a page that shoppers see: theirs, as far as Karibu's own words are there in it; else English.

`karibu/locale` holds those words. What the shop itself wrote (topics, forms, templates) has languages of its own.
"""

from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

OURS = ("en", "sw", "rw", "xh", "pt")


def nearest(*wanted: str) -> str:
    """The first of these that is one of ours, whatever its country ("pt-BR" is Portuguese); English where none is."""
    plain = (language.replace("_", "-").partition("-")[0].lower() for language in wanted)
    return next((language for language in plain if language in OURS), "en")


def of_browser(request: HttpRequest) -> list[str]:
    """What the browser says its user reads, the best first."""
    return [name for name, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]


def of_person(language: str, request: HttpRequest) -> str:
    """For somebody known to speak `language` (empty: nobody knows); where that is none of ours, as the browser says."""
    return nearest(language, *of_browser(request))
