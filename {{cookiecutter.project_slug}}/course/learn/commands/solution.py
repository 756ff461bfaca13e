"""`learn solution`: the solved symbols, after passing or on giving up."""

from learn.chapters.chapter import Chapter
from learn.chapters.symbols import SymbolError, definition
from learn.commands.diff import diff_lines
from learn.progress.project import Project
from learn.progress.record import Mark
from learn.terminal.errors import LearnError
from learn.terminal.messages import text
from learn.terminal.screen import Screen


def show_solution(screen: Screen, project: Project, chapter: Chapter, give_up: bool) -> int:
    """Show the solved symbols, and how the learner's own differ from them."""
    demand_pass(project, chapter, give_up)
    solved = project.solution_of(chapter)
    for target in chapter.targets:
        name, _, symbol = target.partition(":")
        screen.line(target, "bold")
        screen.block(source_of(solved.get(name, ""), symbol))
        screen.line()
    names = (text("diff.yours"), text("diff.solution"))
    lines = diff_lines(project.chapter_files(chapter), solved, names)
    if not chapter.targets:
        screen.say("solution.nothing", chapter=chapter.id)
    elif not lines:
        screen.say("solution.same")
    screen.diff(lines)
    return 0


def demand_pass(project: Project, chapter: Chapter, give_up: bool) -> None:
    """Refuse to go on before the chapter has passed, unless the learner gives up."""
    with project.progress_file.change() as progress:
        if progress.is_passed(chapter.id):
            return
        if not give_up:
            raise LearnError("solution.not_yet", 1, chapter=chapter.id)
        progress.mark(chapter.id, Mark.GAVE_UP)


def source_of(text_of_file: str, symbol: str) -> str:
    """Return a symbol of a file, or all of it."""
    try:
        return definition(text_of_file, symbol) if symbol else text_of_file
    except SymbolError:
        return text_of_file
