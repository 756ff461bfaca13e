"""`learn teach matrix`: a table for each chapter."""

import json
import time
from contextlib import nullcontext

from learn.chapters.chapter import Chapter
from learn.teach.load import count_cores, cpu_load
from learn.teach.matrix import Row, grade_rows, rows_of_chapters
from learn.terminal.encoding import clean
from learn.terminal.progress_bar import progress_bar
from learn.terminal.screen import Screen

HEAD = ["variant", "wanted", "came", ""]


def show_matrix(
    screen: Screen, chapters: list[Chapter], repeat: int, load: bool, jobs: int, as_json: bool
) -> int:
    """Grade and show the matrix; return the exit code."""
    begun = time.monotonic()
    rows = rows_of_chapters(chapters)
    runs = repeat * sum(bool(row.files) for row in rows)
    busy = cpu_load(count_cores()) if load else nullcontext()
    with busy, progress_bar(screen, runs, as_json) as advance:
        grade_rows(rows, repeat, jobs, lambda row: advance(f"ch{row.chapter.id} {row.name}"))
    ok = all(row.ok for row in rows)
    if as_json:
        screen.block(json.dumps({"ok": ok, "rows": [row.as_json() for row in rows]}, indent=2))
        return int(not ok)
    for chapter in chapters:
        if own := [row for row in rows if row.chapter is chapter]:
            show_chapter(screen, chapter, own)
    wrong, seconds = sum(not row.ok for row in rows), time.monotonic() - begun
    screen.line(f"{runs} gradings in {seconds:.0f} s. Wrong: {wrong} of {len(rows)} rows.")
    return int(not ok)


def show_chapter(screen: Screen, chapter: Chapter, rows: list[Row]) -> None:
    """Show the table of a chapter, and the notes on what is wrong."""
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
    """Return the label of a row."""
    return row.name if row.kind == row.name else f"{row.kind} {row.name}"
