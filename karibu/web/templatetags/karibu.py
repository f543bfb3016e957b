"""`{% load karibu %}`: what every page of Karibu writes with."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from karibu.web import access, charts, choices, formats, icons, stale
from karibu.web.queries import shop

register = template.Library()
register.simple_tag(icons.icon, name="icon")
register.simple_tag(charts.sparkline, name="sparkline")


@register.filter
def money(amount: Decimal | float | int | None, currency: str = "") -> str:
    """`{{ order.total|money:order.currency }}`; without a currency, the shop's."""
    return formats.money(amount, currency or shop().currency)


@register.filter
def count(number: int | None) -> str:
    return formats.count(number)


register.filter("country", choices.country)
register.filter("language", choices.language)


@register.filter
def percent(share: float | None, digits: int = 1) -> str:
    return formats.percent(share, digits)


@register.filter
def ago(when: datetime | None) -> SafeString:
    return formats.time_tag(when, formats.ago(when))


@register.filter
def moment(when: datetime | date | None) -> SafeString:
    text = formats.moment(when)
    return formats.time_tag(when, text) if isinstance(when, datetime) else SafeString(text)


@register.filter
def facts(pairs: Iterable[tuple[str, object]]) -> SafeString:
    """`<dl class="facts">{{ pairs|facts }}</dl>`: names and values. A timeline has many hundreds of them."""
    return format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", pairs)


@register.simple_tag
def badge(text: object, tone: str = "quiet") -> SafeString:
    """`tone`: good warn bad info quiet."""
    return format_html('<span class="badge badge--{}">{}</span>', tone, text)


@register.inclusion_tag("web/parts/empty.html", takes_context=True)
def empty(
    context: template.Context, title: str, text: str = "", url: str = "", label: str = "", icon: str = ""
) -> dict[str, str]:
    """An empty state that teaches: what will stand here, and the one thing to do for it, for whoever may do it."""
    is_open = url and ("request" not in context or access.reaches(context["request"], url))
    return {"title": title, "text": text, "url": url if is_open else "", "label": label, "icon": icon}


@register.inclusion_tag("web/parts/chart.html")
def chart(chart: Any, title: str, note: str = "") -> dict[str, Any]:
    """`chart`: an altair chart or a Vega-Lite specification (a dict). `title` states what it shows."""
    heads, rows = charts.table(chart)
    return {"svg": charts.draw(chart), "title": title, "note": note, "heads": heads, "rows": rows}


@register.inclusion_tag("web/parts/field.html")
def field(bound: Any) -> dict[str, Any]:
    """A form's field with its label, help and errors."""
    return {"field": bound}


@register.inclusion_tag("web/parts/seen.html")
def seen(form: Any) -> dict[str, Any]:
    """What is wrong with the form as a whole, and what it showed (stale.py). Stands behind the csrf token."""
    return {"form": form, "stamp": stale.stamp(form)}


@register.simple_tag(takes_context=True)
def again(context: template.Context, name: str) -> str:
    """The contents of the block `name` once more: a page's title is also its heading."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block(name) if blocks else None
    return str(block.render(context)) if block else ""


@register.simple_tag(takes_context=True)
def may(context: template.Context, *roles: str) -> bool:
    """`{% may "marketer" as allowed %}`: whether the signed-in colleague has one of the roles, or is the owner."""
    request: HttpRequest = context["request"]
    return access.may(request, *roles)


@register.simple_tag(takes_context=True)
def reaches(context: template.Context, url: str) -> bool:
    """`{% reaches "/imports/new/" as can_import %}`: whether the page there lets in whoever looks at this one."""
    return access.reaches(context["request"], url)


@register.filter
def initials(user: object) -> str:
    """Two letters for the round mark that stands for a colleague."""
    words = str(user).split("@")[0].replace(".", " ").split()
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.simple_tag
def zone_name(zone: str) -> str:
    """The place of an IANA zone in words: "Africa/Kigali" is "Kigali"."""
    return str(zone).rsplit("/", 1)[-1].replace("_", " ")
