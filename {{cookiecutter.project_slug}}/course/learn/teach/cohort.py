"""`learn teach grade`: a folder of learners' checkouts, graded by this copy of the course.

Of a checkout, nothing but `app/` is graded. Its own graders are not run; whether they, or what else
of the course grades, were altered is said beside the results. What comes out is one document:

    {"version": 1, "graded_at": ..., "seed": 4127, "chapters": [{"id": "01", ...}],
     "learners": [{"learner": "amy", "altered": [], "chapters": [{"result": "passed", ...}]}]}
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from learn.chapters import Chapter, Files
from learn.checking import Outcome, as_json
from learn.grading import Report, Verdict, grade
from learn.handout import altered
from learn.learner import Learner, LearnError

VERSION = 1
PASSED = "passed"
FAILED = "failed"
NOT_BEGUN = "not begun"  # the starter as it was handed out
BROKEN = "broken"  # no Python, or no file
NO_VERDICT = "could not grade"

Document = dict[str, Any]


class Checkout(Learner):
    """A learner's project, seen from the course of whoever grades it."""

    def __init__(self, project: Path, course: Learner) -> None:
        super().__init__(project)
        self.course = course

    @property
    def name(self) -> str:
        """What the learner is called: the name of the folder."""
        return self.project.name

    @cached_property
    def chapters(self) -> list[Chapter]:
        """Those of the course, whatever stands in the checkout."""
        return self.course.chapters

    @cached_property
    def solved(self) -> Files:
        """The course's solution."""
        return self.course.solved

    def altered(self) -> list[str]:
        """What grades, and is not in the checkout as it was handed out."""
        try:
            return altered(self.project, self.course.project)
        except OSError as error:
            return [str(error)]


def grade_cohort(
    checkouts: list[Checkout],
    chapters: list[Chapter],
    seed: int,
    jobs: int,
    told: Callable[[str], None] = lambda _: None,
) -> Document:
    """Grade each chapter of each checkout, all with the same inputs; `told` hears of each."""
    graded = grade_all(checkouts, chapters, seed, jobs, told)
    return {
        "version": VERSION,
        "graded_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "chapters": [described(chapter) for chapter in chapters],
        "learners": [
            {
                "learner": checkout.name,
                "altered": checkout.altered(),
                "chapters": [graded[checkout.name, chapter.id] for chapter in chapters],
            }
            for checkout in checkouts
        ],
    }


def grade_all(
    checkouts: list[Checkout],
    chapters: list[Chapter],
    seed: int,
    jobs: int,
    told: Callable[[str], None],
) -> dict[tuple[str, str], Document]:
    """What came of each chapter of each learner, by their names."""
    graded: dict[tuple[str, str], Document] = {}
    with ThreadPoolExecutor(jobs) as pool:
        running = {
            pool.submit(looked_at, checkout, chapter, seed): (checkout.name, chapter.id)
            for checkout in checkouts
            for chapter in chapters
        }
        try:
            for done in as_completed(running):
                name, id_ = running[done]
                graded[name, id_] = done.result()
                told(f"{name} ch{id_}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return graded


def looked_at(checkout: Checkout, chapter: Chapter, seed: int) -> Document:
    """One chapter of one checkout."""
    outcome = Outcome(chapter, Report(chapter.id, seed))
    try:
        result = found(checkout, outcome)
    except OSError as error:
        result, outcome.report.reason = NO_VERDICT, str(error)
    return as_json(outcome) | {"result": result}


def found(checkout: Checkout, outcome: Outcome) -> str:
    """Grade what can be graded; the result in a word."""
    chapter, report = outcome.chapter, outcome.report
    if not (checkout.project / "app").is_dir():
        report.reason = "There is no app/ in this folder."
        return NO_VERDICT
    report.verdict = Verdict.FAILED
    if fault := checkout.fault(chapter):
        report.reason = f"{fault.place}: {fault.cause}"
        return BROKEN
    if checkout.is_unwritten(chapter):
        return NOT_BEGUN
    outcome.report = grade(chapter, checkout.files(chapter), checkout.project, report.seed)
    words = {Verdict.PASSED: PASSED, Verdict.FAILED: FAILED}
    return words.get(outcome.verdict, NO_VERDICT)


def described(chapter: Chapter) -> Document:
    """What a report has to know of a chapter."""
    checks = [{"id": check["id"], "title": check["title"]} for check in chapter.facts["checks"]]
    return {"id": chapter.id, "title": chapter.title, "checks": checks}


def find_checkouts(folder: Path, course: Learner) -> list[Checkout]:
    """The folders in this folder, by name; each is a learner's."""
    paths = sorted(path for path in folder.iterdir() if path.is_dir())
    found = [Checkout(path, course) for path in paths if not path.name.startswith(".")]
    if not found:
        raise LearnError("teach.no_checkouts", folder=folder)
    if (folder / "app").is_dir():
        raise LearnError("teach.one_project", folder=folder)
    return found
