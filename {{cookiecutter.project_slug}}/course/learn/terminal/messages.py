"""Messages: every text that `learn` prints is in a catalogue, `catalogues/en.toml` for English.

A catalogue has sections of texts; the key of a text is `section.name`, and its parameters go by
name. `LEARN_LANG` or the locale chooses the language if its catalogue exists. A text that it lacks
is English.
"""

import locale
import os
import tomllib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("catalogues")
ENGLISH = "en"

Catalogue = dict[str, dict[str, str]]


def text(key: str, /, **facts: object) -> str:
    """Return the text of this key in the learner's language, with these parameters in it."""
    section, _, name = key.partition(".")
    found = catalogue(language()).get(section, {}).get(name)
    return (found or catalogue(ENGLISH)[section][name]).format(**facts)


@cache
def catalogue(name: str) -> Catalogue:
    """Return the texts of a language."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def language() -> str:
    """Return the learner's language, in two letters."""
    wanted = os.environ.get("LEARN_LANG") or preferred_language()
    name = wanted.replace("-", "_").split("_")[0].split(".")[0].lower()
    return name if name.isalpha() and (FOLDER / f"{name}.toml").exists() else ENGLISH


@cache
def preferred_language() -> str:
    """Return what the environment or the system says; `Korean_Korea`, on Windows, is `ko`."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return os.environ[variable]
    try:
        name = locale.getlocale()[0] or ENGLISH
    except ValueError:  # a locale that Python cannot read
        return ENGLISH
    return locale.normalize(name.split("_")[0])
