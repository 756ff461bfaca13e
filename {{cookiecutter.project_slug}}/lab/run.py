"""From the sweep to the files, with a progress bar, or plain lines if there is no terminal."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lab.figures import Figures
from lab.page import page
from lab.plots import save_png
from lab.server import LabError, allow_many_connections
from lab.sweep import planned_seconds, sweep


class SweepProgress:
    """The sweep's progress, shown as it is reported."""

    def __init__(self, console: Console, progress: Progress, total: float) -> None:
        self.console, self.progress = console, progress
        self.task = progress.add_task("", total=total)
        self.name, self.before = "", 0.0

    def __call__(self, name: str, at: float) -> None:
        """Show that this many seconds of this run are over."""
        if name != self.name:
            self.name, self.before = name, 0.0
            self.progress.update(self.task, description=name)
            if not self.console.is_terminal:
                self.console.print(name)
        self.progress.advance(self.task, at - self.before)
        self.before = at


def run(seconds: float, folder: Path) -> None:
    """Measure, and write the page, its figures and a picture into the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"{folder} cannot be written to: {error.strerror}. Next: --out") from None
    allow_many_connections()
    console = Console()
    columns = (TextColumn("{task.description:<32}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        figures = sweep(seconds, SweepProgress(console, progress, planned_seconds(seconds)))
    write(figures, folder)
    console.print(f"Open {(folder / 'index.html').resolve().as_uri()}", soft_wrap=True)


def write(figures: Figures, folder: Path) -> None:
    """Write the page, the figures that it was made from, and a picture for a README."""
    (folder / "index.html").write_text(page(figures), "utf-8")
    (folder / "figures.json").write_text(figures.to_json(), "utf-8")
    save_png(figures, folder / "lab.png")
