"""A learner's desk: the project, the chapters, how far they have come, and what they wrote."""

import json
import tomllib
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from learn.chapters import Chapter, ChapterError, Files, find_chapter, load_chapters
from learn.faults import Fault, line_of, syntax_fault
from learn.grading import Report, learners_files, state_folder
from learn.handout import SOLUTION, solved_files, write, write_files
from learn.messages import text
from learn.process import COURSE
from learn.progress import ProgressFile
from learn.screens import Screen

LONGEST_LOG = 200_000


class LearnError(Exception):
    """Something that a learner can mend; the message says how. `exit_code` is the command's."""

    def __init__(self, key: str, exit_code: int = 2, **facts: object) -> None:
        super().__init__(text(key, **facts))
        self.exit_code = exit_code


class Learner:
    """Whoever has this project."""

    def __init__(self, project: Path = COURSE.parent) -> None:
        self.project = project
        self.state = state_folder()
        self.store = ProgressFile(self.state, told=self._tell_damaged)

    def _tell_damaged(self, path: Path) -> None:
        Screen(stderr=True).say("progress.damaged", path=self.shown(path))

    @cached_property
    def chapters(self) -> list[Chapter]:
        """All of them, in order."""
        try:
            found = load_chapters(self.project / "course")
        except tomllib.TOMLDecodeError as error:
            raise LearnError("error.course_damaged", 3, cause=error) from None
        if not found:
            raise LearnError("error.no_chapters", 3)
        return found

    @property
    def is_open(self) -> bool:
        """The app of this project is the solution, as instructors have it."""
        return not (self.project / SOLUTION).exists()

    def chapter(self, wanted: str | None) -> Chapter:
        """The one that is meant; without a word of it, the current one."""
        if wanted is None:
            return self.current() or self.chapters[-1]
        try:
            return find_chapter(self.chapters, wanted)
        except ChapterError:
            ids = ", ".join(chapter.id for chapter in self.chapters)
            raise LearnError("error.no_chapter", wanted=wanted, ids=ids) from None

    def current(self) -> Chapter | None:
        """The first that is not done, from the chosen one on; None when all are done."""
        progress = self.store.read()
        ids = [chapter.id for chapter in self.chapters]
        chosen = ids.index(progress.current) if progress.current in ids else 0
        for chapter in [*self.chapters[chosen:], *self.chapters[:chosen]]:
            if not progress.is_done(chapter.id):
                return chapter
        return None

    def done(self) -> str:
        """`3 of 12 done`, and how many of the others were solved for the learner."""
        progress = self.store.read()
        ids = [chapter.id for chapter in self.chapters]
        count = sum(map(progress.is_passed, ids))
        solved = sum(map(progress.is_done, ids)) - count
        key = "check.done_and_solved" if solved else "check.done"
        return text(key, count=count, total=len(ids), solved=solved)

    def files(self, chapter: Chapter) -> Files:
        """The app as the learner has it, and what the chapter asks for elsewhere."""
        return learners_files(self.project) | self.written(chapter)

    def written(self, chapter: Chapter) -> Files:
        """The files of the chapter that there are."""
        paths = {name: self.project / name for name in chapter.files}
        return {n: path.read_text("utf-8") for n, path in paths.items() if path.is_file()}

    @cached_property
    def solved(self) -> Files:
        """The app with every exercise solved."""
        return solved_files(self.project)

    def solution(self, chapter: Chapter) -> Files:
        """The files of a chapter, solved."""
        return {name: self.solved[name] for name in chapter.files if name in self.solved}

    def starter(self, chapter: Chapter) -> Files:
        """The files of a chapter as they are handed out."""
        given = chapter.starter.apply(self.solved) if chapter.starter else self.solved
        return {name: given[name] for name in chapter.files if name in given}

    def is_unwritten(self, chapter: Chapter) -> bool:
        """Nothing was changed yet."""
        return bool(chapter.targets) and self.written(chapter) == self.starter(chapter)

    def fault(self, chapter: Chapter) -> Fault | None:
        """Why the learner's files cannot be graded, if so."""
        try:
            files = self.files(chapter)
        except UnicodeDecodeError:
            return Fault(self._not_utf8(chapter), text("check.not_utf8"))
        for name in chapter.files:
            if name not in files:
                return Fault(name, text("check.missing", file=name, chapter=chapter.id))
            if fault := syntax_fault(name, files[name]):
                return fault
        return None

    def _not_utf8(self, chapter: Chapter) -> str:
        paths = [
            *sorted(self.project.glob("app/**/*.py")),
            *map(self.project.joinpath, chapter.files),
        ]
        for path in paths:
            try:
                path.read_text("utf-8")
            except (UnicodeDecodeError, FileNotFoundError):
                return path.relative_to(self.project).as_posix()
        return chapter.files[0]

    def place(self, chapter: Chapter) -> str:
        """Where the first target begins: `app/settings.py:12`; empty where nothing is written."""
        if not chapter.targets:
            return ""
        name, _, symbol = chapter.targets[0].partition(":")
        try:
            return f"{name}:{line_of((self.project / name).read_text('utf-8'), symbol)}"
        except (OSError, ValueError, SyntaxError):
            return name

    def lesson(self, chapter: Chapter) -> str:
        """The path of a lesson."""
        return (chapter.folder / "lesson.md").relative_to(self.project).as_posix()

    def unanswered(self, chapter: Chapter) -> list[dict[str, Any]]:
        """The questions of a chapter that have no answer yet."""
        given = self.store.read().predictions(chapter.id)
        return [ask for ask in chapter.facts.get("predict", []) if ask["question"] not in given]

    def back_up(self, files: list[str]) -> str:
        """Copy these files to a folder of their own; its path."""
        folder = self.state / "backups" / datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
        for name in files:
            path = self.project / name
            if path.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(path.read_bytes())
        return self.shown(folder)

    def put(self, files: Files) -> None:
        """Replace files of the learner's."""
        write_files(self.project, files)

    def shown(self, path: Path) -> str:
        """A path as the learner would type it."""
        inside = path.is_relative_to(self.project)
        return path.relative_to(self.project).as_posix() if inside else str(path)

    def keep(self, report: Report) -> None:
        """Keep a report, for `replay`."""
        kept = asdict(report) | {"log": report.log[-LONGEST_LOG:]}
        write(self.state / "last.json", json.dumps(kept, ensure_ascii=True, indent=1) + "\n")

    def last(self) -> Report | None:
        """The report that was kept, if it can be read."""
        try:
            return Report(**json.loads((self.state / "last.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
