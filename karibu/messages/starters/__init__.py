"""The templates that Karibu comes with, in its languages. They are planted once; from then on they belong to the shop.

`<key>.toml` is a template in English; `wordings/<language>.toml` says what each template says in that language.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from karibu.messages.blocks.brand import Look
from karibu.messages.blocks.kinds import KINDS
from karibu.messages.models import Template, Wording
from karibu.messages.wording import look, written

FOLDER = Path(__file__).parent
LANGUAGES = ("sw", "rw", "xh", "pt")
WORDS = ("text", "label", "title")  # the fields of a block that are said in another language


def keys() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def of_channel(channel: str) -> dict[str, str]:
    """{key: name} of the starters of this channel."""
    return {key: name for key, name in names().items() if _channel(key) == channel}


def names() -> dict[str, str]:
    """{key: name} of all."""
    return {key: str(_toml(f"{key}.toml")["name"]) for key in keys()}


def channel(key: str) -> str:
    """On which channel this starter leaves; "" for one that is not ours."""
    return _channel(key) if has(key) else ""


def _channel(key: str) -> str:
    return str(_toml(f"{key}.toml").get("channel", "email"))


def has(key: str) -> bool:
    return key in keys()


def plant(*wanted: str) -> None:
    """Makes the starters of these keys (none named: all) that are not there. LookupError for one that is not ours."""
    for key in wanted or keys():
        if not has(key):
            raise LookupError(f"There is no message template {key!r}.")
        Template.objects.get_or_create(key=key, defaults=read(key))
    unspoken = Template.objects.filter(key__in=wanted or keys(), version=1, wordings=None)  # nobody has changed them
    Wording.objects.bulk_create(
        [Wording(template=one, language=language, **said) for one in unspoken for language, said in spoken(one.key)],
        ignore_conflicts=True,
    )


def read(key: str, brand: Look | None = None) -> dict[str, Any]:
    """A starter's fields: what it is and its blocks, in the shop's looks or these; or on a channel of text its body."""
    about = _toml(f"{key}.toml")
    if "blocks" not in about:
        return {**about, "body": "", "text": about["body"], "blocks": None, "preheader": ""}
    raw = [{**KINDS[block["kind"]].start(), **block} for block in about["blocks"]]
    return {**about, **written(raw, language="en", preheader=about.get("preheader", ""), brand=brand)}


def spoken(key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(language, the fields of its wording) for each language in which this starter is worded."""
    about, brand = _toml(f"{key}.toml"), look()
    for language in LANGUAGES:
        said = _toml(f"wordings/{language}.toml")
        mine = said.get(key)
        if mine and "body" in mine:
            yield language, {"subject": "", "preheader": "", "body": "", "text": mine["body"], "blocks": None}
        elif mine:
            raw = _reworded(about["blocks"], mine["words"], said["shared"])
            fields = {"subject": mine["subject"], "preheader": mine["preheader"]}
            yield language, {**fields, **written(raw, language=language, preheader=mine["preheader"], brand=brand)}


def _reworded(blocks: list[dict[str, Any]], words: list[str], shared: dict[str, str]) -> list[dict[str, Any]]:
    """The blocks with these words for theirs, in order; `shared` is for what a block says by itself."""
    left = iter(words)
    return [
        {
            name: shared.get(f"{block['kind']}.{name}", value)
            if name not in block
            else (next(left) or value)
            if name in WORDS and value
            else value
            for name, value in {**KINDS[block["kind"]].start(), **block}.items()
        }
        for block in blocks
    ]


@cache
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
