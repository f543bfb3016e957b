"""The settings pages, a file per page."""

from karibu.web.views.settings import audit, colleagues, index, profile, shop, tokens

__all__ = ["audit", "colleagues", "index", "profile", "shop", "tokens"]
