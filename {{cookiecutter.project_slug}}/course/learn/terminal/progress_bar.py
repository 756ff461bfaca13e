"""A progress bar, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from learn.terminal.encoding import clean
from learn.terminal.screen import Screen


@contextmanager
def progress_bar(
    screen: Screen, total: int, hidden: bool = False
) -> Iterator[Callable[[str], None]]:
    """Show progress while this lasts; call what it yields with the name of each thing done."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    shown = not (hidden or screen.plain)
    with Progress(*columns, console=screen.console, transient=True, disable=not shown) as progress:
        task = progress.add_task("", total=total)
        yield lambda said: progress.update(task, advance=1, description=f"{clean(said):30.30}")
