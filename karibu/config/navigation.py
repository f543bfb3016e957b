"""The left rail, top to bottom."""

from karibu.web.navigation import Entry

NAVIGATION: list[Entry] = []
