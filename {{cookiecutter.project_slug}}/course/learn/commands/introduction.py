"""The introduction of a chapter: what to read, what to do, and where."""

from learn.chapters.chapter import Chapter
from learn.progress.project import Project
from learn.terminal.messages import text
from learn.terminal.screen import Screen


def introduce(screen: Screen, project: Project, chapter: Chapter) -> None:
    """Show what a chapter is about, what to read and do, and where."""
    show_head(screen, project, chapter)
    screen.row("", chapter.objective)
    if project.is_open:
        screen.row("note", text("open.note"))
    if questions := project.unanswered_questions(chapter):
        screen.row("ask", text("intro.questions", count=len(questions), chapter=chapter.id))
    lesson = project.display_path(chapter.lesson)
    screen.row("read", text("intro.lesson", lesson=lesson, chapter=chapter.id))
    if chapter.todo:
        screen.row("do", chapter.todo)
    if place := project.place(chapter):
        screen.row("file", place)


def show_head(screen: Screen, project: Project, chapter: Chapter, more: str = "") -> None:
    """Show which chapter it is, how many are done, and more."""
    screen.sides(f"ch{chapter.id}  {chapter.title}", f"{project.tally()}{more}", "bold")
