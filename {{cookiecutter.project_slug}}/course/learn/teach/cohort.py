"""A cohort: a folder of learners' checkouts, graded by this copy of the course.

Nothing in a checkout is graded except `app/`. Its own graders are not run; whether they, or other
files that grade, were altered is reported with the results.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from learn.chapters.chapter import Chapter
from learn.chapters.files import Files
from learn.chapters.handout import altered_files
from learn.grading.grader import grade
from learn.grading.report import Report
from learn.grading.verdict import Verdict
from learn.progress.attempt import Attempt
from learn.progress.document import AttemptDocument, document_of
from learn.progress.project import Project
from learn.teach.results import ChapterTitle, CohortResults, LearnerResults
from learn.terminal.errors import LearnError

Advance = Callable[[str], None]  # called with the name of each grading that is done


class Checkout(Project):
    """A learner's project, graded by an instructor's course."""

    def __init__(self, folder: Path, course: Project) -> None:
        super().__init__(folder)
        self.course = course

    @property
    def name(self) -> str:
        """The learner's name, which is that of the folder."""
        return self.folder.name

    @cached_property
    def chapters(self) -> list[Chapter]:
        """The chapters of the instructor's course, whatever the checkout has."""
        return self.course.chapters

    @cached_property
    def solution(self) -> Files:
        """The solution of the instructor's course."""
        return self.course.solution

    def altered_files(self) -> list[str]:
        """Return the files that grade and are not as the instructor handed them out."""
        try:
            return altered_files(self.folder, self.course.folder)
        except OSError as error:
            return [str(error)]


def grade_cohort(
    checkouts: list[Checkout],
    chapters: list[Chapter],
    seed: int,
    jobs: int,
    advance: Advance = lambda _: None,
) -> CohortResults:
    """Grade each chapter of each checkout, all with the same inputs."""
    graded = grade_all(checkouts, chapters, seed, jobs, advance)
    return CohortResults(
        graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        chapters=[ChapterTitle(c.id, c.title, c.checks) for c in chapters],
        learners=[
            LearnerResults(
                one.name, one.altered_files(), [graded[one.name, c.id] for c in chapters]
            )
            for one in checkouts
        ],
    )


def grade_all(
    checkouts: list[Checkout], chapters: list[Chapter], seed: int, jobs: int, advance: Advance
) -> dict[tuple[str, str], AttemptDocument]:
    """Return the attempt of each learner at each chapter, by their names."""
    graded: dict[tuple[str, str], AttemptDocument] = {}
    with ThreadPoolExecutor(jobs) as pool:
        running = {
            pool.submit(grade_checkout, checkout, chapter, seed): (checkout.name, chapter.id)
            for checkout in checkouts
            for chapter in chapters
        }
        try:
            for done in as_completed(running):
                name, id_ = running[done]
                graded[name, id_] = done.result()
                advance(f"{name} ch{id_}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return graded


def grade_checkout(checkout: Checkout, chapter: Chapter, seed: int) -> AttemptDocument:
    """Grade one chapter of one checkout."""
    try:
        report = report_of(checkout, chapter, seed)
    except OSError as error:
        report = Report(chapter.id, seed, reason=str(error))
    return document_of(Attempt(chapter, report))


def report_of(checkout: Checkout, chapter: Chapter, seed: int) -> Report:
    """Grade what can be graded."""
    if not (checkout.folder / "app").is_dir():
        return Report(chapter.id, seed, reason="There is no app/ in this folder.")
    if fault := checkout.fault(chapter):
        reason = f"{fault.place}: {fault.cause}"
        return Report(chapter.id, seed, Verdict.BROKEN, reason)
    if not checkout.is_begun(chapter):
        return Report(chapter.id, seed, Verdict.NOT_BEGUN)
    return grade(chapter, checkout.files(chapter), checkout.folder, seed)


def find_checkouts(folder: Path, course: Project) -> list[Checkout]:
    """Return the folders in this folder, by name; each is a learner's."""
    paths = sorted(path for path in folder.iterdir() if path.is_dir())
    found = [Checkout(path, course) for path in paths if not path.name.startswith(".")]
    if not found:
        raise LearnError("teach.no_checkouts", folder=folder)
    if (folder / "app").is_dir():
        raise LearnError("teach.one_project", folder=folder)
    return found
