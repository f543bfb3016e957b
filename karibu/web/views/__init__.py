"""The shell's pages, a file per part."""

from karibu.web.views import errors, files, health, shell

__all__ = ["errors", "files", "health", "shell"]
