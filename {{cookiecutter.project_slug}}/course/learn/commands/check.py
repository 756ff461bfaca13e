"""The verb `check`: of one chapter or all, for a person or a program."""

import secrets

from learn.chapters import Chapter
from learn.checking import GRADED, Outcome, as_json, dumped, exit_code, look
from learn.grading import Verdict
from learn.learner import Learner
from learn.messages import text
from learn.screens import Screen
from learn.showing import BAD, GOOD, ODD, CheckScreen, show_altered

STYLES = {Verdict.PASSED: GOOD, Verdict.FAILED: BAD}


def check_one(
    screen: Screen, learner: Learner, chapter: Chapter, seed: int | None, json: bool
) -> int:
    """Check a chapter; the exit code."""
    if json:
        outcome = look(learner, chapter, seed)
        screen.as_is(dumped(as_json(outcome)))
    else:
        chosen = secrets.randbelow(10_000) if seed is None else seed
        outcome = CheckScreen(screen, learner, chapter, chosen).look()
    return outcome.verdict.exit_code


def check_all(screen: Screen, learner: Learner, seed: int | None, json: bool) -> int:
    """Check every chapter; the exit code."""
    outcomes = []
    for chapter in learner.chapters:
        with screen.working() as working:
            working.say(text("check.chapter_running", chapter=chapter.id, title=chapter.title))
            outcome = look(learner, chapter, seed)
        outcomes.append(outcome)
        if not json:
            summary(screen, outcome)
    verdicts = [outcome.verdict for outcome in outcomes]
    code = exit_code(verdicts)
    if json:
        verdict = max(verdicts, key=lambda verdict: verdict.exit_code)
        chapters = [as_json(outcome) for outcome in outcomes]
        screen.as_is(dumped({"verdict": verdict.value, "chapters": chapters}))
        return code
    passed = verdicts.count(Verdict.PASSED)
    screen.say("check.all", count=passed, total=len(verdicts))
    if Verdict.ALTERED in verdicts:
        show_altered(screen, learner, outcomes[0].files)
    return code


def summary(screen: Screen, outcome: Outcome) -> None:
    """A chapter and its verdict, and what was the first that was wrong."""
    style = STYLES.get(outcome.verdict, ODD)
    key = {
        Verdict.PASSED: "check.ok",
        Verdict.FAILED: "check.not_yet",
        Verdict.CANNOT_GRADE: "check.not_graded",
        Verdict.ALTERED: "altered.word",
    }[outcome.verdict]
    screen.check(f"ch{outcome.chapter.id}", outcome.chapter.title, text(key), style)
    if outcome.verdict is Verdict.FAILED:
        screen.item(first_word(outcome), indent=5)


def first_word(outcome: Outcome) -> str:
    """The check that said no, or what was said instead."""
    if outcome.kind != GRADED or not outcome.report.failures:
        return outcome.report.reason
    titles = {check["id"]: check["title"] for check in outcome.chapter.facts["checks"]}
    return str(titles[outcome.report.failures[0]])
