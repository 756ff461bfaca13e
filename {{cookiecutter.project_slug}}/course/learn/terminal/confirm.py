"""Confirmation: a line that the learner types, and a question to be answered with yes."""

import sys

from learn.terminal.errors import LearnError
from learn.terminal.messages import text
from learn.terminal.screen import Screen


def read_line(prompt: str) -> str | None:
    """Return a line of standard input, printed if it was not typed; None at its end."""
    try:
        typed = input(prompt)
    except EOFError:
        return None
    if not sys.stdin.isatty():
        sys.stdout.write(f"{typed}\n")
    return typed


def demand_yes(screen: Screen, yes: bool, question: str) -> None:
    """Ask, unless `--yes` was given; raise LearnError for any other answer than yes."""
    if yes:
        return
    screen.line(question)
    typed = read_line(text("reset.prompt")) or ""
    if typed.strip().lower() not in ("y", "yes"):
        raise LearnError("reset.kept", 1)
