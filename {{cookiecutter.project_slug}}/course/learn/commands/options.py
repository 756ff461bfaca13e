"""Options: what can be done next, as commands to type, or as keys during a watch."""

from learn.chapters.chapter import Chapter
from learn.commands.hint import LEVELS, next_level
from learn.progress.attempt import Attempt
from learn.progress.project import Project
from learn.terminal.screen import Screen


def offer(
    screen: Screen, project: Project, chapter: Chapter, commands: list[str], keys: list[str]
) -> None:
    """Show what can be done with a chapter."""
    level = next_level(project.progress_file.read().of(chapter.id).hints)
    screen.options(commands, keys, chapter=chapter.id, level=level, levels=LEVELS)


def offer_start(screen: Screen, project: Project, chapter: Chapter) -> None:
    """Show how to start with a chapter."""
    first = ["predict"] if project.unanswered_questions(chapter) else []
    work = "edit" if chapter.targets else "redo"
    screen.options([*first, work, "stay"], chapter=chapter.id)


def offer_next(screen: Screen, project: Project) -> None:
    """Show what can be done after a chapter that has passed."""
    following = project.current_chapter()
    if following is None:
        screen.say("check.nothing_left", style="bold green")
        screen.options([], ["status", "quit"])
        return
    facts = {"chapter": following.id, "title": following.title}
    screen.options(["chapter"], ["next", "lesson", "status", "quit"], **facts)


def replay_options(attempt: Attempt) -> list[str]:
    """Return what there is to see of a failure: the request, or only what the app wrote."""
    if any(result.evidence.curl for result in attempt.report.results):
        return ["replay"]
    return ["log"] if attempt.report.log else []
