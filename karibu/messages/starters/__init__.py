"""The templates that Karibu comes with. They are planted once; from then on they belong to the shop."""

import tomllib
from pathlib import Path
from typing import Any

from karibu.messages.blocks.kinds import KINDS
from karibu.messages.models import Template
from karibu.messages.wording import written

FOLDER = Path(__file__).parent


def keys() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def has(key: str) -> bool:
    return key in keys()


def plant(*wanted: str) -> None:
    """Makes the starters of these keys (none named: all) that are not there. LookupError for one that is not ours."""
    for key in wanted or keys():
        if not has(key):
            raise LookupError(f"There is no message template {key!r}.")
        Template.objects.get_or_create(key=key, defaults=read(key))


def read(key: str) -> dict[str, Any]:
    """A starter's fields. `<key>.toml` says what it is and its blocks; or beside it `<key>.mjml` and `<key>.txt.liquid`
    say what it says."""
    about = tomllib.loads((FOLDER / f"{key}.toml").read_text(encoding="utf-8"))
    if "blocks" in about:
        raw = [{**KINDS[block["kind"]].start(), **block} for block in about["blocks"]]
        return {**about, **written(raw, language="en", preheader=about.get("preheader", ""))}
    body = (FOLDER / f"{key}.mjml").read_text(encoding="utf-8")
    text = (FOLDER / f"{key}.txt.liquid").read_text(encoding="utf-8")
    return {**about, "body": body, "text": text, "blocks": None, "preheader": ""}
