"""A chapter on the screen: its checks one by one while they run, and its verdict."""

from rich.cells import cell_len

from learn.chapters.chapter import Chapter
from learn.chapters.faults import Fault, first_fault
from learn.chapters.handout import seal_of
from learn.commands.introduction import show_head
from learn.commands.options import offer, offer_next, replay_options
from learn.grading.report import CheckResult
from learn.grading.verdict import Verdict
from learn.grading.wire import CheckBegun, Line
from learn.progress.attempt import Attempt, check_chapter
from learn.progress.explanation import explain, explain_exception, place_of_failed_start
from learn.progress.project import Project
from learn.terminal.messages import text
from learn.terminal.screen import INDENT, Screen

GOOD, BAD, ODD = "bold green", "bold yellow", "bold red"


class ChapterScreen:
    """The checks of a chapter, line by line, while they run."""

    def __init__(self, screen: Screen, project: Project, chapter: Chapter, seed: int) -> None:
        self.screen, self.project, self.chapter, self.seed = screen, project, chapter, seed
        self.begun = False

    def check(self) -> Attempt:
        """Check the chapter, and show what happens."""
        with self.screen.spinner() as spinner:

            def listen(line: Line) -> None:
                match line:
                    case CheckBegun(id_):
                        self.begin()
                        check = " ".join(self.number_and_title(id_))
                        spinner.say(text("check.running", check=check))
                    case CheckResult():
                        self.show_result(line)
                        spinner.say(text("check.ending"))

            attempt = check_chapter(self.project, self.chapter, self.seed, listen)
        self.finish(attempt)
        return attempt

    def begin(self) -> None:
        """Show the lines above the checks, once."""
        if not self.begun:
            self.begun = True
            seed = text("check.seed", seed=self.seed)
            show_head(self.screen, self.project, self.chapter, f"   {seed}")
            self.show_places()

    def show_places(self) -> None:
        """Show where to write, and what to read."""
        lesson = self.project.display_path(self.chapter.lesson)
        if place := self.project.place(self.chapter):
            right = f"{text('label.lesson')} {lesson}"
            self.screen.sides(f"{text('label.file')}  {place}", right)
        else:
            self.screen.row("read", lesson)

    def number_and_title(self, id_: str) -> tuple[str, str]:
        """Return `[2/4]` and what the check is about."""
        checks = self.chapter.checks
        at = self.chapter.check_ids.index(id_)
        return f"[{at + 1}/{len(checks)}]", checks[at].title

    def show_result(self, result: CheckResult) -> None:
        """Show a check, and why it failed."""
        key, style = ("check.ok", GOOD) if result.passed else ("check.not_yet", BAD)
        self.screen.check(*self.number_and_title(result.check), text(key), style)
        if not result.passed and not result.not_started:
            where, cause, logged = explain_exception(self.chapter, result)
            self.facts(
                sent=result.sent,
                got=result.got,
                expected=result.expected,
                where=where,
                cause=cause,
                logged=logged,
                why=explain(self.chapter, result),
            )

    def facts(self, **rows: str) -> None:
        """Show the facts of a failure, a row each."""
        width = max(cell_len(text(f"label.{label}")) for label in rows)
        for label, said in rows.items():
            if said:
                self.screen.row(label, said, indent=INDENT, width=width)

    def finish(self, attempt: Attempt) -> None:
        """Show the verdict, and what to do next."""
        if not self.begun:
            show_head(self.screen, self.project, self.chapter)
            self.show_places()
        match attempt.verdict:
            case Verdict.PASSED:
                self.show_pass()
            case Verdict.ALTERED:
                show_altered(self.screen, self.project, attempt.altered)
                self.screen.options([], ["check", "status", "quit"])
            case Verdict.COULD_NOT_GRADE:
                self.screen.say("check.cannot_grade", style=ODD)
                self.facts(why=attempt.report.reason)
                self.screen.options([], ["check", "status", "quit"])
            case _:
                self.show_failure(attempt)
                self.offer_repair(attempt)

    def show_failure(self, attempt: Attempt) -> None:
        """Show what is missing or broken, unless a check has shown it already."""
        if attempt.verdict is Verdict.NOT_BEGUN and self.chapter.checks:
            self.screen.say("check.unwritten", place=self.project.place(self.chapter))
            self.screen.row("do", self.chapter.todo)
        elif attempt.fault:
            self.show_fault("check.broken", attempt.fault)
        elif (failure := attempt.report.first_failure) and failure.not_started:
            solution = self.project.solution
            place, own = place_of_failed_start(attempt, failure.place, solution)
            key = "check.not_started" if own else "check.not_started_elsewhere"
            self.screen.item(text(key), indent=INDENT)
            self.facts(where=place, cause=failure.cause)

    def show_fault(self, key: str, fault: Fault) -> None:
        """Show where Python cannot read a file."""
        self.screen.say(key, style=BAD)
        self.facts(where=fault.place, cause=fault.cause, line=fault.line)

    def offer_repair(self, attempt: Attempt) -> None:
        """Show what to do after a failure."""
        replay = replay_options(attempt)
        commands = ["edit" if self.chapter.targets else "redo", "hint", *replay]
        keys = ["edit" if self.chapter.targets else "check", "hint", *replay, "status", "quit"]
        if not self.chapter.checks:
            commands, keys = ["predict"], ["predict", "lesson", "quit"]
        elif attempt.verdict is Verdict.NOT_BEGUN and self.unanswered:
            commands, keys = ["predict", *commands], ["predict", *keys]
        offer(self.screen, self.project, self.chapter, commands, keys)

    @property
    def unanswered(self) -> bool:
        """There are questions to answer before reading."""
        return bool(self.project.unanswered_questions(self.chapter))

    def show_pass(self) -> None:
        """Show that it has passed, and what comes after it."""
        tally = self.project.tally()
        self.screen.say("check.passed", style=GOOD, chapter=self.chapter.id, done=tally)
        files = self.project.files(self.chapter)
        others = {name: source for name, source in files.items() if name not in self.chapter.files}
        if fault := first_fault(others):
            self.show_fault("check.broken_elsewhere", fault)
        offer_next(self.screen, self.project)


def show_altered(screen: Screen, project: Project, files: list[str]) -> None:
    """Show which files of the course were altered, and how to get them back."""
    sealed = seal_of(project.folder)
    screen.say("altered.title", style=ODD)
    for name in files:
        screen.item(text("altered.changed" if name in sealed else "altered.added", file=name))
    if changed := [name for name in files if name in sealed]:
        screen.say("altered.restore")
        screen.block(f"  git checkout -- {' '.join(changed)}", "bold")
        screen.say("altered.otherwise")
