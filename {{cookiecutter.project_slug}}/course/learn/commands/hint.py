"""`learn hint`: from a question that points the way to nearly the answer."""

from learn.chapters.chapter import Chapter
from learn.progress.project import Project
from learn.terminal.errors import LearnError
from learn.terminal.screen import Screen

LEVELS = 4


def next_level(taken: list[int]) -> int:
    """Return the level after the highest one that was shown."""
    return min(max(taken, default=0) + 1, LEVELS)


def show_hint(screen: Screen, project: Project, chapter: Chapter, level: int | None = None) -> int:
    """Show a hint, the next one unless a level is given, and record that it was shown."""
    hints = chapter.hints
    if not hints:
        raise LearnError("hint.none", chapter=chapter.id)
    with project.progress_file.change() as progress:
        chosen = level or next_level(progress.of(chapter.id).hints)
        if chosen not in hints:
            raise LearnError("hint.no_level", level=chosen, levels=len(hints))
        progress.note_hint(chapter.id, chosen)
    screen.say("hint.title", style="bold", chapter=chapter.id, level=chosen, levels=len(hints))
    screen.markdown(hints[chosen])
    screen.line()
    more = "plainer" if chosen < max(hints) else "answer"
    screen.options(["try", more], chapter=chapter.id)
    return 0
