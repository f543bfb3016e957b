"""Liquid put aside while something reads the rest: `{% if a < b %}` is no broken XML, and no text either."""

import re

_LIQUID = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_MARK = re.compile(r"liquid_(\d+)_here")


def put(source: str) -> tuple[str, list[str]]:
    """The source with a mark in each tag's place, and the tags."""
    tags: list[str] = []

    def mark(match: re.Match[str]) -> str:
        tags.append(match[0])
        # Line breaks inside a tag are kept, so that errors name the author's lines.
        return f"liquid_{len(tags) - 1}_here" + "\n" * match[0].count("\n")

    return _LIQUID.sub(mark, source), tags


def back(text: str, tags: list[str]) -> str:
    return _MARK.sub(lambda mark: tags[int(mark[1])], text)


def is_mark(text: str) -> bool:
    return _MARK.match(text) is not None
