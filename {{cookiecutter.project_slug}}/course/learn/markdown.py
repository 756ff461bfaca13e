"""Lessons and hints on a terminal."""

import re
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement
from rich.text import Text

# Where a block of source comes from: a terminal would not show it otherwise.
NAMED_BLOCK = re.compile(r"^```(python) (\S+)$", re.MULTILINE)

BARE_LINK = re.compile(r"<(https?://[^>\s]+)>")


class PlainHeading(Heading):
    """A heading at the left, with the signs that say that it is one."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One bold line."""
        yield Text(f"{'#' * int(self.tag[1:])} ", "bold") + self.text


class Lesson(Markdown):
    """Markdown, with the colours of the terminal."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": PlainHeading,
    }


def rendered(source: str) -> Markdown:
    """Something to print."""
    named = NAMED_BLOCK.sub(lambda found: f"`{found[2]}`\n\n{found[0]}", source)
    named = BARE_LINK.sub(lambda found: found[1], named)
    return Lesson(named, code_theme="ansi_dark", hyperlinks=False)
