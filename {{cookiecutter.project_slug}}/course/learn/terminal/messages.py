"""Every text that `learn` prints comes from a catalogue: `messages/en.toml`, and one per language.

A catalogue has sections of texts; a text is asked for as `section.name`, with its parameters by
name. `LEARN_LANG` or the locale picks the language when its file exists; a text that it lacks, and
everything else, is English.
"""

import locale
import os
import tomllib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("messages")
ENGLISH = "en"

Catalogue = dict[str, dict[str, str]]


def text(key: str, /, **facts: object) -> str:
    """The text of this key in the learner's language, with these parameters in it."""
    section, _, name = key.partition(".")
    found = catalogue(language()).get(section, {}).get(name)
    return (found or catalogue(ENGLISH)[section][name]).format(**facts)


@cache
def catalogue(of: str) -> Catalogue:
    """The texts of a language."""
    return tomllib.loads((FOLDER / f"{of}.toml").read_text("utf-8"))


def language() -> str:
    """The language that is spoken with this learner, in two letters."""
    wanted = os.environ.get("LEARN_LANG") or preferred()
    name = wanted.replace("-", "_").split("_")[0].split(".")[0].lower()
    return name if name.isalpha() and (FOLDER / f"{name}.toml").exists() else ENGLISH


@cache
def preferred() -> str:
    """What the environment or the system says; Windows says `Korean_Korea`, which is `ko`."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return os.environ[variable]
    try:
        name = locale.getlocale()[0] or ENGLISH
    except ValueError:  # a locale that Python cannot read
        return ENGLISH
    return locale.normalize(name.split("_")[0])
