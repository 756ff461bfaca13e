"""`learn teach matrix`: a table for each chapter."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from learn.chapters import Chapter
from learn.marks import clean
from learn.matrix import Row, busy, cores, run, seconds_since, wanted_rows
from learn.screens import Screen

HEAD = ["variant", "wanted", "came", ""]


def show_matrix(
    screen: Screen, chapters: list[Chapter], repeat: int, load: bool, jobs: int, as_json: bool
) -> int:
    """Run and show it; the exit code."""
    begun = time.monotonic()
    rows = wanted_rows(chapters)
    runs = repeat * sum(bool(row.files) for row in rows)
    with busy(cores()) if load else nullcontext(), bar(screen, runs, as_json) as tell:
        run(rows, repeat, jobs, lambda row: tell(f"ch{row.chapter.id} {row.name}"))
    ok = all(row.ok for row in rows)
    if as_json:
        screen.as_is(json.dumps({"ok": ok, "rows": [row.as_json() for row in rows]}, indent=2))
        return int(not ok)
    for chapter in chapters:
        if own := [row for row in rows if row.chapter is chapter]:
            show_chapter(screen, chapter, own)
    wrong = sum(not row.ok for row in rows)
    screen.line(f"{runs} gradings in {seconds_since(begun)}. Wrong: {wrong} of {len(rows)} rows.")
    return int(not ok)


def show_chapter(screen: Screen, chapter: Chapter, rows: list[Row]) -> None:
    """The table of a chapter, and the notes on what is wrong."""
    screen.line(f"ch{chapter.id}  {chapter.title}", "bold")
    lines = [
        [label(row), row.wanted, clean(row.summary), "ok" if row.ok else "WRONG"] for row in rows
    ]
    screen.table(HEAD, lines)
    for row in rows:
        for note in row.notes:
            screen.item(f"{label(row)}: {note}")
    screen.line()


def label(row: Row) -> str:
    """What a row is called."""
    return row.name if row.kind == row.name else f"{row.kind} {row.name}"


@contextmanager
def bar(screen: Screen, total: int, hidden: bool = False) -> Iterator[Callable[[str], None]]:
    """While this lasts, how far it is, on a terminal; what it gives is told what was done."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    shown = not (hidden or screen.plain)
    with Progress(*columns, console=screen.console, transient=True, disable=not shown) as progress:
        task = progress.add_task("", total=total)
        yield lambda said: progress.update(task, advance=1, description=f"{clean(said):30.30}")
