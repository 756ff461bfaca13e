"""The results of a cohort: one document, which `grade` writes and the reports read.

    {"version": 1, "graded_at": ..., "seed": 4127, "chapters": [{"id": "01", ...}],
     "learners": [{"learner": "amy", "altered": [], "chapters": [{"result": "passed", ...}]}]}

A chapter's `verdict` and its `result` are the same word; `result` is what reports have always read.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from learn.chapters.chapter import Check
from learn.chapters.files import write
from learn.grading.report import Json
from learn.grading.verdict import Verdict
from learn.progress.document import AttemptDocument, CheckDocument
from learn.terminal.errors import LearnError

VERSION = 1

Facts = dict[str, Json]


@dataclass(frozen=True)
class ChapterTitle:
    """What the reports say of a chapter and its checks."""

    id: str
    title: str
    checks: list[Check]


@dataclass(frozen=True)
class LearnerResults:
    """The results of a learner, chapter by chapter."""

    learner: str
    altered: list[str]  # files of the course
    chapters: list[AttemptDocument]

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdict on each chapter."""
        return [chapter.verdict for chapter in self.chapters]


@dataclass(frozen=True)
class CohortResults:
    """The results of a cohort."""

    graded_at: str
    seed: int
    chapters: list[ChapterTitle]
    learners: list[LearnerResults]
    version: int = field(default=VERSION)

    @property
    def exit_code(self) -> int:
        """0 when everyone passed everything, 3 when something could not be graded, else 1."""
        codes = [verdict.exit_code for one in self.learners for verdict in one.verdicts]
        return max(codes, default=Verdict.FAILED.exit_code)

    def as_json(self) -> Facts:
        """Return the document."""
        return {
            "version": self.version,
            "graded_at": self.graded_at,
            "seed": self.seed,
            "chapters": [asdict(chapter) for chapter in self.chapters],
            "learners": [
                {
                    "learner": one.learner,
                    "altered": one.altered,
                    "chapters": [asdict(c) | {"result": c.verdict} for c in one.chapters],
                }
                for one in self.learners
            ],
        }


def write_results(path: Path, results: CohortResults) -> None:
    """Write the document of a cohort."""
    write(path, json.dumps(results.as_json(), indent=1) + "\n")


def read_results(path: Path) -> CohortResults:
    """Return what `grade` wrote, or raise LearnError."""
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["version"] == VERSION:
            return parse_results(document)
    except FileNotFoundError:
        raise LearnError("teach.no_results", path=path) from None
    except (ValueError, KeyError, TypeError):  # not JSON, or not such a document
        pass
    raise LearnError("teach.not_results", path=path)


def parse_results(facts: Facts) -> CohortResults:
    """Return the results that a document describes, or raise KeyError, TypeError or ValueError."""
    return CohortResults(
        graded_at=facts["graded_at"],
        seed=facts["seed"],
        chapters=[
            ChapterTitle(c["id"], c["title"], [Check(**check) for check in c["checks"]])
            for c in facts["chapters"]
        ],
        learners=[
            LearnerResults(
                one["learner"], one["altered"], [parse_chapter(c) for c in one["chapters"]]
            )
            for one in facts["learners"]
        ],
    )


def parse_chapter(facts: Facts) -> AttemptDocument:
    """Return a learner's attempt; in older documents only `result` says all that a verdict can."""
    return AttemptDocument(
        chapter=facts["chapter"],
        verdict=Verdict(facts["result"]),
        seed=facts["seed"],
        reason=facts["reason"],
        checks=[CheckDocument(**check) for check in facts["checks"]],
    )
