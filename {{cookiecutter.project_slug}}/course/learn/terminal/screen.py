"""The screen: plain lines of words, printed one after the other.

Nothing here is full screen. A colour or a mark never says anything that a word next to it does not
say. Lines fit the terminal, where a Korean or Japanese character is two cells wide.
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

from learn.terminal.encoding import clean
from learn.terminal.messages import text
from learn.terminal.spinner import Spinner

WIDEST = 88  # longer lines are hard to read
INDENT = 6
SEPARATOR = " · "
COMMAND = re.compile(r"uv run [^\n·()\"]*[^\s·().,;:\"]")
BLANK_LINES = re.compile(r"\n{3,}")
GLUE = "\ue000"  # means a space at which a line must not be broken


def is_plain() -> bool:
    """Tell whether to print without colours and spinners: on request, or without a terminal."""
    asked = os.environ.get("LEARN_PLAIN") or os.environ.get("NO_COLOR")
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return bool(asked) or dumb or not sys.stdout.isatty()


class Screen:
    """Prints on standard output or standard error."""

    def __init__(self, stderr: bool = False) -> None:
        stream = sys.stderr if stderr else sys.stdout
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="learn")
        self.plain = is_plain()
        self.takes_keys = False  # during a watch
        self.current_spinner: Spinner | None = None
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
        """Adapt to the width that the terminal has now."""
        size = shutil.get_terminal_size()
        self.console.size = (min(size.columns, WIDEST), size.lines)

    @property
    def width(self) -> int:
        """The number of cells of a line."""
        return self.console.width

    def line(self, said: str = "", style: str = "") -> None:
        """Print a paragraph, wrapped; without a text, an empty line."""
        for piece in self.wrap(said, self.width) or [""]:
            self.console.print(Text(piece, style), soft_wrap=True)

    def block(self, said: str, style: str = "") -> None:
        """Print lines for copying or comparing, without changing them."""
        for piece in said.split("\n"):
            self.console.print(Text(clean(piece), style), soft_wrap=True)

    def say(self, key: str, /, *, style: str = "", **facts: object) -> None:
        """Print a paragraph of the catalogue."""
        self.line(text(key, **facts), style)

    def row(
        self, label: str, said: str, *, indent: int = 0, width: int = 4, style: str = ""
    ) -> None:
        """Print a label with a text next to it; `width` is that of the widest label around."""
        name = text(f"label.{label}") if label else ""
        head = " " * indent + pad(name, width) + "  "
        room = max(self.width - cell_len(head), 10)
        for piece in self.wrap(clean(said), room) or [""]:
            line = Text(head, "bold" if name else "")
            line.append(piece, style or "not bold")
            line.rstrip()
            self.console.print(line, soft_wrap=True)
            head = " " * cell_len(head)

    def item(self, said: str, indent: int = 2, style: str = "", mark: str = "") -> None:
        """Print one of several texts below each other, with a mark before it."""
        head = " " * indent + mark
        for piece in self.wrap(clean(said), max(self.width - cell_len(head), 10)):
            self.console.print(Text(head + piece, style), soft_wrap=True)
            head = " " * cell_len(head)

    def options(self, commands: list[str], keys: list[str] | None = None, **facts: object) -> None:
        """Print what can be done next: commands to type, or keys during a watch."""
        names = [f"key_{key}" for key in keys or []] if self.takes_keys else commands
        if names:
            self.row("next", SEPARATOR.join(text(f"next.{name}", **facts) for name in names))

    def sides(self, left: str, right: str, style: str = "") -> None:
        """Print two texts at the ends of a line; below each other where it is too narrow."""
        gap = min(self.width, 80) - cell_len(left) - cell_len(right)
        if gap < 2:
            self.line(left, style)
            self.line(" " * INDENT + right)
            return
        line = Text(left, style)
        line.append(" " * gap + right, "not bold")
        self.console.print(line, soft_wrap=True)

    def check(self, number: str, title: str, status: str, style: str) -> None:
        """Print a check and its status."""
        column = min(self.width, 80) - max(cell_len(status), 7)
        room = max(column - cell_len(number) - 2, 10)
        first, *others = self.wrap(clean(title), room) or [""]
        line = Text(f"{number} {pad(first, room)} ")
        line.append(status, style)
        self.console.print(line, soft_wrap=True)
        for piece in others:
            self.console.print(Text(" " * (cell_len(number) + 1) + piece), soft_wrap=True)

    def table(self, head: list[str], rows: list[list[str]]) -> None:
        """Print rows under a head; the second column has the room that the others leave."""
        wide = [max(cell_len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        others = sum(wide) - wide[1] + 2 * (len(head) - 1)
        wide[1] = min(wide[1], max(self.width - others, 12))
        for at, row in enumerate([head, *rows]):
            first, *more = self.wrap(row[1], wide[1]) or [""]
            cells = [row[0], first, *row[2:]]
            line = "  ".join(pad(cell, room) for cell, room in zip(cells, wide, strict=True))
            self.console.print(Text(line.rstrip(), "" if at else "bold"), soft_wrap=True)
            for piece in more:
                self.console.print(Text(" " * (wide[0] + 2) + piece), soft_wrap=True)

    def diff(self, lines: list[str]) -> None:
        """Print a unified diff."""
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in lines:
            head = line.startswith(("+++", "---"))
            self.block(line, "bold" if head else styles.get(line[:1], ""))

    def markdown(self, source: str) -> None:
        """Print a lesson or a hint."""
        from learn.terminal.markdown import render  # it takes a while to load

        if not self.plain:
            self.console.print(render(source), crop=False)
            return
        with self.console.capture() as caught:
            self.console.print(render(source), crop=False)
        lines = "\n".join(line.rstrip() for line in caught.get().strip("\n").split("\n"))
        self.console.print(Text(BLANK_LINES.sub("\n\n", lines)), soft_wrap=True)

    def wrap(self, said: str, room: int) -> list[str]:
        """Return the lines of a text, none wider than the room; commands and options stay whole."""
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
    def spinner(self) -> Iterator[Spinner]:
        """Say on a terminal what takes a while, while this lasts."""
        self.current_spinner = spinner = Spinner(self.console, shown=not self.plain)
        try:
            yield spinner
        finally:
            self.current_spinner = None
            spinner.end()


def pad(said: str, width: int) -> str:
    """Return a text that fills at least this many cells."""
    return said if cell_len(said) >= width else set_cell_size(said, width)
