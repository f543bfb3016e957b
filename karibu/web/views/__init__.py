"""The shell's pages, a file per part."""

from karibu.web.views import errors, files, health, shell, sign_in, styleguide

__all__ = ["errors", "files", "health", "shell", "sign_in", "styleguide"]
