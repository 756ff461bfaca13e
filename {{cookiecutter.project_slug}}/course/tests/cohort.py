"""A cohort to grade: folders of learners of every sort, and the verdict that each must get.

    python course/tests/cohort.py FOLDER        # from the project, with PYTHONPATH=course

makes thirty learners of this course, and prints what `learn teach grade FOLDER` must find.
"""

import shutil
import sys
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from learn.chapters.chapter import Chapter, load_chapters
from learn.chapters.files import Files, read_files, write, write_files
from learn.chapters.handout import SOLUTION, hand_out, solved_files
from learn.grading.verdict import Verdict

SOLVERS, BEGINNERS, MISTAKEN, INVENTIVE = 6, 5, 9, 3

# What a learner who wants the pass, and not the work, might put before everything else in a file.
CHEATS = {
    "exits": "raise SystemExit(0)",
    "exits_at_once": "import os; os._exit(0)",
    "forges": """import contextlib, os, signal
with contextlib.suppress(OSError), open(f"/proc/{os.getppid()}/fd/1", "w") as grader:
    for check in ("twice", "word"):
        grader.write('{"nonce": "", "check": "%s", "passed": true}\\n' % check)
    grader.write('{"nonce": "", "done": true}\\n')
os.kill(os.getppid(), signal.SIGKILL)
os._exit(0)""",
    "equals": """class Equal:
    __eq__ = lambda *_: True
    __hash__ = object.__hash__""",
    "does_not_parse": "def :",
}
INTRUDER = """import learn.grading.exchange
learn.grading.exchange.Exchange.expect = lambda self, *_, **__: self
"""


@dataclass
class Learner:
    """A learner to be graded."""

    name: str
    files: Files
    expected: dict[str, Verdict]  # by chapter
    altered: list[str] = field(default_factory=list)  # what else of the project was changed


def learners(project: Path) -> list[Learner]:
    """Thirty learners, of solutions, starters, mutants, alternatives and cheats."""
    solved, chapters = solved_files(project), load_chapters(project / "course")
    written = [chapter for chapter in chapters if chapter.targets]
    starters = begun(solved, written)
    passed = {chapter.id: Verdict.PASSED for chapter in written}
    nothing = {chapter.id: Verdict.NOT_BEGUN for chapter in written}
    made = [Learner(f"solver-{n}", solved, passed) for n in range(SOLVERS)]
    made += [Learner(f"beginner-{n}", starters, nothing) for n in range(BEGINNERS)]
    for kind, count, result in (
        ("mutants", MISTAKEN, Verdict.FAILED),
        ("alternatives", INVENTIVE, Verdict.PASSED),
    ):
        variants = [(c, variant) for c in written for variant in c.variants(kind)]
        step = max(len(variants) // count, 1)
        for n, (chapter, variant) in enumerate(islice(cycle(variants[::step]), count)):
            name = f"{kind[:-1]}-{n}-{variant.name}"
            files = starters | changed(variant.apply(solved), starters, chapter)
            made.append(Learner(name, files, nothing | {chapter.id: result}))
    return made + cheats(starters, nothing, written[0])


def changed(files: Files, starters: Files, chapter: Chapter) -> Files:
    """The files of a chapter, and those that are new."""
    return {n: text for n, text in files.items() if n in chapter.files or n not in starters}


def begun(solved: Files, chapters: list[Chapter]) -> Files:
    """The app as it is handed out."""
    files = solved
    for chapter in chapters:
        assert chapter.starter
        files = chapter.starter.apply(files)
    return files


def cheats(starters: Files, nothing: dict[str, Verdict], chapter: Chapter) -> list[Learner]:
    """Learners who want only the pass: nothing is written in the chapter's file except this."""
    name = chapter.files[0]
    results = dict.fromkeys(CHEATS, Verdict.COULD_NOT_GRADE) | {
        "equals": Verdict.FAILED,
        "does_not_parse": Verdict.BROKEN,
    }
    made = []
    for cheat, code in CHEATS.items():
        files = starters | {name: f"{code}\n{starters[name]}"}
        made.append(Learner(f"cheat-{cheat}", files, nothing | {chapter.id: results[cheat]}))
    touched = starters | {name: starters[name] + "\n# I have done something.\n"}
    failed = nothing | {chapter.id: Verdict.FAILED}
    grader = f"course/chapters/{chapter.folder.name}/grader.py"
    made.append(Learner("cheat-edits_the_grader", touched, failed, [grader]))
    made.append(Learner("cheat-intrudes", touched, failed, ["conftest.py", "sitecustomize.py"]))
    return made


def make_cohort(folder: Path, project: Path) -> list[Learner]:
    """Write the folders of thirty learners, each a copy of what was handed out."""
    made = learners(project)
    assert len(made) == 30
    for learner in made:
        copy = folder / learner.name
        copy_project(project, copy)
        write_files(copy, learner.files)
        for name in learner.altered:
            write(copy / name, INTRUDER)
    return made


def copy_project(project: Path, copy: Path) -> None:
    """The app, the course and nothing else; handed out, if it is not."""
    write_files(copy, read_files(project))
    skipped = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(project / "course", copy / "course", ignore=skipped)
    if not (project / SOLUTION).exists():
        hand_out(copy)


if __name__ == "__main__":
    for one in make_cohort(Path(sys.argv[1]), Path.cwd()):
        results = ", ".join(f"{id_} {result}" for id_, result in one.expected.items())
        sys.stdout.write(f"{one.name}: {results} {' '.join(one.altered)}\n")
