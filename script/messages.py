"""Extracts and compiles translations with Babel; Django's templates are turned into what its Python extractor reads.

A language that colleagues can choose has every string (WHOLE); any other has those that shoppers see.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import templatize

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "karibu/locale"
WHOLE: frozenset[str] = frozenset()  # beside English: those of LANGUAGES in the settings
SEEN_BY_SHOPPERS = (
    "consents/templates/consents/confirm.html",
    "consents/templates/consents/gone.html",
    "consents/templates/consents/preferences.html",
    "consents/topics.py",
    "growth/questions.py",
    "growth/templates/growth/page.html",
    "growth/views/public.py",
    "messages/templates/messages/gone.html",
    "messages/templates/messages/unsubscribe.html",
    "web/templates/web/bare.html",
    "web/templates/web/error.html",
    "web/views/errors.py",
)
STRING = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
CALL = re.compile(rf"\b(_|gettext|ngettext|pgettext|npgettext)\(((?:\s*{STRING}\s*,?)+)")
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    "npgettext": ((1, "c"), 2, 3),
}


def template(language: str) -> Catalog:
    """The strings of the code and the templates that this language needs, with where each stands."""
    found, folder = Catalog(project="Karibu", charset="utf-8"), ROOT / "karibu"
    for file in sorted(folder.rglob("*")) if language in WHOLE else [folder / name for name in SEEN_BY_SHOPPERS]:
        if file.suffix in (".py", ".html", ".txt") and "tests" not in file.parts:
            for line, message, comments, context in _strings(file):
                place = [(str(file.relative_to(ROOT)), line)]
                found.add(message, locations=place, auto_comments=comments, context=context)
    return found


def _strings(file: Path) -> Iterator[tuple]:
    if file.suffix == ".py":
        yield from extract_from_file("python", str(file), keywords=KEYWORDS)
        return
    # What templatize makes is Python only where it says gettext; the rest is X-ed out.
    code = templatize(file.read_text(encoding="utf-8"), origin=str(file))
    for call in CALL.finditer(code):
        texts = ast.literal_eval(f"({call[2].rstrip(', ')},)")
        context = texts[0] if "pgettext" in call[1] else None
        message = texts[1:] if context else texts
        line = code.count("\n", 0, call.start()) + 1
        yield line, message if len(message) > 1 else message[0], [], context


def extract() -> None:
    for language in languages():
        file = LOCALE / language / "LC_MESSAGES/django.po"
        catalog = read_po(file.open("rb"), locale=language) if file.exists() else _begun(language)
        catalog.update(template(language), no_fuzzy_matching=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as out:
            write_po(out, catalog, width=100, include_lineno=False)
        print(f"{language}: {sum(_is_done(m.string) for m in catalog if m.id)} of {len(catalog)} translated")  # noqa: T201


def _begun(language: str) -> Catalog:
    """An empty one. Not marked as fuzzy: that would leave its head, and so its encoding, out of the .mo file."""
    head = "# Karibu's words in another language. The project's licence holds."
    nobody = {"msgid_bugs_address": "", "last_translator": "", "language_team": "", "fuzzy": False}
    return Catalog(locale=language, project="Karibu", version="1", header_comment=head, charset="utf-8", **nobody)


def _is_done(text: str | tuple[str, ...]) -> bool:
    return all(text) if isinstance(text, tuple) else bool(text)


def compile_() -> None:
    for file in LOCALE.rglob("django.po"):
        with file.with_suffix(".mo").open("wb") as out:
            write_mo(out, read_po(file.open("rb"), locale=file.parts[-3]))


def languages() -> list[str]:
    return sorted(folder.name for folder in LOCALE.iterdir() if folder.is_dir())


if __name__ == "__main__":
    settings.configure(USE_I18N=True)
    django.setup()
    match sys.argv[1:]:
        case ["extract"]:
            extract()
        case ["compile"]:
            compile_()
        case ["add", language]:
            (LOCALE / language).mkdir(parents=True, exist_ok=True)
            extract()
        case _:
            sys.exit("script/messages extract | compile | add LANGUAGE")
