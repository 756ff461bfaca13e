"""Hints, from a question that points the way to almost the answer; and the questions beforehand."""

import re
import sys
from collections.abc import Callable
from typing import Any

from learn.chapters import Chapter
from learn.learner import Learner, LearnError
from learn.messages import text
from learn.screens import Screen

LEVELS = 4
HINT = re.compile(r"^## (\d)[^\n]*\n", re.MULTILINE)

Ask = Callable[[str], str | None]  # a prompt -> what was typed; None when nobody types any more


def hints_of(chapter: Chapter) -> dict[int, str]:
    """The hints of a chapter, by level."""
    path = chapter.folder / "hints.md"
    if not path.exists():
        raise LearnError("hint.none", chapter=chapter.id)
    _, *found = HINT.split(path.read_text("utf-8"))
    return {int(level): said.strip() for level, said in zip(found[::2], found[1::2], strict=True)}


def next_level(taken: list[int]) -> int:
    """The level after the highest one that was taken."""
    return min(max(taken, default=0) + 1, LEVELS)


def show_hint(screen: Screen, learner: Learner, chapter: Chapter, level: int | None = None) -> int:
    """Show a hint, the next one unless a level is given, and write down that it was taken."""
    hints = hints_of(chapter)
    with learner.store.change() as progress:
        chosen = level or next_level(progress.hints(chapter.id))
        if chosen not in hints:
            raise LearnError("hint.no_level", level=chosen, levels=len(hints))
        progress.note_hint(chapter.id, chosen)
    screen.say("hint.title", style="bold", chapter=chapter.id, level=chosen, levels=len(hints))
    screen.markdown(hints[chosen])
    screen.line()
    more = "plainer" if chosen < max(hints) else "answer"
    screen.options(["try", more], chapter=chapter.id)
    return 0


def predict(
    screen: Screen, learner: Learner, chapter: Chapter, ask: Ask, again: bool = False
) -> int:
    """Ask the questions that have no answer yet, or all of them again."""
    every = chapter.facts.get("predict", [])
    questions = every if again else learner.unanswered(chapter)
    if not questions:
        screen.say("predict.none" if not every else "predict.all", chapter=chapter.id)
    for question in questions:
        number = every.index(question) + 1
        screen.say(
            "predict.title", style="bold", chapter=chapter.id, number=number, total=len(every)
        )
        answered = False
        try:
            answered = put_question(screen, learner, chapter, question, ask)
        finally:  # Ctrl-C as well
            if not answered:
                screen.line()
                screen.say("predict.later", chapter=chapter.id)
        if not answered:
            return 1
    screen.options(["read", "lesson"], lesson=learner.lesson(chapter), chapter=chapter.id)
    return 0


def put_question(
    screen: Screen, learner: Learner, chapter: Chapter, question: dict[str, Any], ask: Ask
) -> bool:
    """Ask one question; the answer is written down before the right one is shown."""
    choices = question["choices"]
    screen.line(question["question"])
    for number, choice in enumerate(choices, 1):
        screen.item(choice, mark=f"{number}  ")
    chosen = chosen_number(screen, len(choices), ask)
    if chosen is None:
        return False
    with learner.store.change() as progress:
        progress.note_prediction(chapter.id, question["question"], choices[chosen - 1])
    right = chosen == question["right"]
    screen.say(
        "predict.right" if right else "predict.other",
        style="bold green" if right else "bold yellow",
        chosen=chosen,
        right=question["right"],
        choice=choices[question["right"] - 1],
    )
    screen.line(question["because"])
    if block := recorded(chapter, question.get("exchange", "")):
        screen.markdown(block)
    screen.line()
    return True


def chosen_number(screen: Screen, count: int, ask: Ask) -> int | None:
    """A number from 1 to `count`; it is asked for until there is one."""
    while (typed := ask(text("predict.prompt", count=count))) is not None:
        if typed.strip() in map(str, range(1, count + 1)):
            return int(typed)
        screen.say("predict.not_a_choice", count=count)
    return None


def recorded(chapter: Chapter, name: str) -> str:
    """The exchange of this name, as the lesson shows it."""
    path = chapter.folder / "lesson.md"
    if not name or not path.exists():
        return ""
    pattern = rf"^```http {re.escape(name)}\n.*?^```$"
    found = re.search(pattern, path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return found[0] if found else ""


def typed_line(prompt: str) -> str | None:
    """A line from standard input; shown where it was not typed."""
    try:
        typed = input(prompt)
    except EOFError:
        return None
    if not sys.stdin.isatty():
        sys.stdout.write(f"{typed}\n")
    return typed
