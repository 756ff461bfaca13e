"""`learn check`: one chapter or all, for a person or a program."""

from dataclasses import asdict

from learn.chapters.chapter import Chapter
from learn.commands.chapter_screen import BAD, GOOD, ODD, ChapterScreen, show_altered
from learn.grading.report import draw_seed
from learn.grading.verdict import Verdict, overall_verdict
from learn.progress.attempt import Attempt, check_chapter
from learn.progress.document import document_of, dump
from learn.progress.project import Project
from learn.terminal.messages import text
from learn.terminal.screen import Screen

# What the table says of a verdict: a text of the catalogue, and its style.
CELLS = {
    Verdict.PASSED: ("check.ok", GOOD),
    Verdict.FAILED: ("check.not_yet", BAD),
    Verdict.NOT_BEGUN: ("check.not_yet", BAD),
    Verdict.BROKEN: ("check.not_yet", BAD),
    Verdict.ALTERED: ("altered.word", ODD),
    Verdict.COULD_NOT_GRADE: ("check.not_graded", ODD),
}


def check_one(
    screen: Screen, project: Project, chapter: Chapter, seed: int | None, json: bool
) -> int:
    """Check a chapter; return the exit code."""
    if json:
        attempt = check_chapter(project, chapter, seed)
        screen.block(dump(asdict(document_of(attempt))))
    else:
        chosen = draw_seed() if seed is None else seed
        attempt = ChapterScreen(screen, project, chapter, chosen).check()
    return attempt.verdict.exit_code


def check_all(screen: Screen, project: Project, seed: int | None, json: bool) -> int:
    """Check every chapter; return the exit code."""
    attempts = []
    for chapter in project.chapters:
        with screen.spinner() as spinner:
            spinner.say(text("check.chapter_running", chapter=chapter.id, title=chapter.title))
            attempt = check_chapter(project, chapter, seed)
        attempts.append(attempt)
        if not json:
            show_row(screen, attempt)
    verdicts = [attempt.verdict for attempt in attempts]
    verdict = overall_verdict(verdicts)
    if json:
        chapters = [asdict(document_of(attempt)) for attempt in attempts]
        screen.block(dump({"verdict": verdict, "chapters": chapters}))
        return verdict.exit_code
    screen.say("check.all", count=verdicts.count(Verdict.PASSED), total=len(verdicts))
    if Verdict.ALTERED in verdicts:
        show_altered(screen, project, attempts[0].altered)
    return verdict.exit_code


def show_row(screen: Screen, attempt: Attempt) -> None:
    """Show a chapter with its verdict, and what failed first."""
    key, style = CELLS[attempt.verdict]
    screen.check(f"ch{attempt.chapter.id}", attempt.chapter.title, text(key), style)
    if attempt.verdict.exit_code == Verdict.FAILED.exit_code:
        screen.item(first_problem(attempt), indent=5)


def first_problem(attempt: Attempt) -> str:
    """Return the title of the check that failed, or why none was run."""
    failure = attempt.report.first_failure
    titles = {check.id: check.title for check in attempt.chapter.checks}
    return titles[failure.check] if failure else attempt.report.reason
