"""Sources: made, renamed, closed."""

import secrets

from karibu.collect.models import Source


def create_source(name: str, *, kind: str = "web") -> Source:
    """A new source with a write key of its own; an open source of the same name is returned as it is."""
    found = Source.objects.filter(name=name, closed_at=None).first()
    return found or Source.objects.create(name=name, kind=kind, write_key="wk_" + secrets.token_urlsafe(18))
