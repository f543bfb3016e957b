"""The editor's form: blocks as they were posted, and what its buttons do to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from karibu.messages.blocks import MOST, Block
from karibu.messages.blocks.kinds import KINDS
from karibu.web.reading import read_json

STEPS_BACK = 20


@dataclass
class Sheet:
    """What stands in the form: the blocks, what is wrong with which (by "number.field"), and how it was before."""

    blocks: list[Block]
    faults: dict[str, str] = field(default_factory=dict)
    past: list[list[Block]] = field(default_factory=list)


def posted(post: Mapping[str, str]) -> Sheet:
    """The form as it was sent. A field that cannot be read keeps what was typed, and says why."""
    sheet = Sheet([], past=_past(post.get("past", "")))
    while (kind := KINDS.get(post.get(f"b{len(sheet.blocks)}.kind", ""))) and len(sheet.blocks) < MOST:
        number, block = len(sheet.blocks), {"kind": kind.key}
        for one in kind.fields:
            name = f"b{number}.{one.name}"
            typed = post.get(name, "")
            try:
                block[one.name] = one.read(typed if typed or one.kind not in ("line", "text", "code", "url") else "")
            except ValueError as error:
                block[one.name], sheet.faults[f"{number}.{one.name}"] = typed, str(error)
        sheet.blocks.append(block)
    return sheet


def _past(written: str) -> list[list[Block]]:
    try:
        past = read_json(written or "[]")
    except ValueError:
        return []
    return past[-STEPS_BACK:] if isinstance(past, list) else []


def do(sheet: Sheet, deed: str) -> Sheet:
    """What a button asks for: add:KIND, up:N, down:N, copy:N, remove:N, undo."""
    verb, _sign, what = deed.partition(":")
    if verb == "undo":
        return Sheet(sheet.past[-1], past=sheet.past[:-1]) if sheet.past else sheet
    blocks = list(sheet.blocks)
    if verb == "add" and what in KINDS and len(blocks) < MOST:
        at = len(blocks) - 1 if blocks and blocks[-1]["kind"] == "footer" and what != "footer" else len(blocks)
        blocks.insert(at, KINDS[what].start())
    elif what.isdecimal() and int(what) < len(blocks):
        _rearrange(blocks, verb, int(what))
    if blocks == sheet.blocks:
        return sheet
    return Sheet(blocks, past=[*sheet.past, sheet.blocks][-STEPS_BACK:])


def _rearrange(blocks: list[Block], verb: str, at: int) -> None:
    if verb == "up" and at:
        blocks[at - 1], blocks[at] = blocks[at], blocks[at - 1]
    elif verb == "down" and at + 1 < len(blocks):
        blocks[at], blocks[at + 1] = blocks[at + 1], blocks[at]
    elif verb == "copy":
        blocks.insert(at + 1, dict(blocks[at]))
    elif verb == "remove":
        del blocks[at]


def shown(sheet: Sheet) -> list[dict[str, Any]]:
    """The blocks as the form draws them."""
    last = len(sheet.blocks) - 1
    return [
        {
            "number": number,
            "kind": (kind := KINDS[block["kind"]]),
            "said": _said(block),
            "is_first": number == 0,
            "is_last": number == last,
            "controls": [
                {
                    "field": one,
                    "name": f"b{number}.{one.name}",
                    # A block that was saved before its kind had this field begins with it.
                    "value": ", ".join(value) if isinstance(value := block.get(one.name, one.start()), list) else value,
                    "wrong": sheet.faults.get(f"{number}.{one.name}", ""),
                }
                for one in kind.fields
            ],
        }
        for number, block in enumerate(sheet.blocks)
    ]


def _said(block: Block) -> str:
    """What tells this block from its like, in a few words."""
    words = next((block[name] for name in ("text", "label", "title", "alt", "text1", "code") if block.get(name)), "")
    return " ".join(str(words).split())[:60]


def kinds() -> list[Any]:
    """What can be added, as the menu lists it."""
    return list(KINDS.values())
