"""A new chapter: a folder with something to replace in every file."""

import ast
import re

from learn.chapters.files import Files, write_files
from learn.chapters.symbols import SymbolError, definition
from learn.progress.project import Project
from learn.terminal.errors import LearnError
from learn.terminal.screen import Screen

NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")

CHAPTER = """title = "{title}"
objective = "What a learner can do afterwards."
targets = ["{target}"]
todo = "Write {symbol}: say in a line what it must do."

[[checks]]
id = "first"
title = "what is checked, in a line"

[why]
first = "why this check fails, for the learner who has to fix it"

[[predict]]
question = "What will the app answer?"
choices = ["this", "that"]
right = 1
because = "A sentence that says why."
"""
GRADER = '''"""Chapter {id}: what the app is asked, and what it must answer."""

from learn.grading.lab import Lab, check


@check("first")
def first(lab: Lab) -> None:
    lab.app.get("/health/live").expect(200, why="first")  # ask what only the solution answers
'''
LESSON = """# {id} {title}

One idea, for a reader who has never served a model.

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

`uv run learn check {id}` checks it.

## What you can say now
"""
HINTS = """## 1

A question that leads to the place.

## 2

Where the app does something similar.

## 3

The lines of the solution, shuffled; one of them is wrong.

```parsons
a wrong line
```

## 4

The answer in words.
"""


def write_chapter(screen: Screen, project: Project, number: int, name: str, target: str) -> int:
    """Write the folder of a new chapter."""
    demand_room(project, number, name, target)
    path, _, symbol = target.partition(":")
    try:
        source = definition(project.solution[path], symbol)
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
    write_files(project.folder, files)
    for file in files:
        screen.item(file)
    screen.say("teach.new", number=facts["id"])
    return 0


def demand_room(project: Project, number: int, name: str, target: str) -> None:
    """Refuse a chapter that would share its number or its file with another one."""
    if not project.is_open:
        raise LearnError("teach.is_closed")
    if not NAME.fullmatch(name):
        raise LearnError("teach.name", name=name)
    file = target.partition(":")[0]
    for other in project.chapters:
        if int(other.id) == number:
            raise LearnError("teach.taken", number=other.id, folder=other.folder.name)
        if file in other.files:
            raise LearnError("teach.shared_file", file=file, number=other.id)


def starter_of(source: str, number: str) -> str:
    """Return a function with a to-do instead of its body; anything else as it is."""
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
