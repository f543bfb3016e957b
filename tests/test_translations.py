"""What shoppers see is there in each of our languages: nothing missing, nothing cut, and the .mo files are fresh."""

import gettext
import re
import runpy
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from karibu.web import speaking

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"%\(\w+\)s")
LANGUAGES = [language for language in speaking.OURS if language != "en"]


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(ROOT / "script/messages.py"))


def test_each_language_that_pages_speak_has_a_folder(script):
    assert script["languages"]() == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_that_shoppers_see_is_said_with_the_same_names_in_it(script, language):
    folder = ROOT / "karibu/locale" / language / "LC_MESSAGES"
    with (folder / "django.po").open("rb") as file:
        said = {message.id: message.string for message in read_po(file, locale=language) if message.id}
    assert set(said) == {message.id for message in script["template"](language) if message.id}
    for english, words in said.items():
        assert words and sorted(NAMED.findall(words)) == sorted(NAMED.findall(english)), english
    with (folder / "django.mo").open("rb") as file:
        runs = gettext.GNUTranslations(file)
    assert {english: runs.gettext(english) for english in said} == said, "script/messages compile"


@pytest.mark.parametrize(
    ("wanted", "language"),
    [(["pt-BR"], "pt"), (["de", "sw_KE"], "sw"), (["RW"], "rw"), (["de", "fr"], "en"), ([], "en"), (["", "*"], "en")],
)
def test_the_nearest_of_our_languages(wanted, language):
    assert speaking.nearest(*wanted) == language
