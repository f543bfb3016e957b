"""Who may open which address, read off the views themselves: `karibu.web.access` marks each with its roles."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import URLPattern, get_resolver

BASELINE = Path(__file__).with_name("permissions.txt")
ROLES = ("owner", "marketer", "agent")
API = "api/v1/"


@dataclass(frozen=True)
class Address:
    route: str
    who: str  # "everyone", "colleagues" or the roles
    methods: tuple[str, ...] = ()  # of an API call

    def __str__(self) -> str:
        methods = f"{','.join(self.methods)} " if self.methods else ""
        return f"{methods}/{self.route}: {self.who}"

    def path(self) -> str:
        """An address that fits the route, with 1 for numbers and x for words."""
        path = re.sub(r"<int:\w+>|\{int:\w+\}|\{\w*id\w*\}", "1", self.route)
        path = re.sub(r"<uuid:\w+>", "00000000-0000-0000-0000-000000000001", path)
        path = re.sub(r"\(\?P<\w+>[^)]*\)", "x", path)
        path = re.sub(r"<[^>]+>|\{[^}]+\}", "x", path)
        return "/" + path.strip("^$")

    def may(self, role: str) -> bool:
        return self.who in ("everyone", "colleagues") or role in self.who.split()


def addresses() -> list[Address]:
    """Every page and every API call, in the order of their addresses."""
    return sorted({*_pages(get_resolver().url_patterns), *_calls()}, key=str)


def _pages(patterns: list[Any], prefix: str = "") -> Iterator[Address]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from _pages(pattern.url_patterns, route)
        elif not route.startswith(API):
            yield Address(route, _who(pattern.callback))


def _calls() -> Iterator[Address]:
    from karibu.config.api import api

    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                route = "/".join(part.strip("/") for part in (API, prefix, path) if part.strip("/"))
                yield Address(route, _who(operation.view_func), tuple(sorted(operation.methods)))


def _who(view: Any) -> str:
    if not getattr(view, "login_required", True):
        return "everyone"
    roles = getattr(view, "karibu_roles", frozenset(ROLES))
    return "colleagues" if roles >= set(ROLES) else " ".join(role for role in ROLES if role in roles)
