"""`learn lesson`: the lesson of a chapter, on the terminal."""

import re

from learn.chapters.chapter import Chapter
from learn.progress.project import Project
from learn.terminal.errors import LearnError
from learn.terminal.screen import Screen

IMAGE = re.compile(r"!\[(.*?)\]\(([^:)]+)\)")  # a terminal shows its path instead


def show_lesson(screen: Screen, project: Project, chapter: Chapter) -> int:
    """Show a lesson."""
    if not chapter.lesson.exists():
        raise LearnError("lesson.none", chapter=chapter.id)
    folder = project.display_path(chapter.folder)
    source = chapter.lesson.read_text("utf-8")
    screen.markdown(IMAGE.sub(lambda found: f"{found[1]}: `{folder}/{found[2]}`", source))
    screen.line()
    screen.row("file", project.display_path(chapter.lesson))
    return 0
