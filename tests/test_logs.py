"""Logs and files tell nothing about people to whoever else can read them."""

import io
import logging
from logging.config import dictConfig
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from karibu.events import lake as log_files
from karibu.web.models import User


@pytest.fixture
def lines():
    """What a process that logs as Karibu does writes to stderr."""
    root, out = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    handler = {**settings.LOGGING["handlers"]["stderr"], "stream": out}
    dictConfig({**settings.LOGGING, "handlers": {"stderr": handler}, "loggers": {}})
    yield out.getvalue
    root.handlers[:], root.level = before[0], before[1]


ADDRESS = "zuri@example.com"


def fail() -> None:
    try:
        with transaction.atomic():
            User.objects.create(email=ADDRESS)
    except IntegrityError as error:
        raise ValueError(f"no room for {ADDRESS}") from error


@pytest.mark.django_db
def test_an_exception_is_logged_without_the_people_it_quotes(lines) -> None:
    User.objects.create(email=ADDRESS)
    try:
        fail()
    except ValueError:
        logging.getLogger("somebody.elses").exception("it failed")
    said = lines()
    assert "it failed" in said and "builtins.ValueError" in said and "UniqueViolation 23505" in said
    assert __file__ in said and ADDRESS not in said


@pytest.mark.django_db
def test_nobody_else_on_the_machine_may_enter_the_event_log(settings, tmp_path) -> None:
    settings.KARIBU_LAKE_URL = str(tmp_path / "home" / "lake")
    log_files.created()
    assert Path(settings.KARIBU_LAKE_URL).stat().st_mode & 0o077 == 0
