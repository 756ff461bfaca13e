"""What a learner is given: starters in the app, the solution aside, the graders sealed.

An *open* project has the solution in `app/`, as an instructor works on it. `hand_out` closes it: it
keeps `app/` in `course/solution.json`, notes the hash of every file that grades, and puts the
starters in. `open_up` is the way back.

Standard library only: the template's hook runs this where nothing is installed.
"""

import hashlib
import json
import os
from pathlib import Path

from learn.chapters import Files, load_chapters

SOLUTION = "course/solution.json"
# What a verdict depends on. A lesson or a hint may be changed without a word.
GRADING = ("course/learn/**/*.py", "course/chapters/*/*.py", "course/chapters/*/*.toml")
# Python runs these by itself in some places; a course project has none at its top.
INTRUDERS = ("conftest.py", "sitecustomize.py", "usercustomize.py")


def read_files(project: Path, pattern: str = "app/**/*.py") -> Files:
    """The text of each file, by its path from the project's folder."""
    return {
        path.relative_to(project).as_posix(): path.read_text("utf-8")
        for path in sorted(project.glob(pattern))
        if path.is_file()  # and not a pipe, which would have to be waited for
    }


def solved_files(project: Path) -> Files:
    """The app with every exercise solved."""
    path = project / SOLUTION
    if not path.exists():
        return read_files(project)
    files = json.loads(path.read_text("utf-8"))["files"]
    return {name: "\n".join(lines) for name, lines in files.items()}


def hashes(project: Path) -> dict[str, str]:
    """The SHA-256 of each file that grades, with the line ends of any platform."""
    paths = [path for pattern in GRADING for path in project.glob(pattern) if path.is_file()]
    texts = {
        path.relative_to(project).as_posix(): path.read_bytes().replace(b"\r\n", b"\n")
        for path in sorted(paths)
    }
    return {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}


def altered(project: Path, reference: Path) -> list[str]:
    """The files that grade and are not those of the reference; and what must not be there."""
    sealed = reference / SOLUTION
    expected = (
        json.loads(sealed.read_text("utf-8"))["sealed"] if sealed.exists() else hashes(reference)
    )
    found = hashes(project)
    changed = {
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
    }
    return sorted(changed | {name for name in INTRUDERS if (project / name).exists()})


def hand_out(project: Path) -> None:
    """Close an open project."""
    files = read_files(project)
    kept = {
        "files": {name: text.split("\n") for name, text in files.items()},
        "sealed": hashes(project),
    }
    starters = files
    for chapter in load_chapters(project / "course"):
        if chapter.starter:
            starters = chapter.starter.apply(starters)
    write(project / SOLUTION, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    write_files(project, {name: text for name, text in starters.items() if text != files.get(name)})


def open_up(project: Path) -> None:
    """Open a closed project: every exercise is solved in it."""
    write_files(project, solved_files(project))
    (project / SOLUTION).unlink(missing_ok=True)


def write_files(project: Path, files: Files) -> None:
    """Write files, each in one step."""
    for name, text in files.items():
        write(project / name, text)


def write(path: Path, text: str) -> None:
    """Write beside the file, then rename: nobody finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8", newline="\n")
    draft.replace(path)
