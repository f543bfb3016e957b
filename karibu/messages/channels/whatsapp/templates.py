"""Templates that WhatsApp has approved: fetching them, and finding the one that says a given text.

A text of ours is sent as a template where the two say the same: the template's words stand in the text, and what stands
in the place of its {{1}}, {{2}} ... becomes their values. So a shop writes its text once, with Liquid, and has the same
text approved with numbers in it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.utils import timezone

from karibu.messages.channels.connecting import ask_provider
from karibu.messages.channels.http import Call
from karibu.messages.channels.models import Account, WhatsAppTemplate

_FIELDS = "id,name,language,status,category,components,quality_score,rejected_reason"
_PAGES = 50
_HOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
GONE = "DELETED"


def sync(account: Account) -> int:
    """Fetches all templates; returns how many there are. Raises connecting.CannotConnect."""
    now, rows = timezone.now(), list(_all(account))
    with transaction.atomic():
        WhatsAppTemplate.objects.bulk_create(
            (_row(account, one, now) for one in rows),
            update_conflicts=True,
            unique_fields=["account", "name", "language"],
            update_fields=["remote_id", "category", "status", "reason", "quality", "components", "synced_at"],
        )
        WhatsAppTemplate.objects.filter(account=account, synced_at__lt=now).update(status=GONE)
    return len(rows)


def _all(account: Account) -> Iterable[dict[str, Any]]:
    """Page by page. https://developers.facebook.com/docs/graph-api/results"""
    after = ""
    for _ in range(_PAGES):
        query = urlencode({"fields": _FIELDS, "limit": "200", **({"after": after} if after else {})})
        url = f"{account.base_url}/{account.settings['business_id']}/message_templates?{query}"
        headers = {"Authorization": f"Bearer {account.secrets['access_token']}"}
        said = ask_provider(Call(method="GET", url=url, headers=headers)).json
        yield from said.get("data") or []
        paging = said.get("paging") or {}
        after = str((paging.get("cursors") or {}).get("after", ""))
        if not paging.get("next") or not after:
            return


def _row(account: Account, one: dict[str, Any], now: datetime) -> WhatsAppTemplate:
    reason = str(one.get("rejected_reason") or "")
    return WhatsAppTemplate(
        account=account,
        remote_id=str(one.get("id", "")),
        name=str(one["name"]),
        language=str(one["language"]),
        category=str(one.get("category", ""))[:20],
        status=str(one.get("status", ""))[:30],
        reason="" if reason == "NONE" else reason[:500],
        quality=str((one.get("quality_score") or {}).get("score", ""))[:20],
        components=one.get("components") or [],
        synced_at=now,
    )


def change(account: Account, field: str, value: dict[str, Any]) -> None:
    """A webhook says that one changed. What we have never heard of comes with the next sync."""
    rows = WhatsAppTemplate.objects.filter(
        account=account, name=value.get("message_template_name"), language=value.get("message_template_language")
    )
    if field == "message_template_status_update":
        why = (value.get("rejection_info") or {}).get("reason") or value.get("reason") or ""
        rows.update(status=str(value.get("event", ""))[:30], reason="" if why == "NONE" else str(why)[:500])
    elif field == "message_template_quality_update":
        rows.update(quality=str(value.get("new_quality_score", ""))[:20])
    elif field == "template_category_update":
        rows.update(category=str(value.get("new_category", ""))[:20])
    elif field == "message_template_components_update":
        for row in rows:
            row.components = _components(value)
            row.save(update_fields=["components"])


def _components(value: dict[str, Any]) -> list[dict[str, Any]]:
    """As the API lists them. Buttons come in another form, and only tell that there are some."""
    parts = (("BODY", "element"), ("FOOTER", "footer"), ("HEADER", "title"))
    found = [{"type": kind, "text": text} for kind, name in parts if (text := value.get(f"message_template_{name}"))]
    buttons = value.get("message_template_buttons") or []
    if buttons:
        links = [{"type": "URL", "url": one.get("message_template_button_url", "")} for one in buttons]
        found.append({"type": "BUTTONS", "buttons": links})
    return found


def fitting(
    text: str, approved: Iterable[WhatsAppTemplate], language: str = ""
) -> tuple[WhatsAppTemplate, list[tuple[str, str]]] | None:
    """The approved template that says this text, and what stands in its holes by their names; None where none does.

    Of several, one in the text's language, then the one with the most words of its own.
    """
    found = []
    for one in approved:
        body = words_of(one)
        if body and (match := _pattern(body).fullmatch(text)):
            values = list(zip(_HOLE.findall(body), (value.strip() for value in match.groups()), strict=True))
            if all(value and "\n" not in value and "    " not in value for _, value in values):
                found.append(
                    (one.language.split("_")[0] == language.split("-")[0], len(_HOLE.sub("", body)), one, values)
                )
    if not found:
        return None
    *_, template, values = max(found, key=lambda one: one[:2])
    return template, values


def holes(template: WhatsAppTemplate) -> list[str]:
    """The names of what is to be filled in, in the order of the text; [] also where words alone do not fill it in."""
    return _HOLE.findall(words_of(template))


def filled(template: WhatsAppTemplate, values: Sequence[str]) -> str:
    """Its text with these (Liquid of ours) in the place of its holes. "" where it wants more than words."""
    left = iter(values)
    return _HOLE.sub(lambda _hole: next(left), words_of(template))


def known_as(text: str, language: str) -> tuple[WhatsAppTemplate, list[tuple[str, str]]] | None:
    """What `fitting` finds among all templates that WhatsApp knows of us: first an approved one, else any other."""
    every = list(WhatsAppTemplate.objects.filter(account__closed_at=None).exclude(status=GONE).order_by("pk"))
    approved = [one for one in every if one.is_approved]
    return fitting(text, approved, language) or fitting(text, every, language)


def words_of(template: WhatsAppTemplate) -> str:
    """The words of a template whose only holes are in its body; "" for one that wants more than words."""
    body = ""
    for part in template.components:
        kind = part.get("type")
        if kind == "BODY":
            body = str(part.get("text", ""))
        elif (
            kind == "HEADER" and (part.get("format", "TEXT") != "TEXT" or _HOLE.search(str(part.get("text", ""))))
        ) or (kind == "BUTTONS" and any(_HOLE.search(str(one.get("url", ""))) for one in part.get("buttons") or [])):
            return ""
    return body.strip()


@lru_cache(maxsize=512)
def _pattern(body: str) -> re.Pattern[str]:
    words = _HOLE.split(body)[::2]  # between them stand the holes' names
    return re.compile("(.+?)".join(re.escape(one) for one in words), re.DOTALL)
