"""Marks that a console may not have, and marks that it must not get."""

import codecs

from rich.cells import cell_len

# What stands in for a mark that the console's encoding lacks.
STAND_INS = {
    "\u2026": "...",
    **dict.fromkeys("·─━═", "-"),
    **dict.fromkeys("│┃║▌", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+"),
    **dict.fromkeys("▶→", ">"),
    **dict.fromkeys("◀←", "<"),
    **dict.fromkeys("▼↓", "v"),
    **dict.fromkeys("▲↑", "^"),
    **dict.fromkeys("•", "*"),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
}


def stand_in(error: UnicodeError) -> tuple[str, int]:
    """Say something else where the encoding of the console lacks a character."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(STAND_INS.get(mark, "?" * cell_len(mark)) for mark in lacking), error.end


codecs.register_error("learn", stand_in)


def clean(said: str) -> str:
    """A text that somebody's program made, with nothing in it that steers a terminal."""
    return "".join(mark if mark.isprintable() or mark == "\n" else "�" for mark in said)
