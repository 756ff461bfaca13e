"""What the smaller verbs do: lesson, next, diff, solution, status."""

import difflib
import re

from learn.chapters import Chapter, Files
from learn.learner import Learner, LearnError
from learn.messages import text
from learn.progress import Progress
from learn.screens import Screen
from learn.showing import introduce
from learn.symbols import SymbolError, definition

IMAGE = re.compile(r"!\[(.*?)\]\(([^:)]+)\)")  # a terminal shows none: it is told where it is


def show_lesson(screen: Screen, learner: Learner, chapter: Chapter) -> int:
    """The lesson, on the terminal."""
    path = chapter.folder / "lesson.md"
    if not path.exists():
        raise LearnError("lesson.none", chapter=chapter.id)
    folder = learner.shown(chapter.folder)
    source = path.read_text("utf-8")
    screen.markdown(IMAGE.sub(lambda found: f"{found[1]}: `{folder}/{found[2]}`", source))
    screen.line()
    screen.row("file", learner.lesson(chapter))
    return 0


def go_on(screen: Screen, learner: Learner, skip: bool) -> int:
    """Take the next chapter that is not done as the current one, and say what it is about."""
    chapter = left = learner.current()
    if skip and chapter:
        at = learner.chapters.index(chapter)
        progress = learner.store.read()
        rest = learner.chapters[at + 1 :]
        chapter = next((c for c in rest if not progress.is_done(c.id)), chapter)
    if chapter is None:
        screen.say("check.nothing_left")
        return 0
    with learner.store.change() as progress:
        stays = progress.current == chapter.id
        progress.current = chapter.id
        if left and left is not chapter:
            progress.note(left.id, "skipped")
    introduce(screen, learner, chapter)
    if left and left is not chapter:
        screen.row("note", text("next.skipped", chapter=left.id, title=left.title))
    elif stays:
        screen.row("note", text("next.stays", chapter=chapter.id))
    begin_with(screen, learner, chapter)
    return 0


def show_diff(screen: Screen, learner: Learner, chapter: Chapter) -> int:
    """What the learner changed in the files of a chapter."""
    sides = (text("diff.starter"), text("diff.yours"))
    lines = compared(learner.starter(chapter), learner.written(chapter), sides)
    if not lines:
        screen.say("diff.same", chapter=chapter.id)
    screen.diff(lines)
    return 0


def compared(before: Files, after: Files, sides: tuple[str, str]) -> list[str]:
    """A unified diff of these files; empty where they are the same."""
    return [
        line
        for file in sorted(before.keys() | after.keys())
        for line in difflib.unified_diff(
            before.get(file, "").splitlines(),
            after.get(file, "").splitlines(),
            f"{file} ({sides[0]})",
            f"{file} ({sides[1]})",
            lineterm="",
        )
    ]


def show_solution(screen: Screen, learner: Learner, chapter: Chapter, give_up: bool) -> int:
    """The solved symbols, and how the learner's own differ; after passing, or on giving up."""
    with learner.store.change() as progress:
        if not progress.is_passed(chapter.id):
            if not give_up:
                raise LearnError("solution.not_yet", 1, chapter=chapter.id)
            progress.note(chapter.id, "gave_up")
    solved = learner.solution(chapter)
    for target in chapter.targets:
        name, _, symbol = target.partition(":")
        screen.line(target, "bold")
        screen.as_is(part(solved.get(name, ""), symbol))
        screen.line()
    sides = (text("diff.yours"), text("diff.solution"))
    lines = compared(learner.written(chapter), solved, sides)
    if not chapter.targets:
        screen.say("solution.nothing", chapter=chapter.id)
    elif not lines:
        screen.say("solution.same")
    screen.diff(lines)
    return 0


def begin_with(screen: Screen, learner: Learner, chapter: Chapter) -> None:
    """Say how to go on with a chapter."""
    first = ["predict"] if learner.unanswered(chapter) else []
    work = "edit" if chapter.targets else "redo"
    screen.options([*first, work, "stay"], chapter=chapter.id)


def part(source: str, symbol: str) -> str:
    """A symbol of a file, or all of it."""
    try:
        return definition(source, symbol) if symbol else source
    except SymbolError:
        return source


def show_status(screen: Screen, learner: Learner) -> int:
    """Every chapter, and how it stands."""
    progress, current = learner.store.read(), learner.current()
    heads = [
        text("status.chapter"),
        text("status.title"),
        text("status.state"),
        text("status.attempts"),
        text("status.hints"),
    ]
    rows = [
        [
            f"{'>' if chapter is current else ' '} {chapter.id}",
            chapter.title,
            state(progress, chapter, current),
            str(progress.attempts(chapter.id) or "-"),
            str(len(progress.hints(chapter.id)) or "-"),
        ]
        for chapter in learner.chapters
    ]
    screen.table(heads, rows)
    screen.line(learner.done())
    if learner.is_open:
        screen.say("open.note")
    if current:
        begin_with(screen, learner, current)
    else:
        screen.say("check.nothing_left")
    return 0


def state(progress: Progress, chapter: Chapter, current: Chapter | None) -> str:
    """How a chapter stands, in a word or two."""
    record = progress.of(chapter.id)
    if "passed" in record:
        return text("status.passed")
    if "jumped" in record:
        return text("status.jumped")
    if "gave_up" in record:
        return text("status.gave_up")
    if "skipped" in record and chapter is not current:
        return text("status.skipped")
    if progress.attempts(chapter.id):
        return text("status.begun")
    return text("status.current" if chapter is current else "status.open")
