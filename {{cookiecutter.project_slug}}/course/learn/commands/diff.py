"""`learn diff`: what the learner changed."""

import difflib

from learn.chapters.chapter import Chapter
from learn.chapters.files import Files
from learn.progress.project import Project
from learn.terminal.messages import text
from learn.terminal.screen import Screen


def show_diff(screen: Screen, project: Project, chapter: Chapter) -> int:
    """Show what the learner changed in the files of a chapter."""
    names = (text("diff.starter"), text("diff.yours"))
    lines = diff_lines(project.starter_of(chapter), project.chapter_files(chapter), names)
    if not lines:
        screen.say("diff.same", chapter=chapter.id)
    screen.diff(lines)
    return 0


def diff_lines(before: Files, after: Files, names: tuple[str, str]) -> list[str]:
    """Return a unified diff of these files; empty where they are the same."""
    return [
        line
        for file in sorted(before.keys() | after.keys())
        for line in difflib.unified_diff(
            before.get(file, "").splitlines(),
            after.get(file, "").splitlines(),
            f"{file} ({names[0]})",
            f"{file} ({names[1]})",
            lineterm="",
        )
    ]
