"""Long answers, sent while they are being made."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone, translation

# How a cell begins that a spreadsheet would run.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"[+-][\d .,()]+([eE][+-]?\d+)?")  # a signed number or a phone number runs nothing


def stream(request: HttpRequest, parts: Iterator[bytes], content_type: str) -> StreamingHttpResponse:
    """Sends `parts` one by one; each is made in a thread, so that the event loop stays free."""
    parts = _as_viewer(parts)
    content: Any = _aside(parts) if isinstance(request, ASGIRequest) else parts
    return StreamingHttpResponse(content, content_type=content_type)


def _as_viewer(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Makes each part in the zone and the language of the request, whose middleware has finished by then."""
    zone, language = timezone.get_current_timezone(), translation.get_language() or "en"

    def made() -> Iterator[bytes]:
        while True:
            with timezone.override(zone), translation.override(language):
                part = next(parts, None)
            if part is None:
                return
            yield part

    return made()


def csv_file(request: HttpRequest, name: str, rows: Iterator[Iterable[str]]) -> StreamingHttpResponse:
    """`rows` (the first one the heads) as a download called `name`.csv, UTF-8 with the mark that Excel wants."""
    response = stream(request, _csv(rows), "text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def inert(cell: str) -> str:
    """The cell, with an apostrophe in front where a spreadsheet would run it as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell) else cell


def _csv(rows: Iterator[Iterable[str]], per_part: int = 500) -> Iterator[bytes]:
    out = io.StringIO("\ufeff")
    out.seek(0, io.SEEK_END)
    write = csv.writer(out).writerow
    for number, row in enumerate(rows):
        write([inert(cell) for cell in row])
        if number % per_part == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


async def _aside(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(parts, None))
    while (part := await following()) is not None:
        yield part
