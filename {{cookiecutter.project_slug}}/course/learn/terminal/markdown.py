"""Lessons and hints on a terminal."""

import re
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement, TableElement
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

# Where a block of source comes from: a terminal would not show it otherwise.
NAMED_BLOCK = re.compile(r"^```(python) (\S+)$", re.MULTILINE)

BARE_LINK = re.compile(r"<(https?://[^>\s]+)>")


class PlainHeading(Heading):
    """A heading at the left, with the signs that say that it is one."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One bold line."""
        yield Text(f"{'#' * int(self.tag[1:])} ", "bold") + self.text


class WholeLines(CodeBlock):
    """Source and commands: a line is not broken, so that it can be copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines; in a list, where they would be cut off, they are broken after all."""
        code = Syntax("", self.lexer_name, theme=self.theme).highlight(str(self.text).rstrip())
        code.rstrip()
        code.no_wrap = options.max_width == console.width
        code.overflow = "ignore" if code.no_wrap else "fold"
        yield code


class WholeTable(TableElement):
    """A table that loses no text where it does not fit."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, with long words broken."""
        for table in super().__rich_console__(console, options):
            for column in table.columns if isinstance(table, Table) else []:
                column.overflow = "fold"
            yield table


class Lesson(Markdown):
    """Markdown, with the colours of the terminal."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": PlainHeading,
        "fence": WholeLines,
        "code_block": WholeLines,
        "table_open": WholeTable,
    }


def rendered(source: str) -> Markdown:
    """Something to print."""
    named = NAMED_BLOCK.sub(lambda found: f"`{found[2]}`\n\n{found[0]}", source)
    named = BARE_LINK.sub(lambda found: found[1], named)
    return Lesson(named, code_theme="ansi_dark", hyperlinks=False)
