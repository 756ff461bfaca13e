"""`learn jump`: a later chapter, with the ones before it solved."""

from learn.chapters.chapter import Chapter
from learn.chapters.files import write_files
from learn.commands.introduction import introduce
from learn.commands.options import offer_start
from learn.commands.reset import demand_closed
from learn.progress.project import Project
from learn.progress.record import Mark
from learn.terminal.confirm import demand_yes
from learn.terminal.messages import text
from learn.terminal.screen import Screen


def jump_to(screen: Screen, project: Project, chapter: Chapter, yes: bool) -> int:
    """Solve every earlier chapter that has not passed, and choose this one."""
    demand_closed(project)
    progress = project.progress_file.read()
    before = project.chapters[: project.chapters.index(chapter)]
    skipped = [earlier for earlier in before if not progress.is_passed(earlier.id)]
    put_solutions(screen, project, chapter, skipped, yes)
    with project.progress_file.change() as progress:
        for earlier in skipped:
            progress.mark(earlier.id, Mark.JUMPED)
        progress.unmark(chapter.id, Mark.JUMPED)
        progress.current = chapter.id
    for earlier in skipped:
        screen.say("jump.solved", chapter=earlier.id, title=earlier.title)
    introduce(screen, project, chapter)
    offer_start(screen, project, chapter)
    return 0


def put_solutions(
    screen: Screen, project: Project, chapter: Chapter, skipped: list[Chapter], yes: bool
) -> None:
    """Replace the files of the skipped chapters, after asking."""
    files = {name: text_ for c in skipped for name, text_ in project.solution_of(c).items()}
    changed = {name: text_ for name, text_ in files.items() if project.read(name) != text_}
    if changed:
        demand_yes(screen, yes, text("jump.ask", chapter=chapter.id, files=", ".join(changed)))
        screen.say("reset.backup", folder=project.back_up(list(changed)))
        write_files(project.folder, changed)
