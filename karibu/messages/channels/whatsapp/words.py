"""What a WhatsApp message says in words, whatever its type: for lists, searches and keywords."""

from typing import Any


def text_of(message: dict[str, Any]) -> str:
    """ "" where there are no words in it (a voice, a sticker)."""
    kind = str(message.get("type"))
    part = message.get(kind)
    if kind == "contacts":
        return ", ".join(str((one.get("name") or {}).get("formatted_name", "")) for one in part or [])
    if not isinstance(part, dict):
        return ""
    if kind == "edit":
        return text_of(part.get("message") or {})
    if kind == "interactive":
        return _chosen(part)
    if kind == "order":
        goods = (f"{one.get('quantity')} × {one.get('product_retailer_id')}" for one in part.get("product_items") or [])
        return "\n".join(filter(None, [str(part.get("text", "")), *goods]))
    if kind == "location":
        return ", ".join(str(part[name]) for name in ("name", "address") if part.get(name))
    for name in ("body", "caption", "text", "emoji"):
        if part.get(name):
            return str(part[name])
    return ""


def _chosen(interactive: dict[str, Any]) -> str:
    """A button's or a row's title, a form's word, an answer to a wish to call."""
    part = interactive.get(str(interactive.get("type"))) or {}
    return str(part.get("title") or part.get("body") or part.get("response") or "")
