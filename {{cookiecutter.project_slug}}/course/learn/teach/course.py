"""The course itself: opened to be worked on, kept up to date, and handed out again."""

from learn.chapters.chapter import Chapter
from learn.chapters.handout import hand_out, open_up
from learn.chapters.symbols import SymbolError
from learn.progress.project import Project
from learn.teach.lesson_blocks import check_lessons
from learn.terminal.confirm import demand_yes
from learn.terminal.errors import LearnError
from learn.terminal.screen import Screen


def open_course(screen: Screen, project: Project, yes: bool) -> int:
    """Put the solution into `app/`, to work on the course."""
    if project.is_open:
        screen.say("teach.is_open")
        return 0
    files = [name for name, text in project.solution.items() if project.read(name) != text]
    demand_yes(screen, yes, f"Replace {len(files)} files of app/ with the solution?")
    backup = project.back_up(files)
    open_up(project.folder)
    screen.say("teach.opened", count=len(files), folder=backup)
    return 0


def close_course(screen: Screen, project: Project) -> int:
    """Put the starters into `app/`, keep the solution apart, and seal the files that grade."""
    if not project.is_open:
        raise LearnError("teach.is_closed")
    try:
        hand_out(project.folder)
    except (SymbolError, SyntaxError, KeyError) as error:
        raise LearnError("teach.no_fit", 1, cause=error) from None
    screen.say("teach.closed")
    return 0


def update_lessons(screen: Screen, chapters: list[Chapter], check: bool) -> int:
    """Update the source and the exchanges that lessons show; with `check` only compare them."""
    problems = check_lessons(chapters, update=not check)
    for problem in problems:
        screen.item(problem, indent=0)
    screen.say("teach.lessons", count=len(problems))
    return int(check and bool(problems))
