"""`learn predict`: a chapter's questions, answered before its lesson is read."""

import re
from collections.abc import Callable

from learn.chapters.chapter import Chapter, Question
from learn.progress.project import Project
from learn.terminal.messages import text
from learn.terminal.screen import Screen

Ask = Callable[[str], str | None]  # a prompt -> what was typed; None at the end of the input


def ask_questions(
    screen: Screen, project: Project, chapter: Chapter, ask: Ask, again: bool = False
) -> int:
    """Ask the questions that have no answer yet, or all of them again; return the exit code."""
    every = chapter.questions
    questions = every if again else project.unanswered_questions(chapter)
    if not questions:
        screen.say("predict.all" if every else "predict.none", chapter=chapter.id)
    for question in questions:
        number = every.index(question) + 1
        screen.say(
            "predict.title", style="bold", chapter=chapter.id, number=number, total=len(every)
        )
        answered = False
        try:
            answered = ask_question(screen, project, chapter, question, ask)
        finally:  # after Ctrl-C as well
            if not answered:
                screen.line()
                screen.say("predict.later", chapter=chapter.id)
        if not answered:
            return 1
    lesson = project.display_path(chapter.lesson)
    screen.options(["read", "lesson"], lesson=lesson, chapter=chapter.id)
    return 0


def ask_question(
    screen: Screen, project: Project, chapter: Chapter, question: Question, ask: Ask
) -> bool:
    """Ask a question; record the answer before the right one is shown."""
    screen.line(question.text)
    for number, choice in enumerate(question.choices, 1):
        screen.item(choice, mark=f"{number}  ")
    chosen = ask_number(screen, len(question.choices), ask)
    if chosen is None:
        return False
    with project.progress_file.change() as progress:
        progress.note_prediction(chapter.id, question.text, question.choices[chosen - 1])
    right = chosen == question.right
    screen.say(
        "predict.right" if right else "predict.other",
        style="bold green" if right else "bold yellow",
        chosen=chosen,
        right=question.right,
        choice=question.choices[question.right - 1],
    )
    screen.line(question.because)
    if block := recorded_exchange(chapter, question.exchange):
        screen.markdown(block)
    screen.line()
    return True


def ask_number(screen: Screen, count: int, ask: Ask) -> int | None:
    """Ask until the answer is a number from 1 to `count`; None if the learner leaves."""
    while (typed := ask(text("predict.prompt", count=count))) is not None:
        if typed.strip() in map(str, range(1, count + 1)):
            return int(typed)
        screen.say("predict.not_a_choice", count=count)
    return None


def recorded_exchange(chapter: Chapter, name: str) -> str:
    """Return the exchange of this name as the lesson shows it; empty if there is none."""
    if not name or not chapter.lesson.exists():
        return ""
    pattern = rf"^```http {re.escape(name)}\n.*?^```$"
    found = re.search(pattern, chapter.lesson.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return found[0] if found else ""
