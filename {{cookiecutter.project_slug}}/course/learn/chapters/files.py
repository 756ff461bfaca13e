"""Text files of a project, by their paths.

Standard library only: the template's hook runs this where nothing is installed.
"""

import os
from pathlib import Path

Files = dict[str, str]  # path from the project's folder -> text


def read_files(project: Path, pattern: str = "app/**/*.py") -> Files:
    """Return the text of each file that matches the pattern."""
    return {
        path.relative_to(project).as_posix(): path.read_text("utf-8")
        for path in sorted(project.glob(pattern))
        if path.is_file()  # reading from a pipe would block
    }


def write_files(project: Path, files: Files) -> None:
    """Write these files, each in one step."""
    for name, text in files.items():
        write(project / name, text)


def write(path: Path, text: str) -> None:
    """Write a draft next to the file and rename it, so that no reader sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8", newline="\n")
    draft.replace(path)
