"""Where one installation keeps its files, and what it made for itself when it first began."""

import contextlib
import os
import secrets
from pathlib import Path

from karibu.config.environment import value

SERVED = "http://127.0.0.1:8000"


def path() -> Path:
    """`KARIBU_HOME`; by default `/var/lib/karibu` for root and `~/.local/share/karibu` for anyone else."""
    if given := value("KARIBU_HOME"):
        return Path(given).expanduser().resolve()
    return Path("/var/lib/karibu") if os.geteuid() == 0 else Path.home() / ".local/share/karibu"


def make() -> Path:
    """`path()`, created when it is not there. It must be enterable by the user PostgreSQL runs as."""
    home = path()
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    return home


def secret_key() -> str:
    """`KARIBU_SECRET_KEY`, or one made on first use and kept in `$KARIBU_HOME/secret` (mode 600)."""
    if given := value("KARIBU_SECRET_KEY"):
        return given
    file = make() / "secret"
    try:
        # Written whole before it gets its name: a second process never reads half a key.
        fresh = file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)
    return file.read_text(encoding="utf-8").strip()


def served_url() -> str:
    """Where `karibu serve` is reached on this machine, for links while no public URL is set.

    Its children have it in the environment; another command of the same home finds it in the lock of the running one.
    """
    if given := value("KARIBU_SERVED_URL"):
        return given.rstrip("/")
    with contextlib.suppress(OSError):
        said = (path() / "serve.lock").read_text(encoding="utf-8").partition(" at ")[2].strip()
        return said or SERVED
    return SERVED


def lake_url() -> str:
    """Where the event log lives: `KARIBU_LAKE_URL` or the folder `$KARIBU_HOME/lake`."""
    return value("KARIBU_LAKE_URL") or str(path() / "lake")
