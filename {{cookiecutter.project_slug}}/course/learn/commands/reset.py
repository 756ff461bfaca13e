"""`learn reset`: a chapter's starter again; what the learner wrote is kept."""

from learn.chapters.chapter import Chapter
from learn.chapters.files import write_files
from learn.commands.options import offer_start
from learn.progress.project import Project
from learn.progress.record import Mark
from learn.terminal.confirm import demand_yes
from learn.terminal.errors import LearnError
from learn.terminal.messages import text
from learn.terminal.screen import Screen


def reset_chapter(screen: Screen, project: Project, chapter: Chapter, yes: bool) -> int:
    """Put the starter back, after asking."""
    demand_closed(project)
    starter = project.starter_of(chapter)
    if not starter:
        screen.say("reset.nothing", chapter=chapter.id)
        return 0
    demand_yes(screen, yes, text("reset.ask", files=", ".join(starter)))
    backup = project.back_up(list(starter))
    write_files(project.folder, starter)
    with project.progress_file.change() as progress:
        progress.unmark(chapter.id, Mark.JUMPED)
    for name in starter:
        screen.say("reset.done", file=name)
    screen.say("reset.backup", folder=backup)
    offer_start(screen, project, chapter)
    return 0


def demand_closed(project: Project) -> None:
    """Refuse an open project, whose app is the only copy of the solution."""
    if project.is_open:
        raise LearnError("open.refused")
