"""`learn next`: the next chapter that is not done."""

from learn.chapters.chapter import Chapter
from learn.commands.introduction import introduce
from learn.commands.options import offer_start
from learn.progress.project import Project
from learn.progress.record import Mark
from learn.terminal.messages import text
from learn.terminal.screen import Screen


def go_on(screen: Screen, project: Project, skip: bool) -> int:
    """Choose the next chapter that is not done, and introduce it."""
    left = project.current_chapter()
    if left is None:
        screen.say("check.nothing_left")
        return 0
    chapter = chapter_after(project, left) if skip else left
    with project.progress_file.change() as progress:
        stays = progress.current == chapter.id
        progress.current = chapter.id
        if left is not chapter:
            progress.mark(left.id, Mark.SKIPPED)
    introduce(screen, project, chapter)
    if left is not chapter:
        screen.row("note", text("next.skipped", chapter=left.id, title=left.title))
    elif stays:
        screen.row("note", text("next.stays", chapter=chapter.id))
    offer_start(screen, project, chapter)
    return 0


def chapter_after(project: Project, chapter: Chapter) -> Chapter:
    """Return the next chapter that is not done; this one if there is none after it."""
    progress = project.progress_file.read()
    rest = project.chapters[project.chapters.index(chapter) + 1 :]
    return next((c for c in rest if not progress.is_done(c.id)), chapter)
