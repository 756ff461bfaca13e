"""A learner's project: its chapters, how many are done, and what the learner wrote."""

import json
import tomllib
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from pathlib import Path

from learn.chapters.chapter import Chapter, ChapterError, Question, find_chapter, load_chapters
from learn.chapters.faults import Fault, line_of, syntax_fault
from learn.chapters.files import Files, read_files, write
from learn.chapters.folders import COURSE, state_folder
from learn.chapters.handout import SOLUTION, altered_files, solved_files
from learn.grading.report import Report, parse_report
from learn.progress.progress_file import ProgressFile
from learn.terminal.errors import LearnError
from learn.terminal.messages import text
from learn.terminal.screen import Screen

LONGEST_LOG = 200_000


class Project:
    """A course project, and the learner's progress in it."""

    def __init__(self, folder: Path = COURSE.parent) -> None:
        self.folder = folder
        self.state = state_folder()
        self.progress_file = ProgressFile(self.state, on_damage=self._warn_of_damage)

    def _warn_of_damage(self, path: Path) -> None:
        Screen(stderr=True).say("progress.damaged", path=self.display_path(path))

    @cached_property
    def chapters(self) -> list[Chapter]:
        """Every chapter, in order."""
        try:
            found = load_chapters(self.folder / "course")
        except tomllib.TOMLDecodeError as error:
            raise LearnError("error.course_damaged", 3, cause=error) from None
        if not found:
            raise LearnError("error.no_chapters", 3)
        return found

    @property
    def is_open(self) -> bool:
        """The app of this project is the solution, which is how instructors have it."""
        return not (self.folder / SOLUTION).exists()

    def chapter(self, wanted: str | None) -> Chapter:
        """Return the chapter that is meant; the current one if None."""
        if wanted is None:
            return self.current_chapter() or self.chapters[-1]
        try:
            return find_chapter(self.chapters, wanted)
        except ChapterError:
            ids = ", ".join(chapter.id for chapter in self.chapters)
            raise LearnError("error.no_chapter", wanted=wanted, ids=ids) from None

    def current_chapter(self) -> Chapter | None:
        """Return the first that is not done, from the chosen one on; None when all are done."""
        progress = self.progress_file.read()
        ids = [chapter.id for chapter in self.chapters]
        chosen = ids.index(progress.current) if progress.current in ids else 0
        for chapter in [*self.chapters[chosen:], *self.chapters[:chosen]]:
            if not progress.is_done(chapter.id):
                return chapter
        return None

    def tally(self) -> str:
        """Return `3 of 12 done`, and how many of the others were solved for the learner."""
        progress = self.progress_file.read()
        ids = [chapter.id for chapter in self.chapters]
        count = sum(map(progress.is_passed, ids))
        solved = sum(map(progress.is_done, ids)) - count
        key = "check.done_and_solved" if solved else "check.done"
        return text(key, count=count, total=len(ids), solved=solved)

    def files(self, chapter: Chapter) -> Files:
        """Return the app as the learner has it, and what the chapter asks for elsewhere."""
        return read_files(self.folder) | self.chapter_files(chapter)

    def chapter_files(self, chapter: Chapter) -> Files:
        """Return those files of the chapter that exist, as the learner has them."""
        paths = {name: self.folder / name for name in chapter.files}
        return {n: path.read_text("utf-8") for n, path in paths.items() if path.is_file()}

    @cached_property
    def solution(self) -> Files:
        """The app with every exercise solved."""
        return solved_files(self.folder)

    def solution_of(self, chapter: Chapter) -> Files:
        """Return the files of a chapter, solved."""
        return {name: self.solution[name] for name in chapter.files if name in self.solution}

    def starter_of(self, chapter: Chapter) -> Files:
        """Return the files of a chapter as they are handed out."""
        given = chapter.starter.apply(self.solution) if chapter.starter else self.solution
        return {name: given[name] for name in chapter.files if name in given}

    def is_begun(self, chapter: Chapter) -> bool:
        """Tell whether anything was changed in the files of a chapter, or nothing needs to be."""
        return not chapter.targets or self.chapter_files(chapter) != self.starter_of(chapter)

    def altered_files(self) -> list[str]:
        """Return the files of the course that are not as they were handed out."""
        return [] if self.is_open else altered_files(self.folder, self.folder)

    def fault(self, chapter: Chapter) -> Fault | None:
        """Return why the learner's files cannot be graded; None if they can be."""
        try:
            files = self.files(chapter)
        except UnicodeDecodeError:
            return Fault(self._find_other_encoding(chapter), text("check.not_utf8"))
        for name in chapter.files:
            if name not in files:
                return Fault(name, text("check.missing", file=name, chapter=chapter.id))
            if fault := syntax_fault(name, files[name]):
                return fault
        return None

    def _find_other_encoding(self, chapter: Chapter) -> str:
        files = map(self.folder.joinpath, chapter.files)
        for path in [*sorted(self.folder.glob("app/**/*.py")), *files]:
            try:
                path.read_text("utf-8")
            except (UnicodeDecodeError, FileNotFoundError):
                return path.relative_to(self.folder).as_posix()
        return chapter.files[0]

    def place(self, chapter: Chapter) -> str:
        """Return where the first target begins: `app/settings.py:12`; empty without a target."""
        if not chapter.targets:
            return ""
        name, _, symbol = chapter.targets[0].partition(":")
        try:
            return f"{name}:{line_of((self.folder / name).read_text('utf-8'), symbol)}"
        except (OSError, ValueError, SyntaxError):
            return name

    def unanswered_questions(self, chapter: Chapter) -> list[Question]:
        """Return the questions of a chapter that have no answer yet."""
        answered = self.progress_file.read().of(chapter.id).predictions
        return [question for question in chapter.questions if question.text not in answered]

    def back_up(self, files: list[str]) -> str:
        """Copy these files to a new folder; return its path."""
        folder = self.state / "backups" / datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
        for name in files:
            path = self.folder / name
            if path.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(path.read_bytes())
        return self.display_path(folder)

    def read(self, name: str) -> str | None:
        """Return the text of a file; None where it cannot be read."""
        try:
            return (self.folder / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def display_path(self, path: Path) -> str:
        """Return a path as the learner would type it."""
        inside = path.is_relative_to(self.folder)
        return path.relative_to(self.folder).as_posix() if inside else str(path)

    def save_report(self, report: Report) -> None:
        """Keep a report for `replay`."""
        kept = asdict(report) | {"log": report.log[-LONGEST_LOG:]}
        write(self.state / "last.json", json.dumps(kept, ensure_ascii=True, indent=1) + "\n")

    def last_report(self) -> Report | None:
        """Return the report that was kept; None if it cannot be read."""
        try:
            return parse_report(json.loads((self.state / "last.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
