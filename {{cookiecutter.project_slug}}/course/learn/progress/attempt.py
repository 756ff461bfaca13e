"""An attempt at a chapter: from a learner's files to a verdict, and what is recorded of it."""

from dataclasses import dataclass, field

from learn.chapters.chapter import Chapter
from learn.chapters.faults import Fault
from learn.grading.grader import Listener, grade
from learn.grading.report import Report, draw_seed
from learn.grading.verdict import Verdict
from learn.progress.project import Project
from learn.progress.record import Mark
from learn.terminal.messages import text


@dataclass
class Attempt:
    """An attempt at a chapter, with its verdict."""

    chapter: Chapter
    report: Report
    fault: Fault | None = None  # why it is BROKEN
    altered: list[str] = field(default_factory=list)  # files of the course: why it is ALTERED

    @property
    def verdict(self) -> Verdict:
        """The verdict of its report."""
        return self.report.verdict


def check_chapter(
    project: Project,
    chapter: Chapter,
    seed: int | None = None,
    listener: Listener = lambda _: None,
) -> Attempt:
    """Grade a chapter, unless its verdict is clear without running anything, and record it."""
    report = Report(chapter.id, draw_seed() if seed is None else seed)
    attempt = attempt_without_grading(project, chapter, report)
    if attempt is None:
        files = project.files(chapter)
        graded = grade(chapter, files, project.folder, report.seed, listener=listener)
        attempt = Attempt(chapter, graded)
        if attempt.verdict is Verdict.FAILED:
            project.save_report(graded)
    record_attempt(project, attempt)
    return attempt


def attempt_without_grading(project: Project, chapter: Chapter, report: Report) -> Attempt | None:
    """Return the attempt if its verdict is clear without running anything; else None."""
    attempt = Attempt(chapter, report)
    if files := project.altered_files():
        attempt.altered, report.verdict = files, Verdict.ALTERED
        report.reason = text("altered.reason", files=", ".join(files))
    elif not chapter.checks:
        judge_answers(project, attempt)
    elif fault := project.fault(chapter):
        attempt.fault, report.verdict = fault, Verdict.BROKEN
        report.reason = f"{fault.place}: {fault.cause}"
    elif not project.is_open and not project.is_begun(chapter):
        report.verdict = Verdict.NOT_BEGUN
        report.reason = text("check.unwritten", place=project.place(chapter))
    else:
        return None
    return attempt


def judge_answers(project: Project, attempt: Attempt) -> None:
    """Set the verdict on a chapter that has nothing but questions: it passes once all have one."""
    report = attempt.report
    if project.unanswered_questions(attempt.chapter):
        report.verdict = Verdict.NOT_BEGUN
        report.reason = text("check.unanswered", chapter=attempt.chapter.id)
    else:
        report.verdict = Verdict.PASSED


def record_attempt(project: Project, attempt: Attempt) -> None:
    """Record a grading, and a pass; the solution that `jump` put there passes nothing."""
    chapter, report = attempt.chapter, attempt.report
    with project.progress_file.change() as progress:
        if report.results and report.verdict in (Verdict.PASSED, Verdict.FAILED):
            progress.note_attempt(chapter.id, report.failures)
        given = Mark.JUMPED in progress.of(chapter.id).marks and chapter.targets
        own = not given or project.chapter_files(chapter) != project.solution_of(chapter)
        if report.verdict is Verdict.PASSED and own:
            progress.note_pass(chapter.id, report.seed)
