"""What a learner sees: plain lines of words, printed one after the other.

Nothing here is full screen. A colour or a mark never says anything that a word beside it does not
say. Lines fit the terminal, and count the width of Korean and Japanese characters.
"""

import io
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from learn.marks import clean
from learn.messages import text
from learn.working import Working

WIDEST = 88  # longer lines are hard to read
INDENT = 6
SEPARATOR = " · "
COMMAND = re.compile(r"uv run [^\n·()\"]*[^\s·().,;:\"]")
BLANK_LINES = re.compile(r"\n{3,}")
GLUE = "\ue000"  # stands for a space at which a line is not to be broken


def is_plain() -> bool:
    """No colour, no spinner, nothing that is drawn over: asked for, or no terminal to do it on."""
    asked = os.environ.get("LEARN_PLAIN") or os.environ.get("NO_COLOR")
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return bool(asked) or dumb or not sys.stdout.isatty()


class Screen:
    """Where things are printed."""

    def __init__(self, stderr: bool = False) -> None:
        stream = sys.stderr if stderr else sys.stdout
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="learn")
        self.plain = is_plain()
        self.takes_keys = False  # there is a watch
        self.at_work: Working | None = None
        self.console = Console(
            stderr=stderr,
            color_system=None if self.plain else "auto",
            force_terminal=False if self.plain else None,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self.fit()

    def fit(self) -> None:
        """Take the width that the terminal has now."""
        size = shutil.get_terminal_size()
        self.console.size = (min(size.columns, WIDEST), size.lines)

    @property
    def width(self) -> int:
        """How many cells a line has."""
        return self.console.width

    def line(self, said: str = "", style: str = "") -> None:
        """A paragraph, wrapped; nothing is an empty line."""
        for piece in self.wrapped(said, self.width) or [""]:
            self.console.print(Text(piece, style), soft_wrap=True)

    def as_is(self, said: str, style: str = "") -> None:
        """Lines that are to be copied or compared: nothing is put into them."""
        for piece in said.split("\n"):
            self.console.print(Text(clean(piece), style), soft_wrap=True)

    def say(self, key: str, /, *, style: str = "", **facts: object) -> None:
        """A paragraph of the catalogue."""
        self.line(text(key, **facts), style)

    def row(
        self, label: str, said: str, *, indent: int = 0, width: int = 4, style: str = ""
    ) -> None:
        """A label and a text beside it; `label` is a key, `width` that of the labels around it."""
        name = text(f"label.{label}") if label else ""
        head = " " * indent + padded(name, width) + "  "
        room = max(self.width - cell_len(head), 10)
        for piece in self.wrapped(clean(said), room) or [""]:
            line = Text(head, "bold" if name else "")
            line.append(piece, style or "not bold")
            line.rstrip()
            self.console.print(line, soft_wrap=True)
            head = " " * cell_len(head)

    def item(self, said: str, indent: int = 2, style: str = "", mark: str = "") -> None:
        """One of several texts below each other, with a mark before it."""
        head = " " * indent + mark
        for piece in self.wrapped(clean(said), max(self.width - cell_len(head), 10)):
            self.console.print(Text(head + piece, style), soft_wrap=True)
            head = " " * cell_len(head)

    def options(self, commands: list[str], keys: list[str] | None = None, **facts: object) -> None:
        """What to do next, one thing or another: commands to type, or keys during a watch."""
        names = [f"key_{key}" for key in keys or []] if self.takes_keys else commands
        if names:
            self.row("next", SEPARATOR.join(text(f"next.{name}", **facts) for name in names))

    def sides(self, left: str, right: str, style: str = "") -> None:
        """Two texts on one line, the second at its end; below each other where it is too narrow."""
        gap = min(self.width, 80) - cell_len(left) - cell_len(right)
        if gap < 2:
            self.line(left, style)
            self.line(" " * INDENT + right)
            return
        line = Text(left, style)
        line.append(" " * gap + right, "not bold")
        self.console.print(line, soft_wrap=True)

    def check(self, number: str, title: str, status: str, style: str) -> None:
        """A check and what came of it."""
        column = min(self.width, 80) - max(cell_len(status), 7)
        room = max(column - cell_len(number) - 2, 10)
        first, *others = self.wrapped(clean(title), room) or [""]
        line = Text(f"{number} {padded(first, room)} ")
        line.append(status, style)
        self.console.print(line, soft_wrap=True)
        for piece in others:
            self.console.print(Text(" " * (cell_len(number) + 1) + piece), soft_wrap=True)

    def table(self, head: list[str], rows: list[list[str]]) -> None:
        """Rows under their heads; the second column has the room that the others leave."""
        wide = [max(cell_len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        others = sum(wide) - wide[1] + 2 * (len(head) - 1)
        wide[1] = min(wide[1], max(self.width - others, 12))
        for at, row in enumerate([head, *rows]):
            first, *more = self.wrapped(row[1], wide[1]) or [""]
            cells = [row[0], first, *row[2:]]
            line = "  ".join(padded(cell, room) for cell, room in zip(cells, wide, strict=True))
            self.console.print(Text(line.rstrip(), "" if at else "bold"), soft_wrap=True)
            for piece in more:
                self.console.print(Text(" " * (wide[0] + 2) + piece), soft_wrap=True)

    def diff(self, lines: list[str]) -> None:
        """A unified diff."""
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in lines:
            head = line.startswith(("+++", "---"))
            self.as_is(line, "bold" if head else styles.get(line[:1], ""))

    def markdown(self, source: str) -> None:
        """A lesson or a hint, as text on a terminal."""
        from learn.markdown import rendered  # it takes a while to load

        if not self.plain:
            self.console.print(rendered(source), crop=False)
            return
        with self.console.capture() as caught:
            self.console.print(rendered(source), crop=False)
        lines = "\n".join(line.rstrip() for line in caught.get().strip("\n").split("\n"))
        self.console.print(Text(BLANK_LINES.sub("\n\n", lines)), soft_wrap=True)

    def wrapped(self, said: str, room: int) -> list[str]:
        """The lines of a text, none wider than the room; commands and options stay whole."""
        whole = COMMAND.sub(lambda found: found[0].replace(" ", GLUE), said)
        lines: list[str] = []
        for option in whole.split(SEPARATOR):
            if lines and cell_len(lines[-1] + SEPARATOR + option) <= room:
                lines[-1] += SEPARATOR + option
                continue
            pieces = Text(option).wrap(self.console, room, overflow="fold")
            lines += [piece.plain.rstrip() for piece in pieces]
        return [line.replace(GLUE, " ") for line in lines]

    @contextmanager
    def working(self) -> Iterator[Working]:
        """While this lasts, something takes a while; what it is, is said on a terminal."""
        self.at_work = working = Working(self.console, shown=not self.plain)
        try:
            yield working
        finally:
            self.at_work = None
            working.end()


def padded(said: str, width: int) -> str:
    """A text in as many cells at least; a Korean or Japanese character fills two."""
    return said if cell_len(said) >= width else set_cell_size(said, width)
