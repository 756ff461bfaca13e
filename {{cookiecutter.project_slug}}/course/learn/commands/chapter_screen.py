"""What is shown of a chapter: where it begins, its checks one by one, and what came of them."""

import json
from typing import Any

from rich.cells import cell_len

from learn.chapters import Chapter
from learn.checking import (
    ALTERED,
    BROKEN,
    GRADED,
    UNANSWERED,
    UNWRITTEN,
    Outcome,
    raised,
    started_at,
    why,
)
from learn.faults import first_fault
from learn.grading import Verdict
from learn.handout import SOLUTION
from learn.learner import Learner
from learn.messages import text
from learn.offering import offer, offer_next, replays
from learn.screens import INDENT, Screen

GOOD, BAD, ODD = "bold green", "bold yellow", "bold red"


def introduce(screen: Screen, learner: Learner, chapter: Chapter) -> None:
    """What a chapter is about: what to read, what to do, and where."""
    head(screen, learner, chapter, "")
    screen.row("", chapter.facts.get("objective", ""))
    if learner.is_open:
        screen.row("note", text("open.note"))
    if questions := learner.unanswered(chapter):
        screen.row("ask", text("intro.questions", count=len(questions), chapter=chapter.id))
    screen.row("read", text("intro.lesson", lesson=learner.lesson(chapter), chapter=chapter.id))
    if todo := chapter.facts.get("todo"):
        screen.row("do", todo)
    if place := learner.place(chapter):
        screen.row("file", place)


def head(screen: Screen, learner: Learner, chapter: Chapter, seed: str) -> None:
    """Which chapter it is, and how many are done."""
    screen.sides(f"ch{chapter.id}  {chapter.title}", f"{learner.done()}{seed}", "bold")


class CheckScreen:
    """The checks of a chapter, line by line, while they run."""

    def __init__(self, screen: Screen, learner: Learner, chapter: Chapter, seed: int) -> None:
        self.screen, self.learner, self.chapter, self.seed = screen, learner, chapter, seed
        self.begun = False

    def look(self) -> Outcome:
        """Look at the chapter, and show what comes of it."""
        from learn.checking import look

        with self.screen.working() as working:

            def listen(said: dict[str, Any]) -> None:
                if "begun" in said:
                    self.begin()
                    working.say(text("check.running", check=self.label(said["begun"])))
                elif "check" in said:
                    self.result(said)
                    working.say(text("check.ending"))

            outcome = look(self.learner, self.chapter, self.seed, listen)
        self.finish(outcome)
        return outcome

    def begin(self) -> None:
        """The lines above the checks, once."""
        if self.begun:
            return
        self.begun = True
        head(self.screen, self.learner, self.chapter, "   " + text("check.seed", seed=self.seed))
        self.places()

    def places(self) -> None:
        """Where to write, and where to read."""
        lesson = self.learner.lesson(self.chapter)
        if place := self.learner.place(self.chapter):
            right = f"{text('label.lesson')} {lesson}"
            self.screen.sides(f"{text('label.file')}  {place}", right)
        else:
            self.screen.row("read", lesson)

    def label(self, id_: str) -> str:
        """`[2/4] what the check is about`."""
        return " ".join(self.number_and_title(id_))

    def number_and_title(self, id_: str) -> tuple[str, str]:
        """A check's place in the row, and what it is about."""
        checks = self.chapter.facts["checks"]
        at = self.chapter.checks.index(id_)
        return f"[{at + 1}/{len(checks)}]", checks[at]["title"]

    def result(self, said: dict[str, Any]) -> None:
        """What came of a check."""
        key, style = ("check.ok", GOOD) if said["passed"] else ("check.not_yet", BAD)
        self.screen.check(*self.number_and_title(said["check"]), text(key), style)
        if not said["passed"] and not said.get("not_started"):
            where, cause, logged = raised(self.chapter, said)
            self.facts(
                sent=said["sent"],
                got=said["got"],
                expected=said["expected"],
                where=where,
                cause=cause,
                logged=logged,
                why=why(self.chapter, said),
            )

    def facts(self, **rows: str) -> None:
        """What there is to say of a failure, a row each."""
        width = max(cell_len(text(f"label.{label}")) for label in rows)
        for label, said in rows.items():
            if said:
                self.screen.row(label, said, indent=INDENT, width=width)

    def finish(self, outcome: Outcome) -> None:
        """The verdict, and what to do next."""
        if not self.begun:
            head(self.screen, self.learner, self.chapter, "")
            self.places()
        if outcome.verdict is Verdict.PASSED:
            self.passed()
        elif outcome.kind == ALTERED:
            show_altered(self.screen, self.learner, outcome.files)
            self.screen.options([], ["check", "status", "quit"])
        elif outcome.verdict is Verdict.CANNOT_GRADE:
            self.screen.say("check.cannot_grade", style=ODD)
            self.facts(why=outcome.report.reason)
            self.screen.options([], ["check", "status", "quit"])
        else:
            self.failed(outcome)
            self.next(outcome)

    def failed(self, outcome: Outcome) -> None:
        """What is missing, where it was not a check that said so."""
        if outcome.kind == UNWRITTEN:
            self.screen.say("check.unwritten", place=self.learner.place(self.chapter))
            self.screen.row("do", self.chapter.facts.get("todo", ""))
        elif outcome.kind == BROKEN and outcome.fault:
            fault = outcome.fault
            self.screen.say("check.broken", style=BAD)
            self.facts(where=fault.place, cause=fault.cause, line=fault.line)
        elif outcome.kind == GRADED and (last := outcome.report.results[-1]).get("not_started"):
            place, own = started_at(outcome, last["place"], self.learner.solved)
            key = "check.not_started" if own else "check.not_started_elsewhere"
            self.screen.item(text(key), indent=INDENT)
            self.facts(where=place, cause=last["cause"])

    def next(self, outcome: Outcome) -> None:
        """What to do after a failure."""
        replay = replays(outcome)
        commands = ["edit" if self.chapter.targets else "redo", "hint", *replay]
        keys = ["edit" if self.chapter.targets else "check", "hint", *replay, "status", "quit"]
        if outcome.kind == UNANSWERED:
            commands, keys = ["predict"], ["predict", "lesson", "quit"]
        elif outcome.kind == UNWRITTEN and self.learner.unanswered(self.chapter):
            commands, keys = ["predict", *commands], ["predict", *keys]
        offer(self.screen, self.learner, self.chapter, commands, keys)

    def passed(self) -> None:
        """Say so, and what comes after it."""
        done = self.learner.done()
        self.screen.say("check.passed", style=GOOD, chapter=self.chapter.id, done=done)
        files = self.learner.files(self.chapter)
        others = {name: source for name, source in files.items() if name not in self.chapter.files}
        if fault := first_fault(others):
            self.screen.say("check.broken_elsewhere", style=BAD)
            self.facts(where=fault.place, cause=fault.cause, line=fault.line)
        offer_next(self.screen, self.learner)


def show_altered(screen: Screen, learner: Learner, files: list[str]) -> None:
    """Which files of the course were altered, and how they come back."""
    sealed = json.loads((learner.project / SOLUTION).read_text("utf-8"))["sealed"]
    screen.say("altered.title", style=ODD)
    for name in files:
        screen.item(text("altered.changed" if name in sealed else "altered.added", file=name))
    if changed := [name for name in files if name in sealed]:
        screen.say("altered.restore")
        screen.as_is(f"  git checkout -- {' '.join(changed)}", "bold")
        screen.say("altered.otherwise")
