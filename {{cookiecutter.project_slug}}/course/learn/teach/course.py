"""What an instructor does to the course itself: open it, add to it, close it again."""

import ast
import re

from learn.chapters import Chapter, Files
from learn.handout import hand_out, open_up, write_files
from learn.learner import Learner, LearnError
from learn.lessons import check_lessons
from learn.moves import demand_yes
from learn.screens import Screen
from learn.symbols import SymbolError, definition

NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")

CHAPTER = """title = "{title}"
objective = "What whoever has done it can do."
targets = ["{target}"]
todo = "Write {symbol}: say in a line what it shall do."

[[checks]]
id = "first"
title = "what is looked at, in a line"

[why]
first = "why this check says no, for whoever has to mend it"

[[predict]]
question = "What will the app answer?"
choices = ["this", "that"]
right = 1
because = "A sentence that says why."
"""
GRADER = '''"""Chapter {id}: what is asked of the app, and what has to come."""

from learn.lab import Lab, check


@check("first")
def first(lab: Lab) -> None:
    lab.app.get("/health/live").expect(200, why="first")  # ask what only the solution answers
'''
LESSON = """# {id} {title}

One idea. Who reads this has never served a model.

## Predict

`uv run learn predict {id}` asks:

1. What will the app answer?

## Run

## Investigate

This block is kept up to date by `uv run learn teach lessons {id}`:

```python {target}
```

## Change

## Make

`uv run learn check {id}` looks at it.

## What you can say now
"""
HINTS = """## 1

A question that leads to the place.

## 2

Where the app does the like.

## 3

The lines of the solution, shuffled; one of them is wrong.

```parsons
a wrong line
```

## 4

The answer in words.
"""


def open_course(screen: Screen, learner: Learner, yes: bool) -> int:
    """Put the solution in `app/`, to work on the course."""
    if learner.is_open:
        screen.say("teach.is_open")
        return 0
    files = {name: text for name, text in learner.solved.items() if text != now(learner, name)}
    demand_yes(screen, yes, f"Replace {len(files)} files of app/ with the solution?")
    backup = learner.back_up(list(files))
    open_up(learner.project)
    screen.say("teach.opened", count=len(files), folder=backup)
    return 0


def now(learner: Learner, name: str) -> str | None:
    """The text of a file of the project; None where it cannot be read."""
    try:
        return (learner.project / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def close_course(screen: Screen, learner: Learner) -> int:
    """Put the starters in `app/`, keep the solution aside, and seal what grades."""
    if not learner.is_open:
        raise LearnError("teach.is_closed")
    try:
        hand_out(learner.project)
    except (SymbolError, SyntaxError, KeyError) as error:
        raise LearnError("teach.no_fit", 1, cause=error) from None
    screen.say("teach.closed")
    return 0


def mend_lessons(screen: Screen, chapters: list[Chapter], check: bool) -> int:
    """Bring the source and the exchanges that lessons show up to date."""
    problems = check_lessons(chapters, write_them=not check)
    for problem in problems:
        screen.item(problem, indent=0)
    screen.say("teach.lessons", count=len(problems))
    return int(check and bool(problems))


def new_chapter(screen: Screen, learner: Learner, number: int, name: str, target: str) -> int:
    """Write the folder of a new chapter, with something to replace in every file."""
    demand_room(learner, number, name, target)
    path, _, symbol = target.partition(":")
    try:
        source = definition(learner.solved[path], symbol)
    except (SymbolError, KeyError):
        raise LearnError("teach.no_target", target=target) from None
    folder = f"course/chapters/ch{number:02}_{name}"
    facts = {"id": f"{number:02}", "title": name.replace("_", " ").capitalize()}
    texts = {"chapter.toml": CHAPTER, "grader.py": GRADER, "lesson.md": LESSON, "hints.md": HINTS}
    files: Files = {
        f"{folder}/{file}": text.format(**facts, target=target, symbol=symbol)
        for file, text in texts.items()
    }
    files[f"{folder}/starter.py"] = starter_of(source, facts["id"])
    write_files(learner.project, files)
    for file in files:
        screen.item(file)
    screen.say("teach.new", number=facts["id"])
    return 0


def demand_room(learner: Learner, number: int, name: str, target: str) -> None:
    """Refuse what would not be a chapter of its own."""
    if not learner.is_open:
        raise LearnError("teach.is_closed")
    if not NAME.fullmatch(name):
        raise LearnError("teach.name", name=name)
    file = target.partition(":")[0]
    for other in learner.chapters:
        if int(other.id) == number:
            raise LearnError("teach.taken", number=other.id, folder=other.folder.name)
        if file in other.files:
            raise LearnError("teach.shared_file", file=file, number=other.id)


def starter_of(source: str, number: str) -> str:
    """A function with its body replaced by a to-do; anything else as it is."""
    function = ast.parse(source).body[0]
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return source + "\n"
    described = ast.get_docstring(function) is not None
    first = function.body[0]
    end = (first.end_lineno or 0) if described else first.lineno - 1
    return "\n".join(
        [
            "from app.todo import TodoError",
            "",
            "",
            *source.split("\n")[:end],
            "    # 1. What is to be done, a step a line.",
            f'    raise TodoError("{number}", "say it in a line.")',
            "",
        ]
    )
