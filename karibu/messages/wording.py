"""Saving what a template says: blocks become MJML and text, each change is a version, each language a wording."""

import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F

from karibu.messages import blocks as building
from karibu.messages.blocks.brand import FONTS, SHAPES, Look
from karibu.messages.models import Brand, Template, Version, Wording
from karibu.web.actions import record

SAID = ("subject", "preheader", "body", "text", "blocks")
KEPT = 50  # versions of a template


def look() -> Look:
    """The shop's looks as its settings say."""
    brand = Brand.objects.filter(pk=1).first() or Brand()
    return Look(
        logo_url=brand.logo_url,
        accent=brand.accent,
        page=brand.page,
        sheet=brand.sheet,
        ink=brand.ink,
        font=FONTS.get(brand.font, FONTS["system"]),
        radius=SHAPES.get(brand.buttons, SHAPES["rounded"]),
        links=tuple((str(name), str(url)) for name, url in brand.links.items() if url),
    )


def as_template(template: Template, said: Template | Wording) -> Template:
    """The template as it would be sent to who reads this wording; not to be saved."""
    if isinstance(said, Template):
        return said
    known = {"key": template.key, "name": template.name, "channel": template.channel, "topic": template.topic}
    words = {name: getattr(said, name) for name in SAID}
    return Template(**known, is_marketing=template.is_marketing, language=said.language, **words)


def spoken(template: Template) -> list[Template]:
    """The template in each of its languages, its own first."""
    said: list[Template | Wording] = [template, *template.wordings.order_by("language")]
    return [as_template(template, one) for one in said]


def written(raw: object, *, language: str, preheader: str = "", brand: Look | None = None) -> dict[str, Any]:
    """`blocks`, `body` and `text` of these blocks. Raises BadBlock."""
    found = building.parse(raw)
    body = building.mjml(found, brand or look(), language=language, preheader=preheader)
    return {"blocks": found, "body": body, "text": building.text(found)}


def save(template: Template, *, by: str, wording: Wording | None = None) -> None:
    """Keeps a template, or its wording in one language, with what it said before."""
    with transaction.atomic():
        remember(template, by)
        template.save()
        if wording is not None:
            wording.template = template
            wording.save()
        Template.objects.filter(pk=template.pk).update(version=F("version") + 1)
        record(by, "changed template", f"template {template.key}")


def remember(template: Template, by: str) -> None:
    """What the template says now becomes a version of its past."""
    was = Template.objects.filter(pk=template.pk).first()
    if was is None:
        return
    content = {name: getattr(was, name) for name in ("name", "topic", "is_marketing", "language", *SAID)}
    content["wordings"] = {w.language: {name: getattr(w, name) for name in SAID} for w in was.wordings.all()}
    Version.objects.update_or_create(template=was, number=was.version, defaults={"content": content, "by": by})
    old = Version.objects.filter(template=was).order_by("-number").values_list("pk", flat=True)[KEPT:]
    Version.objects.filter(pk__in=list(old)).delete()


def restore(template: Template, version: Version, *, by: str) -> None:
    """The template says again what it said then; what it says now is a version, too."""
    content = dict(version.content)
    wordings = content.pop("wordings", {})
    with transaction.atomic():
        remember(template, by)
        Template.objects.filter(pk=template.pk).update(**content, version=F("version") + 1)
        Wording.objects.filter(template=template).delete()
        Wording.objects.bulk_create(Wording(template=template, language=key, **said) for key, said in wordings.items())
        record(by, "restored template", f"template {template.key}", version=version.number)


def rewrite_all(by: str) -> int:
    """Every template of blocks in the shop's present looks; returns how many."""
    brand = look()
    with transaction.atomic():
        made = [t for t in Template.objects.filter(blocks__isnull=False).select_for_update() if _rewrite(t, brand)]
        said = [w for w in Wording.objects.filter(blocks__isnull=False) if _rewrite(w, brand)]
        Template.objects.bulk_update(made, ["body", "text"])
        Wording.objects.bulk_update(said, ["body", "text"])
        Template.objects.filter(blocks__isnull=False).update(version=F("version") + 1)
        record(by, "changed brand", "brand")
    return len(made)


def _rewrite(one: Template | Wording, brand: Look) -> bool:
    new = written(one.blocks, language=one.language, preheader=one.preheader, brand=brand)
    one.body, one.text = new["body"], new["text"]
    return True


def create(key: str, name: str, raw: Sequence[Any] | None, *, by: str, **fields: Any) -> Template:
    """A new template of blocks; without any it is text. Raises BadBlock."""
    language = str(fields.get("language", "en"))
    preheader = fields.get("preheader", "")
    said = {} if raw is None else written(raw, language=language, preheader=preheader)
    made = Template(key=key, name=name, **fields, **said)
    with transaction.atomic():
        made.save()
        record(by, "made template", f"template {key}")
    return made


def free_key(name: str) -> str:
    """A key for a new template of this name that no other has."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "template"
    taken = set(Template.objects.filter(key__startswith=base).values_list("key", flat=True))
    numbers = (f"{base}-{n}" if n > 1 else base for n in range(1, len(taken) + 2))
    return next(key for key in numbers if key not in taken)
