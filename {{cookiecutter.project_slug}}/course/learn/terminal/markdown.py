"""Markdown on a terminal."""

import re
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement, TableElement
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

# Where a block of source comes from, which a terminal would not show.
NAMED_BLOCK = re.compile(r"^```(python) (\S+)$", re.MULTILINE)

BARE_LINK = re.compile(r"<(https?://[^>\s]+)>")


class PlainHeading(Heading):
    """A heading at the left, with its `#` signs."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one bold line."""
        yield Text(f"{'#' * int(self.tag[1:])} ", "bold") + self.text


class WholeLines(CodeBlock):
    """Source and commands, whose lines are not broken, so that they can be copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines; in a list they would be cut off, so they are broken after all."""
        code = Syntax("", self.lexer_name, theme=self.theme).highlight(str(self.text).rstrip())
        code.rstrip()
        code.no_wrap = options.max_width == console.width
        code.overflow = "ignore" if code.no_wrap else "fold"
        yield code


class WholeTable(TableElement):
    """A table that loses no text where it is too wide."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, with long words broken."""
        for table in super().__rich_console__(console, options):
            for column in table.columns if isinstance(table, Table) else []:
                column.overflow = "fold"
            yield table


class TerminalMarkdown(Markdown):
    """Markdown with the colours of the terminal."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": PlainHeading,
        "fence": WholeLines,
        "code_block": WholeLines,
        "table_open": WholeTable,
    }


def render(source: str) -> Markdown:
    """Return what a console can print."""
    named = NAMED_BLOCK.sub(lambda found: f"`{found[2]}`\n\n{found[0]}", source)
    named = BARE_LINK.sub(lambda found: found[1], named)
    return TerminalMarkdown(named, code_theme="ansi_dark", hyperlinks=False)
