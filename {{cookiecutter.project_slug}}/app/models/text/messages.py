"""The training data: the translations of Django's messages, which its package contains."""

import re
import struct
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

LANGUAGES = {
    "de": "German",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "tr": "Turkish",
    "zh_Hans": "Chinese",
}
FEWEST_WORDS = 3  # of an English message: "total" and "bytes" are the same in half of the languages

# what belongs to no language: placeholders, HTML, addresses
remove_markup = re.compile(r"%\(\w+\)\w|%\w|\{[^}]*\}|<[^>]*>|&\w+;|https?://\S+").sub


def read_messages() -> dict[str, dict[str, str]]:
    """Return each English message with its translations by language, English among them."""
    messages: dict[str, dict[str, str]] = {}
    for code, language in LANGUAGES.items():
        place = f"locale/{code}/LC_MESSAGES/django.mo"
        for path in sorted(Path(str(files("django"))).rglob(place)):
            for english, translated in pairs(path.read_bytes()):
                if is_sentence(english) and any(map(str.isalpha, translated)):
                    found = messages.setdefault(english, {"English": english})
                    found[language] = translated
    return dict(sorted(messages.items()))


def is_sentence(english: str) -> bool:
    """Return whether a message is long enough to differ from language to language."""
    return len(english.split()) >= FEWEST_WORDS


def pairs(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield each message of a .mo file of gettext, and its translation, without markup."""
    _, _, count, messages, translations = struct.unpack_from("<5I", content)
    for row in range(count):
        english = text_at(content, messages + 8 * row)
        translated = text_at(content, translations + 8 * row)
        if english != translated:
            yield english, translated


def text_at(content: bytes, place: int) -> str:
    """Return the text whose length and offset are here; of a plural, the first form."""
    length, start = struct.unpack_from("<2I", content, place)
    text = content[start : start + length].decode().split("\0")[0]
    return " ".join(remove_markup(" ", text.split("\x04")[-1]).split())  # a context precedes it
