"""The copy of the app that is graded: solved, except for the learner's files of one chapter."""

import hashlib
import py_compile
import shutil
import tempfile
from pathlib import Path

from learn.chapters.chapter import Chapter
from learn.chapters.files import Files, write_files


def compose(chapter: Chapter, files: Files, solved: Files) -> Files:
    """Return the solved app with the learner's files of this chapter and the files they added."""
    others = {name: text for name, text in solved.items() if name not in chapter.files}
    mine = {n: text for n, text in files.items() if n in chapter.files or n not in solved}
    return others | mine


def write_app(folder: Path, files: Files, solved: Files, cache: Path) -> None:
    """Write the files; the solved ones are precompiled, which halves the time of a start."""
    shutil.copytree(compiled_app(solved, cache), folder, dirs_exist_ok=True)
    for name in solved.keys() - files.keys():
        (folder / name).unlink()
    write_files(folder, {name: text for name, text in files.items() if text != solved.get(name)})


def compiled_app(solved: Files, cache: Path) -> Path:
    """Return the folder of the solved app with its bytecode, made once.

    Bytecode is checked by the hash of its source, since the times of a copy differ.
    """
    digest = hashlib.sha256("\0".join([*solved, *solved.values()]).encode()).hexdigest()
    made = cache / f"app-{digest[:16]}"
    if made.exists():
        return made
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=cache))
    write_files(draft, solved)
    for name in solved:
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        py_compile.compile(str(draft / name), invalidation_mode=mode, doraise=True)
    try:
        draft.rename(made)
    except OSError:  # another process was faster
        shutil.rmtree(draft)
    return made
