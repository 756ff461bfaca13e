"""Finish the project: remove what was not asked for, write the .env files, say what comes next.

cookiecutter renders this file and runs it in the project folder. It uses the standard library only
and touches neither the network nor git, because a failure here removes the whole project, if it is
new. Of one that was here before, nothing is removed: hooks/pre_gen_project.py has set that aside.
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

COURSE = ANSWERS["__course"] == "yes"

# What hooks/pre_gen_project.py left here, until the end of this file.
HANDOVER = Path(".generation")

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
    uv run python -m app.models train
    uv run python -m app

Then open http://127.0.0.1:8000/docs"""

GET_UV = """
uv is not on your PATH; it creates the environment and installs what the project needs. Get it with:

    pip install uv"""


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with everything in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def prune() -> None:
    """Remove what these answers do not keep; all that is there was written by this generation."""
    for name in json.loads((HANDOVER / "unwanted.json").read_text(encoding="utf-8")):
        remove(Path(name))


def put_back(before: Path, place: Path) -> None:
    """Move what was here before to where it was; a folder joins the new one of its name."""
    for path in before.iterdir():
        target = place / path.name
        if path.is_dir() and not path.is_symlink() and target.is_dir():
            put_back(path, target)
        else:
            remove(target)
            shutil.move(path, target)


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


def main() -> None:
    """Finish the project; what was here before is put back even if that fails."""
    try:
        prune()
        if COURSE:
            hand_out_course()
    finally:
        put_back(HANDOVER / "before", Path())
        shutil.rmtree(HANDOVER)
    write_settings()
    say_next_steps()


if __name__ == "__main__":
    main()
