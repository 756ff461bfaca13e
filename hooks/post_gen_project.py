"""Finish the project: remove what was not asked for, write the .env files, say what comes next.

cookiecutter renders this file and runs it in the new project folder. It uses the standard library
only and touches neither the network nor git, because a failure here removes the whole project.
"""

import importlib
import json
import os
import re
import secrets
import shutil
import sys
from pathlib import Path

# The template's only expression in this file; hooks/pre_gen_project.py says why it is safe.
ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

# What follows from the answers; the template's tags read the same values from cookiecutter.json.
COURSE = ANSWERS["__course"] == "yes"
SHOWCASES = ANSWERS["__showcases"] == "yes"
CELERY = ANSWERS["__celery"] == "yes"
CONTAINER = ANSWERS["__container"] == "yes"

# Path -> whether this project keeps it. A folder is removed with everything in it.
KEPT = {
    "course": COURSE,
    "app/showcases/lecture.py": COURSE,
    "app/showcases/orders": COURSE,
    "app/todo.py": COURSE,
    "app/showcases/users": COURSE,
    "tests/test_course.py": COURSE,
    "app/showcases": SHOWCASES,
    "docs/concurrency.md": SHOWCASES,
    "lab": SHOWCASES,
    "tests/showcases": SHOWCASES,
    "tests/lab": SHOWCASES,
    "Dockerfile": CONTAINER,
    "compose.yaml": CONTAINER,
    ".dockerignore": CONTAINER,
    # some tests fail until the last exercise is done; course/teach.md has a workflow for a course
    ".github": not COURSE,
    "app/tasks/engine/celery": CELERY,
    "docs/celery.md": CELERY,
    "tests/tasks/served_worker.py": CELERY,
    "tests/tasks/test_celery.py": CELERY,
    "tests/tasks/test_folder_broker.py": CELERY,
}

# The secrets that are made for .env.prod if they are in it, and what precedes each of them.
SECRETS = {"API_KEY": "", "POSTGRES_PASSWORD": "", "FLOWER_BASIC_AUTH": "operator:"}

LEARN = """
{slug} is ready. Next:

    cd {slug}
    uv run learn

It shows what to read and what to do, and checks your work whenever you save a file."""

NEXT_STEPS = """
{slug} is ready. Next:

    cd {slug}
    uv run python -m app.models.iris.train
    uv run python -m app

Then open http://127.0.0.1:8000/docs"""

GET_UV = """
uv is not on your PATH; it creates the environment and installs what the project needs. Get it with:

    pip install uv"""


def prune() -> None:
    """Remove every path in the table that these answers do not keep."""
    for name, kept in KEPT.items():
        path = Path(name)
        if kept or not path.exists():
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def private(path: str, flags: int) -> int:
    """Open a file that only its owner can read, from the moment it exists."""
    return os.open(path, flags, 0o600)


def write_once(path: Path, text: str) -> None:
    """Write a settings file unless it exists: generating again must not lose a key."""
    try:
        with open(path, "x", encoding="utf-8", newline="\n", opener=private) as file:
            file.write(text)
    except FileExistsError:
        print(f"{path} is kept as it was.")


def write_settings() -> None:
    """Write .env for development, and .env.prod with new secrets."""
    development = Path(".env.example").read_text(encoding="utf-8")
    write_once(Path(".env"), development)
    production = Path(".env.prod.example").read_text(encoding="utf-8")
    for name, start in SECRETS.items():
        line = f"{name}={start}{secrets.token_urlsafe(32)}"
        production = re.sub(rf"(?m)^{name}=.*$", line, production)
    write_once(Path(".env.prod"), production)


def hand_out_course() -> None:
    """Insert the starters of the exercises, and set the solution aside."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, "course")
    importlib.import_module("learn.chapters.handout").hand_out(Path())


def say_next_steps() -> None:
    """Print the commands that lead from here to a prediction."""
    print((LEARN if COURSE else NEXT_STEPS).format(slug=ANSWERS["project_slug"]))
    if shutil.which("uv") is None:
        print(GET_UV)


if __name__ == "__main__":
    prune()
    if COURSE:
        hand_out_course()
    write_settings()
    say_next_steps()
