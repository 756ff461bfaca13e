"""`learn status`: every chapter and its state."""

from learn.chapters.chapter import Chapter
from learn.commands.options import offer_start
from learn.progress.project import Project
from learn.progress.record import Mark, Record
from learn.terminal.messages import text
from learn.terminal.screen import Screen


def show_status(screen: Screen, project: Project) -> int:
    """Show every chapter, its state, and what to do next."""
    current = project.current_chapter()
    heads = [
        text("status.chapter"),
        text("status.title"),
        text("status.state"),
        text("status.attempts"),
        text("status.hints"),
    ]
    progress = project.progress_file.read()
    rows = [row_of(c, progress.of(c.id), c is current) for c in project.chapters]
    screen.table(heads, rows)
    screen.line(project.tally())
    if project.is_open:
        screen.say("open.note")
    if current:
        offer_start(screen, project, current)
    else:
        screen.say("check.nothing_left")
    return 0


def row_of(chapter: Chapter, record: Record, is_current: bool) -> list[str]:
    """Return the cells of a chapter."""
    return [
        f"{'>' if is_current else ' '} {chapter.id}",
        chapter.title,
        state_of(record, is_current),
        str(record.attempts or "-"),
        str(len(record.hints) or "-"),
    ]


def state_of(record: Record, is_current: bool) -> str:
    """Return the state of a chapter, in a word or two."""
    if record.passed is not None:
        return text("status.passed")
    if Mark.JUMPED in record.marks:
        return text("status.jumped")
    if Mark.GAVE_UP in record.marks:
        return text("status.gave_up")
    if Mark.SKIPPED in record.marks and not is_current:
        return text("status.skipped")
    if record.attempts:
        return text("status.begun")
    return text("status.current" if is_current else "status.open")
