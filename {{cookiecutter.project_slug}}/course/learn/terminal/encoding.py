"""Characters that a console's encoding lacks, and those that a console must not get."""

import codecs

from rich.cells import cell_len

# What replaces a mark that the console's encoding lacks.
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
    """Return what replaces characters that the encoding of the console lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(STAND_INS.get(mark, "?" * cell_len(mark)) for mark in lacking), error.end


codecs.register_error("learn", stand_in)


def clean(said: str) -> str:
    """Return a program's output without the characters that control a terminal."""
    return "".join(mark if mark.isprintable() or mark == "\n" else "�" for mark in said)
