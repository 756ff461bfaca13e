"""What a learner is given: starters in the app, the solution kept apart, the graders sealed.

An *open* project has the solution in `app/`, which is how an instructor works on it. `hand_out`
closes it: it keeps `app/` in `course/solution.json`, records the hash of every file that grades,
and puts the starters into `app/`. `open_up` reverses that.

Standard library only: the template's hook runs this where nothing is installed.
"""

import hashlib
import json
from pathlib import Path

from learn.chapters.chapter import load_chapters
from learn.chapters.files import Files, read_files, write, write_files

SOLUTION = "course/solution.json"
# What a verdict depends on. Lessons and hints may be changed freely.
GRADING = ("course/learn/**/*.py", "course/chapters/*/*.py", "course/chapters/*/*.toml")
# Python runs these by itself in some places; a course project has none at its top.
INTRUDERS = ("conftest.py", "sitecustomize.py", "usercustomize.py")


def solved_files(project: Path) -> Files:
    """Return the app with every exercise solved."""
    path = project / SOLUTION
    if not path.exists():
        return read_files(project)
    files = json.loads(path.read_text("utf-8"))["files"]
    return {name: "\n".join(lines) for name, lines in files.items()}


def hashes(project: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that grades, whatever the platform's line endings."""
    paths = [path for pattern in GRADING for path in project.glob(pattern) if path.is_file()]
    texts = {
        path.relative_to(project).as_posix(): path.read_bytes().replace(b"\r\n", b"\n")
        for path in sorted(paths)
    }
    return {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}


def seal_of(project: Path) -> dict[str, str]:
    """Return the hashes of a project as it was handed out; of an open one, as it is."""
    sealed = project / SOLUTION
    if not sealed.exists():
        return hashes(project)
    kept: dict[str, str] = json.loads(sealed.read_text("utf-8"))["sealed"]
    return kept


def altered_files(project: Path, reference: Path) -> list[str]:
    """Return the grading files that differ from the reference's, and those that intrude."""
    expected, found = seal_of(reference), hashes(project)
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
    """Open a closed project: put the solution of every exercise in it."""
    write_files(project, solved_files(project))
    (project / SOLUTION).unlink(missing_ok=True)
